package worker_test

import (
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

const full = 10_000 * relay.One // what a treasury has in the beginning

// ripe is a payment whose way back is open.
func (w *fixture) ripe() relay.Payment {
	w.Helper()
	p := w.pending()
	for w.head().Sequence < p.Bound {
		w.close(1)
	}
	w.watch()
	return p
}

// A return is not handed in before the first ledger that can hold it: there it would fail, and be spent.
func TestReturnWaitsForItsLedger(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.pending()
	if w.head().Sequence+1 >= p.NotBefore() {
		t.Fatal("the funding landed too late for this test")
	}
	w.apply(p.ID, relay.CancelAsked{})
	first := w.rungs(p)[0]
	for w.head().Sequence+1 < p.NotBefore() {
		w.work()
		if d.sent[first.Hash] != 0 {
			t.Fatal("handed in too early")
		}
		if row, _ := w.row(p.ID, relay.DoReturn); !strings.HasPrefix(row.Note, "too early: ") {
			t.Fatalf("the row says %q", row.Note)
		}
		w.close(1)
		w.watch()
	}
	w.work()
	if d.sent[first.Hash] != 1 {
		t.Error("not handed in in time")
	}
	w.round(1)
	p = w.is(p.ID, relay.Returned, relay.ByCancel)
	if p.SettledAt != p.NotBefore() {
		t.Errorf("returned in ledger %d, promised was %d", p.SettledAt, p.NotBefore())
	}
	w.wantHas("the treasury", w.apps[0].Treasury, full)
	w.wantHas("the holding account", p.Holding, -1)
}

// The answer is lost, and the money is home once.
func TestReturnWhoseAnswersAreLost(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.ripe()
	d.submit = d.lost
	w.apply(p.ID, relay.CancelAsked{})
	w.work()
	w.close(1) // landed, not watched
	w.work()
	w.is(p.ID, relay.Returned, relay.ByCancel)
	w.round(3)
	w.wantHas("the treasury", w.apps[0].Treasury, full)
}

// The treasury is gone at the very moment: the first rung fails on the ledger and is spent. The next one goes home.
func TestNextRungAfterAFailure(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p := w.ripe()
	var outer string
	d.submit = func(envelope []byte) (relay.Answer, bool) { outer = text(envelope); return dropped(envelope) }
	w.apply(p.ID, relay.CancelAsked{})
	w.work(relay.DoReturn)
	d.submit = nil
	treasury := w.treasuryKey(w.apps[0])
	away := w.own(treasury, nil, &txnbuild.AccountMerge{Destination: w.sponsor})
	if _, err := w.net.CloseWith(away, outer); err != nil {
		t.Fatal(err)
	}
	w.befriend(treasury.Address())
	w.watch()
	p = w.is(p.ID, relay.Returning, relay.ByCancel)
	rungs := w.rungs(p)
	if rungs[0].State != relay.Spent || rungs[0].Rung != p.Ladder().Rungs()-1 {
		t.Fatalf("the first rung is %s", rungs[0].State)
	}
	p = w.until(p.ID, relay.Returned)
	if rungs = w.rungs(p); rungs[1].State != relay.Landed {
		t.Error(w.story(p.ID))
	}
	w.wantHas("the treasury", treasury.Address(), full+p.Amount)
}

// The treasury was merged away for good: the money goes into a claimable balance that only it can claim. The
// owner has it after making the account again.
func TestLastResort(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.ripe()
	treasury := w.treasuryKey(w.apps[0])
	w.does(w.own(treasury, nil, &txnbuild.AccountMerge{Destination: w.sponsor}))
	w.watch()
	w.apply(p.ID, relay.CancelAsked{})
	p = w.until(p.ID, relay.Settled)
	w.is(p.ID, relay.Settled, relay.LeftClaimable) // it is not home yet, and no text says that it is
	last := w.rungs(p)[2]
	if last.Rung != stellar.LastResort || last.State != relay.Landed {
		t.Fatal(w.story(p.ID))
	}
	w.wantHas("the holding account", p.Holding, -1)
	generic, err := txnbuild.TransactionFromXDR(text(last.XDR))
	if err != nil {
		t.Fatal(err)
	}
	tx, _ := generic.Transaction()
	id, err := tx.ClaimableBalanceID(1)
	if err != nil {
		t.Fatal(err)
	}
	thief := keypair.MustRandom()
	w.befriend(thief.Address())
	w.includes(w.own(thief, nil, &txnbuild.ClaimClaimableBalance{BalanceID: id}), "FAILED")
	w.befriend(treasury.Address())
	w.does(w.own(treasury, nil, &txnbuild.ClaimClaimableBalance{BalanceID: id}))
	w.wantHas("the treasury", treasury.Address(), full+p.Amount)
}

// She paid a part out before it went home: what is left is, and no text says that it is all.
func TestAPartIsMissing(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.ripe()
	w.does(w.own(w.seed(p), nil, &txnbuild.Payment{Destination: w.payer.Address(), Amount: "5", Asset: txnbuild.NativeAsset{}}))
	w.round(2)
	w.apply(p.ID, relay.CancelAsked{})
	w.until(p.ID, relay.Settled)
	w.is(p.ID, relay.Settled, relay.HoldingShort)
	w.wantHas("the treasury", w.apps[0].Treasury, full-5*relay.One)
	w.wantHas("the holding account", p.Holding, -1)
}

// Every rung is spent: the money is safe and cannot go home by us; a person looks. It is audited on, so that an end that
// the key's holder makes is seen.
func TestAllRungsSpent(t *testing.T) {
	for name, order := range map[string][]int{"in order": {0, 1, 2}, "the last one first": {2}} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, plan{})
			p := w.ripe()
			rungs, seed := w.rungs(p), w.seed(p)
			// Home asks for a memo: so the last resort is due, and the signer completes it.
			w.does(w.own(w.treasuryKey(w.apps[0]), nil, &txnbuild.ManageData{Name: stellar.MemoRequiredKey, Value: []byte("1")}))
			w.watch()
			var outer []string
			for _, i := range order {
				raw, err := w.signer.Bump(w.Context(), rungs[i].Hash, rungs[i].XDR, 20_000)
				if err != nil {
					t.Fatal(err)
				}
				outer = append(outer, text(raw))
			}
			w.does(w.own(seed, nil, &txnbuild.ManageData{Name: "mine", Value: []byte("x")}))
			w.apply(p.ID, relay.CancelAsked{})
			for _, o := range outer {
				w.includes(o, "FAILED")
			}
			w.does(w.own(seed, nil, &txnbuild.ManageData{Name: "mine"}))
			w.watch()
			p = w.until(p.ID, relay.Parked)
			w.is(p.ID, relay.Parked, relay.NoWayBack)
			w.round(5)
			w.is(p.ID, relay.Parked, relay.NoWayBack) // the account is well, the way back is not
			if row, ok := w.row(p.ID, relay.DoAudit); !ok || row.DoneAt != 0 {
				t.Error("no work looks at it any more")
			}
			w.does(w.own(seed, nil, &txnbuild.AccountMerge{Destination: w.apps[0].Treasury}))
			w.round(1)
			w.is(p.ID, relay.Returned, relay.ByCancel)
		})
	}
}

