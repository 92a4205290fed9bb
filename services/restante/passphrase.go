package main

import (
	"context"
	"fmt"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/secret"
)

// newPassphrase comes from the file that a flag names, from the terminal (twice), or is made here.
func (c *cli) newPassphrase(ctx context.Context, to secretTo, flag, file, of string) (p secret.Bytes, generated bool, err error) {
	switch {
	case file != "":
		p, err = readSecretFile(flag, file)
		return p, false, err
	case c.terminal() == nil:
		return c.madePassphrase(to, flag)
	}
	for {
		first, err := c.askNew(ctx, "Passphrase for "+of+" (leave empty to have one made): ")
		if err != nil {
			return p, false, err
		}
		if first.Len() == 0 {
			return c.madePassphrase(to, flag)
		}
		again, err := c.askNew(ctx, "The same again: ")
		if err != nil {
			return p, false, err
		}
		if first.Equal(again) {
			again.Wipe()
			return first, false, nil
		}
		fmt.Fprintln(c.stderr, "These are not the same.")
	}
}

func (c *cli) madePassphrase(to secretTo, flag string) (p secret.Bytes, generated bool, err error) {
	if err := c.mayShowPassphrase(to, flag); err != nil {
		return p, false, err
	}
	return keystore.GeneratePassphrase(), true, nil
}

// tellPassphrase shows a passphrase that was made here, to people; with --json it is a field of the answer.
func (c *cli) tellPassphrase(p secret.Bytes, generated bool, kept string) {
	if generated && !c.json {
		fmt.Fprintf(c.stderr, "Its passphrase, %s: %s\n", kept, p.Reveal())
	}
}

// checkSecretFile refuses a file, if one is named, from which no secret can be read.
func checkSecretFile(flag, path string) error {
	if path == "" {
		return nil
	}
	s, err := readSecretFile(flag, path)
	s.Wipe()
	return err
}
