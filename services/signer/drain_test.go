package signer

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// made is a plan for a new account that lands in a holding account which its key holder made anew in this ledger: it has then
// another number.
func (r *fixture) made(m relay.Minted, h *keypair.Full, bid relay.Stroops) (fee relay.Stroops, err error) {
	r.t.Helper()
	r.view.head.Sequence += 2
	r.view.head.CloseTime += 10
	ana := keypair.MustRandom()
	in := r.claimIntent(m, ana.Address())
	in.Sequence = int64(r.view.head.Sequence)<<32 + 1
	e, err := r.s.Claim(r.t.Context(), in)
	if err != nil {
		return 0, err
	}
	raw, err := r.s.Bump(r.t.Context(), e.Hash, r.sign(e.XDR, h, ana), bid)
	if err != nil {
		return 0, err
	}
	var outer xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(raw, &outer); err != nil {
		return 0, err
	}
	fee = relay.Stroops(outer.FeeBumpFee())
	r.landed(e.Hash, fee)
	return fee, nil
}

// A worker that was taken over works with the holder of a holding account's key, who makes the account anew after each claim.
// Each claim takes reserves, first fees and a fee from the sponsor, and each is counted: all of them stay within the budget, while
// the ledger is not asked, after it was, and after a restart.
func TestEveryClaimThatMakesAnAccountIsCounted(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Apps = map[relay.AppID]Limits{r.app: {Budget: 20 * relay.One}}
	r.open()
	m := r.fund(r.mintOf(r.credit())).Minted[0]
	m.Asset = r.credit()
	h := r.seedOf(m, r.sender)
	var taken relay.Stroops
	for i := 0; ; i++ {
		if i > 100 {
			t.Fatal("nothing stops it")
		}
		if i == 4 {
			r.reopen()
		}
		fee, err := r.made(m, h, relay.One)
		if err != nil {
			wantCode(t, err, relay.ErrBudgetEmpty.Code)
			break
		}
		taken += 3*unit + first + fee
	}
	if a := r.allowance(); taken > a.Budget || a.Locked+a.Used < taken {
		t.Errorf("%s of %s were taken; counted are %s and %s", taken, a.Budget, a.Locked, a.Used)
	}
	r.settles()
	for range 2 {
		if a := r.allowance(); a.Locked != 0 || a.Used != taken {
			t.Errorf("%s were taken; counted are %s and %s", taken, a.Locked, a.Used)
		}
		r.reopen()
	}
}

// Nothing is signed for a payment whose money has left, as the signer's own ledger showed: an account at the same address is another.
func TestNoClaimOfAPaymentThatIsOver(t *testing.T) {
	for name, end := range map[string]func(*fixture, relay.FundAnswer){
		"claimed": func(r *fixture, a relay.FundAnswer) { r.landed(r.planned(a.Minted[0], true).Hash, 0) },
		"returned": func(r *fixture, a relay.FundAnswer) {
			r.bump(a.Minted[0].Ladder[0].Hash, nil, 9000)
			r.landed(a.Minted[0].Ladder[0].Hash, 700)
		},
		"gone": func(*fixture, relay.FundAnswer) {},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			a := r.fund(r.mintOf(relay.Native))
			end(r, a)
			r.settles()
			for range 2 {
				for _, fresh := range []bool{true, false} {
					in, lines := r.claimIntent(a.Minted[0], keypair.MustRandom().Address()), r.lines()
					in.NewAccount, in.Sequence = fresh, int64(r.view.head.Sequence)<<32+1
					_, err := r.s.Claim(t.Context(), in)
					wantCode(t, err, "holding_absent")
					if r.lines() != lines {
						t.Error("a refusal wrote to the log")
					}
				}
				r.reopen()
			}
		})
	}
}