// The holder of the key takes the money elsewhere while it should go home.
func TestEmptiedElsewhere(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	p, x := w.ripe(), keypair.MustRandom()
	w.befriend(x.Address())
	w.watch()
	w.apply(p.ID, relay.CancelAsked{})
	w.does(w.own(w.seed(p), nil, &txnbuild.AccountMerge{Destination: x.Address()}))
	w.work() // before the watcher has seen it, it is unknown
	w.work()
	w.is(p.ID, relay.Returning, relay.ByCancel)
	if row, _ := w.row(p.ID, relay.DoReturn); row.DoneAt != 0 {
		t.Error("no work brings it home any more")
	}
	w.watch()
	p = w.is(p.ID, relay.Settled, "")
	if p.Destination != x.Address() || p.SettledTx == "" {
		t.Errorf("settled at %s by %q", p.Destination, p.SettledTx)
	}
	if len(d.bumps) != 1 {
		t.Errorf("%d submissions", len(d.bumps))
	}
	w.round(3)
	w.wantHas("the treasury", w.apps[0].Treasury, full-p.Amount)
}

// She sends it home by herself, past us.
func TestEmptiedHome(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.pending()
	w.does(w.own(w.seed(p), nil, &txnbuild.AccountMerge{Destination: p.ReturnTo}))
	w.watch()
	w.is(p.ID, relay.Returned, relay.ByCancel)
	w.round(2)
	w.wantHas("the treasury", w.apps[0].Treasury, full)
}

// The money left unwatched, and the history of it is gone: no text says where it went, whatever was asked for. An account
// that was not touched is none the worse for the gap.
func TestEmptiedBehindTheGap(t *testing.T) {
	for _, asked := range []bool{false, true} {
		d := &door{}
		p := d.through(plan{})
		p.retention = 12
		w := newFixture(t, p)
		a, b, c := w.open(w.apps[0], nil), w.open(w.apps[0], nil), w.open(w.apps[0], nil)
		a, b, c = w.until(a.ID, relay.Pending), w.until(b.ID, relay.Pending), w.until(c.ID, relay.Pending)
		ana := keypair.MustRandom()
		d.submit = d.lost
		if asked {
			w.apply(a.ID, relay.CancelAsked{})
		}
		w.claim(c, ana, 20)
		w.work(relay.DoSubmit)
		w.does(w.own(w.seed(a), nil, &txnbuild.AccountMerge{Destination: w.apps[0].Treasury})) // even home
		w.close(1)
		w.wantHas("ana", ana.Address(), c.Amount)
		w.close(20)
		w.work()
		w.round(3)
		w.is(a.ID, relay.Parked, relay.HoldingAbsent)
		w.is(c.ID, relay.Parked, relay.HoldingAbsent)
		w.is(b.ID, relay.Pending, "")
		w.apply(a.ID, relay.CancelAsked{})
		w.round(10)
		w.is(a.ID, relay.Parked, relay.HoldingAbsent)
		if w.halted() != "" {
			t.Error(w.halted())
		}
	}
}
