// Package secret holds bytes that must not be seen: keys, seeds, passphrases.
//
// It promises that no printer of the standard library shows them (fmt with any
// verb, JSON, text, slog; also as a field of another struct), that equality
// takes the same time whatever differs, and that [Key.Wipe] reaches every copy
// of a value, since copies share their bytes. The one way to the bytes is the
// method Reveal: search for that word to see every place that looks.
//
// It refuses to be compared with == (it does not compile), and to make a key of
// the wrong length. It cannot promise that no copy stays in memory: the
// runtime may have moved or kept one, and a Go string cannot be wiped.
//
// Start at [Key] for 32 bytes, at [Bytes] for any other length. Another package
// makes a type of its own for each role by embedding one of the two.
package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
)

// KeySize is the length of a Key in bytes.
const KeySize = 32

// ErrLength says that the bytes given for a key are not KeySize bytes.
var ErrLength = errors.New("secret: a key is 32 bytes")

// Key is a secret of exactly 32 bytes. The zero value holds none: IsZero tells,
// and Reveal panics, so that a forgotten key never works as one of zeros.
// A Key may be read by several goroutines at once, but not while one wipes it.
type Key struct {
	Redacted
	held func() *keyBytes // a function, see Redacted
}

type keyBytes struct {
	b   [KeySize]byte
	set bool
}

// NewKey copies b, which must be 32 bytes, or returns ErrLength.
func NewKey(b []byte) (Key, error) {
	if len(b) != KeySize {
		return Key{}, ErrLength
	}
	p := &keyBytes{set: true}
	copy(p.b[:], b)
	return Key{held: func() *keyBytes { return p }}, nil
}

// RandomKey returns 32 bytes from the system's random source.
func RandomKey() Key {
	p := &keyBytes{set: true}
	// Since Go 1.24 this never returns an error: it ends the program instead.
	_, _ = rand.Read(p.b[:])
	return Key{held: func() *keyBytes { return p }}
}

// IsZero says that there is no key: never set, or wiped.
func (k Key) IsZero() bool { return k.held == nil || !k.held().set }

// Reveal returns the 32 bytes themselves, not a copy: do not change or keep
// them. It panics when there is no key, which is a mistake of the program.
func (k Key) Reveal() []byte {
	if k.IsZero() {
		panic("secret: reveal of a key that was never set or was wiped")
	}
	return k.held().b[:]
}

// Equal compares in constant time. A key that is not set equals nothing.
func (k Key) Equal(other Key) bool {
	if k.IsZero() || other.IsZero() {
		return false
	}
	return subtle.ConstantTimeCompare(k.Reveal(), other.Reveal()) == 1
}

// Wipe overwrites the key in all copies of this value.
func (k Key) Wipe() {
	if k.held != nil {
		clear(k.held().b[:])
		k.held().set = false
	}
}
