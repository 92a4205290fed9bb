package worker_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/stellar"
)

// lineless has the treasury lose its trustline, and what it held.
func (m *assetFixture) lineless() {
	m.Helper()
	key := m.treasuryKey(m.apps[0])
	m.does(m.own(key, nil, m.pays("", m.issuer.Address(), m.units(m.home)),
		&txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "0"}))
	m.watch()
}

// left is a payment whose last resort has landed: the treasury could not take it.
func (m *assetFixture) left(p relay.Payment) relay.Payment {
	m.Helper()
	m.apply(p.ID, relay.CancelAsked{})
	m.until(p.ID, relay.Settled)
	return m.is(p.ID, relay.Settled, relay.LeftClaimable)
}

// collected wants the treasury to have the money again, by a transaction that the story names, and nothing left to do.
func (m *assetFixture) collected(p relay.Payment) {
	m.Helper()
	for range 75 {
		if m.payment(p.ID).Collected != "" {
			break
		}
		m.round(1)
	}
	p = m.is(p.ID, relay.Settled, relay.LeftClaimable)
	seen, err := m.port.Sight(m.Context(), p.Collected)
	if err != nil || seen == nil || !seen.Success || !seen.Service {
		m.Fatalf("collected by %q: %+v, %v\n%s", p.Collected, seen, err, m.story(p.ID))
	}
	history, err := relaytest.History(m.Context(), m.store, p.ID)
	told := slices.DeleteFunc(history, func(e relay.Entry) bool { return e.Input != "balance_collected" })
	if err != nil || len(told) != 1 || told[0].Detail != p.Collected || told[0].To != relay.Settled {
		m.Errorf("the story tells %+v, %v", told, err)
	}
	if row, ok := m.row(p.ID, relay.DoCollect); !ok || row.DoneAt == 0 {
		m.Errorf("the work is not done: %+v", row)
	}
	if why := m.halted(); why != "" {
		m.Error(why)
	}
}

// The treasury has no trustline when the money comes home. It is left in a balance, and comes by itself.
func TestCollectWithoutATrustline(t *testing.T) {
	m := newAssetFixture(t, credit, plan{})
	before := m.carried()
	p := m.ripened()
	m.lineless()
	p = m.left(p)
	if got := m.carried(); got != before+1 {
		t.Errorf("the sponsor carries %d, and the balance is one more than %d", got, before)
	}
	m.collected(p)
	m.wantUnits("the treasury", m.home, p.Amount)
	if got := m.carried(); got != before+1 { // the trustline instead of the balance
		t.Errorf("the sponsor carries %d, not %d", got, before+1)
	}
	// The next payment of the asset is funded out of it, and what is collected is not collected again.
	asked, err := m.desk.CollectLeft(t.Context())
	if err != nil || asked != 0 {
		t.Errorf("%d are asked for, %v", asked, err)
	}
	m.round(20)
	m.wantUnits("the treasury", m.home, p.Amount)
}

// A trustline that has no room is given some; two payments of one treasury come one after the other.
func TestCollectIntoAFullTrustline(t *testing.T) {
	m := newAssetFixture(t, credit, plan{})
	p, q := m.ripened(), m.ripened()
	had := m.units(m.home)
	m.does(m.own(m.treasuryKey(m.apps[0]), nil, &txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: had.String()}))
	m.watch()
	p, q = m.left(p), m.left(q)
	m.collected(p)
	m.collected(q)
	m.wantUnits("the treasury", m.home, had+p.Amount+q.Amount)
}

// The issuer does not let the treasury hold the asset: nothing is handed in until he does.
func TestCollectWaitsForTheIssuer(t *testing.T) {
	m := newAssetFixture(t, credit, plan{})
	p := m.ripened()
	m.authorizes(m.home, false)
	m.watch()
	p = m.left(p)
	had, sponsor := m.units(m.home), m.has(m.sponsor)
	m.round(20)
	m.wantUnits("the treasury", m.home, had)
	m.wantHas("the sponsor", m.sponsor, sponsor)
	if row, ok := m.row(p.ID, relay.DoCollect); !ok || row.DoneAt != 0 || row.Note == "" {
		t.Errorf("%+v", row)
	}
	m.authorizes(m.home, true)
	m.collected(p)
	m.wantUnits("the treasury", m.home, had+p.Amount)
}

