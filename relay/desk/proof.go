package desk

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
)

// AskCode counts and writes down a code that is to be mailed; mailing it is a row of work in the same commit.
func (d *Desk) AskCode(ctx context.Context, id relay.PaymentID, c relay.Code) error {
	now := d.now()
	return d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		p := ps[0]
		if err := p.Provable(); err != nil {
			return err
		}
		asks, err := p.Policy.AsksProof()
		if err != nil {
			return err
		}
		if !asks {
			return relay.ConflictFault("no_code_needed", "This payment asks for no code: the link is enough.")
		}
		if !p.To.Mailed() {
			return relay.ConflictFault("no_inbox", "Codes are mailed to e-mail addresses; the app has to vouch for this recipient.")
		}
		book, err := tx.CodeBook(id)
		if err != nil {
			return err
		}
		book.Payment = id
		if book, err = book.Ask(now); err != nil {
			return err
		}
		if err := tx.SaveCodeBook(book); err != nil {
			return err
		}
		c.Payment, c.IssuedAt = id, now
		if err := tx.InsertCode(c); err != nil {
			return err
		}
		return tx.AddWork(Work{Kind: relay.DoMailCode, Payment: id, Subject: c.Session, Due: now})
	})
}

// TryCode counts a try in a commit of its own, before anything is compared, and returns the code to compare with. The
// session must be one of this payment: a foreign one is the same fault as an unknown one.
func (d *Desk) TryCode(ctx context.Context, id relay.PaymentID, session string) (relay.Code, error) {
	var out relay.Code
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		c, err := tx.Code(session)
		if errors.Is(err, relay.ErrNotFound) || err == nil && c.Payment != id {
			return relay.NewFault(relay.Denied, "session_invalid", "No code was asked for in this session.", nil)
		}
		if err != nil {
			return err
		}
		book, err := tx.CodeBook(id)
		if err != nil {
			return err
		}
		if book, c, err = book.Try(c, d.now()); err != nil {
			return err
		}
		if err := tx.SaveCodeBook(book); err != nil {
			return err
		}
		out = c
		return tx.SaveCode(c)
	})
	return out, err
}

// Credential is the code or voucher that a claimant brought. One of Session and Voucher is set, or none for the link policy.
type Credential struct {
	Session  string // of a code that was just compared and is right
	Voucher  string // hash of an app's voucher
	Claimant string // hash of the claimant key, which lets this caller prove again; "" = none
}

// Release is what a proof opens.
type Release struct {
	Payment relay.Payment
	Box     []byte
	Share   []byte // nil under the link policy
}

// Prove takes a claimant's code or voucher and writes down that the share was released, in the commit that precedes handing it
// out. pass is the proof that the bearer may show from now on. It does not use them up: a plan does ([Desk.Plan]).
func (d *Desk) Prove(ctx context.Context, id relay.PaymentID, cred Credential, pass string) (Release, error) {
	var out Release
	now := d.now()
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) (err error) {
		p := ps[0]
		if err := p.Provable(); err != nil {
			return err
		}
		asks, err := p.Policy.AsksProof()
		if err != nil {
			return err
		}
		if asks {
			if err := takeCredential(tx, id, cred, now); err != nil {
				return err
			}
			if p, err = d.step(tx, p, relay.ShareReleased{}); err != nil {
				return err
			}
			if out.Share, err = tx.Share(id); err != nil {
				return err
			}
		}
		if out.Box, err = tx.Box(id); err != nil {
			return err
		}
		out.Payment = p
		return tx.InsertPass(relay.Pass{Hash: pass, Payment: id, Kind: relay.ProofPass, ExpiresAt: now + relay.PassLife, Credential: cred.hash()})
	})
	return out, err
}

// hash names the code or voucher in the proofs that it was exchanged for. Both kinds are hashes of random tokens, so one is never the other's.
func (cred Credential) hash() string {
	if cred.Session != "" {
		return cred.Session
	}
	return cred.Voucher
}

// takeCredential wants a code or voucher that this claimant may prove with, and binds it to the claimant key.
func takeCredential(tx Tx, id relay.PaymentID, cred Credential, now relay.Micros) error {
	switch {
	case cred.Session != "":
		c, err := tx.Code(cred.Session)
		if err != nil && !errors.Is(err, relay.ErrNotFound) {
			return err
		}
		if err != nil || c.Payment != id { // unknown: void since it was compared, because the payment was readdressed
			return relay.NewFault(relay.Denied, "session_invalid", "No code was asked for in this session.", nil)
		}
		if !relay.Serves(c.Claimant, c.UsedAt, cred.Claimant) {
			return relay.ErrCodeUsed
		}
		c.Claimant = cred.Claimant
		return tx.SaveCode(c)
	case cred.Voucher != "":
		v, err := tx.Pass(cred.Voucher)
		if err != nil && !errors.Is(err, relay.ErrNotFound) {
			return err
		}
		if err != nil || v.Payment != id {
			return relay.ErrProofInvalid
		}
		if v, err = v.Prove(cred.Claimant, now); err != nil {
			return err
		}
		return tx.SavePass(v)
	}
	return relay.NewFault(relay.Denied, "proof_needed", "This payment asks for a proof that the address is yours.", nil)
}

