package mint

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Plan is what the payments of one funding share.
type Plan struct {
	Passphrase string // of the network
	App        relay.AppID
	Channel    string // lends the sequence number
	Sponsor    string // keeps the reserves of the holding accounts
	Treasury   string // pays the amounts
	Rescue     string // the service's account, which co-signs the rungs that are not plain when they are due; "" = Sponsor
	Sequence   int64  // the number the envelope carries: the channel's current one plus 1
	SignedAt   uint32 // a ledger that has closed already
	Bound      uint32 // last ledger in which the funding may land
	MaxTime    int64  // last close time at which it may land, Unix seconds

	// Of a payment that its sender's client funds ([Own]).
	Fee        uint32 // stroops that Channel bids for the funding; 0 = inside a fee bump
	Route      relay.Route
	ReturnMemo relay.Memo // of its way back
}

func (p Plan) rescue() string {
	if p.Rescue != "" {
		return p.Rescue
	}
	return p.Sponsor
}

// Cosigner signs the hash of the funding with a key that stays where it is. Channel, sponsor and treasury each need one;
// an account that is two of them, only one. Where all are paid directly, the sponsor's is not asked for.
type Cosigner struct {
	Account string
	Sign    func(ctx context.Context, hash [32]byte) (signature []byte, err error)
}

// Fund mints a holding account for every payment and returns the boxes, the ladders (in the order of use: two plain
// rungs, Signed, and the others, Planned until the sponsor co-signs one) and the signed funding. The order of
// payments is kept. random is read 32 bytes for each payment and must be a cryptographic source; the boxes draw from
// the system's own.
//
// A fault of kind Invalid says that the batch cannot be built as asked, or that the payment at its Pointer ("/mints/2")
// cannot be sealed; other errors are a
// cosigner's or a mistake of the program. Nothing that was minted before an error is kept.
func Fund(ctx context.Context, random io.Reader, plan Plan, mints []relay.Mint, cosigners ...Cosigner) (relay.FundAnswer, error) {
	funding := plan.funding()
	keys := make([]*keypair.Full, len(mints)) // nil for a recipient who is paid directly
	var signers []*keypair.Full
	for i, m := range mints {
		h := stellar.Holding{Asset: m.Asset, Amount: m.Amount, Purse: plan.Route.Purse, PayTo: m.PayTo}
		if m.PayTo == "" {
			var err error
			if keys[i], err = draw(random); err != nil {
				return relay.FundAnswer{}, err
			}
			h.Account, signers = keys[i].Address(), append(signers, keys[i])
		}
		funding.Payments = append(funding.Payments, h)
	}
	tx, err := stellar.BuildFunding(funding) // before any work on secrets: it judges the batch as a whole
	if err != nil {
		return relay.FundAnswer{}, relay.NewFault(relay.Invalid, "funding_refused", "This funding cannot be built.", err)
	}
	answer := relay.FundAnswer{App: plan.App}
	for i, m := range mints {
		minted := relay.Minted{Payment: m.Payment, Amount: m.Amount, Asset: m.Asset, ReturnTo: m.ReturnTo, ExpiresAt: m.ExpiresAt,
			Route: relay.Route{PayTo: m.PayTo}}
		if m.PayTo == "" {
			if minted, err = mintOne(plan, m, keys[i]); err != nil {
				return relay.FundAnswer{}, at(i, err)
			}
		}
		answer.Minted = append(answer.Minted, minted)
	}
	signed, err := sign(ctx, tx, plan.Passphrase, signers, cosigners)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	if err := complete(signed, funding); err != nil {
		return relay.FundAnswer{}, err
	}
	answer.Envelope, err = fundingEnvelope(plan, tx, signed, relay.Signed, mints)
	return answer, err
}

// Own is Fund for one payment that its sender's own client makes: it draws the holding key, seals the box, signs the way back
// and the holding account's part of the funding, whose other signatures come when box and way back are safe (the answer's
// envelope is planned). What the plan's terms say goes into every envelope.
func Own(random io.Reader, plan Plan, m relay.Mint) (relay.FundAnswer, error) {
	key, err := draw(random)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	funding := plan.funding()
	funding.Payments = []stellar.Holding{{Account: key.Address(), Asset: m.Asset, Amount: m.Amount, Purse: plan.Route.Purse}}
	tx, err := stellar.BuildFunding(funding)
	if err != nil {
		return relay.FundAnswer{}, relay.NewFault(relay.Invalid, "funding_refused", "This funding cannot be built.", err)
	}
	minted, err := mintOne(plan, m, key)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	signed, err := stellar.Sign(tx.XDR, plan.Passphrase, key)
	if err != nil {
		return relay.FundAnswer{}, fmt.Errorf("sign the funding: %v", err)
	}
	answer := relay.FundAnswer{App: plan.App, Minted: []relay.Minted{minted}}
	answer.Envelope, err = fundingEnvelope(plan, tx, signed, relay.Planned, []relay.Mint{m})
	return answer, err
}

