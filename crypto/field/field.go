// Package field protects single values of a database: columns by encryption,
// look-ups by a blind index, short codes by a keyed hash.
//
// It promises that a sealed value opens only in the row and for the purpose it was
// sealed for, so that a writer of the database cannot move one elsewhere;
// that a blind index finds equal values without telling them; and that a six-digit
// code cannot be guessed from its hash without the key. It does not hide how long a
// value is, nor that two rows hold the same indexed value.
//
// All keys come from one root key by HKDF-SHA256 with a label each. Start at
// [LoadRoot] and [Derive].
package field

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/restante/restante/crypto/secret"
)

const (
	version = 1 // first byte of every sealed value

	labelColumn = "restante/v1/field/column"
	labelIndex  = "restante/v1/field/index"
	labelCode   = "restante/v1/field/code"
)

// Overhead is how many bytes a sealed value is longer than its plaintext.
const Overhead = 1 + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

var (
	// ErrOpen says that a value was altered, moved, or sealed under another key.
	ErrOpen = errors.New("field: the value does not open here")
	// ErrVersion says that a value was sealed in a way this program does not know.
	ErrVersion = errors.New("field: unknown version of value")
	// ErrPlace says that purpose or row are empty.
	ErrPlace = errors.New("field: a value needs a purpose and a row")
	// ErrNoRoot says that the root key was never set.
	ErrNoRoot = errors.New("field: the root key is not set")
)

// Keys protects the values of one database. It is safe for concurrent use.
type Keys struct {
	secret.Redacted
	aead  cipher.AEAD
	index secret.Key
	code  secret.Key
}

// Derive makes the keys of a database from its root key, or returns ErrNoRoot.
func Derive(root secret.Key) (*Keys, error) {
	if root.IsZero() {
		return nil, ErrNoRoot
	}
	var column secret.Key
	k := &Keys{}
	for label, key := range map[string]*secret.Key{labelColumn: &column, labelIndex: &k.index, labelCode: &k.code} {
		raw, err := hkdf.Key(sha256.New, root.Reveal(), nil, label, secret.KeySize)
		if err != nil {
			return nil, err
		}
		if *key, err = secret.NewKey(raw); err != nil {
			return nil, err
		}
		clear(raw)
	}
	aead, err := chacha20poly1305.NewX(column.Reveal())
	if err != nil {
		return nil, err
	}
	k.aead = aead
	column.Wipe()
	return k, nil
}

// Seal encrypts a value for one place: a purpose, the word for table and column
// ("payment.handle"), and the id of the row. The result is
//
//	version byte ‖ random nonce of 24 bytes ‖ XChaCha20-Poly1305 ciphertext
//
// with the place as additional data. It returns ErrPlace when a part is empty.
func (k *Keys) Seal(purpose, row string, plain []byte) ([]byte, error) {
	if purpose == "" || row == "" {
		return nil, ErrPlace
	}
	out := make([]byte, 1+chacha20poly1305.NonceSizeX, Overhead+len(plain))
	out[0] = version
	_, _ = rand.Read(out[1:]) // never fails, it ends the program instead
	return k.aead.Seal(out, out[1:], plain, place(purpose, row)), nil
}

// Open decrypts what Seal made for the same place.
// Errors: ErrPlace, ErrVersion, ErrOpen.
func (k *Keys) Open(purpose, row string, sealed []byte) (secret.Bytes, error) {
	if purpose == "" || row == "" {
		return secret.Bytes{}, ErrPlace
	}
	if len(sealed) < Overhead {
		return secret.Bytes{}, ErrOpen
	}
	if sealed[0] != version {
		return secret.Bytes{}, ErrVersion
	}
	nonce := sealed[1 : 1+chacha20poly1305.NonceSizeX]
	plain, err := k.aead.Open(nil, nonce, sealed[len(nonce)+1:], place(purpose, row))
	if err != nil {
		return secret.Bytes{}, ErrOpen
	}
	defer clear(plain)
	return secret.New(plain), nil
}

// BlindIndex is HMAC-SHA256 of a purpose and a value in lower-case hex: equal values
// of one purpose have equal indexes. The value must be in its one canonical form.
// To keep tenants apart, make the tenant part of the purpose.
func (k *Keys) BlindIndex(purpose, value string) string {
	return mac(k.index, purpose, value)
}

// CodeMAC is HMAC-SHA256 of a session and a short code in lower-case hex. The same
// code has another hash in every session.
func (k *Keys) CodeMAC(session, code string) string {
	return mac(k.code, session, code)
}

// CheckCode compares in constant time. Count the attempt before you call it.
func (k *Keys) CheckCode(session, code, want string) bool {
	return subtle.ConstantTimeCompare([]byte(k.CodeMAC(session, code)), []byte(want)) == 1
}

func mac(key secret.Key, a, b string) string {
	m := hmac.New(sha256.New, key.Reveal())
	m.Write(place(a, b))
	return hex.EncodeToString(m.Sum(nil))
}

// place joins two texts so that no other pair gives the same bytes: each comes
// with its length as eight bytes before it.
func place(a, b string) []byte {
	out := make([]byte, 0, 16+len(a)+len(b))
	for _, s := range []string{a, b} {
		out = binary.BigEndian.AppendUint64(out, uint64(len(s)))
		out = append(out, s...)
	}
	return out
}
