package relay

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// PaymentID is "pay_" and a UUIDv7 (RFC 9562, section 5.7) in lower-case base32 without padding: 26 characters.
type PaymentID string

// AppID is "app_" and a UUIDv7 in the same spelling.
type AppID string

// Micros is a moment in microseconds since 1970-01-01T00:00:00Z.
type Micros int64

// At is the moment of t.
func At(t time.Time) Micros { return Micros(t.UnixMicro()) }

// Time is the moment as a time.Time in UTC.
func (m Micros) Time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// Seconds is a ledger close time (Unix seconds) as a moment.
func Seconds(s int64) Micros { return Micros(s * 1_000_000) }

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewPaymentID makes an id of 74 random bits and the millisecond of its making. Ids do not sort by time as text: the
// alphabet of RFC 4648 puts digits after letters. Lists sort by the time that the row carries.
func NewPaymentID(now Micros) PaymentID { return PaymentID("pay_" + uuid7(now)) }

// NewAppID makes an app's id.
func NewAppID(now Micros) AppID { return AppID("app_" + uuid7(now)) }

func uuid7(now Micros) string {
	var u [16]byte
	rand.Read(u[:])
	binary.BigEndian.PutUint16(u[0:2], uint16(now/1000>>32))
	binary.BigEndian.PutUint32(u[2:6], uint32(now/1000))
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return idEncoding.EncodeToString(u[:])
}

// ParsePaymentID accepts the one canonical spelling. The error is of kind [Invalid], and quotes at most one character of s: it
// may be a link that went to the wrong place.
func ParsePaymentID(s string) (PaymentID, error) {
	rest, ok := strings.CutPrefix(s, "pay_")
	raw, err := idEncoding.DecodeString(rest)
	if !ok || err != nil || len(raw) != 16 || idEncoding.EncodeToString(raw) != rest || raw[6]>>4 != 7 || raw[8]>>6 != 2 {
		return "", InvalidFault("id_malformed", "/id", wrongID(s))
	}
	return PaymentID(s), nil
}

// wrongID says what is wrong with an id.
func wrongID(s string) string {
	rest, ok := strings.CutPrefix(s, "pay_")
	switch {
	case strings.ContainsAny(s, "/#"):
		return "that is a link; a payment's id is the part of it that begins with \"pay_\""
	case !ok:
		return "a payment's id begins with \"pay_\", in small letters"
	case len(rest) != 26:
		return fmt.Sprintf("a payment's id is \"pay_\" and 26 characters, and this one has %d", len(rest))
	}
	for i, r := range rest {
		if r < '2' || r > '7' && r < 'a' || r > 'z' {
			return fmt.Sprintf("a payment's id is written in a to z, in small letters, and 2 to 7: the %d. of the 26 characters is %q", i+1, r)
		}
	}
	return "that has the length and the letters of a payment's id, but no id reads like this: a letter is wrong"
}