func fundingEnvelope(plan Plan, tx stellar.Tx, signed string, state relay.EnvelopeState, mints []relay.Mint) (relay.Envelope, error) {
	e, err := envelope(plan, tx, signed)
	if err != nil {
		return e, err
	}
	e.Kind, e.State, e.Bound, e.MaxTime, e.OwnFee = relay.FundingEnvelope, state, plan.Bound, plan.MaxTime, relay.Stroops(plan.Fee)
	for _, m := range mints {
		e.Payments = append(e.Payments, m.Payment)
	}
	return e, nil
}

// at says which payment of the batch a fault is about.
func at(i int, err error) error {
	var f *relay.Fault
	if !errors.As(err, &f) {
		return fmt.Errorf("payment %d of the batch: %w", i, err)
	}
	pointed := *f
	pointed.Pointer = fmt.Sprintf("/mints/%d", i)
	return &pointed
}

func (p Plan) funding() stellar.FundingPlan {
	return stellar.FundingPlan{
		Passphrase: p.Passphrase, Channel: p.Channel, Sponsor: p.Sponsor, Treasury: p.Treasury,
		Sequence: p.Sequence, MaxTime: p.MaxTime, LastLedger: p.Bound, Fee: p.Fee, Move: p.Route.IsMove(),
	}
}

// draw makes a key pair from 32 random bytes. The library keeps the seed as a string, which cannot be wiped; the bytes
// it was made from can.
func draw(random io.Reader) (*keypair.Full, error) {
	var seed [32]byte
	defer clear(seed[:])
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return nil, fmt.Errorf("draw a holding key: %v", err)
	}
	key, err := keypair.FromRawSeed(seed)
	if err != nil {
		return nil, fmt.Errorf("make a holding key: %v", err)
	}
	return key, nil
}

// sign adds the signatures of the holding accounts, who sponsor's brackets end with, and then the cosigners'.
func sign(ctx context.Context, tx stellar.Tx, passphrase string, keys []*keypair.Full, cosigners []Cosigner) (string, error) {
	var hash [sha256.Size]byte
	if _, err := hex.Decode(hash[:], []byte(tx.Hash)); err != nil {
		return "", fmt.Errorf("hash of the funding: %v", err)
	}
	signed, err := stellar.Sign(tx.XDR, passphrase, keys...)
	if err != nil {
		return "", fmt.Errorf("sign the funding: %v", err)
	}
	var sigs []stellar.Signature
	for i, c := range cosigners {
		again := slices.ContainsFunc(cosigners[:i], func(o Cosigner) bool { return o.Account == c.Account })
		if again || !slices.Contains(tx.Signers, c.Account) { // a signature that the network does not need spoils an envelope
			continue
		}
		b, err := c.Sign(ctx, hash)
		if err != nil {
			return "", fmt.Errorf("cosign the funding as %s: %w", c.Account, err)
		}
		sigs = append(sigs, stellar.Signature{Account: c.Account, Bytes: b})
	}
	signed, err = stellar.AttachSignatures(signed, passphrase, sigs...)
	if err != nil {
		return "", fmt.Errorf("attach the cosigners: %v", err)
	}
	return signed, nil
}

// complete reads the signed funding as from an untrusted source: it must be the one of the plan, signed by each account that has to.
func complete(signed string, plan stellar.FundingPlan) error {
	tx, err := stellar.CheckFunding(signed, plan)
	if err != nil {
		return fmt.Errorf("minted funding: %v", err)
	}
	return signedByAll(signed, plan.Passphrase, tx.Signers)
}

func signedByAll(signed, passphrase string, accounts []string) error {
	by, err := stellar.SignedBy(signed, passphrase, accounts...)
	if err != nil {
		return fmt.Errorf("minted envelope: %v", err)
	}
	for _, a := range accounts {
		if !slices.Contains(by, a) {
			return fmt.Errorf("minted envelope: the signature of %s is missing", a)
		}
	}
	return nil
}

// envelope is what every envelope of a plan has in common.
func envelope(plan Plan, tx stellar.Tx, signed string) (relay.Envelope, error) {
	raw, err := base64.StdEncoding.DecodeString(signed)
	if err != nil {
		return relay.Envelope{}, fmt.Errorf("minted envelope: %v", err)
	}
	return relay.Envelope{
		Hash: tx.Hash, Network: NetworkID(plan.Passphrase), Source: tx.Source, Sequence: tx.Sequence,
		SignedAt: plan.SignedAt, XDR: raw,
	}, nil
}

// NetworkID is the network id as envelopes carry it: SHA-256 of the passphrase, lower-case hex.
func NetworkID(passphrase string) string {
	sum := sha256.Sum256([]byte(passphrase))
	return hex.EncodeToString(sum[:])
}

// SignAs adds the signature of a wallet's one key (S…) to a funding that [Own] made.
func SignAs(envelope, passphrase string, seed secret.Bytes) (string, error) {
	key, err := keypair.ParseFull(string(seed.Reveal()))
	if err != nil {
		return "", errors.New("that is not a Stellar secret key: one begins with S")
	}
	return stellar.Sign(envelope, passphrase, key)
}
