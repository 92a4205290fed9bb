// Package mnemonic turns the words that a wallet shows for safe keeping into the key of
// a Stellar account, as SEP-5 says: BIP-39 words, SLIP-10 for ed25519, path m/44'/148'/N'.
//
// It promises the account that every wallet after SEP-5 finds behind the same words, and
// that no error shows any of them. It refuses words that are not of the English list,
// a number of them that BIP-39 does not know, and words that do not fit their checksum.
// It makes no words: a key that is born here lives in a keystore.
//
// Start at [Derive].
package mnemonic

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/tyler-smith/go-bip39"
	"golang.org/x/text/unicode/norm"

	"github.com/restante/restante/crypto/secret"
)

// MaxIndex is the greatest number of an account of a mnemonic.
const MaxIndex = 1<<31 - 1

var (
	// ErrCount says that there are not 12, 15, 18, 21 or 24 words.
	ErrCount = errors.New("mnemonic: not 12, 15, 18, 21 or 24 words")
	// ErrChecksum says that every word is in the list and all together are no mnemonic:
	// one is another than it was, or two changed places.
	ErrChecksum = errors.New("mnemonic: the words do not fit their checksum")
	// ErrIndex says that there is no account of this number.
	ErrIndex = errors.New("mnemonic: index out of range")
)

// WordError says which word is not in BIP-39's English list. It does not hold the word.
type WordError struct {
	Position int    // from 1
	Language string // "Spanish": all the words are of this list; "" = of none
}

func (e *WordError) Error() string {
	if e.Language != "" {
		return fmt.Sprintf("mnemonic: the words are of the %s list, and only the English one is known here", e.Language)
	}
	return fmt.Sprintf("mnemonic: word %d is not in the English list", e.Position)
}

// Account is the key of a Stellar account.
type Account struct {
	Address string       // G…
	Seed    secret.Bytes // S…
}

// Derive returns the account with number index, from 0, of a mnemonic. Words may be written as people keep them: in
// capitals, in lines or columns, numbered, apart by commas, in quotes, under a line that begins with "#", each by its first
// four letters; the checksum decides. The passphrase of BIP-39, most often empty, is taken as it is but for its normal form:
// a wrong one gives another account and no error. Errors: ErrCount, *WordError, ErrChecksum, ErrIndex.
func Derive(words, passphrase secret.Bytes, index uint32) (Account, error) {
	if index > MaxIndex {
		return Account{}, ErrIndex
	}
	seed, err := expand(words, passphrase)
	if err != nil {
		return Account{}, err
	}
	defer seed.Wipe()
	key := master(seed)
	for _, step := range []uint32{44, 148, index} {
		key = key.child(step)
	}
	defer key.wipe()
	kp, err := keypair.FromRawSeed(key.secret)
	if err != nil {
		return Account{}, errors.New("mnemonic: the derived key is none")
	}
	return Account{Address: kp.Address(), Seed: secret.NewString(kp.Seed())}, nil
}

// expand is BIP-39's seed of 64 bytes.
func expand(words, passphrase secret.Bytes) (secret.Bytes, error) {
	text, err := canonical(words)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer text.Wipe()
	salt := norm.NFKD.Append(nil, passphrase.Reveal()...) // Bytes would return what it was given, which is not ours to clear
	defer clear(salt)
	seed := bip39.NewSeed(string(text.Reveal()), string(salt))
	defer clear(seed)
	return secret.New(seed), nil
}

// canonical is the mnemonic as BIP-39 hashes it: words in small letters, a space apart.
func canonical(words secret.Bytes) (secret.Bytes, error) {
	normal := norm.NFKD.Append(nil, words.Reveal()...)
	defer clear(normal)
	text := bytes.ToLower(normal)
	defer clear(text)
	list := listed(text)
	if n := len(list); n < 12 || n > 24 || n%3 != 0 {
		return secret.Bytes{}, ErrCount
	}
	whole := make([][]byte, len(list))
	for i, word := range list {
		full := inEnglish(word)
		if full == "" {
			return secret.Bytes{}, &WordError{Position: i + 1, Language: language(list)}
		}
		whole[i] = []byte(full)
	}
	joined := bytes.Join(whole, []byte(" "))
	defer clear(joined)
	// Its errors quote a word, so none is passed on.
	entropy, err := bip39.EntropyFromMnemonic(string(joined))
	if err != nil {
		return secret.Bytes{}, ErrChecksum
	}
	clear(entropy)
	return secret.New(joined), nil
}
