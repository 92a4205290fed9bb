package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// What the holder of the key does to the account parks the payment, with the money safe; when she undoes it, it waits
// again. A cancel in between is not forgotten.
func TestKeyTakenOver(t *testing.T) {
	other := keypair.MustRandom()
	cases := map[string]struct {
		do, undo []txnbuild.Operation
		also     bool // the other account signs too
	}{
		"signer": {
			do:   []txnbuild.Operation{&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: other.Address(), Weight: 1}}},
			undo: []txnbuild.Operation{&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: other.Address(), Weight: 0}}},
		},
		"data": {
			do:   []txnbuild.Operation{&txnbuild.ManageData{Name: "mine", Value: []byte("x")}},
			undo: []txnbuild.Operation{&txnbuild.ManageData{Name: "mine"}},
		},
		"sponsoring": {
			do: []txnbuild.Operation{
				&txnbuild.BeginSponsoringFutureReserves{SponsoredID: other.Address()},
				&txnbuild.ManageData{Name: "hers", Value: []byte("x"), SourceAccount: other.Address()},
				&txnbuild.EndSponsoringFutureReserves{SourceAccount: other.Address()},
			},
			undo: []txnbuild.Operation{&txnbuild.ManageData{Name: "hers", SourceAccount: other.Address()}},
			also: true,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, plan{})
			w.befriend(other.Address())
			p := w.ripe()
			seed := w.seed(p)
			var also []*keypair.Full
			if c.also {
				also = append(also, other)
			}
			w.does(w.own(seed, also, c.do...))
			w.round(1)
			w.is(p.ID, relay.Parked, relay.KeyTakenOver)
			w.round(4)
			w.is(p.ID, relay.Parked, relay.KeyTakenOver)
			w.wantHas("the holding account", p.Holding, p.Amount)
			w.does(w.own(seed, also, c.undo...))
			w.round(1)
			w.is(p.ID, relay.Pending, "")
			w.does(w.own(seed, also, c.do...))
			w.round(1)
			w.is(p.ID, relay.Parked, relay.KeyTakenOver)
			if got := w.apply(p.ID, relay.CancelAsked{}); got.ReturnAsked != relay.ByCancel {
				t.Error("the cancel is forgotten")
			}
			w.does(w.own(seed, also, c.undo...))
			w.until(p.ID, relay.Returned)
			w.wantHas("the treasury", w.apps[0].Treasury, full)
		})
	}
}

// A number beyond the ladder cannot be undone. It parks the payment for good, until she moves the money herself.
func TestNumberBeyondTheLadder(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.ripe()
	seed := w.seed(p)
	last := w.rungs(p)[2]
	w.does(w.own(seed, nil, &txnbuild.BumpSequence{BumpTo: last.Sequence}))
	w.round(1)
	w.is(p.ID, relay.Parked, relay.KeyTakenOver)
	w.apply(p.ID, relay.CancelAsked{})
	w.round(5)
	w.is(p.ID, relay.Parked, relay.KeyTakenOver)
	x := keypair.MustRandom()
	w.befriend(x.Address())
	w.does(w.own(seed, nil, &txnbuild.AccountMerge{Destination: x.Address()}))
	w.round(1)
	w.is(p.ID, relay.Settled, "")
}

// A takeover while a claim is on its way parks the payment; the claim, once it can go through, still wins.
func TestKeyTakenOverWhileClaiming(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p, ana := w.ripe(), keypair.MustRandom()
	seed := w.seed(p)
	sequence, err := w.port.Sequence(t.Context(), p.Holding)
	if err != nil {
		t.Fatal(err)
	}
	add, remove := &txnbuild.ManageData{Name: "mine", Value: []byte("x")}, &txnbuild.ManageData{Name: "mine"}
	do, undo := w.own(seed, nil, add), ""
	w.claimAt(p, ana, 40, sequence+3)
	w.does(do)
	w.round(1)
	w.is(p.ID, relay.Parked, relay.KeyTakenOver)
	undo = w.own(seed, nil, remove)
	w.does(undo)
	p = w.until(p.ID, relay.Claimed)
	w.wantHas("she", ana.Address(), p.Amount)
}

// What another account pays in goes along with the money and changes nothing.
func TestStrayLumens(t *testing.T) {
	w := newFixture(t, plan{})
	other, ana := keypair.MustRandom(), keypair.MustRandom()
	w.befriend(other.Address())
	home, hers := w.ripe(), w.ripe()
	for _, p := range []relay.Payment{home, hers} {
		w.does(w.own(other, nil, &txnbuild.Payment{Destination: p.Holding, Amount: "5", Asset: txnbuild.NativeAsset{}}))
	}
	w.round(2)
	w.is(home.ID, relay.Pending, "")
	w.is(hers.ID, relay.Pending, "")
	w.apply(home.ID, relay.CancelAsked{})
	w.claim(hers, ana, 20)
	w.until(home.ID, relay.Returned)
	w.until(hers.ID, relay.Claimed)
	w.wantHas("the treasury", w.apps[0].Treasury, full-hers.Amount+5*relay.One)
	w.wantHas("she", ana.Address(), hers.Amount+5*relay.One)
}

// A source that is behind the watcher shows no account where there is one now: that is no reason to say it is gone.
func TestALaggingSourceParksNothing(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	before := w.head() // nothing is funded yet
	p := w.ripe()
	d.head = func() (relay.Head, bool) { return before, true }
	d.facts = func() (map[string]relay.HoldingFacts, bool) { return map[string]relay.HoldingFacts{}, true }
	if err := w.w.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.work()
	w.is(p.ID, relay.Pending, "")
	d.head = nil // the control: a source that is up to date, and no account
	w.work()
	w.is(p.ID, relay.Parked, relay.HoldingAbsent)
	d.facts = nil
	w.work()
	w.is(p.ID, relay.Pending, "")
}
