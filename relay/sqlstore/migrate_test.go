package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"github.com/restante/restante/migrations"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

// The step that makes the payments table anew, and the one before it.
const (
	anew   = "00008_any_asset.sql"
	before = 7
)

// asBefore makes a database as the code before the step left it, with rows in every table and a payment in every state.
func asBefore(t *testing.T, path string) *sql.DB {
	t.Helper()
	db := writing(t, path)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite(), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, app := range []string{"app_one", "app_two", "app_idle"} {
		exec("INSERT INTO apps VALUES (?, 'n', 'age1', 'GT', 1, 0, 20000, 200000, 5)", app)
		exec("INSERT INTO api_keys VALUES (?, ?, ?, 0, 6, 0)", "key_"+app, app, "hash of "+app)
	}
	exec("INSERT INTO answers VALUES ('app_one', 'k', 'b', 7, 201, x'0102', 8)")
	n := 0
	for _, app := range []relay.AppID{"app_one", "app_two"} {
		for _, s := range relay.States {
			n++
			oldPayment(t, db, relaytest.InState(relaytest.Payment(app, n), s.State))
		}
	}
	exec("UPDATE payments SET share_released_at = 12, note = x'', metadata = x'00ff', reference = '' WHERE state = 'claimed'")
	exec("UPDATE payments SET version = 9, return_wish = 'expired' WHERE state = 'claiming'")
	exec(`INSERT INTO history (payment, at, from_state, to_state, input, detail) SELECT id, created_at, '', 'created', 'accepted', '' FROM payments`)
	exec(`INSERT INTO envelopes (hash, kind, state, version, network, source, sequence, signed_at, bound, max_time, rung, xdr, destination,
		new_account, tx, ledger, fee) SELECT 'f' || id, 'funding', 'signed', 1, 'net', 'GC', rowid, 1, 120, 9, 0, x'01', '', 0, '', 0, 0 FROM payments`)
	exec("INSERT INTO envelope_payments SELECT 'f' || id, 0, id FROM payments")
	exec(`INSERT INTO work (kind, payment, envelope, subject, due, attempts, lease_until, done_at, announced_at, again, note)
		SELECT 'audit', id, '', '', 1, 2, 3, 0, 4, 5, 'n' FROM payments`)
	exec("INSERT INTO boxes SELECT id, x'aa' FROM payments WHERE ended_at = 0")
	exec("INSERT INTO shares SELECT id, x'bb' FROM payments WHERE ended_at = 0")
	exec("INSERT INTO code_books SELECT id, 1, 2, 3 FROM payments WHERE ended_at = 0")
	exec("INSERT INTO codes SELECT 's' || id, id, x'cc', NULL, 1, 2, 0 FROM payments WHERE ended_at = 0")
	exec("INSERT INTO passes SELECT 'p' || id, id, 'proof', 1, 0 FROM payments WHERE ended_at = 0")
	exec("INSERT INTO ledgers VALUES (9, 'h', 45)")
	exec("UPDATE watch SET cursor = 9, halted = 'why'")
	return db
}

// oldPayment writes a payment as the code before the step did, naming the columns it knew.
func oldPayment(t *testing.T, db *sql.DB, p relay.Payment) {
	t.Helper()
	names := strings.Split(oldColumns, ", ")
	text := "INSERT INTO payments (" + oldColumns + ") VALUES (?" + strings.Repeat(", ?", len(names)-1) + ")"
	_, err := db.Exec(text, p.ID, p.App, p.Version, p.State, p.Reason, []byte("sealed"), "index of "+p.To.Value, p.Amount, p.Asset, []byte(p.Note),
		p.Policy, p.Reference, []byte(p.Metadata), p.LinkMadeBy, p.AuthHash, p.ClaimRecipient, `["age1"]`, p.ShareReleasedAt, p.ReturnTo, p.ExpiresAt,
		p.CreatedAt, p.UpdatedAt, p.EndedAt, p.Holding, p.Funding, p.Bound, p.Fundings, p.ReturnAsked, p.Claim, p.Destination, p.SettledTx, p.SettledAt,
		p.FeePaid, p.SpentUnits)
	if err != nil {
		t.Fatal(err)
	}
}

