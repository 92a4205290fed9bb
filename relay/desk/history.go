package desk

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay"
)

// SameHistory holds the ledger that an endpoint calls its newest against those remembered. Close times grow with numbers, so one
// with the number of a remembered ledger and another hash, or with a lower number than one remembered and no earlier close time,
// is of another history: the network began anew, or the endpoint's database is older than ours. That is [relay.ErrContradiction] about
// the ledger remembered last. An endpoint that only lags shows earlier close times. When a person has lifted that halt, the new
// history is taken: nothing is proven by the old one any more, the cursor is at head, and taken says that all that should hold
// money is to be looked at.
func (d *Desk) SameHistory(ctx context.Context, head relay.Head) (taken bool, err error) {
	last, err := Read(ctx, d.Store, func(tx Tx) (string, error) { return otherHistory(tx, head) })
	if err != nil || last == "" {
		return false, err
	}
	err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		lifted, err := tx.Lifted(last)
		if err == nil && !lifted {
			err = relay.About(last, fmt.Errorf("the newest ledger, %d (%s), is of another history than ledger %s, which was taken in: %w",
				head.Sequence, head.Hash, last, relay.ErrContradiction))
		}
		if err != nil {
			return err
		}
		if err := tx.ForgetLedgers(); err != nil {
			return err
		}
		return tx.RememberLedger(head)
	})
	return err == nil, err
}

// otherHistory answers the hash of the ledger remembered last when head is not of its history, else "".
func otherHistory(tx Tx, head relay.Head) (last string, err error) {
	known, err := tx.LedgerHash(head.Sequence)
	if err != nil {
		return "", err
	}
	later, err := tx.LedgerAfter(head.Sequence)
	if err != nil || (known == "" || known == head.Hash) && (later.Sequence == 0 || head.CloseTime < later.CloseTime) {
		return "", err
	}
	cursor, err := tx.Cursor()
	if err != nil {
		return "", err
	}
	return tx.LedgerHash(cursor)
}
