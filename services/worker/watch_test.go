package worker_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/services/devnet"
)

// halts wants the watcher to find a contradiction, and Watch to stop everything for it.
func (w *fixture) halts() {
	w.Helper()
	if _, err := w.w.WatchOnce(w.Context()); !errors.Is(err, relay.ErrContradiction) {
		w.Fatalf("no contradiction: %v", err)
	}
	ctx, stop := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.w.Watch(ctx) }()
	for w.halted() == "" {
	}
	stop()
	if err := <-done; err != nil {
		w.Fatal(err)
	}
}

// A ledger with another history than the one remembered stops everything that moves money, and nothing else.
func TestAnotherHistoryHalts(t *testing.T) {
	d, post := &door{}, &clerk{}
	p := d.through(plan{})
	p.post = post
	w := newFixture(t, p)
	waiting, created := w.pending(), w.open(w.apps[0], nil)
	ana := keypair.MustRandom()
	w.claim(waiting, ana, 20)
	w.close(1)
	cursor, err := w.desk.Cursor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.page = func(seq uint32) (*relay.LedgerPage, bool) {
		page, err := d.Ledger.Page(t.Context(), seq)
		if err != nil || page == nil {
			return page, true
		}
		page.Previous = strings.Repeat("0", 64)
		return page, true
	}
	w.halts()
	if after, err := w.desk.Cursor(t.Context()); err != nil || after != cursor {
		t.Errorf("the cursor went on: %d, %v", after, err)
	}
	sent := len(d.bumps)
	d.page = nil
	w.mailCode(waiting.ID, "s1")
	w.work()
	if len(post.codes) != 1 {
		t.Error("mail rests too")
	}
	w.apply(waiting.ID, relay.CancelAsked{})
	for range 3 {
		w.close(1)
		w.work()
	}
	if len(d.bumps) != sent {
		t.Error("something was handed in while everything is halted")
	}
	w.is(created.ID, relay.Created, "")
	w.is(waiting.ID, relay.Claiming, "")
	if row, _ := w.row(created.ID, relay.DoFund); row.DoneAt != 0 || !strings.HasPrefix(row.Note, "halted: ") {
		t.Errorf("the row says %q", row.Note)
	}
	if _, err := w.desk.Lift(t.Context(), ""); err != nil { // a person has looked
		t.Fatal(err)
	}
	w.watch()
	w.until(created.ID, relay.Pending)
	w.until(waiting.ID, relay.Claimed)
}

// The ledger began anew, and its number is still below ours: the remembered hash tells it apart from a source that lags.
func TestAResetLedgerHalts(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.pending()
	w.round(12)
	other, err := devnet.Open(devnet.Config{Passphrase: passphrase, Protocol: 22})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	head := w.head()
	for seq := uint32(0); seq < head.Sequence-5; {
		if seq, err = other.CloseLedger(); err != nil {
			t.Fatal(err)
		}
	}
	old := w.net
	w.net = other
	w.halts()
	w.is(p.ID, relay.Pending, "")

	w.net = old
	if _, err := w.desk.Lift(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	d.head = func() (relay.Head, bool) { // the control: a source that lags is not another ledger
		page, err := d.Ledger.Page(t.Context(), head.Sequence-5)
		if err != nil {
			t.Fatal(err)
		}
		return page.Head, true
	}
	w.watch()
	if w.halted() != "" {
		t.Error(w.halted())
	}
}

// A ledger that began anew and has not come to a number that is remembered is told by its clock: it is behind ours by number, and not
// by time. Once a person has lifted that halt the new history is taken, and payments whose accounts are not in it are parked.
func TestAResetLedgerHaltsAtOnce(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.pending()
	w.round(12)
	head := w.head()
	other, err := devnet.Open(devnet.Config{Passphrase: passphrase})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	for range 3 {
		if _, err = other.CloseLedger(); err != nil {
			t.Fatal(err)
		}
	}
	w.net = other
	late := func() (relay.Head, bool) {
		now, err := d.Ledger.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		now.CloseTime += head.CloseTime // this test's ledgers close faster than a second each
		return now, true
	}
	d.head = late
	w.halts()
	if now := w.head(); now.Sequence >= head.Sequence-10 {
		t.Fatalf("control: the other ledger is at %d", now.Sequence)
	}
	w.is(p.ID, relay.Pending, "")
	if _, err := w.desk.Lift(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	d.head = late
	if moved, err := w.w.WatchOnce(t.Context()); err != nil || !moved {
		t.Fatal(moved, err)
	}
	d.head = nil
	if cursor, err := w.desk.Cursor(t.Context()); err != nil || cursor != w.head().Sequence {
		t.Errorf("the cursor is at %d, %v", cursor, err)
	}
	w.round(2)
	w.is(p.ID, relay.Parked, relay.HoldingAbsent)
	if w.halted() != "" {
		t.Error(w.halted())
	}
}

// errCrash stands for the end of the process.
var errCrash = errors.New("crash")

// The cursor and what a ledger did to payments are one commit: a worker that crashes right before it or right after it finds
// either none or all of it, and goes on without doing anything twice.
func TestCrashBetweenPages(t *testing.T) {
	for _, after := range []bool{false, true} {
		var armed bool
		var crash func(n uint64)
		p := plan{storeOptions: []sqlstore.Option{sqlstore.WithCommitObserver(func(n uint64) {
			if armed && (n%2 == 0) == after {
				armed = false
				crash(n)
			}
		})}}
		crash = func(uint64) { panic(errCrash) }
		w := newFixture(t, p)
		ana := keypair.MustRandom()
		pay := w.pending()
		w.claim(pay, ana, 20)
		w.work()
		w.close(1)
		before, err := w.desk.Cursor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		armed = true
		func() {
			defer func() {
				if r := recover(); r != errCrash {
					t.Fatalf("no crash: %v", r)
				}
			}()
			_, _ = w.w.WatchOnce(t.Context())
		}()
		cursor, err := w.desk.Cursor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want, at := relay.Claiming, before
		if after {
			want, at = relay.Claimed, before+1
		}
		w.is(pay.ID, want, "")
		if cursor != at {
			t.Errorf("cursor at %d, not %d", cursor, at)
		}
		w.openWorker()
		w.watch()
		w.round(2)
		w.is(pay.ID, relay.Claimed, "")
		entries, err := relaytest.History(t.Context(), w.store, pay.ID)
		if err != nil {
			t.Fatal(err)
		}
		claimed := 0
		for _, e := range entries {
			if e.To == relay.Claimed {
				claimed++
			}
		}
		if claimed != 1 {
			t.Errorf("claimed %d times", claimed)
		}
		w.wantHas("she", ana.Address(), pay.Amount)
	}
}

// A ledger is not left out and not taken twice when its page comes twice or late.
func TestPagesComeAgain(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	var pages []*relay.LedgerPage
	d.page = func(seq uint32) (*relay.LedgerPage, bool) {
		page, err := d.Ledger.Page(t.Context(), seq)
		if err == nil && page != nil {
			pages = append(pages, page)
		}
		return page, true
	}
	p := w.pending()
	w.apply(p.ID, relay.CancelAsked{})
	p = w.until(p.ID, relay.Returned)
	for _, page := range pages {
		if err := w.desk.Witness(t.Context(), *page); err != nil && !errors.Is(err, relay.ErrStale) {
			t.Fatal(err)
		}
	}
	if again := w.payment(p.ID); again.Version != p.Version {
		t.Error("a page that came again changed the payment")
	}
}
