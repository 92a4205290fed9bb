package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/typed"
)

// terminal is standard input when it is a terminal, else nil.
func (c *cli) terminal() *os.File {
	f, ok := c.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// ask reads one line from the terminal. The prompt goes to stderr.
func (c *cli) ask(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(c.stderr, prompt)
	return inTime(ctx, func() (string, error) {
		if c.lines == nil {
			c.lines = bufio.NewReader(c.stdin) // a terminal gives one line at a time, so nothing is read ahead
		}
		line, err := c.lines.ReadString('\n')
		if err != nil {
			return "", failed("Nothing was typed.")
		}
		return strings.TrimSpace(line), nil
	})
}

// askNew reads one line without showing it, as text that can be typed again elsewhere: what was pasted may not be.
func (c *cli) askNew(ctx context.Context, prompt string) (secret.Bytes, error) {
	raw, err := c.askHidden(ctx, prompt)
	if err != nil {
		return raw, err
	}
	defer raw.Wipe()
	line, err := typed.Typed(raw.Reveal())
	var place *typed.Error
	if errors.As(err, &place) {
		return secret.Bytes{}, failed("There is %s in it (character %d): it could not be typed again, so it is not taken.", place.What, place.Column)
	}
	return line, err
}

// askHidden reads one line from the terminal without showing it.
func (c *cli) askHidden(ctx context.Context, prompt string) (secret.Bytes, error) {
	fd := int(c.terminal().Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return secret.Bytes{}, failed("The terminal cannot hide what is typed: %v.", err)
	}
	fmt.Fprint(c.stderr, prompt)
	typed, err := inTime(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(c.stderr)
	if err != nil {
		_ = term.Restore(fd, before) // interrupted while the echo was off
		return secret.Bytes{}, err
	}
	defer clear(typed)
	return secret.New(typed), nil
}

// inTime returns when read does or when the context ends. Reading a terminal knows no context: a read that is left
// behind ends with the process.
func inTime[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := read()
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.v, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