const oldColumns = "id, app, version, state, reason, to_sealed, to_index, amount, asset, note, policy, reference, metadata, link_made_by, " +
	"auth_hash, claim_recipient, sender_recipients, share_released_at, return_to, expires_at, created_at, updated_at, ended_at, holding, funding, " +
	"bound, fundings, return_wish, claim, destination, settled_tx, settled_at, fee_paid, spent_units"

// writing opens a file as the store's writer does, with foreign keys on.
func writing(t *testing.T, path string) *sql.DB {
	t.Helper()
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_txlock": {"immediate"}, "_busy_timeout": {"10000"}, "_pragma": {"journal_mode(WAL)", "foreign_keys(ON)"}}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// picture is a database as text: what its tables hold in the columns named, and its schema by name.
type picture struct {
	rows   map[string][]string
	schema map[string]string
	keys   map[string][]string
}

// columns are those of every table, as the picture shall show them.
func columns(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range texts(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'") {
		all[table] = strings.Join(texts(t, db, "SELECT name FROM pragma_table_xinfo('"+table+"') ORDER BY cid"), ", ")
	}
	return all
}

func pictured(t *testing.T, db *sql.DB, columns map[string]string) picture {
	t.Helper()
	p := picture{map[string][]string{}, map[string]string{}, map[string][]string{}}
	for table, names := range columns {
		var quoted []string
		for _, c := range strings.Split(names, ", ") {
			quoted = append(quoted, "quote("+c+")")
		}
		p.rows[table] = texts(t, db, "SELECT "+strings.Join(quoted, " || '|' || ")+" FROM "+table+" ORDER BY 1")
		p.keys[table] = texts(t, db, `SELECT "from" || ' ' || "table" || ' ' || "to" || ' ' || on_delete FROM pragma_foreign_key_list('`+table+"') ORDER BY 1")
	}
	for _, x := range texts(t, db, "SELECT name || '|' || sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'goose_%' AND name NOT LIKE 'sqlite_%'") {
		name, text, _ := strings.Cut(x, "|")
		p.schema[name] = text
	}
	return p
}

func texts(t *testing.T, db *sql.DB, text string) (all []string) {
	t.Helper()
	rows, err := db.Query(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// sound wants the database whole, with every reference leading somewhere.
func sound(t *testing.T, db *sql.DB) {
	t.Helper()
	if got := texts(t, db, "PRAGMA integrity_check"); !slices.Equal(got, []string{"ok"}) {
		t.Errorf("integrity check says %v", got)
	}
	if got := texts(t, db, `SELECT "table" || ' ' || rowid FROM pragma_foreign_key_check`); len(got) > 0 {
		t.Errorf("rows of nothing: %v", got)
	}
}

// unchanged wants everything that was there before to be there now: every row in every column that it had, and every index,
// trigger and foreign key but for those that these steps are about.
func unchanged(t *testing.T, was, is picture) {
	t.Helper()
	changed := []string{"payments", "payments_keep_their_terms", "app_usage", "app_usage_grows", "app_usage_moves", "app_usage_begins",
		"envelopes", "envelopes_one_funding_per_sequence", "watch", "payments_end_once", "envelopes_end_once"}
	changed = append(changed, "work", "work_open_by_due", "work_open_by_kind", "answers", "api_keys", "codes", "passes") // gained a column, lost to another index
	for table, rows := range was.rows {
		if !slices.Equal(rows, is.rows[table]) {
			t.Errorf("%s had\n%s\nand has\n%s", table, strings.Join(rows, "\n"), strings.Join(is.rows[table], "\n"))
		}
		if !slices.Equal(was.keys[table], is.keys[table]) {
			t.Errorf("foreign keys of %s were %v and are %v", table, was.keys[table], is.keys[table])
		}
	}
	for name, text := range was.schema {
		if is.schema[name] != text && !slices.Contains(changed, name) {
			t.Errorf("%s was\n%s\nand is\n%s", name, text, is.schema[name])
		}
	}
}

func TestAnOldDatabaseIsTakenAlong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	old := asBefore(t, path)
	known := columns(t, old)
	was := pictured(t, old, known)
	for table, rows := range was.rows {
		if len(rows) == 0 {
			t.Fatalf("%s is empty: nothing is shown about it", table)
		}
	}
	old.Close()

	s := open(t, path, newKeys(t))
	if got := s.Pragma(t, "foreign_keys"); got != "1" {
		t.Errorf("foreign keys are %s", got)
	}
	db := raw(t, path)
	sound(t, db)
	is := pictured(t, db, known)
	unchanged(t, was, is)
	if extra := texts(t, db, "SELECT asset FROM app_usage WHERE asset <> 'native'"); len(extra) > 0 {
		t.Errorf("sums of %v", extra)
	}
	if n := texts(t, db, `SELECT id FROM payments WHERE from_account <> '' OR sponsor <> '' OR purse <> 0 OR rung_fee <> 0 OR fund_by <> 0 OR
		fund_until <> 0 OR replaces <> '' OR manage_hash <> '' OR pay_to <> '' OR box_mac <> '' OR clawback <> 0`); len(n) > 0 {
		t.Errorf("a payment of before has terms that it was not given: %v", n)
	}
	// It is the database that a new one is.
	open(t, filepath.Join(t.TempDir(), "new.db"), newKeys(t)).Close()
	fresh := filepath.Join(t.TempDir(), "new.db")
	open(t, fresh, newKeys(t))
	if now := pictured(t, raw(t, fresh), nil).schema; !maps.Equal(now, is.schema) {
		t.Errorf("a new database has another schema:\n%v\n%v", now, is.schema)
	}
	// What guarded the rows guards them again.
	for _, c := range []struct{ text, want string }{
		{"DELETE FROM payments", "never deleted"},
		{"INSERT INTO boxes VALUES ('pay_none', x'00')", "FOREIGN KEY"},
		{"UPDATE payments SET amount = amount + 1", "terms"},
		{"UPDATE payments SET state = 'pending', ended_at = 0, settled_tx = '', settled_at = 0, claim = '' WHERE state = 'claimed'", "nothing follows"},
	} {
		if _, err := db.Exec(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	update(t, s, func(tx desk.Tx) error {
		p := relaytest.Payment("app_idle", 99)
		p.Asset = "USDC:GISSUER"
		if err := tx.InsertPayment(p); err != nil {
			return err
		}
		u, err := tx.Usage("app_idle", p.Asset)
		if u.Committed != p.Amount || u.LockedUnits != 3 {
			t.Errorf("usage %+v", u)
		}
		return err
	})
}

// statements are those of the step, in order, without goose's marks.
func statements(t *testing.T) (all []string) {
	t.Helper()
	text, err := fs.ReadFile(migrations.SQLite(), anew)
	if err != nil {
		t.Fatal(err)
	}
	_, up, _ := strings.Cut(string(text), "-- +goose Up\n")
	var b strings.Builder
	whole := false // between the marks
	for _, line := range strings.Split(up, "\n") {
		code, _, _ := strings.Cut(line, "--")
		switch {
		case strings.HasPrefix(line, "-- +goose StatementBegin"):
			whole = true
			continue
		case strings.HasPrefix(line, "-- +goose StatementEnd"):
			whole = false
		default:
			b.WriteString(line + "\n")
			if whole || !strings.HasSuffix(strings.TrimSpace(code), ";") {
				continue
			}
		}
		all = append(all, b.String())
		b.Reset()
	}
	return all
}

// The step fails after any of its statements: the database is as it was, and the next start takes it along.
func TestAStepThatFailsLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	db := asBefore(t, path)
	known := columns(t, db)
	was := pictured(t, db, known)
	all := statements(t)
	if len(all) < 20 {
		t.Fatalf("%d statements", len(all))
	}
	for n := range len(all) + 1 {
		files := fstest.MapFS{}
		for v := 1; v <= before; v++ {
			files[fmt.Sprintf("%05d_done.sql", v)] = &fstest.MapFile{Data: []byte("-- +goose Up\nSELECT 1;\n")}
		}
		var b strings.Builder
		b.WriteString("-- +goose Up\n")
		for _, text := range all[:n] {
			b.WriteString("-- +goose StatementBegin\n" + text + "-- +goose StatementEnd\n")
		}
		b.WriteString("INSERT INTO nowhere VALUES (1);\n")
		files[anew] = &fstest.MapFile{Data: []byte(b.String())}
		p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Up(t.Context()); err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Fatalf("after %d statements: %v", n, err)
		}
		is := pictured(t, db, known)
		for name := range is.schema {
			if was.schema[name] != is.schema[name] {
				t.Errorf("after %d statements: %s is left", n, name)
			}
		}
		if unchanged(t, was, is); t.Failed() {
			t.Fatalf("after %d statements", n)
		}
		if got := texts(t, db, "SELECT foreign_keys FROM pragma_foreign_keys"); got[0] != "1" {
			t.Fatalf("after %d statements foreign keys are off", n)
		}
	}
	db.Close()
	open(t, path, newKeys(t))
	unchanged(t, was, pictured(t, raw(t, path), known))
}

const stepPath, stepNumber = "SQLSTORE_TEST_STEP", "SQLSTORE_TEST_STEP_N"

// A process is killed after any statement of the step, when much of it is in the file's log already.
func TestAProcessKilledInTheStepLeavesNothing(t *testing.T) {
	if path := os.Getenv(stepPath); path != "" {
		stepAndWait(t, path)
	}
	dir := t.TempDir()
	master := filepath.Join(dir, "master.db")
	db := asBefore(t, master)
	known := columns(t, db)
	was := pictured(t, db, known)
	db.Close() // checkpoints: the file is whole by itself
	whole, err := os.ReadFile(master)
	if err != nil {
		t.Fatal(err)
	}
	all := statements(t)
	for _, n := range []int{2, 3, 4, 5, 6, 7, 8, len(all) - 1, len(all)} {
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), stepPath+"="+path, fmt.Sprintf("%s=%d", stepNumber, n))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := child.StdinPipe(); err != nil { // it waits for a line that never comes
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var said string
		if _, err := fmt.Fscanln(out, &said); err != nil || said != "ready" {
			t.Fatalf("the child says %q, %v", said, err)
		}
		child.Process.Kill()
		child.Wait()
		s := open(t, path, newKeys(t))
		if got := s.Pragma(t, "foreign_keys"); got != "1" {
			t.Errorf("foreign keys are %s", got)
		}
		db := raw(t, path)
		sound(t, db)
		unchanged(t, was, pictured(t, db, known))
		if t.Failed() {
			t.Fatalf("killed after %d statements", n)
		}
	}
}

func stepAndWait(t *testing.T, path string) {
	db := writing(t, path)
	var n int
	if _, err := fmt.Sscan(os.Getenv(stepNumber), &n); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA cache_size = 1"); err != nil { // what is changed goes to the log at once
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range statements(t)[:n] {
		if _, err := tx.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("ready")
	fmt.Scanln()
	os.Exit(1)
}

// Several processes find the old database at once: one takes the step, the others find it taken.
func TestManyOpenAnOldFileAtOnce(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "r.db"), newKeys(t)
	db := asBefore(t, path)
	known := columns(t, db)
	was := pictured(t, db, known)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := sqlstore.Open(context.Background(), path, keys)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	sound(t, db)
	unchanged(t, was, pictured(t, db, known))
}

// A process that was about the step when another one took it must not take it again: the columns that are new would be lost.
func TestTheStepIsTakenOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	asBefore(t, path).Close()
	s := open(t, path, newKeys(t))
	p := relaytest.Payment("app_one", 500)
	p.From, p.FundBy, p.FundUntil, p.ManageHash = "GFROM", 7, 8, "m"
	update(t, s, func(tx desk.Tx) error { return tx.InsertPayment(p) })
	db := writing(t, path)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range statements(t) {
		if _, err = tx.Exec(text); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("the step was taken twice")
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, db, "SELECT from_account || manage_hash FROM payments WHERE fund_by = 7"); !slices.Equal(got, []string{"GFROMm"}) {
		t.Errorf("lost %v", got)
	}
}

