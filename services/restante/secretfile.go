package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/typed"
)

// readSecretFile reads the first line of a file as text that a person can type again: what is made under it would else
// be closed to her.
func readSecretFile(flag, path string) (secret.Bytes, error) {
	file, err := readFile(flag, path)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(file)
	line, err := typed.Line(file)
	return line, untyped(flag, path, err)
}

// readKeyFile reads a key that was made by a machine: spaces around it are nothing.
func readKeyFile(flag, path string) (secret.Bytes, error) {
	text, err := readTextFile(flag, path)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer text.Wipe()
	line, _, _ := strings.Cut(strings.TrimSpace(string(text.Reveal())), "\n")
	return secret.NewString(strings.TrimSpace(line)), nil
}

// readTextFile reads a whole file whose layout means nothing.
func readTextFile(flag, path string) (secret.Bytes, error) {
	file, err := readFile(flag, path)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(file)
	text, err := typed.Text(file)
	return text, untyped(flag, path, err)
}

// oldPassphrases are what a file may mean as the passphrase of something that exists: its first line as it is typed, and
// as it was read by programs that knew nothing of marks and of composed letters, which is what it may be locked with.
func oldPassphrases(flag, path string) ([]secret.Bytes, error) {
	file, err := readFile(flag, path)
	if err != nil {
		return nil, err
	}
	defer clear(file)
	raw, _, _ := strings.Cut(string(file), "\n")
	if raw = strings.TrimRight(raw, "\r"); strings.TrimSpace(raw) == "" {
		return nil, untyped(flag, path, typed.ErrEmpty)
	}
	if len(raw) > 4096 { // where they cut it
		raw = raw[:4096]
	}
	all := []secret.Bytes{secret.NewString(raw)}
	line, err := typed.Line(file)
	if err == nil && !line.Equal(all[0]) {
		all = append([]secret.Bytes{line}, all...)
	}
	return all, nil
}

// readFile takes in one byte more than may be, so that nothing is cut in silence.
func readFile(flag, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, failed("%s: %v.", flag, err)
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, typed.MaxText+1))
	if err != nil {
		return nil, failed("%s: %v.", flag, err)
	}
	return file, nil
}

// untyped says of a file what of it cannot be typed again. It shows nothing of it.
func untyped(flag, path string, err error) error {
	var place *typed.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, typed.ErrEmpty):
		return failed("%s: the first line of %s is empty.", flag, path)
	case errors.As(err, &place):
		return failed("%s: %s has %s (line %d, character %d). A person could not type it again, so it is not taken. "+
			"Save the file as plain text in UTF-8.", flag, path, place.What, place.Line, place.Column)
	}
	return failed("%s: %v.", flag, err)
}

// whyNoKeystore says why a file is no keystore, in a sentence without its end.
func whyNoKeystore(what string, err error) string {
	var work *keystore.WorkFactorError
	switch {
	case errors.As(err, &work):
		return fmt.Sprintf("%s was made with the scrypt work factor 2^%d; at most 2^%d is opened here. \"age -d\" opens it, and \"age -p\" makes it anew",
			what, work.Factor, keystore.MaxWorkFactor)
	case errors.Is(err, keystore.ErrNotAge):
		return what + " is no age file, neither binary nor armored"
	case errors.Is(err, keystore.ErrNoPassphrase):
		return what + " is sealed to keys and not under a passphrase. \"age -d -i KEYS\" opens it"
	case errors.Is(err, keystore.ErrAltered):
		return what + " was altered or cut: age cannot authenticate it"
	}
	return what + " opens, and what is in it is no keystore and no profile of ours"
}
