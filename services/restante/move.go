package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/typed"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
)

// moveFlags are the flags of readdress --move.
type moveFlags struct {
	move                                                      bool
	identityFile, from, passphraseFile, note, policy, receipt string
}

func (f moveFlags) check() error {
	switch {
	case !f.move && (f.identityFile != "" || f.from != "" || f.passphraseFile != "" || f.note != "" || f.policy != "" || f.receipt != ""):
		return usage("The other flags go with --move.")
	case f.move && (f.identityFile == "") == (f.from == ""):
		return usage("--move opens the box: give --identity with the app's age identity, or --from with the profile that sent the money.")
	}
	return nil
}

// moveMoney gives waiting money to another recipient under a new link. The ledger decides against a claim of the old one.
func (c *cli) moveMoney(ctx context.Context, id, to string, f moveFlags) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	file := ""
	q := client.MoveRequest{ID: id, To: to, Note: f.note, Policy: f.policy,
		Keep: func(kept client.OwnReceipt) (err error) { file, err = c.keepReceipt(kept, f.receipt); return err }}
	if f.from != "" {
		profile, err := c.openProfile(ctx, f.from, f.passphraseFile)
		if err != nil {
			return err
		}
		defer profile.Wipe()
		q.Identities, q.Sign = []secret.Bytes{profile.Identity}, client.SignWith(profile.Network, profile.Seed)
	} else if q.Identities, err = c.readIdentities(ctx, f.identityFile, f.passphraseFile); err != nil {
		return err
	}
	sent, err := cl.Move(ctx, q)
	switch {
	case errors.Is(err, redeem.ErrBox), errors.Is(err, redeem.ErrIdentity):
		return failed("None of these identities opens the payment's box, so nothing was moved.")
	case err != nil && file != "":
		return c.ownInterrupted(sent, file, err)
	case err != nil:
		return c.unsigned(sent, err)
	}
	p, err := waitFunded(ctx, cl, sent.Payment.ID)
	if err != nil {
		return c.ownInterrupted(sent, file, err)
	}
	if sent.Payment = p; p.State == string(relay.Failed) {
		return &failure{status: statusLost, text: "The money has not moved: the old link was faster, or the time ran out. \"restante show " + id + "\" tells."}
	}
	return cmp.Or(c.printOwnSent(sent, file, false), stopped(p, ""))
}

// readIdentities reads every identity of an age identity file; one that is under a passphrase, a profile among them, is
// opened first.
func (c *cli) readIdentities(ctx context.Context, path, passphraseFile string) (ids []secret.Bytes, err error) {
	file, err := readFile("--identity", path)
	if err != nil {
		return nil, err
	}
	defer clear(file)
	if !keystore.Sealed(file) {
		text, err := typed.Text(file)
		if err != nil {
			return nil, untyped("--identity", path, err)
		}
		defer text.Wipe()
		if ids, err = keystore.OpenIdentities(text.Reveal(), secret.Bytes{}); err == nil {
			return ids, nil
		}
	} else {
		err = c.tryPassphrases(ctx, path, "--passphrase-file", passphraseFile, func(pass secret.Bytes) (err error) {
			ids, err = keystore.OpenIdentities(file, pass)
			return err
		})
	}
	switch {
	case errors.Is(err, keystore.ErrNoIdentity), !keystore.Sealed(file):
		return nil, failed("--identity: %s holds no age identity that could open a box; one begins with AGE-SECRET-KEY-1.", path)
	case errors.Is(err, keystore.ErrMalformed):
		return nil, failed("--identity: %s.", whyNoKeystore(path, err))
	}
	return ids, err
}
