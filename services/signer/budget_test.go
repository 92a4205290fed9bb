package signer

import (
	"errors"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

const (
	unit  = relay.Stroops(stellar.BaseReserve)
	first = relay.Stroops(relay.FirstFees)
)

func (r *fixture) allowance() relay.Allowance {
	r.t.Helper()
	a, err := r.s.Allowance(r.t.Context(), r.app, relay.Native)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// counts wants what the app has out and what it used up today, now and after a restart.
func (r *fixture) counts(what string, locked, used relay.Stroops) {
	r.t.Helper()
	for _, when := range []string{"", " after a restart"} {
		if a := r.allowance(); a.Locked != locked || a.Used != used || a.BudgetLeft != a.Budget-locked-used {
			r.t.Errorf("%s%s: %d locked and %d used, not %d and %d; %d of %d left", what, when, a.Locked, a.Used, locked, used, a.BudgetLeft, a.Budget)
		}
		r.reopen()
	}
}

func (r *fixture) mintOf(asset string) relay.FundIntent {
	in := r.intent(payment())
	in.Mints[0].Asset = asset
	return in
}

func (r *fixture) bump(hash string, envelope []byte, fee relay.Stroops) {
	r.t.Helper()
	if _, err := r.s.Bump(r.t.Context(), hash, envelope, fee); err != nil {
		r.t.Fatal(err)
	}
}

func (r *fixture) planned(m relay.Minted, fresh bool) relay.Envelope {
	r.t.Helper()
	in := r.claimIntent(m, keypair.MustRandom().Address())
	in.NewAccount = fresh
	e, err := r.s.Claim(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

func (r *fixture) landed(hash string, fee relay.Stroops) {
	r.view.seen[hash] = relay.Sighting{Hash: hash, Tx: hash, Ledger: r.view.head.Sequence, Success: true, Fee: fee}
}

// settles has the signer look what came to an end: ledgers later, past every bound.
func (r *fixture) settles() bool {
	r.t.Helper()
	r.view.head.Sequence += 100
	back, err := r.s.settle(r.t.Context(), r.app)
	if err != nil {
		r.t.Fatal(err)
	}
	return back
}

// What costs the sponsor something is counted before its signature leaves: at the most that it may still cost.
func TestBudgetCountsEachCost(t *testing.T) {
	aside := relay.FeeReservePerPayment
	native, credit := 2*unit+aside, 3*unit+first+aside
	for name, c := range map[string]struct {
		do           func(r *fixture)
		locked, used relay.Stroops
	}{
		"nothing":        {func(*fixture) {}, 0, 0},
		"lumens":         {func(r *fixture) { r.fund(r.mintOf(relay.Native)) }, native, 0},
		"a credit asset": {func(r *fixture) { r.fund(r.mintOf(r.credit())) }, credit, 0},
		"a batch":        {func(r *fixture) { r.fund(r.intent(many(3)...)) }, 3 * native, 0},
		"a repeat": {func(r *fixture) {
			in := r.mintOf(relay.Native)
			r.fund(in)
			r.fund(in)
		}, native, 0},
		"directly": {func(r *fixture) {
			in := r.mintOf(r.credit())
			in.Mints[0].PayTo = keypair.MustRandom().Address()
			r.fund(in)
		}, aside, 0},
		"a bid within what is set aside": {func(r *fixture) {
			r.bump(r.fund(r.mintOf(relay.Native)).Envelope.Hash, nil, aside)
		}, native, 0},
		"a bid beyond it": {func(r *fixture) {
			r.bump(r.fund(r.mintOf(relay.Native)).Envelope.Hash, nil, 4_000_000)
		}, 2*unit + 4_000_000, 0},
		"a higher bid for the same": {func(r *fixture) {
			h := r.fund(r.mintOf(relay.Native)).Envelope.Hash
			r.bump(h, nil, 2_000_000)
			r.bump(h, nil, 3_000_000)
			r.bump(h, nil, 1_000_000)
		}, 2*unit + 3_000_000, 0},
		"bids for several": {func(r *fixture) {
			a := r.fund(r.mintOf(relay.Native))
			r.bump(a.Envelope.Hash, nil, 2_000_000)
			r.bump(a.Minted[0].Ladder[0].Hash, nil, 3_000_000)
		}, 2*unit + 5_000_000, 0},
		"a bid for a batch": {func(r *fixture) { r.bump(r.fund(r.intent(many(2)...)).Envelope.Hash, nil, 7_000_000) }, 4*unit + 7_000_000, 0},
		"a plan for a new account": {func(r *fixture) {
			m := r.fund(r.mintOf(r.credit())).Minted[0]
			r.planned(m, true)
			r.planned(m, true)
		}, credit, 0},
		"a move": {func(r *fixture) { r.keep(r.moving(r.fund(r.mintOf(relay.Native)).Minted[0], 0).minted()) }, native, 0},
		"out of a wallet": {func(r *fixture) {
			r.keep(r.wallet(relay.Native).minted())
			r.keep(r.wallet(r.credit()).minted())
		}, 0, 0},
		"a trustline": {func(r *fixture) { r.trust() }, 0, unit + 4000},
		"it again": {func(r *fixture) {
			r.trust()
			r.trust()
		}, 0, unit + 8000},
		"a funding that cannot land": {func(r *fixture) {
			a := r.fund(r.mintOf(relay.Native))
			r.bump(a.Envelope.Hash, nil, 3_000_000)
			r.view.verdicts[a.Envelope.Hash] = relay.CannotLand
			r.fund(r.intent(a.Envelope.Payments...))
		}, native, 0},
		"a funding that failed": {func(r *fixture) {
			a := r.fund(r.mintOf(relay.Native))
			r.bump(a.Envelope.Hash, nil, 3_000_000)
			r.view.seen[a.Envelope.Hash] = relay.Sighting{Hash: a.Envelope.Hash, Tx: "outer", Ledger: 5002}
			r.fund(r.intent(a.Envelope.Payments...))
		}, native, 3_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			c.do(r)
			r.counts(name, c.locked, c.used)
		})
	}
}

func (r *fixture) trust() {
	r.t.Helper()
	if _, _, err := r.s.Trust(r.t.Context(), r.app, r.credit(), 3, r.view.head); err != nil {
		r.t.Fatal(err)
	}
}

// What came back counts back, as the signer's own ledger shows; what it does not show counts at the most.
func TestBudgetCountsBack(t *testing.T) {
	native, credit := 2*unit, 3*unit+first
	for name, c := range map[string]struct {
		asset        bool // a credit asset
		do           func(r *fixture, a relay.FundAnswer)
		locked, used relay.Stroops
	}{
		"still there": {false, func(r *fixture, a relay.FundAnswer) {
			r.view.there[a.Minted[0].Account] = relay.AccountFacts{Exists: true}
		}, native + relay.FeeReservePerPayment, 0},
		"returned": {false, func(r *fixture, a relay.FundAnswer) {
			r.bump(a.Envelope.Hash, nil, 8000)
			r.landed(a.Envelope.Hash, 400)
			r.bump(a.Minted[0].Ladder[0].Hash, nil, 9000)
			r.landed(a.Minted[0].Ladder[0].Hash, 200)
		}, 0, 600},
		"returned, and by which fee is unknown": {false, func(r *fixture, a relay.FundAnswer) {
			r.bump(a.Minted[0].Ladder[0].Hash, nil, 9000)
		}, 0, 9000},
		"claimed into an account that exists": {true, func(r *fixture, a relay.FundAnswer) {
			e := r.planned(a.Minted[0], false)
			r.bump(e.Hash, r.sign(e.XDR, r.seedOf(a.Minted[0], r.sender)), 9000)
			r.landed(e.Hash, 500)
		}, 0, 500},
		"claimed into a new account": {true, func(r *fixture, a relay.FundAnswer) {
			r.landed(r.planned(a.Minted[0], true).Hash, 0)
		}, 0, credit},
		"claimed into a new account, in lumens": {false, func(r *fixture, a relay.FundAnswer) {
			r.landed(r.planned(a.Minted[0], true).Hash, 0)
		}, 0, native},
		"planned for a new account, returned": {true, func(r *fixture, a relay.FundAnswer) {
			r.planned(a.Minted[0], true)
			r.bump(a.Minted[0].Ladder[0].Hash, nil, 9000)
			r.landed(a.Minted[0].Ladder[0].Hash, 700)
		}, 0, 700},
		"planned for a new account, and gone unseen": {true, func(r *fixture, a relay.FundAnswer) {
			r.planned(a.Minted[0], true)
		}, 0, credit},
		"left to the sender": {true, func(r *fixture, a relay.FundAnswer) {
			rungs := a.Minted[0].Ladder
			r.view.advice.Use = rungs[len(rungs)-1].Hash
			r.bump(rungs[len(rungs)-1].Hash, nil, 9000)
			r.landed(rungs[len(rungs)-1].Hash, 600)
		}, 0, unit + 600},
		"moved, and waiting": {false, func(r *fixture, a relay.FundAnswer) {
			next := r.keep(r.moving(a.Minted[0], 0).minted())
			r.view.there[next.Minted[0].Account] = relay.AccountFacts{Exists: true}
		}, native + relay.FeeReservePerPayment, 0},
		"moved, and claimed into a new account": {false, func(r *fixture, a relay.FundAnswer) {
			next := r.keep(r.moving(a.Minted[0], 0).minted())
			delete(r.view.there, a.Minted[0].Account)
			r.landed(next.Envelope.Hash, 0)
			r.landed(r.planned(next.Minted[0], true).Hash, 0)
		}, 0, native},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			in := r.mintOf(relay.Native)
			if c.asset {
				in = r.mintOf(r.credit())
			}
			c.do(r, r.fund(in))
			if back := r.settles(); back != (c.locked == 0) {
				t.Errorf("something came back: %v", back)
			}
			r.counts(name, c.locked, c.used)
			lines := r.lines()
			if r.settles() || r.lines() != lines {
				t.Error("an end was written twice")
			}
			r.view.head.CloseTime += 86400
			r.counts("the next day", c.locked, 0)
		})
	}
}

// Each holding account that the sponsor has signed for counts until it is seen gone: a move takes the reserve over, or another one.
func TestBudgetCountsEachHoldingAccount(t *testing.T) {
	r := newFixture(t)
	one, aside := 2*unit, relay.FeeReservePerPayment
	old := r.fund(r.mintOf(relay.Native)).Minted[0]
	moves := make([]relay.FundAnswer, 3)
	for i := range moves { // with one number, so one of them lands
		moves[i] = r.keep(r.moving(old, 0).minted())
	}
	r.counts("kept", one+aside, 0)
	for i, a := range moves[:2] {
		r.bump(a.Envelope.Hash, r.sign(a.Envelope.XDR, r.seedOf(old, r.sender)), 9000)
		r.counts("signed for", one*relay.Stroops(i+2)+aside, 0)
	}
	landed := moves[0].Minted[0]
	r.view.there[landed.Account] = relay.AccountFacts{Exists: true, Sequence: 41, Sponsor: r.sponsor}
	r.view.head.Sequence += relay.SourcesApart + 1
	if !r.settles() { // the old one is still there, as far as the ledger shows, and the move that did not land never will
		t.Error("what cannot land counts")
	}
	r.counts("one is there", 2*one+aside, 0)
	delete(r.view.there, old.Account)
	if !r.settles() || r.settles() {
		t.Error("the one that is gone counts, or goes twice")
	}
	r.counts("moved", one+aside, 0)
	next := r.keep(r.moving(landed, 0).minted())
	r.bump(next.Envelope.Hash, r.sign(next.Envelope.XDR, r.seedOf(landed, r.sender)), 9000)
	r.counts("on its way again", 2*one+aside, 0)
	delete(r.view.there, landed.Account)
	r.landed(next.Envelope.Hash, 200)
	r.landed(moves[0].Envelope.Hash, 100)
	if !r.settles() {
		t.Error("all are gone")
	}
	r.counts("home", 0, 9000+300)
}

// A holding account that is not there yet has not come back: its funding may land.
func TestBudgetWaitsForTheBound(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.mintOf(relay.Native))
	r.view.head.Sequence = a.Envelope.Bound
	if back, err := r.s.settle(t.Context(), r.app); back || err != nil {
		t.Errorf("%v, %v", back, err)
	}
	r.counts("not landed", 2*unit+relay.FeeReservePerPayment, 0)
}

