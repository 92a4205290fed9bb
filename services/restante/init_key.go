package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/mnemonic"
	"github.com/restante/restante/crypto/secret"
)

// keyOfProfile is the key of a profile that is to be made, from where the flags say. Of a keystore it has the network too,
// and of a profile the identity.
func (c *cli) keyOfProfile(ctx context.Context, f initFlags) (keystore.Profile, error) {
	switch {
	case f.keystore != "":
		return c.unlock(ctx, f.keystore, f.keystore, "--keystore-passphrase-file", f.keystorePassphrase)
	case f.secretFile != "":
		s, err := readKeyFile("--secret-file", f.secretFile)
		if err != nil {
			return keystore.Profile{}, err
		}
		defer s.Wipe()
		return fromSecretKey("--secret-file: the first line of "+f.secretFile, s)
	case f.mnemonicFile != "":
		words, err := readTextFile("--mnemonic-file", f.mnemonicFile)
		if err != nil {
			return keystore.Profile{}, err
		}
		defer words.Wipe()
		var pass secret.Bytes
		if f.mnemonicPassphrase != "" {
			if pass, err = readSecretFile("--mnemonic-passphrase-file", f.mnemonicPassphrase); err != nil {
				return keystore.Profile{}, err
			}
			defer pass.Wipe()
		}
		return fromWords("--mnemonic-file: ", words, pass, f.index)
	case f.ask:
		return c.askKey(ctx, f.index, f.indexed)
	}
	key, err := keypair.Random()
	if err != nil {
		return keystore.Profile{}, err
	}
	return keystore.Profile{Account: key.Address(), Seed: secret.NewString(key.Seed())}, nil
}

// askKey has a secret key or a wallet's words typed.
func (c *cli) askKey(ctx context.Context, index uint32, indexed bool) (keystore.Profile, error) {
	typed, err := c.askHidden(ctx, "Secret key (S…) or the words of a wallet, on one line: ")
	if err != nil {
		return keystore.Profile{}, err
	}
	defer typed.Wipe()
	if words := len(strings.Fields(string(typed.Reveal()))); words <= 1 {
		if indexed {
			return keystore.Profile{}, usage("--index goes with a wallet's words, not with a secret key.")
		}
		return fromSecretKey("What was typed", typed)
	}
	pass, err := c.askNew(ctx, "The words' own passphrase (leave empty if they have none): ")
	if err != nil {
		return keystore.Profile{}, err
	}
	defer pass.Wipe()
	return fromWords("", typed, pass, index)
}

// fromSecretKey reads an S… key. No error shows anything of it.
func fromSecretKey(what string, s secret.Bytes) (keystore.Profile, error) {
	text := strings.TrimSpace(string(s.Reveal()))
	key, err := keypair.ParseFull(text)
	switch {
	case err == nil:
		return keystore.Profile{Account: key.Address(), Seed: secret.NewString(key.Seed())}, nil
	case len(text) == 56 && text[0] == 'G':
		return keystore.Profile{}, failed("%s is the address of an account. Its secret key begins with S.", what)
	case len(strings.Fields(text)) >= 12:
		return keystore.Profile{}, failed("%s looks like the words of a wallet: they go into --mnemonic-file.", what)
	}
	return keystore.Profile{}, failed("%s is not a secret key. One has 56 characters and begins with S; a typo shows in its checksum.", what)
}

func fromWords(what string, words, pass secret.Bytes, index uint32) (keystore.Profile, error) {
	a, err := mnemonic.Derive(words, pass, index)
	var word *mnemonic.WordError
	switch {
	case err == nil:
		return keystore.Profile{Account: a.Address, Seed: a.Seed}, nil
	case errors.As(err, &word) && word.Language != "":
		return keystore.Profile{}, failed("%s", capital(fmt.Sprintf("%sthese are words of BIP-39's %s list; only the English list is known here.", what, word.Language)))
	case errors.As(err, &word):
		return keystore.Profile{}, failed("%s", capital(fmt.Sprintf("%sword %d is none of the English list of BIP-39. Is it spelled right?", what, word.Position)))
	case errors.Is(err, mnemonic.ErrCount):
		return keystore.Profile{}, failed("%s", capital(what+"a wallet's words are 12, 15, 18, 21 or 24. Is one missing?"))
	case errors.Is(err, mnemonic.ErrChecksum):
		return keystore.Profile{}, failed("%s", capital(what+"the words do not fit together: one is another than it was, or two changed places."))
	}
	return keystore.Profile{}, err
}
