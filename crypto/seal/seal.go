// Package seal makes boxes: a content encrypted with age to the sender and to
// the claimant.
//
// It promises that every box it makes has a recipient of the sender, that the
// content is well formed and its seed the key of its account, and that the file is
// at most [MaxFile] bytes of binary age v1. [Inspect] says whether an uploaded file
// can be such a box.
//
// It refuses passphrases, plugins, SSH keys, the same recipient twice, and a mix of
// classic and post-quantum recipients, of which the weaker would decide. It cannot
// open anything: a process that must never see a seed imports seal and not unseal.
//
// Start at [Seal].
package seal

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/restante/restante/crypto/box"
)

const (
	// MaxFile is the greatest length of a box, in bytes.
	MaxFile = 64 << 10
	// MaxRecipients is the greatest number of recipients of a box.
	MaxRecipients = 16
)

var (
	// ErrNoSender says that no recipient of the sender was given.
	ErrNoSender = errors.New("seal: a box needs a recipient of the sender")
	// ErrNoClaim says that the claim recipient is missing.
	ErrNoClaim = errors.New("seal: a box needs a claim recipient")
	// ErrRecipient says that a recipient is neither "age1…" nor "age1pq1…".
	ErrRecipient = errors.New("seal: not an age recipient")
	// ErrRepeated says that a recipient was given twice.
	ErrRepeated = errors.New("seal: the same recipient twice")
	// ErrMixed says that classic and post-quantum recipients were mixed.
	ErrMixed = errors.New("seal: classic and post-quantum recipients do not mix")
	// ErrTooMany says that there are more than MaxRecipients.
	ErrTooMany = errors.New("seal: too many recipients")
	// ErrTooLong says that the box is, or would be, longer than MaxFile.
	ErrTooLong = errors.New("seal: box too long")
)

// Recipients is the recipient set of a box, as age writes recipients.
type Recipients struct {
	Sender []string // one and more: the sender's devices, or the signer for an app
	Claim  string   // exactly one
}

// Seal encrypts the content to sender and claim recipient and returns a binary age
// file. Errors: those of box.Content.Encode and of this package.
func Seal(c box.Content, to Recipients) ([]byte, error) {
	if to.Claim == "" {
		return nil, ErrNoClaim
	}
	return seal(c, to.Sender, to.Claim)
}

// SealToSender encrypts the content to the sender alone, for the policy `quorum`,
// under which the sender alone ever holds the seed.
func SealToSender(c box.Content, sender []string) ([]byte, error) {
	return seal(c, sender)
}

func seal(c box.Content, sender []string, claim ...string) ([]byte, error) {
	if len(sender) == 0 {
		return nil, ErrNoSender
	}
	recipients, err := parse(slices.Concat(sender, claim))
	if err != nil {
		return nil, err
	}
	plain, err := c.Encode()
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipients...)
	if err != nil {
		// A recipient on which no secret can be agreed, a point of low order.
		return nil, ErrRecipient
	}
	if _, err := w.Write(plain.Reveal()); err != nil {
		return nil, errors.New("seal: age did not take the content")
	}
	if err := w.Close(); err != nil {
		return nil, errors.New("seal: age did not finish the file")
	}
	if file.Len() > MaxFile {
		return nil, ErrTooLong
	}
	return file.Bytes(), nil
}

// parse reads recipients of one kind. age's own errors quote their input, which
// may be a secret key pasted into the wrong field, so none is passed on.
func parse(texts []string) ([]age.Recipient, error) {
	if len(texts) > MaxRecipients {
		return nil, ErrTooMany
	}
	var all []age.Recipient
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			return nil, ErrRepeated
		}
		r, hybrid, err := parseOne(text)
		if err != nil {
			return nil, err
		}
		if hybrid != strings.HasPrefix(texts[0], hybridPrefix) {
			return nil, ErrMixed
		}
		all = append(all, r)
	}
	return all, nil
}

const hybridPrefix = "age1pq1"

func parseOne(text string) (r age.Recipient, hybrid bool, err error) {
	// Bech32 has an upper-case form too; writing the recipient again refuses it.
	if strings.HasPrefix(text, hybridPrefix) {
		h, err := age.ParseHybridRecipient(text)
		if err != nil || h.String() != text {
			return nil, false, ErrRecipient
		}
		return h, true, nil
	}
	x, err := age.ParseX25519Recipient(text)
	if err != nil || x.String() != text {
		return nil, false, ErrRecipient
	}
	return x, false, nil
}

// CheckRecipient returns ErrRecipient unless text is an age recipient that a box
// can be sealed to.
func CheckRecipient(text string) error {
	_, _, err := parseOne(text)
	return err
}
