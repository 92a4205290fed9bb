package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/typed"
	"github.com/restante/restante/services/internal/boot"
)

const (
	defaultProfile = "default"
	profileExt     = ".age"
	mostAsked      = 3 // times a passphrase is asked for at a terminal
)

// home is where profiles are kept.
func (c *cli) home() (string, error) {
	if dir := c.env("RESTANTE_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := c.env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "restante"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", failed("There is no place to keep profiles: set RESTANTE_HOME to a folder.")
	}
	return filepath.Join(dir, "restante"), nil
}

// profilePath is the file of a profile, whether it is there or not; "" when there is no place for profiles or the name is
// none.
func (c *cli) profilePath(name string) string {
	dir, err := c.home()
	if err != nil || !keystore.ValidName(name) {
		return ""
	}
	return filepath.Join(dir, "profiles", name+profileExt)
}

// profiles are the names of those there are, in order.
func (c *cli) profiles() []string {
	dir, err := c.home()
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(dir, "profiles")) // sorted
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		name, is := strings.CutSuffix(e.Name(), profileExt)
		if is && !e.IsDir() && keystore.ValidName(name) {
			names = append(names, name)
		}
	}
	return names
}

// openProfile opens the profile of --from with the passphrase from the file, or from the terminal when none is named. The caller
// wipes what it returns.
func (c *cli) openProfile(ctx context.Context, name, passphraseFile string) (keystore.Profile, error) {
	path, err := c.findProfile("--from", name)
	if err != nil {
		return keystore.Profile{}, err
	}
	p, err := c.unlock(ctx, fmt.Sprintf("profile %q", name), path, "--passphrase-file", passphraseFile)
	switch {
	case err != nil:
		return keystore.Profile{}, err
	case p.Name == "":
		p.Wipe()
		return keystore.Profile{}, failed("%s is an account's keystore, not a profile. Make a profile of it: restante keystore import %s --profile NAME", path, path)
	}
	return p, nil
}

// findProfile is the path of a profile that is there; flag named it.
func (c *cli) findProfile(flag, name string) (string, error) {
	if err := checkProfileName(flag, name); err != nil {
		return "", err
	}
	if _, err := c.home(); err != nil {
		return "", err
	}
	path := c.profilePath(name)
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", c.noProfile(name)
	case err != nil:
		return "", failed("The profile %q cannot be read: %v.", name, err)
	}
	return path, nil
}

// checkProfileName checks what was given with the flag.
func checkProfileName(flag, name string) error {
	switch {
	case secretLike(name):
		return usage("%s takes the name of a profile. That looks like a secret key: keep it to yourself.", flag)
	case !keystore.ValidName(name):
		return usage("%s: a name has 1 to 40 of a-z, 0-9, \"-\", \"_\" and \".\", and begins with a letter or a digit.", flag)
	}
	return nil
}

// noProfile names the nearest profile there is, or all of them.
func (c *cli) noProfile(name string) error {
	names := c.profiles()
	best := boot.Nearest(name, names)
	switch {
	case len(names) == 0:
		return failed("There is no profile yet. Make one with \"restante init\".")
	case best != "":
		return failed("There is no profile %q. Did you mean %q?", name, best)
	}
	return failed("There is no profile %q. There are: %s. \"restante init --profile %s\" makes it.", name, strings.Join(names, ", "), name)
}

// unlock opens a keystore of either kind; what names it to people, flag is the one of its passphrase's file.
func (c *cli) unlock(ctx context.Context, what, path, flag, passphraseFile string) (p keystore.Profile, err error) {
	err = c.tryPassphrases(ctx, what, flag, passphraseFile, func(pass secret.Bytes) (err error) {
		p, err = keystore.OpenEither(path, pass)
		return err
	})
	if errors.Is(err, keystore.ErrMalformed) {
		return p, failed("%s.", whyNoKeystore(path, err))
	}
	return p, err
}

// tryPassphrases calls open with each passphrase that the file may mean, or that is typed, until one opens.
func (c *cli) tryPassphrases(ctx context.Context, what, flag, file string, open func(secret.Bytes) error) error {
	if file != "" {
		all, err := oldPassphrases(flag, file)
		if err != nil {
			return err
		}
		for _, pass := range all {
			err = open(pass)
			pass.Wipe()
			if !errors.Is(err, keystore.ErrPassphrase) {
				return opened(err)
			}
		}
		return failed("The passphrase in %s does not open %s.", file, what)
	}
	if c.terminal() == nil {
		return usage("The passphrase of %s is needed. Give a file whose first line it is with %s.", what, flag)
	}
	for range mostAsked {
		raw, err := c.askHidden(ctx, "Passphrase of "+what+": ")
		if err != nil {
			return err
		}
		err = open(raw)
		if line, typedErr := typed.Typed(raw.Reveal()); errors.Is(err, keystore.ErrPassphrase) && typedErr == nil && !line.Equal(raw) {
			err = open(line)
		}
		raw.Wipe()
		if !errors.Is(err, keystore.ErrPassphrase) {
			return opened(err)
		}
		fmt.Fprintf(c.stderr, "That does not open %s.\n", what)
	}
	return failed("The passphrase does not open %s.", what)
}

// opened leaves the errors that a caller has words for as they are.
func opened(err error) error {
	if err == nil || errors.Is(err, keystore.ErrMalformed) || errors.Is(err, keystore.ErrNoIdentity) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return failed("%s.", capital(err.Error()))
}

// secretLike says that an argument looks like a key or like a wallet's words, so that it must be in no error text.
func secretLike(s string) bool {
	s = strings.ToUpper(strings.TrimSpace(s))
	key := len(s) == 56 && s[0] == 'S' && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
	return key || strings.HasPrefix(s, "AGE-SECRET-KEY-") || len(strings.Fields(s)) >= 12
}
