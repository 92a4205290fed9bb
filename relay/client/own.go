package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// MostOwnFee is the most that SendOwn bids for a funding, in stroops: the network takes what it asks, which is far less.
const MostOwnFee = int64(relay.One)

// OwnRequest is money to be sent out of the sender's own wallet. His key never leaves his machine, and neither does the holding
// account's: both are used here.
type OwnRequest struct {
	SendRequest
	From       string     // the wallet's account, G…: it pays, and keeps the holding account's reserve
	ReturnTo   string     // account that the money returns to; "" = From. Another account than From may be named by M… too
	ReturnMemo relay.Memo // that the account which the money returns to asks for, when it is not From
	Recipients []string   // age recipients of the sender; at least one. The box is sealed to them and to the claimant
	FundWithin string     // how long signing may take, "1m" (the default) to about "10h": for wallets with several signers

	// Keep gets what brings the money home without the relay, and returns when it is safe: on disk and synced. It is called
	// before the relay gets anything but the request, and before anything is signed by the wallet. Required.
	Keep func(OwnReceipt) error

	// Prove makes the proof that a signer of the wallet, one of them, agrees to the payment; [ProveWith] does. It is called when the
	// receipt is kept, and before the relay keeps anything. nil: Sign signs the proof's transaction, which moves nothing; without
	// Sign too, Sent.Proof says what is wanted.
	Prove func(ctx context.Context, wanted ProofWanted) (wire.WalletProof, error)

	// Sign adds the wallet's signature to the funding (base64 XDR) and returns the whole. It is called when box and way back are
	// kept by the relay, too. nil: the caller has Sent.Funding signed elsewhere and hands it in by [Client.Fund], or to the
	// network itself.
	Sign func(ctx context.Context, envelope string) (string, error)
}

// OwnReceipt is a receipt with the token that manages its payment, and with what its deposit says besides.
type OwnReceipt struct {
	Receipt
	Token   string      `json:"manage_token"`
	Deposit *OwnDeposit `json:"deposit,omitempty"` // of a payment out of a wallet
}

// SendOwn makes a payment out of the sender's own wallet, in the order that cannot strand money: the relay accepts the request
// and says until when it may be funded; holding account, box, way back and funding are made here; the receipt is kept; a
// signer of the wallet proves that it agrees; the relay gets box and way back, and keeps them; only then the wallet signs. A
// crash at any point leaves either nothing sent or a receipt. Errors are *Problem, *Unreached, ErrAnswer and those of Keep,
// Prove and Sign; Sent holds what is known by then: without Funding nothing was signed, so no money was sent.
func (c *Client) SendOwn(ctx context.Context, r OwnRequest) (Sent, error) {
	if r.Keep == nil || len(r.Recipients) == 0 {
		return Sent{}, errors.New("a payment out of an own wallet needs Keep for its receipt, and a recipient of its box")
	}
	network, err := c.agreedNetwork(ctx)
	if err != nil {
		return Sent{}, err
	}
	id := string(relay.NewPaymentID(relay.At(c.now())))
	link, body, err := c.prepare(id, network, r.SendRequest)
	if err != nil {
		return Sent{}, err
	}
	token, hash := newToken()
	r.asks(&body)
	body.ManageHash = hash
	q := c.post("/v1/payments", body)
	q.safe, q.header = true, map[string]string{"Idempotency-Key": rand.Text()}
	p, err := change[Payment](ctx, c, id, q, nil)
	if IsCode(err, "id_taken") { // ours
		p, err = c.Get(ctx, id, 0)
	}
	if err != nil {
		return perhapsMade(id, link, err), err // nothing was signed, so no money can have been sent
	}
	if err := fitsRequest(p, id, body); err != nil {
		return Sent{}, err
	}
	if p.Funding == nil { // an answer that was remembered says nothing of it
		if p, err = c.Get(ctx, id, 0); err != nil {
			return perhapsMade(id, link, err), err
		}
	}
	want := ownTerms{network: network, from: r.From, sponsor: r.From, home: cmp.Or(r.ReturnTo, r.From), memo: r.ReturnMemo, sender: r.Recipients, claim: body.Link.ClaimRecipient, note: r.Note}
	return c.fundOwn(ctx, Sent{Payment: p, Link: link, Token: secret.NewString(token)}, want, ownHands{r.Keep, r.prove(), r.Sign})
}

// perhapsMade is a payment that the relay may list although its answer was lost; empty after a refusal.
func perhapsMade(id string, link Link, err error) Sent {
	if !mayBeDone(err) {
		return Sent{}
	}
	return Sent{Payment: Payment{ID: id}, Link: link}
}

// asks writes what a payment out of a wallet asks for besides.
func (r OwnRequest) asks(body *wire.PaymentRequest) {
	body.Note = "" // it is sealed by the client, into the box: the relay never reads it
	body.From, body.ReturnTo, body.SenderRecipients, body.FundWithin = r.From, r.ReturnTo, r.Recipients, r.FundWithin
	body.ReturnMemoType, body.ReturnMemo = r.ReturnMemo.Kind, r.ReturnMemo.Value
}