// The drain: a stroop of one's own asset to oneself, into a new account each time. It stops at the share of what the sponsor
// has, told with a word, and goes on only as far as something comes back, or on another day.
func TestDrainStopsAtTheBudget(t *testing.T) {
	r := newFixture(t)
	each := 3*unit + first
	r.holds(100 * relay.One)
	free := 100 * relay.One
	taken := 0
	for ; ; taken++ {
		if taken > 60 {
			t.Fatal("nothing stops it")
		}
		in := r.mintOf(r.credit())
		in.Mints[0].Amount = 1
		a, err := r.s.Fund(t.Context(), in)
		if err != nil {
			wantCode(t, err, "budget_empty")
			break
		}
		r.landed(r.planned(a.Minted[0], true).Hash, 0)
		free -= each
		r.holds(free)
		r.view.head.Sequence += 100
	}
	if spent := each * relay.Stroops(taken); spent == 0 || spent > relay.ShareOf(100*relay.One, relay.BudgetShare) {
		t.Errorf("%d claims took %s", taken, spent)
	}
	r.reopen()
	r.refused(r.mintOf(r.credit()), "budget_empty")
	for name, app := range map[string]relay.AppID{"another app": "app_other"} { // has a share of its own
		home, err := r.s.Treasury(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		in := r.mintOf(r.credit())
		in.App, in.Mints[0].ReturnTo = app, home
		if _, err := r.s.Fund(t.Context(), in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.view.head.CloseTime += 86400
	r.fund(r.mintOf(r.credit()))
}

// An operator's number stands in place of the share; what came back makes room at once.
func TestBudgetOfAnApp(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Apps = map[relay.AppID]Limits{r.app: {Budget: 25 * relay.One / 10}}
	r.open()
	a := r.fund(r.mintOf(relay.Native)).Minted[0]
	r.view.there[a.Account] = relay.AccountFacts{Exists: true}
	b := r.fund(r.mintOf(relay.Native)).Minted[0]
	r.view.there[b.Account] = relay.AccountFacts{Exists: true}
	r.refused(r.mintOf(relay.Native), "budget_empty")
	r.refused(r.intent(many(2)...), "budget_empty")
	r.view.head.Sequence += 100
	delete(r.view.there, a.Account)
	r.fund(r.mintOf(relay.Native))
	if _, _, err := r.s.Trust(t.Context(), r.app, r.credit(), 3, r.view.head); relay.CodeOf(err) != "budget_empty" {
		t.Errorf("a trustline beyond the budget: %v", err)
	}
}

// Without knowing what the sponsor holds, nothing new is signed; what brings money home is.
func TestBudgetFailsClosed(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.mintOf(relay.Native))
	r.view.err = errors.New("unreachable")
	if _, err := r.s.Allowance(t.Context(), r.app, relay.Native); relay.CodeOf(err) != "ledger_unavailable" {
		t.Error(err)
	}
	r.refused(r.mintOf(relay.Native), "ledger_unavailable")
	r.bump(a.Minted[0].Ladder[0].Hash, nil, 5_000_000)
	r.view.err = nil
	delete(r.view.there, r.sponsor)
	r.refused(r.mintOf(relay.Native), relay.ErrSponsorShort.Code) // before the budget, which is a share of it
	if _, err := r.s.Allowance(t.Context(), "app_none", relay.Native); relay.CodeOf(err) != "app_unknown" {
		t.Error(err)
	}
}

// A worker that was taken over bids as high as it may. Beyond the budget a funding is refused, and a way home or a claim bids
// what the network wants at the least.
func TestBidsBeyondTheBudget(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Apps = map[relay.AppID]Limits{r.app: {Budget: 2 * (2*unit + relay.FeeReservePerPayment)}}
	r.open()
	a, b := r.fund(r.mintOf(relay.Native)), r.fund(r.mintOf(relay.Native))
	for _, hash := range []string{a.Envelope.Hash, a.Minted[0].Ladder[0].Hash, a.Minted[0].Ladder[1].Hash, a.Minted[0].Ladder[2].Hash, b.Minted[0].Ladder[0].Hash} {
		r.view.advice.Use = hash // of the last resort: it is due
		r.bump(hash, nil, 5*relay.One)
	}
	total := r.allowance().Locked
	if most := 2*(2*unit+relay.FeeReservePerPayment) + 4*1000; total > most {
		t.Errorf("%d out, budgeted were %d", total, most)
	}
	if raw, err := r.s.Bump(t.Context(), b.Envelope.Hash, nil, 5*relay.One); relay.CodeOf(err) != "budget_empty" || raw != nil {
		t.Errorf("a funding beyond the budget: %v", err)
	}
}
