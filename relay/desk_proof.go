package relay

import "context"

// AskCode counts and writes down a code that is to be mailed; mailing it is a row of work in the same commit.
func (d *Desk) AskCode(ctx context.Context, id PaymentID, c Code) error {
	now := d.now()
	return d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		p := ps[0]
		if p.State != Pending && p.State != Claiming {
			return p.claimRefusal()
		}
		asks, err := p.Policy.AsksProof()
		if err != nil {
			return err
		}
		if !asks {
			return conflict("no_code_needed", "This payment asks for no code: the link is enough.")
		}
		if !p.To.Mailed() {
			return conflict("no_inbox", "Codes are mailed to e-mail addresses; the app has to vouch for this recipient.")
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
		return tx.AddWork(Work{Kind: DoMailCode, Payment: id, Subject: c.Session, Due: now})
	})
}

// TryCode counts a try in a commit of its own, before anything is compared, and returns the code to compare with. The
// session must be one of this payment: a foreign one is the same fault as an unknown one.
func (d *Desk) TryCode(ctx context.Context, id PaymentID, session string) (Code, error) {
	var out Code
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		c, err := tx.Code(session)
		if CodeOf(err) == ErrNotFound.Code || err == nil && c.Payment != id {
			return NewFault(Denied, "session_invalid", "No code was asked for in this session.", nil)
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

// Evidence is what a caller brought to show that the handle is hers. One of Session and Voucher is set, or none for the link policy.
type Evidence struct {
	Session  string // of a code that was just compared and is right
	Voucher  string // hash of an app's voucher
	Claimant string // hash of the claimant key, which lets this caller prove again; "" = none
}

// Release is what a proof opens.
type Release struct {
	Payment Payment
	Box     []byte
	Share   []byte // nil under the link policy
}

// Prove takes the evidence of its bearer and writes down that the share was released, in the commit that precedes handing it
// out. pass is the proof that the bearer may show from now on. It does not use the evidence up: a plan does ([Desk.Plan]).
func (d *Desk) Prove(ctx context.Context, id PaymentID, ev Evidence, pass string) (Release, error) {
	var out Release
	now := d.now()
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) (err error) {
		p := ps[0]
		if p.State != Pending && p.State != Claiming {
			return p.claimRefusal()
		}
		asks, err := p.Policy.AsksProof()
		if err != nil {
			return err
		}
		if asks {
			if err := takeEvidence(tx, id, ev, now); err != nil {
				return err
			}
			if p.ShareReleasedAt == 0 {
				p.ShareReleasedAt, p.UpdatedAt = now, now
				if err := tx.SavePayment(&p); err != nil {
					return err
				}
				e := Entry{Payment: id, At: now, From: p.State, To: p.State, Input: "share_released"}
				if err := tx.AppendHistory(e); err != nil {
					return err
				}
			}
			if out.Share, err = tx.Share(id); err != nil {
				return err
			}
		}
		if out.Box, err = tx.Box(id); err != nil {
			return err
		}
		out.Payment = p
		return tx.InsertPass(Pass{Hash: pass, Payment: id, Kind: ProofPass, ExpiresAt: now + PassLife, Evidence: ev.hash()})
	})
	return out, err
}

// hash names the evidence to the proofs of it. Both kinds are hashes of random tokens, so one is never the other's.
func (ev Evidence) hash() string {
	if ev.Session != "" {
		return ev.Session
	}
	return ev.Voucher
}

// takeEvidence wants evidence that its bearer may prove with, and binds it to that bearer.
func takeEvidence(tx Tx, id PaymentID, ev Evidence, now Micros) error {
	switch {
	case ev.Session != "":
		c, err := tx.Code(ev.Session)
		if err != nil && CodeOf(err) != ErrNotFound.Code {
			return err
		}
		if err != nil || c.Payment != id { // unknown: void since it was compared, because the payment was readdressed
			return NewFault(Denied, "session_invalid", "No code was asked for in this session.", nil)
		}
		if !serves(c.Claimant, c.UsedAt, ev.Claimant) {
			return errCodeUsed
		}
		c.Claimant = ev.Claimant
		return tx.SaveCode(c)
	case ev.Voucher != "":
		v, err := tx.Pass(ev.Voucher)
		if err != nil && CodeOf(err) != ErrNotFound.Code {
			return err
		}
		if err != nil || v.Payment != id {
			return errProof
		}
		if v, err = v.Prove(ev.Claimant, now); err != nil {
			return err
		}
		return tx.SavePass(v)
	}
	return NewFault(Denied, "proof_needed", "This payment asks for a proof that the address is yours.", nil)
}

