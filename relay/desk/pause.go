package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// Pause has the fundings of an app ("" = of all) wait, because of a fault of the signer's that no retry mends by itself. It
// lasts for [relay.PauseLife]; then one is tried again. began says that it was not so before.
func (d *Desk) Pause(ctx context.Context, app relay.AppID, f *relay.Fault) (began bool, err error) {
	now := d.now()
	err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		before, err := tx.Pauses(app)
		if err != nil {
			return err
		}
		began = len(before) == 0 || before[0].Cause != f.Code
		return tx.PutPause(relay.Pause{App: app, Cause: f.Code, Detail: f.Public, Since: now, Until: now + relay.PauseLife})
	})
	return began, err
}

// Paused is what holds a payment's funding up just now; nil when nothing does.
func (d *Desk) Paused(ctx context.Context, p relay.Payment) (*relay.Pause, error) {
	if p.State != relay.Created || p.ByClient() {
		return nil, nil
	}
	all, err := d.Pauses(ctx, "", p.App)
	for _, pause := range all {
		if pause.Shows(p, d.now()) {
			return &pause, err
		}
	}
	return nil, err
}

// Pauses lists pauses of these apps, of all when none is named; some may be over.
func (d *Desk) Pauses(ctx context.Context, apps ...relay.AppID) ([]relay.Pause, error) {
	return Read(ctx, d.Store, func(tx Tx) ([]relay.Pause, error) { return tx.Pauses(apps...) })
}

// Carried is what all payments in flight will still ask of the sponsor. It is to be read before the ledger is asked what the
// sponsor has: what lands in between then counts twice, never not.
func (d *Desk) Carried(ctx context.Context) (relay.Load, error) {
	return Read(ctx, d.Store, func(tx Tx) (relay.Load, error) { return tx.Carried() })
}
