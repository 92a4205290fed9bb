package worker_test

import (
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// stolen is a rung as a thief of database, receipt or token has it, ready to be handed in: inside a fee bump that he pays, or,
// when it pays for itself, as it is.
func (w *fixture) stolen(rung relay.Envelope) string {
	w.Helper()
	if rung.OwnFee > 0 {
		return text(rung.XDR)
	}
	bump, err := stellar.BuildFeeBump(text(rung.XDR), passphrase, w.payer.Address(), 1000)
	if err != nil {
		w.Fatal(err)
	}
	signed, err := stellar.Sign(bump.XDR, passphrase, w.payer)
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

// A thief of the ladder hands in whatever would fail while the money is there, to spend the numbers of the way back. Nothing of
// it reaches a ledger, and the money is claimed and returned as if he were not there.
func TestThiefBurnsNoRung(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p, q := m.ripened(), m.ripened()
		for _, p := range []relay.Payment{p, q} {
			tried := 0
			for _, rung := range m.rungs(p) {
				if p.Ladder().Role(rung.Rung) == relay.PlainRung {
					continue // it only brings the money home
				}
				tried++
				if _, err := m.net.CloseWith(m.stolen(rung)); err == nil || !strings.Contains(err.Error(), "is not valid") {
					m.Errorf("%s is taken in: %v", p.Ladder().Role(rung.Rung), err)
				}
			}
			if got := relay.RungsLeft(m.envelopes(p.ID), p.Holding); len(got) != 4 {
				m.Errorf("%d rungs are left", len(got))
			}
			if tried != 2 {
				m.Errorf("%d rungs tried", tried)
			}
		}
		m.round(2)
		ana := keypair.MustRandom()
		m.claim(m.is(p.ID, relay.Pending, ""), ana, 20)
		m.until(p.ID, relay.Claimed)
		m.wantUnits("she", ana.Address(), p.Amount)
		m.apply(q.ID, relay.CancelAsked{})
		m.until(q.ID, relay.Returned)
	})
}

// A plain rung is handed in at a moment in which it fails, and is spent. The payment waits on: a claim after it is neither
// refused nor, when it fails itself, spends the next rung.
func TestClaimAfterASpentRung(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p := m.ripened()
		m.authorizes(m.home, false)
		m.includes(m.stolen(m.rungs(p)[0]), "FAILED")
		m.authorizes(m.home, true)
		m.round(2)
		if p = m.is(p.ID, relay.Pending, ""); m.rungs(p)[0].State != relay.Spent {
			m.Fatal(m.story(p.ID))
		}
		// This claim fails on the ledger: the account that it makes is there by then.
		ana, bob := keypair.MustRandom(), keypair.MustRandom()
		e, complete := m.planned(p, ana, 20)
		if want := p.Ladder().Sequence(3) + 1; e.Sequence != want {
			m.Fatalf("the claim carries %d, and %d is the next", e.Sequence, want)
		}
		outer := complete
		if e.OwnFee == 0 {
			var err error
			if outer, err = m.signer.Bump(m.Context(), e.Hash, complete, 20_000); err != nil {
				m.Fatal(err)
			}
		}
		m.befriend(ana.Address())
		m.includes(text(outer), "FAILED")
		m.round(2)
		m.claim(m.is(p.ID, relay.Pending, ""), bob, 20)
		m.until(p.ID, relay.Claimed)
		m.wantUnits("bob", bob.Address(), p.Amount)
		// And the next rung brings another payment home.
		q := m.ripened()
		m.authorizes(m.home, false)
		m.includes(m.stolen(m.rungs(q)[0]), "FAILED")
		m.authorizes(m.home, true)
		m.round(2)
		m.apply(q.ID, relay.CancelAsked{})
		m.until(q.ID, relay.Returned)
		if rungs := m.rungs(q); rungs[1].State != relay.Landed {
			m.Error(m.story(q.ID))
		}
	})
}

// The signer completes a rung that is not plain only when it is due: not while home can take the money, and not while it would
// fail.
func TestCosignedOnlyWhenDue(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p := m.ripened()
		rungs := m.rungs(p)
		due := func(i int, want bool) {
			m.Helper()
			_, err := m.signer.Bump(m.Context(), rungs[i].Hash, rungs[i].XDR, 20_000)
			if want && err != nil || !want && relay.CodeOf(err) != "rung_not_due" {
				m.Errorf("rung %d, due %t: %v", rungs[i].Rung, want, err)
			}
		}
		bare, last := 2, 3
		due(bare, false)
		due(last, false)
		m.authorizes(m.home, false) // home cannot take it
		due(bare, false)
		due(last, true)
		m.authorizes(m.home, true)
		due(last, false)
		m.clawsBack(p.Holding, relay.One) // a part
		due(bare, false)
		due(last, false)
		m.clawsBack(p.Holding, p.Amount-relay.One)
		due(bare, true)
		due(last, false)
	})
}
