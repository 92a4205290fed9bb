package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
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
	if s.stdout || c.shown() {
		return nil
	}
	return usage("Standard output is no terminal, so %s is not printed there. Name a new file for it with %s FILE (only you will read it), "+
		"or give --%s where a program of yours reads the answer.", what, file, secretsToStdout)
}

// mayTell refuses a passphrase that would be made here and shown where no person reads it. flag names a file with one.
func (c *cli) mayTell(s secretTo, flag string) error {
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

// newFile is a file to come, whose place is known to be there: mode 0600, never in the place of another.
type newFile struct {
	path string
	f    *os.File // in the same folder, under another name
}

func reserve(path string) (newFile, error) {
	if _, err := os.Lstat(path); err == nil {
		return newFile{}, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	return newFile{path, f}, err
}

// put writes the file: whole and synced before it has its name, so that a crash leaves no half a file there.
func (n newFile) put(text []byte) error {
	defer os.Remove(n.f.Name())
	if err := writeSynced(n.f, text); err != nil {
		return err
	}
	if err := os.Link(n.f.Name(), n.path); err != nil { // a link never replaces
		return err
	}
	return syncDir(filepath.Dir(n.path))
}

// drop gives the place up. It may be called after put.
func (n newFile) drop() {
	if n.f != nil {
		_ = n.f.Close()
		_ = os.Remove(n.f.Name())
	}
}

// reserveFor is the file of --out for a secret, or none.
func reserveFor(s secretTo, what string) (newFile, error) {
	if s.out == "" {
		return newFile{}, nil
	}
	n, err := reserve(s.out)
	switch {
	case errors.Is(err, fs.ErrExist):
		return n, failed("%s is there already and is never overwritten. Name another file with --out.", s.out)
	case err != nil:
		return n, failed("%s could not be written, so nothing was done: %v. Name another place with --out.", capital(what), err)
	}
	return n, nil
}
