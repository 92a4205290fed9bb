package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// A claim that would fail now is not handed in. It waits; past its bound it is proven dead, and the money waits again.
func TestClaimThatWouldFailWaits(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p, ana := w.pending(), keypair.MustRandom()
	e := w.claim(p, ana, 6)
	w.befriend(ana.Address()) // another account makes hers first: the claim would make it a second time
	w.watch()
	for w.head().Sequence < e.Bound {
		w.work()
		w.is(p.ID, relay.Claiming, "")
		w.close(1)
		w.watch()
	}
	if d.sent[e.Hash] != 0 {
		t.Error("handed in although it would fail")
	}
	w.round(1)
	p = w.is(p.ID, relay.Pending, "")
	if p.Claim != "" || p.Destination != "" {
		t.Errorf("the payment still names claim %q and destination %q", p.Claim, p.Destination)
	}
	w.claim(p, ana, 6) // into the account that is there now
	w.until(p.ID, relay.Claimed)
	w.wantHas("she", ana.Address(), 10_000*relay.One+p.Amount)
}

// Two claims were planned with the same number. The one that she hands in by herself takes the money.
func TestAnotherClaimOfTheSameNumberLands(t *testing.T) {
	d := &door{submit: dropped}
	w := newFixture(t, d.through(plan{}))
	d.submit = nil
	p := w.pending()
	d.submit = dropped
	ana, bea := keypair.MustRandom(), keypair.MustRandom()
	_, other := w.planned(p, bea, 20)
	w.claim(p, ana, 20)
	w.work()
	w.does(w.bumped(other))
	w.watch()
	p = w.is(p.ID, relay.Claimed, "")
	if p.Destination != bea.Address() {
		t.Errorf("claimed into %s", p.Destination)
	}
	w.wantHas("bea", bea.Address(), p.Amount)
	w.wantHas("ana", ana.Address(), -1)
	w.round(25)
	if w.halted() != "" {
		t.Error(w.halted())
	}
}

// Two claims were planned with the same number. One reached the ledger and failed there: the other one cannot land any
// more, and is known dead once its bound has passed.
func TestAnotherClaimOfTheSameNumberFails(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.pending()
	d.submit = dropped
	ana, bea := keypair.MustRandom(), keypair.MustRandom()
	_, other := w.planned(p, bea, 20)
	e := w.claim(p, ana, 5)
	w.work()
	w.befriend(bea.Address())
	w.includes(w.bumped(other), "FAILED")
	w.watch()
	for w.head().Sequence < e.Bound {
		w.is(p.ID, relay.Claiming, "")
		w.round(1)
	}
	w.round(1)
	p = w.is(p.ID, relay.Pending, "")
	d.submit = nil
	w.claim(p, ana, 20)
	w.until(p.ID, relay.Claimed)
	w.wantHas("ana", ana.Address(), p.Amount)
}

// She used the number of her claim for something else. No envelope of ours took it, but every ledger in which the claim
// could have landed was watched, whole: it is dead past its bound, and the money waits again.
func TestANumberUsedByTheKeyHolder(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.pending()
	d.submit = dropped
	ana := keypair.MustRandom()
	e := w.claim(p, ana, 5)
	w.work()
	seed := w.seed(p)
	w.does(w.own(seed, nil, &txnbuild.BumpSequence{}))
	w.watch()
	for w.head().Sequence < e.Bound {
		w.is(p.ID, relay.Claiming, "")
		w.round(1)
	}
	w.round(1)
	w.is(p.ID, relay.Pending, "")
	d.submit = nil
	before := w.has(w.apps[0].Treasury)
	w.apply(p.ID, relay.CancelAsked{})
	w.until(p.ID, relay.Returned)
	w.wantHas("the treasury", w.apps[0].Treasury, before+p.Amount)
	if w.halted() != "" {
		t.Error(w.halted())
	}
}

// The same, but a piece of history was missed: then it is unknown, and the claim stays on its way.
func TestANumberUsedBehindTheGap(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.pending()
	d.submit = dropped
	e := w.claim(p, keypair.MustRandom(), 5)
	w.work()
	w.does(w.own(w.seed(p), nil, &txnbuild.BumpSequence{}))
	w.close(2)
	cursor, err := w.desk.Cursor(t.Context())
	if err == nil {
		err = w.desk.Skip(t.Context(), cursor, w.head())
	}
	if err != nil {
		t.Fatal(err)
	}
	for w.head().Sequence < e.Bound+3 {
		w.round(1)
	}
	w.is(p.ID, relay.Claiming, "")
}

// A cancel while a claim is on its way is a return asked; the ledger decides. Here the claim lands.
func TestCancelWhileClaimingAndTheClaimLands(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p, ana := w.pending(), keypair.MustRandom()
	treasury := w.has(w.apps[0].Treasury)
	d.submit = d.lost
	w.claim(p, ana, 20)
	w.work(relay.DoSubmit)
	if got := w.apply(p.ID, relay.CancelAsked{}); got.State != relay.Claiming || got.ReturnAsked != relay.ByCancel {
		t.Fatalf("%s, return asked %q", got.State, got.ReturnAsked)
	}
	w.work()
	w.round(1)
	p = w.is(p.ID, relay.Claimed, "")
	w.round(bound + 3)
	w.wantHas("she", ana.Address(), p.Amount)
	w.wantHas("the treasury", w.apps[0].Treasury, treasury)
}

// The same, and the claim never lands: the money goes home, but not before the claim is proven dead.
func TestCancelWhileClaimingAndTheClaimDies(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p, ana := w.pending(), keypair.MustRandom()
	treasury := w.has(w.apps[0].Treasury)
	d.submit = dropped
	e := w.claim(p, ana, 8)
	w.work()
	w.apply(p.ID, relay.CancelAsked{})
	for w.head().Sequence < e.Bound {
		w.is(p.ID, relay.Claiming, "")
		w.round(1)
	}
	d.submit = nil
	p = w.until(p.ID, relay.Returned)
	if p.Reason != relay.ByCancel {
		t.Error(p.Reason)
	}
	w.wantHas("she", ana.Address(), -1)
	w.wantHas("the treasury", w.apps[0].Treasury, treasury+p.Amount)
}
