package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// collect claims the balance that a last resort left to the app's treasury. What counts is the ledger: the signer's envelope that
// is seen there ends the row, also when another one submitted it. So a crash at any line only makes it look again.
func (w *Worker) collect(ctx context.Context, row desk.Work) error {
	p, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil || !p.LeftToTreasury() {
		return err
	}
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	if head.Sequence <= p.SettledAt+relay.SourcesApart {
		return again{after: w.pause(row), why: "the last resort has just landed"}
	}
	there, err := w.balanceOf(ctx, p)
	if err != nil {
		return err
	}
	answer, err := w.signCollect(ctx, p, head)
	switch absent := errors.Is(err, relay.ErrBalanceAbsent); {
	case absent && there.Exists:
		return again{after: w.pause(row), why: "the signer's ledger does not show the balance yet"}
	case absent: // and no envelope of ours was ever signed for it
		return w.goneElsewhere(ctx, row, p)
	case errors.Is(err, relay.ErrCannotCollect):
		return again{after: poorPause, why: err.Error()}
	case errors.Is(err, relay.ErrSequenceTaken):
		return again{after: w.pause(row), why: "another balance of the treasury goes first"}
	case err != nil:
		return err
	}
	seen, err := w.Ledger.Sight(ctx, answer.Hash)
	switch {
	case err != nil:
		return err
	case seen != nil && seen.Success:
		_, err = w.Desk.Apply(ctx, p.ID, relay.BalanceCollected{Tx: seen.Tx})
		return err
	case !there.Exists:
		return w.goneElsewhere(ctx, row, p)
	case seen != nil: // the signer signs another one when this one's bound has passed
		return again{after: w.pause(row), why: "the claim of the balance failed on the ledger"}
	}
	said, err := w.Ledger.Submit(ctx, answer.XDR) // what it answers proves nothing; the next look does
	if err != nil {
		return err
	}
	return again{after: w.pause(row), why: "the claim of the balance was handed in: " + said.Word + " " + said.Code}
}

// balanceOf is what our own ledger says of the balance that the payment's last resort left.
func (w *Worker) balanceOf(ctx context.Context, p relay.Payment) (none relay.BalanceFacts, err error) {
	all, err := w.Desk.EnvelopesOf(ctx, p.ID)
	if err != nil {
		return none, err
	}
	i := slices.IndexFunc(all, func(e relay.Envelope) bool { return e.Kind == relay.ReturnEnvelope && e.Tx == p.SettledTx })
	if i < 0 {
		return none, fmt.Errorf("payment %s has no last resort", p.ID)
	}
	id, _, err := stellar.BalanceLeft(all[i].XDR)
	if err != nil {
		return none, err
	}
	return w.Ledger.Balance(ctx, id)
}

// signCollect has the signer sign the claim of the balance, or gets the one that it signed first.
func (w *Worker) signCollect(ctx context.Context, p relay.Payment, head relay.Head) (none relay.CollectAnswer, err error) {
	bid, err := w.Ledger.FeeBid(ctx)
	if err != nil {
		return none, err
	}
	in := relay.CollectIntent{App: p.App, Payment: p.ID, SignedAt: head.Sequence, Bound: head.Sequence + w.cfg.BoundLedgers,
		MaxTime: head.CloseTime + int64(w.cfg.BoundTime.Seconds()), Bid: bid}
	used, err := w.Ledger.Sequence(ctx, p.ReturnTo)
	if err == nil {
		in.Sequence = used + 1
	} else if !errors.Is(err, relay.ErrNotFound) { // the signer says what an account that is not there means
		return none, err
	}
	return w.Signer.Collect(ctx, in)
}

// goneElsewhere ends the work for a balance that is gone although no envelope of ours was seen to claim it.
func (w *Worker) goneElsewhere(ctx context.Context, row desk.Work, p relay.Payment) error {
	tries, elsewhere := row.Tries.Missed()
	if !elsewhere {
		return again{after: w.pause(row), tries: &tries, why: fmt.Sprintf("the balance is gone, look %d, and no envelope of ours was seen to claim it", tries.Gone)}
	}
	w.Log.Warn("a balance that was left to a treasury is gone, and no envelope of ours was seen to claim it", "payment", p.ID)
	_, err := w.Desk.Apply(ctx, p.ID, relay.BalanceCollected{Tx: relay.CollectedElsewhere})
	return err
}
