package worker_test

import (
	"crypto/rand"
	"maps"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/internal/bareledger"
)

// kind is what a payment is of, and whose money funds it.
type kind struct{ credit, self bool }

func (k kind) String() string {
	name := "native"
	if k.credit {
		name = "credit"
	}
	if k.self {
		return name + " own wallet"
	}
	return name + " managed"
}

var (
	managed  = kind{}
	credit   = kind{credit: true}
	own      = kind{self: true}
	ownUSD   = kind{credit: true, self: true}
	allKinds = []kind{managed, credit, own, ownUSD}
	newKinds = []kind{credit, own, ownUSD} // the other one has tests of its own
)

// assetFixture is a fixture with an issuer, whose asset the treasury and a sender's wallet have.
type assetFixture struct {
	*fixture
	kind
	issuer *keypair.Full
	wallet *keypair.Full
	asset  txnbuild.CreditAsset
	text   string // of the payment's asset
	home   string // where the money is from, and where it goes home to
	stock  relay.Stroops
	fees   relay.Stroops // of what people did by hand, out of accounts that are counted
}

// each plays a scene with every kind.
func each(t *testing.T, kinds []kind, scene func(m *assetFixture)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			scene(newAssetFixture(t, k, plan{}))
		})
	}
}

func newAssetFixture(t *testing.T, k kind, p plan) *assetFixture {
	t.Helper()
	m := &assetFixture{fixture: newFixture(t, p), kind: k, issuer: keypair.MustRandom(), wallet: keypair.MustRandom(), text: relay.Native}
	m.home = m.apps[0].Treasury
	if k.self {
		m.home = m.wallet.Address()
		m.befriend(m.home)
	}
	if !k.credit {
		return m
	}
	m.asset = txnbuild.CreditAsset{Code: "USD", Issuer: m.issuer.Address()}
	m.text, m.stock = "USD:"+m.issuer.Address(), 1000*relay.One
	m.befriend(m.issuer.Address())
	m.does(m.own(m.issuer, nil, &txnbuild.SetOptions{SetFlags: []txnbuild.AccountFlag{txnbuild.AuthRevocable, txnbuild.AuthClawbackEnabled}}))
	key := m.wallet
	if !k.self {
		key = m.treasuryKey(m.apps[0])
	}
	m.trusts(key)
	m.does(m.own(m.issuer, nil, m.pays("", m.home, m.stock)))
	m.watch()
	return m
}

// trusts gives an account that exists a trustline for the asset.
func (m *assetFixture) trusts(key *keypair.Full) {
	m.Helper()
	m.does(m.own(key, nil, &txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset()}))
}

// pays is a payment of the asset; from "" is the source of the transaction.
func (m *assetFixture) pays(from, to string, amount relay.Stroops) txnbuild.Operation {
	return &txnbuild.Payment{Destination: to, Amount: amount.String(), Asset: m.asset, SourceAccount: from}
}

// clawsBack has the issuer take an amount back.
func (m *assetFixture) clawsBack(from string, amount relay.Stroops) {
	m.Helper()
	m.does(m.own(m.issuer, nil, &txnbuild.Clawback{From: from, Amount: amount.String(), Asset: m.asset}))
}

// authorizes has the issuer let an account hold the asset, or not.
func (m *assetFixture) authorizes(account string, yes bool) {
	m.Helper()
	op := &txnbuild.SetTrustLineFlags{Trustor: account, Asset: m.asset}
	if flags := []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}; yes {
		op.SetFlags = flags
	} else {
		op.ClearFlags = flags
	}
	m.does(m.own(m.issuer, nil, op))
}

// request accepts a payment of the kind; nothing is done for it yet.
func (m *assetFixture) request(change func(*relay.Payment)) relay.Payment {
	m.Helper()
	head := m.head()
	return m.open(m.apps[0], func(p *relay.Payment) {
		p.Asset = m.text
		if m.self {
			p.From, p.Sponsor, p.ReturnTo = m.home, m.home, m.home
			p.Purse, p.RungFee = stellar.Prices.Purse(m.text), relay.OwnRungFee
			p.FundBy, p.FundUntil = head.Sequence+bound, head.CloseTime+600
		}
		if change != nil {
			change(p)
		}
	})
}

