package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// An envelope that landed is never handed in again, whatever the answer to its submission was.
func TestLookedUpBeforeSending(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	d.submit = d.lost
	p := w.open(w.apps[0], nil)
	w.work()
	w.work(relay.DoSubmit)
	e := w.fundings(p.ID)[0]
	w.close(1) // it lands, and the watcher has not looked
	sent := d.sent[e.Hash]
	if sent == 0 {
		t.Fatal("not handed in")
	}
	w.work(relay.DoSubmit)
	if d.sent[e.Hash] != sent {
		t.Error("handed in although it had landed")
	}
	w.is(p.ID, relay.Pending, "")
}

// What the network says to a submission decides nothing: here it refuses, as it does when an envelope has landed, and
// forgets that it has seen it.
func TestRefusalsAreNotBelieved(t *testing.T) {
	for _, code := range []string{"tx_bad_seq", "tx_no_account", "tx_internal_error"} {
		t.Run(code, func(t *testing.T) {
			d := &door{}
			d.submit = func(envelope []byte) (relay.Answer, bool) {
				_, _ = d.Ledger.Submit(t.Context(), envelope)
				return relay.Answer{Word: "refused", Code: code}, true
			}
			w := newFixture(t, d.through(plan{}))
			d.sight = func(string) (*relay.Sighting, bool, error) { return nil, true, nil }
			p := w.open(w.apps[0], nil)
			w.work()
			w.work()
			w.is(p.ID, relay.Funding, "")
			w.close(1)
			w.work()
			w.is(p.ID, relay.Funding, "") // it landed, and neither answer nor a bare "not found" said so
			d.sight = nil
			w.watch()
			p = w.is(p.ID, relay.Pending, "")
			ana := keypair.MustRandom()
			w.claim(p, ana, 20)
			w.work(relay.DoSubmit)
			w.is(p.ID, relay.Claiming, "")
			w.round(1)
			w.is(p.ID, relay.Claimed, "")
			w.wantHas("she", ana.Address(), p.Amount)
		})
	}
}

// A refusal that was meant is not believed either: it is tried again, and lands.
func TestRefusedAndNotDone(t *testing.T) {
	d, refuse := &door{}, 3
	d.submit = func([]byte) (relay.Answer, bool) {
		refuse--
		return relay.Answer{Word: "refused", Code: "tx_bad_seq"}, refuse >= 0
	}
	w := newFixture(t, d.through(plan{}))
	p := w.open(w.apps[0], nil)
	for range 5 {
		w.work()
	}
	w.round(1)
	if p = w.is(p.ID, relay.Pending, ""); p.Fundings != 1 {
		t.Errorf("%d fundings", p.Fundings)
	}
	refuse = 2
	w.apply(p.ID, relay.CancelAsked{})
	w.until(p.ID, relay.Returned)
}

// The bid grows with the tries, and what waits already is not lost by it.
func TestFeesGrow(t *testing.T) {
	d := &door{}
	var bids []int64
	d.submit = func(envelope []byte) (relay.Answer, bool) {
		tx, err := txnbuild.TransactionFromXDR(text(envelope))
		if err != nil {
			t.Fatal(err)
		}
		bump, _ := tx.FeeBump()
		bids = append(bids, bump.MaxFee())
		return relay.Answer{Word: "try_later", Later: true}, true
	}
	w := newFixture(t, d.through(plan{}))
	p := w.open(w.apps[0], nil)
	w.work()
	for range 14 {
		w.work(relay.DoSubmit)
	}
	w.is(p.ID, relay.Funding, "")
	if n := len(bids); n < 10 || bids[0] != 400 || bids[n-1] < 4*bids[0] {
		t.Errorf("bids in stroops: %v", bids)
	}
}
