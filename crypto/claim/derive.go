package claim

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"

	"github.com/restante/restante/crypto/internal/bech32"
	"github.com/restante/restante/crypto/secret"
)

// The labels keep every derived value apart from every other.
const (
	labelLink    = "restante/v1/claim-identity/link"
	labelGuarded = "restante/v1/claim-identity/guarded"
	labelAuth    = "restante/v1/claim-auth"
	labelBoxMAC  = "restante/v1/box-mac"
)

var (
	// ErrNetwork says that the network passphrase is empty.
	ErrNetwork = errors.New("claim: the network passphrase is empty")
	// ErrNoSecret says that a link secret or a share was never set.
	ErrNoSecret = errors.New("claim: the secret is not set")
)

// Keys is what one link secret opens, for one payment on one network.
type Keys struct {
	secret.Redacted
	secret  Secret
	payment string
	network string
	auth    Auth
	boxMAC  secret.Key
	link    Identity
}

// Derive computes what follows from a link secret by HKDF-SHA256 (RFC 5869):
// the salt is the text of the payment id, the info is
//
//	uint16 length ‖ label ‖ uint16 length ‖ SHA-256(network passphrase)
//
// with lengths in big endian, and every output is 32 bytes. The network is the
// Stellar network passphrase. Errors: ErrPaymentID, ErrNetwork, ErrNoSecret.
func Derive(s Secret, paymentID, network string) (Keys, error) {
	if err := CheckPaymentID(paymentID); err != nil {
		return Keys{}, err
	}
	if network == "" {
		return Keys{}, ErrNetwork
	}
	if s.IsZero() {
		return Keys{}, ErrNoSecret
	}
	k := Keys{secret: s, payment: paymentID, network: network}
	auth, err := k.expand(s.Reveal(), labelAuth)
	if err != nil {
		return Keys{}, err
	}
	k.auth = Auth{auth}
	if k.boxMAC, err = k.expand(s.Reveal(), labelBoxMAC); err != nil {
		return Keys{}, err
	}
	if k.link, err = k.identity(s.Reveal(), labelLink); err != nil {
		return Keys{}, err
	}
	return k, nil
}

// Auth is the value presented for viewing, asking for a code and declining.
func (k Keys) Auth() Auth { return k.auth }

// BoxKey is the key of the HMAC that a client adds to a box it minted itself.
func (k Keys) BoxKey() secret.Key { return k.boxMAC }

// LinkIdentity is the claim identity of the policy `link`.
func (k Keys) LinkIdentity() Identity { return k.link }

// GuardedIdentity is the claim identity of the policy `guarded`, from link
// secret ‖ share. Both are 32 bytes by type, so no byte can move from one to the
// other. It returns ErrNoSecret when share or keys are not set.
func (k Keys) GuardedIdentity(share Share) (Identity, error) {
	if k.secret.IsZero() || share.IsZero() {
		return Identity{}, ErrNoSecret
	}
	both := append(make([]byte, 0, 2*secret.KeySize), k.secret.Reveal()...)
	both = append(both, share.Reveal()...)
	defer clear(both)
	return k.identity(both, labelGuarded)
}

func (k Keys) identity(input []byte, label string) (Identity, error) {
	raw, err := k.expand(input, label)
	if err != nil {
		return Identity{}, err
	}
	defer raw.Wipe()
	id, err := age.ParseX25519Identity(strings.ToUpper(bech32.Encode("age-secret-key-", raw.Reveal())))
	if err != nil {
		// age's text may quote what it was given, so it is not passed on.
		return Identity{}, errors.New("claim: age refuses the derived identity")
	}
	return Identity{held: func() *age.X25519Identity { return id }}, nil
}

func (k Keys) expand(input []byte, label string) (secret.Key, error) {
	network := sha256.Sum256([]byte(k.network))
	var info []byte
	for _, part := range [][]byte{[]byte(label), network[:]} {
		info = binary.BigEndian.AppendUint16(info, uint16(len(part)))
		info = append(info, part...)
	}
	out, err := hkdf.Key(sha256.New, input, []byte(k.payment), string(info), secret.KeySize)
	if err != nil {
		return secret.Key{}, fmt.Errorf("claim: derive: %v", err)
	}
	defer clear(out)
	return secret.NewKey(out)
}

// Identity is a claim identity: an age X25519 identity that does not print. It
// is an age.Identity, to be handed to unseal.
type Identity struct {
	secret.Redacted
	held func() *age.X25519Identity
}

// IsZero says that there is no identity.
func (i Identity) IsZero() bool { return i.held == nil }

// Recipient is the public half, "age1…"; empty when there is no identity.
func (i Identity) Recipient() string {
	if i.held == nil {
		return ""
	}
	return i.held().Recipient().String()
}

// Unwrap implements age.Identity.
func (i Identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if i.held == nil {
		return nil, ErrNoSecret
	}
	return i.held().Unwrap(stanzas)
}

// Reveal returns age's own type, whose String is the "AGE-SECRET-KEY-1…" text:
// what a recipient saves beside the box to get on without us. It is nil when
// there is no identity.
func (i Identity) Reveal() *age.X25519Identity {
	if i.held == nil {
		return nil
	}
	return i.held()
}
