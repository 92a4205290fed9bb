package api_test

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// serve funds a payment out of the treasury with the real signer, as the worker would, and opens its box as the app does.
func (w *fixture) serve(id string) *keypair.Full {
	w.Helper()
	p, err := w.desk.Payment(w.Context(), relay.PaymentID(id))
	if err != nil {
		w.Fatal(err)
	}
	sponsor, channels, err := w.signer.Accounts(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	head := w.ledger.head()
	w.next++
	a, err := w.signer.Fund(w.Context(), relay.FundIntent{
		App: p.App, Channel: channels[0], Sequence: w.next, SignedAt: head.Sequence, Bound: head.Sequence + 10, MaxTime: head.CloseTime + 100,
		Mints: []relay.Mint{{Payment: p.ID, Amount: p.Amount, Asset: p.Asset, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt,
			SenderRecipients: p.SenderRecipients.List(), ClaimRecipient: p.ClaimRecipient}},
	})
	if err != nil {
		w.Fatal(err)
	}
	if err := w.desk.CommitFunding(w.Context(), a); err != nil {
		w.Fatal(err)
	}
	if err := w.desk.Sighted(w.Context(), relay.Sighting{Hash: a.Envelope.Hash, Tx: hash("tx" + id), Ledger: head.Sequence, Success: true, Fee: 100}); err != nil {
		w.Fatal(err)
	}
	m := a.Minted[0]
	w.ledger.hold(m.Account, p.Asset, p.Amount, 0)
	w.ledger.change(m.Account, func(a *stellar.Account) { a.Sponsor = sponsor })
	content, err := unseal.Open(m.Box, w.identity, box.Expect{Payment: id, Network: passphrase, Account: m.Account, Asset: p.Asset, Amount: int64(p.Amount)})
	if err != nil {
		w.Fatal(err)
	}
	key, err := keypair.ParseFull(string(content.Secret.Reveal()))
	if err != nil {
		w.Fatal(err)
	}
	return key
}

// to is a good request to move money to eva.
func (w *fixture) to(handle string) (wire.MoveRequest, claim.Link) {
	in, link := mine(w)
	return wire.MoveRequest{To: handle, ID: in.ID, Link: in.Link}, link
}

// The money of a payment whose share is out moves to another handle at the service's cost: new box, new way back, new link.
func TestMove(t *testing.T) {
	w := newFixture(t)
	p, old := w.send(ana)
	from := w.serve(p.ID)
	w.prove(old)
	w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/readdress", eva).refused(409, "share_released")
	in, link := w.to("eva@example.org")
	in.ManageHash = hash("token of the move")
	var q wire.Payment
	a := w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/move", in).want(201)
	a.into(&q)
	sponsor, _, err := w.signer.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := q.Funding
	if a.header.Get("Location") != "/v1/payments/"+q.ID || q.Replaces != p.ID || q.From != from.Address() || q.ReturnTo != w.app.Treasury || q.Amount != p.Amount ||
		!q.ExpiresAt.Equal(p.ExpiresAt) || q.To != "email:eva@example.org" || f.Sponsor != sponsor || f.Fee != 0 || f.Purse != "0" || f.Replaces != p.ID || q.ClaimLink != "" || q.Cost.Payer != "service" {
		t.Errorf("%+v %+v", q, f)
	}
	w.refuses("the same again", func() answer { return w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/move", in) }, 409, "id_taken")

	s := sender{fixture: w, identity: w.identity, token: "token of the move"}
	d, holding := s.mint(q, in.Link.ClaimRecipient, nil)
	dear := d
	dear.Fee = 1
	path := "/v1/payments/" + q.ID
	w.refuses("a fee of its own", func() answer { return s.by().do("POST", path+"/deposit", dear) }, 400, "fee_differs", "/fee")
	s.by().do("POST", path+"/deposit", d).want(200)
	w.refuses("without the key of the old account", func() answer {
		return s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: w.sign(d.Funding, keypair.MustRandom())})
	}, 400, "signature_missing", "/envelope")
	s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: w.sign(d.Funding, from)}).want(202)
	w.holder(old).do("GET", "/v1/claims/"+p.ID, nil).want(200).into(new(wire.ClaimView)) // claimable until it lands
	s.land(q, d)
	w.as(w.key).do("GET", "/v1/payments/"+p.ID, nil).want(200).into(&p)
	if p.State != "settled" || p.Reason != "readdressed" || p.Destination == nil || *p.Destination != holding.Address() {
		t.Errorf("%+v", p)
	}
	s.by().do("GET", path, nil).want(200).into(&q)
	if q.State != "pending" || *q.HoldingAccount != holding.Address() {
		t.Errorf("%+v", q)
	}
	proven := w.prove(link)
	raw, _ := base64.StdEncoding.DecodeString(proven.Box)
	if _, err := age.Decrypt(bytes.NewReader(raw), w.identity); err != nil {
		t.Error(err)
	}
	w.refuses("to move what has moved", func() answer {
		in, _ := w.to("bob@example.com")
		return w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/move", in)
	}, 409, "already_settled")
}

