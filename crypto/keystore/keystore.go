// Package keystore keeps a Stellar seed in a file under a passphrase, so that its
// owner needs none of our programs to get at it.
//
// It promises that `age -d` of any distribution opens what Write made, that what age
// made of the same text under another passphrase opens here (binary or armored, with
// LF or CRLF, at a work factor of up to 2^22), that a file is created whole with mode
// 0600, and that no file is ever overwritten. It refuses
// an empty passphrase, a seed that is not the key of its account, and any content
// that it would have written in another way.
//
// The file is an age file in its armored form with one scrypt recipient (work
// factor 2^18). Its plaintext:
//
//	# Restante keystore v1
//	# account: G…
//	# network: Test SDF Network ; September 2015
//	# created: 2026-01-31T12:00:00Z
//	S…
//
// A sender who signs with a key of her own keeps a profile ([Profile], [WriteProfile],
// [OpenEither]): the seed of her account, and the age identity that her boxes are
// sealed to. It is the same file around another plaintext, which age takes as a file of
// identities, so that `age -d -i PROFILE BOX` opens her boxes:
//
//	# Restante profile v1
//	# name: default
//	# account: G…
//	# network: Test SDF Network ; September 2015
//	# recipient: age1…
//	# created: 2026-01-31T12:00:00Z
//	AGE-SECRET-KEY-1…
//	# stellar seed: S…
//
// A recipient's kit ([Kit], [WriteKit]) is sealed in the same way: what opens a box, kept
// by the person whom the money is for. No program of ours reads it back.
//
// Start at [Write] and [Open].
package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/crypto/secret"
)

const (
	maxFile    = 16 << 10 // bytes of a keystore file
	maxPlain   = 4 << 10  // bytes of its content
	ageDefault = 0        // leaves the work factor to age
)

var (
	// ErrPassphrase says that a passphrase is empty or does not open the file.
	ErrPassphrase = errors.New("keystore: wrong passphrase")
	// ErrMalformed says that a file is not a keystore; the errors below that match it say why.
	ErrMalformed = errors.New("keystore: not a keystore")
	// ErrNotAge says that a file is no age file, neither binary nor armored.
	ErrNotAge = fmt.Errorf("%w: not an age file", ErrMalformed)
	// ErrNoPassphrase says that an age file is sealed to keys and not under a passphrase.
	ErrNoPassphrase = fmt.Errorf("%w: sealed to keys, not under a passphrase", ErrMalformed)
	// ErrAltered says that the passphrase is right and the file was altered or cut after it was made.
	ErrAltered = fmt.Errorf("%w: altered or cut", ErrMalformed)
	// ErrKind says that a file is a profile where an account's keystore was asked for.
	ErrKind = errors.New("keystore: a keystore of the other kind")
	// ErrEntry says that an entry cannot be written: account, seed, network or date.
	ErrEntry = errors.New("keystore: the entry is not complete")
)

// Entry is what a keystore holds.
type Entry struct {
	Account string       // G…, the public key of Seed
	Network string       // Stellar network passphrase, one line of text
	Created time.Time    // to the second
	Seed    secret.Bytes // S…
}

// Write creates a keystore at path. The error matches fs.ErrExist when something is
// there already, ErrEntry when the entry is not complete, ErrPassphrase when the
// passphrase is empty. It takes about a second, by intent.
func Write(path string, e Entry, passphrase secret.Bytes) error {
	return write(path, e, passphrase)
}

// Open reads the keystore at path. Errors: ErrPassphrase, ErrMalformed, ErrKind when it
// is a profile, and what opening the file gave. It takes about a second, by intent.
func Open(path string, passphrase secret.Bytes) (Entry, error) {
	file, err := read(path)
	if err != nil {
		return Entry{}, err
	}
	return decrypt(file, passphrase)
}

// read takes in a file up to a byte more than is allowed.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	return file, nil
}

// contents is what a file of this package holds: an account, a profile or a kit.
type contents interface {
	encode() (secret.Bytes, error) // its plaintext, or ErrEntry
}

func write(path string, c contents, passphrase secret.Bytes) error {
	file, err := encrypt(c, passphrase, ageDefault)
	if err != nil {
		return err
	}
	return durable.Create(path, file)
}

func encrypt(c contents, passphrase secret.Bytes, logN int) ([]byte, error) {
	plain, err := c.encode()
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	return seal(plain, passphrase, logN)
}

// seal makes the armored age file of a text under a passphrase.
func seal(plain, passphrase secret.Bytes, logN int) ([]byte, error) {
	if passphrase.Len() == 0 {
		return nil, ErrPassphrase
	}
	recipient, err := age.NewScryptRecipient(string(passphrase.Reveal()))
	if err != nil {
		return nil, ErrPassphrase
	}
	if logN != ageDefault {
		recipient.SetWorkFactor(logN)
	}
	var file bytes.Buffer
	text := armor.NewWriter(&file)
	w, err := age.Encrypt(text, recipient)
	if err == nil {
		_, err = w.Write(plain.Reveal())
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = text.Close()
	}
	if err != nil {
		return nil, errors.New("keystore: age did not write the file")
	}
	return file.Bytes(), nil
}

func decrypt(file []byte, passphrase secret.Bytes) (Entry, error) {
	plain, err := unlock(file, passphrase)
	if err != nil {
		return Entry{}, err
	}
	defer clear(plain)
	if isProfile(plain) {
		return Entry{}, ErrKind
	}
	return decode(plain)
}
