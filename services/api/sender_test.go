package api_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// sender is a sender with a wallet, and his client.
type sender struct {
	*fixture
	wallet   *keypair.Full
	identity *age.X25519Identity
	token    string
}

func (w *fixture) sender() sender {
	w.Helper()
	s := sender{fixture: w, wallet: keypair.MustRandom(), token: rand.Text()}
	var err error
	if s.identity, err = age.GenerateX25519Identity(); err != nil {
		w.Fatal(err)
	}
	w.ledger.pay(s.wallet.Address(), 100*relay.One)
	return s
}

// request is a good one.
func (s sender) request() (wire.PaymentRequest, claim.Link) {
	in, link := mine(s.fixture)
	in.From, in.SenderRecipients, in.ManageHash = s.wallet.Address(), []string{s.identity.Recipient().String()}, hash(s.token)
	return in, link
}

// open makes a payment for the request.
func (s sender) open(in wire.PaymentRequest) (p wire.Payment) {
	s.Helper()
	s.as(s.key).do("POST", "/v1/payments", in).want(201).into(&p)
	if p.Funding == nil {
		s.Fatalf("no terms: %+v", p)
	}
	return p
}

// by is the sender's client, which comes with the token.
func (s sender) by() caller { return s.manager(s.token) }

func (w *fixture) manager(token string) caller {
	return w.anonymous().with("Authorization", "Manage "+token)
}

// mint makes a deposit of a payment as the terms say, but for what change spoils, and the key of its holding account.
func (s sender) mint(p wire.Payment, claimRecipient string, change func(*mint.Plan, *relay.Mint)) (wire.DepositRequest, *keypair.Full) {
	s.Helper()
	var seed [32]byte
	rand.Read(seed[:])
	holding, err := keypair.FromRawSeed(seed)
	if err != nil {
		s.Fatal(err)
	}
	f := p.Funding
	purse, err := relay.ParseAmount(f.Purse)
	if f.Purse == "0" {
		purse, err = 0, nil
	}
	if err != nil {
		s.Fatal(err)
	}
	amount, err := relay.ParseAmount(p.Amount)
	if err != nil {
		s.Fatal(err)
	}
	plan := mint.Plan{
		Passphrase: passphrase, App: relay.AppID(s.app.ID), Channel: f.From, Sponsor: f.Sponsor, Treasury: f.From, Rescue: f.Rescue,
		Sequence: f.Sequence, SignedAt: f.Ledger, Bound: f.LastLedger, MaxTime: f.MaxTime, Fee: uint32(f.Fee),
		Route:      relay.Route{From: f.From, Sponsor: f.Sponsor, Purse: purse, RungFee: relay.Stroops(f.RungFee), Replaces: relay.PaymentID(f.Replaces)},
		ReturnMemo: relay.Memo{Kind: p.ReturnMemoType, Value: p.ReturnMemo},
	}
	m := relay.Mint{Payment: relay.PaymentID(p.ID), Amount: amount, Asset: p.Asset, ReturnTo: p.ReturnTo, ExpiresAt: relay.At(p.ExpiresAt),
		SenderRecipients: []string{s.identity.Recipient().String()}, ClaimRecipient: claimRecipient}
	if f.RungFee == 0 { // a move of what the service keeps
		plan.Route.Sponsor = ""
	}
	if change != nil {
		change(&plan, &m)
	}
	a, err := mint.Own(bytes.NewReader(seed[:]), plan, m)
	if err != nil {
		s.Fatal(err)
	}
	d := depositOf(a)
	if f.Replaces == "" {
		d.Proof = s.proof(p, s.wallet)
	}
	return d, holding
}

// proof is a message about the payment, signed by a key.
func (s sender) proof(p wire.Payment, key *keypair.Full) *wire.WalletProof {
	s.Helper()
	made, err := stellar.SignMessage(stellar.WalletMessage(p.From, relay.PaymentID(p.ID), passphrase), key)
	if err != nil {
		s.Fatal(err)
	}
	return (*wire.WalletProof)(&made)
}

func depositOf(a relay.FundAnswer) wire.DepositRequest {
	m := a.Minted[0]
	d := wire.DepositRequest{HoldingAccount: m.Account, Box: base64.StdEncoding.EncodeToString(m.Box), BoxMAC: hash("mac of " + m.Account),
		Fee: int64(a.Envelope.OwnFee), Funding: base64.StdEncoding.EncodeToString(a.Envelope.XDR)}
	for _, e := range m.Ladder {
		d.Ladder = append(d.Ladder, wire.ReceiptRung{Rung: e.Rung, Hash: e.Hash, Envelope: base64.StdEncoding.EncodeToString(e.XDR), LastResort: e.Rung == stellar.LastResort, NeedsService: e.State == relay.Planned})
	}
	return d
}

// land lets a funding that was handed in land, as ledger and watcher would.
func (s sender) land(p wire.Payment, d wire.DepositRequest) {
	s.Helper()
	row, err := s.desk.Payment(s.Context(), relay.PaymentID(p.ID))
	if err != nil {
		s.Fatal(err)
	}
	funding, err := stellar.Decode(d.Funding, passphrase)
	if err != nil {
		s.Fatal(err)
	}
	err = s.desk.Sighted(s.Context(), relay.Sighting{Hash: funding.Hash, Tx: hash("landing of " + p.ID), Ledger: s.ledger.head().Sequence, Success: true, Fee: 300})
	if err != nil {
		s.Fatal(err)
	}
	if row.IsMove() {
		s.ledger.remove(row.From)
	}
	s.ledger.hold(row.Holding, row.Asset, row.Amount, row.Purse)
	for _, rung := range d.Ladder {
		tx, err := stellar.Decode(rung.Envelope, passphrase)
		if err != nil {
			s.Fatal(err)
		}
		if lowest, ok := s.ledger.lowest[row.Holding]; !ok || tx.Sequence < lowest {
			s.ledger.lowest[row.Holding] = tx.Sequence
		}
	}
}

// fund goes the whole way of a good request: the payment waits, funded.
func (s sender) fund(in wire.PaymentRequest) (p wire.Payment, holding *keypair.Full) {
	s.Helper()
	p = s.open(in)
	d, holding := s.mint(p, in.Link.ClaimRecipient, nil)
	path := "/v1/payments/" + p.ID
	s.by().do("POST", path+"/deposit", d).want(200)
	s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: s.sign(d.Funding, s.wallet)}).want(202).into(&p)
	s.land(p, d)
	s.by().do("GET", path, nil).want(200).into(&p)
	if p.State != "pending" {
		s.Fatalf("%+v", p)
	}
	return p, holding
}

// funding is the envelope that funds a payment.
func (w *fixture) funding(id string) relay.Envelope {
	w.Helper()
	p, err := w.desk.Payment(w.Context(), relay.PaymentID(id))
	if err != nil {
		w.Fatal(err)
	}
	e, err := w.desk.Envelope(w.Context(), p.Funding)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// refuses wants a request refused, and nothing changed by it.
func (w *fixture) refuses(what string, fn func() answer, status int, code string, pointers ...string) {
	w.Helper()
	w.unchanged(what, func() {
		w.Helper()
		a := fn()
		a.what = what + ", " + a.what
		a.refused(status, code, pointers...)
	})
}

// spoiled changes the last byte of an envelope, which is of a signature.
func spoiled(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	raw[len(raw)-1] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}
