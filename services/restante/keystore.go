package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/crypto/keystore"
)

func (c *cli) newKeystore() *cobra.Command {
	return group("keystore", "Show, export and import keys", groupKeys, c.newKeystoreShow(), c.newKeystoreExport(), c.newKeystoreImport())
}

// stored says which keystore is meant: a file, or else a profile.
type stored struct {
	file, profile, passphraseFile string
}

func (s *stored) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&s.profile, "profile", defaultProfile, "name of the profile, where no file is given")
	fl.StringVar(&s.passphraseFile, "passphrase-file", "", "file whose first line is its passphrase")
}

// named takes the one argument there may be.
func (s *stored) named(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case len(args) > 1:
		return usage("%q takes one file, or --profile. Like this: %s", cmd.CommandPath(), cmd.UseLine())
	case cmd.Flags().Changed("profile"):
		return usage("Give a file or --profile, not both.")
	case secretLike(args[0]):
		return usage("%q takes the path of a file. That looks like the secret itself: a command line is no place for it.", cmd.CommandPath())
	}
	s.file = args[0]
	return nil
}

// open opens what is meant, of either kind, and says where it is.
func (c *cli) open(ctx context.Context, s stored) (p keystore.Profile, path string, err error) {
	if s.file == "" {
		if path, err = c.findProfile("--profile", s.profile); err != nil {
			return p, "", err
		}
		p, err = c.openProfile(ctx, s.profile, s.passphraseFile)
		return p, path, err
	}
	if err := readable(s.file); err != nil {
		return p, "", err
	}
	p, err = c.unlock(ctx, s.file, s.file, "--passphrase-file", s.passphraseFile)
	return p, s.file, err
}

// readable refuses, before a passphrase is asked for, what is no file.
func readable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return failed("There is no file %s. A profile goes by its name: --profile NAME.", path)
	case err != nil:
		return failed("%s.", capital(err.Error()))
	case !info.Mode().IsRegular():
		return failed("%s is not a file.", path)
	}
	return nil
}

func (c *cli) newKeystoreShow() *cobra.Command {
	var s stored
	cmd := &cobra.Command{
		Use: "show [FILE]", Short: "Show what a keystore is for, without its secrets", Args: s.named,
		Long: "Show account, network, recipient and age of a keystore or a profile. All of it is under the passphrase, which is\n" +
			"asked for.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, path, err := c.open(cmd.Context(), s)
			if err != nil {
				return err
			}
			defer p.Wipe()
			if c.json {
				return c.printJSON(profileJSON{
					Profile: p.Name, Account: p.Account, Network: p.Network, Recipient: p.Recipient, CreatedAt: p.Created, File: path,
				})
			}
			c.table(row{"Profile", p.Name}, row{"Account", p.Account}, row{"Network", p.Network}, row{"Recipient", p.Recipient},
				row{"Created", moment(p.Created)}, row{"File", path})
			return c.written()
		},
	}
	s.flags(cmd)
	return cmd
}

func (c *cli) newKeystoreImport() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Make a profile of a keystore, or of another profile", Args: exactly(1, "a keystore's file"),
		Long: "Make a profile of a keystore or of a profile from elsewhere; \"restante init --keystore FILE\" does the same.",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.keystore = args[0]
			return c.initProfile(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.profile, "profile", defaultProfile, "name of the new profile")
	fl.StringVar(&f.passphraseFile, "passphrase-file", "", "file whose first line is the new profile's passphrase")
	fl.StringVar(&f.keystorePassphrase, "keystore-passphrase-file", "", "file whose first line is the passphrase of FILE")
	f.secrets.stdoutFlag(fl)
	return cmd
}

// exportFlags are the flags of keystore export.
type exportFlags struct {
	stored
	secretTo
	newPassphraseFile string
	secret, identity  bool
}

