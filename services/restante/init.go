package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/mnemonic"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
)

// initFlags are the flags of init.
type initFlags struct {
	profile, passphraseFile          string
	secretFile                       string
	mnemonicFile, mnemonicPassphrase string
	index                            uint32
	keystore, keystorePassphrase     string
	ask                              bool
	secrets                          secretTo

	indexed bool // --index was given
}

func (c *cli) newInit() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use: "init", Short: "Make a profile, to send from an account of your own", GroupID: groupKeys, Args: exactly(0, ""),
		Long: "Make a profile: one file under a passphrase with the key of a Stellar account, from which you send, and an age\n" +
			"identity, which opens every box you send. The key is new, or yours from elsewhere: a secret key (S…), the words of a\n" +
			"wallet after SEP-5, or a keystore. Secrets come from files or, with --import, from the terminal; never from a flag.\n\n" +
			"Profiles are kept in $RESTANTE_HOME/profiles (default ~/.config/restante/profiles) and never overwritten.",
		Example: "  restante init --network 'Test SDF Network ; September 2015'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.indexed = cmd.Flags().Changed("index")
			return c.initProfile(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.profile, "profile", defaultProfile, "name of the profile")
	fl.StringVar(&f.passphraseFile, "passphrase-file", "", "file whose first line is the profile's passphrase")
	fl.BoolVar(&f.ask, "import", false, "ask at the terminal for the secret key or the words, and hide them")
	fl.StringVar(&f.secretFile, "secret-file", "", "file whose first line is the account's secret key, S…")
	fl.StringVar(&f.mnemonicFile, "mnemonic-file", "", "file with the 12 to 24 words of a wallet, in English")
	fl.Uint32Var(&f.index, "index", 0, "which account of the words, from 0")
	fl.StringVar(&f.mnemonicPassphrase, "mnemonic-passphrase-file", "", "file whose first line is the words' own passphrase (BIP-39), if they have one")
	fl.StringVar(&f.keystore, "keystore", "", "keystore or profile to take the key from")
	fl.StringVar(&f.keystorePassphrase, "keystore-passphrase-file", "", "file whose first line is that keystore's passphrase")
	f.secrets.stdoutFlag(fl)
	return cmd
}

func (f initFlags) check() error {
	if err := checkProfileName("--profile", f.profile); err != nil {
		return err
	}
	sources := 0
	for _, given := range []bool{f.ask, f.secretFile != "", f.mnemonicFile != "", f.keystore != ""} {
		if given {
			sources++
		}
	}
	for flag, path := range map[string]string{
		"--passphrase-file": f.passphraseFile, "--secret-file": f.secretFile, "--mnemonic-file": f.mnemonicFile, "--keystore": f.keystore,
		"--mnemonic-passphrase-file": f.mnemonicPassphrase, "--keystore-passphrase-file": f.keystorePassphrase,
	} {
		if secretLike(path) {
			return usage("%s takes the path of a file. That looks like the secret itself: a command line is no place for it.", flag)
		}
	}
	switch {
	case sources > 1:
		return usage("Where is the key from? Give one of --import, --secret-file, --mnemonic-file and --keystore, or none for a new key.")
	case f.mnemonicPassphrase != "" && f.mnemonicFile == "":
		return usage("--mnemonic-passphrase-file goes with --mnemonic-file.")
	case f.indexed && f.mnemonicFile == "" && !f.ask:
		return usage("--index goes with --mnemonic-file or --import: it numbers the accounts of a wallet's words.")
	case f.index > mnemonic.MaxIndex:
		return usage("--index: the greatest is %d.", uint32(mnemonic.MaxIndex))
	case f.keystorePassphrase != "" && f.keystore == "":
		return usage("--keystore-passphrase-file goes with --keystore.")
	}
	return nil
}

