// Package box is the plaintext of a box: what it says about a holding account and
// its seed, how it is written, and what must be true of it before it is believed.
//
// It promises one text per content: canonical JSON with the fields in one order,
// which Decode accepts byte for byte or not at all, and that no content is written
// or read whose seed is not the key of its account. [Content.Check] then compares
// with the row and the ledger: age has no associated data and names no sender, so
// a box proves nothing by being readable.
//
// It refuses unknown, missing, doubled and reordered fields, other spellings of a
// string or an amount, and text that is not UTF-8. It encrypts nothing: packages
// seal and unseal do. Start at [Content].
package box

import (
	"errors"
	"unicode/utf8"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
)

const (
	// Version is that of a content without a keeper: the service keeps the holding account's reserve, or it was sealed before
	// contents had a keeper.
	Version = 1
	// KeeperVersion is that of a content with one.
	KeeperVersion = 2
	// MaxPlain is the greatest length of an encoded content, in bytes.
	MaxPlain = 64 << 10
	// maxInteger is the greatest integer that JavaScript keeps exact.
	maxInteger = 1<<53 - 1
)

// Errors of Encode, Decode and Check. None shows anything of the content.
var (
	ErrMalformed = errors.New("box: not a canonical box content")
	ErrTooLong   = errors.New("box: content too long")
	ErrVersion   = errors.New("box: unknown version")
	ErrPayment   = errors.New("box: of another payment")
	ErrNetwork   = errors.New("box: of another network")
	ErrAccount   = errors.New("box: of another holding account")
	ErrSeed      = errors.New("box: the seed is not the key of the account")
	ErrAsset     = errors.New("box: of another asset")
	ErrAmount    = errors.New("box: of another amount")
	ErrReturnTo  = errors.New("box: the way back is not an account")
	ErrKeeper    = errors.New("box: the keeper of the reserve is not an account")
	ErrExpiry    = errors.New("box: expiry out of range")
	ErrNote      = errors.New("box: the note is not UTF-8")
)

// Content is what a box holds.
type Content struct {
	V         int          // Version or KeeperVersion
	Payment   string       // payment id
	Network   string       // Stellar network passphrase
	Account   string       // holding account, G…
	Secret    secret.Bytes // its seed, S…
	Asset     string       // "native" or CODE:ISSUER
	Amount    int64        // stroops, 1 and more
	ReturnTo  string       // account the money goes home to, G…; with a keeper also M… (SEP-23)
	Keeper    string       // wallet that keeps the holding account's reserve and gets what a claim leaves, G…; "" unless KeeperVersion
	ExpiresAt int64        // microseconds since 1970, up to 2^53-1
	Note      string       // free text, UTF-8
}

// Expect is what the row and the ledger say of the box's payment.
type Expect struct {
	Payment string
	Network string // Stellar network passphrase
	Account string // holding account of the row, G…
	Asset   string // as the ledger shows it: "native" or CODE:ISSUER
	Amount  int64  // stroops of that asset which the ledger shows in the account
}

// Check returns nil when the box belongs to what is expected, or one of
// ErrVersion, ErrPayment, ErrNetwork, ErrAccount, ErrSeed, ErrAsset, ErrAmount.
//
// The ledger may show more of the native asset than the box says: any account can
// pay into any account, and one stray stroop must not stop a claim; the surplus
// goes along. Less is refused, and so is any difference of a credit asset, whose
// trustline is limited to the amount.
func (c Content) Check(want Expect) error {
	switch {
	case !c.versioned():
		return ErrVersion
	case c.Payment != want.Payment:
		return ErrPayment
	case c.Network != want.Network:
		return ErrNetwork
	case c.Account != want.Account:
		return ErrAccount
	case !opens(c.Secret, c.Account):
		return ErrSeed
	case c.Asset != want.Asset:
		return ErrAsset
	case c.Amount <= 0 || c.Amount > want.Amount || c.Amount < want.Amount && c.Asset != native:
		return ErrAmount
	}
	return nil
}

// valid says that the content is well formed in itself.
func (c Content) valid() error {
	switch {
	case !c.versioned():
		return ErrVersion
	case claim.CheckPaymentID(c.Payment) != nil:
		return ErrPayment
	case c.Network == "" || !utf8.ValidString(c.Network):
		return ErrNetwork
	case !strkey.IsValidEd25519PublicKey(c.Account):
		return ErrAccount
	case !opens(c.Secret, c.Account):
		return ErrSeed
	case !validAsset(c.Asset):
		return ErrAsset
	case c.Amount <= 0:
		return ErrAmount
	case !strkey.IsValidEd25519PublicKey(c.ReturnTo) && (c.V == Version || !strkey.IsValidMuxedAccountEd25519PublicKey(c.ReturnTo)):
		return ErrReturnTo
	case c.V == KeeperVersion && (!strkey.IsValidEd25519PublicKey(c.Keeper) || c.Keeper == c.Account):
		return ErrKeeper
	case c.ExpiresAt <= 0 || c.ExpiresAt > maxInteger:
		return ErrExpiry
	case !utf8.ValidString(c.Note):
		return ErrNote
	}
	return nil
}

// versioned says that the version is known, and that there is a keeper just when it has one.
func (c Content) versioned() bool {
	return c.V == Version && c.Keeper == "" || c.V == KeeperVersion && c.Keeper != ""
}

// opens says that account is the public key of the seed.
func opens(seed secret.Bytes, account string) bool {
	kp, err := keypair.ParseFull(string(seed.Reveal()))
	return err == nil && kp.Address() == account
}
