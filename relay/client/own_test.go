package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// teller is a relay that takes payments out of wallets, and writes down in which order things happen.
type teller struct {
	t      *testing.T
	now    time.Time
	lie    func(p *wire.Payment) // changes the answer to the request
	refuse string                // path that is answered 409
	order  []string
	asked  wire.PaymentRequest
	got    wire.DepositRequest
	signed string
}

func (s *teller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	read := func(v any) {
		if err := json.NewDecoder(r.Body).Decode(v); err != nil {
			s.t.Error(err)
		}
	}
	step := r.URL.Path[max(0, len(r.URL.Path)-8):]
	if s.refuse != "" && strings.HasSuffix(r.URL.Path, s.refuse) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		answer(map[string]any{"status": 409, "code": "funding_over", "detail": "too late"})
		return
	}
	p := wire.Payment{ID: s.asked.ID, State: "funding", To: "email:ana@example.com", Amount: "25", Asset: "native", Policy: "guarded", ReturnTo: addr("wallet"),
		From: addr("wallet"), ExpiresAt: s.now.Add(24 * time.Hour)}
	switch {
	case r.URL.Path == "/v1/network":
		answer(wire.Network{Network: testnet})
	case r.URL.Path == "/v1/payments":
		read(&s.asked)
		s.order = append(s.order, "request")
		p.ID, p.State = s.asked.ID, "created"
		p.Funding = &wire.Funding{From: addr("wallet"), Sponsor: addr("wallet"), Rescue: addr("sponsor"), Sequence: 7, Ledger: 500, LastLedger: 560,
			MaxTime: s.now.Unix() + 60, Fee: 600, Purse: stellar.Prices.Purse("native").String(), RungFee: relay.OwnRungFee}
		if s.lie != nil {
			s.lie(&p)
		}
		answer(p)
	case step == "/deposit":
		read(&s.got)
		s.order = append(s.order, "deposit")
		answer(p)
	default:
		var in wire.SubmitRequest
		read(&in)
		s.signed, s.order = in.Envelope, append(s.order, "fund")
		answer(p)
	}
}

