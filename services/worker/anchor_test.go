package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/signer"
)

// mark is what the database knows of the signer's log.
func (w *fixture) mark() (m relay.LogMark) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) { m, err = tx.LogMark(); return err })
	if err != nil {
		w.Fatal(err)
	}
	return m
}

// Every answer's line is known to the database before the answer is used, and each envelope's row says which line it is.
func TestMarksAreKept(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.open(w.apps[0], nil)
	w.until(p.ID, relay.Pending)
	newest, err := w.signer.Log(t.Context(), w.mark())
	if err != nil || newest != w.mark() || newest.Lines == 0 {
		t.Errorf("the log is at %v, the database knows of %v: %v", newest, w.mark(), err)
	}
	var rows []relay.Envelope
	err = w.store.View(t.Context(), func(tx desk.Tx) (err error) { rows, err = tx.EnvelopesOf(p.ID); return err })
	if err != nil || len(rows) < 4 {
		t.Fatalf("%d envelopes: %v", len(rows), err)
	}
	for _, e := range rows {
		if e.Log.Lines == 0 || e.Log.Lines > newest.Lines {
			t.Errorf("the %s %s is at %v", e.Kind, e.Hash, e.Log)
		}
		if _, err := w.signer.Log(t.Context(), e.Log); err != nil {
			t.Errorf("the %s %s: %v", e.Kind, e.Hash, err)
		}
	}
}

// An older copy of the signer's directory under a database that knows more signs nothing, and everything halts.
func TestOlderSignerHalts(t *testing.T) {
	var older *signer.Signer
	w := newFixture(t, plan{signersHand: func(s desk.Signer) desk.Signer {
		if older != nil {
			s.(*desk.Anchored).Signer = older
		}
		return s
	}})
	copied := t.TempDir()
	w.must(os.CopyFS(copied, os.DirFS(w.dir)))
	for _, pattern := range []string{"signer/*", "signer/keys/*"} {
		files, err := filepath.Glob(filepath.Join(copied, pattern))
		w.must(err)
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
				w.must(os.Chmod(f, 0o600))
			}
		}
	}
	waits := w.open(w.apps[0], nil)
	w.until(waits.ID, relay.Pending)
	var err error
	older, err = signer.Open(t.Context(), signer.Config{Dir: copied, Passphrase: passphrase, Ledger: w.dial(), Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	defer older.Close()
	before, err := older.Log(t.Context(), relay.LogMark{})
	w.must(err)
	w.openWorker()
	next := w.open(w.apps[0], nil)
	w.work(relay.DoFund)
	w.is(next.ID, relay.Created, "")
	if after, err := older.Log(t.Context(), relay.LogMark{}); err != nil || after != before {
		t.Errorf("it signed: %v, %v", after, err)
	}
	if w.halted() == "" {
		t.Error("nothing stops")
	}
}

func (w *fixture) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// An answer whose mark could not be kept is withheld; asked again, the signer gives the same.
func TestAnswerIsWithheldUntilItsMarkIsKept(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.open(w.apps[0], nil)
	f := &failing{Store: w.store, fail: true}
	a := &desk.Anchored{Signer: w.signer, Store: f}
	in := w.intent(p)
	if got, err := a.Fund(t.Context(), in); !errors.Is(err, errStore) || got.Envelope.XDR != nil {
		t.Fatalf("an answer is given on: %v", err)
	}
	f.fail = false
	first, err := a.Fund(t.Context(), in)
	w.must(err)
	second, err := w.signer.Fund(t.Context(), in)
	w.must(err)
	if first.Envelope.Hash != second.Envelope.Hash || w.mark().Lines < first.Envelope.Log.Lines {
		t.Errorf("%s and %s, at %v, known %v", first.Envelope.Hash, second.Envelope.Hash, first.Envelope.Log, w.mark())
	}
}

var errStore = errors.New("the database says no")

type failing struct {
	desk.Store
	fail bool
}

func (f *failing) UpdateMany(ctx context.Context, ids []relay.PaymentID, fn func(desk.Tx, []relay.Payment) error) error {
	if f.fail {
		return errStore
	}
	return f.Store.UpdateMany(ctx, ids, fn)
}
