package worker_test

import (
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/stellar"
)

var serviceKinds = []kind{managed, credit}

// carried is what the sponsor keeps for others, in base reserves, as code that is not ours reads it.
func (m *assetFixture) carried() int64 {
	m.Helper()
	a, err := m.bare.Account(m.Context(), m.sponsor)
	if err != nil {
		m.Fatal(err)
	}
	return int64(a.NumSponsoring)
}

// newcomer claims a payment into an account that the claim makes.
func (m *assetFixture) newcomer() (relay.Payment, *keypair.Full) {
	m.Helper()
	p, ana := m.ripened(), keypair.MustRandom()
	m.claim(p, ana, 10)
	p = m.until(p.ID, relay.Claimed)
	if p.SpentUnits != relay.AssetUnits(p.Asset) {
		m.Fatalf("%d reserves are in her account", p.SpentUnits)
	}
	return p, ana
}

// gets pays lumens to an account out of another.
func (m *assetFixture) gets(account, amount string) {
	m.Helper()
	m.does(m.own(m.payer, nil, &txnbuild.Payment{Destination: account, Amount: amount, Asset: txnbuild.NativeAsset{}}))
}

func (m *assetFixture) asks(want int) {
	m.Helper()
	if n, err := m.desk.Reclaim(m.Context(), m.apps[0].ID, nil); err != nil || n != want {
		m.Fatalf("%d accounts are asked, not %d: %v", n, want, err)
	}
}

// The owner can carry her account: the sponsor has its reserves back, the books say so, and she has lost nothing.
func TestReclaimFromTheRich(t *testing.T) {
	each(t, serviceKinds, func(m *assetFixture) {
		before := m.carried()
		p, ana := m.newcomer()
		m.gets(ana.Address(), "10")
		had, units := m.has(ana.Address()), m.units(ana.Address())
		m.round(3)
		if got := m.carried(); got != before+int64(p.SpentUnits) {
			m.Errorf("the sponsor carries %d, not %d: a reclaim was not asked yet", got, before+int64(p.SpentUnits))
		}
		m.asks(1)
		m.round(12 + 3)
		if got := m.carried(); got != before {
			m.Errorf("the sponsor carries %d, not %d\n%s", got, before, m.story(p.ID))
		}
		p = m.is(p.ID, relay.Claimed, "")
		u, err := m.desk.Usage(m.Context(), p.App, p.Asset)
		if err != nil || u.SpentUnits != 0 || p.SpentUnits != 0 {
			m.Errorf("%d reserves are spent, %d of the payment's, %v", u.SpentUnits, p.SpentUnits, err)
		}
		m.wantHas("she", ana.Address(), had)
		if m.credit {
			m.wantUnits("she", ana.Address(), units)
		}
		if row, _ := m.row(p.ID, relay.DoReclaim); row.DoneAt == 0 {
			m.Error("the work is not done")
		}
		history, err := relaytest.History(m.Context(), m.store, p.ID)
		if err != nil || !slices.ContainsFunc(history, func(e relay.Entry) bool { return e.Input == "reserves_back" }) {
			m.Errorf("the story does not tell: %v", err)
		}
		m.asks(0)
		if why := m.halted(); why != "" {
			m.Error(why)
		}
	})
}

// She cannot carry it: nothing is handed in, and it is looked at again. When she can, it comes back.
func TestReclaimFromThePoor(t *testing.T) {
	m := newAssetFixture(t, credit, plan{})
	before := m.carried()
	p, ana := m.newcomer()
	fees := m.has(m.sponsor)
	m.asks(1)
	m.round(20)
	if got := m.carried(); got != before+3 {
		t.Errorf("the sponsor carries %d", got)
	}
	m.wantHas("the sponsor", m.sponsor, fees)
	if row, ok := m.row(p.ID, relay.DoReclaim); !ok || row.DoneAt != 0 || row.Note == "" {
		t.Errorf("%+v", row)
	}
	m.gets(ana.Address(), (relay.ReclaimSpare + 3*stellar.BaseReserve - 500_000).String()) // with the first fees just enough
	m.round(45)
	if got := m.carried(); got != before || m.payment(p.ID).SpentUnits != 0 {
		t.Errorf("the sponsor carries %d\n%s", got, m.story(p.ID))
	}
}

// She merged her account away, which gave the reserves back: the books follow.
func TestReclaimFromTheMerged(t *testing.T) {
	m := newAssetFixture(t, managed, plan{})
	before := m.carried()
	p, ana := m.newcomer()
	m.does(m.own(ana, nil, &txnbuild.AccountMerge{Destination: m.payer.Address()}))
	m.asks(1)
	m.round(14)
	if got := m.carried(); got != before || m.payment(p.ID).SpentUnits != 0 {
		t.Errorf("the sponsor carries %d\n%s", got, m.story(p.ID))
	}
}

// Where the app chose so, it happens without a request.
func TestReclaimByItself(t *testing.T) {
	m := newAssetFixture(t, managed, plan{})
	yes, no := true, false
	if n, err := m.desk.Reclaim(t.Context(), m.apps[0].ID, &yes); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	before := m.carried()
	p, _ := m.newcomer() // 25 lumens: she can
	m.round(14)
	if got := m.carried(); got != before || m.payment(p.ID).SpentUnits != 0 {
		t.Errorf("the sponsor carries %d\n%s", got, m.story(p.ID))
	}
	if _, err := m.desk.Reclaim(t.Context(), m.apps[0].ID, &no); err != nil {
		t.Fatal(err)
	}
	q, _ := m.newcomer()
	m.round(14)
	if m.payment(q.ID).SpentUnits != relay.AccountUnits {
		t.Error("it is not asked for any more, and comes back all the same")
	}
}

// The process ends after each step, and the envelope is lost or handed in twice: the reserves come back once.
func TestReclaimThroughCrashes(t *testing.T) {
	d := &door{}
	m := newAssetFixture(t, managed, d.through(plan{}))
	before := m.carried()
	p, _ := m.newcomer()
	m.round(12)
	m.asks(1)
	d.submit = func(envelope []byte) (relay.Answer, bool) { return dropped(envelope) }
	m.work(relay.DoReclaim) // signed, and never arrived
	m.openWorker()
	m.work(relay.DoReclaim) // the same again
	d.submit = nil
	m.round(3)
	m.openWorker()
	m.round(8)
	if got := m.carried(); got != before || m.payment(p.ID).SpentUnits != 0 {
		t.Errorf("the sponsor carries %d\n%s", got, m.story(p.ID))
	}
}