// moving is a request that takes the money of a payment over.
func (m *assetFixture) moving(old relay.Payment) relay.Payment {
	m.Helper()
	return m.open(m.apps[0], func(p *relay.Payment) { *p = m.takingOver(*p, old) })
}

// takingOver is p with the terms of a payment that takes old's money over.
func (m *assetFixture) takingOver(p, old relay.Payment) relay.Payment {
	m.Helper()
	head := m.head()
	p.Asset, p.ReturnTo, p.ExpiresAt, p.Amount = old.Asset, old.ReturnTo, old.ExpiresAt, old.Amount
	p.From, p.Sponsor, p.Purse, p.RungFee, p.Replaces = old.Holding, old.Sponsor, old.Purse, old.RungFee, old.ID
	p.FundBy, p.FundUntil = head.Sequence+bound, head.CloseTime+600
	return p
}

// deposit has the sender's client mint, and what it minted committed and kept. The answer's funding lacks signatures.
func (m *assetFixture) deposit(p relay.Payment) relay.FundAnswer {
	m.Helper()
	kept := m.minted(p)
	err := m.desk.CommitFunding(m.Context(), kept)
	if err == nil {
		kept, err = m.signer.Keep(m.Context(), relay.KeepIntent{App: p.App, Funded: kept})
	}
	if err != nil {
		m.Fatal(err)
	}
	return kept
}

// minted is what the sender's client makes.
func (m *assetFixture) minted(p relay.Payment) relay.FundAnswer {
	m.Helper()
	sequence, err := m.port.Sequence(m.Context(), p.From)
	if err != nil {
		m.Fatal(err)
	}
	return m.mintedAt(p, sequence+1)
}

// mintedAt is the same with a sequence number of the client's choice.
func (m *assetFixture) mintedAt(p relay.Payment, sequence int64) relay.FundAnswer {
	m.Helper()
	fundingPlan := mint.Plan{Passphrase: passphrase, App: p.App, Channel: p.From, Sponsor: p.Sponsor, Treasury: p.From, Rescue: m.sponsor,
		Sequence: sequence, SignedAt: m.head().Sequence, Bound: p.FundBy, MaxTime: p.FundUntil, Route: p.Route, ReturnMemo: p.ReturnMemo}
	if p.FromWallet() {
		fundingPlan.Fee = 1400
	} else {
		fundingPlan.Sponsor = m.sponsor
	}
	answer, err := mint.Own(rand.Reader, fundingPlan, relay.Mint{Payment: p.ID, Amount: p.Amount, Asset: p.Asset, Note: p.Note, ReturnTo: p.ReturnTo,
		ExpiresAt: p.ExpiresAt, SenderRecipients: p.SenderRecipients.List(), ClaimRecipient: p.ClaimRecipient})
	if err != nil {
		m.Fatal(err)
	}
	if !p.IsMove() {
		if answer.Minted[0].Proof, err = stellar.SignMessage(stellar.WalletMessage(p.From, p.ID, passphrase), m.wallet); err != nil {
			m.Fatal(err)
		}
	}
	return answer
}

// signedBy is the funding of an answer with the signatures that its sender adds.
func (m *assetFixture) signedBy(a relay.FundAnswer, keys ...*keypair.Full) []byte {
	m.Helper()
	return raw(m.T, sign(m.T, text(a.Envelope.XDR), keys...))
}

// signs has the sender sign a funding and hand it to the service.
func (m *assetFixture) signs(a relay.FundAnswer, keys ...*keypair.Full) {
	m.Helper()
	if _, err := m.desk.SignFunding(m.Context(), a.Minted[0].Payment, a.Envelope.Hash, m.signedBy(a, keys...)); err != nil {
		m.Fatal(err)
	}
}

// waiting is a payment of the kind whose money waits.
func (m *assetFixture) waiting(change func(*relay.Payment)) relay.Payment {
	m.Helper()
	p := m.request(change)
	if m.self {
		m.signs(m.deposit(p), m.wallet)
	}
	return m.until(p.ID, relay.Pending)
}

