package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

// Unknown says which of the hashes the database has never heard of.
func (d *Desk) Unknown(ctx context.Context, hashes []string) ([]string, error) {
	known, err := Read(ctx, d.Store, func(tx Tx) ([]string, error) { return tx.KnownEnvelopes(hashes) })
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(hashes), func(hash string) bool { return slices.Contains(known, hash) }), nil
}

// Adopt takes in a funding that the signer's log has and the database has not: the database was restored from a backup.
// seen is where it landed; nil with landed when only the accounts that it made show it, and nil without when it may still
// land: then it goes on as if it had just been signed. A payment that the backup knows goes on from there. Of one that it does not
// know, handle and link are lost, so the money goes home: it is written down with a return asked. So goes home what lands of a
// client's funding whose payment was canceled or has failed meanwhile. app is used when the app itself was forgotten.
//
// What landed for a payment that says otherwise contradicts that one: it is stopped, the others are taken in, and the
// [relay.Contradiction] is answered after the commit.
func (d *Desk) Adopt(ctx context.Context, f relay.FundAnswer, seen *relay.Sighting, landed bool, app relay.App) error {
	hash := f.Envelope.Hash
	if seen != nil && (!seen.Success || seen.Hash != hash) {
		return relay.AboutPayments(hash, fmt.Errorf("funding %s was not seen to land: %w", hash, relay.ErrContradiction), f.Envelope.Payments...)
	}
	var said []error
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		said = nil
		if _, err := tx.App(f.App); errors.Is(err, relay.ErrNotFound) {
			app.ID, app.CreatedAt = f.App, d.now()
			if err := tx.InsertApp(app); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		payments := make([]relay.Payment, len(f.Minted))
		for i, m := range f.Minted {
			p, err := tx.Payment(m.Payment)
			if errors.Is(err, relay.ErrNotFound) {
				p, err = d.forgotten(tx, f, m)
			}
			if err != nil {
				return err
			}
			payments[i] = p
		}
		if err := tx.InsertEnvelope(f.Envelope); err != nil {
			return err
		}
		given := payments[0].GivenUp()
		for i, m := range f.Minted {
			var err error
			if err = ownHolding(tx, payments[i], m); err == nil && given { // its sender may have signed it all the same: what lands goes home
				err = d.giveUp(tx, payments[i], m)
			} else if err == nil {
				err = d.adoptMinted(tx, payments[i], m, f.Envelope)
			}
			if landed && !f.Envelope.FromWallet() && (errors.Is(err, relay.ErrNotCreated) || errors.Is(err, relay.ErrFundedOtherwise)) {
				err = fmt.Errorf("funding %s landed, and payment %s says otherwise (%v): %w", hash, m.Payment, err, relay.ErrContradiction)
				var more []error
				_, more, err = d.stop(tx, hash, err, m.Payment)
				said = append(said, more...)
			}
			if err != nil {
				return fmt.Errorf("payment %s: %w", m.Payment, err)
			}
		}
		return d.goOn(tx, f, seen, landed, given)
	})
	if err == nil {
		err = errors.Join(said...)
	}
	return err
}

// goOn takes a funding that was written down on from where the ledger has it. given says that its payment was canceled or has failed.
func (d *Desk) goOn(tx Tx, f relay.FundAnswer, seen *relay.Sighting, landed, given bool) error {
	hash := f.Envelope.Hash
	switch {
	case seen != nil: // payments that were stopped are stepped again, and contradict again
		if _, err := d.resolve(tx, seen.Hash, seen); err != nil {
			return err
		}
		if e, err := tx.Envelope(hash); err != nil || e.Live() { // when the operator has looked
			return errors.Join(err, tx.AddWork(Work{Kind: relay.DoSubmit, Envelope: hash, Due: d.now()}), d.ask(tx, relay.DoAudit, f.Envelope.Payments...))
		}
	case landed: // the envelope stays signed: it was not seen
		for _, id := range f.Envelope.Payments {
			p, err := tx.Payment(id)
			if err == nil && (p.Funding == hash || given) {
				_, err = d.step(tx, p, relay.FundingLanded{Hash: hash, Holding: f.Minted[0].Account, Bound: f.Envelope.Bound})
			}
			if err != nil {
				return err
			}
		}
	case given, f.Envelope.State == relay.Planned: // the ledger wakes it
		return nil
	default:
		return tx.AddWork(Work{Kind: relay.DoSubmit, Envelope: hash, Due: d.now()})
	}
	return d.ask(tx, relay.DoAudit, f.Envelope.Payments...)
}

// forgotten is the row of a payment that only the signer's log knows. No link opens it: its auth hash is of nothing.
func (d *Desk) forgotten(tx Tx, f relay.FundAnswer, m relay.Minted) (relay.Payment, error) {
	p := relay.Payment{ID: m.Payment, App: f.App, To: relay.Handle{Kind: "app", Value: "forgotten"}, Amount: m.Amount, Asset: m.Asset,
		Policy: relay.Guarded, LinkMadeBy: "client", AuthHash: "forgotten", ClaimRecipient: "forgotten", SenderRecipients: relay.RecipientsOf("forgotten"),
		ReturnTo: m.ReturnTo, ExpiresAt: m.ExpiresAt, Route: m.Route, ReturnMemo: m.ReturnMemo}
	if p.ByClient() {
		p.FundBy, p.FundUntil = f.Envelope.Bound, f.Envelope.MaxTime
	}
	err := d.begin(tx, &p, "recovered")
	return p, err
}

// adoptMinted is commitMinted for a funding that has landed already. A return that was asked for stays asked for: of a
// forgotten payment it is asked for here.
func (d *Desk) adoptMinted(tx Tx, p relay.Payment, m relay.Minted, funding relay.Envelope) error {
	if p.State != relay.Created { // before its box is written over
		return relay.ErrNotCreated
	}
	if err := m.Fits(p); err != nil {
		return err
	}
	if err := putMinted(tx, p, m); err != nil {
		return err
	}
	p, err := d.step(tx, p, signed(m, funding))
	if err == nil && p.AuthHash == "forgotten" {
		_, err = d.step(tx, p, relay.CancelAsked{})
	}
	return err
}
