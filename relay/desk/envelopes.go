package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

// Sighted steps an envelope that was seen in a ledger, and its payments. A funding that the watcher has passed without knowing it
// asks for a look at what happened to its accounts since. A [relay.Contradiction] is returned after the commit: what it is about is
// stopped by then, and the rest went on.
func (d *Desk) Sighted(ctx context.Context, s relay.Sighting) error {
	return d.resolving(ctx, s.Hash, func(tx Tx, e relay.Envelope) ([]error, error) {
		said, err := d.resolve(tx, s.Hash, &s)
		if err != nil {
			return nil, err
		}
		passed, err := tx.Cursor()
		if err != nil || passed < s.Ledger || !e.Live() || e.Kind != relay.FundingEnvelope {
			return said, err
		}
		return said, d.ask(tx, relay.DoAudit, e.Payments...)
	})
}

// resolving runs fn in one commit on an envelope and its payments, and then returns the contradictions that it found.
func (d *Desk) resolving(ctx context.Context, hash string, fn func(tx Tx, e relay.Envelope) ([]error, error)) error {
	e, err := d.Envelope(ctx, hash)
	if err != nil {
		return err
	}
	var said []error
	err = d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, _ []relay.Payment) error {
		e, err := tx.Envelope(hash)
		if err == nil {
			said, err = fn(tx, e)
		}
		return err
	})
	if err == nil {
		err = errors.Join(said...)
	}
	return err
}

// Died steps an envelope that is proven unable to land, and its payments. Only after a [relay.Verdict] of
// [relay.CannotLand].
func (d *Desk) Died(ctx context.Context, hash string) error {
	return d.resolving(ctx, hash, func(tx Tx, _ relay.Envelope) ([]error, error) { return d.resolve(tx, hash, nil) })
}

// DiedNoTry is Died of a funding that was no try of its payments ([relay.Tries.NoTry]).
func (d *Desk) DiedNoTry(ctx context.Context, hash string) error {
	return d.resolving(ctx, hash, func(tx Tx, e relay.Envelope) ([]error, error) {
		for _, id := range e.Payments {
			p, err := tx.Payment(id)
			if err != nil {
				return nil, err
			}
			if p.State != relay.Funding || p.Funding != hash {
				continue
			}
			if _, err := d.step(tx, p, relay.FundingDead{Hash: hash, NoTry: true}); err != nil {
				return nil, fmt.Errorf("payment %s: %w", p.ID, err)
			}
		}
		return d.resolve(tx, hash, nil) // its payments are stepped already
	})
}

// resolve steps an envelope that was seen, or with seen = nil is proven dead, and its payments. Payments that it contradicts are
// stopped, in the same commit, and stay as they are; the others go on. An envelope that cannot be so at all stops all its payments.
// said are the contradictions, less those about a hash that the operator has looked at.
func (d *Desk) resolve(tx Tx, hash string, seen *relay.Sighting) (said []error, err error) {
	e, err := tx.Envelope(hash)
	if err != nil {
		return nil, err
	}
	left := 0
	if e.Kind == relay.ReturnEnvelope {
		all, err := tx.EnvelopesOf(e.Payments[0])
		if err != nil {
			return nil, err
		}
		left = e.RungsAfter(all)
	}
	var next relay.Envelope
	var in relay.Input
	if seen == nil {
		next, in, err = relay.StepDead(e, left)
	} else {
		next, in, err = relay.StepSighting(e, *seen, left)
	}
	if err != nil {
		_, said, err = d.stop(tx, hash, fmt.Errorf("envelope %s: %w", hash, unfit(err)), e.Payments...)
		return said, err
	}
	inputs := []paymentInput{}
	for i, id := range e.Payments {
		if in == nil {
			break
		}
		more, err := inputsOf(tx, id, next, in, seen, i)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, more...)
	}
	whole := true
	for _, t := range inputs {
		err := d.takeIn(tx, t.p, t.in)
		if err == nil {
			continue
		}
		stops, news, err := d.stop(tx, hash, fmt.Errorf("envelope %s, payment %s: %w", hash, t.p.ID, err), t.p.ID)
		if err != nil {
			return nil, err
		}
		said, whole = append(said, news...), whole && !stops
	}
	if !whole || next.State == e.State {
		return said, nil // the envelope stays live: it is resolved again when the operator has looked
	}
	return said, tx.SaveEnvelope(&next)
}

// takeIn steps a payment by what a ledger shows, and writes all of it or nothing. What the payment, or a rule of the database about
// its row, cannot take in is [relay.ErrContradiction]: it stops that payment, and the ledger is taken in for all others.
func (d *Desk) takeIn(tx Tx, p relay.Payment, in relay.Input) error {
	return unfit(tx.Try(func() error {
		next, _, err := relay.Step(p, in, d.now())
		if err == nil {
			err = alreadyHeld(tx, p, next)
		}
		if err == nil {
			_, err = d.step(tx, p, in)
		}
		return err
	}))
}

// unfit says of what cannot be so that it is a contradiction; what the store may answer the next time stays as it is.
func unfit(err error) error {
	if f := (*relay.Fault)(nil); !errors.As(err, &f) || f.Kind == relay.Unavailable || errors.Is(err, relay.ErrStale) || errors.Is(err, relay.ErrContradiction) {
		return err
	}
	return fmt.Errorf("%w: %w", err, relay.ErrContradiction)
}

// alreadyHeld refuses a holding account that is the money of another payment.
func alreadyHeld(tx Tx, before, next relay.Payment) error {
	if next.Holding == before.Holding || next.Holding == "" {
		return nil
	}
	ids, err := tx.PaymentsOfHoldings([]string{next.Holding})
	if err == nil && slices.ContainsFunc(ids, func(id relay.PaymentID) bool { return id != next.ID }) {
		err = errHolding
	}
	return err
}

