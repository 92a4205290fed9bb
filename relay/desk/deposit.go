package desk

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/restante/restante/relay"
)

// What becomes of a client's funding between its plan ([Desk.CommitFunding]) and its signature ([Desk.SignFunding]).

// ErrKeptAlready: the payment has another funding, or this one with another box. It takes nothing back.
var ErrKeptAlready error = relay.ConflictFault("kept_already", "Another funding of this payment was handed in.")

// sameBox wants a deposit that comes again to have the box that is written down: a caller with another one would believe that to be
// kept. The box of a payment that has ended is gone, and nothing depends on it any more.
func sameBox(tx Tx, p relay.Payment, m relay.Minted) error {
	box, err := tx.Box(p.ID)
	switch {
	case errors.Is(err, relay.ErrNotFound):
		return nil
	case err == nil && (!bytes.Equal(box, m.Box) || p.BoxMAC != m.BoxMAC):
		return ErrKeptAlready
	}
	return err
}

// Kept says that the signer keeps what a client minted: f is the signer's own answer. The log outranks the database, so a plan
// that was undone before this answer came is planned again, while its payment waits for a funding.
func (d *Desk) Kept(ctx context.Context, f relay.FundAnswer) (relay.Payment, error) {
	var out relay.Payment
	id := f.Minted[0].Payment
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		out = ps[0]
		e, err := tx.Envelope(f.Envelope.Hash)
		if err != nil {
			return err
		}
		switch {
		case out.Funding == e.Hash && !out.State.Ended():
			out, err = d.keepBox(tx, out, f.Minted[0])
		case out.State == relay.Created && e.Live() && slices.Contains(e.Payments, id):
			if err = d.commitMinted(tx, out, f.Minted[0], e, true); err == nil {
				out, err = tx.Payment(id)
			}
		}
		if err != nil {
			return err
		}
		return tx.CloseWork(id, relay.DoKeep)
	})
	return out, err
}

// keepBox puts the box of the signer's log in the place of another one.
func (d *Desk) keepBox(tx Tx, p relay.Payment, m relay.Minted) (relay.Payment, error) {
	err := sameBox(tx, p, m)
	if !errors.Is(err, ErrKeptAlready) {
		return p, err
	}
	if err := tx.PutBox(p.ID, m.Box); err != nil {
		return p, err
	}
	return d.step(tx, p, relay.FundingKept{Hash: p.Funding, BoxMAC: m.BoxMAC})
}

// UndoFunding takes the plan of a client's funding back that the signer refused to keep, and that its log does not have: the
// payment is as before its deposit, and the box is forgotten. What is signed by all who have to sign it stays, and so does what
// was kept meanwhile for another caller. The envelope stays planned, for its sender may have signed it: when it lands, the money goes
// home.
func (d *Desk) UndoFunding(ctx context.Context, id relay.PaymentID, hash string) (relay.Payment, error) {
	var out relay.Payment
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		out = ps[0]
		e, err := tx.Envelope(hash)
		if err != nil || e.State != relay.Planned {
			return err
		}
		if open, err := tx.WorkOpen(id, relay.DoKeep); err != nil || !open {
			return err
		}
		if out, err = d.step(tx, ps[0], relay.FundingUndone{Hash: hash}); err != nil || out.Funding != "" {
			return err
		}
		if err := tx.DropBox(id); err != nil {
			return err
		}
		return tx.CloseWork(id, relay.DoKeep)
	})
	return out, err
}

// Refused takes a plan back that the signer refused to keep, unless the signer's log has it all the same: then it stands, whatever
// that refusal was about. The payment is answered as it is by then.
func (d *Desk) Refused(ctx context.Context, log Signer, f relay.FundAnswer) (relay.Payment, error) {
	id, hash := f.Minted[0].Payment, f.Envelope.Hash
	kept, err := log.Funding(ctx, hash)
	switch {
	case err == nil && kept.Minted[0].Payment == id:
		return d.Kept(ctx, kept)
	case err != nil && !errors.Is(err, relay.ErrNotFound):
		return relay.Payment{}, err
	}
	return d.UndoFunding(ctx, id, hash)
}

// Holds says whether money of a payment waits, or waited, in an account. Money leaves such an account by an input to its payment, and
// none is sent into it.
func (d *Desk) Holds(ctx context.Context, account string) (bool, error) {
	return Read(ctx, d.Store, func(tx Tx) (bool, error) { return holds(tx, account) })
}

func holds(tx Tx, account string) (bool, error) {
	minted, err := tx.MintedFor(account)
	if err != nil || len(minted) > 0 {
		return true, err
	}
	now, err := tx.PaymentsOfHoldings([]string{account})
	return len(now) > 0, err
}

// notHeld refuses to send money into a holding account.
func notHeld(tx Tx, account, pointer string) error {
	held, err := holds(tx, account)
	if err == nil && held {
		err = relay.InvalidFault("destination_malformed", pointer, "money of a payment waits in this account")
	}
	return err
}

// ownWallet refuses a holding account as the wallet of a payment, unless it takes that account's money over as the move that it is:
// the payment whose money is there would get no input.
func ownWallet(tx Tx, p relay.Payment) error {
	if p.ByTreasury() || p.IsMove() {
		return nil
	}
	held, err := holds(tx, p.From)
	if err == nil && held {
		err = &relay.Fault{Kind: relay.Forbidden, Code: "wallet_ours", Public: "An account in which money of a payment waits cannot be the wallet.", Pointer: "/from"}
	}
	return err
}