// send sends out of a wallet; kept is the receipt.
func (s *teller) send(t *testing.T, keep error) (sent client.Sent, kept client.OwnReceipt, id *age.X25519Identity, err error) {
	server := httptest.NewServer(s)
	defer server.Close()
	id, err = age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(server.URL, client.Options{Key: secret.NewString("rst_test_x"), Now: func() time.Time { return s.now }, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	sign := client.SignWith(testnet, secret.NewString(key("wallet").Seed()))
	sent, err = c.SendOwn(t.Context(), client.OwnRequest{
		SendRequest: client.SendRequest{To: "ana@example.com", Amount: "25", Note: "hello"}, From: addr("wallet"), Recipients: []string{id.Recipient().String()},
		Keep: func(r client.OwnReceipt) error { s.order, kept = append(s.order, "keep"), r; return keep },
		Prove: func(ctx context.Context, wanted client.ProofWanted) (wire.WalletProof, error) {
			s.order = append(s.order, "prove")
			return client.ProveWith(secret.NewString(key("wallet").Seed()))(ctx, wanted)
		},
		Sign: func(ctx context.Context, envelope string) (string, error) {
			s.order = append(s.order, "sign")
			return sign(ctx, envelope)
		},
	})
	return sent, kept, id, err
}

func newTeller(t *testing.T) *teller { return &teller{t: t, now: time.Now()} }

// The receipt is kept before the relay gets anything, and the wallet signs after the relay has box and way back.
func TestSendOwnOrder(t *testing.T) {
	s := newTeller(t)
	sent, kept, id, err := s.send(t, nil)
	if err != nil || !slices.Equal(s.order, []string{"request", "keep", "prove", "deposit", "sign", "fund"}) {
		t.Fatalf("%v %v", s.order, err)
	}
	if s.asked.Note != "" {
		t.Error("the relay was told the note, which is sealed for the recipient alone")
	}
	if s.asked.From != addr("wallet") || s.asked.ManageHash == "" || s.asked.ManageHash == kept.Token || len(kept.Token) < 40 {
		t.Errorf("%+v", s.asked)
	}
	h, err := redeem.OpenSent(kept.Receipt, secret.NewString(id.String()))
	if err != nil || h.Account != kept.HoldingAccount || h.Note != "hello" || h.ReturnTo != addr("wallet") {
		t.Errorf("the receipt's box: %+v %v", h, err)
	}
	other, _ := age.GenerateX25519Identity()
	if _, err := redeem.OpenSent(kept.Receipt, secret.NewString(other.String())); !errors.Is(err, redeem.ErrBox) {
		t.Errorf("another identity opens it: %v", err)
	}
	by, err := stellar.SignedBy(s.signed, testnet, addr("wallet"), kept.HoldingAccount)
	if err != nil || len(by) != 2 || s.signed != sent.Funding {
		t.Errorf("signed by %v: %v", by, err)
	}
	if by, _ := stellar.SignedBy(s.got.Funding, testnet, addr("wallet")); len(by) != 0 {
		t.Error("the wallet had signed before the relay had box and way back")
	}
	if len(s.got.Ladder) != 3 || s.got.BoxMAC == "" || s.got.HoldingAccount != kept.HoldingAccount {
		t.Errorf("%+v", s.got)
	}
	proof := relay.WalletProof(*s.got.Proof)
	if err := stellar.CheckWalletProof(proof, addr("wallet"), relay.PaymentID(s.asked.ID), testnet, []string{addr("wallet")}); err != nil {
		t.Error(err)
	}
	_, err = stellar.CheckFunding(s.signed, stellar.FundingPlan{Passphrase: testnet, Channel: addr("wallet"), Sponsor: addr("wallet"), Treasury: addr("wallet"),
		Sequence: 7, MaxTime: s.now.Unix() + 60, LastLedger: 560, Fee: 600,
		Payments: []stellar.Holding{{Account: kept.HoldingAccount, Asset: "native", Amount: 25_0000000, Purse: stellar.Prices.Purse("native")}}})
	if err != nil {
		t.Error(err)
	}
}

// A receipt that could not be kept, and a relay that does not take the box, both leave the wallet's signature unmade.
func TestSendOwnStops(t *testing.T) {
	s := newTeller(t)
	if _, _, _, err := s.send(t, errors.New("disk full")); err == nil || !slices.Equal(s.order, []string{"request", "keep"}) {
		t.Errorf("unkept: %v %v", s.order, err)
	}
	s = newTeller(t)
	s.refuse = "/deposit"
	if _, _, _, err := s.send(t, nil); !client.IsCode(err, "funding_over") || slices.Contains(s.order, "sign") {
		t.Errorf("deposit refused: %v %v", s.order, err)
	}
}

// Terms that are worse than agreed are refused before anything is minted.
// When the relay does not answer about a funding that was signed, it may have it: the caller learns which payment that is, and has the
// funding.
func TestSendOwnFundUnanswered(t *testing.T) {
	s := newTeller(t)
	s.refuse = "/fund"
	sent, kept, _, err := s.send(t, nil)
	if err == nil || sent.Payment.ID == "" || sent.Payment.ID != kept.Payment || sent.Funding == "" || sent.Link.PaymentID != kept.Payment {
		t.Errorf("%+v, %v", sent.Payment, err)
	}
}

func TestSendOwnTerms(t *testing.T) {
	for name, lie := range map[string]func(p *wire.Payment){
		"no terms":             func(p *wire.Payment) { p.Funding.From = "" },
		"another wallet":       func(p *wire.Payment) { p.Funding.From = addr("other") },
		"another sponsor":      func(p *wire.Payment) { p.Funding.Sponsor = addr("other") },
		"another home":         func(p *wire.Payment) { p.ReturnTo = addr("thief") },
		"another amount":       func(p *wire.Payment) { p.Amount = "26" },
		"another asset":        func(p *wire.Payment) { p.Asset = "USD:" + addr("issuer") },
		"a purse too large":    func(p *wire.Payment) { p.Funding.Purse = "5" },
		"no purse":             func(p *wire.Payment) { p.Funding.Purse = "0" },
		"a rung too dear":      func(p *wire.Payment) { p.Funding.RungFee++ },
		"a rung for nothing":   func(p *wire.Payment) { p.Funding.RungFee = 0 },
		"no fee":               func(p *wire.Payment) { p.Funding.Fee = 0 },
		"a fee too high":       func(p *wire.Payment) { p.Funding.Fee = client.MostOwnFee + 1 },
		"a negative fee":       func(p *wire.Payment) { p.Funding.Fee = -1 },
		"no end in sight":      func(p *wire.Payment) { p.Funding.MaxTime += 2 * 86400 },
		"a ledger far away":    func(p *wire.Payment) { p.Funding.LastLedger += 1_000_000 },
		"an end that is past":  func(p *wire.Payment) { p.Funding.LastLedger = p.Funding.Ledger },
		"a move":               func(p *wire.Payment) { p.Funding.Replaces = p.ID },
		"no rescue":            func(p *wire.Payment) { p.Funding.Rescue = "" },
		"rescue by the wallet": func(p *wire.Payment) { p.Funding.Rescue = addr("wallet") },
		"no number":            func(p *wire.Payment) { p.Funding.Sequence = 0 },
	} {
		s := newTeller(t)
		s.lie = lie
		if _, _, _, err := s.send(t, nil); !errors.Is(err, client.ErrAnswer) || !slices.Equal(s.order, []string{"request"}) {
			t.Errorf("%s: %v %v", name, s.order, err)
		}
	}
}
