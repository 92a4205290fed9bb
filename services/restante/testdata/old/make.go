package main

// This file makes a data directory with payments in every live state. `.ci/olddata` lays it into a checkout of an older commit,
// as a test of package main there, and packs what it leaves behind: a data directory that the code of that commit wrote, and
// play.json, which is what the people in it know (links, receipts, keys). It is not compiled here.
//
// It runs in three acts. In the first everything runs and ledgers close; in the second the workers run and no ledger closes, so
// that what they hand in stays on its way; in the third only the API runs, so that nothing is funded. The ledger keeps nothing
// that waits for it, so each later start finds those envelopes signed, written down, and in no ledger.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// oldPayment is one payment of play.json.
type oldPayment struct {
	Name     string
	ID       string
	State    string // when the directory was left
	Reason   string
	Asset    string
	Amount   string // as the API spells it
	Wallet   string // seed of the wallet it is out of; "" = the app's treasury
	Link     string
	Claimant string             // seed of the account that it is, or is to be, claimed into
	Replaces string             // id of the payment whose money it moves
	Receipt  *client.OwnReceipt // of a payment whose holding account the sender's client made
	Finish   string             // what is left to do: "", "claim", "code", "cancel", "expire", "thaw", "allow", "undo"
}

// oldPlay is play.json.
type oldPlay struct {
	Key, Treasury, Identity string // API key, treasury and age identity of the app
	Sender                  string // age identity of those who send out of wallets
	Issuer, Asset           string // seed, CODE:ISSUER
	OnFile                  string // account that ana@example.com agreed to be paid into
	Payments                []*oldPayment
}

type maker struct {
	*testing.T
	ctx    context.Context
	d      *stage
	play   oldPlay
	issuer *keypair.Full
	sender *age.X25519Identity
	carl   person // his wallet has signed nothing yet
}

