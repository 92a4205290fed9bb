package field

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/crypto/secret"
)

var (
	// ErrKeyFile says that a key file is not 64 lower-case hex digits and a line end.
	ErrKeyFile = errors.New("field: not a key file of 32 bytes in hex")
	// ErrKeyMode says that too many may read or write a key file.
	ErrKeyMode = errors.New("field: the key file is open to others")
)

// openToOthers are the permission bits a key file must not have. The group may
// read: that is how Kubernetes hands a secret to a process that is not root.
const openToOthers = 0o037

// LoadRoot reads a root key from a regular file: 64 lower-case hex digits, and one
// line end or none. It returns ErrKeyMode when others may read the file or the
// group may write it, ErrKeyFile for another content, and what opening it gave.
func LoadRoot(path string) (secret.Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return secret.Key{}, fmt.Errorf("field: key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return secret.Key{}, fmt.Errorf("field: key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return secret.Key{}, ErrKeyFile
	}
	if info.Mode().Perm()&openToOthers != 0 {
		return secret.Key{}, ErrKeyMode
	}
	text := make([]byte, 2*secret.KeySize+2)
	defer clear(text)
	n, err := io.ReadFull(f, text)
	if err == nil {
		return secret.Key{}, ErrKeyFile // longer than a key and a line end
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return secret.Key{}, fmt.Errorf("field: key file: %w", err)
	}
	return parseRoot(text[:n])
}

func parseRoot(text []byte) (secret.Key, error) {
	line := strings.TrimSuffix(string(text), "\n")
	raw, err := hex.DecodeString(line)
	if err != nil || len(raw) != secret.KeySize || strings.ToLower(line) != line {
		return secret.Key{}, ErrKeyFile
	}
	defer clear(raw)
	if strings.Trim(line, "0") == "" {
		return secret.Key{}, ErrKeyFile // zeros are a placeholder, not a key
	}
	return secret.NewKey(raw)
}

// CreateRoot loads the root key at path and makes it first when there is none, with
// mode 0600. It is for development: in production a missing key is an error,
// because a new one cannot read what the old one wrote.
func CreateRoot(path string) (secret.Key, error) {
	key := secret.RandomKey()
	text := []byte(hex.EncodeToString(key.Reveal()) + "\n")
	defer clear(text)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		// Another process may create it in between; then its key is the one.
		if err := durable.Create(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
			return secret.Key{}, fmt.Errorf("field: key file: %w", err)
		}
	}
	return LoadRoot(path)
}

// Fingerprint tells a root key from any other, and nothing about it: 128 bits of HKDF-SHA256, in hex.
func Fingerprint(root secret.Key) (string, error) {
	if root.IsZero() {
		return "", ErrNoRoot
	}
	sum, err := hkdf.Key(sha256.New, root.Reveal(), nil, "restante/v1/fingerprint", 16)
	if err != nil {
		return "", fmt.Errorf("field: fingerprint: %w", err)
	}
	return hex.EncodeToString(sum), nil
}
