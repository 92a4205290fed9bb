package keystore

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
)

const (
	lineTitle   = "# Restante keystore v1"
	lineAccount = "# account: "
	lineNetwork = "# network: "
	lineCreated = "# created: "
)

// encode writes the plaintext that the package comment shows.
func (e Entry) encode() (secret.Bytes, error) {
	kp, err := keypair.ParseFull(string(e.Seed.Reveal()))
	if err != nil || kp.Address() != e.Account || !oneLine(e.Network) {
		return secret.Bytes{}, ErrEntry
	}
	if !dated(e.Created) {
		return secret.Bytes{}, ErrEntry
	}
	return plaintext([]string{
		lineTitle,
		lineAccount + e.Account,
		lineNetwork + e.Network,
		lineCreated + e.Created.UTC().Format(time.RFC3339),
	}, e.Seed.Reveal())
}

// plaintext is lines, each with its end, and what is secret after them, with one end.
func plaintext(lines []string, secrets ...[]byte) (secret.Bytes, error) {
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	for _, s := range secrets {
		b.Write(s)
	}
	b.WriteByte('\n')
	defer clear(b.Bytes())
	if b.Len() > maxPlain {
		return secret.Bytes{}, ErrEntry
	}
	return secret.New(b.Bytes()), nil
}

// decode reads exactly what encode writes.
func decode(plain []byte) (Entry, error) {
	lines := bytes.Split(plain, []byte("\n"))
	if len(lines) != 6 {
		return Entry{}, ErrMalformed
	}
	created, err := time.Parse(time.RFC3339, strings.TrimPrefix(string(lines[3]), lineCreated))
	if err != nil {
		return Entry{}, ErrMalformed
	}
	e := Entry{
		Account: strings.TrimPrefix(string(lines[1]), lineAccount),
		Network: strings.TrimPrefix(string(lines[2]), lineNetwork),
		Created: created.UTC(),
		Seed:    secret.New(lines[4]),
	}
	if !spelled(e, plain) {
		return Entry{}, ErrMalformed
	}
	return e, nil
}

// spelled says that a plaintext is what writing its contents again gives: it refuses whatever a lenient reading let through.
func spelled(c contents, plain []byte) bool {
	again, err := c.encode()
	if err != nil {
		return false
	}
	defer again.Wipe()
	return bytes.Equal(again.Reveal(), plain)
}

// dated says that a time has a text of the length that decode expects.
func dated(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1970 && year <= 9999
}

// oneLine says that s is text that fits on a line and shows as it is.
func oneLine(s string) bool {
	return s != "" && utf8.ValidString(s) && strings.TrimSpace(s) == s && strings.IndexFunc(s, unicode.IsControl) < 0
}
