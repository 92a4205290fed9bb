package relay

import (
	"bytes"
	"context"
	"fmt"
	"slices"
)

// CommitFunding writes down a signed funding: the envelope with its sequence number, every box and every rung, and each
// payment's step to funding, in one commit. Only after it may the envelope be handed in. A payment that has moved on since
// the intent fails the whole commit: then nothing of this funding is ever sent, and its bound passes unused.
func (d *Desk) CommitFunding(ctx context.Context, f FundAnswer) error {
	ids := f.Envelope.Payments
	return d.Store.UpdateMany(ctx, ids, func(tx Tx, ps []Payment) error {
		if _, err := tx.Envelope(f.Envelope.Hash); err == nil {
			return nil // committed before a crash; its submission is a row of work
		}
		if err := tx.InsertEnvelope(f.Envelope); err != nil {
			return err
		}
		for i, p := range ps {
			if err := d.commitMinted(tx, p, f.Minted[i], f.Envelope); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: DoSubmit, Envelope: f.Envelope.Hash, Due: d.now()})
	})
}

func (d *Desk) commitMinted(tx Tx, p Payment, m Minted, funding Envelope) error {
	if m.Payment != p.ID || p.PayTo == "" && (len(m.Box) == 0 || len(m.Ladder) == 0) {
		return NewFault(Internal, "answer_incomplete", "", nil)
	}
	if p.State != Created {
		return conflict("not_created", "Only a payment that is not funded can be funded.")
	}
	if err := m.fits(p); err != nil {
		return err
	}
	if err := putMinted(tx, p, m); err != nil {
		return err
	}
	p.BoxMAC = m.BoxMAC
	_, err := d.step(tx, p, FundingSigned{Hash: funding.Hash, Holding: m.Account, Bound: funding.Bound})
	return err
}

// putMinted writes box and way back down; a direct payment has neither.
func putMinted(tx Tx, p Payment, m Minted) error {
	if p.PayTo != "" {
		return nil
	}
	if err := tx.PutBox(p.ID, m.Box); err != nil {
		return err
	}
	for _, rung := range m.Ladder {
		if err := tx.InsertEnvelope(rung); err != nil {
			return err
		}
	}
	return nil
}

// SignFunding takes a funding that a client made, completed by whoever has to sign it: from now on it is handed in. It was
// written down before anybody signed it, so a client that hands it in by itself is seen all the same.
func (d *Desk) SignFunding(ctx context.Context, id PaymentID, hash string, complete []byte) (Payment, error) {
	var out Payment
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		out = ps[0]
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != FundingEnvelope || !slices.Contains(e.Payments, id) || out.From == "" {
			return invalid("funding_unknown", "/envelope", "this envelope is not the funding that was handed in with the box")
		}
		if !e.Live() && out.State != Funding {
			return nil // it has landed, or it never will; the payment says which
		}
		if e.State == Signed && bytes.Equal(e.XDR, complete) {
			return nil // the same again
		}
		// Signatures that were not enough, or not right, may be followed by better ones: the envelope is the same.
		if e.Live() {
			e.State, e.XDR = Signed, complete
			if err := tx.SaveEnvelope(&e); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: DoSubmit, Envelope: hash, Due: d.now()})
	})
	return out, err
}

// fits compares what the signer funded with what the row says: a row of the same id may not be the same payment when the
// database was restored in between.
func (m Minted) fits(p Payment) error {
	if m.Amount != p.Amount || m.Asset != p.Asset || m.ReturnTo != p.ReturnTo || m.ExpiresAt != p.ExpiresAt || m.Terms != p.Terms() {
		return NewFault(Internal, "funded_otherwise", "", fmt.Errorf("payment %s was funded with %s for %s, the row says %s for %s",
			p.ID, m.Amount, m.ReturnTo, p.Amount, p.ReturnTo))
	}
	return nil
}

// Plan writes down a claim envelope before the claimant gets it: from then on it may land without us.
func (d *Desk) Plan(ctx context.Context, e Envelope, at Head) error {
	return d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, ps []Payment) error {
		if ps[0].State != Pending {
			return ps[0].claimRefusal()
		}
		if Seconds(at.CloseTime) >= ps[0].ExpiresAt {
			return conflict("expired", "The time to claim this payment has run out.")
		}
		if _, err := tx.Envelope(e.Hash); err == nil {
			return nil
		}
		return tx.InsertEnvelope(e)
	})
}

