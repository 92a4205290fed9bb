package desk

import (
	"context"
	"slices"

	"github.com/restante/restante/relay"
)

// What is asked for here is work that may be there already: then it stays one row, and is due now. So all of it is safe to
// repeat.

// Recheck asks for a look at everything that may have moved while no watcher looked: what [Desk.RecheckMoving] asks for, each
// funding that waits for its sender, who may have handed it in, and every holding account that should have money in it.
func (d *Desk) Recheck(ctx context.Context) error {
	if err := d.RecheckMoving(ctx); err != nil {
		return err
	}
	if err := d.submitLive(ctx, relay.Planned, relay.FundingEnvelope); err != nil {
		return err
	}
	_, err := d.askEach(ctx, relay.DoAudit, nil, relay.Pending, relay.Claiming, relay.Returning, relay.Parked)
	return err
}

// RecheckMoving asks every envelope and every return that is on its way to go on. What waits for its signers is not asked: a
// claim or a deposit that is not signed yet is woken by its signers, or by the ledger.
func (d *Desk) RecheckMoving(ctx context.Context) error {
	if err := d.submitLive(ctx, relay.Signed, relay.FundingEnvelope, relay.ClaimEnvelope); err != nil {
		return err
	}
	_, err := d.askEach(ctx, relay.DoReturn, nil, relay.Returning)
	return err
}

// Audit asks for a look at the holding accounts of payments.
func (d *Desk) Audit(ctx context.Context, ids ...relay.PaymentID) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error { return d.ask(tx, relay.DoAudit, ids...) })
}

// Rekeep asks to have kept what clients minted and the signer's log does not have, whatever became of it since.
func (d *Desk) Rekeep(ctx context.Context, fates []relay.FundingFate) error {
	kept := make(map[string]bool, len(fates))
	for _, f := range fates {
		kept[f.Hash] = true
	}
	_, err := d.askEach(ctx, relay.DoKeep, func(p relay.Payment) bool { return p.ByClient() && !kept[p.Funding] },
		relay.Funding, relay.Pending, relay.Claiming, relay.Returning, relay.Parked)
	return err
}

// CollectLeft asks for every balance that was left to a treasury and is not known to have come there, and says of how many.
func (d *Desk) CollectLeft(ctx context.Context) (asked int, err error) {
	return d.askEach(ctx, relay.DoCollect, relay.Payment.LeftToTreasury, relay.Settled)
}

// askedAtOnce is how many payments are asked in one commit.
const askedAtOnce = 200

// askEach adds work of a kind for every payment in the states of which wanted is true (nil = of all), and says for how many. It
// looks in reads, so that a look that finds nothing keeps no writer waiting.
func (d *Desk) askEach(ctx context.Context, kind relay.EffectKind, wanted func(relay.Payment) bool, states ...relay.State) (asked int, err error) {
	for after := relay.PaymentID(""); ; {
		page, err := Read(ctx, d.Store, func(tx Tx) ([]relay.Payment, error) { return tx.Holding(after, askedAtOnce, states...) })
		if err != nil || len(page) == 0 {
			return asked, err
		}
		after = page[len(page)-1].ID
		var ids []relay.PaymentID
		for _, p := range page {
			if wanted == nil || wanted(p) {
				ids = append(ids, p.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error { return d.ask(tx, kind, ids...) })
		if err != nil {
			return asked, err
		}
		asked += len(ids)
	}
}

// ask adds work of a kind for payments, due now.
func (d *Desk) ask(tx Tx, kind relay.EffectKind, ids ...relay.PaymentID) error {
	for _, id := range ids {
		if err := tx.AddWork(Work{Kind: kind, Payment: id, Due: d.now()}); err != nil {
			return err
		}
	}
	return nil
}

// submitLive asks every envelope of the kinds that could still land, and is in the state, to go on.
func (d *Desk) submitLive(ctx context.Context, state relay.EnvelopeState, kinds ...relay.EnvelopeKind) error {
	live, err := d.LiveEnvelopes(ctx, kinds...)
	live = slices.DeleteFunc(live, func(e relay.Envelope) bool { return e.State != state })
	if err != nil || len(live) == 0 {
		return err
	}
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		for _, e := range live {
			if err := tx.AddWork(Work{Kind: relay.DoSubmit, Envelope: e.Hash, Due: d.now()}); err != nil {
				return err
			}
		}
		return nil
	})
}
