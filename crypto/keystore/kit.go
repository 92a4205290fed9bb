package keystore

import (
	"bytes"
	"encoding/json"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/crypto/secret"
)

// KitFormat is the word in a kit's "format".
const KitFormat = "restante-kit-1"

const maxBox = 64 << 10 // bytes, as package seal allows

// Kit is all that a recipient needs to get her money out without help: the box,
// and the identity that opens it. The two together are the key of the holding account.
//
// The text under the passphrase is one JSON object with the members format, payment,
// network, holding_account, asset, amount, box (standard base64 of an age file) and identity,
// all of them strings.
type Kit struct {
	Payment  string       // id
	Network  string       // Stellar network passphrase
	Account  string       // G… of the holding account
	Asset    string       // "native", or CODE:ISSUER
	Amount   string       // of the asset, a decimal
	Box      []byte       // age file
	Identity secret.Bytes // AGE-SECRET-KEY-1…
}

// WriteKit creates a file with the kit at path. Errors and time as Write; ErrEntry also
// when the box is empty or the identity is none.
func WriteKit(path string, k Kit, passphrase secret.Bytes) error {
	return write(path, k, passphrase)
}

func (k Kit) encode() (secret.Bytes, error) {
	if _, err := age.ParseX25519Identity(string(k.Identity.Reveal())); err != nil {
		return secret.Bytes{}, ErrEntry
	}
	if !strkey.IsValidEd25519PublicKey(k.Account) || len(k.Box) == 0 || len(k.Box) > maxBox || !oneLine(k.Payment) || !oneLine(k.Network) || !oneLine(k.Asset) || !oneLine(k.Amount) {
		return secret.Bytes{}, ErrEntry
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(struct {
		Format   string `json:"format"`
		Payment  string `json:"payment"`
		Network  string `json:"network"`
		Account  string `json:"holding_account"`
		Asset    string `json:"asset"`
		Amount   string `json:"amount"`
		Box      []byte `json:"box"`
		Identity string `json:"identity"`
	}{KitFormat, k.Payment, k.Network, k.Account, k.Asset, k.Amount, k.Box, string(k.Identity.Reveal())})
	defer clear(text.Bytes())
	if err != nil {
		return secret.Bytes{}, ErrEntry
	}
	return secret.New(text.Bytes()), nil
}