// The treasury itself was merged away, and is made again.
func TestCollectIntoATreasuryMadeAgain(t *testing.T) {
	m := newAssetFixture(t, managed, plan{})
	p := m.ripened()
	treasury := m.treasuryKey(m.apps[0])
	m.does(m.own(treasury, nil, &txnbuild.AccountMerge{Destination: m.sponsor}))
	m.watch()
	p = m.left(p)
	m.round(14)
	if p = m.payment(p.ID); p.Collected != "" {
		t.Fatal(m.story(p.ID))
	}
	m.befriend(treasury.Address())
	had := m.has(treasury.Address())
	m.collected(p)
	m.wantHas("the treasury", treasury.Address(), had+p.Amount)
}

// The process ends after the signature, and after a submission whose answer is lost: the balance is claimed once, and one
// envelope is signed for it.
func TestCollectThroughCrashes(t *testing.T) {
	d := &door{}
	m := newAssetFixture(t, credit, d.through(plan{}))
	p := m.ripened()
	m.lineless()
	p = m.left(p)
	for m.head().Sequence <= p.SettledAt+10 {
		m.close(1)
	}
	m.watch()
	d.submit, d.bumps = dropped, nil
	m.work(relay.DoCollect) // signed, and never arrived
	m.openWorker()
	m.work(relay.DoCollect) // the same again
	m.openWorker()
	d.submit = d.lost
	m.work(relay.DoCollect)
	m.openWorker()
	d.submit = nil
	m.collected(p)
	m.wantUnits("the treasury", m.home, p.Amount)
	if d.bumps = slices.Compact(d.bumps); len(d.bumps) != 1 {
		t.Errorf("envelopes %v were handed in", d.bumps)
	}
}

// A payment ended so before balances were collected: the start finds it.
func TestCollectWhatWasLeftBefore(t *testing.T) {
	m := newAssetFixture(t, credit, plan{})
	p := m.ripened()
	m.lineless()
	p = m.left(p)
	err := m.store.UpdateMany(t.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.CloseWork(p.ID, relay.DoCollect) })
	if err != nil {
		t.Fatal(err)
	}
	m.round(20)
	if m.payment(p.ID).Collected != "" {
		t.Fatal("nothing asks for it, and it is collected")
	}
	m.openWorker()
	if err := m.w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.collected(p)
	m.wantUnits("the treasury", m.home, p.Amount)
}

// A holder of the treasury's key claimed the balance himself: the story names his transaction, and nothing is handed in.
func TestCollectedByHand(t *testing.T) {
	m := newAssetFixture(t, managed, plan{})
	p := m.ripened()
	treasury := m.treasuryKey(m.apps[0])
	m.does(m.own(treasury, nil, &txnbuild.AccountMerge{Destination: m.sponsor}))
	m.watch()
	p = m.left(p)
	rungs := m.rungs(p)
	id, _, err := stellar.BalanceLeft(rungs[len(rungs)-1].XDR)
	if err != nil {
		t.Fatal(err)
	}
	m.befriend(treasury.Address())
	m.does(m.own(treasury, nil, &txnbuild.ClaimClaimableBalance{BalanceID: id}))
	m.round(60)
	if p = m.is(p.ID, relay.Settled, relay.LeftClaimable); len(p.Collected) != 64 || p.Arrived != p.Amount {
		t.Errorf("%q\n%s", p.Collected, m.story(p.ID))
	}
}

