package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// submit hands one envelope in, again and again, until it was seen in a ledger or is proven unable to land. No answer to a
// submission is believed: the envelope is looked up before each one, and what ends the row is the ledger.
func (w *Worker) submit(ctx context.Context, row desk.Work) error {
	e, err := w.Desk.Envelope(ctx, row.Envelope)
	if err != nil || !e.Live() {
		return err
	}
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	if e.Bound != 0 && head.Sequence >= e.Bound || e.MaxTime != 0 && head.CloseTime > e.MaxTime {
		return w.judge(ctx, row, e)
	}
	seen, err := w.Ledger.Sight(ctx, e.Hash)
	if err != nil {
		return err
	}
	if seen != nil {
		return w.Desk.Sighted(ctx, *seen)
	}
	if e.Kind == relay.FundingEnvelope && e.State == relay.Planned {
		return nil // its sender wakes it by signing, and the ledger by its bound
	}
	if e.Kind == relay.ClaimEnvelope {
		if why, err := w.Ledger.Rehearse(ctx, e); err != nil || why != "" {
			if err == nil {
				err = again{after: w.pause(row), why: "the claim would fail now: " + why}
			}
			return err
		}
	}
	return w.handIn(ctx, row, e)
}

// judge asks for the proof about an envelope past its bound.
func (w *Worker) judge(ctx context.Context, row desk.Work, e relay.Envelope) error {
	verdict, seen, err := w.Ledger.Verdict(ctx, e)
	switch {
	case err != nil:
		return relay.AboutPayments(e.Hash, err, e.Payments...)
	case seen != nil:
		return w.Desk.Sighted(ctx, *seen)
	case verdict == relay.CannotLand && row.Tries.Spares():
		return w.Desk.Starved(ctx, e.Hash)
	case verdict == relay.CannotLand:
		return w.Desk.Died(ctx, e.Hash)
	case verdict == relay.Contradicted:
		clients, err := w.clients(ctx, e)
		if err == nil && e.Kind == relay.FundingEnvelope && !clients {
			err = relay.AboutPayments(e.Hash, fmt.Errorf("envelope %s: its number is used up, and not by it: %w", e.Hash, relay.ErrContradiction), e.Payments...) // somebody else signs with a channel's key
		}
		if err != nil {
			return err
		}
		return w.overtaken(ctx, row, e)
	case e.Kind == relay.FundingEnvelope:
		return w.evident(ctx, row, e)
	}
	return again{after: w.pause(row), why: "past its bound, not proven dead yet"}
}

// clients says whether a funding is of a client's making: its number is a wallet's, or a holding account's whose key the client
// has, and either may be used for something else.
func (w *Worker) clients(ctx context.Context, e relay.Envelope) (bool, error) {
	p, err := w.Desk.Payment(ctx, e.Payments[0])
	return p.From != "", err
}

// evident deals with a funding past its bound about which nothing can be proven, because the history of it is gone. A
// holding account that is as we made it, its reserve kept by the sponsor, was made by this envelope and no other:
// nobody else has signatures of its key. So all of it landed, and what became of the accounts since, an audit sees. The
// envelope itself stays signed, for it was not seen.
func (w *Worker) evident(ctx context.Context, row desk.Work, e relay.Envelope) error {
	if _, err := w.Ledger.Page(ctx, e.SignedAt); !errors.Is(err, relay.ErrGap) {
		return again{after: w.pause(row), why: "past its bound, not proven dead yet"}
	}
	var asked []relay.HoldingQuery
	for _, id := range e.Payments {
		p, err := w.Desk.Payment(ctx, id)
		if err != nil {
			return err
		}
		if p.State == relay.Funding && p.Funding == e.Hash && p.PayTo == "" {
			asked = append(asked, p.Query(0))
		}
	}
	if len(asked) == 0 {
		return again{after: w.pause(row), why: "past its bound, and its history is gone"}
	}
	facts, err := w.Ledger.Holdings(ctx, asked...)
	if err != nil {
		return err
	}
	landed := false
	for _, f := range facts {
		landed = landed || f.Exists && f.Trouble == ""
	}
	if !landed {
		return again{after: w.pause(row), why: "past its bound, and its history is gone"}
	}
	w.Log.Warn("a funding landed in a ledger that nobody has any more", "envelope", e.Hash)
	for _, id := range e.Payments {
		if _, err := w.Desk.Apply(ctx, id, relay.FundingLanded{Hash: e.Hash}); err != nil {
			return err
		}
	}
	return w.askAudits(ctx, e.Payments)
}

