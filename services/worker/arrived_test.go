package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// A holder of the key pays a part of what a wallet put in out, less than the purse or more, before it goes home. The amount may
// be whole or not; the end says to the stroop what arrived, and never that all of it did.
func TestAPartOfAWalletsMoneyIsMissing(t *testing.T) {
	for paid, amount := range map[string]relay.Stroops{"0.5": relay.One / 2, "0.0000001": 1, "2.1": 21 * relay.One / 10} {
		t.Run(paid, func(t *testing.T) {
			each(t, []kind{own, ownUSD}, func(m *market) {
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
	each(t, allKinds, func(m *market) {
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

// A stranger hands the way home in and pays for it: that is none of the payment's cost.
func TestAStrangerPaysForTheWayHome(t *testing.T) {
	each(t, []kind{managed, credit}, func(m *market) {
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
