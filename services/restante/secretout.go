package main

import (
	"errors"
	"io/fs"

	"github.com/spf13/pflag"

	"github.com/restante/restante/crypto/durable"
)

// secretTo says where a command puts the secret that it makes or copies: on a terminal, into a new file that only its owner reads,
// or, when the caller says so in as many words, on a standard output that goes somewhere else.
type secretTo struct {
	out    string // --out
	stdout bool   // --secrets-to-stdout
}

const secretsToStdout = "secrets-to-stdout"

func (s *secretTo) flags(fl *pflag.FlagSet, out string) {
	fl.StringVar(&s.out, "out", "", out)
	s.stdoutFlag(fl)
}

func (s *secretTo) stdoutFlag(fl *pflag.FlagSet) {
	fl.BoolVar(&s.stdout, secretsToStdout, false, "print secrets also where standard output is no terminal: for a program that reads them")
}

// mayPrint refuses, before anything is done, a secret that would go into a pipe or a file which others may read. file is the flag
// that names a file for it.
func (c *cli) mayPrint(s secretTo, what, file string) error {
	if s.stdout || c.stdoutIsTerminal() {
		return nil
	}
	return usage("Standard output is no terminal, so %s is not printed there. Name a new file for it with %s FILE (only you will read it), "+
		"or give --%s where a program of yours reads the answer.", what, file, secretsToStdout)
}

// mayShowPassphrase refuses a passphrase that would be made here and shown where no person reads it. flag names a file with one.
func (c *cli) mayShowPassphrase(s secretTo, flag string) error {
	to := c.stderr
	if c.json {
		to = c.stdout
	}
	if s.stdout || isTerminal(to) {
		return nil
	}
	return usage("A passphrase that is made here would be shown, and there is no terminal to show it on. Name a file whose first line is one of yours with %s, "+
		"or give --%s where a program of yours reads the answer.", flag, secretsToStdout)
}

// reserveFor is the file of --out for a secret, or none.
func reserveFor(s secretTo, what string) (durable.File, error) {
	if s.out == "" {
		return durable.File{}, nil
	}
	n, err := durable.Reserve(s.out)
	switch {
	case errors.Is(err, fs.ErrExist):
		return n, fileThere(s.out, "--out")
	case err != nil:
		return n, failed("%s could not be written, so nothing was done: %v. Name another place with --out.", capital(what), err)
	}
	return n, nil
}