func newToken() (text, hash string) {
	text = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(text))
	return text, hex.EncodeToString(sum[:])
}

// OwnDeposit is what [Client.Deposit] needs besides a receipt.
type OwnDeposit struct {
	BoxMAC  string `json:"box_mac"`
	Fee     int64  `json:"fee"`
	Funding string `json:"funding"` // base64 XDR, signed by the holding account alone
}

// ownTerms is what the sender's client knows by itself of a payment that it funds.
type ownTerms struct {
	network, from, sponsor, home, claim, note string
	memo                                      relay.Memo // of the way home
	sender                                    []string
	replaces                                  string
	move                                      func(envelope string, plan stellar.FundingPlan) (string, error) // signs for the holding account that is emptied
}

// ownHands is what the caller does of a payment that it funds.
type ownHands struct {
	keep  func(OwnReceipt) error
	prove func(context.Context, ProofWanted) (wire.WalletProof, error)
	sign  func(context.Context, string) (string, error)
}

// fundOwn mints, keeps, proves, hands in, signs and hands in again.
func (c *Client) fundOwn(ctx context.Context, s Sent, want ownTerms, by ownHands) (Sent, error) {
	plan, m, err := c.planOwn(s, want)
	if err != nil {
		return s, err
	}
	minted, err := mint.Own(rand.Reader, plan, m)
	if err != nil {
		return s, err
	}
	receipt, err := ownReceipt(s, want.network, plan, minted)
	if err != nil {
		return s, err
	}
	if err := by.keep(receipt); err != nil {
		return s, fmt.Errorf("the receipt could not be kept, so nothing was sent: %w", err)
	}
	var proof *wire.WalletProof
	if want.replaces == "" {
		if s.Proof, err = proofWanted(want.from, s.Payment.ID, want.network); err != nil || by.prove == nil {
			return s, err
		}
		made, err := by.prove(ctx, *s.Proof)
		if err != nil {
			return s, fmt.Errorf("the wallet did not agree, so nothing was sent: %w", err)
		}
		proof = &made
	}
	kept, err := c.deposit(ctx, receipt, proof)
	if err != nil {
		return s, err
	}
	s.Payment, s.Proof = kept, nil
	funding := receipt.Deposit.Funding
	if want.move != nil {
		own := stellar.FundingPlan{Passphrase: plan.Passphrase, Channel: plan.Channel, Sponsor: plan.Sponsor, Treasury: plan.Treasury,
			Sequence: plan.Sequence, MaxTime: plan.MaxTime, LastLedger: plan.Bound, Fee: plan.Fee, Move: true,
			Payments: []stellar.Holding{{Account: receipt.HoldingAccount, Asset: m.Asset, Amount: m.Amount, Purse: plan.Route.Purse}}}
		if funding, err = want.move(funding, own); err != nil {
			return s, err
		}
	}
	if s.Funding = funding; by.sign == nil && want.sponsor != "" {
		return s, nil
	}
	if by.sign != nil {
		if s.Funding, err = by.sign(ctx, funding); err != nil {
			return s, fmt.Errorf("the funding was not signed, so nothing was sent: %w", err)
		}
	}
	p, err := c.Fund(ctx, s.Payment.ID, s.Funding)
	if err != nil {
		return s, err // which payment it is about, its caller must know: the funding may land
	}
	s.Payment = p
	return s, nil
}

