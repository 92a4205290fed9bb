package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

var creditKinds = []kind{credit, ownUSD}

// The issuer forbids it to move while it waits: parked. He allows it again: it waits again, and the claim goes through.
func TestDeauthorisedWhileWaiting(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p, ana := m.ripened(), keypair.MustRandom()
		m.authorizes(p.Holding, false)
		m.round(1)
		m.is(p.ID, relay.Parked, relay.Deauthorised)
		m.round(4)
		m.is(p.ID, relay.Parked, relay.Deauthorised)
		m.wantUnits("the holding account", p.Holding, p.Amount)
		m.authorizes(p.Holding, true)
		m.round(1)
		p = m.is(p.ID, relay.Pending, "")
		m.claim(p, ana, 10)
		m.until(p.ID, relay.Claimed)
		m.wantUnits("she", ana.Address(), p.Amount)
	})
}

// With a cancel in between it goes home as soon as it may, and not before.
func TestDeauthorisedAndCanceled(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p := m.ripened()
		m.authorizes(p.Holding, false)
		m.round(1)
		m.apply(p.ID, relay.CancelAsked{})
		m.round(4)
		m.is(p.ID, relay.Parked, relay.Deauthorised)
		m.authorizes(p.Holding, true)
		m.until(p.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
	})
}

// The issuer takes a part back: what is left stays where it is, for no rung pays out a part.
func TestClawedBackInPart(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p := m.ripened()
		m.clawsBack(p.Holding, relay.One)
		m.round(1)
		m.is(p.ID, relay.Parked, relay.ClawedBack)
		m.apply(p.ID, relay.CancelAsked{})
		m.round(6)
		m.is(p.ID, relay.Parked, relay.ClawedBack)
		m.wantUnits("the holding account", p.Holding, p.Amount-relay.One)
		for _, rung := range m.rungs(p) {
			if !rung.Live() {
				m.Errorf("rung %d is %s", rung.Rung, rung.State)
			}
		}
		m.clawsBack(p.Holding, p.Amount-relay.One) // then the rest: now there is a way
		m.until(p.ID, relay.Settled)
		m.is(p.ID, relay.Settled, relay.ClawedBack)
		m.wantHas("the holding account", p.Holding, -1)
	})
}

// The issuer takes all of it back: a cancel closes the account by the bare rung, and lumens that are in it go to the account that
// keeps its reserve.
func TestClawedBackWhole(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p := m.ripened()
		m.does(m.own(m.payer, nil, &txnbuild.Payment{Destination: p.Holding, Amount: "3", Asset: txnbuild.NativeAsset{}}))
		m.clawsBack(p.Holding, p.Amount)
		m.round(1)
		m.is(p.ID, relay.Parked, relay.ClawedBack)
		home, keeper, cost := m.has(m.home), m.sponsor, relay.Stroops(0)
		before := m.has(keeper)
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Settled)
		p = m.is(p.ID, relay.Settled, relay.ClawedBack)
		rungs := m.rungs(p)
		if last := rungs[2]; last.Rung != stellar.BareRung || last.State != relay.Landed {
			m.Fatal(m.story(p.ID))
		}
		if m.self {
			home += 3*relay.One + p.Purse - rungs[2].Fee
		} else {
			before, cost = before+3*relay.One, rungs[2].Fee
		}
		m.wantHas("home", m.home, home)
		m.wantHas("the sponsor", keeper, before-cost)
		m.wantHas("the holding account", p.Holding, -1)
		m.wantUnits("home", m.home, m.stock-p.Amount)
	})
}

// Home can take the asset no more: it waits for its owner in a claimable balance, which only he can claim.
func TestHomeCannotTakeTheAsset(t *testing.T) {
	for name, refuse := range map[string]func(m *assetFixture, key *keypair.Full){
		"trustline gone": func(m *assetFixture, key *keypair.Full) {
			m.does(m.own(key, nil, m.pays("", m.issuer.Address(), m.units(m.home)),
				&txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "0"}))
		},
		"forbidden": func(m *assetFixture, _ *keypair.Full) { m.authorizes(m.home, false) },
		"full": func(m *assetFixture, key *keypair.Full) {
			m.does(m.own(key, nil, &txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: m.units(m.home).String()}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, creditKinds, func(m *assetFixture) {
				p, key := m.ripened(), m.wallet
				if !m.self {
					key = m.treasuryKey(m.apps[0])
				}
				refuse(m, key)
				m.watch()
				m.apply(p.ID, relay.CancelAsked{})
				m.until(p.ID, relay.Settled)
				p = m.is(p.ID, relay.Settled, relay.LeftClaimable)
				m.wantHas("the holding account", p.Holding, -1)
				rungs := m.rungs(p)
				last := rungs[len(rungs)-1]
				if last.Rung != stellar.LastResort || last.State != relay.Landed {
					m.Fatal(m.story(p.ID))
				}
				generic, err := txnbuild.TransactionFromXDR(text(last.XDR))
				if err != nil {
					m.Fatal(err)
				}
				tx, _ := generic.Transaction()
				at := 1
				if m.self { // behind the payment of what the balance locks
					at = 2
				}
				id, err := tx.ClaimableBalanceID(at)
				if err != nil {
					m.Fatal(err)
				}
				m.includes(m.own(m.payer, nil, &txnbuild.ClaimClaimableBalance{BalanceID: id}), "FAILED")
				if name == "forbidden" {
					m.authorizes(m.home, true)
				} else {
					m.trusts(key)
				}
				before := m.units(m.home)
				m.does(m.own(key, nil, &txnbuild.ClaimClaimableBalance{BalanceID: id}))
				m.wantUnits("home", m.home, before+p.Amount)
			})
		})
	}
}

// A stroop of the asset cannot be paid in, for the trustline is full; lumens go along with the money.
func TestStrayAssetBounces(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		other := keypair.MustRandom()
		m.befriend(other.Address())
		m.trusts(other)
		m.does(m.own(m.issuer, nil, m.pays("", other.Address(), relay.One)))
		p := m.ripened()
		m.includes(m.own(other, nil, m.pays("", p.Holding, 1)), "FAILED")
		m.does(m.own(other, nil, &txnbuild.Payment{Destination: p.Holding, Amount: "5", Asset: txnbuild.NativeAsset{}}))
		m.round(2)
		m.is(p.ID, relay.Pending, "")
		home := m.has(m.home)
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Returned)
		if home += 5 * relay.One; m.self {
			home += p.Purse - m.rungs(p)[0].Fee
		}
		m.wantHas("home", m.home, home)
		m.wantUnits("home", m.home, m.stock)
	})
}

// Her key, or the account that keeps its reserve, changed the trustline: parked, and it goes home all the same when it is asked back.
func TestTrustlineChanged(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p := m.ripened()
		m.does(m.own(m.seed(p), nil, &txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "1000"}))
		m.round(1)
		m.is(p.ID, relay.Parked, relay.KeyTakenOver)
		m.round(3)
		m.is(p.ID, relay.Parked, relay.KeyTakenOver)
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
	})
}
