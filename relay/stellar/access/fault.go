package access

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/restante/restante/relay"
)

// Kinds of failure of a [Source]. Every error of one matches exactly one of them or the context's own error.
var (
	// ErrTransient: no answer, a busy or failing server, or a read that ledgers kept tearing. Ask again later.
	ErrTransient = errors.New("ledger server: no answer now")
	// ErrRefused: the server understood and said no. The same question gets the same answer.
	ErrRefused = errors.New("ledger server: refused")
	// ErrNonsense: an answer that does not fit its question, or itself. Not to be relied upon for anything.
	ErrNonsense = errors.New("ledger server: answer makes no sense")
	// ErrGap: the server no longer has a ledger that was asked for.
	ErrGap = errors.New("ledger server: history begins later")
	// ErrWrongNetwork: the server serves another network than the one configured.
	ErrWrongNetwork = errors.New("ledger server: another network")
)

// ErrTooLarge is a body beyond the limit: transient for the caller, a hint to ask for less for a Source.
var ErrTooLarge = fmt.Errorf("%w: body larger than the limit", ErrTransient)

// Limited is an ErrTransient with which the server said how long to leave it alone.
type Limited struct {
	Pause time.Duration // from when the answer arrived, at most an hour
	Cause error
}

func (l *Limited) Error() string { return fmt.Sprintf("%v, not for %v", l.Cause, l.Pause) }
func (l *Limited) Unwrap() error { return l.Cause }

// BadInput marks a fault of the caller: nothing was sent.
func BadInput(err error) error { return fmt.Errorf("%w: %v", ErrRefused, err) }

// Nonsense is an ErrNonsense.
func Nonsense(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNonsense, fmt.Sprintf(format, args...))
}

// WrongNetwork is an ErrWrongNetwork.
func WrongNetwork(host, serves, configured string) error {
	return fmt.Errorf("%w: %s serves %q, configured is %q", ErrWrongNetwork, host, serves, configured)
}

// Unreachable keeps the address, which may carry a credential, out of the message, and tells a caller who gave up (the
// context's error) from a call that took too long.
func Unreachable(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("ledger server: %s: %w", what, ctx.Err())
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %s: %v", ErrTransient, what, err)
}

// fault is a Source's failure as the domain's. A pause that the server asked for becomes the fault's RetryAt.
func fault(err error) error {
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrGap):
		return relay.ErrGap
	}
	f := relay.NewFault(relay.Unavailable, "ledger_unavailable", "The ledger does not answer just now.", err)
	var limited *Limited
	if errors.As(err, &limited) {
		f.RetryAt = relay.Micros(time.Now().Add(limited.Pause).UnixMicro())
	}
	return f
}