// A process of before that is still running reads and writes on, with the statements that it prepared before the step.
func TestCodeOfBeforeGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	old := asBefore(t, path)
	prepare := func(text string) *sql.Stmt {
		t.Helper()
		st, err := old.Prepare(text)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	names := strings.Split(oldColumns, ", ")
	insert := prepare("INSERT INTO payments (" + oldColumns + ") SELECT 'pay_copy'" + ", " + strings.Join(names[1:], ", ") +
		" FROM payments WHERE id = ? ON CONFLICT DO NOTHING")
	usage := prepare("SELECT waiting, committed, locked_units, spent_units FROM app_usage WHERE app = ?")
	move := prepare("UPDATE payments SET state = 'canceled', reason = 'canceled', ended_at = 9 WHERE id = ?")
	newApp := prepare("INSERT INTO apps VALUES ('app_late', 'n', 'age1', 'GT', 1, 0, 1, 1, 5)")
	from := relaytest.Payment("app_two", 12).ID // created
	var a, b [4]int64
	sums := func(to *[4]int64, app string) {
		t.Helper()
		if err := usage.QueryRow(app).Scan(&to[0], &to[1], &to[2], &to[3]); err != nil {
			t.Fatal(err)
		}
	}
	sums(&a, "app_two")

	open(t, path, newKeys(t))

	if _, err := old.Exec("DROP INDEX payments_one_per_reference"); err != nil { // the copy has the same one
		t.Fatal(err)
	}
	if _, err := insert.Exec(from); err != nil {
		t.Fatal(err)
	}
	if sums(&b, "app_two"); b[1] <= a[1] || b[2] != a[2]+2 {
		t.Errorf("sums %v, before %v", b, a)
	}
	if _, err := move.Exec("pay_copy"); err != nil {
		t.Fatal(err)
	}
	if sums(&b, "app_two"); a != b {
		t.Errorf("sums %v, before %v", b, a)
	}
	if _, err := newApp.Exec(); err != nil {
		t.Fatal(err)
	}
	if sums(&b, "app_late"); b != [4]int64{} {
		t.Errorf("sums of a new app are %v", b)
	}
}

