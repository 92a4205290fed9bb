package relay

import (
	"context"
	"crypto/subtle"
)

// Agree puts the account on file into which the owner of a handle wants to be paid directly by this app from now on; "" takes
// it off again. It takes the proof that a claim takes: proof is the hash of the pass that [Desk.Prove] gave.
func (d *Desk) Agree(ctx context.Context, id PaymentID, proof, account string) error {
	return d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		p := ps[0]
		asks, err := p.Policy.AsksProof()
		if err != nil {
			return err
		}
		if !asks { // a link alone says nothing about whose handle it is
			return conflict("not_guarded", "Only a proof of the handle lets an account be put on file.")
		}
		if _, err := checkPass(tx, id, proof, ProofPass, d.now()); err != nil {
			return err
		}
		if account == "" {
			return tx.DropAgreed(p.App, p.To)
		}
		if err := notHeld(tx, account, "/account"); err != nil {
			return err
		}
		return tx.PutAgreed(Agreed{App: p.App, To: p.To, Account: account, Payment: id, At: d.now()})
	})
}

// Agreed is the account on file for a handle; "" when there is none.
func (d *Desk) Agreed(ctx context.Context, app AppID, to Handle) (account string, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		a, err := tx.Agreed(app, to)
		if CodeOf(err) == ErrNotFound.Code {
			return nil
		}
		account = a.Account
		return err
	})
	return account, err
}

// Forget takes the account on file for a handle off again, for the app.
func (d *Desk) Forget(ctx context.Context, app AppID, to Handle) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error { return tx.DropAgreed(app, to) })
}

// Manage finds a payment by the token that its sender keeps: hash is of the value that was presented. A wrong one and an
// unknown id are the same fault.
func (d *Desk) Manage(ctx context.Context, id PaymentID, hash string) (Payment, error) {
	denied := NewFault(Denied, "token_invalid", "This token manages nothing here.", nil)
	p, err := d.Payment(ctx, id)
	if CodeOf(err) == ErrNotFound.Code {
		return Payment{}, denied
	}
	if err == nil && (p.ManageHash == "" || subtle.ConstantTimeCompare([]byte(p.ManageHash), []byte(hash)) != 1) {
		return Payment{}, denied
	}
	return p, err
}