// overtaken deals with a claim, or a client's funding, past its bound that was not seen although its number is used up or its
// account gone. All else of the proof holds, so it is dead once one of our own envelopes is known to have taken the number,
// or once we have ourselves watched every ledger in which it could have landed: then somebody who holds the key used the
// number, and what else she did to the account, an audit sees.
func (w *Worker) overtaken(ctx context.Context, row desk.Work, e relay.Envelope) error {
	p, err := w.Desk.Payment(ctx, e.Payments[0])
	if err != nil || p.State.Ended() {
		return err
	}
	others, err := w.Desk.EnvelopesOf(ctx, p.ID)
	if err == nil && p.Replaces != "" { // its number is of the account that the other payment waited in
		var more []relay.Envelope
		more, err = w.Desk.EnvelopesOf(ctx, p.Replaces)
		others = append(others, more...)
	}
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Source == e.Source && o.Hash != e.Hash && o.Sequence >= e.Sequence && (o.State == relay.Landed || o.State == relay.Spent) {
			return w.Desk.Died(ctx, e.Hash)
		}
	}
	watched, err := w.watched(ctx, e)
	if err != nil {
		return err
	}
	if watched {
		return w.Desk.Died(ctx, e.Hash)
	}
	if err := w.askAudits(ctx, e.Payments); err != nil {
		return err
	}
	return again{after: w.pause(row), why: "its number was used by somebody else"}
}

// watched says whether the watcher took in every ledger in which e could have landed: from the one after it was written
// down to its bound, without a gap. The ledger at which the watcher goes on behind a gap is remembered, but the one before
// it is not; so the one in which e was signed has to be remembered too.
func (w *Worker) watched(ctx context.Context, e relay.Envelope) (whole bool, err error) {
	err = w.Store.View(ctx, func(tx desk.Tx) error {
		for seq := e.SignedAt; seq <= e.Bound; seq++ {
			hash, err := tx.LedgerHash(seq)
			if err != nil || hash == "" {
				return err
			}
		}
		whole = e.Bound != 0
		return nil
	})
	return whole, err
}

// handedIn begins the note of a row whose envelope was handed in, for people.
const handedIn = "handed in %d times"

// handIn wraps e in a fee bump, paying more the more often it had to be tried, and submits it.
func (w *Worker) handIn(ctx context.Context, row desk.Work, e relay.Envelope) error {
	if err := w.Desk.MayHandIn(ctx, e); err != nil {
		if relay.CodeOf(err) == "halted" {
			err = again{after: w.pause(row), why: halted + err.Error()}
		}
		return err
	}
	bid, err := w.Ledger.FeeBid(ctx)
	if err != nil {
		return err
	}
	operations := 6 // a rung has five at the most, and a fee bump counts one more
	if e.Kind == relay.FundingEnvelope {
		if operations, err = w.fundingSize(ctx, e); err != nil {
			return err
		}
	}
	if e.Kind == relay.ClaimEnvelope && e.Asset != relay.Native && e.Asset != "" {
		operations = 8
	}
	tries := row.Tries
	bid *= relay.Stroops(operations) << min(tries.HandedIn/4, 6)
	outer := e.XDR
	if e.OwnFee == 0 || e.State == relay.Planned { // a rung that pays for itself may still want the sponsor's signature
		if outer, err = w.Signer.Bump(ctx, e.Hash, e.XDR, bid); err != nil {
			return err
		}
	}
	answer, err := w.Ledger.Submit(ctx, outer)
	if err != nil {
		answer.Word = "no answer"
	}
	tries.HandedIn, tries.Refusal = tries.HandedIn+1, answer.Why
	if answer.Why == relay.RefusedFrozen { // no other number helps: park it, and look again later
		for _, id := range e.Payments {
			if _, err := w.Desk.Apply(ctx, id, relay.HoldingTroubled{Cause: relay.Frozen}); err != nil {
				return err
			}
		}
	}
	return again{after: w.pause(row), tries: &tries, why: fmt.Sprintf(handedIn+": %s %s", tries.HandedIn, answer.Word, answer.Code)}
}