// A claimant is not refused for want of a budget while the sponsor's reserve is still in the holding account: the claim takes that
// one along. A plan that cannot land any more, and has not, counts no longer.
func TestAClaimWhoseNumberWasUsedUp(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	each := 3*unit + first
	r.cfg.Policy.Apps = map[relay.AppID]Limits{r.app: {Budget: each + relay.FeeReservePerPayment}}
	r.open()
	m := r.fund(r.mintOf(r.credit())).Minted[0]
	e := r.planned(m, true)
	r.view.seen[e.Hash] = relay.Sighting{Hash: e.Hash, Tx: e.Hash, Ledger: r.view.head.Sequence} // it failed
	in := r.claimIntent(m, keypair.MustRandom().Address())
	in.Sequence++
	for name, facts := range map[string]relay.AccountFacts{
		"gone":                      {},
		"made anew by another":      {Exists: true, Sequence: in.Sequence - 1},
		"with a number of its past": {Exists: true, Sponsor: r.sponsor, Sequence: in.Sequence},
	} {
		r.view.there[m.Account] = facts
		if _, err := r.s.Claim(t.Context(), in); relay.CodeOf(err) != relay.ErrBudgetEmpty.Code {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.view.there[m.Account] = relay.AccountFacts{Exists: true, Sponsor: r.sponsor, Sequence: in.Sequence - 1}
	if _, err := r.s.Claim(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if a := r.allowance(); a.Locked != 2*each+relay.FeeReservePerPayment {
		t.Errorf("two plans that could both land count %s", a.Locked)
	}
	r.settles()
	r.counts("two plans that are over", each+relay.FeeReservePerPayment, 0)
}

// What the sponsor bids for counts on the day on which it bids, also for a payment that was funded long before; and it counts when
// the payment is over.
func TestABidCountsOnItsDay(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.mintOf(relay.Native))
	hash := a.Minted[0].Ladder[0].Hash
	r.view.head.CloseTime += 10 * 86400
	r.bump(hash, nil, 9_000_000)
	r.landed(hash, 8_000_000)
	r.settles()
	r.counts("returned", 0, 8_000_000)
	r.view.head.CloseTime += 86400
	r.bump(a.Minted[0].Ladder[1].Hash, nil, 9_000_000)
	r.counts("over", 0, 9_000_000)
}

// A worker or an API that was taken over makes apps as it likes. All apps on a share have together a share of what the sponsor
// has; what the operator gave a number of its own is not held up by them.
func TestAppsTogetherHaveAShare(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	const named = relay.AppID("app_named")
	r.cfg.Policy.Apps = map[relay.AppID]Limits{named: {Budget: 100 * relay.One}}
	r.open()
	free := 1000 * relay.One
	r.holds(free)
	var taken, flying relay.Stroops
	refusal := ""
	for i := range 40 {
		app := relay.AppID(fmt.Sprintf("app_invented%d", i))
		for {
			a, err := r.s.Fund(t.Context(), r.intentOf(app, 17))
			if refusal = relay.CodeOf(err); err != nil {
				break
			}
			for _, m := range a.Minted {
				r.view.there[m.Account] = relay.AccountFacts{Exists: true}
			}
			taken += 17 * 3 * unit
			if flying += 17 * 3 * unit; i%2 == 0 { // of the others nothing lands before all is signed
				r.landed(a.Envelope.Hash, 0)
				free -= flying
				r.holds(free)
				r.view.head.Sequence += 30
				flying = 0
			}
		}
	}
	if most := 1000 * relay.One / 100 * DefaultTogether; taken > most || taken < most*9/10 {
		t.Errorf("of 1000 lumens, %s are out", taken)
	}
	if refusal != relay.ErrBudgetsEmpty.Code {
		t.Errorf("the last is refused with %q", refusal)
	}
	r.reopen()
	const last = relay.AppID("app_last")
	var err error
	for err == nil {
		_, err = r.s.Fund(t.Context(), r.intentOf(last, 1))
	}
	wantCode(t, err, relay.ErrBudgetsEmpty.Code)
	if whose, pauses := relay.Pauses(err, last); !pauses || whose != last {
		t.Error("a payment is blamed for it")
	}
	a, err := r.s.Allowance(t.Context(), last, relay.Native)
	if err != nil || relay.CodeOf(a.Allows(relay.Payment{Asset: r.credit(), Amount: 1}, prices, relay.Unsigned{})) != relay.ErrBudgetsEmpty.Code {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := r.s.Fund(t.Context(), r.intentOf(named, 1)); err != nil {
		t.Errorf("an app with a number of its own: %v", err)
	}
}

// intentOf is a good one of an app, whose treasury is made if it can be, for n payments of a credit asset.
func (r *fixture) intentOf(app relay.AppID, n int) relay.FundIntent {
	r.t.Helper()
	home, err := r.s.Treasury(r.t.Context(), app)
	if err != nil {
		r.t.Fatal(err)
	}
	in := r.intent(many(n)...)
	in.App = app
	for i := range in.Mints {
		in.Mints[i].ReturnTo, in.Mints[i].Asset, in.Mints[i].Amount = home, r.credit(), 1
	}
	return in
}

// Only so many treasuries are made on a day: each is a key, a line and a budget.
func TestTreasuriesOfADay(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Treasuries = 3
	r.open()
	make := func(i int) error {
		_, err := r.s.Treasury(t.Context(), relay.AppID(fmt.Sprintf("app_%d", i)))
		return err
	}
	for i := range 2 { // one is there
		if err := make(i); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		lines := r.lines()
		err := make(2)
		wantCode(t, err, "too_many_apps")
		if relay.KindOf(err) != relay.Exhausted || r.lines() != lines {
			t.Error(err)
		}
		if err := make(1); err != nil { // it is there
			t.Error(err)
		}
		r.reopen()
	}
	r.view.head.CloseTime += 86400
	if err := make(2); err != nil {
		t.Error(err)
	}
}

// What came back to other apps makes room for all on a share, also when those never ask: they may be idle.
func TestWhatComesBackMakesRoomForAll(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Treasuries = 1000
	r.open()
	var waits []string
	took := make([]int, 4)
	for round := range took {
		free := 1000 * relay.One
		r.holds(free)
		for i := range 20 {
			for {
				a, err := r.s.Fund(t.Context(), r.intentOf(relay.AppID(fmt.Sprintf("app_%d_%d", round, i)), 17))
				if err != nil {
					break
				}
				for _, m := range a.Minted {
					r.view.there[m.Account] = relay.AccountFacts{Exists: true}
					waits = append(waits, m.Account)
				}
				took[round]++
				free -= 17 * 3 * unit
				r.holds(free)
				r.view.head.Sequence += 30
			}
		}
		for _, account := range waits { // it all goes home
			delete(r.view.there, account)
		}
		r.view.head.Sequence += 30
	}
	r.holds(1000 * relay.One)
	if slices.Min(took) < took[0]*9/10 {
		t.Errorf("fundings in each round: %v", took)
	}
	r.fund(r.intentOf(r.app, 17))
}
