package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// A holder of the key pays a part of what a wallet put in out, less than the purse or more, before it goes home. The amount may
// be whole or not; the end says to the stroop what arrived, and never that all of it did.
func TestAPartOfAWalletsMoneyIsMissing(t *testing.T) {
	for paid, amount := range map[string]relay.Stroops{"0.5": relay.One / 2, "0.0000001": 1, "2.1": 21 * relay.One / 10} {
		t.Run(paid, func(t *testing.T) {
			each(t, []kind{own, ownUSD}, func(m *assetFixture) {
				p := m.ripened()
				if p.Purse < amount && m.credit {
					return // its lumens are all purse
				}
				m.does(m.own(m.seed(p), nil, &txnbuild.Payment{Destination: m.payer.Address(), Amount: paid, Asset: txnbuild.NativeAsset{}}))
				m.round(2)
				m.apply(p.ID, relay.CancelAsked{})
				m.until(p.ID, relay.Settled)
				p = m.is(p.ID, relay.Settled, relay.HoldingShort)
				left := p.Purse - amount - p.FeeHolding
				want := p.Amount + min(0, left)
				if p.Arrived != want || p.ArrivedRest != max(0, left) || p.FeeHolding == 0 {
					m.Errorf("arrived %s and %s, fees %s; want %s and %s", p.Arrived, p.ArrivedRest, p.FeeHolding, want, max(0, left))
				}
			})
		})
	}
}

// What the holding account paid for a key holder's own transactions the ledger shows as fees: nothing else is missing.
func TestOnlyFeesAreMissing(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		p := m.ripened()
		if !m.self && m.credit {
			return // it has no lumens to pay with
		}
		at, err := m.port.Sequence(m.Context(), p.Holding)
		if err != nil {
			m.Fatal(err)
		}
		tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
			SourceAccount: &txnbuild.SimpleAccount{AccountID: p.Holding, Sequence: at}, IncrementSequenceNum: true, BaseFee: 100,
			Operations:    []txnbuild.Operation{&txnbuild.BumpSequence{}},
			Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
		})
		if err != nil {
			m.Fatal(err)
		}
		if tx, err = tx.Sign(passphrase, m.seed(p)); err != nil {
			m.Fatal(err)
		}
		envelope, err := tx.Base64()
		if err != nil {
			m.Fatal(err)
		}
		m.does(envelope)
		m.watch()
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Returned)
		p = m.is(p.ID, relay.Returned, relay.ByCancel)
		if all := p.Arrived + p.ArrivedRest; p.FeeHolding < 100 || !m.credit && all != p.Amount+p.Purse-p.FeeHolding || m.credit && p.Arrived != p.Amount {
			m.Errorf("arrived %s and %s, fees %s", p.Arrived, p.ArrivedRest, p.FeeHolding)
		}
	})
}

// Another account hands the way home in and pays for it: that is none of the payment's cost.
func TestAnotherAccountPaysForTheWayHome(t *testing.T) {
	each(t, []kind{managed, credit}, func(m *assetFixture) {
		p := m.ripened()
		cost := p.FeePaid
		m.does(m.bumped(m.rungs(p)[0].XDR))
		m.watch()
		p = m.is(p.ID, relay.Returned, relay.ByCancel)
		if p.FeePaid != cost || p.FeeOther == 0 || p.FeeHolding != 0 {
			m.Errorf("the service paid %s, before %s; others %s", p.FeePaid, cost, p.FeeOther)
		}
	})
}

// A holder of the key pays the amount to where the payment returns, and merges the rest into an account: it is home when that
// account is the wallet that put the purse in, and only then.
func TestThePurseGoesAnotherWay(t *testing.T) {
	for name, c := range map[string]struct{ foreign, wallet bool }{
		"a thief, home is the wallet": {}, "a thief, home is another account": {foreign: true},
		"the wallet, home is another account": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, []kind{own, ownUSD}, func(m *assetFixture) {
				third, thief := keypair.MustRandom(), keypair.MustRandom()
				m.befriend(third.Address())
				m.befriend(thief.Address())
				if m.credit {
					m.trusts(third)
				}
				p := m.waiting(func(p *relay.Payment) {
					if c.foreign {
						p.ReturnTo = third.Address()
					}
				})
				rest := thief.Address()
				if c.wallet {
					rest = p.Sponsor
				}
				key, had := m.seed(p), m.has(rest)
				ops := []txnbuild.Operation{&txnbuild.Payment{Destination: p.ReturnTo, Amount: p.Amount.String(), Asset: txnbuild.NativeAsset{}}}
				if m.credit {
					ops = []txnbuild.Operation{m.pays("", p.ReturnTo, p.Amount), &txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "0"}}
				}
				m.does(m.own(key, nil, append(ops, &txnbuild.AccountMerge{Destination: rest})...))
				m.watch()
				if !c.wallet {
					got := m.is(p.ID, relay.Settled, relay.HoldingShort)
					if got.Destination != p.ReturnTo || got.Arrived != p.Amount || got.ArrivedRest != 0 {
						m.Errorf("%s and %s at %s", got.Arrived, got.ArrivedRest, got.Destination)
					}
					return
				}
				got := m.is(p.ID, relay.Returned, relay.ByCancel)
				if came := m.has(rest) - had; got.ArrivedRest != came || got.ArrivedRest != p.Purse-got.FeeHolding {
					m.Errorf("%s besides, the wallet has %s more, fees %s of %s", got.ArrivedRest, came, got.FeeHolding, p.Purse)
				}
			})
		})
	}
}

