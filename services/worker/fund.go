package worker

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/restante/restante/relay"
)

// batch is the most payments tried in one funding; the signer says when it is one too many for the keys at hand.
const batch = 17

// fund funds the payment of row together with others of its app that are waiting.
func (w *Worker) fund(ctx context.Context, row relay.Work) error {
	w.funding.Lock()
	defer w.funding.Unlock()
	first, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil || first.State != relay.Created || first.From != "" { // a sender's own wallet is not ours to ask
		return err
	}
	rows, payments := []relay.Work{row}, []relay.Payment{first}
	var more []relay.Work
	if first.Fundings == 0 && first.PayTo == "" { // one that failed, or may fail for a stranger's sake, goes alone
		more, err = w.Store.Lease(ctx, w.now(), w.now()+relay.Micros(w.cfg.Lease.Microseconds()), batch-1, relay.DoFund)
	}
	if err != nil {
		return err
	}
	for _, r := range more {
		if r.ID == row.ID {
			continue // its lease ran out while we waited for our turn
		}
		p, err := w.Desk.Payment(ctx, r.Payment)
		if err != nil {
			return err
		}
		if p.State == relay.Created && p.App == first.App && p.Fundings == 0 && p.PayTo == "" && first.PayTo == "" {
			rows, payments = append(rows, r), append(payments, p)
			continue
		}
		if err := w.Store.Release(ctx, r.ID, 0, ""); err != nil { // it keeps its place
			return err
		}
	}
	funded, err := w.fundBatch(ctx, payments)
	for i, r := range rows {
		if i == 0 {
			continue // closed by whoever runs this row
		}
		var closing error
		if err == nil && slices.Contains(funded, r.Payment) {
			closing = w.Store.Done(ctx, r.ID, w.now())
		} else {
			closing = w.Store.Retry(ctx, r.ID, w.now()+relay.Micros(w.pause(r).Microseconds()), "not in this batch")
		}
		if closing != nil {
			return closing
		}
	}
	if err == nil && !slices.Contains(funded, first.ID) {
		return again{after: w.pause(row), why: "an earlier funding went first"}
	}
	return err
}

// fundBatch has payments of one app minted and signed, and commits the answer. It says whom the answer funds: an earlier
// funding that could still land comes back whole, in place of a new one, and is what gets committed.
func (w *Worker) fundBatch(ctx context.Context, payments []relay.Payment) ([]relay.PaymentID, error) {
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return nil, err
	}
	in := relay.FundIntent{
		App: payments[0].App, SignedAt: head.Sequence, Bound: head.Sequence + w.cfg.BoundLedgers,
		MaxTime: head.CloseTime + int64(w.cfg.BoundTime.Seconds()),
	}
	for _, p := range payments {
		in.Mints = append(in.Mints, relay.Mint{
			Payment: p.ID, Amount: p.Amount, Asset: p.Asset, Note: p.Note, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt,
			SenderRecipients: p.SenderRecipients, ClaimRecipient: p.ClaimRecipient, PayTo: p.PayTo,
		})
	}
	answer, err := w.sign(ctx, in)
	if c := relay.CodeOf(err); c == "day_limit" || c == "budget_empty" {
		if len(payments) > 1 {
			return w.fundBatch(ctx, payments[:(len(payments)+1)/2]) // what is left may do for fewer
		}
		return nil, again{after: 16 * w.cfg.Retry, why: "waits: " + err.Error()} // no fault of the payment's; a later day has room
	}
	if err != nil {
		return nil, w.dropRefused(ctx, payments, err)
	}
	if err := w.Desk.CommitFunding(ctx, answer); err != nil {
		if relay.CodeOf(err) == "not_created" {
			err = again{after: w.cfg.Retry, why: "a payment of the batch was over before it was committed"}
		}
		return nil, err // nothing is sent: the bound passes, and the signer will see that it has
	}
	w.Wake()
	return w.moved(ctx, answer.Envelope.Payments)
}

// sign has the intent signed with the number of a free channel. One that the signer holds for a funding that was never
// committed is passed over: the database knows nothing of it, and everybody would wait for its bound.
func (w *Worker) sign(ctx context.Context, in relay.FundIntent) (relay.FundAnswer, error) {
	var taken []string
	for {
		var err error
		if in.Channel, in.Sequence, err = w.channel(ctx, taken); err != nil {
			return relay.FundAnswer{}, err
		}
		answer, err := w.Signer.Fund(ctx, in)
		if relay.CodeOf(err) != relay.ErrSequenceTaken.Code {
			return answer, err
		}
		taken = append(taken, in.Channel)
	}
}

// moved keeps those that are not waiting for a funding any more. The signer may answer with a funding that we have proven
// dead, as long as its own view of the ledger has not: that funds nobody.
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

// channel picks a channel whose next number no live funding holds and that is not among taken, and that number. The commit
// decides, not this.
func (w *Worker) channel(ctx context.Context, taken []string) (string, int64, error) {
	_, channels, err := w.Signer.Accounts(ctx)
	if err != nil {
		return "", 0, err
	}
	live, err := w.Store.LiveEnvelopes(ctx, relay.FundingEnvelope)
	if err != nil {
		return "", 0, err
	}
	for _, c := range channels {
		if slices.Contains(taken, c) {
			continue
		}
		used, err := w.Ledger.Sequence(ctx, c)
		if err != nil {
			return "", 0, err
		}
		if !slices.ContainsFunc(live, func(e relay.Envelope) bool { return e.Source == c && e.Sequence > used }) {
			return c, used + 1, nil
		}
	}
	return "", 0, again{after: w.cfg.Retry, why: "every channel is busy"}
}

// dropRefused ends the one payment of a batch that the signer's policy never allows, so that it does not hold up the
// others; they come again. Any other error stands as it is.
func (w *Worker) dropRefused(ctx context.Context, payments []relay.Payment, err error) error {
	var f *relay.Fault
	if !errors.As(err, &f) || f.Kind != relay.Forbidden && f.Kind != relay.Invalid {
		return err
	}
	n, bad := strings.CutPrefix(f.Pointer, "/mints/")
	i, notANumber := strconv.Atoi(n)
	if !bad || notANumber != nil || i < 0 || i >= len(payments) {
		return err
	}
	w.Log.Warn("the signer refuses a payment for good", "payment", payments[i].ID, "err", err)
	if _, err := w.Desk.Apply(ctx, payments[i].ID, relay.FundingRefused{Cause: relay.Refused}); err != nil {
		return err
	}
	return again{after: w.cfg.Retry, why: "another payment of the batch was refused"}
}
