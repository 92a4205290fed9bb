package worker_test

import (
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
)

func soon(p *relay.Payment) { p.ExpiresAt = p.ExpiresAt - relay.DefaultExpiry + relay.LeastExpiry }

// pass has the ledger's clock go on by d, and a ledger close.
func (w *fixture) pass(d time.Duration) {
	w.Helper()
	w.net.AdvanceClock(d)
	w.close(1)
	w.watch()
}

// Our own clock expires nothing; the ledger's does, without a request.
func TestExpiryIsByLedgerTime(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.until(w.open(w.apps[0], soon).ID, relay.Pending)
	w.clock = w.clock.Add(100 * 24 * time.Hour)
	w.round(bound + 2)
	w.is(p.ID, relay.Pending, "")
	w.pass(50 * time.Minute)
	w.work()
	w.is(p.ID, relay.Pending, "")
	w.pass(11 * time.Minute)
	w.is(p.ID, relay.Returning, relay.ByExpiry)
	w.until(p.ID, relay.Returned)
	w.wantHas("the treasury", w.apps[0].Treasury, full)
}

// Expiry while nothing is funded yet: it fails, no money moved.
func TestExpiryWhileCreated(t *testing.T) {
	f := &forgetful{lose: 1000}
	w := newFixture(t, f.in(plan{}))
	p := w.open(w.apps[0], soon)
	w.round(1)
	w.pass(61 * time.Minute)
	w.is(p.ID, relay.Failed, relay.ByExpiry)
	f.lose = 0
	w.round(bound + 3)
	w.wantHas("the treasury", w.apps[0].Treasury, full)
}

// Expiry while a funding is on its way is a return asked. The ledger answers first: either it landed, and the money goes home, or
// it cannot land any more, and no money moved.
func TestExpiryWhileFunding(t *testing.T) {
	for _, lands := range []bool{true, false} {
		d := &door{}
		w := newFixture(t, d.through(plan{}))
		d.submit = dropped
		p := w.open(w.apps[0], soon)
		w.work()
		var outer string
		d.submit = func(envelope []byte) (relay.Answer, bool) { outer = text(envelope); return dropped(envelope) }
		w.work(relay.DoSubmit)
		w.is(p.ID, relay.Funding, "")
		d.submit = dropped
		if lands {
			w.does(outer) // and the worker does not look
		}
		w.net.AdvanceClock(61 * time.Minute)
		w.close(1)
		w.w.WatchOnce(t.Context())
		d.submit = nil
		w.watch()
		end, reason := relay.Failed, relay.ByExpiry
		if lands {
			end = relay.Returned
		}
		w.until(p.ID, end)
		w.is(p.ID, end, reason)
		w.wantHas("the treasury", w.apps[0].Treasury, full)
		if n := len(w.fundings(p.ID)); n != 1 {
			t.Errorf("%d fundings", n)
		}
	}
}

// Expiry while a claim is on its way: the claim was submitted in time, so the ledger decides.
func TestExpiryWhileClaiming(t *testing.T) {
	for _, lands := range []bool{true, false} {
		d := &door{}
		w := newFixture(t, d.through(plan{}))
		p := w.until(w.open(w.apps[0], soon).ID, relay.Pending)
		ana := keypair.MustRandom()
		w.pass(51 * time.Minute)
		d.submit = dropped
		w.claim(p, ana, 60) // up to ten minutes from now
		w.work()
		if lands {
			d.submit = nil
			w.work(relay.DoSubmit)
			w.close(1)
			w.net.AdvanceClock(11 * time.Minute)
			w.close(1)
			if _, err := w.w.WatchOnce(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.watch()
			w.is(p.ID, relay.Claimed, "")
			w.wantHas("she", ana.Address(), p.Amount)
			continue
		}
		w.pass(8 * time.Minute)
		if got := w.is(p.ID, relay.Claiming, ""); got.ReturnAsked != "" {
			t.Error("expired too early")
		}
		w.pass(90 * time.Second)
		if got := w.payment(p.ID); got.State != relay.Claiming || got.ReturnAsked != relay.ByExpiry {
			t.Fatalf("%s, return asked %q\n%s", got.State, got.ReturnAsked, w.story(p.ID))
		}
		d.submit = nil
		w.pass(time.Minute)
		w.until(p.ID, relay.Returned)
		w.is(p.ID, relay.Returned, relay.ByExpiry)
		w.wantHas("she", ana.Address(), -1)
		w.wantHas("the treasury", w.apps[0].Treasury, full)
	}
}

// The source lags behind the ledger that the watcher was shown: the expiry is not forgotten.
func TestExpiryWithALaggingSource(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.until(w.open(w.apps[0], soon).ID, relay.Pending)
	old := w.head()
	d.head = func() (relay.Head, bool) { return old, true }
	w.pass(61 * time.Minute)
	d.head = nil
	w.pass(time.Second)
	w.is(p.ID, relay.Returning, relay.ByExpiry)
}