// stop writes a contradiction about payments down, and answers whether they are stopped by it, and what of that is news; any other
// error is given back as it is.
func (d *Desk) stop(tx Tx, hash string, cause error, ids ...relay.PaymentID) (stops bool, said []error, err error) {
	if !errors.Is(cause, relay.ErrContradiction) {
		return false, nil, cause
	}
	cause = relay.AboutPayments(hash, cause, ids...)
	for _, c := range relay.Contradictions(cause) {
		one, news, err := put(tx, c, d.now())
		if err != nil {
			return false, nil, err
		}
		if stops = stops || one; news {
			said = append(said, c)
		}
	}
	return stops, said, nil
}

// paymentInput is a payment with what an envelope means for it.
type paymentInput struct {
	p  relay.Payment
	in relay.Input
}

// inputsOf are those of the i-th payment that e carries and, when e is a funding that was to take over another one's money, of
// that other one. seen is where e is in a ledger; nil when it never will be.
func inputsOf(tx Tx, id relay.PaymentID, e relay.Envelope, in relay.Input, seen *relay.Sighting, i int) ([]paymentInput, error) {
	p, err := tx.Payment(id)
	if err != nil {
		return nil, err
	}
	if e.Kind != relay.FundingEnvelope && e.Source != p.Holding {
		return nil, nil // of a holding account that was given up: if others made it anew, the money in it is not this payment's
	}
	made := p // with the holding account that e has made
	if landed, ok := in.(relay.FundingLanded); ok && p.ByClient() && p.Funding != e.Hash {
		if made.Holding, err = holdingOf(tx, id, e.Hash); err != nil {
			return nil, err
		}
		landed.Holding, landed.Bound = made.Holding, e.Bound
		in = landed
	}
	var old relay.Payment
	if p.IsMove() && e.Kind == relay.FundingEnvelope {
		if old, err = tx.Payment(p.Replaces); err != nil {
			return nil, err
		}
	}
	if seen == nil {
		return []paymentInput{{p, in}}, nil
	}
	inputs := []paymentInput{{p, relay.WithAmounts(in, made, old, e, *seen, i)}}
	switch {
	case old.ID == "" || old.Holding != e.Source: // it took nothing that is this payment's
	case e.State == relay.Landed:
		moved := relay.Moved{Tx: e.Tx, Ledger: e.Ledger, Holding: made.Holding}
		moved.Arrived, moved.Rest = old.PaidOut(old.Holding, seen.Paid, func(relay.Paid) bool { return true })
		inputs = append(inputs, paymentInput{old, moved})
	case seen.Payer == old.Holding:
		inputs = append(inputs, paymentInput{old, relay.FeeTaken{Tx: seen.Tx, Fee: seen.Fee}})
	}
	return inputs, nil
}

// holdingOf is the account that a client's funding makes: that of the way back which was written down right after it.
func holdingOf(tx Tx, id relay.PaymentID, funding string) (string, error) {
	all, err := tx.EnvelopesOf(id)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(e relay.Envelope) bool { return e.Hash == funding })
	if i < 0 || i+1 == len(all) || all[i+1].Kind != relay.ReturnEnvelope {
		return "", nil
	}
	return all[i+1].Source, nil
}

// Envelope reads one envelope.
func (d *Desk) Envelope(ctx context.Context, hash string) (relay.Envelope, error) {
	return Read(ctx, d.Store, func(tx Tx) (relay.Envelope, error) { return tx.Envelope(hash) })
}

// EnvelopesOf reads every envelope ever signed for a payment.
func (d *Desk) EnvelopesOf(ctx context.Context, id relay.PaymentID) ([]relay.Envelope, error) {
	return Read(ctx, d.Store, func(tx Tx) ([]relay.Envelope, error) { return tx.EnvelopesOf(id) })
}

// LiveEnvelopes reads those of the kinds given that could still land.
func (d *Desk) LiveEnvelopes(ctx context.Context, kinds ...relay.EnvelopeKind) ([]relay.Envelope, error) {
	return Read(ctx, d.Store, func(tx Tx) ([]relay.Envelope, error) { return tx.LiveEnvelopes(kinds...) })
}

// TakenNumbers is, of each account given, the highest number that a funding which could still land has taken.
func (d *Desk) TakenNumbers(ctx context.Context, sources []string) (map[string]int64, error) {
	return Read(ctx, d.Store, func(tx Tx) (map[string]int64, error) { return tx.TakenNumbers(d.Network, sources) })
}

// NumberDead says whether e, an envelope of p whose number was used, is dead ([relay.Envelope.NumberDead]).
func (d *Desk) NumberDead(ctx context.Context, e relay.Envelope, p relay.Payment) (bool, error) {
	return Read(ctx, d.Store, func(tx Tx) (bool, error) {
		var others []relay.Envelope
		for _, id := range p.NumbersOf() {
			all, err := tx.EnvelopesOf(id)
			if err != nil {
				return false, err
			}
			others = append(others, all...)
		}
		return e.NumberDead(others, tx.LedgerHash)
	})
}

// Cursor is the last ledger witnessed, 0 when none.
func (d *Desk) Cursor(ctx context.Context) (uint32, error) {
	return Read(ctx, d.Store, func(tx Tx) (uint32, error) { return tx.Cursor() })
}

// Skip moves the cursor over a gap in history, from where it was found to h. The caller then looks up every live envelope
// and holding account. Another watcher that moved it meanwhile was reading properly: then it stays.
func (d *Desk) Skip(ctx context.Context, from uint32, h relay.Head) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		now, err := tx.Cursor()
		if err != nil || now != from || h.Sequence <= from {
			return err
		}
		return tx.RememberLedger(h)
	})
}
