package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/restante/restante/crypto/secret"
)

// MaxWorkFactor is the greatest scrypt work factor that is opened, as a power of two: what stock age opens by default. It
// takes 4 GiB of memory.
const MaxWorkFactor = 22

// WorkFactorError says that a file under a passphrase takes more memory to open than MaxWorkFactor allows. It matches
// ErrMalformed.
type WorkFactorError struct{ Factor int }

func (e *WorkFactorError) Error() string {
	return fmt.Sprintf("keystore: scrypt work factor 2^%d, at most 2^%d is opened", e.Factor, MaxWorkFactor)
}

func (e *WorkFactorError) Unwrap() error { return ErrMalformed }

// unlock is the text under a passphrase, with LF at the end of each line: an editor of another system may have written it.
func unlock(file []byte, passphrase secret.Bytes) ([]byte, error) {
	if passphrase.Len() == 0 {
		return nil, ErrPassphrase
	}
	if len(file) > maxFile {
		return nil, ErrMalformed
	}
	if err := underPassphrase(file); err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(string(passphrase.Reveal()))
	if err != nil {
		return nil, ErrPassphrase
	}
	identity.SetMaxWorkFactor(MaxWorkFactor)
	r, err := age.Decrypt(bare(file), identity)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return nil, ErrPassphrase
		}
		return nil, ErrAltered
	}
	// Until EOF no byte is to be trusted.
	plain, err := io.ReadAll(io.LimitReader(r, maxPlain+1))
	defer clear(plain)
	switch {
	case err != nil:
		return nil, ErrAltered
	case len(plain) > maxPlain:
		return nil, ErrMalformed
	}
	return lines(plain), nil
}

var utf8Mark = []byte("\ufeff")

// lines copies a text, its lines ended by LF alone.
func lines(text []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(text, utf8Mark), []byte("\r\n"), []byte("\n"))
}

// bare reads an age file, out of its armor where it has one.
func bare(file []byte) io.Reader {
	if bytes.HasPrefix(file, []byte(ageIntro)) {
		return bytes.NewReader(file)
	}
	return armor.NewReader(bytes.NewReader(bytes.TrimPrefix(file, utf8Mark)))
}

const ageIntro = "age-encryption.org/"

// underPassphrase judges the header before anything is spent on it: an age file with one scrypt recipient, of a work factor
// that is opened (age's specification, "scrypt recipient stanza").
func underPassphrase(file []byte) error {
	header, err := age.ExtractHeader(bare(file))
	if err != nil {
		if bytes.HasPrefix(file, []byte(ageIntro)) || bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(file, utf8Mark)), []byte(armor.Header)) {
			return ErrAltered
		}
		return ErrNotAge
	}
	for line := range bytes.Lines(header) {
		words := bytes.Fields(line)
		if len(words) < 2 || string(words[0]) != "->" {
			continue
		}
		if string(words[1]) != "scrypt" {
			return ErrNoPassphrase
		}
		if len(words) == 4 {
			if factor, err := strconv.Atoi(string(words[3])); err == nil && factor > MaxWorkFactor {
				return &WorkFactorError{Factor: factor}
			}
		}
		return nil
	}
	return ErrAltered
}

// Sealed says that a file is an age file, so that a key or a passphrase has to open it first.
func Sealed(file []byte) bool { return !errors.Is(underPassphrase(file), ErrNotAge) }

// OpenIdentities reads the age identities of a file in the text that age-keygen writes: one a line, comments apart. A file
// under a passphrase is opened with it; a profile is such a file. Errors: those of [Open], and ErrNoIdentity.
func OpenIdentities(file []byte, passphrase secret.Bytes) ([]secret.Bytes, error) {
	if Sealed(file) {
		plain, err := unlock(file, passphrase)
		if err != nil {
			return nil, err
		}
		defer clear(plain)
		file = plain
	}
	var found []secret.Bytes
	for line := range bytes.Lines(file) {
		line = bytes.TrimSpace(line)
		if id, err := age.ParseX25519Identity(string(line)); err == nil {
			found = append(found, secret.NewString(id.String()))
		}
	}
	if len(found) == 0 {
		return nil, ErrNoIdentity
	}
	return found, nil
}

// ErrNoIdentity says that a file holds no X25519 identity of age.
var ErrNoIdentity = errors.New("keystore: no age identity")
