package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/restante/restante/migrations"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
)

// The step that writes down who paid fees knows of a purse what its envelopes have cost: rungs and moves that failed, and
// through every move what the accounts before have paid. What others bid is none of it.
func TestOldFeesAreThePurses(t *testing.T) {
	db := writing(t, filepath.Join(t.TempDir(), "r.db"))
	steps, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite(), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.UpTo(t.Context(), 12); err != nil {
		t.Fatal(err)
	}
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("INSERT INTO apps (id, name, recipient, treasury, may_vouch, notify, most_locked, most_spent, created_at) VALUES ('app_one', 'n', 'age1', 'GT', 0, 0, 9, 9, 1)")
	exec("DROP TRIGGER payments_keep_their_terms")
	ids := map[string]relay.PaymentID{}
	for i, c := range []struct{ name, replaces string }{{"first", ""}, {"second", "first"}, {"third", "second"}, {"other", ""}} {
		p := relaytest.InState(relaytest.Payment("app_one", i), relay.Pending)
		p.Holding, p.Funding, ids[c.name] = "H"+c.name, "F"+c.name, p.ID
		oldPayment(t, db, p)
		exec("UPDATE payments SET from_account = 'W', sponsor = 'W', purse = 900, rung_fee = 5, fund_by = 9, fund_until = 9, replaces = ? WHERE id = ?", ids[c.replaces], p.ID)
	}
	for i, e := range []struct {
		kind, state, source string
		fee, own            int
	}{
		{"funding", "landed", "W", 1, 5}, {"return", "spent", "Hfirst", 10, 5}, {"funding", "spent", "Hfirst", 100, 5},
		{"funding", "landed", "Hfirst", 1000, 5}, {"claim", "spent", "Hsecond", 10_000, 5}, {"funding", "landed", "Hsecond", 100_000, 5},
		{"return", "spent", "Hother", 7, 0}, {"return", "signed", "Hother", 0, 5},
	} {
		tx, ledger := "", 0
		if e.state != "signed" {
			tx, ledger = fmt.Sprint("t", i), 9
		}
		exec(`INSERT INTO envelopes (hash, kind, state, version, network, source, sequence, signed_at, bound, max_time, rung, xdr, destination,
			new_account, tx, ledger, fee, own_fee) VALUES (?, ?, ?, 1, 'net', ?, ?, 1, ?, 9, 0, x'01', 'G', 0, ?, ?, ?, ?)`,
			fmt.Sprint("e", i), e.kind, e.state, e.source, i+1, 120, tx, ledger, e.fee, e.own)
	}
	if _, err := steps.UpTo(t.Context(), 14); err != nil {
		t.Fatal(err)
	}
	got := texts(t, db, "SELECT holding || ' ' || fee_holding FROM payments ORDER BY holding")
	if want := []string{"Hfirst 1110", "Hother 0", "Hsecond 111110", "Hthird 111110"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