// The issuer takes a balance back that a last resort left: the end says so, with the transaction, and nothing arrived. What was
// left by older code, and is gone, is not said to have arrived, nor to have been claimed by the service.
func TestABalanceIsClawedBack(t *testing.T) {
	for name, before := range map[string]bool{"seen": false, "left by older code": true} {
		t.Run(name, func(t *testing.T) {
			m := newAssetFixture(t, credit, plan{})
			p := m.ripened()
			m.lineless()
			p = m.left(p)
			if before {
				m.forgets(p.ID)
			}
			m.does(m.own(m.issuer, nil, &txnbuild.ClawbackClaimableBalance{BalanceID: p.Balance}))
			for range 100 {
				m.round(1)
				if p = m.payment(p.ID); p.Collected != "" || p.Reason != relay.LeftClaimable {
					break
				}
			}
			text := p.Ending().Sentence(relay.ToSender)
			switch {
			case p.State != relay.Settled || p.Arrived > 0 || m.units(m.home) > 0:
				t.Errorf("%s %q, arrived %s, the treasury has %s", p.State, p.Reason, p.Arrived, m.units(m.home))
			case before && (p.Reason != relay.LeftClaimable || p.Collected != relay.CollectedElsewhere || p.Arrived != -1 || !strings.Contains(text, "is not known")):
				t.Errorf("%q, %q, arrived %d: %s", p.Reason, p.Collected, p.Arrived, text)
			case !before && (p.Reason != relay.ClawedBack || p.Arrived != 0 || !strings.HasPrefix(text, "The issuer took the money back: nothing of ")):
				t.Errorf("%q, arrived %d: %s", p.Reason, p.Arrived, text)
			}
			m.round(5)
			if row, ok := m.row(p.ID, relay.DoCollect); !ok || row.DoneAt == 0 {
				t.Errorf("the work is not done: %+v", row)
			}
			if why := m.halted(); why != "" {
				t.Error(why)
			}
		})
	}
}

// What was left to a sender's own wallet: the history says that the wallet claimed it, or that its issuer took it back.
func TestABalanceOfAWallet(t *testing.T) {
	for name, clawed := range map[string]bool{"claimed": false, "clawed back": true} {
		t.Run(name, func(t *testing.T) {
			m := newAssetFixture(t, ownUSD, plan{})
			p := m.ripened()
			m.authorizes(m.home, false)
			m.watch()
			p = m.left(p)
			m.authorizes(m.home, true)
			if clawed {
				m.does(m.own(m.issuer, nil, &txnbuild.ClawbackClaimableBalance{BalanceID: p.Balance}))
			} else {
				m.does(m.own(m.wallet, nil, &txnbuild.ClaimClaimableBalance{BalanceID: p.Balance}))
			}
			m.watch()
			was := p
			p = m.payment(p.ID)
			if clawed && (p.Reason != relay.ClawedBack || p.Arrived != 0) || !clawed && (p.Reason != relay.LeftClaimable || p.Arrived != p.Amount || len(p.Collected) != 64) {
				t.Errorf("%q, arrived %s, %q", p.Reason, p.Arrived, p.Collected)
			}
			if p.State != was.State || p.SettledTx != was.SettledTx || p.ArrivedRest != was.ArrivedRest {
				t.Errorf("%+v", p)
			}
		})
	}
}

// forgets makes a payment one of older code, which did not write down which balance a last resort left.
func (m *assetFixture) forgets(id relay.PaymentID) {
	m.Helper()
	err := m.store.UpdateMany(m.Context(), []relay.PaymentID{id}, func(tx desk.Tx, ps []relay.Payment) error {
		ps[0].Balance = ""
		return tx.SavePayment(&ps[0])
	})
	if err != nil {
		m.Fatal(err)
	}
}

// What is left to a sender's own wallet is his alone.
func TestNothingIsCollectedForAWallet(t *testing.T) {
	m := newAssetFixture(t, ownUSD, plan{})
	p := m.ripened()
	m.authorizes(m.home, false)
	m.watch()
	p = m.left(p)
	if row, ok := m.row(p.ID, relay.DoCollect); ok {
		t.Errorf("%+v", row)
	}
	_, err := m.signer.Collect(t.Context(), relay.CollectIntent{App: p.App, Payment: p.ID, Sequence: 1})
	if relay.CodeOf(err) != "not_the_treasurys" {
		t.Error(err)
	}
}
