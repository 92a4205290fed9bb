package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

func TestObserverSurroundsEveryCommit(t *testing.T) {
	var seen []uint64
	crashAt := uint64(0)
	s := open(t, filepath.Join(t.TempDir(), "r.db"), newKeys(t), sqlstore.WithCommitObserver(func(n uint64) {
		seen = append(seen, n)
		if n == crashAt {
			panic("crash")
		}
	}))
	fill(t, s, relaytest.Payment("app_one", 1), hidden)
	ws, err := s.Lease(t.Context(), relaytest.Start, relaytest.Start+1, 1, relay.EffectKinds()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Announced(t.Context(), []int64{ws[0].ID}), s.Retry(t.Context(), ws[0].ID, 5, relay.Tries{}, ""),
		s.Done(t.Context(), ws[0].ID, 6)); err != nil {
		t.Fatal(err)
	}
	if want := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(seen, want) {
		t.Errorf("observed %v, want %v", seen, want)
	}
	halted := func() (why string) {
		if err := s.View(t.Context(), func(tx desk.Tx) error {
			why = ""
			all, err := tx.Halts()
			for _, h := range all {
				why = h.Why
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return why
	}
	crash := func(at uint64) {
		t.Helper()
		crashAt = at
		defer func() {
			if recover() == nil {
				t.Error("no crash")
			}
		}()
		s.UpdateMany(t.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.Halt(relay.Halt{Hash: "h", Why: "halted"}) })
	}
	if crash(11); halted() != "" {
		t.Error("a crash before the commit left something behind")
	}
	if crash(14); halted() != "halted" {
		t.Error("a crash after the commit lost it")
	}
}

func TestHookRingsWhenThereIsWork(t *testing.T) {
	rings, committed := 0, false
	s := open(t, filepath.Join(t.TempDir(), "r.db"), newKeys(t), sqlstore.WithCommitObserver(func(n uint64) { committed = n%2 == 0 }),
		sqlstore.WithCommitHook(func() {
			if rings++; !committed {
				t.Error("it rings for work that is not committed")
			}
			committed = false
		}))
	rang := func(what string, want bool) {
		t.Helper()
		if (rings > 0) != want || rings > 1 {
			t.Errorf("%s: rang %d times", what, rings)
		}
		rings = 0
	}
	p := relaytest.Payment("app_one", 1)
	fill(t, s, p, hidden)
	rang("new work", true)
	update(t, s, func(tx desk.Tx) error { return tx.Halt(relay.Halt{Hash: "x", Why: "x"}) })
	rang("no work", false)
	work := desk.Work{Kind: relay.DoAudit, Payment: p.ID, Due: relaytest.Start}
	_ = s.UpdateMany(t.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error {
		_ = tx.AddWork(work)
		return errors.New("rolled back")
	})
	rang("rolled back", false)
	ws, err := s.Lease(t.Context(), relaytest.Start, relaytest.Start+1, 1, relay.EffectKinds()...)
	if err != nil {
		t.Fatal(err)
	}
	rang("lease", false)
	if err := s.Retry(t.Context(), ws[0].ID, 5, relay.Tries{}, ""); err != nil {
		t.Fatal(err)
	}
	rang("retry", true)
	if err := s.Done(t.Context(), ws[0].ID, 6); err != nil {
		t.Fatal(err)
	}
	rang("done", false)
}

// TestTwoProcessesOnOneFile races two stores, each with a writer of its own, as two processes would.
func TestTwoProcessesOnOneFile(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "r.db"), newKeys(t)
	a := open(t, path, keys)
	p := relaytest.Payment("app_one", 1)
	fill(t, a, p, hidden)
	b := open(t, path, keys)
	const rounds = 30
	done := make(chan error)
	for _, s := range []*sqlstore.Store{a, b} {
		go func() {
			for range rounds {
				err := s.UpdateMany(context.Background(), []relay.PaymentID{p.ID}, func(tx desk.Tx, ps []relay.Payment) error {
					ps[0].Fundings++
					return tx.SavePayment(&ps[0])
				})
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	err := a.View(t.Context(), func(tx desk.Tx) error {
		got, err := tx.Payment(p.ID)
		if got.Fundings != 2*rounds {
			t.Errorf("%d increments counted, want %d", got.Fundings, 2*rounds)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestABusyDatabaseIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	s.Impatient(t)
	db := raw(t, path)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	halt := func(tx desk.Tx, _ []relay.Payment) error { return tx.Halt(relay.Halt{Hash: "h", Why: "halted"}) }
	err := s.UpdateMany(t.Context(), nil, halt)
	if relay.KindOf(err) != relay.Unavailable || relay.CodeOf(err) != "store_busy" {
		t.Errorf("error is %v, want store_busy", err)
	}
	// Reads go on while another process writes.
	if err := s.View(t.Context(), func(tx desk.Tx) error { _, err := tx.Halts(); return err }); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateMany(t.Context(), nil, halt); err != nil {
		t.Error(err)
	}
}

// A look for work that finds none asks for no write lock: while another process writes it is answered at once, and a process that
// looks all the time keeps none from writing.
func TestALookThatFindsNothingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	s.Impatient(t)
	if _, err := raw(t, path).Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if ws, err := s.Lease(t.Context(), 1, 2, 4, relay.DoSubmit, relay.DoFund); err != nil || len(ws) != 0 {
			t.Error(ws, err)
		}
		if ws, err := s.LeaseOf(t.Context(), "app_none", 1, 2, 4, relay.DoFund); err != nil || len(ws) != 0 {
			t.Error(ws, err)
		}
	}
}
