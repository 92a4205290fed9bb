package desk

import (
	"context"
	"slices"

	"github.com/restante/restante/relay"
)

// reclaimLater has the reserves of an account that a claim made taken back by themselves, where the app chose so.
func (d *Desk) reclaimLater(tx Tx, p relay.Payment) error {
	app, err := tx.App(p.App)
	if err != nil || !app.Reclaim {
		return err
	}
	return tx.AddWork(Work{Kind: relay.DoReclaim, Payment: p.ID, Due: d.now()})
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
			for _, id := range ids {
				if err := tx.AddWork(Work{Kind: relay.DoReclaim, Payment: id, Due: d.now()}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ids) == 0 {
			return asked, err
		}
		asked, after = asked+len(ids), ids[len(ids)-1]
	}
}

// CollectLeft asks for every balance that was left to a treasury and is not known to have come there, and says of how many. Again
// is safe: what is asked for already stays so.
func (d *Desk) CollectLeft(ctx context.Context) (asked int, err error) {
	for after := relay.PaymentID(""); ; {
		page, err := d.Store.Holding(ctx, after, 200, relay.Settled)
		if err != nil || len(page) == 0 {
			return asked, err
		}
		after = page[len(page)-1].ID
		left := slices.DeleteFunc(page, func(p relay.Payment) bool { return !p.LeftToTreasury() })
		err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
			for _, p := range left {
				if err := tx.AddWork(Work{Kind: relay.DoCollect, Payment: p.ID, Due: d.now()}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return asked, err
		}
		asked += len(left)
	}
}
