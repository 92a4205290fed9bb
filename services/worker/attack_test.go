package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// attack is what the holder of the key does to her account. It parks the payment with the money safe; a cancel goes home at
// once when a rung can land all the same, and else when she has undone it.
type attack struct {
	name     string
	do, undo []txnbuild.Operation
	also     bool // the other account signs too
	leaves   bool // a rung lands all the same
}

func attacks(other string) []attack {
	return []attack{
		{name: "signer", leaves: true,
			do:   []txnbuild.Operation{&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: other, Weight: 1}}},
			undo: []txnbuild.Operation{&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: other, Weight: 0}}}},
		{name: "data",
			do:   []txnbuild.Operation{&txnbuild.ManageData{Name: "mine", Value: []byte("x")}},
			undo: []txnbuild.Operation{&txnbuild.ManageData{Name: "mine"}}},
		{name: "sponsoring", also: true,
			do: []txnbuild.Operation{
				&txnbuild.BeginSponsoringFutureReserves{SponsoredID: other},
				&txnbuild.ManageData{Name: "hers", Value: []byte("x"), SourceAccount: other},
				&txnbuild.EndSponsoringFutureReserves{SourceAccount: other},
			},
			undo: []txnbuild.Operation{&txnbuild.ManageData{Name: "hers", SourceAccount: other}}},
		{name: "threshold",
			do:   []txnbuild.Operation{&txnbuild.SetOptions{HighThreshold: txnbuild.NewThreshold(2)}, &txnbuild.SetOptions{}},
			undo: nil},
	}
}

// The key of every kind of holding account is taken over and given back.
func TestKeyTakenOverOfEveryKind(t *testing.T) {
	other := keypair.MustRandom()
	for i, a := range attacks(other.Address()) {
		t.Run(a.name, func(t *testing.T) {
			each(t, newKinds, func(m *assetFixture) {
				a := attacks(other.Address())[i] // operations are written to when they are built
				m.befriend(other.Address())
				p := m.ripened()
				seed := m.seed(p)
				if m.credit { // an entry of her own wants a reserve
					m.does(m.own(m.payer, nil, &txnbuild.Payment{Destination: p.Holding, Amount: "5", Asset: txnbuild.NativeAsset{}}))
				}
				var also []*keypair.Full
				if a.also {
					also = append(also, other)
				}
				m.does(m.own(seed, also, a.do...))
				m.round(1)
				m.is(p.ID, relay.Parked, relay.KeyTakenOver)
				if got := m.amount(p.Holding); got < p.Amount {
					m.Errorf("the holding account has %d", got)
				}
				m.apply(p.ID, relay.CancelAsked{})
				m.round(4)
				if !a.leaves {
					m.is(p.ID, relay.Parked, relay.KeyTakenOver)
					if a.undo == nil {
						return
					}
					m.does(m.own(seed, also, a.undo...))
				}
				m.until(p.ID, relay.Returned)
				m.wantUnits("home", m.home, m.stock)
				m.wantHas("the holding account", p.Holding, -1)
				if why := m.halted(); why != "" {
					m.Error(why)
				}
			})
		})
	}
}

// A number beyond the ladder cannot be undone; the money stays where it is until she moves it.
func TestNumberBeyondTheLadderOfEveryKind(t *testing.T) {
	each(t, newKinds, func(m *assetFixture) {
		p := m.ripened()
		seed, rungs := m.seed(p), m.rungs(p)
		m.does(m.own(seed, nil, &txnbuild.BumpSequence{BumpTo: rungs[len(rungs)-1].Sequence}))
		m.round(1)
		m.is(p.ID, relay.Parked, relay.KeyTakenOver)
		m.apply(p.ID, relay.CancelAsked{})
		m.round(5)
		m.is(p.ID, relay.Parked, relay.KeyTakenOver)
		m.wantUnits("the holding account", p.Holding, p.Amount)
		ops := []txnbuild.Operation{&txnbuild.AccountMerge{Destination: m.home}}
		if m.credit {
			ops = append([]txnbuild.Operation{m.pays("", m.home, p.Amount),
				&txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "0"}}, ops...)
		}
		m.does(m.own(seed, nil, ops...))
		m.round(1)
		m.is(p.ID, relay.Returned, relay.ByCancel)
		m.wantUnits("home", m.home, m.stock)
	})
}

// A number beyond the first rung only: the next one still leads home, of whatever kind.
func TestNumberBeyondTheFirstRung(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		p := m.ripened()
		m.does(m.own(m.seed(p), nil, &txnbuild.BumpSequence{BumpTo: m.rungs(p)[0].Sequence}))
		m.round(1)
		m.is(p.ID, relay.Parked, relay.KeyTakenOver)
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
		m.wantHas("the holding account", p.Holding, -1)
	})
}