// useProof wants a proof that opens the payment's plans, and writes down that its evidence was used.
func useProof(tx Tx, p Payment, proof string, now Micros) error {
	if asks, err := p.Policy.AsksProof(); err != nil || !asks {
		return err
	}
	pass, err := checkPass(tx, p.ID, proof, ProofPass, now)
	if err != nil || pass.Evidence == "" {
		return err
	}
	c, err := tx.Code(pass.Evidence)
	if err == nil {
		if c.UsedAt != 0 {
			return nil
		}
		c.UsedAt = now
		return tx.SaveCode(c)
	}
	if CodeOf(err) != ErrNotFound.Code {
		return err
	}
	v, err := tx.Pass(pass.Evidence)
	if err != nil || v.UsedAt != 0 {
		return err
	}
	v.UsedAt = now
	return tx.SavePass(v)
}

// voidEvidence ends codes, mailed or not, and passes of a payment whose handle changes. The code book goes on counting.
func voidEvidence(tx Tx, id PaymentID) error {
	if err := tx.DropEvidence(id); err != nil {
		return err
	}
	return tx.CloseWork(id, DoMailCode)
}

func checkPass(tx Tx, id PaymentID, hash string, kind PassKind, now Micros) (Pass, error) {
	v, err := tx.Pass(hash)
	if err != nil && CodeOf(err) != ErrNotFound.Code {
		return v, err
	}
	if err != nil || v.Payment != id || v.Kind != kind || v.UsedAt != 0 || now >= v.ExpiresAt {
		return v, errProof
	}
	return v, nil
}

// Vouch writes down a voucher: the app's word that its signed-in user owns the handle.
func (d *Desk) Vouch(ctx context.Context, app App, id PaymentID, hash string) (expires Micros, err error) {
	expires = d.now() + VoucherLife
	err = d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		if ps[0].App != app.ID {
			return ErrNotFound
		}
		if !app.MayVouch {
			return NewFault(Forbidden, "vouching_not_allowed", "This app may not vouch for its users.", nil)
		}
		if ps[0].State != Pending && ps[0].State != Claiming {
			return ps[0].claimRefusal()
		}
		if _, err := ps[0].Policy.AsksProof(); err != nil {
			return err
		}
		return tx.InsertPass(Pass{Hash: hash, Payment: id, Kind: VoucherPass, ExpiresAt: expires})
	})
	return expires, err
}

// CheckProof says whether the pass opens planning and submitting of this payment's claim. The link policy asks for none.
func (d *Desk) CheckProof(ctx context.Context, p Payment, pass string) error {
	if asks, err := p.Policy.AsksProof(); err != nil || !asks {
		return err
	}
	return d.Store.View(ctx, func(tx Tx) error {
		_, err := checkPass(tx, p.ID, pass, ProofPass, d.now())
		return err
	})
}

// TakeCode gives the sealed code of a session to the mailer, with its payment; nil when it was mailed or is too old.
func (d *Desk) TakeCode(ctx context.Context, session string) (c Code, p Payment, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		if c, err = tx.Code(session); err != nil {
			return err
		}
		if d.now()-c.IssuedAt >= CodeLife || c.UsedAt != 0 {
			c.Sealed = nil
		}
		p, err = tx.Payment(c.Payment)
		return err
	})
	return c, p, err
}

// CodeMailed forgets the sealed code of a session once it is in the mail.
func (d *Desk) CodeMailed(ctx context.Context, session string) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		c, err := tx.Code(session)
		if err != nil {
			return err
		}
		c.Sealed = nil
		return tx.SaveCode(c)
	})
}

// Expunge deletes box, share, codes and passes of a payment that has ended. Accounting stays.
func (d *Desk) Expunge(ctx context.Context, id PaymentID) error {
	return d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		if !ps[0].State.Ended() {
			return conflict("not_ended", "Only what has ended is expunged.")
		}
		return tx.Expunge(id)
	})
}
