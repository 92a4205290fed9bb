package keystore

import (
	"bytes"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
)

const (
	lineProfile   = "# Restante profile v1"
	lineName      = "# name: "
	lineRecipient = "# recipient: "
	lineSeed      = "# stellar seed: " // a comment to age, which reads the identity only
)

func isProfile(plain []byte) bool { return bytes.HasPrefix(plain, []byte(lineProfile+"\n")) }

// encode writes the plaintext that the package comment shows.
func (p Profile) encode() (secret.Bytes, error) {
	kp, err := keypair.ParseFull(string(p.Seed.Reveal()))
	if err != nil || kp.Address() != p.Account || !oneLine(p.Network) || !dated(p.Created) || !ValidName(p.Name) {
		return secret.Bytes{}, ErrEntry
	}
	// Writing the identity again refuses every other spelling of it.
	id, err := age.ParseX25519Identity(string(p.Identity.Reveal()))
	if err != nil || id.String() != string(p.Identity.Reveal()) || id.Recipient().String() != p.Recipient {
		return secret.Bytes{}, ErrEntry
	}
	return plaintext([]string{
		lineProfile,
		lineName + p.Name,
		lineAccount + p.Account,
		lineNetwork + p.Network,
		lineRecipient + p.Recipient,
		lineCreated + p.Created.UTC().Format(time.RFC3339),
	}, p.Identity.Reveal(), []byte("\n"+lineSeed), p.Seed.Reveal())
}

// decodeProfile reads exactly what encode writes.
func decodeProfile(plain []byte) (Profile, error) {
	lines := bytes.Split(plain, []byte("\n"))
	if len(lines) != 9 {
		return Profile{}, ErrMalformed
	}
	after := func(line int, label string) string { return strings.TrimPrefix(string(lines[line]), label) }
	created, err := time.Parse(time.RFC3339, after(5, lineCreated))
	if err != nil {
		return Profile{}, ErrMalformed
	}
	p := Profile{
		Name:      after(1, lineName),
		Account:   after(2, lineAccount),
		Network:   after(3, lineNetwork),
		Recipient: after(4, lineRecipient),
		Created:   created.UTC(),
		Identity:  secret.New(lines[6]),
		Seed:      secret.New(bytes.TrimPrefix(lines[7], []byte(lineSeed))),
	}
	if !spelled(p, plain) {
		p.Wipe()
		return Profile{}, ErrMalformed
	}
	return p, nil
}
