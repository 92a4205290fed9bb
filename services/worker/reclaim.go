package worker

import (
	"context"
	"errors"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// How long an account that cannot carry its reserves is given until the next look, and how often it is looked at: the pace of this worker.
// Whether reserves come back is [relay.ReclaimOf]'s to say, at any look.
const (
	poorPause = longestPause / 2
	poorLooks = 30 * 48 // 30 days
)

// reclaim takes the sponsor's reserves back from the account that a claim of row's payment made, together with others of its
// app. What counts is the look at the ledger before: reserves that are not there any more are back, whichever envelope did it,
// so a crash at any line only makes it look again.
func (w *Worker) reclaim(ctx context.Context, row desk.Work) error {
	first, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil || first.SpentUnits == 0 {
		return err
	}
	rows, payments := []desk.Work{row}, []relay.Payment{first}
	more, err := w.Queue.Lease(ctx, w.now(), w.now()+relay.Micros(w.cfg.Lease.Microseconds()), relay.MostReclaims-1, relay.DoReclaim)
	if err != nil {
		return err
	}
	for _, r := range more {
		p, err := w.Desk.Payment(ctx, r.Payment)
		if err != nil {
			return err
		}
		free, err := w.Desk.Unstopped(ctx, p.App, p.ID)
		if err != nil {
			return err
		}
		if r.ID != row.ID && p.App == first.App && p.SpentUnits > 0 && len(free) > 0 {
			rows, payments = append(rows, r), append(payments, p)
			continue
		}
		if err := w.Queue.Release(ctx, r.ID, 0, ""); err != nil {
			return err
		}
	}
	outcomes, err := w.reclaimAll(ctx, rows, payments)
	if err != nil {
		return err // the leases of the others run out
	}
	for i, r := range rows[1:] {
		var closing error
		if a, ok := outcomes[i+1].(again); ok {
			closing = w.Queue.Retry(ctx, r.ID, w.now()+relay.Micros(a.after.Microseconds()), r.Tries, a.why)
		} else {
			closing = w.Queue.Done(ctx, r.ID, w.now())
		}
		if closing != nil {
			return closing
		}
	}
	return outcomes[0]
}

// reclaimAll looks at the accounts, notes what is back, and hands one envelope in for those that can carry themselves. The
// outcome of each row is nil when nothing is left to do.
func (w *Worker) reclaimAll(ctx context.Context, rows []desk.Work, payments []relay.Payment) ([]error, error) {
	sponsor, _, err := w.Signer.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return nil, err
	}
	outcomes, wanted := make([]error, len(rows)), []relay.PaymentID(nil)
	for i, p := range payments {
		if head.Sequence <= p.SettledAt+relay.SourcesApart { // a server of the source may not know the account yet
			outcomes[i] = again{after: 5 * time.Second, why: "the claim has just landed"}
			continue
		}
		facts, _, err := w.Ledger.Look(ctx, p.Asset, p.Destination)
		if err != nil {
			return nil, err
		}
		r := relay.ReclaimOf(facts[p.Destination], sponsor, stellar.Prices)
		switch {
		case r.Units() == 0:
			if _, err := w.Desk.Apply(ctx, p.ID, relay.ReservesBack{}); err != nil {
				return nil, err
			}
		case !r.Poor:
			wanted = append(wanted, p.ID)
			outcomes[i] = again{after: 5 * time.Second, why: "handed in"}
		case rows[i].Attempts < poorLooks:
			outcomes[i] = again{after: poorPause, why: "the account cannot carry its reserves yet: " + facts[p.Destination].Free.String() + " lumens are free"}
		}
	}
	if len(wanted) == 0 {
		return outcomes, nil
	}
	return outcomes, w.handReclaimIn(ctx, payments[0].App, sponsor, wanted, head)
}

func (w *Worker) handReclaimIn(ctx context.Context, app relay.AppID, sponsor string, wanted []relay.PaymentID, head relay.Head) error {
	used, err := w.Ledger.Sequence(ctx, sponsor)
	if err != nil {
		return err
	}
	answer, err := w.Signer.Reclaim(ctx, relay.ReclaimIntent{App: app, Payments: wanted, Sequence: used + 1, SignedAt: head.Sequence,
		Bound: head.Sequence + w.cfg.BoundLedgers, MaxTime: head.CloseTime + int64(w.cfg.BoundTime.Seconds())})
	if errors.Is(err, relay.ErrNothingToReclaim) || errors.Is(err, relay.ErrSequenceTaken) {
		return nil // its own view is behind ours, or another app's is under way
	}
	if err == nil {
		_, err = w.Ledger.Submit(ctx, answer.XDR) // what it answers proves nothing; the next look does
	}
	return err
}
