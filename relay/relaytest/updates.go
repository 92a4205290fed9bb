package relaytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func updateLoads(b *fixture) {
	b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2), Payment(b.app.ID, 3))
	id := func(n int) relay.PaymentID { return Payment(b.app.ID, n).ID }
	asked := []relay.PaymentID{id(3), id(1), id(3), id(2), id(1)}
	b.ok(b.UpdateMany(b.Context(), asked, func(_ desk.Tx, ps []relay.Payment) error {
		var got []relay.PaymentID
		for _, p := range ps {
			got = append(got, p.ID)
		}
		same(b, "payments", got, []relay.PaymentID{id(3), id(1), id(2)}, slices.Equal)
		return nil
	}))
	err := b.UpdateMany(b.Context(), []relay.PaymentID{id(1), "pay_none"}, func(desk.Tx, []relay.Payment) error {
		b.Error("ran without one of its payments")
		return nil
	})
	b.is(err, relay.ErrNotFound)
}

// writeAll writes into every table, and returns what end returns.
func writeAll(b *fixture, p relay.Payment, end func() error) func(desk.Tx, []relay.Payment) error {
	return func(tx desk.Tx, _ []relay.Payment) error {
		p.Note = "half written"
		err := errors.Join(
			tx.SavePayment(&p),
			tx.InsertPayment(Payment(b.app.ID, 77)),
			tx.AppendHistory(relay.Entry{Payment: p.ID, At: 1, To: relay.Created, Input: "accepted"}),
			tx.AddWork(desk.Work{Kind: relay.DoAudit, Payment: p.ID}),
			tx.InsertEnvelope(FundingOf("half", 77, p.ID)),
			tx.PutBox(p.ID, []byte("half")), tx.PutShare(p.ID, []byte("half")),
			tx.SaveCodeBook(relay.CodeBook{Payment: p.ID, Sent: 1}),
			tx.InsertCode(relay.Code{Session: "half", Payment: p.ID, MAC: []byte("m")}),
			tx.InsertPass(relay.Pass{Hash: "half", Payment: p.ID, Kind: relay.ProofPass}),
			tx.InsertApp(App("half")), tx.InsertKey(relay.Key{ID: "half", App: b.app.ID, Hash: "half"}),
			tx.Remember(desk.Answered{App: b.app.ID, Key: "half"}),
			tx.RememberLedger(relay.Head{Sequence: 77, Hash: "half"}), tx.Halt(relay.Halt{Hash: "half", Why: "half"}),
		)
		if err != nil {
			return err
		}
		return end()
	}
}

// unwritten fails the test when anything that writeAll wrote is there.
func unwritten(b *fixture, want relay.Payment) {
	b.Helper()
	same(b, "payment", b.payment(want.ID), want, samePayment)
	b.view(func(tx desk.Tx) error {
		var there []string
		note := func(what string, err error) {
			if !errors.Is(err, relay.ErrNotFound) {
				there = append(there, fmt.Sprint(what, " ", err))
			}
		}
		_, err := tx.Payment(Payment(b.app.ID, 77).ID)
		note("payment", err)
		_, err = tx.Envelope("half")
		note("envelope", err)
		_, err = tx.Box(want.ID)
		note("box", err)
		_, err = tx.Share(want.ID)
		note("share", err)
		_, err = tx.Code("half")
		note("code", err)
		_, err = tx.Pass("half")
		note("pass", err)
		_, err = tx.App(App("half").ID)
		note("app", err)
		_, err = tx.KeyByHash("half")
		note("key", err)
		_, err = tx.Recall(b.app.ID, "half")
		note("answer", err)
		if book, err := tx.CodeBook(want.ID); err != nil || book != (relay.CodeBook{}) {
			there = append(there, fmt.Sprint("code book ", book, err))
		}
		if seq, err := tx.Cursor(); err != nil || seq != 0 {
			there = append(there, fmt.Sprint("cursor ", seq, err))
		}
		if why, err := tx.Halts(); err != nil || len(why) != 0 {
			there = append(there, fmt.Sprint("halt ", why, err))
		}
		if len(there) > 0 {
			b.Errorf("left behind: %v", there)
		}
		return nil
	})
	history, err := History(b.Context(), b, want.ID)
	b.ok(err)
	work, err := WorkOf(b.Context(), b, want.ID)
	b.ok(err)
	if len(history)+len(work) > 0 {
		b.Errorf("left behind: %v %v", history, work)
	}
}

