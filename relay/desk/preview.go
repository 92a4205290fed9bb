package desk

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
)

// Preview says what Create would say of an opening just now, and writes nothing. It is a look, not a promise: what is free
// of a treasury, a budget or a reference may be taken a moment later. The errors are Create's.
func (d *Desk) Preview(ctx context.Context, o Opening) error {
	o.Payment = o.fill()
	if err := relay.CheckOpening(o.Payment, o.App, d.now()); err != nil {
		return err
	}
	return d.Store.View(ctx, func(tx Tx) error {
		if err := inTime(tx, o.Payment); err != nil {
			return err
		}
		if err := withinBudget(tx, o, o.Payment); err != nil {
			return err
		}
		if err := replaceable(tx, o.Payment); err != nil {
			return err
		}
		_, err := tx.Payment(o.Payment.ID)
		switch {
		case err == nil:
			return relay.ConflictFault("id_taken", "There is a payment with this id already.")
		case !errors.Is(err, relay.ErrNotFound):
			return err
		case o.Payment.Reference == "":
			return nil
		}
		page, _, err := tx.List(Filter{App: o.App.ID, Reference: o.Payment.Reference, Limit: 1})
		if err == nil && len(page) > 0 {
			err = relay.ConflictFault("reference_taken", "Another payment of this app has this reference.")
		}
		return err
	})
}
