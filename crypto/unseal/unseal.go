// Package unseal opens boxes.
//
// It promises that nothing of a box is believed before the whole file was read and
// authenticated, the content was decoded strictly, and it was compared with what
// row and ledger say. It refuses files that seal.Inspect refuses, passphrases among
// them, and returns no content together with an error.
//
// Only the signer and the client's side may import this package. Start at [Open].
package unseal

import (
	"bytes"
	"errors"
	"io"

	"filippo.io/age"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/seal"
)

var (
	// ErrIdentity says that the box is not sealed to this identity.
	ErrIdentity = errors.New("unseal: the box is not for this identity")
	// ErrTampered says that the file was altered or cut after it was sealed.
	ErrTampered = errors.New("unseal: the box was altered")
)

// Open decrypts a box with an X25519 or hybrid age identity (or a claim.Identity)
// and checks its content. Errors: ErrIdentity, ErrTampered, those of seal.Inspect,
// and those of box.Decode and box.Content.Check.
func Open(file []byte, id age.Identity, want box.Expect) (box.Content, error) {
	// A quorum's box has one recipient. How many there are is for the one who
	// takes a box in to judge; here only the kinds matter.
	if _, err := seal.InspectToSender(file); err != nil {
		return box.Content{}, err
	}
	plain, err := decrypt(file, id)
	if err != nil {
		return box.Content{}, err
	}
	defer clear(plain)
	c, err := box.Decode(plain)
	if err != nil {
		return box.Content{}, err
	}
	if err := c.Check(want); err != nil {
		c.Secret.Wipe()
		return box.Content{}, err
	}
	return c, nil
}

func decrypt(file []byte, id age.Identity) ([]byte, error) {
	if id == nil {
		return nil, ErrIdentity
	}
	r, err := age.Decrypt(bytes.NewReader(file), id)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) || errors.Is(err, claim.ErrNoSecret) {
			return nil, ErrIdentity
		}
		return nil, ErrTampered
	}
	// age shows a tampered body, or a cut one, as an error at its end: until EOF
	// no byte is to be trusted.
	plain, err := io.ReadAll(io.LimitReader(r, box.MaxPlain+1))
	if err != nil {
		clear(plain)
		return nil, ErrTampered
	}
	if len(plain) > box.MaxPlain {
		clear(plain)
		return nil, box.ErrTooLong
	}
	return plain, nil
}
