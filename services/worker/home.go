package worker

import (
	"cmp"
	"context"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// bringHome hands in the way back, rung by rung, each after a dry run, until the ledger shows where the money went.
func (w *Worker) bringHome(ctx context.Context, row desk.Work) error {
	p, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil || p.State != relay.Returning {
		return err
	}
	p, ladder, err := w.ladder(ctx, p)
	if err != nil || p.State != relay.Returning {
		return err
	}
	advice, err := w.Ledger.Advise(ctx, p, ladder)
	switch {
	case err != nil:
		return err
	case advice.Wait:
		return w.early(ctx, p, advice.Detail)
	case advice.Use == "" && advice.Reason == relay.HoldingAbsent:
		return w.absent(ctx, p)
	case advice.Use == "":
		w.Log.Error("no way back goes through just now", "payment", p.ID, "reason", advice.Reason, "detail", advice.Detail)
		_, err := w.Desk.Apply(ctx, p.ID, relay.HoldingTroubled{Cause: advice.Reason})
		return err
	}
	i := slices.IndexFunc(ladder, func(e relay.Envelope) bool { return e.Hash == advice.Use })
	return w.handIn(ctx, row, ladder[i])
}

// early puts a return off. Before its first ledger only the ledger wakes it (desk.Tx.Awaiting): what the cursor has not passed
// by now, the watcher will still take in.
func (w *Worker) early(ctx context.Context, p relay.Payment, why string) error {
	cursor, err := w.Desk.Cursor(ctx)
	if err != nil {
		return err
	}
	if cursor < p.Bound {
		return again{after: longestPause / 2, why: "too early: " + why}
	}
	return again{after: w.cfg.Retry, why: "too early: " + why}
}

// ladder is the rungs of the payment's holding account that could land, in the order of use, and the payment as it is after
// whatever was found in a ledger on the way: an end, a spent rung, or a claim that failed and changed nothing.
func (w *Worker) ladder(ctx context.Context, p relay.Payment) (now relay.Payment, rungs []relay.Envelope, err error) {
	all, err := w.Desk.EnvelopesOf(ctx, p.ID)
	if err != nil {
		return p, nil, err
	}
	live := slices.DeleteFunc(all, func(e relay.Envelope) bool { return e.Source != p.Holding || !e.Live() })
	seen, err := w.sightAll(ctx, live)
	if err != nil {
		return p, nil, err
	}
	for _, s := range seen {
		if err := w.Desk.Sighted(ctx, s); err != nil {
			return p, nil, err
		}
	}
	if all, err = w.Desk.EnvelopesOf(ctx, p.ID); err != nil {
		return p, nil, err
	}
	rungs = relay.RungsLeft(all, p.Holding)
	now, err = w.Desk.Payment(ctx, p.ID)
	return now, rungs, err
}

// sightAll looks envelopes up, and says of those that were found in which order they landed: what took the money first
// ended the payment, and whatever merged an account of the same name later is none of ours. When one is found, the others
// are asked for again: an earlier one may have landed after it was asked for.
func (w *Worker) sightAll(ctx context.Context, all []relay.Envelope) (seen []relay.Sighting, err error) {
	for range 2 {
		seen = seen[:0]
		for _, e := range all {
			s, err := w.Ledger.Sight(ctx, e.Hash)
			if err != nil {
				return nil, err
			}
			if s != nil {
				seen = append(seen, *s)
			}
		}
		if len(seen) == 0 {
			return nil, nil
		}
	}
	slices.SortFunc(seen, func(a, b relay.Sighting) int { return cmp.Compare(a.Ledger, b.Ledger) })
	return seen, nil
}

// absent deals with a holding account that is not there although no envelope of ours was seen: it is parked as lost, once the
// watcher has come far enough. [relay.Lost] says why the order of the looks matters.
func (w *Worker) absent(ctx context.Context, p relay.Payment) error {
	facts, err := w.Ledger.Holdings(ctx, p.Query(0))
	if err != nil {
		return err
	}
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	cursor, err := w.Desk.Cursor(ctx)
	if err != nil {
		return err
	}
	if !relay.Lost(facts[p.Holding], head, cursor) {
		return again{after: w.cfg.Retry, why: "the watcher will see where the holding account went"}
	}
	_, err = w.Desk.Apply(ctx, p.ID, relay.HoldingTroubled{Cause: relay.HoldingAbsent})
	return err
}

// audit looks at a holding account that another account touched, or that is parked.
func (w *Worker) audit(ctx context.Context, row desk.Work) error {
	p, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil || !p.State.Holds() || p.State == relay.Funding {
		return err
	}
	p, rungs, err := w.ladder(ctx, p)
	if err != nil || !p.State.Holds() {
		return err
	}
	if p.AuditRests(row.Attempts) {
		return again{after: w.pause(row) * 16, why: "parked: frozen"}
	}
	facts, err := w.Ledger.Holdings(ctx, p.QueryWith(rungs))
	if err != nil {
		return err
	}
	f := facts[p.Holding]
	if p, err = w.Desk.Apply(ctx, p.ID, relay.HoldingSeen{Held: f.Held}); err != nil { // of a parked one, before it goes on
		return err
	}
	switch in, detail := p.Audited(f); in := in.(type) {
	case relay.HoldingTroubled:
		if in.Cause == relay.HoldingAbsent {
			return w.absent(ctx, p)
		}
		w.Log.Error("a holding account is not as we made it", "payment", p.ID, "holding", p.Holding, "reason", in.Cause, "detail", detail)
		_, err = w.Desk.Apply(ctx, p.ID, in)
	case relay.HoldingWell:
		err = w.unpark(ctx, p, rungs)
	}
	if err != nil {
		return err
	}
	if p, err = w.Desk.Apply(ctx, p.ID, relay.HoldingSeen{Held: f.Held}); err == nil && p.State == relay.Parked {
		return again{after: w.pause(row) * 16, why: "parked: " + string(p.Reason)}
	}
	return err
}

// unpark lets a payment go on, when the way back does not stand against it.
func (w *Worker) unpark(ctx context.Context, p relay.Payment, rungs []relay.Envelope) (err error) {
	var advice relay.RungAdvice
	if p.ReturnAsked != "" {
		if advice, err = w.Ledger.Advise(ctx, p, rungs); err != nil {
			return err
		}
	}
	if !p.Unparks(advice) {
		return nil
	}
	_, err = w.Desk.Apply(ctx, p.ID, relay.HoldingWell{})
	return err
}

// expire applies the close time of the ledger that the watcher took in last. It is what made the row due; a source that is asked
// again may be behind it, and the row would end with nothing done.
func (w *Worker) expire(ctx context.Context, row desk.Work) error {
	head := w.passed.Load()
	if head == nil {
		return again{after: w.cfg.Retry, why: "no ledger was taken in yet"}
	}
	p, err := w.Desk.Apply(ctx, row.Payment, relay.LedgerClosed{At: *head})
	if err == nil && !p.State.Ended() && p.ReturnAsked == "" { // it was only the time to put the money in that was up
		err = again{at: p.ExpiresAt, why: "waits for its end"}
	}
	return err
}