func (c *cli) newKeystoreExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use: "export [FILE] --out FILE", Short: "Copy a key out: into a keystore, or bare", Args: f.named,
		Long: "Copy the account's key into a keystore of its own under a passphrase of its own (--out), or take a secret out bare:\n" +
			"the account's secret key for a wallet (--secret), or the identity that opens the boxes (--identity). With --out it\n" +
			"goes into that file, else on the terminal; on another standard output with --secrets-to-stdout only. Whoever sees a\n" +
			"bare secret has the money.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.export(cmd.Context(), f) },
	}
	f.stored.flags(cmd)
	fl := cmd.Flags()
	f.secretTo.flags(fl, "new file for the account's keystore, or for the bare secret; never overwritten")
	fl.StringVar(&f.newPassphraseFile, "new-passphrase-file", "", "file whose first line is the passphrase of --out")
	fl.BoolVar(&f.secret, "secret", false, "the account's secret key, S…, bare")
	fl.BoolVar(&f.identity, "identity", false, "the age identity, bare")
	return cmd
}

func (f exportFlags) check() error {
	bare := f.secret || f.identity
	switch {
	case f.secret && f.identity, !bare && f.out == "":
		return usage("What is to be exported? Give one of --out FILE, --secret and --identity.")
	case f.newPassphraseFile != "" && (f.out == "" || bare):
		return usage("--new-passphrase-file goes with --out, for a keystore: a bare secret is under no passphrase.")
	}
	return nil
}

// exportJSON is what came out.
type exportJSON struct {
	Account    string `json:"account"`
	Network    string `json:"network"`
	File       string `json:"file,omitempty"`
	Passphrase string `json:"passphrase,omitempty"` // when it was made here
	Secret     string `json:"secret,omitempty"`
	Identity   string `json:"identity,omitempty"`
}

// exportBare puts a secret where it was asked for.
func (c *cli) exportBare(f exportFlags, out exportJSON, bare string) error {
	if f.out != "" {
		if err := durable.Create(f.out, []byte(bare+"\n")); err != nil {
			return failed("The secret cannot be written: %v. Name another place with --out.", err)
		}
		out.File, out.Secret, out.Identity = f.out, "", ""
	}
	switch {
	case c.json:
		return c.printJSON(out)
	case f.out != "":
		c.printf("%s\n\nWhoever reads this file has the money.\n", f.out)
	default:
		c.printf("%s\n", bare)
	}
	return c.written()
}

// export refuses what could not work before a passphrase is asked for.
func (c *cli) export(ctx context.Context, f exportFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if _, err := os.Lstat(f.out); f.out != "" && err == nil {
		return fileThere(f.out, "--out")
	}
	if (f.secret || f.identity) && f.out == "" {
		if err := c.mayPrint(f.secretTo, "the secret", "--out"); err != nil {
			return err
		}
	}
	if err := checkSecretFile("--new-passphrase-file", f.newPassphraseFile); err != nil {
		return err
	}
	p, path, err := c.open(ctx, f.stored)
	if err != nil {
		return err
	}
	defer p.Wipe()
	out := exportJSON{Account: p.Account, Network: p.Network}
	bare := ""
	switch {
	case f.secret:
		out.Secret = string(p.Seed.Reveal())
		bare = out.Secret
	case f.identity && p.Identity.Len() == 0:
		return failed("%s is an account's keystore and has no age identity. Profiles have one.", path)
	case f.identity:
		out.Identity = string(p.Identity.Reveal())
		bare = out.Identity
	default:
		return c.exportFile(ctx, p, f, out)
	}
	return c.exportBare(f, out, bare)
}

func (c *cli) exportFile(ctx context.Context, p keystore.Profile, f exportFlags, out exportJSON) error {
	pass, generated, err := c.newPassphrase(ctx, f.secretTo, "--new-passphrase-file", f.newPassphraseFile, "the keystore")
	if err != nil {
		return err
	}
	defer pass.Wipe()
	err = keystore.Write(f.out, p.Entry(), pass)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fileThere(f.out, "--out")
	case err != nil:
		return failed("The keystore cannot be written: %v. Name another place with --out.", err)
	}
	out.File = f.out
	if generated {
		out.Passphrase = string(pass.Reveal())
	}
	if c.json {
		return c.printJSON(out)
	}
	c.table(row{"Account", out.Account}, row{"Network", out.Network}, row{"File", out.File})
	c.tellPassphrase(pass, generated, "which is kept nowhere")
	c.printf("\nThe keystore is the account: keep the file and its passphrase. \"age -d\" opens it.\n")
	return c.written()
}
