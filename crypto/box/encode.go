package box

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/restante/restante/crypto/secret"
)

// Encode writes the canonical JSON of the content: the fields in the order
//
//	v payment network account secret asset amount return_to expires_at note
//	v payment network account secret asset amount return_to keeper expires_at note
//
// the first of Version, the second of KeeperVersion,
// without white space, strings as JSON.stringify of ECMAScript and RFC 8785 write
// them, v and expires_at as integers, the amount as a string. It refuses a content
// that is not well formed with one of the errors of this package.
func (c Content) Encode() (secret.Bytes, error) {
	if err := c.valid(); err != nil {
		return secret.Bytes{}, err
	}
	b := []byte(`{"v":`)
	b = strconv.AppendInt(b, int64(c.V), 10)
	fields := []struct{ name, value string }{
		{"payment", c.Payment},
		{"network", c.Network},
		{"account", c.Account},
		{"secret", string(c.Secret.Reveal())},
		{"asset", c.Asset},
		{"amount", formatAmount(c.Amount)},
		{"return_to", c.ReturnTo},
	}
	if c.V == KeeperVersion {
		fields = append(fields, struct{ name, value string }{"keeper", c.Keeper})
	}
	for _, f := range fields {
		b = append(append(append(b, `,"`...), f.name...), `":`...)
		b = appendString(b, f.value)
	}
	b = append(b, `,"expires_at":`...)
	b = strconv.AppendInt(b, c.ExpiresAt, 10)
	b = append(b, `,"note":`...)
	b = append(appendString(b, c.Note), '}')
	defer clear(b)
	if len(b) > MaxPlain {
		return secret.Bytes{}, ErrTooLong
	}
	return secret.New(b), nil
}

// appendString writes s, valid UTF-8, as RFC 8785 section 3.2.2.2 says: only the
// quote, the backslash and the controls below U+0020 are escaped.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range []byte(s) {
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\t':
			b = append(b, `\t`...)
		case '\n':
			b = append(b, `\n`...)
		case '\f':
			b = append(b, `\f`...)
		case '\r':
			b = append(b, `\r`...)
		default:
			if c < 0x20 {
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}

// wire is the content as encoding/json reads it.
type wire struct {
	V         int    `json:"v"`
	Payment   string `json:"payment"`
	Network   string `json:"network"`
	Account   string `json:"account"`
	Secret    string `json:"secret"`
	Asset     string `json:"asset"`
	Amount    string `json:"amount"`
	ReturnTo  string `json:"return_to"`
	Keeper    string `json:"keeper"`
	ExpiresAt int64  `json:"expires_at"`
	Note      string `json:"note"`
}

// Decode reads exactly what Encode writes. A content of another version is
// ErrVersion, whatever its fields; anything that is not canonical ErrMalformed or,
// where a field is at fault, that field's error.
func Decode(plain []byte) (Content, error) {
	if len(plain) > MaxPlain {
		return Content{}, ErrTooLong
	}
	// The errors of encoding/json can quote their input, so none is passed on.
	var version struct {
		V int `json:"v"`
	}
	if json.Unmarshal(plain, &version) != nil {
		return Content{}, ErrMalformed
	}
	if version.V != Version && version.V != KeeperVersion {
		return Content{}, ErrVersion
	}
	var w wire
	if json.Unmarshal(plain, &w) != nil {
		return Content{}, ErrMalformed
	}
	if w.V == KeeperVersion && w.Keeper == "" { // the field that makes the version
		return Content{}, ErrVersion
	}
	amount, ok := parseAmount(w.Amount)
	if !ok {
		return Content{}, ErrAmount
	}
	c := Content{
		V: w.V, Payment: w.Payment, Network: w.Network, Account: w.Account,
		Secret: secret.NewString(w.Secret), Asset: w.Asset, Amount: amount,
		ReturnTo: w.ReturnTo, Keeper: w.Keeper, ExpiresAt: w.ExpiresAt, Note: w.Note,
	}
	// encoding/json is lenient about unknown and doubled fields, case, order and
	// escapes. Writing the content again refuses all of these at once.
	again, err := c.Encode()
	if err != nil {
		return Content{}, err
	}
	defer again.Wipe()
	if !bytes.Equal(again.Reveal(), plain) {
		return Content{}, ErrMalformed
	}
	return c, nil
}
