package relay

import (
	"context"
	"slices"
)

// Plan writes down a claim envelope before the claimant gets it: from then on it may land without us. The same commit uses the
// evidence of the proof, so that a plan that is refused, or cannot be written, uses nothing up. The link policy asks for no proof.
func (d *Desk) Plan(ctx context.Context, e Envelope, at Head, proof string) error {
	return d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, ps []Payment) error {
		if ps[0].State != Pending {
			return ps[0].claimRefusal()
		}
		if err := goes(tx, ps[0]); err != nil {
			return err
		}
		if err := ownWallet(tx, ps[0]); err != nil { // of before that was refused
			return err
		}
		if err := notHeld(tx, e.Destination, "/destination"); err != nil {
			return err
		}
		if Seconds(at.CloseTime) >= ps[0].ExpiresAt {
			return conflict("expired", "The time to claim this payment has run out.")
		}
		if err := useProof(tx, ps[0], proof, d.now()); err != nil {
			return err
		}
		if _, err := tx.Envelope(e.Hash); err == nil {
			return nil
		}
		return tx.InsertEnvelope(e)
	})
}

// SubmitClaim takes a planned claim that the claimant completed: payment, envelope and the work of handing it in.
func (d *Desk) SubmitClaim(ctx context.Context, id PaymentID, hash string, complete []byte, at Head) (Payment, error) {
	var out Payment
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != ClaimEnvelope || !slices.Contains(e.Payments, id) {
			return invalid("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
		}
		dead := !e.Live() || at.Sequence >= e.Bound || at.CloseTime > e.MaxTime
		if dead && ps[0].State == Pending { // else the payment says more of why not
			return conflict("plan_dead", "The time of this plan is over. Ask for another one.")
		}
		if err := goes(tx, ps[0]); err != nil && ps[0].State == Pending {
			return err
		}
		if out, err = d.step(tx, ps[0], ClaimSubmitted{Hash: hash, Destination: e.Destination, At: at}); err != nil {
			return err
		}
		if out.State == ps[0].State {
			return nil // the same again
		}
		if e.State == Planned {
			e.State, e.XDR = Signed, complete
			if err := tx.SaveEnvelope(&e); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: DoSubmit, Envelope: hash, Due: d.now()})
	})
	return out, err
}

// CollectClaim keeps what some signers of the claimant's account have signed, while others are still to sign: partial is the
// planned envelope with their signatures.
func (d *Desk) CollectClaim(ctx context.Context, id PaymentID, hash string, partial []byte, at Head) (Payment, error) {
	var out Payment
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		out = ps[0]
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != ClaimEnvelope || !slices.Contains(e.Payments, id) {
			return invalid("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
		}
		if _, _, err := Step(out, ClaimSubmitted{Hash: hash, Destination: e.Destination, At: at}, d.now()); err != nil {
			return err
		}
		if err := goes(tx, out); err != nil {
			return err
		}
		if e.State != Planned || at.Sequence >= e.Bound || at.CloseTime > e.MaxTime {
			return conflict("plan_dead", "The time of this plan is over. Ask for another one.")
		}
		e.XDR = partial
		return tx.SaveEnvelope(&e)
	})
	return out, err
}
