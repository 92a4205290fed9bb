package keystore

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/restante/restante/crypto/secret"
)

const passphraseWords = 10

// GeneratePassphrase returns ten random words joined by dashes, as `age -p` does:
// the words are the English list of BIP-39, 2048 of them, so 110 bits.
func GeneratePassphrase() secret.Bytes {
	var draw [2 * passphraseWords]byte
	_, _ = rand.Read(draw[:]) // never fails, it ends the program instead
	var phrase []byte
	for i := range passphraseWords {
		if i > 0 {
			phrase = append(phrase, '-')
		}
		// 2048 divides 2^16, so every word is as likely as any other.
		n := binary.BigEndian.Uint16(draw[2*i:]) % uint16(len(wordlists.English))
		phrase = append(phrase, wordlists.English[n]...)
	}
	defer clear(phrase)
	return secret.New(phrase)
}