// SubmitClaim takes a planned claim that the claimant completed: payment, envelope and the work of handing it in.
func (d *Desk) SubmitClaim(ctx context.Context, id PaymentID, hash string, complete []byte, at Head) (Payment, error) {
	var out Payment
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != ClaimEnvelope || !slices.Contains(e.Payments, id) {
			return invalid("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
		}
		dead := !e.Live() || at.Sequence >= e.Bound || at.CloseTime > e.MaxTime
		if dead && ps[0].State == Pending { // else the payment says more of why not
			return conflict("plan_dead", "The time of this plan is over. Ask for another one.")
		}
		if out, err = d.step(tx, ps[0], ClaimSubmitted{Hash: hash, Destination: e.Destination, At: at}); err != nil {
			return err
		}
		if out.State == ps[0].State {
			return nil // the same again
		}
		if e.State == Planned {
			e.State, e.XDR = Signed, complete
			if err := tx.SaveEnvelope(&e); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: DoSubmit, Envelope: hash, Due: d.now()})
	})
	return out, err
}

// Sighted tells an envelope and its payments that it was seen in a ledger. A funding that the watcher has passed without
// knowing it asks for a look at what happened to its accounts since.
func (d *Desk) Sighted(ctx context.Context, s Sighting) error {
	e, err := d.Envelope(ctx, s.Hash)
	if err != nil {
		return err
	}
	return d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, _ []Payment) error {
		before, err := tx.Envelope(s.Hash)
		if err != nil {
			return err
		}
		err = d.settleIn(tx, s.Hash, &s)
		if err != nil {
			return err
		}
		passed, err := tx.Cursor()
		if err != nil || passed < s.Ledger || !before.Live() || e.Kind != FundingEnvelope {
			return err
		}
		return d.lookAgain(tx, e.Payments)
	})
}

// Died tells an envelope and its payments that it is proven unable to land. Only after a [Verdict] of [CannotLand].
func (d *Desk) Died(ctx context.Context, hash string) error {
	e, err := d.Envelope(ctx, hash)
	if err != nil {
		return err
	}
	return d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, ps []Payment) error { return d.settleIn(tx, hash, nil) })
}

// settleIn steps an envelope that was seen, or with seen = nil is proven dead, and tells its payments.
func (d *Desk) settleIn(tx Tx, hash string, seen *Sighting) error {
	e, err := tx.Envelope(hash)
	if err != nil {
		return err
	}
	left := 0
	if e.Kind == ReturnEnvelope {
		all, err := tx.EnvelopesOf(e.Payments[0])
		if err != nil {
			return err
		}
		for _, other := range all {
			if other.Kind == ReturnEnvelope && other.Source == e.Source && other.Hash != e.Hash && other.Live() {
				left++
			}
		}
	}
	var next Envelope
	var in Input
	if seen == nil {
		next, in, err = StepDead(e, left)
	} else {
		next, in, err = StepSighting(e, *seen, left)
	}
	if err != nil {
		return fmt.Errorf("envelope %s: %w", hash, err)
	}
	if next.State != e.State {
		if err := tx.SaveEnvelope(&next); err != nil {
			return err
		}
	}
	if in == nil {
		return nil
	}
	for i, id := range e.Payments {
		p, err := tx.Payment(id)
		if err != nil {
			return err
		}
		if e.Kind != FundingEnvelope && e.Source != p.Holding {
			continue // of a holding account that was given up: whoever made it anew, the money in it is not this payment's
		}
		var old Payment // that a funding takes the money over from
		if p.Replaces != "" && e.Kind == FundingEnvelope {
			if old, err = tx.Payment(p.Replaces); err != nil {
				return err
			}
		}
		told := in
		if seen != nil {
			told = detailed(in, p, old, next, *seen, i)
		}
		if _, err := d.step(tx, p, told); err != nil {
			return fmt.Errorf("payment %s: %w", id, err)
		}
		if old.ID == "" || seen == nil {
			continue
		}
		if next.State != Landed {
			if seen.Payer == old.Holding {
				if _, err := d.step(tx, old, FeeTaken{Tx: seen.Tx, Fee: seen.Fee}); err != nil {
					return fmt.Errorf("payment %s, to be replaced by %s: %w", p.Replaces, id, err)
				}
			}
			continue
		}
		moved := Moved{Tx: next.Tx, Ledger: next.Ledger, Holding: p.Holding}
		moved.Arrived, moved.Rest = old.gone(old.Holding, seen.Paid, func(Paid) bool { return true })
		if _, err := d.step(tx, old, moved); err != nil {
			return fmt.Errorf("payment %s, replaced by %s: %w", p.Replaces, id, err)
		}
	}
	return nil
}