func updateRollsBack(b *fixture) {
	p := b.insert(Payment(b.app.ID, 1))[0]
	ids := []relay.PaymentID{p.ID}
	why := errors.New("changed my mind")
	if err := b.UpdateMany(b.Context(), ids, writeAll(b, p, func() error { return why })); err != why {
		b.Errorf("error is %v, want the very one of the function", err)
	}
	unwritten(b, p)

	func() {
		defer func() {
			if recover() != "panic" {
				b.Error("a panic did not come through")
			}
		}()
		b.UpdateMany(b.Context(), ids, writeAll(b, p, func() error { panic("panic") }))
	}()
	unwritten(b, p)

	// An error of the database that the function overlooks: the rest of what it wrote must not be committed.
	var overlooked desk.Tx
	err := b.UpdateMany(b.Context(), ids, func(tx desk.Tx, ps []relay.Payment) error {
		bad := Payment(b.app.ID, 5)
		bad.Amount = -5
		overlooked = tx
		b.refused("a negative amount", tx.InsertPayment(bad))
		_ = tx.AddWork(desk.Work{Kind: relay.DoAudit, Payment: p.ID})
		_ = tx.PutBox(p.ID, []byte("half"))
		return nil
	})
	if err == nil {
		b.Error("committed after the database refused a row")
	}
	unwritten(b, p)
	if err := overlooked.Halt(relay.Halt{Hash: "late", Why: "late"}); err == nil {
		b.Error("a transaction writes after its end")
	}
	unwritten(b, p)
	b.update(func(tx desk.Tx) error { return tx.PutBox(p.ID, []byte("box")) }) // the store goes on
}

func updateCanceled(b *fixture) {
	p := b.insert(Payment(b.app.ID, 1))[0]
	ids := []relay.PaymentID{p.ID}
	ctx, cancel := context.WithCancel(b.Context())
	err := b.UpdateMany(ctx, ids, writeAll(b, p, func() error { cancel(); return nil }))
	b.is(err, context.Canceled)
	unwritten(b, p)

	// Canceled in the middle, with a function that goes on regardless.
	ctx, cancel = context.WithCancel(b.Context())
	err = b.UpdateMany(ctx, ids, func(tx desk.Tx, ps []relay.Payment) error {
		_ = tx.PutBox(p.ID, []byte("half"))
		cancel()
		_ = tx.PutShare(p.ID, []byte("half"))
		_ = tx.AddWork(desk.Work{Kind: relay.DoAudit, Payment: p.ID})
		return nil
	})
	b.is(err, context.Canceled)
	unwritten(b, p)

	err = b.UpdateMany(canceled(), ids, writeAll(b, p, func() error { b.Error("ran under a canceled context"); return nil }))
	b.is(err, context.Canceled)
	unwritten(b, p)
	b.update(func(tx desk.Tx) error { return tx.PutBox(p.ID, []byte("box")) })
}

