package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

// Witness takes in one closed ledger: our envelopes that are in it, transactions of others that touched our holding
// accounts, and the cursor, in one commit. A ledger that does not follow the one remembered is [relay.ErrContradiction]: nothing of it
// is taken in. A [relay.Contradiction] about payments stops those in the same commit, the others go on, and it is answered after it.
func (d *Desk) Witness(ctx context.Context, page relay.LedgerPage) error {
	var said []error
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		said = nil
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
		for _, t := range feesFirst(page.Transactions) {
			var more []error
			if slices.Contains(known, t.Hash) {
				more, err = d.resolve(tx, t.Hash, &t.Sighting)
				said = append(said, more...)
			}
			if err == nil {
				more, err = d.others(tx, t)
				said = append(said, more...)
			}
			if err != nil {
				return fmt.Errorf("ledger %d: %w", page.Head.Sequence, err)
			}
		}
		work, err := tx.Awaiting(page.Head)
		if err != nil {
			return err
		}
		for _, w := range work {
			w.Due = d.now()
			if err := tx.AddWork(w); err != nil {
				return err
			}
		}
		return tx.RememberLedger(page.Head)
	})
	if err == nil {
		err = errors.Join(said...)
	}
	return err
}

// feesFirst puts the transactions that failed before the others, each part in its order. A ledger takes the fees of all its
// transactions before it applies the first, and a failed one has no other effect on money:
// what merged in the same ledger was short of its fee already.
func feesFirst(all []relay.PageTransaction) []relay.PageTransaction {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b relay.PageTransaction) int {
		switch {
		case a.Success == b.Success:
			return 0
		case a.Success:
			return 1
		}
		return -1
	})
	return sorted
}

// follows says whether the page is the next one, or one that was taken in before (again). A page further on is ErrStale:
// another watcher was here, or a ledger was left out.
func follows(tx Tx, page relay.LedgerPage) (again bool, err error) {
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
		if lifted, err := tx.Lifted(page.Head.Hash); err != nil || !lifted {
			if err == nil {
				err = relay.About(page.Head.Hash, fmt.Errorf("ledger %d (%s) has another history than the one remembered: %w", seq, page.Head.Hash, relay.ErrContradiction))
			}
			return false, err
		}
		if err := tx.ForgetLedgers(); err != nil { // a person took the new history: nothing is proven by the old one any more
			return false, err
		}
	}
	if cursor != 0 && seq > cursor+1 {
		return false, relay.ErrStale
	}
	return seq <= cursor, nil
}

// others takes in what a transaction did to the holding accounts of payments that it does not carry, be it another's or an
// envelope of ours, which a key holder of another account may have made: emptied, or to be looked at, and charged when its key
// holder let it pay. One that failed changed nothing but that. Payments that it contradicts are stopped, as in resolve.
func (d *Desk) others(tx Tx, t relay.PageTransaction) (said []error, err error) {
	var carried []relay.PaymentID
	e, err := tx.Envelope(t.Hash)
	switch {
	case err == nil:
		carried, err = concernedBy(tx, e)
		if err != nil {
			return nil, err
		}
	case !errors.Is(err, relay.ErrNotFound):
		return nil, err
	}
	touched := t.Touched
	if !t.Success {
		touched = []string{t.Payer}
	}
	ids, err := tx.PaymentsOfHoldings(touched)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := tx.Payment(id)
		if err != nil {
			return nil, err
		}
		destination, gone := t.Merges[p.Holding]
		if first := gone && t.Ledger < p.SettledAt; !p.State.Holds() && !first || slices.Contains(carried, id) {
			continue // an account that ended with its payment may be made anew by others; it is none of ours
		}
		switch {
		case gone:
			err = d.takeIn(tx, p, relay.EmptiedBy(p, t, destination))
		case t.Payer == p.Holding:
			err = d.takeIn(tx, p, relay.FeeTaken{Tx: t.Tx, Fee: t.Fee})
		}
		if err == nil && !gone && t.Success {
			err = tx.AddWork(Work{Kind: relay.DoAudit, Payment: id, Due: d.now()})
		}
		if err != nil {
			_, more, err := d.stop(tx, t.Hash, fmt.Errorf("transaction %s, payment %s: %w", t.Tx, id, err), id)
			if err != nil {
				return nil, err
			}
			said = append(said, more...)
		}
	}
	return said, d.balances(tx, t)
}

// balances takes in what became of balances that last resorts had left.
func (d *Desk) balances(tx Tx, t relay.PageTransaction) error {
	for _, end := range t.Ended {
		ids, err := tx.PaymentsOfBalances([]string{end.ID})
		if err != nil {
			return err
		}
		var in relay.Input = relay.BalanceCollected{Tx: t.Tx}
		if end.Clawed {
			in = relay.BalanceClawed{Tx: t.Tx}
		}
		for _, id := range ids {
			p, err := tx.Payment(id)
			if err == nil {
				_, err = d.step(tx, p, in)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// concernedBy are the payments that an envelope gives an input: those that it carries, and those whose money they take over.
func concernedBy(tx Tx, e relay.Envelope) ([]relay.PaymentID, error) {
	ids := slices.Clone(e.Payments)
	for _, id := range e.Payments {
		p, err := tx.Payment(id)
		if err != nil {
			return nil, err
		}
		if p.IsMove() && e.Kind == relay.FundingEnvelope {
			ids = append(ids, p.Replaces)
		}
	}
	return ids, nil
}
