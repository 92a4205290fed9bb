package worker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// fund funds the payment of row, together with others of its app that are waiting. One funder is at work per app, so that
// its batches are full; those of several apps work side by side.
func (w *Worker) fund(ctx context.Context, row desk.Work) error {
	first, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil || first.State != relay.Created || first.ByClient() { // a sender's own wallet is not ours to ask
		return err
	}
	if !w.funders.enter(first.App) {
		return again{untried: true, why: row.Note}
	}
	defer w.funders.leave(first.App)
	rows, payments, err := w.company(ctx, row, first)
	if err != nil {
		return err
	}
	funded, err := w.fundBatch(ctx, payments)
	for i, r := range rows[1:] { // the first is closed by its caller
		if closing := w.closeFunded(ctx, r, slices.Contains(funded, payments[i+1].ID), err); closing != nil {
			return closing
		}
	}
	if err == nil && !slices.Contains(funded, first.ID) {
		return again{after: w.cfg.Retry, untried: true, why: "an earlier funding went first"}
	}
	return err
}

// closeFunded closes the row of a payment that went along, or gives it back as its batch ended.
func (w *Worker) closeFunded(ctx context.Context, r desk.Work, funded bool, err error) error {
	var a again
	soon := w.now() + relay.Micros(w.cfg.Retry.Microseconds())
	switch {
	case funded:
		return w.Queue.Done(ctx, r.ID, w.now())
	case err == nil:
		return w.Queue.Release(ctx, r.ID, soon, "an earlier funding went first")
	case errors.As(err, &a) && a.untried && a.after == 0:
		return w.Queue.Release(ctx, r.ID, 0, a.why)
	case errors.As(err, &a):
		return w.Queue.Release(ctx, r.ID, w.now()+relay.Micros(a.after.Microseconds()), a.why)
	}
	return w.Queue.Retry(ctx, r.ID, w.now()+relay.Micros(w.pause(r).Microseconds()), r.Tries, err.Error())
}

