package box

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"github.com/restante/restante/crypto/secret"
)

const labelMAC = "restante/v1/box-mac-account"

// MAC binds a holding account to a link: HMAC-SHA256 under claim.Keys.BoxKey over
// label ‖ account, in lower-case hex. A client that minted the box stores it beside
// the box, so that a writer of the row cannot slip another account in. The
// key is of one payment and one network already.
func MAC(key secret.Key, account string) string {
	m := hmac.New(sha256.New, key.Reveal())
	m.Write([]byte(labelMAC)) // of fixed length
	m.Write([]byte(account))
	return hex.EncodeToString(m.Sum(nil))
}

// CheckMAC compares in constant time. No key matches nothing.
func CheckMAC(key secret.Key, account, mac string) bool {
	return !key.IsZero() && subtle.ConstantTimeCompare([]byte(MAC(key, account)), []byte(mac)) == 1
}
