package desk

import (
	"context"
	"slices"

	"github.com/restante/restante/relay"
)

// Plan writes down a claim envelope before the claimant gets it: from then on it may land without us. The same commit uses the
// code or voucher of the proof, so that a plan that is refused, or cannot be written, uses nothing up. The link policy asks for no proof.
func (d *Desk) Plan(ctx context.Context, e relay.Envelope, at relay.Head, proof string) error {
	return d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, ps []relay.Payment) error {
		if ps[0].State != relay.Pending {
			return ps[0].ClaimRefusal()
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
		if relay.Seconds(at.CloseTime) >= ps[0].ExpiresAt {
			return relay.ErrExpired
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
func (d *Desk) SubmitClaim(ctx context.Context, id relay.PaymentID, hash string, complete []byte, at relay.Head) (relay.Payment, error) {
	var out relay.Payment
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != relay.ClaimEnvelope || !slices.Contains(e.Payments, id) {
			return relay.InvalidFault("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
		}
		dead := !e.Live() || e.Past(at)
		if dead && ps[0].State == relay.Pending { // else the payment says more of why not
			return relay.ConflictFault("plan_dead", "The time of this plan is over. Ask for another one.")
		}
		if err := goes(tx, ps[0]); err != nil && ps[0].State == relay.Pending {
			return err
		}
		if out, err = d.step(tx, ps[0], relay.ClaimSubmitted{Hash: hash, Destination: e.Destination, At: at}); err != nil {
			return err
		}
		if out.State == ps[0].State {
			return nil // the same again
		}
		if e.State == relay.Planned {
			e.State, e.XDR = relay.Signed, complete
			if err := tx.SaveEnvelope(&e); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: relay.DoSubmit, Envelope: hash, Due: d.now()})
	})
	return out, err
}

// CollectClaim keeps what some signers of the claimant's account have signed, while others are still to sign: partial is the
// planned envelope with their signatures.
func (d *Desk) CollectClaim(ctx context.Context, id relay.PaymentID, hash string, partial []byte, at relay.Head) (relay.Payment, error) {
	var out relay.Payment
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		out = ps[0]
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != relay.ClaimEnvelope || !slices.Contains(e.Payments, id) {
			return relay.InvalidFault("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
		}
		if _, _, err := relay.Step(out, relay.ClaimSubmitted{Hash: hash, Destination: e.Destination, At: at}, d.now()); err != nil {
			return err
		}
		if err := goes(tx, out); err != nil {
			return err
		}
		if e.State != relay.Planned || e.Past(at) {
			return relay.ConflictFault("plan_dead", "The time of this plan is over. Ask for another one.")
		}
		e.XDR = partial
		return tx.SaveEnvelope(&e)
	})
	return out, err
}
