package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// Kinds of failure. Every error of this package matches exactly one of them or the context's own error.
var (
	// ErrTransient: no answer, a busy or failing server, or a read that ledgers kept tearing. Ask again later.
	ErrTransient = errors.New("stellar rpc: no answer now")
	// ErrRefused: the server understood and said no. The same question gets the same answer.
	ErrRefused = errors.New("stellar rpc: refused")
	// ErrNonsense: an answer that does not fit its question, or itself. Not to be relied upon for anything.
	ErrNonsense = errors.New("stellar rpc: answer makes no sense")
	// ErrGap: the server no longer has a ledger that was asked for.
	ErrGap = errors.New("stellar rpc: history begins later")
	// ErrWrongNetwork: the server serves another network than the one configured.
	ErrWrongNetwork = errors.New("stellar rpc: another network")
)

// errTooLarge is a body beyond the limit: transient for the caller, a hint to ask for less inside.
var errTooLarge = fmt.Errorf("%w: body larger than the limit", ErrTransient)

// badInput marks a fault of the caller: nothing was sent.
func badInput(err error) error { return fmt.Errorf("%w: %v", ErrRefused, err) }

func nonsense(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNonsense, fmt.Sprintf(format, args...))
}

// unreachable keeps the address, which may carry a credential, out of the message, and tells a caller who gave up
// (the context's error) from a call that took too long.
func unreachable(ctx context.Context, method string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stellar rpc: %s: %w", method, ctx.Err())
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %s: %v", ErrTransient, method, err)
}
