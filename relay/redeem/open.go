package redeem

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// Errors of Open.
var (
	// ErrBox says that the box does not open with this link, or does not hold what it should. The cause, of package unseal
	// or package box, is wrapped besides.
	ErrBox = errors.New("the box is not the one of this link")
	// ErrAnswer says that what the service handed out is malformed, or not what was asked for.
	ErrAnswer = errors.New("the service's answer does not fit the link")
	// ErrShare says that the service's half is missing under the policy guarded, or there under another.
	ErrShare = errors.New("the service's half does not fit the policy")
)

// Expect is what the recipient knows before the box is opened.
type Expect struct {
	Payment string       // id, from the link
	Network string       // passphrase, the one that the link's keys were derived for
	Policy  relay.Policy // as it was shown to her
	Asset   string       // as it was shown to her
	Amount  relay.Stroops
	Bound   bool // the sender's own client minted the box, and bound it to the link
}

// Holding is an opened box. The seed is shown by nothing; it signs through [Plan.Sign].
type Holding struct {
	Account   string // holding account
	Network   string // passphrase
	Asset     string // "native" or CODE:ISSUER
	Amount    relay.Stroops
	ReturnTo  string // the sender's account
	Keeper    string // the sender's wallet that keeps the reserve and gets what a claim leaves; "" the service's does, or the box does not say
	ExpiresAt relay.Micros
	Note      string // of the sender's
	seed      secret.Bytes
}

// Wipe overwrites the seed. The holding cannot sign afterwards.
func (h Holding) Wipe() { h.seed.Wipe() }

// Open derives the claim identity from the link (and the service's half, under the policy guarded), opens the box and
// compares it with what is expected. Every part that the service repeats (payment, network, amount) must be equal to
// what the recipient knows already; the box must be of that holding account and hold its key.
func Open(link claim.Secret, got wire.Proven, want Expect) (Holding, error) {
	amount, err := relay.ParseAmount(got.Amount)
	switch {
	case err != nil || amount != want.Amount:
		return Holding{}, fmt.Errorf("%w: another amount", ErrAnswer)
	case got.Asset != want.Asset:
		return Holding{}, fmt.Errorf("%w: another asset", ErrAnswer)
	case got.Payment != want.Payment:
		return Holding{}, fmt.Errorf("%w: another payment", ErrAnswer)
	case got.Network != want.Network:
		return Holding{}, fmt.Errorf("%w: another network", ErrAnswer)
	}
	file, err := base64.StdEncoding.Strict().DecodeString(got.Box)
	if err != nil {
		return Holding{}, fmt.Errorf("%w: the box is not base64", ErrAnswer)
	}
	id, err := identity(link, got.Share, want)
	if err != nil {
		return Holding{}, err
	}
	if err := bound(link, got, want); err != nil {
		return Holding{}, err
	}
	c, err := unseal.Open(file, id, box.Expect{
		Payment: want.Payment, Network: want.Network, Account: got.HoldingAccount, Asset: want.Asset, Amount: int64(want.Amount),
	})
	if err != nil {
		return Holding{}, fmt.Errorf("%w: %w", ErrBox, err)
	}
	if c.Keeper != "" && got.BoxMAC == "" { // a wallet's box was minted by a client, which binds it
		c.Secret.Wipe()
		return Holding{}, fmt.Errorf("%w: the sender has not bound it to this link", ErrBox)
	}
	if c.Amount != int64(want.Amount) { // Check lets the ledger show more; here both are promises
		c.Secret.Wipe()
		return Holding{}, fmt.Errorf("%w: %w", ErrBox, box.ErrAmount)
	}
	return holding(c), nil
}

func holding(c box.Content) Holding {
	return Holding{
		Account: c.Account, Network: c.Network, Asset: c.Asset, Amount: relay.Stroops(c.Amount), ReturnTo: c.ReturnTo,
		Keeper: c.Keeper, ExpiresAt: relay.Micros(c.ExpiresAt), Note: c.Note, seed: c.Secret,
	}
}

// bound checks that a box which the sender's client minted is the one that client made for this link: a writer of the
// service's rows does not have the key.
func bound(link claim.Secret, got wire.Proven, want Expect) error {
	if got.BoxMAC == "" && !want.Bound {
		return nil
	}
	keys, err := claim.Derive(link, want.Payment, want.Network)
	if err != nil {
		return err
	}
	if !box.CheckMAC(keys.BoxKey(), got.HoldingAccount, got.BoxMAC) {
		return fmt.Errorf("%w: the sender has not bound it to this link", ErrBox)
	}
	return nil
}

func identity(link claim.Secret, share string, want Expect) (claim.Identity, error) {
	keys, err := claim.Derive(link, want.Payment, want.Network)
	if err != nil {
		return claim.Identity{}, err
	}
	keeps, err := want.Policy.KeepsShare()
	switch {
	case err != nil:
		return claim.Identity{}, fmt.Errorf("%w: %w", ErrShare, err)
	case keeps != (share != ""):
		return claim.Identity{}, ErrShare
	case !keeps:
		return keys.LinkIdentity(), nil
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(share)
	if err != nil {
		return claim.Identity{}, ErrShare
	}
	defer clear(raw)
	half, err := claim.ShareFromBytes(raw)
	if err != nil {
		return claim.Identity{}, ErrShare
	}
	defer half.Wipe()
	return keys.GuardedIdentity(half)
}
