package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// submit hands one envelope in, again and again, until it was seen in a ledger or is proven unable to land. No answer to a
// submission is evidence: the envelope is looked up before each one, and what ends the row is the ledger. An answer counts as
// [relay.Tries] and [relay.Refusal.Trouble] say.
func (w *Worker) submit(ctx context.Context, row desk.Work) error {
	e, err := w.Desk.Envelope(ctx, row.Envelope)
	if err != nil || !e.Live() {
		return err
	}
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	if e.Past(head) {
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

// judge asks for the evidence about an envelope past its bound.
func (w *Worker) judge(ctx context.Context, row desk.Work, e relay.Envelope) error {
	verdict, seen, err := w.Ledger.Verdict(ctx, e)
	if err != nil {
		return relay.AboutPayments(e.Hash, err, e.Payments...)
	}
	if seen != nil {
		return w.Desk.Sighted(ctx, *seen)
	}
	// What is recorded is read after the ledger: while it was asked, another worker may have proven the envelope dead, and the number
	// that the ledger shows as used may be that of the next one.
	if e, err = w.Desk.Envelope(ctx, e.Hash); err != nil || !e.Live() {
		return err
	}
	p, err := w.Desk.Payment(ctx, e.Payments[0])
	if err != nil {
		return err
	}
	finding, err := relay.Judge(e, p, verdict, row.Tries)
	if err != nil {
		return err
	}
	switch finding {
	case relay.DeadNoTry:
		return w.Desk.DiedNoTry(ctx, e.Hash)
	case relay.ProvenDead:
		return w.Desk.Died(ctx, e.Hash)
	case relay.Moot:
		return nil
	case relay.NumberUsed:
		return w.numberUsed(ctx, row, e, p)
	case relay.AskAccounts:
		return w.askAccounts(ctx, row, e)
	}
	return again{after: w.pause(row), why: "past its bound, not proven dead yet"}
}

// numberUsed ends an envelope whose number is used up once it is proven dead, and has its accounts looked at until then.
func (w *Worker) numberUsed(ctx context.Context, row desk.Work, e relay.Envelope, p relay.Payment) error {
	dead, err := w.Desk.NumberDead(ctx, e, p)
	if err != nil {
		return err
	}
	if dead {
		return w.Desk.Died(ctx, e.Hash)
	}
	if err := w.Desk.Audit(ctx, e.Payments...); err != nil {
		return err
	}
	return again{after: w.pause(row), why: "its number was used by something else"}
}

// askAccounts deals with a funding past its bound about which nothing can be proven: where the history of it is gone, its holding
// accounts may prove that it landed.
func (w *Worker) askAccounts(ctx context.Context, row desk.Work, e relay.Envelope) error {
	_, history := w.Ledger.Page(ctx, e.SignedAt)
	ps, err := w.payments(ctx, e.Payments)
	if err != nil {
		return err
	}
	asked := e.Witnesses(ps, errors.Is(history, relay.ErrGap))
	if len(asked) == 0 {
		return again{after: w.pause(row), why: "past its bound, not proven dead yet"}
	}
	facts, err := w.Ledger.Holdings(ctx, asked...)
	if err != nil {
		return err
	}
	if !relay.MadeByFunding(facts) {
		return again{after: w.pause(row), why: "past its bound, and its history is gone"}
	}
	w.Log.Warn("a funding landed in a ledger whose history is gone", "envelope", e.Hash)
	for _, id := range e.Payments {
		if _, err := w.Desk.Apply(ctx, id, relay.FundingLanded{Hash: e.Hash}); err != nil {
			return err
		}
	}
	return w.Desk.Audit(ctx, e.Payments...)
}

// payments reads the payments of an envelope.
func (w *Worker) payments(ctx context.Context, ids []relay.PaymentID) (ps []relay.Payment, err error) {
	for _, id := range ids {
		p, err := w.Desk.Payment(ctx, id)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	return ps, nil
}

// handedIn begins the note of a row whose envelope was handed in, for people.
const handedIn = "handed in %d times"

// handIn wraps e in a fee bump, paying more the more often it had to be tried, and submits it.
func (w *Worker) handIn(ctx context.Context, row desk.Work, e relay.Envelope) error {
	if err := w.Desk.MayHandIn(ctx, e); err != nil {
		if errors.Is(err, relay.ErrHalted) {
			err = again{after: w.pause(row), why: halted + err.Error()}
		}
		return err
	}
	bid, err := w.Ledger.FeeBid(ctx)
	if err != nil {
		return err
	}
	tries, ps := row.Tries, []relay.Payment(nil)
	if e.Kind == relay.FundingEnvelope {
		if ps, err = w.payments(ctx, e.Payments); err != nil {
			return err
		}
	}
	outer := e.XDR
	if e.OwnFee == 0 || e.State == relay.Planned { // a rung that pays for itself may still want the sponsor's signature
		if outer, err = w.Signer.Bump(ctx, e.Hash, e.XDR, e.SponsorBid(ps, bid, tries)); err != nil {
			return err
		}
	}
	answer, err := w.Ledger.Submit(ctx, outer)
	if err != nil {
		answer.Word = "no answer"
	}
	tries.HandedIn, tries.Refusal = tries.HandedIn+1, answer.Why
	if trouble := answer.Why.Trouble(); trouble != nil {
		for _, id := range e.Payments {
			if _, err := w.Desk.Apply(ctx, id, trouble); err != nil {
				return err
			}
		}
	}
	return again{after: w.pause(row), tries: &tries, why: fmt.Sprintf(handedIn+": %s %s", tries.HandedIn, answer.Word, answer.Code)}
}