// useProof wants a proof that opens the payment's plans, and writes down that its code or voucher was used.
func useProof(tx Tx, p relay.Payment, proof string, now relay.Micros) error {
	if asks, err := p.Policy.AsksProof(); err != nil || !asks {
		return err
	}
	pass, err := checkPass(tx, p.ID, proof, relay.ProofPass, now)
	if err != nil || pass.Credential == "" {
		return err
	}
	c, err := tx.Code(pass.Credential)
	if err == nil {
		if c.UsedAt != 0 {
			return nil
		}
		c.UsedAt = now
		return tx.SaveCode(c)
	}
	if !errors.Is(err, relay.ErrNotFound) {
		return err
	}
	v, err := tx.Pass(pass.Credential)
	if err != nil || v.UsedAt != 0 {
		return err
	}
	v.UsedAt = now
	return tx.SavePass(v)
}

// voidCredentials ends codes, mailed or not, and passes of a payment whose handle changes. The code book goes on counting.
func voidCredentials(tx Tx, id relay.PaymentID) error {
	if err := tx.DropCredentials(id); err != nil {
		return err
	}
	return tx.CloseWork(id, relay.DoMailCode)
}

func checkPass(tx Tx, id relay.PaymentID, hash string, kind relay.PassKind, now relay.Micros) (relay.Pass, error) {
	v, err := tx.Pass(hash)
	if err != nil && !errors.Is(err, relay.ErrNotFound) {
		return v, err
	}
	if err != nil || v.Payment != id || v.Kind != kind || v.UsedAt != 0 || now >= v.ExpiresAt {
		return v, relay.ErrProofInvalid
	}
	return v, nil
}

// Vouch writes down a voucher: the app's word that its signed-in user owns the handle.
func (d *Desk) Vouch(ctx context.Context, app relay.App, id relay.PaymentID, hash string) (expires relay.Micros, err error) {
	expires = d.now() + relay.VoucherLife
	err = d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		if ps[0].App != app.ID {
			return relay.ErrNotFound
		}
		if !app.MayVouch {
			return relay.NewFault(relay.Forbidden, "vouching_not_allowed", "This app may not vouch for its users.", nil)
		}
		if err := ps[0].Provable(); err != nil {
			return err
		}
		if _, err := ps[0].Policy.AsksProof(); err != nil {
			return err
		}
		return tx.InsertPass(relay.Pass{Hash: hash, Payment: id, Kind: relay.VoucherPass, ExpiresAt: expires})
	})
	return expires, err
}

// CheckProof says whether the pass opens planning and submitting of this payment's claim. The link policy asks for none.
func (d *Desk) CheckProof(ctx context.Context, p relay.Payment, pass string) error {
	if asks, err := p.Policy.AsksProof(); err != nil || !asks {
		return err
	}
	return d.Store.View(ctx, func(tx Tx) error {
		_, err := checkPass(tx, p.ID, pass, relay.ProofPass, d.now())
		return err
	})
}

// TakeCode gives the sealed code of a session to the mailer, with its payment; nil when it was mailed or is too old.
func (d *Desk) TakeCode(ctx context.Context, session string) (c relay.Code, p relay.Payment, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		if c, err = tx.Code(session); err != nil {
			return err
		}
		if d.now()-c.IssuedAt >= relay.CodeLife || c.UsedAt != 0 {
			c.Sealed = nil
		}
		p, err = tx.Payment(c.Payment)
		return err
	})
	return c, p, err
}

// CodeMailed forgets the sealed code of a session once it is in the mail.
func (d *Desk) CodeMailed(ctx context.Context, session string) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		c, err := tx.Code(session)
		if err != nil {
			return err
		}
		c.Sealed = nil
		return tx.SaveCode(c)
	})
}

// Expunge deletes box, share, codes and passes of a payment that has ended. Accounting stays.
func (d *Desk) Expunge(ctx context.Context, id relay.PaymentID) error {
	return d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		if !ps[0].State.Ended() {
			return relay.ConflictFault("not_ended", "Only what has ended is expunged.")
		}
		return tx.Expunge(id)
	})
}
