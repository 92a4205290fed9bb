package redeem

import (
	"errors"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay/stellar"
)

// Refused reports whether err says that a box or a plan is not what it should be: altered on the way, or the work of a
// service that lies. Nothing was signed then.
func Refused(err error) bool {
	var differs *stellar.Mismatch
	if errors.As(err, &differs) {
		return true
	}
	for _, e := range refusals {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

var refusals = []error{
	ErrAnswer, ErrShare, ErrPlan, ErrSequence,
	unseal.ErrIdentity, unseal.ErrTampered,
	seal.ErrRecipient, seal.ErrRepeated, seal.ErrMixed, seal.ErrTooMany, seal.ErrTooLong, seal.ErrNoSender, seal.ErrNoClaim,
	box.ErrMalformed, box.ErrTooLong, box.ErrVersion, box.ErrPayment, box.ErrNetwork, box.ErrAccount, box.ErrSeed,
	box.ErrAsset, box.ErrAmount, box.ErrReturnTo, box.ErrExpiry, box.ErrNote,
}
