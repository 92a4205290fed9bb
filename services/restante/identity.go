package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"filippo.io/age"
	"golang.org/x/term"

	"github.com/restante/restante/crypto/durable"
)

// stdoutIsTerminal says whether standard output is a terminal: secrets are printed there and nowhere else.
func (c *cli) stdoutIsTerminal() bool { return isTerminal(c.stdout) }

func isTerminal(out io.Writer) bool {
	if s, ok := out.(*sticky); ok {
		out = s.to
	}
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// identityIn is the age identity in a file; where there is no file, a new one that only its owner reads.
func identityIn(path string) (*age.X25519Identity, error) {
	text, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newIdentityFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the sender's identity: %w", err)
	}
	defer text.Close()
	all, err := age.ParseIdentities(text)
	if err != nil {
		return nil, fmt.Errorf("the sender's identity: %s is there and holds none; name another file with --identity", path)
	}
	for _, one := range all {
		if id, ok := one.(*age.X25519Identity); ok {
			return id, nil
		}
	}
	return nil, fmt.Errorf("the sender's identity: %s holds none of the kind AGE-SECRET-KEY-1…", path)
}

func newIdentityFile(path string) (*age.X25519Identity, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	if err := durable.Create(path, identityText(id, time.Now())); err != nil {
		return nil, fmt.Errorf("the sender's identity cannot be written, so no app was made: %w; name another file with --identity", err)
	}
	return id, nil
}

// identityText is an identity as age-keygen writes it.
func identityText(id *age.X25519Identity, made time.Time) []byte {
	return fmt.Appendf(nil, "# created: %s\n# public key: %s\n%s\n", made.UTC().Format(time.RFC3339), id.Recipient(), id)
}
