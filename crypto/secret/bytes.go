package secret

import (
	"crypto/subtle"
)

// Bytes is a secret of any length: a seed in its S… form, a passphrase, a file
// that holds one. The zero value is empty. It may be read by several goroutines
// at once, but not while one wipes it.
type Bytes struct {
	Redacted
	held func() *[]byte // a function, see Redacted
}

// New copies b.
func New(b []byte) Bytes {
	c := append(make([]byte, 0, len(b)), b...)
	return Bytes{held: func() *[]byte { return &c }}
}

// NewString copies s. The string itself stays in memory: it cannot be wiped.
func NewString(s string) Bytes { return New([]byte(s)) }

// Len is the number of bytes; 0 when never set or wiped.
func (s Bytes) Len() int {
	if s.held == nil {
		return 0
	}
	return len(*s.held())
}

// Reveal returns the bytes themselves, not a copy: do not change or keep them.
// It is nil when there are none.
func (s Bytes) Reveal() []byte {
	if s.held == nil {
		return nil
	}
	return *s.held()
}

// Equal compares in constant time for equal lengths; lengths are not hidden.
func (s Bytes) Equal(other Bytes) bool {
	return subtle.ConstantTimeCompare(s.Reveal(), other.Reveal()) == 1
}

// Wipe overwrites and empties all copies of this value.
func (s Bytes) Wipe() {
	if s.held != nil {
		clear(*s.held())
		*s.held() = nil
	}
}