// Lumens that other accounts pay in go along with the money, home and to her.
func TestStrayLumensOfEveryKind(t *testing.T) {
	each(t, newKinds, func(m *assetFixture) {
		home, hers, ana := m.ripened(), m.ripened(), keypair.MustRandom()
		for _, p := range []relay.Payment{home, hers} {
			m.does(m.own(m.payer, nil, &txnbuild.Payment{Destination: p.Holding, Amount: "5", Asset: txnbuild.NativeAsset{}}))
		}
		m.round(2)
		m.is(home.ID, relay.Pending, "")
		m.is(hers.ID, relay.Pending, "")
		before, house := m.books(home.Holding, hers.Holding), m.house()
		charged := m.charged(home.ID, hers.ID)
		m.apply(home.ID, relay.CancelAsked{})
		m.claim(hers, ana, 20)
		m.until(home.ID, relay.Returned)
		m.until(hers.ID, relay.Claimed)
		m.wantUnits("she", ana.Address(), hers.Amount)
		m.wantUnits("home", m.home, m.stock-hers.Amount)
		m.fees = -charged // were charged before the books were read
		m.balanced(before, house, []string{ana.Address()}, home.ID, hers.ID)
	})
}

// A claim and a return are in one ledger, in either order: the first takes the money, the other one fails or is out of date,
// and both sides are told the same.
func TestClaimAndReturnInOneLedger(t *testing.T) {
	for name, claimFirst := range map[string]bool{"claim first": true, "return first": false} {
		t.Run(name, func(t *testing.T) {
			for _, k := range allKinds {
				t.Run(k.String(), func(t *testing.T) {
					d := &door{}
					m := newAssetFixture(t, k, d.through(plan{}))
					p, ana := m.ripened(), keypair.MustRandom()
					e, complete := m.planned(p, ana, 20)
					var outer string
					d.submit = func(envelope []byte) (relay.Answer, bool) { outer = text(envelope); return dropped(envelope) }
					m.apply(p.ID, relay.CancelAsked{})
					m.work(relay.DoReturn)
					d.submit = nil
					claim := text(complete)
					if !m.self {
						claim = m.bumped(complete)
					}
					both := []string{claim, outer}
					if !claimFirst {
						both = []string{outer, claim}
					}
					if _, err := m.net.CloseWith(both...); err != nil {
						m.Fatal(err)
					}
					m.watch()
					m.round(3)
					if claimFirst {
						if p = m.is(p.ID, relay.Claimed, ""); p.Claim != e.Hash {
							m.Error("claimed by another envelope")
						}
						m.wantUnits("she", ana.Address(), p.Amount)
						m.wantUnits("home", m.home, m.stock-p.Amount)
					} else {
						m.is(p.ID, relay.Returned, relay.ByCancel)
						m.wantHas("she", ana.Address(), -1)
						m.wantUnits("home", m.home, m.stock)
					}
					m.wantHas("the holding account", p.Holding, -1)
					if why := m.halted(); why != "" {
						m.Error(why)
					}
				})
			}
		})
	}
}

// Her key paid the purse out: no rung can pay its fee, and the payment says that it is stuck. Another account that fills it up sets
// it free. The sender has everything again when as much was filled up as was paid out, and a stroop less is a part missing.
func TestPurseIsDrained(t *testing.T) {
	for name, less := range map[string]relay.Stroops{"filled up": 0, "a stroop short": 1} {
		t.Run(name, func(t *testing.T) {
			each(t, []kind{ownUSD}, func(m *assetFixture) {
				p := m.ripened()
				drain := m.has(p.Holding) - 1000
				m.does(m.own(m.seed(p), nil, &txnbuild.Payment{Destination: m.payer.Address(), Amount: drain.String(), Asset: txnbuild.NativeAsset{}}))
				m.round(1)
				m.apply(p.ID, relay.CancelAsked{})
				m.until(p.ID, relay.Parked)
				m.round(3)
				m.is(p.ID, relay.Parked, relay.NoWayBack)
				m.wantUnits("the holding account", p.Holding, p.Amount)
				m.does(m.own(m.payer, nil, &txnbuild.Payment{Destination: p.Holding, Amount: (drain - less).String(), Asset: txnbuild.NativeAsset{}}))
				if less == 0 {
					m.until(p.ID, relay.Returned)
					p = m.is(p.ID, relay.Returned, relay.ByCancel)
				} else {
					m.until(p.ID, relay.Settled)
					p = m.is(p.ID, relay.Settled, relay.HoldingShort)
				}
				if want := p.Purse - p.FeeHolding - less; p.Arrived != p.Amount || p.ArrivedRest != want {
					m.Errorf("arrived %s and %s, fees %s; want %s of the purse", p.Arrived, p.ArrivedRest, p.FeeHolding, want)
				}
				m.wantUnits("home", m.home, m.stock)
			})
		})
	}
}

// Home asks for a memo, which no rung has: the amount waits for its owner in a claimable balance. Out of a wallet that
// costs the service nothing but the reserve of it, which the purse has covered.
func TestHomeWantsAMemo(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		p := m.ripened()
		m.does(m.own(m.wallet, nil, &txnbuild.ManageData{Name: "config.memo_required", Value: []byte("1")}))
		m.watch()
		before, home := m.has(m.sponsor), m.has(m.wallet.Address())
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Settled)
		m.is(p.ID, relay.Settled, relay.LeftClaimable)
		m.wantHas("the holding account", p.Holding, -1)
		rungs := m.rungs(p)
		m.wantHas("the sponsor", m.sponsor, before+stellar.BaseReserve)
		m.wantHas("the wallet", m.wallet.Address(), home+p.Purse-stellar.BaseReserve-rungs[len(rungs)-1].Fee)
	})
}
