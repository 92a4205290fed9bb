package worker_test

import (
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
)

// life plays one life of a payment of every kind, and wants every stroop and every unit of the asset afterwards.
func life(t *testing.T, scene func(m *assetFixture, ana *keypair.Full) relay.Payment) {
	t.Helper()
	each(t, allKinds, func(m *assetFixture) {
		ana := keypair.MustRandom()
		before, house := m.books(), m.house()
		p := scene(m, ana)
		m.balanced(before, house, []string{ana.Address()}, p.ID)
		if got := m.has(p.Holding); got != -1 && p.Holding != "" {
			m.Errorf("%d stroops are left behind", got)
		}
	})
}

func TestClaimIntoANewAccount(t *testing.T) {
	life(t, func(m *assetFixture, ana *keypair.Full) relay.Payment {
		p := m.waiting(nil)
		e := m.claim(p, ana, 10)
		p = m.until(p.ID, relay.Claimed)
		lumens := p.Amount
		if m.credit {
			lumens = relay.FirstFees
			m.wantUnits("she", ana.Address(), p.Amount)
			m.wantUnits("home", m.home, m.stock-p.Amount)
		}
		if m.self { // what is left of the purse is hers
			lumens += p.Purse - m.envelope(e).Fee
			if m.credit {
				lumens = p.Purse - m.envelope(e).Fee
			}
		}
		m.wantHas("she", ana.Address(), lumens)
		if units := relay.AssetUnits(p.Asset); !m.self && p.SpentUnits != units || m.self && p.SpentUnits != 0 {
			m.Errorf("%d units are spent", p.SpentUnits)
		}
		return p
	})
}

func TestClaimIntoAnExistingAccount(t *testing.T) {
	life(t, func(m *assetFixture, ana *keypair.Full) relay.Payment {
		m.befriend(ana.Address())
		if m.credit {
			m.trusts(ana)
		}
		m.watch()
		hers := m.has(ana.Address())
		p := m.waiting(nil)
		e := m.claim(p, ana, 10)
		p = m.until(p.ID, relay.Claimed)
		lumens := hers
		if !m.credit {
			lumens += p.Amount
		}
		if rest := p.Purse - m.envelope(e).Fee; m.self && p.ArrivedRest != rest {
			m.Errorf("%s of the purse are home, not %s", p.ArrivedRest, rest)
		}
		m.wantHas("she", ana.Address(), lumens)
		m.wantUnits("she", ana.Address(), p.Amount)
		m.fees -= hers // what the friend gave her is not out of these books
		return p
	})
}

func TestCanceled(t *testing.T) {
	life(t, func(m *assetFixture, _ *keypair.Full) relay.Payment {
		p := m.waiting(nil)
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
		return m.is(p.ID, relay.Returned, relay.ByCancel)
	})
}

func TestExpired(t *testing.T) {
	life(t, func(m *assetFixture, _ *keypair.Full) relay.Payment {
		p := m.waiting(soon)
		m.pass(61 * time.Minute)
		m.until(p.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
		return m.is(p.ID, relay.Returned, relay.ByExpiry)
	})
}
