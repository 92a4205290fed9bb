package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
)

// account says where the money goes. When it returns, a new account's key is on disk and synced, and so is the note of
// where it is: nothing is received into a key that could be lost.
func (r *claimRun) account(ctx context.Context, h client.Holding) (client.Account, error) {
	if err := r.proved(); err != nil {
		return client.Account{}, err
	}
	r.note = h.Note
	if h.Note != "" && !r.json {
		fmt.Fprintf(r.stderr, "Note: %s\n", plain(h.Note))
	}
	if r.to != "" {
		return client.Account{Address: r.to}, nil
	}
	if r.saved.Keystore != "" && (r.keystore == "" || samePath(r.keystore, r.saved.Keystore)) {
		a, err := r.reopen(ctx)
		if !errors.Is(err, fs.ErrNotExist) {
			return a, err
		}
		// The file is gone, and no claim into its account has landed: make another.
	}
	return r.makeAccount(ctx, h.Network)
}

// reopen reads the key that an earlier call made for this payment.
func (r *claimRun) reopen(ctx context.Context) (client.Account, error) {
	var e keystore.Entry
	open := func(pass secret.Bytes) (err error) {
		e, err = keystore.Open(r.saved.Keystore, pass)
		return err
	}
	var err error
	switch made := secret.NewString(r.saved.Passphrase); {
	case r.passphraseFile == "" && made.Len() > 0:
		r.tellPassphrase(made, true, "which is kept nowhere once the claim is done")
		err = open(made)
	case r.passphraseFile == "" && r.terminal() == nil:
		return client.Account{}, failed("An earlier call made the account %s for this claim, with its key in %s. Give that file's passphrase with --passphrase-file.",
			r.saved.Account, r.saved.Keystore)
	default:
		err = r.tryPassphrases(ctx, r.saved.Keystore, "--passphrase-file", r.passphraseFile, open)
	}
	if err != nil {
		return client.Account{}, err
	}
	if e.Account != r.saved.Account {
		return client.Account{}, failed("%s holds the key of another account than this claim was begun with. Name another file with --keystore.", r.saved.Keystore)
	}
	return client.Account{Address: e.Account, Seed: e.Seed}, nil
}

func (r *claimRun) makeAccount(ctx context.Context, network string) (client.Account, error) {
	key, err := keypair.Random()
	if err != nil {
		return client.Account{}, err
	}
	path := cmp.Or(r.keystore, "restante-"+key.Address()[:8]+".age")
	if path, err = filepath.Abs(path); err != nil {
		return client.Account{}, err
	}
	pass, generated, err := r.newPassphrase(ctx, r.secrets, "--passphrase-file", r.passphraseFile, "the new account's key")
	if err != nil {
		return client.Account{}, err
	}
	defer pass.Wipe()
	seed := secret.NewString(key.Seed())
	err = keystore.Write(path, keystore.Entry{Account: key.Address(), Network: network, Created: time.Now(), Seed: seed}, pass)
	if errors.Is(err, fs.ErrExist) {
		return client.Account{}, fileThere(path, "--keystore")
	}
	if err != nil {
		return client.Account{}, failed("The keystore cannot be written, so nothing was claimed: %v.", err)
	}
	r.saved.Account, r.saved.Keystore, r.saved.Passphrase = key.Address(), path, ""
	if generated {
		r.saved.Passphrase = string(pass.Reveal())
	}
	if err := r.saved.save(); err != nil {
		return client.Account{}, err
	}
	if !r.json {
		fmt.Fprintf(r.stderr, "New account %s, its key in %s.\n", key.Address(), path)
	}
	r.tellPassphrase(pass, generated, "which is kept nowhere once the claim is done")
	return client.Account{Address: key.Address(), Seed: seed}, nil
}

func samePath(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return b != "" && errX == nil && errY == nil && x == y
}
