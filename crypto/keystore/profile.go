package keystore

import (
	"strings"
	"time"

	"github.com/restante/restante/crypto/secret"
)

// Profile is what a sender holds who signs with a key of her own.
type Profile struct {
	Name      string       // see ValidName
	Account   string       // G…, the public key of Seed
	Network   string       // Stellar network passphrase, one line of text
	Recipient string       // age1…, of Identity: her boxes are sealed to it
	Created   time.Time    // to the second
	Identity  secret.Bytes // AGE-SECRET-KEY-1…, X25519
	Seed      secret.Bytes // S…
}

// Entry is the profile's account alone.
func (p Profile) Entry() Entry {
	return Entry{Account: p.Account, Network: p.Network, Created: p.Created, Seed: p.Seed}
}

// Wipe empties both secrets, in all copies of this value.
func (p Profile) Wipe() {
	p.Identity.Wipe()
	p.Seed.Wipe()
}

const maxName = 40 // bytes

// ValidName says that a profile may have this name: 1 to 40 of a-z, 0-9, "-", "_" and
// ".", the first one a letter or a digit, so that it is safe as the name of a file.
func ValidName(name string) bool {
	return name != "" && len(name) <= maxName && !strings.ContainsRune("-_.", rune(name[0])) &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// WriteProfile creates a file with the profile at path. Errors and time as Write;
// ErrEntry also when the recipient is not the identity's or the name is not valid.
func WriteProfile(path string, p Profile, passphrase secret.Bytes) error {
	return write(path, p, passphrase)
}

// OpenEither reads the file at path, whichever kind it is of. Of an account's keystore
// the name, the recipient and the identity are empty. Errors and time as Open, but for
// ErrKind.
func OpenEither(path string, passphrase secret.Bytes) (Profile, error) {
	file, err := read(path)
	if err != nil {
		return Profile{}, err
	}
	return decryptEither(file, passphrase)
}

func decryptEither(file []byte, passphrase secret.Bytes) (Profile, error) {
	plain, err := unlock(file, passphrase)
	if err != nil {
		return Profile{}, err
	}
	defer clear(plain)
	if isProfile(plain) {
		return decodeProfile(plain)
	}
	e, err := decode(plain)
	return Profile{Account: e.Account, Network: e.Network, Created: e.Created, Seed: e.Seed}, err
}