// company leases what waits of the first one's app, and gives back, in its place, what cannot go with it.
func (w *Worker) company(ctx context.Context, row desk.Work, first relay.Payment) ([]desk.Work, []relay.Payment, error) {
	rows, payments := []desk.Work{row}, []relay.Payment{first}
	if first.Together() == 1 {
		return rows, payments, nil
	}
	more, err := w.Queue.LeaseOf(ctx, first.App, w.now(), w.now()+relay.Micros(w.cfg.Lease.Microseconds()), relay.Batch-1, relay.DoFund)
	if err != nil {
		return nil, nil, err
	}
	more = slices.DeleteFunc(more, func(r desk.Work) bool { return r.ID == row.ID }) // its lease ran out meanwhile
	waiting := make([]relay.Payment, len(more))
	for i, r := range more {
		if waiting[i], err = w.Desk.Payment(ctx, r.Payment); err != nil {
			return nil, nil, err
		}
	}
	ids := make([]relay.PaymentID, len(waiting))
	for i, p := range waiting {
		ids[i] = p.ID
	}
	free, err := w.Desk.Unstopped(ctx, first.App, ids...)
	if err != nil {
		return nil, nil, err
	}
	for i := len(more) - 1; i >= 0; i-- { // what is halted rests, and is no company
		if !slices.Contains(free, waiting[i].ID) {
			if err := w.Queue.Release(ctx, more[i].ID, w.now()+relay.Micros(restsHalted.Microseconds()), halted+"it waits for a person"); err != nil {
				return nil, nil, err
			}
			more, waiting = slices.Delete(more, i, i+1), slices.Delete(waiting, i, i+1)
		}
	}
	along, over := relay.Company(first, waiting)
	for i, r := range more {
		switch {
		case slices.Contains(along, i):
			rows, payments = append(rows, r), append(payments, waiting[i])
		case slices.Contains(over, i):
			err = w.Queue.Done(ctx, r.ID, w.now())
		default:
			err = w.Queue.Release(ctx, r.ID, 0, r.Note)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return rows, payments, nil
}

// fundBatch has payments of one app minted and signed, and commits the answer. It says which payments the answer funds, or what
// else has ended: an earlier funding that could still land comes back whole, in place of a new one, and is what gets committed.
// One that the signer never allows is left out, and the others go on.
func (w *Worker) fundBatch(ctx context.Context, payments []relay.Payment) (ended []relay.PaymentID, err error) {
	for len(payments) > 0 {
		answer, leave, err := w.sign(ctx, payments)
		i, bad := relay.RefusesOne(err, len(payments))
		switch {
		case err == nil:
			funded, err := w.commit(ctx, answer)
			leave()
			return append(ended, funded...), err
		case bad:
			w.Log.Warn("the signer refuses a payment for good", "payment", payments[i].ID, "err", err)
			if _, err := w.Desk.Apply(ctx, payments[i].ID, relay.FundingRefused{Cause: relay.Refused, Why: why(err)}); err != nil {
				return ended, err
			}
			ended = append(ended, payments[i].ID)
			payments = slices.Delete(slices.Clone(payments), i, i+1)
		case len(payments) > 1 && pauses(err):
			payments = payments[:(len(payments)+1)/2] // what is left may do for fewer
		default:
			return ended, w.paused(ctx, payments[0].App, err)
		}
	}
	return ended, nil
}

func pauses(err error) bool { _, p := relay.Pauses(err, ""); return p }

// paused has fundings wait whose sponsor, treasury, day or budget has not enough left, with no fault of a payment's and no
// attempt counted. They keep their places; only when a treasury is short, which may be so in one of several assets, the next
// payment of the app is the one that is tried first the next time.
func (w *Worker) paused(ctx context.Context, app relay.AppID, err error) error {
	whose, pauses := relay.Pauses(err, app)
	var f *relay.Fault
	if !pauses || !errors.As(err, &f) {
		return err
	}
	began, failed := w.Desk.Pause(ctx, whose, f)
	if failed != nil {
		return failed
	}
	if began {
		w.Log.Warn("fundings wait", "app", whose, "err", err)
	}
	out := again{untried: true, why: "waits: " + f.Public}
	if errors.Is(f, relay.ErrTreasuryShort) {
		out.after = 2 * time.Duration(relay.PauseLife) * time.Microsecond
	}
	return out
}

// commit writes a signed funding down, and says which payments it funds.
func (w *Worker) commit(ctx context.Context, answer relay.FundAnswer) ([]relay.PaymentID, error) {
	if err := w.Desk.CommitFunding(ctx, answer); err != nil {
		if errors.Is(err, relay.ErrNotCreated) {
			err = again{after: w.cfg.Retry, why: "a payment of the batch was over before it was committed"}
		}
		return nil, err // nothing is sent: the bound passes, and the signer will see that it has
	}
	w.Wake()
	return w.moved(ctx, answer.Envelope.Payments)
}

// intent asks for the funding of payments of one app.
func (w *Worker) intent(ctx context.Context, payments []relay.Payment) (relay.FundIntent, error) {
	head, err := w.Ledger.Head(ctx)
	in := relay.FundIntent{
		App: payments[0].App, SignedAt: head.Sequence, Bound: head.Sequence + w.cfg.BoundLedgers,
		MaxTime: head.CloseTime + int64(w.cfg.BoundTime.Seconds()),
	}
	for _, p := range payments {
		in.Mints = append(in.Mints, relay.Mint{
			Payment: p.ID, Amount: p.Amount, Asset: p.Asset, Note: p.Note, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt,
			SenderRecipients: p.SenderRecipients.List(), ClaimRecipient: p.ClaimRecipient, PayTo: p.PayTo,
		})
	}
	return in, err
}

// sign has the funding signed with the number of a free channel, which is the caller's until it leaves it. One that the signer
// holds for a funding that was never committed is passed over: the database knows nothing of it, and all would wait for its bound.
func (w *Worker) sign(ctx context.Context, payments []relay.Payment) (answer relay.FundAnswer, leave func(), err error) {
	in, err := w.intent(ctx, payments)
	if err != nil {
		return answer, nil, err
	}
	treasury, err := w.Signer.Treasury(ctx, in.App)
	if err == nil {
		err = w.Desk.SameTreasury(ctx, in.App, treasury)
	}
	if err != nil {
		return answer, nil, err
	}
	var taken []string
	for {
		if in.Channel, in.Sequence, leave, err = w.channel(ctx, in.App, taken); err != nil {
			return answer, nil, err
		}
		if answer, err = w.Signer.Fund(ctx, in); err == nil {
			return answer, leave, nil
		}
		leave()
		if !errors.Is(err, relay.ErrSequenceTaken) {
			return answer, nil, err
		}
		taken = append(taken, in.Channel)
	}
}

// moved keeps those that are not waiting for a funding any more. The signer may answer with a funding that we have proven
// dead, as long as its own view of the ledger has not: that funds no payment.
func (w *Worker) moved(ctx context.Context, ids []relay.PaymentID) (funded []relay.PaymentID, err error) {
	for _, id := range ids {
		p, err := w.Desk.Payment(ctx, id)
		if err != nil {
			return nil, err
		}
		if p.State != relay.Created {
			funded = append(funded, id)
		}
	}
	return funded, nil
}

// why is what the signer says of its refusal: code and public sentence.
func why(err error) string {
	var f *relay.Fault
	if !errors.As(err, &f) {
		return ""
	}
	return strings.TrimSpace(f.Code + " " + f.Public)
}
