package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// A funding landed unwatched, and the history of it is gone. Its holding accounts show that it did: no payment
// of it waits for evidence that no source has any more, and the channel is free for others.
func TestFundingLandedBehindTheGap(t *testing.T) {
	d := &door{}
	p := d.through(plan{retention: 12, channels: 1})
	w := newFixture(t, p)
	a, b := w.open(w.apps[0], nil), w.open(w.apps[0], nil)
	a, b = w.until(a.ID, relay.Funding), w.until(b.ID, relay.Funding)
	w.work(relay.DoSubmit)
	key := w.seed(b)
	w.close(1)
	w.does(w.own(key, nil, &txnbuild.AccountMerge{Destination: w.payer.Address()})) // so one of two accounts is gone again
	w.close(25)
	w.watch() // it goes on behind the gap before the database knows that there are accounts to look at
	w.round(4)
	w.is(a.ID, relay.Pending, "")
	w.is(b.ID, relay.Parked, relay.HoldingAbsent)
	c := w.until(w.open(w.apps[0], nil).ID, relay.Pending)
	w.wantHas("the holding account of a later payment", c.Holding, c.Amount)
	w.apply(a.ID, relay.CancelAsked{})
	w.until(a.ID, relay.Returned)
	w.wantHas("the treasury", w.apps[0].Treasury, full-b.Amount-c.Amount)
	if w.halted() != "" {
		t.Error(w.halted())
	}
}

// The control: nothing landed, and the history of that is gone too. Then it is unknown, and nothing is funded twice.
func TestFundingLostBehindTheGap(t *testing.T) {
	d := &door{submit: dropped}
	p := d.through(plan{retention: 12})
	w := newFixture(t, p)
	a := w.until(w.open(w.apps[0], nil).ID, relay.Funding)
	w.work(relay.DoSubmit)
	w.close(30)
	w.work()
	w.round(4)
	if n := len(w.fundings(a.ID)); w.payment(a.ID).State != relay.Funding || n != 1 {
		t.Errorf("%s, %d fundings", w.payment(a.ID).State, n)
	}
}

// The history is there and the source has no opinion: an account is no proof then, the transaction itself will be seen.
func TestNoOpinionIsNoGap(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	d.verdict = func(relay.Envelope) (relay.Verdict, bool, error) { return relay.Inconclusive, true, nil }
	d.sight = func(string) (*relay.Sighting, bool, error) { return nil, true, nil }
	a := w.until(w.open(w.apps[0], nil).ID, relay.Funding)
	w.work(relay.DoSubmit)
	w.close(bound + 2)
	w.work()
	w.is(a.ID, relay.Funding, "")
	w.watch()
	if a = w.is(a.ID, relay.Pending, ""); a.FeePaid == 0 {
		t.Error("the fee is forgotten")
	}
}
