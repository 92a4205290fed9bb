package post

import (
	"github.com/restante/restante/crypto/secret"
)

// Sealer encrypts single values for one place; field.Keys is one.
type Sealer interface {
	Seal(purpose, row string, plain []byte) ([]byte, error)
	Open(purpose, row string, sealed []byte) (secret.Bytes, error)
}

// codePlace is the purpose under which a code waits to be mailed; its row is the hash of the session.
const codePlace = "code.mail"

// SealCode encrypts a code until it is mailed. The api seals it, the worker opens it.
func SealCode(k Sealer, session, code string) ([]byte, error) {
	return k.Seal(codePlace, session, []byte(code))
}

// OpenCode decrypts what SealCode made for the same session.
func OpenCode(k Sealer, session string, sealed []byte) (string, error) {
	plain, err := k.Open(codePlace, session, sealed)
	if err != nil {
		return "", err
	}
	defer plain.Wipe()
	return string(plain.Reveal()), nil
}