// initProfile refuses what could not work before anything is asked for.
func (c *cli) initProfile(ctx context.Context, f initFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.ask && c.terminal() == nil {
		return usage("--import asks at a terminal, and there is none. Give --secret-file or --mnemonic-file.")
	}
	if _, err := c.home(); err != nil {
		return err
	}
	path := c.profilePath(f.profile)
	if _, err := os.Lstat(path); err == nil {
		return profileThere(f.profile, path)
	}
	if err := checkSecretFile("--passphrase-file", f.passphraseFile); err != nil {
		return err
	}
	if f.keystore != "" {
		if err := readable(f.keystore); err != nil {
			return err
		}
	}
	network, err := c.profileNetwork(ctx, f.keystore == "")
	if err != nil {
		return err
	}
	p, err := c.keyOfProfile(ctx, f)
	if err != nil {
		return err
	}
	defer p.Wipe()
	switch {
	case p.Network == "":
		p.Network = network
	case network != "" && network != p.Network:
		return failed("%s is of the network %q, but %q was asked for. Leave out --network and RESTANTE_NETWORK, or export its secret key and give that with --secret-file.",
			f.keystore, p.Network, network)
	}
	p.Name, p.Created = f.profile, time.Now()
	return c.saveProfile(ctx, p, path, f.passphraseFile, f.secrets)
}

func profileThere(name, path string) error {
	return failed("The profile %q is there already, in %s, and is never overwritten. Name another with --profile.", name, path)
}

// profileNetwork is what --network or the environment says, else, when it must be known, what the relay says.
func (c *cli) profileNetwork(ctx context.Context, must bool) (string, error) {
	network := cmp.Or(c.network, c.env("RESTANTE_NETWORK"))
	if network != "" || !must {
		return network, nil
	}
	server := cmp.Or(c.server, c.env("RESTANTE_SERVER"))
	if server == "" {
		return "", usage("Which network is it for? Give its passphrase with --network, or the relay with --server, which says it (or set RESTANTE_NETWORK or RESTANTE_SERVER).")
	}
	cl, err := c.connect(server, client.Options{})
	if err != nil {
		return "", err
	}
	return cl.Network(ctx)
}

// profileJSON is a profile without its secrets.
type profileJSON struct {
	Profile    string    `json:"profile,omitempty"`
	Account    string    `json:"account"`
	Network    string    `json:"network"`
	Recipient  string    `json:"recipient,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
	File       string    `json:"file"`
	Passphrase string    `json:"passphrase,omitempty"` // when it was made here
}

func (c *cli) saveProfile(ctx context.Context, p keystore.Profile, path, passphraseFile string, to secretTo) error {
	if p.Identity.Len() == 0 {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		p.Recipient, p.Identity = id.Recipient().String(), secret.NewString(id.String())
		defer p.Identity.Wipe()
	}
	pass, generated, err := c.newPassphrase(ctx, to, "--passphrase-file", passphraseFile, "the profile")
	if err != nil {
		return err
	}
	defer pass.Wipe()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return failed("The profile cannot be written: %v. Name another place with RESTANTE_HOME.", err)
	}
	err = keystore.WriteProfile(path, p, pass)
	switch {
	case errors.Is(err, fs.ErrExist):
		return profileThere(p.Name, path)
	case errors.Is(err, keystore.ErrEntry):
		return usage("--network: the passphrase of a network is one line of text without space around it.")
	case err != nil:
		return failed("The profile cannot be written: %v. Name another place with RESTANTE_HOME.", err)
	}
	out := profileJSON{
		Profile: p.Name, Account: p.Account, Network: p.Network, Recipient: p.Recipient, CreatedAt: p.Created.UTC().Truncate(time.Second), File: path,
	}
	if generated {
		out.Passphrase = string(pass.Reveal())
	}
	if c.json {
		return c.printJSON(out)
	}
	c.table(row{"Profile", p.Name}, row{"Account", p.Account}, row{"Network", p.Network}, row{"Recipient", p.Recipient}, row{"File", path})
	c.tellPassphrase(pass, generated, "which is kept nowhere")
	c.printf("\nThe file is the account, and opens every box sent from it: keep it and its passphrase. \"age -d\" opens it.\n")
	return c.written()
}