// Witness takes in one closed ledger: our envelopes that are in it, strangers' transactions that touched our holding
// accounts, and the cursor, in one commit. A ledger that does not follow the one remembered is [ErrContradiction].
func (d *Desk) Witness(ctx context.Context, page LedgerPage) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		if again, err := follows(tx, page); err != nil || again {
			return err
		}
		var hashes []string
		for _, t := range page.Transactions {
			hashes = append(hashes, t.Hash)
		}
		known, err := tx.KnownEnvelopes(hashes)
		if err != nil {
			return err
		}
		for _, t := range page.Transactions {
			if slices.Contains(known, t.Hash) {
				err = d.settleIn(tx, t.Hash, &t.Sighting)
			} else {
				err = d.stranger(tx, t)
			}
			if err != nil {
				return fmt.Errorf("ledger %d: %w", page.Head.Sequence, err)
			}
		}
		return tx.RememberLedger(page.Head)
	})
}

// follows says whether the page is the next one, or one that was taken in before (again). A page further on is ErrStale:
// another watcher was here, or a ledger was left out.
func follows(tx Tx, page LedgerPage) (again bool, err error) {
	seq := page.Head.Sequence
	cursor, err := tx.Cursor()
	if err != nil {
		return false, err
	}
	before, err := tx.LedgerHash(seq - 1)
	if err != nil {
		return false, err
	}
	same, err := tx.LedgerHash(seq)
	if err != nil {
		return false, err
	}
	if before != "" && before != page.Previous || same != "" && same != page.Head.Hash {
		return false, fmt.Errorf("ledger %d has another history than the one remembered: %w", seq, ErrContradiction)
	}
	if cursor != 0 && seq > cursor+1 {
		return false, ErrStale
	}
	return seq <= cursor, nil
}

// stranger takes in a transaction that is not ours and touched holding accounts: emptied, or to be looked at, and charged when
// its key holder let it pay. One that failed changed nothing but that.
func (d *Desk) stranger(tx Tx, t PageTransaction) error {
	touched := t.Touched
	if !t.Success {
		touched = []string{t.Payer}
	}
	ids, err := tx.PaymentsOfHoldings(touched)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p, err := tx.Payment(id)
		if err != nil {
			return err
		}
		if !p.State.Holds() {
			continue // an account that ended with its payment may be made anew by anybody; it is none of ours
		}
		destination, gone := t.Merges[p.Holding]
		switch {
		case gone:
			_, err = d.step(tx, p, emptied(p, t, destination))
		case t.Payer == p.Holding:
			_, err = d.step(tx, p, FeeTaken{Tx: t.Tx, Fee: min(t.Fee, mostOwnFee)})
		}
		if err == nil && !gone && t.Success {
			err = tx.AddWork(Work{Kind: DoAudit, Payment: id, Due: d.now()})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Envelope reads one envelope.
func (d *Desk) Envelope(ctx context.Context, hash string) (e Envelope, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { e, err = tx.Envelope(hash); return err })
	return e, err
}

// EnvelopesOf reads every envelope ever signed for a payment.
func (d *Desk) EnvelopesOf(ctx context.Context, id PaymentID) (es []Envelope, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { es, err = tx.EnvelopesOf(id); return err })
	return es, err
}

// Cursor is the last ledger witnessed, 0 when none.
func (d *Desk) Cursor(ctx context.Context) (seq uint32, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { seq, err = tx.Cursor(); return err })
	return seq, err
}

// Skip moves the cursor over a gap in history, from where it was found to h. The caller then looks up every live envelope
// and holding account. Another watcher that moved it meanwhile was reading properly: then it stays.
func (d *Desk) Skip(ctx context.Context, from uint32, h Head) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		now, err := tx.Cursor()
		if err != nil || now != from || h.Sequence <= from {
			return err
		}
		return tx.RememberLedger(h)
	})
}

// Halt stops everything that moves money until a person has looked. Halted says why, "" when nothing is halted.
func (d *Desk) Halt(ctx context.Context, why string) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error { return tx.Halt(why) })
}

// Halted says why everything is stopped; "" when it is not.
func (d *Desk) Halted(ctx context.Context) (why string, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { why, err = tx.Halted(); return err })
	return why, err
}