func TestMakeOld(t *testing.T) {
	dir := os.Getenv("RESTANTE_OLD")
	if dir == "" {
		t.Skip("RESTANTE_OLD is not set")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	m := &maker{T: t, ctx: ctx}
	data := filepath.Join(dir, "data")

	end := m.open(data, true)
	m.first()
	m.second()
	end()
	end = m.open(data, false)
	m.third()
	m.note()
	end()

	text, err := json.MarshalIndent(m.play, "", "\t")
	m.must(err)
	m.must(os.WriteFile(filepath.Join(dir, "play.json"), text, 0o600))
}

func (m *maker) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// open starts on the directory; without running, only the API answers.
func (m *maker) open(data string, running bool) (end func()) {
	settings := func(c *houseConfig) {
		c.Data, c.log = data, slog.New(slog.NewTextHandler(m.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	if running {
		d, end, err := raise(m.ctx, io.Discard, settings)
		m.must(err)
		m.d, m.play.Key, m.play.Treasury, m.play.Identity = d, d.w.key, d.w.app.Treasury, d.w.identity
		return end
	}
	cfg := houseConfig{upConfig: defaultUp()}
	settings(&cfg)
	cfg.Addr, cfg.Ledger.Interval = "127.0.0.1:0", 0
	h, err := openHouse(m.ctx, cfg)
	m.must(err)
	w, err := h.settleIn(m.ctx)
	m.must(err)
	m.d = &stage{out: io.Discard, house: h, w: w}
	m.d.app, err = client.New(h.base, client.Options{Key: secret.NewString(w.key)})
	m.must(err)
	return func() { m.must(h.close()) }
}

// send sends out of the treasury: "25" lumens, or "10" of the asset.
func (m *maker) send(name, finish string, change func(*client.SendRequest)) *oldPayment {
	m.Helper()
	r := client.SendRequest{To: name + "@example.com", Amount: "25", Note: "for the concert", Policy: string(relay.Link), Reference: name}
	if change != nil {
		change(&r)
	}
	sent, err := m.d.app.Send(m.ctx, r)
	m.must(err)
	return m.add(name, finish, sent)
}

func (m *maker) add(name, finish string, sent client.Sent) *oldPayment {
	link := ""
	if sent.Link.PaymentID != "" {
		var err error
		link, err = sent.Link.Reveal()
		m.must(err)
	}
	p := &oldPayment{Name: name, ID: sent.Payment.ID, Link: link, Finish: finish, Claimant: keypair.MustRandom().Seed(),
		Asset: sent.Payment.Asset, Amount: sent.Payment.Amount}
	m.play.Payments = append(m.play.Payments, p)
	return p
}

func (m *maker) credit(r *client.SendRequest) { r.Asset, r.Amount = m.play.Asset, "10" }

// own sends out of a wallet. signed false leaves the funding unsigned; nil change is lumens.
func (m *maker) own(name, finish string, wallet person, signed bool, change func(*client.SendRequest)) *oldPayment {
	m.Helper()
	var kept client.OwnReceipt
	r := m.d.fromWallet(wallet, m.sender.Recipient().String(), &kept)
	r.Policy, r.Reference, r.To = string(relay.Link), name, name+"@example.com"
	if change != nil {
		change(&r.SendRequest)
	}
	if !signed {
		r.Sign = nil
	}
	sent, err := m.d.app.SendOwn(m.ctx, r)
	m.must(err)
	p := m.add(name, finish, sent)
	p.Wallet, p.Receipt = wallet.Seed(), &kept
	return p
}

// move begins to move the money of p.
func (m *maker) move(name, finish string, p *oldPayment, keep func() error) *oldPayment {
	m.Helper()
	q := client.MoveRequest{ID: p.ID, To: name + "@example.com", Policy: string(relay.Link), Identity: secret.NewString(m.play.Identity)}
	if p.Wallet != "" {
		q.Identity = secret.NewString(m.sender.String())
		q.Sign = client.SignWith(m.d.house.cfg.Ledger.Passphrase, secret.NewString(p.Wallet))
	}
	var kept client.OwnReceipt
	q.Keep = func(r client.OwnReceipt) error {
		kept = r
		if keep != nil {
			return keep()
		}
		return nil
	}
	sent, err := m.d.app.Move(m.ctx, q)
	if sent.Payment.ID == "" {
		m.must(err)
	}
	out := m.add(name, finish, sent)
	out.Wallet, out.Receipt, out.Replaces = p.Wallet, &kept, p.ID
	return out
}

func (m *maker) reach(p *oldPayment, states ...relay.State) client.Payment {
	m.Helper()
	got, err := m.d.reach(m.ctx, p.ID, states...)
	m.must(err)
	return got
}

// wait waits for a state that needs no ledger.
func (m *maker) wait(p *oldPayment, state relay.State) {
	m.Helper()
	_, err := m.d.app.Follow(m.ctx, p.ID, func(got client.Payment) bool { return got.State == string(state) })
	m.must(err)
}

func (m *maker) cancel(p *oldPayment) {
	m.Helper()
	_, err := m.d.app.Cancel(m.ctx, p.ID)
	m.must(err)
}

func (m *maker) request(p *oldPayment) client.ClaimRequest {
	link, err := client.ParseLink(p.Link)
	m.must(err)
	key, err := keypair.ParseFull(p.Claimant)
	m.must(err)
	return m.d.claimInto(link, key)
}

func (m *maker) claim(p *oldPayment, change func(*client.ClaimRequest)) {
	m.Helper()
	r := m.request(p)
	if change != nil {
		change(&r)
	}
	m.must(m.d.whileClosing(m.ctx, func(ctx context.Context) error { _, err := m.d.anyone.Claim(ctx, r); return err }))
}

// begin hands a claim in and does not wait for the ledger.
func (m *maker) begin(p *oldPayment) {
	m.Helper()
	ctx, leave := context.WithCancel(m.ctx)
	done := make(chan struct{})
	go func() { defer close(done); _, _ = m.d.anyone.Claim(ctx, m.request(p)) }()
	m.wait(p, relay.Claiming)
	leave()
	<-done
}

func (m *maker) person() person {
	p, err := m.d.somebody(m.ctx)
	m.must(err)
	return p
}

// first is everything that a ledger has seen.
func (m *maker) first() {
	d := m.d
	var err error
	m.sender, err = age.GenerateX25519Identity()
	m.must(err)
	m.play.Sender = m.sender.String()
	issuer, asset, err := d.issued(m.ctx)
	m.must(err)
	m.issuer, m.play.Issuer, m.play.Asset = issuer.Full, issuer.Seed(), asset
	usd := txnbuild.CreditAsset{Code: "USD", Issuer: issuer.Address()}
	ben, eva := m.person(), m.person()
	m.carl = m.person()
	m.must(d.does(m.ctx, eva, &txnbuild.ChangeTrust{Line: usd.MustToChangeTrustAsset()}))
	m.must(d.does(m.ctx, issuer, &txnbuild.Payment{Destination: eva.Address(), Amount: "1000", Asset: usd}))

	// Waiting, and ended. Out of the treasury: lumens, then the asset; then out of two wallets, the second with the asset.
	guarded := func(r *client.SendRequest) { r.To, r.Policy = "ana@example.com", string(relay.Guarded) }
	soon := func(r *client.SendRequest) { r.ExpiresIn = "1h" }
	waiting := []*oldPayment{
		m.send("pending-claim", "claim", nil), m.send("pending-code", "code", guarded), m.send("pending-cancel", "cancel", nil),
		m.send("pending-expire", "expire", soon),
		m.send("credit-pending-claim", "claim", m.credit), m.send("credit-pending-cancel", "cancel", m.credit),
		m.send("credit-pending-expire", "expire", func(r *client.SendRequest) { m.credit(r); soon(r) }),
	}
	own := func(name, finish string, change func(*client.SendRequest)) *oldPayment {
		w := ben
		if change != nil {
			w = eva
		}
		p := m.own(name, finish, w, true, change)
		m.reach(p, relay.Pending) // a wallet signs one number after the other
		return p
	}
	own("wallet-pending-claim", "claim", nil)
	own("wallet-pending-cancel", "cancel", nil)
	own("wallet-pending-expire", "expire", soon)
	own("wallet-credit-pending-claim", "claim", m.credit)
	own("wallet-credit-pending-cancel", "cancel", m.credit)
	for _, p := range waiting {
		m.reach(p, relay.Pending)
	}
	file := m.send("on-file", "", guarded)
	m.reach(file, relay.Pending)
	m.claim(file, func(r *client.ClaimRequest) { r.OnFile = true })
	key, err := keypair.ParseFull(file.Claimant)
	m.must(err)
	m.play.OnFile = key.Address()
	returned, canceled := m.send("ended-returned", "", nil), m.send("ended-declined", "", nil)
	m.reach(returned, relay.Pending)
	m.reach(canceled, relay.Pending)
	m.cancel(returned)
	link, err := client.ParseLink(canceled.Link)
	m.must(err)
	_, err = d.anyone.Decline(m.ctx, link)
	m.must(err)
	m.reach(returned, relay.Returned)
	m.reach(canceled, relay.Returned)

	// Moved, and waiting where it was moved to.
	old := m.send("moved", "", nil)
	m.reach(old, relay.Pending)
	m.reach(m.move("move-pending-claim", "claim", old, nil), relay.Pending)
	old = own("wallet-moved", "", nil)
	m.reach(m.move("wallet-move-pending-cancel", "cancel", old, nil), relay.Pending)

	m.park(ben, eva, usd)

	// For the second act.
	for _, name := range []string{"claiming", "returning", "race", "move-of"} {
		m.reach(m.send(name, "", nil), relay.Pending)
	}
	m.reach(m.send("credit-claiming", "", m.credit), relay.Pending)
	m.reach(m.send("credit-returning", "", m.credit), relay.Pending)
	own("wallet-claiming", "", nil)
	own("wallet-returning", "", nil)
	own("wallet-move-of", "", nil)
	own("wallet-credit-claiming", "", m.credit)
	own("wallet-credit-returning", "", m.credit)
}

// park makes what is parked: frozen by the network, by its issuer, clawed back, taken over by a holder of the key.
func (m *maker) park(ben, eva person, usd txnbuild.CreditAsset) {
	d, issuer := m.d, person{m.issuer}
	holding := func(p *oldPayment) string { return *m.reach(p, relay.Pending).HoldingAccount }

	p := m.send("parked-frozen", "thaw", nil)
	var id xdr.AccountId
	m.must(id.SetAddress(holding(p)))
	key, err := id.LedgerKey()
	m.must(err)
	m.must(d.house.net.Freeze([]xdr.LedgerKey{key}, nil))
	m.must(d.closeLedger(m.ctx))
	m.cancel(p)
	m.reach(p, relay.Parked)

	for _, c := range []struct {
		p *oldPayment
		w person
	}{
		{m.send("credit-parked-deauthorised", "allow", m.credit), person{}},
		{m.own("wallet-credit-parked-deauthorised", "allow", eva, true, m.credit), eva},
	} {
		off := &txnbuild.SetTrustLineFlags{Trustor: holding(c.p), Asset: usd, ClearFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}}
		m.must(d.does(m.ctx, issuer, off))
		m.reach(c.p, relay.Parked)
	}
	for _, p := range []*oldPayment{
		m.send("credit-parked-clawed-back", "cancel", m.credit), m.own("wallet-credit-parked-clawed-back", "cancel", eva, true, m.credit),
	} {
		m.must(d.does(m.ctx, issuer, &txnbuild.Clawback{From: holding(p), Amount: "10", Asset: usd}))
		m.reach(p, relay.Parked)
	}
	for name, op := range map[string]txnbuild.Operation{
		"undo":   &txnbuild.ManageData{Name: "mine", Value: []byte("x")},
		"cancel": &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: ben.Address(), Weight: 1}},
	} {
		p := m.own("wallet-parked-"+name, name, ben, true, nil)
		m.reach(p, relay.Pending)
		key, err := seedOf(p.Receipt.Receipt, m.sender)
		m.must(err)
		m.must(d.does(m.ctx, person{key}, op))
		m.reach(p, relay.Parked)
	}
}

func (m *maker) named(name string) *oldPayment {
	for _, p := range m.play.Payments {
		if p.Name == name {
			return p
		}
	}
	m.Fatalf("there is no %s", name)
	return nil
}

// second is what is on its way: no ledger closes any more.
func (m *maker) second() {
	for _, name := range []string{"claiming", "credit-claiming", "wallet-claiming", "wallet-credit-claiming"} {
		m.begin(m.named(name))
	}
	for _, name := range []string{"returning", "credit-returning", "wallet-returning", "wallet-credit-returning"} {
		m.cancel(m.named(name))
		m.wait(m.named(name), relay.Returning)
	}
	m.move("move-funding", "claim", m.named("move-of"), nil)
	m.move("wallet-move-funding", "claim", m.named("wallet-move-of"), nil)
	m.move("race-move", "cancel", m.named("race"), func() error { m.begin(m.named("race")); return nil })
	for _, p := range []*oldPayment{
		m.send("funding", "claim", nil), m.send("funding-cancel", "", nil), m.send("credit-funding", "claim", m.credit),
		m.send("direct-funding", "", func(r *client.SendRequest) { r.To, r.Direct = "ana@example.com", true }),
	} {
		m.wait(p, relay.Funding)
	}
	m.cancel(m.named("funding-cancel"))
	ben, eva := m.wallet("wallet-claiming"), m.wallet("wallet-credit-claiming")
	m.wait(m.own("wallet-funding", "claim", ben, true, nil), relay.Funding)
	m.wait(m.own("wallet-credit-funding", "claim", eva, true, m.credit), relay.Funding)
	m.wait(m.own("wallet-funding-unsigned", "", m.carl, false, nil), relay.Funding)
}

// wallet is that of an earlier payment.
func (m *maker) wallet(name string) person {
	key, err := keypair.ParseFull(m.named(name).Wallet)
	m.must(err)
	return person{key}
}

// third is what waits for a worker, or for its sender.
func (m *maker) third() {
	m.send("created", "claim", nil)
	m.send("created-expire", "expire", func(r *client.SendRequest) { r.ExpiresIn = "1h" })
	m.send("credit-created", "claim", m.credit)
	m.send("direct-created", "", func(r *client.SendRequest) { r.To, r.Direct = "ana@example.com", true })
	m.cancel(m.send("ended-canceled", "", nil))
	ben := m.wallet("wallet-claiming")
	kept := false
	r := m.d.fromWallet(ben, m.sender.Recipient().String(), &client.OwnReceipt{})
	r.Reference, r.Policy = "wallet-created", string(relay.Link)
	r.Keep = func(client.OwnReceipt) error { kept = true; return errors.New("power cut") }
	_, err := m.d.app.SendOwn(m.ctx, r)
	if !kept {
		m.Fatal(err)
	}
	found, err := m.d.app.List(m.ctx, client.Filter{Reference: r.Reference})
	m.must(err)
	p := m.add(r.Reference, "", client.Sent{Payment: found.Data[0]})
	p.Wallet = ben.Seed()
}

// note writes down in which states the directory is left.
func (m *maker) note() {
	seen := map[string]int{}
	for _, p := range m.play.Payments {
		got, err := m.d.app.Get(m.ctx, p.ID, 0)
		m.must(err)
		p.State, p.Reason = got.State, got.Reason
		seen[p.State]++
		m.Logf("%-34s %s %s", p.Name, p.State, p.Reason)
	}
	for _, s := range relay.States {
		if !s.State.Ended() && seen[string(s.State)] == 0 {
			m.Fatal(fmt.Errorf("no payment is %s", s.State))
		}
	}
}