// A sender with a token moves the money of his own wallet, and goes on with the same token.
func TestMoveByToken(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	first, _ := s.request()
	p, from := s.fund(first)
	in, _ := w.to("eva@example.org")
	var q wire.Payment
	s.by().do("POST", "/v1/payments/"+p.ID+"/move", in).want(201).into(&q)
	f := q.Funding
	if f.From != from.Address() || f.Sponsor != s.wallet.Address() || f.Fee != 800 || f.Purse != "1.1" || q.ReturnTo != s.wallet.Address() {
		t.Errorf("%+v", f)
	}
	d, _ := s.mint(q, in.Link.ClaimRecipient, nil)
	path := "/v1/payments/" + q.ID
	s.by().do("POST", path+"/deposit", d).want(200)
	w.refuses("without the wallet", func() answer {
		return s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: w.sign(d.Funding, from)})
	}, 400, "signature_missing", "/envelope")
	s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: w.sign(d.Funding, from, s.wallet)}).want(202)
	s.land(q, d)
	s.by().do("GET", path, nil).want(200).into(&q)
	if q.State != "pending" {
		t.Errorf("%+v", q)
	}
}

// A way back that asks for a memo asks for it after a move too: an exchange does not credit money that comes without.
func TestMoveKeepsTheMemo(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	first, _ := s.request()
	first.ReturnTo, first.ReturnMemo, first.ReturnMemoType = first.From, "7", "id"
	p, _ := s.fund(first)
	in, _ := w.to("eva@example.org")
	var q wire.Payment
	s.by().do("POST", "/v1/payments/"+p.ID+"/move", in).want(201).into(&q)
	if q.ReturnTo != p.ReturnTo || q.ReturnMemo != "7" || q.ReturnMemoType != "id" {
		t.Errorf("%+v", q)
	}
	d, _ := s.mint(q, in.Link.ClaimRecipient, nil)
	s.by().do("POST", "/v1/payments/"+q.ID+"/deposit", d).want(200)
}

func TestMoveIsRefused(t *testing.T) {
	w := newFixture(t)
	move := func(c caller, id string, change func(*wire.MoveRequest)) func() answer {
		return func() answer {
			in, _ := w.to("eva@example.org")
			if change != nil {
				change(&in)
			}
			return c.do("POST", "/v1/payments/"+id+"/move", in)
		}
	}
	app := w.as(w.key)
	p, link := w.send(ana)
	w.refuses("before it is funded", move(app, p.ID, nil), 409, "not_ready")
	holding := w.serve(p.ID)
	w.refuses("another app's", move(w.as(w.admin), p.ID, nil), 404, "not_found")
	for name, c := range map[string]struct {
		change  func(*wire.MoveRequest)
		code    string
		pointer string
	}{
		"to no handle":     {func(m *wire.MoveRequest) { m.To = "eva" }, "handle_malformed", "/to"},
		"without a handle": {func(m *wire.MoveRequest) { m.To = "" }, "required", "/to"},
		"without a link":   {func(m *wire.MoveRequest) { m.Link = nil }, "required", "/link"},
		"without an id":    {func(m *wire.MoveRequest) { m.ID = "" }, "required", "/id"},
		"under its own id": {func(m *wire.MoveRequest) { m.ID = "pay_x" }, "id_malformed", "/id"},
		"without a share":  {func(m *wire.MoveRequest) { m.Link.Share = "" }, "share_malformed", "/link/share"},
		"to a bad sender":  {func(m *wire.MoveRequest) { m.SenderRecipients = []string{"age1x"} }, "recipient_malformed", "/sender_recipients/0"},
		"with a bad hash":  {func(m *wire.MoveRequest) { m.ManageHash = hash("x")[1:] }, "wrong_length", "/manage_hash"},
		"of no policy":     {func(m *wire.MoveRequest) { m.Policy = "escrow" }, "not_one_of", "/policy"},
	} {
		w.refuses(name, move(app, p.ID, c.change), 400, c.code, c.pointer)
	}
	w.refuses("under the id of itself", move(app, p.ID, func(m *wire.MoveRequest) { m.ID = p.ID }), 409, "id_taken")
	w.ledger.fail(true)
	w.refuses("no ledger", move(app, p.ID, nil), 503, "ledger_unavailable")
	w.ledger.fail(false)
	w.ledger.remove(holding.Address())
	w.refuses("a place that is empty", move(app, p.ID, nil), 409, "holding_absent")
	w.ledger.hold(holding.Address(), "native", 25*relay.One, 0)

	q, other := w.send(ana)
	w.claim(other, w.fund(q.ID), keypair.MustRandom())
	w.refuses("a claim in flight", move(app, q.ID, nil), 409, "claim_in_flight")
	q, _ = w.send(ana)
	w.fund(q.ID)
	app.do("POST", "/v1/payments/"+q.ID+"/cancel", nil).want(202)
	w.refuses("on the way back", move(app, q.ID, nil), 409, "already_canceled")
	w.holder(link).do("GET", "/v1/claims/"+p.ID, nil).want(200)

	// However little time is left, and under whichever policy.
	in := ana
	in.Policy, in.ExpiresIn = "link", "1h"
	q, _ = w.send(in)
	w.serve(q.ID)
	w.tick(50 * time.Minute)
	move(app, q.ID, nil)().want(201)
	w.tick(20 * time.Minute)
	w.refuses("after its end", move(app, q.ID, nil), 409, "expired")
}
