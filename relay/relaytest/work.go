package relaytest

import (
	"errors"
	"slices"
	"sync"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

const lease = 60 * 1e6 // microseconds

func (b *fixture) add(ws ...desk.Work) {
	b.Helper()
	b.update(func(tx desk.Tx) error {
		for _, w := range ws {
			if err := tx.AddWork(w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *fixture) lease(now relay.Micros, limit int, kinds ...relay.EffectKind) []desk.Work {
	b.Helper()
	if len(kinds) == 0 {
		kinds = relay.EffectKinds()
	}
	ws, err := b.Lease(b.Context(), now, now+lease, limit, kinds...)
	b.ok(err)
	return ws
}

func (b *fixture) workOf(id relay.PaymentID) []desk.Work {
	b.Helper()
	ws, err := WorkOf(b.Context(), b, id)
	b.ok(err)
	return ws
}

// dues are the moments at which rows are due, after Start.
func dues(ws []desk.Work) (out []relay.Micros) {
	for _, w := range ws {
		out = append(out, w.Due-Start)
	}
	return out
}

func (b *fixture) wantDues(what string, ws []desk.Work, want ...relay.Micros) {
	b.Helper()
	same(b, what, dues(ws), want, slices.Equal)
}

func workOfEnvelope(b *fixture) {
	ps := []relay.PaymentID{b.insert(Payment(b.app.ID, 1))[0].ID, b.insert(Payment(b.app.ID, 2))[0].ID, b.insert(Payment(b.app.ID, 3))[0].ID}
	b.update(func(tx desk.Tx) error { return tx.InsertEnvelope(FundingOf("f", 7, ps[0], ps[1])) })
	b.add(desk.Work{Kind: relay.DoSubmit, Envelope: "f", Due: Start + 4}, desk.Work{Kind: relay.DoFund, Payment: ps[0], Due: Start + 2})
	b.wantDues("of the first", b.workOf(ps[0]), 4, 2)
	b.wantDues("of the second", b.workOf(ps[1]), 4)
	b.wantDues("of one that it does not carry", b.workOf(ps[2]))
}

func pruned(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	b.add(desk.Work{Kind: relay.DoFund, Payment: id, Due: Start}, desk.Work{Kind: relay.DoAudit, Payment: id, Due: Start}, desk.Work{Kind: relay.DoReturn, Payment: id, Due: Start})
	rows := b.lease(Start+1, 2)
	b.ok(b.Done(b.Context(), rows[0].ID, Start+10))
	b.ok(b.Done(b.Context(), rows[1].ID, Start+20))
	old := desk.Answered{App: b.app.ID, Key: "old", Body: "b", Status: 201, Answer: []byte("{}"), CreatedAt: Start}
	young := old
	young.Key, young.CreatedAt = "young", Start+30
	b.update(func(tx desk.Tx) error {
		if err := tx.Remember(old); err != nil {
			return err
		}
		return tx.Remember(young)
	})
	if n, err := b.Prune(b.Context(), Start+20, 100); err != nil || n != 2 {
		b.Errorf("%d rows, %v", n, err)
	}
	if n := len(b.workOf(id)); n != 2 { // the one that was done later, and the one that is open
		b.Errorf("%d rows of work are left", n)
	}
	b.update(func(tx desk.Tx) error {
		if _, err := tx.Recall(b.app.ID, "old"); !errors.Is(err, relay.ErrNotFound) {
			b.Errorf("an old answer is remembered: %v", err)
		}
		_, err := tx.Recall(b.app.ID, "young")
		return err
	})
	for range 2 { // a little at a time
		if n, err := b.Prune(b.Context(), Start+99, 1); err != nil || n == 0 && len(b.workOf(id)) != 1 {
			b.Errorf("%d rows, %v", n, err)
		}
	}
}

func workReleased(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	b.add(desk.Work{Kind: relay.DoFund, Payment: id, Due: Start + 5})
	row := b.lease(Start+10, 1)[0]
	b.ok(b.Release(b.Context(), row.ID, 0, ""))
	again := b.lease(Start+10, 1)
	b.wantDues("a released row", again, 5)
	if again[0].Attempts != 0 {
		b.Errorf("%d attempts", again[0].Attempts)
	}
	b.ok(b.Done(b.Context(), row.ID, Start+11))
	b.ok(b.Release(b.Context(), row.ID, 0, "")) // closed stays closed
	b.wantDues("a closed row", b.lease(Start+99, 9))
}

func workOfWrongClock(b *fixture) {
	const year, soon = relay.Micros(365 * 24 * 3600 * 1e6), relay.Micros(60 * 1e6)
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	b.add(desk.Work{Kind: relay.DoReturn, Payment: id, Due: Start + year}, desk.Work{Kind: relay.DoExpire, Payment: id, Due: Start + year},
		desk.Work{Kind: relay.DoAudit, Payment: id, Due: Start + soon}, desk.Work{Kind: relay.DoFund, Payment: id, Due: Start})
	if got, err := b.Lease(b.Context(), Start, Start+year, 1, relay.DoFund); err != nil || len(got) != 1 {
		b.Fatal(got, err)
	}
	n, err := b.ClampDue(b.Context(), Start+1, Start+soon)
	if err != nil || n != 2 {
		b.Errorf("%d rows, %v", n, err)
	}
	b.wantDues("after the clock was put right", b.lease(Start+2, 9), 0, 1)
	b.wantDues("in time", b.lease(Start+soon, 9, relay.DoAudit, relay.DoExpire), soon)
}

func workOnce(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	w := desk.Work{Kind: relay.DoPublish, Payment: id, Subject: "created", Due: Start + 5}
	later, sooner, other, submit := w, w, w, desk.Work{Kind: relay.DoSubmit, Envelope: "e", Due: Start + 1}
	later.Due, sooner.Due, other.Subject = Start+9, Start+3, "funding"
	b.add(w, later, other, submit, submit)
	b.refused("work of an unknown kind", b.try(func(tx desk.Tx) error { return tx.AddWork(desk.Work{Kind: "gift", Payment: id, Due: Start}) }))
	b.wantDues("work", b.workOf(id), 5, 5)
	b.add(sooner)
	ws := b.workOf(id)
	b.wantDues("work", ws, 3, 5)
	if got := b.lease(Start+100, 10); len(got) != 3 || got[0].Envelope != "e" || got[0].Payment != "" {
		b.Errorf("leased %+v, want the submission and two more", got)
	}
	b.ok(b.Done(b.Context(), ws[0].ID, Start+100))
	b.add(w) // done work may be asked for anew
	ws = b.workOf(id)
	b.wantDues("work", ws, 3, 5, 5)
	if ws[0].DoneAt != Start+100 || ws[2].DoneAt != 0 || ws[2].Attempts != 0 || ws[2].ID == ws[0].ID {
		b.Errorf("work is %+v", ws)
	}
}

func workLease(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	for _, n := range []relay.Micros{4, 2, 3, 1} { // not the order in which they are due
		b.add(desk.Work{Kind: relay.DoPublish, Payment: id, Subject: string(rune('a' + n)), Due: Start + n})
	}
	b.add(desk.Work{Kind: relay.DoFund, Payment: id, Due: Start})
	b.wantDues("leased before it is due", b.lease(Start-1, 10))
	b.wantDues("leased of a kind", b.lease(Start+2, 1, relay.DoPublish, relay.DoAudit), 1)
	b.wantDues("leased of a kind", b.lease(Start+3, 10, relay.DoPublish), 2, 3)
	first := b.lease(Start+4, 10)
	b.wantDues("leased", first, 0, 4)
	if first[0].LeaseUntil != Start+4+lease || first[0].Attempts != 0 || first[0].Kind != relay.DoFund {
		b.Errorf("leased %+v", first[0])
	}
	b.wantDues("leased twice", b.lease(Start+5, 10))
	b.wantDues("leased just before the leases end", b.lease(Start+1+lease, 10))
	b.wantDues("leased when leases have ended", b.lease(Start+3+lease, 10), 1, 2, 3)

	fund := first[0].ID
	_, err := b.LeaseOne(b.Context(), fund, Start+3+lease, Start+5*lease)
	b.is(err, relay.ErrNotFound)
	w, err := b.LeaseOne(b.Context(), fund, Start+4+lease, Start+5*lease)
	b.ok(err)
	if w.ID != fund || w.LeaseUntil != Start+5*lease {
		b.Errorf("leased %+v", w)
	}
	for _, none := range []int64{fund, -1, 1 << 40} {
		_, err = b.LeaseOne(b.Context(), none, Start+4+lease, Start+5*lease)
		b.is(err, relay.ErrNotFound)
	}
}

func workRaces(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	const rows = 40
	for n := range rows {
		b.add(desk.Work{Kind: relay.DoSubmit, Envelope: string(rune('A' + n)), Payment: id, Due: Start})
	}
	var mu sync.Mutex
	taken := map[int64]int{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for {
				ws, err := b.Lease(b.Context(), Start, Start+lease, 3, relay.DoSubmit)
				if err != nil {
					b.Error(err)
				}
				mu.Lock()
				twice := false
				for _, w := range ws {
					taken[w.ID]++
					twice = twice || taken[w.ID] > 1
				}
				mu.Unlock()
				if len(ws) == 0 || twice {
					return
				}
			}
		})
	}
	wg.Wait()
	if len(taken) != rows {
		b.Errorf("%d rows were leased, want %d", len(taken), rows)
	}
	for row, n := range taken {
		if n != 1 {
			b.Errorf("row %d was leased %d times", row, n)
		}
	}
}

func workRetry(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	b.add(desk.Work{Kind: relay.DoFund, Payment: id, Due: Start})
	w := b.lease(Start, 1)[0]
	b.ok(b.Retry(b.Context(), w.ID, Start+50, relay.Tries{}, "the network is busy"))
	b.wantDues("leased before the retry is due", b.lease(Start+49, 1))
	w = b.lease(Start+50, 1)[0]
	if w.Attempts != 1 || w.Note != "the network is busy" || w.Due != Start+50 {
		b.Errorf("row is %+v after a retry", w)
	}
	b.ok(b.Retry(b.Context(), w.ID, Start+51, relay.Tries{HandedIn: 3, Refusal: relay.RefusedShort, Gone: 7}, "again"))
	w = b.lease(Start+51, 1)[0]
	if w.Attempts != 2 || w.Note != "again" || w.Tries != (relay.Tries{HandedIn: 3, Refusal: relay.RefusedShort, Gone: 7}) {
		b.Errorf("row is %+v after two retries", w)
	}
	b.ok(b.Release(b.Context(), w.ID, Start+51, "not now"))
	if was := w.Tries; b.lease(Start+51, 1)[0].Tries != was {
		b.Error("what was given back untried has other tries")
	}
	b.ok(b.Done(b.Context(), w.ID, Start+52))
	b.ok(b.Done(b.Context(), w.ID, Start+53)) // again changes nothing
	b.ok(b.Retry(b.Context(), w.ID, Start+54, relay.Tries{}, "too late"))
	if ws := b.workOf(id); len(ws) != 1 || ws[0].DoneAt != Start+52 || ws[0].Attempts != 2 || ws[0].Note != "not now" || ws[0].LeaseUntil != 0 {
		b.Errorf("row is %+v when done", ws)
	}
	b.wantDues("leased when done", b.lease(Start+5*lease, 1))
	b.is(b.Done(b.Context(), 1<<40, Start), relay.ErrNotFound)
	b.is(b.Retry(b.Context(), 1<<40, Start, relay.Tries{}, ""), relay.ErrNotFound)
}

// workAgain: what is asked for while its worker runs may be news to the worker. The row must be worked on once more.
func workAgain(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	ask := desk.Work{Kind: relay.DoReturn, Payment: id, Due: Start}
	b.add(ask)
	w := b.lease(Start, 1)[0]
	ask.Due = Start + 7
	b.add(ask)
	ask.Due = Start + 9
	b.add(ask)
	b.wantDues("leased while it is leased", b.lease(Start+8, 1))
	b.ok(b.Done(b.Context(), w.ID, Start+3))
	b.wantDues("leased before it is due again", b.lease(Start+6, 1))
	again := b.lease(Start+7, 1)
	b.wantDues("leased again", again, 7)
	b.ok(b.Done(b.Context(), w.ID, Start+8))
	b.wantDues("leased when done", b.lease(Start+5*lease, 1))

	// A retry keeps to the earlier moment.
	ask.Due = Start
	b.add(ask)
	w = b.lease(Start+10, 1)[0]
	ask.Due = Start + 20
	b.add(ask)
	b.ok(b.Retry(b.Context(), w.ID, Start+90, relay.Tries{}, "busy"))
	b.wantDues("leased after a retry", b.lease(Start+20, 1), 20)
}

func workClosed(b *fixture) {
	b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2))
	id, other := b.ids(1)[0], b.ids(2)[0]
	for _, k := range []relay.EffectKind{relay.DoFund, relay.DoReturn, relay.DoAudit, relay.DoExpire} {
		b.add(desk.Work{Kind: k, Payment: id, Due: Start}, desk.Work{Kind: k, Payment: other, Due: Start})
	}
	leased := b.lease(Start, 1, relay.DoFund)[0]
	b.add(desk.Work{Kind: relay.DoFund, Payment: leased.Payment, Due: Start})
	b.update(func(tx desk.Tx) error { return tx.CloseWork(id, relay.DoFund, relay.DoReturn) })
	b.ok(b.Done(b.Context(), leased.ID, Start)) // its worker ends later; closed is closed
	if got := b.lease(Start+5*lease, 10); len(got) != 6 {
		b.Errorf("%d rows are open, want 6", len(got))
	}
	for _, w := range b.workOf(id) {
		closed := w.Kind == relay.DoFund || w.Kind == relay.DoReturn
		if closed != (w.DoneAt > 0) || closed && w.LeaseUntil != 0 {
			b.Errorf("row is %+v", w)
		}
	}
	b.update(func(tx desk.Tx) error { return tx.CloseWork(id, relay.EffectKinds()...) })
	for _, w := range b.workOf(id) {
		if w.DoneAt == 0 {
			b.Errorf("row is open: %+v", w)
		}
	}
	for _, w := range b.workOf(other) {
		if w.DoneAt != 0 {
			b.Errorf("row of another payment is closed: %+v", w)
		}
	}
}

func workAnnounced(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	ask := func(subject string, due relay.Micros) desk.Work {
		return desk.Work{Kind: relay.DoPublish, Payment: id, Subject: subject, Due: Start + due}
	}
	unannounced := func(now relay.Micros, limit int) []desk.Work {
		b.Helper()
		ws, err := b.Unannounced(b.Context(), Start+now, limit)
		b.ok(err)
		return ws
	}
	b.add(ask("a", 2), ask("b", 1), ask("c", 30), ask("d", 3))
	b.wantDues("unannounced", unannounced(10, 2), 1, 2)
	ws := unannounced(10, 10)
	b.wantDues("unannounced", ws, 1, 2, 3)
	b.ok(b.Announced(b.Context(), []int64{ws[0].ID, ws[1].ID}))
	b.ok(b.Announced(b.Context(), nil))
	b.wantDues("unannounced", unannounced(40, 10), 3, 30)
	b.ok(b.Done(b.Context(), ws[2].ID, Start+10))
	b.wantDues("unannounced", unannounced(40, 10), 30)

	b.ok(b.Retry(b.Context(), ws[0].ID, Start+15, relay.Tries{}, ""))
	b.wantDues("unannounced", unannounced(14, 10))
	b.wantDues("unannounced", unannounced(40, 10), 15, 30)
	b.add(ask("a", 5))
	b.wantDues("unannounced after it was asked for later", unannounced(40, 10), 15, 30)
	b.add(ask("a", 1))
	b.wantDues("unannounced after it was moved", unannounced(40, 10), 1, 15, 30)
}
