package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// A sender sends a stroop of an asset of his own to himself, again and again, and claims it into a new account each time: every
// one of them keeps reserves and first fees of the sponsor's. It stops at the app's share; the payment that is over it waits and
// is not blamed, another app is served, and the next day goes on with a share of what is left then.
func TestDrainStopsAtTheShare(t *testing.T) {
	m := newAssetFixture(t, credit, plan{})
	const left = 41 * relay.One // one of them is the sponsor's own reserve
	m.does(m.own(m.treasuryKey(relay.App{Treasury: m.sponsor}), nil, &txnbuild.Payment{Destination: m.payer.Address(),
		Amount: (m.has(m.sponsor) - left - 100).String(), Asset: txnbuild.NativeAsset{}}))
	m.watch()
	each := 3*relay.Stroops(stellar.BaseReserve) + relay.FirstFees
	taken, over := 0, relay.PaymentID("")
	for ; over == "" && taken < 20; taken++ {
		p := m.request(func(p *relay.Payment) { p.Amount = 1 })
		for m.round(1); m.payment(p.ID).State == relay.Funding; m.round(1) {
		}
		if p = m.payment(p.ID); p.State != relay.Pending {
			over = p.ID
			break
		}
		m.claim(p, keypair.MustRandom(), 10)
		m.until(p.ID, relay.Claimed)
	}
	if over == "" || taken == 0 {
		t.Fatalf("%d claims took %s of the sponsor's %s, and nothing stopped it", taken, each*relay.Stroops(taken), left)
	}
	if spent := each * relay.Stroops(taken); spent > relay.ShareOf(left, relay.BudgetShare) {
		t.Errorf("%d claims took %s of the sponsor's %s", taken, spent, left)
	}
	m.is(over, relay.Created, "")
	other := m.openApp()
	m.until(m.open(other, nil).ID, relay.Pending)
	m.is(over, relay.Created, "")
	m.apply(over, relay.CancelAsked{})
	m.is(over, relay.Canceled, relay.ByCancel)
}
