package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

// Recover compares the signer's log with the database. The log outranks it: a database that was restored from a backup
// learns which of its fundings have died since, and which landed that it has forgotten. It is to be done before anybody may
// cancel, expire or fund anything; nil means that it is. What cannot be taken in is logged and left to a person, for the
// others must go on; only a ledger or a signer that does not answer is an error.
func (w *Worker) Recover(ctx context.Context) error {
	fates, err := w.Signer.Fundings(ctx)
	if err != nil {
		return err
	}
	if err := w.bury(ctx, fates); err != nil {
		return err
	}
	for part := range slices.Chunk(fates, 500) {
		var hashes []string
		for _, f := range part {
			if !f.Dead {
				hashes = append(hashes, f.Hash)
			}
		}
		unknown, err := w.Desk.Unknown(ctx, hashes)
		if err != nil {
			return err
		}
		for _, hash := range unknown {
			err := w.adopt(ctx, hash)
			switch {
			case errors.Is(err, relay.ErrContradiction):
				w.halt(ctx, err)
			case relay.KindOf(err) == relay.Unavailable, ctx.Err() != nil:
				return err
			case err != nil:
				w.Log.Error("a funding that landed cannot be taken in; a person has to look", "funding", hash, "err", err)
			}
		}
	}
	return nil
}

// bury tells the database of fundings that it believes alive and that the signer has proven dead: their sequence numbers may
// have been taken since by others that it does not know.
func (w *Worker) bury(ctx context.Context, fates []relay.FundingFate) error {
	live, err := w.Store.LiveEnvelopes(ctx, relay.FundingEnvelope)
	if err != nil {
		return err
	}
	for _, e := range live {
		if slices.Contains(fates, relay.FundingFate{Hash: e.Hash, Dead: true}) {
			if err := w.Desk.Died(ctx, e.Hash); err != nil {
				return err
			}
		}
	}
	return nil
}

// adopt takes in a funding that landed and that the database does not know. One that did not land is left alone: it is
// committed when its payment is funded again, or its bound passes.
func (w *Worker) adopt(ctx context.Context, hash string) error {
	seen, err := w.Ledger.Sight(ctx, hash)
	if err != nil {
		return err
	}
	answer, err := w.Signer.Funding(ctx, hash)
	if err != nil {
		return err
	}
	if seen == nil {
		if seen, err = w.madeByIt(ctx, answer); err != nil || seen == nil {
			return err
		}
	}
	if !seen.Success {
		return nil
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

// madeByIt concludes from a holding account that is as we made it, its reserve kept by the sponsor, that the funding landed
// although the ledger's history no longer reaches back to it: nobody else has signatures of its key. nil is not to be had
// from the accounts either, which is what a funding looks like that never landed, or whose money has left since.
func (w *Worker) madeByIt(ctx context.Context, answer relay.FundAnswer) (*relay.Sighting, error) {
	accounts := map[string]int64{}
	for _, m := range answer.Minted {
		accounts[m.Account] = 0
	}
	facts, err := w.Ledger.Holdings(ctx, accounts)
	if err != nil {
		return nil, err
	}
	for _, f := range facts {
		if f.Exists && f.Trouble == "" {
			return &relay.Sighting{Hash: answer.Envelope.Hash, Tx: answer.Envelope.Hash, Ledger: answer.Envelope.Bound, Success: true}, nil
		}
	}
	return nil, nil
}
