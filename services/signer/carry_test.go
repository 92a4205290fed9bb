package signer

import (
	"testing"

	"github.com/restante/restante/relay"
)

// The sponsor carries what is in the log first: what is on its way with its reserves, what waits with its fees. Beyond that it
// signs nothing new, and says which account is short; what brings money home is signed all the same.
func TestSignsWhatTheSponsorCarries(t *testing.T) {
	r := newFixture(t)
	r.cfg.Policy.Budget = 1000 * relay.One
	r.reopen()
	one := relay.Load{Unmade: 1, UnmadeUnits: 2}
	need := func(l relay.Load) relay.Stroops { return l.Need(prices) }
	r.holds(need(one) - 1)
	r.refused(r.mintOf(relay.Native), relay.ErrSponsorShort.Code)
	r.holds(need(one))
	first := r.fund(r.mintOf(relay.Native))
	r.refused(r.mintOf(relay.Native), relay.ErrSponsorShort.Code) // the first is on its way
	two := one.Plus(one)
	r.holds(need(two))
	second := r.fund(r.mintOf(relay.Native))
	credit := relay.Load{Unmade: 1, UnmadeUnits: 3, Credit: 1}
	r.holds(need(two.Plus(credit)) - 1)
	r.refused(r.mintOf(r.credit()), relay.ErrSponsorShort.Code)
	if _, _, err := r.s.Trust(t.Context(), r.app, r.credit(), 3, r.view.head); err != nil { // less than that
		t.Errorf("a trustline: %v", err)
	}
	r.holds(0)
	r.bump(first.Minted[0].Ladder[0].Hash, nil, 5_000)
	if _, _, err := r.s.Trust(t.Context(), r.app, r.credit(), 3, r.view.head); relay.CodeOf(err) != relay.ErrSponsorShort.Code {
		t.Errorf("a trustline: %v", err)
	}

	// Both have landed: the ledger has counted their reserves. What is set aside is for the ways home.
	for _, f := range []relay.FundAnswer{first, second} {
		r.view.seen[f.Envelope.Hash] = relay.Sighting{Hash: f.Envelope.Hash, Tx: "t", Ledger: 5001, Success: true}
	}
	wait := relay.Load{Waiting: 2}
	r.holds(need(wait.Plus(one)) - 1)
	if _, err := r.s.Fund(t.Context(), r.mintOf(relay.Native)); relay.CodeOf(err) != relay.ErrSponsorShort.Code { // it has found out that they landed
		t.Errorf("with a stroop less than is needed: %v", err)
	}
	r.refused(r.mintOf(relay.Native), relay.ErrSponsorShort.Code)
	r.holds(need(wait.Plus(one)))
	r.fund(r.mintOf(relay.Native))
	r.reopen() // the log says the same
	r.refused(r.mintOf(relay.Native), relay.ErrSponsorShort.Code)
}

// A treasury pays out what it holds less what is signed already, asset by asset.
func TestSignsWhatTheTreasuryHolds(t *testing.T) {
	r := newFixture(t)
	m := r.mintOf(relay.Native)
	holds := func(n relay.Stroops) { r.view.there[r.home] = relay.AccountFacts{Exists: true, Spendable: n} }
	holds(m.Mints[0].Amount - 1)
	r.refused(m, relay.ErrTreasuryShort.Code)
	holds(m.Mints[0].Amount)
	a := r.fund(m)
	r.refused(r.mintOf(relay.Native), relay.ErrTreasuryShort.Code)
	r.fund(r.mintOf(r.credit())) // of another asset it holds as much
	r.view.seen[a.Envelope.Hash] = relay.Sighting{Hash: a.Envelope.Hash, Tx: "t", Ledger: 5001, Success: true}
	r.fund(r.mintOf(relay.Native)) // the first has been paid out of it, and it holds that again
}
