// Package claim reads and writes claim links and derives what follows from one.
//
// A claim link is <base>/c/<payment id>#<fragment>. The fragment carries the link
// secret, which a browser never sends to a server. From the secret come the claim
// identity that opens the box, and auth, which opens nothing (HKDF, RFC 5869; testdata/vectors has examples).
//
// It promises that one link has one text (what Parse accepts, Reveal writes again
// byte for byte), that a link whose id or secret was altered or cut is recognised
// as such, and that no error shows any part of a link. Parse refuses every other
// spelling: another alphabet, another case, padding, spaces inside. Find looks for
// a link in what mail and chat programs make of it, and the checksum decides.
//
// Start at [Parse], [Find] and [Derive]. testdata/vectors in the folder above holds the
// same formats as data, for implementations in other languages.
package claim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"net/url"
	"strings"

	"github.com/restante/restante/crypto/secret"
)

var (
	// ErrMalformed says that the text is not a claim link.
	ErrMalformed = errors.New("claim: not a claim link")
	// ErrTruncated says that the end of a claim link is missing.
	ErrTruncated = errors.New("claim: the end of the link is missing")
	// ErrVersion says that the link is of a version this program does not know.
	ErrVersion = errors.New("claim: unknown version of link")
	// ErrChecksum says that payment id or secret were altered.
	ErrChecksum = errors.New("claim: the link was altered")
	// ErrPaymentID says that an id is not "pay_" and 26 characters of base32.
	ErrPaymentID = errors.New("claim: malformed payment id")
	// ErrBase says that a base is not an http or https address to build links on.
	ErrBase = errors.New("claim: malformed base of links")
)

const (
	linkVersion   = 1
	checksumSize  = 4
	fragmentSize  = 1 + secret.KeySize + checksumSize // bytes; 50 characters
	paymentIDSize = len("pay_") + 26
	maxLink       = 2048 // bytes; what every mail program and browser carries
	labelChecksum = "restante/v1/link-checksum"
)

// Link is a claim link in its parts.
type Link struct {
	Base      string // http(s) address without "/" at its end, may have a path
	PaymentID string
	Secret    Secret
}

// NewLink checks the parts. One "/" at the end of base is dropped.
// Errors: ErrBase, ErrPaymentID, ErrNoSecret.
func NewLink(base, paymentID string, s Secret) (Link, error) {
	l := Link{strings.TrimSuffix(base, "/"), paymentID, s}
	return l, l.check()
}

func (l Link) check() error {
	switch {
	case !validBase(l.Base):
		return ErrBase
	case CheckPaymentID(l.PaymentID) != nil:
		return ErrPaymentID
	case l.Secret.IsZero():
		return ErrNoSecret
	}
	return nil
}

// Reveal returns the text of the link, secret included.
// Errors: ErrBase, ErrPaymentID, ErrNoSecret.
func (l Link) Reveal() (string, error) {
	if err := l.check(); err != nil {
		return "", err
	}
	raw := append(make([]byte, 0, fragmentSize), linkVersion)
	raw = append(raw, l.Secret.Reveal()...)
	sum := checksum(l.PaymentID, l.Secret.Reveal())
	raw = append(raw, sum[:]...)
	defer clear(raw)
	return l.Base + "/c/" + l.PaymentID + "#" + b64.EncodeToString(raw), nil
}

// Parse reads a link as a person pasted it; white space around it is dropped.
// Errors: ErrMalformed, ErrTruncated, ErrVersion, ErrChecksum.
func Parse(text string) (Link, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxLink {
		return Link{}, ErrMalformed
	}
	address, fragment, _ := strings.Cut(text, "#")
	at := strings.LastIndex(address, "/c/")
	if at < 0 || !validBase(address[:at]) {
		return Link{}, ErrMalformed
	}
	base, id := address[:at], address[at+len("/c/"):]
	if len(address) == len(text) && cutPaymentID(id) {
		return Link{}, ErrTruncated // cut within the id
	}
	if CheckPaymentID(id) != nil {
		return Link{}, ErrMalformed
	}
	s, err := parseFragment(id, fragment)
	if err != nil {
		return Link{}, err
	}
	return Link{base, id, s}, nil
}

func parseFragment(paymentID, fragment string) (Secret, error) {
	if !onlyBase64URL(fragment) {
		return Secret{}, ErrMalformed
	}
	// The version is looked at before the length, which another version may set
	// anew. It stands in the first 8 of the first 12 bits.
	if len(fragment) >= 2 {
		first, err := b64.DecodeString(fragment[:2] + "AA")
		if err != nil || first[0] != linkVersion {
			return Secret{}, ErrVersion
		}
	}
	size := b64.EncodedLen(fragmentSize)
	if len(fragment) < size {
		return Secret{}, ErrTruncated
	}
	raw, err := b64.DecodeString(fragment)
	if len(fragment) > size || err != nil {
		return Secret{}, ErrMalformed
	}
	defer clear(raw)
	want := checksum(paymentID, raw[1:1+secret.KeySize])
	if subtle.ConstantTimeCompare(want[:], raw[1+secret.KeySize:]) != 1 {
		return Secret{}, ErrChecksum
	}
	return SecretFromBytes(raw[1 : 1+secret.KeySize])
}

// onlyBase64URL is there because the decoder skips line breaks.
func onlyBase64URL(s string) bool {
	for _, c := range []byte(s) {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
		if !ok {
			return false
		}
	}
	return true
}

// checksum is the first 4 bytes of SHA-256(label ‖ version ‖ payment id ‖ secret);
// each of these has one length, so none can run into the next.
func checksum(paymentID string, raw []byte) (sum [checksumSize]byte) {
	h := sha256.New()
	h.Write([]byte(labelChecksum))
	h.Write([]byte{linkVersion})
	h.Write([]byte(paymentID))
	h.Write(raw)
	copy(sum[:], h.Sum(nil))
	return sum
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// CheckPaymentID returns ErrPaymentID unless the id is "pay_" and 16 bytes in
// base32 (RFC 4648 section 6, lower case, no padding): 26 characters, the two
// bits behind the last byte zero. It does not look at what the bytes mean.
func CheckPaymentID(id string) error {
	if len(id) != paymentIDSize || !strings.HasPrefix(id, "pay_") {
		return ErrPaymentID
	}
	raw, err := idEncoding.DecodeString(id[len("pay_"):])
	if err != nil || "pay_"+idEncoding.EncodeToString(raw) != id {
		return ErrPaymentID
	}
	return nil
}

// cutPaymentID says that s is the beginning of a payment id, but not all of it.
func cutPaymentID(s string) bool {
	if len(s) >= paymentIDSize {
		return false
	}
	rest, whole := strings.CutPrefix(s, "pay_")
	if !whole {
		return strings.HasPrefix("pay_", s)
	}
	return strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// validBase accepts http(s)://host[:port][/path], in the one spelling that
// net/url writes, without user, query or "/" at the end.
func validBase(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	if u.Host == "" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || u.RawQuery != "" || u.ForceQuery {
		return false
	}
	return u.String() == base && !strings.HasSuffix(base, "/") && !strings.ContainsAny(base, "# \t\r\n")
}