// TestNotesOfBefore: what the notes of open work said is what its tries are from the step on.
func TestNotesOfBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	db := writing(t, path)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite(), goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = p.UpTo(t.Context(), 36)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]relay.Tries{
		"": {}, "halted: a contradiction": {}, "handed in": {}, "handed in x times": {},
		"handed in 1 times: accepted ":                                         {HandedIn: 1},
		"handed in 12 times: duplicate ":                                       {HandedIn: 12},
		"handed in 3 times; then: the ledger does not answer":                  {HandedIn: 3},
		"handed in 2 times: refused tx_insufficient_balance":                   {HandedIn: 2, Refusal: relay.RefusedShort},
		"handed in 1 times: refused tx_too_late":                               {HandedIn: 1, Refusal: relay.RefusedLate},
		"the balance is gone, look 19, and no envelope of ours was seen to it": {Gone: 19},
	}
	for note := range want {
		if _, err := db.Exec(`INSERT INTO work (kind, payment, envelope, subject, due, attempts, lease_until, done_at, announced_at, note)
			VALUES ('submit', '', ?1, '', 1, 2, 0, 0, 0, ?1)`, note); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	rows, err := open(t, path, newKeys(t)).Lease(t.Context(), 2, 3, 100, relay.EffectKinds()...)
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, row := range rows {
		if row.Tries != want[row.Note] || row.Attempts != 2 {
			t.Errorf("%q: %+v", row.Note, row)
		}
	}
}
