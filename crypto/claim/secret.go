package claim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"

	"github.com/restante/restante/crypto/secret"
)

// ErrText says that a share or an auth value is not 43 characters of canonical
// base64url without padding.
var ErrText = errors.New("claim: not 32 bytes in base64url")

// b64 is base64url without padding that refuses set bits behind the last byte.
var b64 = base64.RawURLEncoding.Strict()

// Secret is the link secret: 32 random bytes in the fragment of a claim link.
type Secret struct{ secret.Key }

// NewSecret returns a random link secret.
func NewSecret() Secret { return Secret{secret.RandomKey()} }

// SecretFromBytes copies exactly 32 bytes, or returns secret.ErrLength.
func SecretFromBytes(b []byte) (Secret, error) {
	k, err := secret.NewKey(b)
	return Secret{k}, err
}

// Share is the service's half of a guarded claim: 32 random bytes.
type Share struct{ secret.Key }

// NewShare returns a random share.
func NewShare() Share { return Share{secret.RandomKey()} }

// ShareFromBytes copies exactly 32 bytes, or returns secret.ErrLength.
func ShareFromBytes(b []byte) (Share, error) {
	k, err := secret.NewKey(b)
	return Share{k}, err
}

// ParseShare reads what RevealText wrote, or returns ErrText.
func ParseShare(text string) (Share, error) {
	k, err := parseText(text)
	return Share{k}, err
}

// RevealText is the share as it travels: base64url without padding.
func (s Share) RevealText() string { return b64.EncodeToString(s.Reveal()) }

// Auth is the second value derived from a link secret. Its bearer may
// view the payment, ask for a code and decline; it opens nothing. The row keeps
// only its hash.
type Auth struct{ secret.Key }

// ParseAuth reads what RevealText wrote, or returns ErrText.
func ParseAuth(text string) (Auth, error) {
	k, err := parseText(text)
	return Auth{k}, err
}

// RevealText is the auth value as it is presented: base64url without padding.
func (a Auth) RevealText() string { return b64.EncodeToString(a.Reveal()) }

// Hash is the SHA-256 of the 32 bytes in lower-case hex, for the row. The value
// is random, so its plain hash tells nothing about it.
func (a Auth) Hash() string {
	sum := sha256.Sum256(a.Reveal())
	return hex.EncodeToString(sum[:])
}

// Matches compares in constant time with what Hash returned once. No value
// matches an empty hash.
func (a Auth) Matches(hash string) bool {
	return !a.IsZero() && subtle.ConstantTimeCompare([]byte(a.Hash()), []byte(hash)) == 1
}

func parseText(text string) (secret.Key, error) {
	// The decoder skips line breaks, so both lengths have to be right.
	raw, err := b64.DecodeString(text)
	if err != nil || len(text) != b64.EncodedLen(secret.KeySize) || len(raw) != secret.KeySize {
		return secret.Key{}, ErrText
	}
	defer clear(raw)
	return secret.NewKey(raw)
}
