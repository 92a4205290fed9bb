package worker

import (
	"context"
	"errors"
	"time"

	"github.com/restante/restante/relay"
)

// Watch follows the ledger, one closed ledger after the other, until ctx ends. Each is taken in by one commit together
// with the cursor, so a crash neither skips nor repeats anything that matters. A ledger with another history than the one
// remembered stops everything; what contradicts a payment stops that one.
func (w *Worker) Watch(ctx context.Context) error {
	fresh := true // look over what was left open, before anything else
	look, failures := w.Pace.Elapsed()+stragglers, 0
	for ctx.Err() == nil {
		if !fresh && w.Pace.Elapsed() > look {
			look = w.Pace.Elapsed() + stragglers
			if err := w.Desk.RecheckMoving(ctx); err != nil && ctx.Err() == nil {
				w.Log.Warn("could not look for rows that went missing", "err", err)
			}
		}
		moved, err := false, error(nil)
		if fresh {
			if err = w.Recover(ctx); err == nil {
				err = w.recheck(ctx)
			}
			fresh = err != nil
		}
		if err == nil {
			moved, err = w.watchOnce(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, relay.ErrContradiction):
			if w.halt(ctx, err) { // whatever comes after hangs on it
				for ctx.Err() == nil {
					w.Pace.Wait(ctx, stragglers, nil, nil)
				}
			}
		case err != nil:
			if failures++; failures == 1 || failures%100 == 0 { // the first failure of an outage, then each hundredth
				w.Log.Warn("watching the ledger failed, will be tried again", "err", err, "times", failures)
			}
		case failures > 0:
			w.Log.Warn("the ledger answers again", "after_failures", failures)
			failures = 0
		}
		if err == nil && moved {
			continue
		}
		w.Pace.Wait(ctx, w.cfg.WatchEvery, nil, nil)
	}
	return nil
}

// watchOnce takes in the next ledger, if it has closed.
func (w *Worker) watchOnce(ctx context.Context) (moved bool, err error) {
	cursor, err := w.Desk.Cursor(ctx)
	if err != nil {
		return false, err
	}
	if cursor == 0 { // a new database: nothing of ours can be in the past
		head, err := w.Ledger.Head(ctx)
		if err != nil {
			return false, err
		}
		return true, w.Desk.Skip(ctx, 0, head)
	}
	page, err := w.Ledger.Page(ctx, cursor+1)
	if errors.Is(err, relay.ErrGap) {
		return true, w.overGap(ctx, cursor)
	}
	if err != nil {
		return false, err
	}
	if page == nil {
		return w.sameLedger(ctx)
	}
	err = w.Desk.Witness(ctx, *page)
	if errors.Is(err, relay.ErrContradiction) && !w.halt(ctx, err) {
		err = nil // it is taken in, but for the payments that are stopped
	}
	if err != nil {
		return false, err
	}
	return true, w.expireBy(ctx, page.Head)
}

// sameLedger holds the newest ledger against those remembered. A ledger that began anew is behind ours for a long time, and whatever
// was sent to it meanwhile would go to accounts that are not ours.
func (w *Worker) sameLedger(ctx context.Context) (taken bool, err error) {
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return false, err
	}
	if taken, err = w.Desk.SameHistory(ctx, head); err != nil || !taken {
		return false, err
	}
	w.Log.Error("another history of the ledger is taken, as it was acknowledged; all that should hold money is looked at", "going_on_at", head.Sequence)
	return true, w.recheck(ctx)
}

// expireBy does the expiries that are due by the ledger's clock.
func (w *Worker) expireBy(ctx context.Context, head relay.Head) error {
	w.passed.Store(&head)
	now := relay.Seconds(head.CloseTime)
	rows, err := w.Queue.Lease(ctx, now, now+relay.Micros(w.cfg.Lease.Microseconds()), 100, relay.KindsDueBy(relay.LedgerClock)...)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := w.run(ctx, row); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		w.Wake()
	}
	return nil
}

// overGap goes on behind a piece of history that is gone, and looks at everything that could have moved.
func (w *Worker) overGap(ctx context.Context, cursor uint32) error {
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	w.Log.Error("ledgers were missed: their history is gone", "last_seen", cursor, "going_on_at", head.Sequence)
	if err := w.Desk.Skip(ctx, cursor, head); err != nil {
		return err
	}
	return w.recheck(ctx)
}

// longestPause is more than any row waits between attempts.
const longestPause = time.Hour

// recheck asks for a look at everything that may have moved, and moves rows back that a wrong clock put into the future.
func (w *Worker) recheck(ctx context.Context) error {
	if _, err := w.Queue.ClampDue(ctx, w.now(), w.now()+relay.Micros(longestPause.Microseconds())); err != nil {
		return err
	}
	return w.Desk.Recheck(ctx)
}

// stragglers is how often everything on its way is asked to go on: a worker whose lease ran out may close a row that is
// another's by then.
const stragglers = 5 * time.Minute