// ripened is one whose way back is open, too.
func (m *assetFixture) ripened() relay.Payment {
	m.Helper()
	p := m.waiting(nil)
	for m.head().Sequence < p.Bound {
		m.close(1)
	}
	m.watch()
	return p
}

// units is what an account has of the asset as code that is not ours reads it; -1 when it has no trustline.
func (m *assetFixture) units(account string) relay.Stroops {
	m.Helper()
	var key xdr.LedgerKey
	if err := key.SetTrustline(xdr.MustAddress(account), xdr.MustNewCreditAsset("USD", m.issuer.Address()).ToTrustLineAsset()); err != nil {
		m.Fatal(err)
	}
	ask, err := xdr.MarshalBase64(key)
	if err != nil {
		m.Fatal(err)
	}
	var answer struct {
		Entries []struct{ XDR string }
	}
	if err := m.bare.Call(m.Context(), "getLedgerEntries", map[string]any{"keys": []string{ask}}, &answer); err != nil {
		m.Fatal(err)
	}
	if len(answer.Entries) == 0 {
		return -1
	}
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(answer.Entries[0].XDR, &data); err != nil {
		m.Fatal(err)
	}
	return relay.Stroops(data.MustTrustLine().Balance)
}

// amount is what an account has of the payment's asset.
func (m *assetFixture) amount(account string) relay.Stroops {
	m.Helper()
	if m.credit {
		return m.units(account)
	}
	return m.has(account)
}

func (m *assetFixture) wantUnits(who, account string, want relay.Stroops) {
	m.Helper()
	if got := m.units(account); m.credit && got != want {
		m.Errorf("%s has %d of the asset, not %d", who, got, want)
	}
}

// house is everything of ours: the sponsor and the channels, with reserves and numbers.
func (m *assetFixture) house() map[string]bareledger.Account {
	m.Helper()
	sponsor, channels, err := m.signer.Accounts(m.Context())
	if err != nil {
		m.Fatal(err)
	}
	out := map[string]bareledger.Account{}
	for _, account := range append(channels, sponsor) {
		if out[account], err = m.bare.Account(m.Context(), account); err != nil {
			m.Fatal(err)
		}
	}
	return out
}

// books are all lumens and all units of the asset of all accounts that take part, and what the ledger charged for our
// envelopes. Nothing but fees ever leaves them.
type books struct{ lumens, units relay.Stroops }

func (m *assetFixture) books(accounts ...string) (b books) {
	m.Helper()
	for account := range m.house() {
		accounts = append(accounts, account)
	}
	for _, account := range append(accounts, m.home) {
		b.lumens += max(m.has(account), 0)
		if m.credit {
			b.units += max(m.units(account), 0)
		}
	}
	return b
}

// charged is what the ledger charged for every envelope of a payment.
func (m *assetFixture) charged(ids ...relay.PaymentID) (sum relay.Stroops) {
	m.Helper()
	for _, id := range ids {
		for _, e := range m.envelopes(id) {
			sum += e.Fee
		}
	}
	return sum
}

// balanced wants the books as before, less the fees; that an own wallet cost us nothing; and that nothing is halted.
func (m *assetFixture) balanced(before books, house map[string]bareledger.Account, accounts []string, ids ...relay.PaymentID) {
	m.Helper()
	before.lumens -= m.charged(ids...) + m.fees
	if after := m.books(accounts...); after != before {
		m.Errorf("the books are %+v, not %+v", after, before)
	}
	if m.self && !maps.Equal(m.house(), house) {
		m.Errorf("it cost the service: %+v, before %+v", m.house(), house)
	}
	if why := m.halted(); why != "" {
		m.Error(why)
	}
}

// envelope is one as it is written down by now.
func (m *assetFixture) envelope(e relay.Envelope) relay.Envelope {
	m.Helper()
	now, err := m.desk.Envelope(m.Context(), e.Hash)
	if err != nil {
		m.Fatal(err)
	}
	return now
}