func updateRaces(b *fixture) {
	p, q := Payment(b.app.ID, 1), Payment(b.app.ID, 2)
	p.Fundings, q.Fundings = 0, 0
	b.insert(p, q)
	const writers, rounds = 8, 10
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			ids := []relay.PaymentID{p.ID, q.ID}
			if i%2 == 1 {
				slices.Reverse(ids) // in the other order, and still without a deadlock
			}
			for range rounds {
				err := b.UpdateMany(b.Context(), ids, func(tx desk.Tx, ps []relay.Payment) error {
					for _, x := range ps {
						x.Fundings++
						if err := tx.SavePayment(&x); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Error(err)
				}
				if _, _, err := b.list(desk.Filter{App: b.app.ID}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, id := range []relay.PaymentID{p.ID, q.ID} {
		if got := b.payment(id); got.Fundings != writers*rounds || got.Version != 1+writers*rounds {
			b.Errorf("%d increments counted and version %d, want %d and %d", got.Fundings, got.Version, writers*rounds, 1+writers*rounds)
		}
	}
}

func viewReads(b *fixture) {
	p := b.insert(Payment(b.app.ID, 1))[0]
	b.refused("writing in a view", b.View(b.Context(), func(tx desk.Tx) error { return tx.PutBox(p.ID, []byte("half")) }))
	if err := b.View(b.Context(), func(tx desk.Tx) error { _ = tx.Halt(relay.Halt{Hash: "half", Why: "half"}); return nil }); err == nil {
		b.Error("a view that overlooked its error was fine")
	}
	why := errors.New("changed my mind")
	if err := b.View(b.Context(), func(desk.Tx) error { return why }); err != why {
		b.Errorf("error is %v, want the very one of the function", err)
	}
	// One snapshot: what is committed meanwhile is not seen, what was committed before is.
	b.view(func(tx desk.Tx) error {
		before, err := tx.Payment(p.ID)
		b.ok(err)
		changed := before
		changed.Note = "changed meanwhile"
		b.update(func(tx desk.Tx) error { return tx.SavePayment(&changed) })
		after, err := tx.Payment(p.ID)
		same(b, "payment in a view", after, before, samePayment)
		return err
	})
	if got := b.payment(p.ID); got.Note != "changed meanwhile" {
		b.Errorf("note is %q after the commit", got.Note)
	}
	unspoiledBox(b, p.ID)
}

func unspoiledBox(b *fixture, id relay.PaymentID) {
	b.Helper()
	b.is(b.View(b.Context(), func(tx desk.Tx) error { _, err := tx.Box(id); return err }), relay.ErrNotFound)
}

// updateTries wants a part of an update taken back whole that failed, by its own word or by a rule about a row, and the rest kept.
func updateTries(b *fixture) {
	p, q := Payment(b.app.ID, 1), Payment(b.app.ID, 2)
	b.insert(p, q)
	mine := errors.New("mine")
	b.ok(b.UpdateMany(b.Context(), []relay.PaymentID{p.ID, q.ID}, func(tx desk.Tx, ps []relay.Payment) error {
		part := func(end func(p relay.Payment) error) func() error {
			return func() error {
				p := ps[0]
				p.Note = "half written"
				if err := errors.Join(tx.SavePayment(&p), tx.AppendHistory(relay.Entry{Payment: p.ID, At: 1, To: relay.Created, Input: "accepted"})); err != nil {
					return err
				}
				return end(p)
			}
		}
		b.is(tx.Try(part(func(relay.Payment) error { return mine })), mine)
		broken := func(p relay.Payment) error { p.State = "lost"; return tx.SavePayment(&p) }
		if err := tx.Try(part(broken)); relay.CodeOf(err) != "row_refused" || relay.KindOf(err) != relay.Internal {
			b.Errorf("a rule about a row: %v", err)
		}
		swallowed := func(p relay.Payment) error { _ = broken(p); return nil }
		if err := tx.Try(part(swallowed)); relay.CodeOf(err) != "row_refused" {
			b.Errorf("a rule about a row, and no word of it: %v", err)
		}
		next := ps[1]
		next.Note = "written"
		return tx.Try(func() error { return tx.SavePayment(&next) })
	}))
	if got := b.payment(p.ID); got.Note != p.Note || got.Version != 1 {
		b.Errorf("a part that failed left %q, version %d", got.Note, got.Version)
	}
	if got := b.payment(q.ID); got.Note != "written" {
		b.Errorf("the rest is not written: %q", got.Note)
	}
	if entries, err := History(b.Context(), b, p.ID); err != nil || len(entries) != 0 {
		b.Errorf("%d entries, %v", len(entries), err)
	}
}
