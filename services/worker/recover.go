package worker

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay"
)

// recover compares the signer's log with the database. The log outranks it: a funding that landed and that the database
// has forgotten, because it was restored from a backup, is taken in again. One that did not land is left alone: it is
// committed when its payment is funded again, or its bound passes.
func (w *Worker) recover(ctx context.Context) error {
	hashes, err := w.Signer.Fundings(ctx)
	if err != nil {
		return err
	}
	for len(hashes) > 0 {
		n := min(len(hashes), 500)
		unknown, err := w.Desk.Unknown(ctx, hashes[:n])
		if err != nil {
			return err
		}
		hashes = hashes[n:]
		for _, hash := range unknown {
			if err := w.adopt(ctx, hash); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Worker) adopt(ctx context.Context, hash string) error {
	seen, err := w.Ledger.Sight(ctx, hash)
	if err != nil || seen == nil || !seen.Success {
		return err
	}
	answer, err := w.Signer.Funding(ctx, hash)
	if err != nil {
		return err
	}
	w.Log.Error("the database had forgotten a funding that landed; it was restored from a backup? taking it in again",
		"funding", hash, "payments", len(answer.Minted))
	app := relay.App{Name: "recovered", Recipient: "forgotten", Treasury: answer.Minted[0].ReturnTo}
	err = w.Desk.Adopt(ctx, answer, *seen, app)
	if relay.CodeOf(err) == "not_created" { // the database lets a payment be over whose money is in a holding account
		return fmt.Errorf("funding %s landed, and a payment of it says otherwise (%v): %w", hash, err, relay.ErrContradiction)
	}
	return err
}
