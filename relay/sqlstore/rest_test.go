package sqlstore_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

// needles are the ways in which a secret could lie in a file.
func needles(secret string) map[string][]byte {
	raw := []byte(secret)
	out := map[string][]byte{
		"raw": raw, "upper": bytes.ToUpper(raw),
		"hex": []byte(hex.EncodeToString(raw)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(raw))),
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 { // wherever it began in what was encoded; the bytes at its ends are mixed with others
			text := enc.EncodeToString(append(make([]byte, shift), raw...))
			out["base64 "+text] = []byte(text[4 : len(text)-4])
		}
	}
	return out
}

// find says in which form a secret lies in one of the files of a database, "" when in none.
func find(t *testing.T, path, secret string) string {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for form, needle := range needles(secret) {
			if bytes.Contains(content, needle) {
				return form + " in " + filepath.Base(name)
			}
		}
	}
	return ""
}

func update(t *testing.T, s desk.Store, fn func(desk.Tx) error) {
	t.Helper()
	if err := s.UpdateMany(t.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return fn(tx) }); err != nil {
		t.Fatal(err)
	}
}

// fill stores an app and a payment with secrets in every column that has some.
func fill(t *testing.T, s desk.Store, p relay.Payment, secrets map[string]string) {
	t.Helper()
	app := relaytest.App("one")
	p.To = relay.Handle{Kind: "email", Value: secrets["handle"]}
	p.Note, p.Metadata, p.AuthHash = secrets["note"], secrets["metadata"], "visible auth hash"
	update(t, s, func(tx desk.Tx) error {
		return errors.Join(tx.InsertApp(app), tx.InsertPayment(p), tx.PutShare(p.ID, []byte(secrets["share"])),
			tx.PutBox(p.ID, []byte("visible box, an age file")),
			tx.InsertCode(relay.Code{Session: "s", Payment: p.ID, MAC: []byte("m"), Sealed: []byte(secrets["code"])}),
			tx.Remember(desk.Answered{App: app.ID, Key: "k", Answer: []byte(secrets["answer"])}),
			tx.AppendHistory(relay.Entry{Payment: p.ID, At: 1, To: relay.Created, Input: "accepted"}),
			tx.AddWork(desk.Work{Kind: relay.DoFund, Payment: p.ID, Due: relaytest.Start}))
	})
}

var hidden = map[string]string{
	"handle": "ana.secret@example.com", "note": "happy birthday, dear", "share": "sharesharesharesharesharesharesh",
	"code": "code is 493817 today", "metadata": `{"customer":"ana"}`, "answer": `{"to":"email:ana"}`,
}

func TestAtRestNothingIsReadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	fill(t, s, relaytest.Payment("app_one", 1), hidden)
	if find(t, path, "visible auth hash") == "" || find(t, path, "visible box, an age file") == "" {
		t.Fatal("the search does not find what is there")
	}
	check := func(when string) {
		t.Helper()
		for what, secret := range hidden {
			if form := find(t, path, secret); form != "" {
				t.Errorf("%s: the %s is readable: %s", when, what, form)
			}
		}
	}
	check("open")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check("closed")
}

func TestSealedValuesStayInTheirRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	p, q := relaytest.Payment("app_one", 1), relaytest.Payment("app_one", 2)
	fill(t, s, p, hidden)
	update(t, s, func(tx desk.Tx) error {
		return errors.Join(tx.InsertPayment(q), tx.PutShare(q.ID, []byte("another share")))
	})
	db := raw(t, path)
	if _, err := db.Exec("UPDATE shares SET share = (SELECT share FROM shares WHERE payment = $1)", p.ID); err != nil {
		t.Fatal(err)
	}
	err := s.View(t.Context(), func(tx desk.Tx) error { _, err := tx.Share(q.ID); return err })
	if err == nil {
		t.Error("the share of one payment opens in another")
	}
	if _, err := db.Exec("UPDATE payments SET to_sealed = (SELECT to_sealed FROM payments WHERE id = $1)", p.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(tx desk.Tx) error { _, err := tx.Payment(q.ID); return err }); err == nil {
		t.Error("the handle of one payment opens in another")
	}
	other := open(t, path, newKeys(t))
	if err := other.View(t.Context(), func(tx desk.Tx) error { _, err := tx.Payment(p.ID); return err }); err == nil {
		t.Error("a payment opens under other keys")
	}
}

