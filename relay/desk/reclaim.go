package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// reclaimLater has the reserves of an account that a claim made taken back by themselves, where the app chose so.
func (d *Desk) reclaimLater(tx Tx, p relay.Payment) error {
	app, err := tx.App(p.App)
	if err != nil || !app.Reclaim {
		return err
	}
	return d.ask(tx, relay.DoReclaim, p.ID)
}

// reclaimsAtOnce is how many payments are asked for in one commit.
const reclaimsAtOnce = 500

// Reclaim asks for the sponsor's reserves in all accounts that claims of the app's payments made, and says of how many. Again
// is safe: what is asked for already stays so. always, if it is not nil, says whether later claims ask by themselves.
func (d *Desk) Reclaim(ctx context.Context, app relay.AppID, always *bool) (asked int, err error) {
	if always != nil {
		err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
			a, err := tx.App(app)
			if err != nil || a.Reclaim == *always {
				return err
			}
			a.Reclaim = *always
			return tx.SaveApp(a)
		})
		if err != nil {
			return 0, err
		}
	}
	for after := relay.PaymentID(""); ; {
		var ids []relay.PaymentID
		err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) (err error) {
			if ids, err = tx.ReservesOut(app, after, reclaimsAtOnce); err != nil {
				return err
			}
			return d.ask(tx, relay.DoReclaim, ids...)
		})
		if err != nil || len(ids) == 0 {
			return asked, err
		}
		asked, after = asked+len(ids), ids[len(ids)-1]
	}
}
