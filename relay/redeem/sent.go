package redeem

import (
	"encoding/base64"
	"errors"
	"fmt"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// ErrIdentity says that an age identity is malformed.
var ErrIdentity = errors.New("that is not an age identity: one begins with AGE-SECRET-KEY-1")

// OpenSent opens the box in a sender's receipt with the sender's age identity. What the receipt says must be what the box says.
// Errors: ErrIdentity, ErrBox, ErrAnswer.
func OpenSent(r wire.Receipt, identity secret.Bytes) (Holding, error) {
	id, err := age.ParseX25519Identity(string(identity.Reveal()))
	if err != nil {
		return Holding{}, ErrIdentity
	}
	amount, err := relay.ParseAmount(r.Amount)
	if err != nil {
		return Holding{}, fmt.Errorf("%w: no amount", ErrAnswer)
	}
	file, err := base64.StdEncoding.Strict().DecodeString(r.Box)
	if err != nil {
		return Holding{}, fmt.Errorf("%w: the box is not base64", ErrAnswer)
	}
	c, err := unseal.Open(file, id, box.Expect{Payment: r.Payment, Network: r.Network, Account: r.HoldingAccount, Asset: r.Asset, Amount: int64(amount)})
	if err != nil {
		return Holding{}, fmt.Errorf("%w: %w", ErrBox, err)
	}
	if c.ReturnTo != r.ReturnTo || c.Keeper != "" && c.Keeper != r.Wallet || c.Amount != int64(amount) {
		c.Secret.Wipe()
		return Holding{}, fmt.Errorf("%w: another way back or amount", ErrBox)
	}
	return holding(c), nil
}

// OpenSentAny tries every identity on the box, as age does with a file of them, and says which one opened it. Errors as
// [OpenSent]: ErrBox when none opens it.
func OpenSentAny(r wire.Receipt, identities []secret.Bytes) (h Holding, opened secret.Bytes, err error) {
	err = ErrIdentity
	for _, id := range identities {
		if h, err = OpenSent(r, id); !errors.Is(err, unseal.ErrIdentity) {
			return h, id, err
		}
	}
	return h, opened, err
}

// SignMove adds the holding account's signature to the funding that moves everything of it into another holding account. The
// envelope must be exactly the one of the plan, whose holding account and way back the caller has made himself.
func (h Holding) SignMove(envelope string, plan stellar.FundingPlan) (string, error) {
	if !plan.Move || plan.Treasury != h.Account || len(plan.Payments) != 1 || plan.Payments[0].Asset != h.Asset || plan.Payments[0].Amount != h.Amount {
		return "", fmt.Errorf("%w: it does not move this holding account as it is", ErrPlan)
	}
	if _, err := stellar.CheckFunding(envelope, plan); err != nil {
		return "", fmt.Errorf("%w: %w", ErrPlan, err)
	}
	key, err := keypair.ParseFull(string(h.seed.Reveal()))
	if err != nil || key.Address() != h.Account {
		return "", errors.New("the holding account's key is gone")
	}
	return stellar.Sign(envelope, h.Network, key)
}

// Recipient is the age recipient of an identity.
func Recipient(identity secret.Bytes) (string, error) {
	id, err := age.ParseX25519Identity(string(identity.Reveal()))
	if err != nil {
		return "", ErrIdentity
	}
	return id.Recipient().String(), nil
}