// fundingSize is how many operations a funding has, and one more for the fee bump around it.
func (w *Worker) fundingSize(ctx context.Context, e relay.Envelope) (operations int, err error) {
	operations = 1
	for _, id := range e.Payments {
		p, err := w.Desk.Payment(ctx, id)
		if err != nil {
			return 0, err
		}
		operations += p.FundingOperations()
	}
	return operations, nil
}

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

// early puts a return off. Before its first ledger only the ledger wakes it ([relay.Tx.Awaiting]): what the cursor has not passed
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

// absent deals with a holding account that is not there although no envelope of ours was seen. The watcher may simply not
// have come as far as the ledger that took it, so the order matters: first the account, then the head, then the cursor.
// Only when the watcher has seen every ledger up to the one that showed the account gone, nobody knows. A source that is
// behind the watcher may not have come as far as the funding.
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
	if facts[p.Holding].Exists || cursor != head.Sequence {
		return again{after: w.cfg.Retry, why: "the watcher will see where the holding account went"}
	}
	_, err = w.Desk.Apply(ctx, p.ID, relay.HoldingTroubled{Cause: relay.HoldingAbsent})
	return err
}

// audit looks at a holding account that a stranger touched, or that is parked.
func (w *Worker) audit(ctx context.Context, row desk.Work) error {
	p, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil || !p.State.Holds() || p.State == relay.Funding {
		return err
	}
	p, rungs, err := w.ladder(ctx, p)
	if err != nil || !p.State.Holds() {
		return err
	}
	if p.State == relay.Parked && p.Reason == relay.Frozen && row.Attempts < 3 { // the accounts do not show it; try in a while
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
	if f.Trouble == "" && f.Held < p.Amount && p.ReturnWish == "" { // with a wish, what is left goes home
		f.Trouble, f.Detail = relay.HoldingShort, "it holds "+f.Held.String()+" of "+p.Amount.String()
	}
	switch {
	case !f.Exists && p.State != relay.Parked:
		return w.absent(ctx, p)
	case !f.Exists:
	case f.Trouble != "" && !homeward(p):
		w.Log.Error("a holding account is not as we made it", "payment", p.ID, "holding", p.Holding, "reason", f.Trouble, "detail", f.Detail)
		_, err = w.Desk.Apply(ctx, p.ID, relay.HoldingTroubled{Cause: f.Trouble})
	case p.State == relay.Parked:
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

// homeward says that the way back judges a payment, by a dry run, and not what its account looks like: a rung may go through
// although its key holder raised the number past another one, added a signer or changed the trustline, and the bare one does
// when a credit amount was clawed back.
func homeward(p relay.Payment) bool {
	return p.ReturnWish != "" && (p.State == relay.Parked || p.State == relay.Returning)
}

// unpark lets a payment go on whose holding account is well, or from which a rung leads home all the same. With a wish to
// return it goes on only when a rung can go through: otherwise it would be parked again at once, and so on for ever.
func (w *Worker) unpark(ctx context.Context, p relay.Payment, rungs []relay.Envelope) error {
	if p.ReturnWish != "" {
		advice, err := w.Ledger.Advise(ctx, p, rungs)
		if err != nil || advice.Use == "" && !advice.Wait {
			return err
		}
	}
	_, err := w.Desk.Apply(ctx, p.ID, relay.HoldingWell{})
	return err
}

// expire tells a payment what time the ledger says it is: by the ledger that the watcher took in last. It is what made the
// row due; a source that is asked again may be behind it, and its word would end the row with nothing done.
func (w *Worker) expire(ctx context.Context, row desk.Work) error {
	head := w.passed.Load()
	if head == nil {
		return again{after: w.cfg.Retry, why: "no ledger was taken in yet"}
	}
	p, err := w.Desk.Apply(ctx, row.Payment, relay.LedgerClosed{At: *head})
	if err == nil && !p.State.Ended() && p.ReturnWish == "" { // it was only the time to put the money in that was up
		err = again{at: p.ExpiresAt, why: "waits for its end"}
	}
	return err
}
