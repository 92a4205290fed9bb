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

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Plan is what the payments of one funding share.
type Plan struct {
	Passphrase string // of the network
	App        relay.AppID
	Channel    string // lends the sequence number
	Sponsor    string // keeps the reserves of the holding accounts, co-signs the last resort when it is used
	Treasury   string // pays the amounts
	Sequence   int64  // the number the envelope carries: the channel's current one plus 1
	SignedAt   uint32 // a ledger that has closed already
	Bound      uint32 // last ledger in which the funding may land
	MaxTime    int64  // last close time at which it may land, Unix seconds
}

// Cosigner signs the hash of the funding with a key that stays where it is. Channel, sponsor and treasury each need one;
// an account that is two of them, only one.
type Cosigner struct {
	Account string
	Sign    func(ctx context.Context, hash [32]byte) (signature []byte, err error)
}

// Fund mints a holding account for every payment and returns the boxes, the ladders (in the order of use: two plain
// rungs, Signed, and the last resort, Planned until the sponsor co-signs it) and the signed funding. The order of
// payments is kept. random is read 32 bytes for each payment and must be a cryptographic source; the boxes draw from
// the system's own.
//
// A fault of kind Invalid says that the batch cannot be built as asked, or that the payment at its Pointer ("/mints/2")
// cannot be sealed; other errors are a
// cosigner's or a mistake of the program. Nothing that was minted before an error is kept.
func Fund(ctx context.Context, random io.Reader, plan Plan, mints []relay.Mint, cosigners ...Cosigner) (relay.FundAnswer, error) {
	funding := plan.funding()
	keys := make([]*keypair.Full, 0, len(mints))
	for _, m := range mints {
		key, err := draw(random)
		if err != nil {
			return relay.FundAnswer{}, err
		}
		keys = append(keys, key)
		funding.Payments = append(funding.Payments, stellar.Holding{Account: key.Address(), Amount: int64(m.Amount)})
	}
	tx, err := stellar.BuildFunding(funding) // before any work on secrets: it judges the batch as a whole
	if err != nil {
		return relay.FundAnswer{}, relay.NewFault(relay.Invalid, "funding_refused", "This funding cannot be built.", err)
	}
	answer := relay.FundAnswer{App: plan.App}
	for i, m := range mints {
		minted, err := mintOne(plan, m, keys[i])
		if err != nil {
			return relay.FundAnswer{}, at(i, err)
		}
		answer.Minted = append(answer.Minted, minted)
	}
	signed, err := sign(ctx, tx, plan.Passphrase, keys, cosigners)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	if err := complete(signed, funding); err != nil {
		return relay.FundAnswer{}, err
	}
	answer.Envelope, err = envelope(plan, tx, signed)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	answer.Envelope.Kind, answer.Envelope.State = relay.FundingEnvelope, relay.Signed
	answer.Envelope.Bound, answer.Envelope.MaxTime = plan.Bound, plan.MaxTime
	for _, m := range mints {
		answer.Envelope.Payments = append(answer.Envelope.Payments, m.Payment)
	}
	return answer, nil
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
		Sequence: p.Sequence, MaxTime: p.MaxTime, LastLedger: p.Bound,
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
		if slices.ContainsFunc(cosigners[:i], func(o Cosigner) bool { return o.Account == c.Account }) {
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

// complete reads the signed funding as a stranger would: it must be the one of the plan and signed by everyone.
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
