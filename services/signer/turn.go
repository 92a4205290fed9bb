package signer

import (
	"context"
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
)

// told is what the ledger said to one intent so far.
type told struct{ answers map[string]any }

// unasked says that the ledger has to be asked before an intent can be judged.
type unasked struct {
	about string
	ask   func(context.Context) any
}

func (u *unasked) Error() string { return "the ledger was not asked about " + u.about }

type reply[A any] struct {
	value A
	err   error
}

// tell is what the ledger said about something. As long as it was not asked, the error is one that [Signer.decide] knows; the
// caller returns it as it is, and is called again.
func tell[A any](t *told, about string, ask func(context.Context) (A, error)) (A, error) {
	if r, ok := t.answers[about].(reply[A]); ok {
		return r.value, r.err
	}
	var none A
	return none, &unasked{about, func(ctx context.Context) any {
		value, err := ask(ctx)
		return reply[A]{value, err}
	}}
}

// decide has an intent judged in its turn. The ledger is asked without the turn, since that takes as long as the ledger likes:
// then judge runs anew, by what the book says by then, and with one answer more. What it writes before its last question, it
// must want whatever the answers to the others are.
func (s *Signer) decide(ctx context.Context, judge func(t *told) error) error {
	t := &told{answers: map[string]any{}}
	for {
		leave, err := s.enter(ctx)
		if err != nil {
			return err
		}
		err = judge(t)
		leave()
		var u *unasked
		if !errors.As(err, &u) {
			return err
		}
		t.answers[u.about] = u.ask(ctx)
	}
}

// ask is tell where nothing is decided without an answer: a ledger that has none is the fault "ledger_unavailable".
func ask[A any](t *told, about string, get func(context.Context) (A, error)) (A, error) {
	return tell(t, about, func(ctx context.Context) (A, error) {
		value, err := get(ctx)
		if err != nil {
			err = unavailable("ledger_unavailable", err)
		}
		return value, err
	})
}

// head is the newest ledger. It is known before anything is signed: what is signed after it cannot be in that ledger or before.
func (s *Signer) head(t *told) (relay.Head, error) {
	return ask(t, "head", s.cfg.Ledger.Head)
}

// withinLog wants a channel's number on the ledger to be one that the log knows as signed. One beyond it was signed by a signer
// that has more in its log: this log is an older copy, or another signer has the same keys. A channel that never signed has the
// number from when it was made, which ends in 32 zero bits.
func (s *Signer) withinLog(t *told, channel string) error {
	used, err := ask(t, "number of "+channel, func(ctx context.Context) (int64, error) {
		used, err := s.cfg.Ledger.Sequence(ctx, channel)
		if errors.Is(err, relay.ErrNotFound) {
			return 0, nil
		}
		return used, err
	})
	if err != nil {
		return err
	}
	last, signed := s.book.last[channel]
	if !signed {
		last = used &^ (1<<32 - 1)
	}
	if used > last {
		return relay.About(fmt.Sprintf("%s:%d", channel, used), fmt.Errorf("channel %s is at number %d on the ledger, and the log knows nothing beyond %d: it is an older copy, or another signer has the same keys: %w",
			channel, used, last, relay.ErrContradiction))
	}
	return nil
}

// CheckChannels wants every channel's number on the ledger to be one that the log knows; else it is [relay.ErrContradiction], about
// each of the others by channel and number: one that a person has looked at says nothing of the next.
func (s *Signer) CheckChannels(ctx context.Context) error {
	return s.decide(ctx, func(t *told) error {
		var beyond error
		for _, c := range s.book.channels {
			err := s.withinLog(t, c)
			if err != nil && !errors.Is(err, relay.ErrContradiction) {
				return err
			}
			beyond = errors.Join(beyond, err)
		}
		return beyond
	})
}