func TestReopenKeepsEverything(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "r.db"), newKeys(t)
	s := open(t, path, keys)
	want := relaytest.Payment("app_one", 1)
	fill(t, s, want, hidden)
	ws, err := s.Lease(t.Context(), relaytest.Start, relaytest.Start+10, 1, relay.EffectKinds()...)
	if err != nil || len(ws) != 1 {
		t.Fatal(ws, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, keys)
	err = s.View(t.Context(), func(tx desk.Tx) error {
		p, err := tx.Payment(want.ID)
		if err != nil || p.To.Value != hidden["handle"] || p.Note != hidden["note"] || p.Metadata != hidden["metadata"] {
			t.Errorf("payment is %+v, %v", p, err)
		}
		share, err := tx.Share(want.ID)
		if err != nil || string(share) != hidden["share"] {
			t.Errorf("share is %q, %v", share, err)
		}
		code, err := tx.Code("s")
		if err != nil || string(code.Sealed) != hidden["code"] {
			t.Errorf("code is %q, %v", code.Sealed, err)
		}
		a, err := tx.Recall("app_one", "k")
		if err != nil || string(a.Answer) != hidden["answer"] {
			t.Errorf("answer is %q, %v", a.Answer, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var page []relay.Payment
	err = s.View(t.Context(), func(tx desk.Tx) (err error) {
		page, _, err = tx.List(desk.Filter{App: "app_one", To: "email:" + hidden["handle"]})
		return err
	})
	if err != nil || len(page) != 1 {
		t.Errorf("the handle finds %d payments, %v", len(page), err)
	}
	history, err := relaytest.History(t.Context(), s, want.ID)
	if err != nil || len(history) != 1 {
		t.Errorf("history is %v, %v", history, err)
	}
	// A lease outlives the process that took it, and then ends.
	for now, rows := range map[relay.Micros]int{9: 0, 10: 1} {
		ws, err := s.Lease(t.Context(), relaytest.Start+now, relaytest.Start+now, 1, relay.EffectKinds()...)
		if err != nil || len(ws) != rows {
			t.Errorf("%d rows leased at %d, want %d; %v", len(ws), now, rows, err)
		}
	}
}

func TestExpungeLeavesNoBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	p := relaytest.Payment("app_one", 1)
	fill(t, s, p, hidden)
	box := strings.Repeat("a box of several pages ", 1000)
	update(t, s, func(tx desk.Tx) error { return tx.PutBox(p.ID, []byte(box)) })
	if find(t, path, box[:60]) == "" {
		t.Fatal("the search does not find what is there")
	}
	update(t, s, func(tx desk.Tx) error { return tx.Expunge(p.ID) })
	if err := s.Close(); err != nil { // moves the log into the file
		t.Fatal(err)
	}
	if form := find(t, path, box[:60]); form != "" {
		t.Errorf("an expunged box is still there: %s", form)
	}
}

func TestTheFilesAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	fill(t, s, relaytest.Payment("app_one", 1), hidden)
	files, _ := filepath.Glob(path + "*")
	if len(files) != 3 {
		t.Fatalf("files are %v, want database, -wal and -shm", files)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s is %v, %v", filepath.Base(name), info.Mode(), err)
		}
	}
}

// raw opens the database behind the store's back.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_busy_timeout=10000&_foreign_keys=1")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestOpenRefusesANewerDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	if err := open(t, path, newKeys(t)).Close(); err != nil {
		t.Fatal(err)
	}
	_, err := raw(t, path).Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.Open(t.Context(), path, newKeys(t))
	if !errors.Is(err, sqlstore.ErrNewer) || s != nil {
		t.Errorf("error is %v, want ErrNewer", err)
	}
	if _, err := sqlstore.Open(t.Context(), filepath.Join(path, "no", "folder"), newKeys(t)); err == nil {
		t.Error("opened a database in no folder")
	}
}
