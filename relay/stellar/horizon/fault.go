package horizon

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Kinds of failure. Every error of this package matches exactly one of them or the context's own error.
var (
	// ErrTransient: no answer, a busy or failing server, or a read that ledgers kept tearing. Ask again later.
	ErrTransient = errors.New("horizon: no answer now")
	// ErrRefused: the server understood and said no. The same question gets the same answer.
	ErrRefused = errors.New("horizon: refused")
	// ErrNonsense: an answer that does not fit its question, or itself. Not to be relied upon for anything.
	ErrNonsense = errors.New("horizon: answer makes no sense")
	// ErrGap: the server no longer has a ledger that was asked for.
	ErrGap = errors.New("horizon: history begins later")
	// ErrWrongNetwork: the server serves another network than the one configured.
	ErrWrongNetwork = errors.New("horizon: another network")
)

// Limited is an ErrTransient with which the server said how long to leave it alone.
type Limited struct {
	Pause time.Duration // from when the answer arrived, at most an hour
	cause error
}

func (l *Limited) Error() string { return fmt.Sprintf("%v, not for %v", l.cause, l.Pause) }
func (l *Limited) Unwrap() error { return l.cause }

// errTooLarge is a body beyond the limit: transient for the caller, a hint to ask for less inside.
var errTooLarge = fmt.Errorf("%w: body larger than the limit", ErrTransient)

// errAbsent is Horizon's own word that there is no such thing. It never leaves the package.
var errAbsent = fmt.Errorf("%w: not found", ErrRefused)

// badInput marks a fault of the caller: nothing was sent.
func badInput(err error) error { return fmt.Errorf("%w: %v", ErrRefused, err) }

func nonsense(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNonsense, fmt.Sprintf(format, args...))
}

// unreachable keeps the address, which may carry a credential, out of the message, and tells a caller who gave up (the
// context's error) from a call that took too long.
func unreachable(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("horizon: %s: %w", what, ctx.Err())
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %s: %v", ErrTransient, what, err)
}
