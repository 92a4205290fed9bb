package desk

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/restante/restante/relay"
)

// AnswerLease is how long a key is in flight without a [Desk.Renew]. It is short, so that after a crash the next request with
// the key does not wait; a request that takes longer renews it every third of this.
const AnswerLease = relay.Micros(5 * 1e6)

// abandoned marks a key whose request was refused, or whose process is gone: a moment long past, and never a lease.
const abandoned relay.Micros = 1

// Begin claims an idempotency key before any work is done. A remembered answer comes back with done = true. The faults
// "idempotency_mismatch" (Invalid) and "idempotency_in_flight" (Conflict) say the other outcomes. A key in flight that is not
// renewed for [AnswerLease], or whose process was started anew ([Desk.Alone]), goes to the next request: of two that work on
// it then, [Desk.Create] accepts one.
func (d *Desk) Begin(ctx context.Context, a Answered) (first Answered, done bool, err error) {
	now, owner := d.now(), d.Process+"/"+rand.Text()
	err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		old, err := tx.Recall(a.App, a.Key)
		switch {
		case errors.Is(err, relay.ErrNotFound):
		case err != nil:
			return err
		case old.Until == abandoned: // nothing came of it: the next request begins anew, mended or not
		case old.Body != a.Body:
			return relay.InvalidFault("idempotency_mismatch", "", "this Idempotency-Key was used with another request")
		case old.Until == 0:
			first, done = old, true
			return nil
		case now < old.Until:
			f := relay.ConflictFault("idempotency_in_flight", "A request with this Idempotency-Key is being worked on.")
			f.RetryAt = old.Until
			return f
		}
		a.Until, a.CreatedAt, a.Owner = now+AnswerLease, now, owner
		first, done = a, false
		return tx.Remember(a)
	})
	return first, done, err
}

// stillOurs says that no other request took the key over since Begin gave it: otherwise both would be accepted.
func stillOurs(tx Tx, a Answered) error {
	now, err := tx.Recall(a.App, a.Key)
	if err != nil {
		return err
	}
	if now.Until == 0 || now.Until == abandoned || now.Owner != a.Owner || now.Body != a.Body {
		return relay.ConflictFault("idempotency_in_flight", "A request with this Idempotency-Key is being worked on.")
	}
	return nil
}

// Renew keeps a key in flight for another [AnswerLease] while its request is worked on.
func (d *Desk) Renew(ctx context.Context, a Answered) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		if err := stillOurs(tx, a); err != nil {
			return err
		}
		a.Until = d.now() + AnswerLease
		return tx.Remember(a)
	})
}

// Abandon gives an idempotency key back after a request that changed nothing, unless another request took it over.
func (d *Desk) Abandon(ctx context.Context, a Answered) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		if err := stillOurs(tx, a); err != nil {
			return err
		}
		a.Until = abandoned
		return tx.Remember(a)
	})
}

// Alone is for the start of a process that has the database for itself: whatever another one was working on, it works on no
// more. Every key in flight is given back, so that a client's own retry begins at once.
func (d *Desk) Alone(ctx context.Context) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		_, err := tx.FreeAnswers(d.Process)
		return err
	})
}
