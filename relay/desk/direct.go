package desk

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/restante/restante/relay"
)

// Agree puts the account on file into which the owner of a handle wants to be paid directly by this app from now on; "" takes
// it off again. It takes the proof that a claim takes: proof is the hash of the pass that [Desk.Prove] gave.
func (d *Desk) Agree(ctx context.Context, id relay.PaymentID, proof, account string) error {
	return d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		p := ps[0]
		asks, err := p.Policy.AsksProof()
		if err != nil {
			return err
		}
		if !asks { // a link alone says nothing about whose handle it is
			return relay.ConflictFault("not_guarded", "Only a proof of the handle lets an account be put on file.")
		}
		if _, err := checkPass(tx, id, proof, relay.ProofPass, d.now()); err != nil {
			return err
		}
		if account == "" {
			return tx.DropAgreed(p.App, p.To)
		}
		if err := notHeld(tx, account, "/account"); err != nil {
			return err
		}
		return tx.PutAgreed(relay.Agreed{App: p.App, To: p.To, Account: account, Payment: id, At: d.now()})
	})
}

// Agreed is the account on file for a handle; "" when there is none.
func (d *Desk) Agreed(ctx context.Context, app relay.AppID, to relay.Handle) (account string, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		a, err := tx.Agreed(app, to)
		if errors.Is(err, relay.ErrNotFound) {
			return nil
		}
		account = a.Account
		return err
	})
	return account, err
}

// Forget takes the account on file for a handle off again, for the app.
func (d *Desk) Forget(ctx context.Context, app relay.AppID, to relay.Handle) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error { return tx.DropAgreed(app, to) })
}

// Manage finds a payment by the token that its sender keeps: hash is of the value that was presented. A wrong one and an
// unknown id are the same fault.
func (d *Desk) Manage(ctx context.Context, id relay.PaymentID, hash string) (relay.Payment, error) {
	denied := relay.NewFault(relay.Denied, "token_invalid", "This token manages nothing here.", nil)
	p, err := d.Payment(ctx, id)
	if errors.Is(err, relay.ErrNotFound) {
		return relay.Payment{}, denied
	}
	if err == nil && (p.ManageHash == "" || subtle.ConstantTimeCompare([]byte(p.ManageHash), []byte(hash)) != 1) {
		return relay.Payment{}, denied
	}
	return p, err
}