// planOwn turns the relay's terms into a plan, once they are no worse than what they should be.
func (c *Client) planOwn(s Sent, want ownTerms) (mint.Plan, relay.Mint, error) {
	t, p := s.Payment.Funding, s.Payment
	bad := func(what string) (mint.Plan, relay.Mint, error) {
		return mint.Plan{}, relay.Mint{}, fmt.Errorf("%w: terms of the funding: %s", ErrAnswer, what)
	}
	if t == nil {
		return bad("there are none")
	}
	amount, err := relay.ParseAmount(p.Amount)
	if err != nil || stellar.CheckAsset(p.Asset) != nil {
		return bad("how much of what")
	}
	purse := relay.Stroops(0)
	if t.Purse != "0" {
		if purse, err = relay.ParseAmount(t.Purse); err != nil {
			return bad("the purse")
		}
	}
	route := relay.Route{From: t.From, Sponsor: want.sponsor, Purse: purse, RungFee: relay.Stroops(t.RungFee), Replaces: relay.PaymentID(t.Replaces)}
	end := c.now().Add(25 * time.Hour).Unix()
	switch {
	case t.From != want.from || route.FromWallet() && t.Sponsor != want.sponsor || p.ReturnTo != want.home || p.ReturnMemoType != want.memo.Kind || p.ReturnMemo != want.memo.Value || t.Replaces != want.replaces:
		return bad("other accounts")
	case !strkey.IsValidEd25519PublicKey(t.Rescue) || !strkey.IsValidEd25519PublicKey(t.Sponsor) || t.Rescue == want.from:
		return bad("the service's account")
	case purse > stellar.Prices.Purse(p.Asset) || t.RungFee < 0 || t.RungFee > relay.OwnRungFee || t.Fee < 0 || t.Fee > MostOwnFee:
		return bad("they cost too much")
	case route.Check() != nil || route.FromWallet() != (t.Fee > 0): // without a wallet, a fee would come out of the amount
		return bad("who pays the fees")
	case t.MaxTime > 0 && t.MaxTime <= c.now().Add(-time.Hour).Unix():
		return mint.Plan{}, relay.Mint{}, &ClocksApart{End: time.Unix(t.MaxTime, 0), Now: c.now()}
	case t.MaxTime <= 0 || t.MaxTime > end || t.LastLedger <= t.Ledger || t.LastLedger-t.Ledger > relay.RememberedLedgers || t.Sequence <= 0:
		return bad("an end that is too far, or past")
	}
	plan := mint.Plan{Passphrase: want.network, Channel: t.From, Sponsor: t.Sponsor, Treasury: t.From, Rescue: t.Rescue, Sequence: t.Sequence,
		SignedAt: t.Ledger, Bound: t.LastLedger, MaxTime: t.MaxTime, Fee: uint32(t.Fee), Route: route, ReturnMemo: want.memo}
	return plan, relay.Mint{Payment: relay.PaymentID(p.ID), Amount: amount, Asset: p.Asset, Note: want.note, ReturnTo: p.ReturnTo,
		ExpiresAt: relay.At(p.ExpiresAt), SenderRecipients: want.sender, ClaimRecipient: want.claim}, nil
}

func ownReceipt(s Sent, network string, plan mint.Plan, a relay.FundAnswer) (OwnReceipt, error) {
	keys, err := claim.Derive(s.Link.Secret, s.Payment.ID, network)
	if err != nil {
		return OwnReceipt{}, err
	}
	m := a.Minted[0]
	r := Receipt{Format: wire.ReceiptFormat, Payment: s.Payment.ID, Network: network, HoldingAccount: m.Account, Amount: m.Amount.String(), Asset: m.Asset,
		ReturnTo: m.ReturnTo, NotBeforeLedger: a.Envelope.Bound + 1, RungFee: int64(m.RungFee), Box: base64.StdEncoding.EncodeToString(m.Box),
		Explanation: fmt.Sprintf("Keep this file where Restante is not. As long as nobody has claimed, it brings the money home to %s with Restante gone, "+
			"from ledger %d on: anybody hands in the first rung of the ladder, or opens the box with the sender's age identity, which is the key of the "+
			"holding account. The token manages the payment while Restante is there.", m.ReturnTo, a.Envelope.Bound+1)}
	r.LadderVersion, r.Wallet, r.ReturnMemoType, r.ReturnMemo = m.LadderVersion, m.Sponsor, m.ReturnMemo.Kind, m.ReturnMemo.Value
	ladder := relay.LadderOf(m.LadderVersion, m.Asset, a.Envelope.Bound, m.ReturnTo, m.ReturnMemo, m.Sponsor)
	for _, e := range m.Ladder {
		r.Ladder = append(r.Ladder, wire.ReceiptRung{Rung: e.Rung, Hash: e.Hash, Envelope: base64.StdEncoding.EncodeToString(e.XDR),
			LastResort: ladder.Role(e.Rung) == relay.LastResort, NeedsService: ladder.Cosigned(e.Rung)})
	}
	return OwnReceipt{Receipt: r, Token: string(s.Token.Reveal()), Deposit: &OwnDeposit{BoxMAC: box.MAC(keys.BoxKey(), r.HoldingAccount),
		Fee: int64(plan.Fee), Funding: base64.StdEncoding.EncodeToString(a.Envelope.XDR)}}, nil
}

// Fund hands a funding in that the wallet and its other signers have signed: of [Sent].Funding, after SendOwn without
// Sign. Handing in the same one again is safe.
func (c *Client) Fund(ctx context.Context, id, envelope string) (Payment, error) {
	path, err := paymentPath(id, "/fund")
	if err != nil {
		return Payment{}, err
	}
	q := c.post(path, wire.SubmitRequest{Envelope: envelope})
	q.safe = true
	return change(ctx, c, id, q, func(p Payment) error { return fits(p.ID, id) })
}

// SignWith is an OwnRequest.Sign for a wallet whose one key is at hand (S…).
func SignWith(network string, seed secret.Bytes) func(context.Context, string) (string, error) {
	return func(_ context.Context, envelope string) (string, error) { return mint.SignAs(envelope, network, seed) }
}