// A purse may be more than the amount: the money went where the amount is all the same.
func TestAPurseOfMoreThanTheAmount(t *testing.T) {
	each(t, []kind{own}, func(m *assetFixture) {
		third := keypair.MustRandom()
		m.befriend(third.Address())
		p := m.waiting(func(p *relay.Payment) { p.ReturnTo, p.Amount = third.Address(), relay.One/2 })
		m.does(m.own(m.seed(p), nil, &txnbuild.Payment{Destination: third.Address(), Amount: p.Amount.String(), Asset: txnbuild.NativeAsset{}},
			&txnbuild.AccountMerge{Destination: p.Sponsor}))
		m.watch()
		if got := m.is(p.ID, relay.Returned, relay.ByCancel); got.Arrived != p.Amount || got.ArrivedRest != p.Purse-got.FeeHolding {
			m.Errorf("%s and %s, fees %s", got.Arrived, got.ArrivedRest, got.FeeHolding)
		}
	})
}

// The key holder of one payment has its holding account pay the fee of another transaction, one of another account or an envelope of another
// payment. The ledger shows a fee, and nothing else is missing at the end.
func TestTheFeeOfAnotherTransaction(t *testing.T) {
	for name, foreign := range map[string]bool{"a transaction of another account": true, "an envelope of another payment": false} {
		t.Run(name, func(t *testing.T) {
			each(t, []kind{own, managed}, func(m *assetFixture) {
				p, q := m.ripened(), m.ripened()
				key, envelope := m.seed(p), text(m.rungs(q)[0].XDR)
				if foreign {
					envelope = m.bumpedOwn()
				}
				bump, err := stellar.BuildFeeBump(envelope, passphrase, p.Holding, 100_000)
				if err != nil {
					m.Fatal(err)
				}
				m.does(sign(m.T, bump.XDR, key))
				m.watch()
				fee := m.payment(p.ID).FeeHolding
				if left := p.Amount + p.Purse - m.has(p.Holding); fee == 0 || fee != left {
					m.Fatalf("the books say %s, the ledger %s", fee, left)
				}
				m.apply(p.ID, relay.CancelAsked{})
				m.until(p.ID, relay.Returned)
				p = m.is(p.ID, relay.Returned, relay.ByCancel)
				if p.Arrived+p.ArrivedRest != p.Amount+p.Purse-p.FeeHolding {
					m.Errorf("arrived %s and %s, fees %s", p.Arrived, p.ArrivedRest, p.FeeHolding)
				}
				if !foreign {
					m.is(q.ID, relay.Returned, relay.ByCancel)
				}
			})
		})
	}
}

// bumpedOwn is a transaction of an account's own, for another one to pay.
func (m *assetFixture) bumpedOwn() string {
	m.Helper()
	at, err := m.port.Sequence(m.Context(), m.payer.Address())
	if err != nil {
		m.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: m.payer.Address(), Sequence: at}, IncrementSequenceNum: true, BaseFee: 100,
		Operations:    []txnbuild.Operation{&txnbuild.BumpSequence{}},
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err == nil {
		tx, err = tx.Sign(passphrase, m.payer)
	}
	if err != nil {
		m.Fatal(err)
	}
	envelope, err := tx.Base64()
	if err != nil {
		m.Fatal(err)
	}
	return envelope
}

// What a last resort leaves with the service's sponsor does not come back.
func TestWhatALastResortBringsBack(t *testing.T) {
	each(t, []kind{ownUSD}, func(m *assetFixture) {
		p := m.ripened()
		m.does(m.own(m.wallet, nil, m.pays("", m.issuer.Address(), m.units(m.home)),
			&txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "0"}))
		m.watch()
		wallet := m.has(m.home)
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Settled)
		p = m.is(p.ID, relay.Settled, relay.LeftClaimable)
		if came := m.has(m.home) - wallet; p.ArrivedRest != came || came == 0 || p.Arrived != p.Amount {
			m.Errorf("it says %s and %s, the wallet has %s more", p.Arrived, p.ArrivedRest, came)
		}
	})
}
