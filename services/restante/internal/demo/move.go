package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
)

// movedOn gives money that a bare link opens to another recipient: the sender opens the box and moves it under another link. The
// control is the old link's holder who is faster: the ledger decides, and the move has failed.
func movedOn(ctx context.Context, d *Instance) error {
	bare := func(r *client.SendRequest) { r.Policy = string(relay.Link) }
	sent, err := d.Send(ctx, bare)
	if err != nil {
		return err
	}
	var kept client.OwnReceipt
	q := client.MoveRequest{ID: sent.Payment.ID, To: "bob@example.com", Policy: string(relay.Link), Identities: []secret.Bytes{secret.NewString(d.Dev.Identity)},
		Keep: func(r client.OwnReceipt) error { kept = r; return nil }}
	_, err = d.App.Readdress(ctx, sent.Payment.ID, "bob@example.com")
	if err := mustFail("readdressing without moving", err, "not_guarded"); err != nil {
		return err
	}
	moved, err := d.App.Move(ctx, q)
	if err != nil {
		return err
	}
	if _, err := d.Reach(ctx, moved.Payment.ID, relay.Pending); err != nil {
		return err
	}
	old, err := d.App.Get(ctx, sent.Payment.ID, 0)
	if err != nil || old.State != string(relay.Settled) || old.Reason != string(relay.MovedOn) {
		return fmt.Errorf("the old payment is %s %s: %v", old.State, old.Reason, err)
	}
	if err := d.Expect(ctx, "the new holding account", kept.HoldingAccount, Amount); err != nil {
		return err
	}
	_, err = d.Claim(ctx, sent.Link)
	var lost *client.Lost
	if !errors.As(err, &lost) {
		return fmt.Errorf("the old link: %w", mustFail("it", err))
	}
	d.say("25 XLM moved into a fresh holding account; the old link: %v", lost)
	account, err := d.Claim(ctx, moved.Link)
	if err != nil {
		return err
	}
	if err := d.Expect(ctx, "the new recipient", account, Amount); err != nil {
		return err
	}
	d.say("the new link claims every stroop")
	if sent, err = d.Send(ctx, bare); err != nil {
		return err
	}
	q.ID = sent.Payment.ID
	return d.movedTooLate(ctx, sent, q)
}

// movedTooLate is the control: a claim by the old link lands before the move.
func (d *Instance) movedTooLate(ctx context.Context, sent client.Sent, q client.MoveRequest) error {
	var kept client.OwnReceipt
	early := ""
	q.Keep = func(r client.OwnReceipt) (err error) { // the move is under way; the old link's holder is faster
		kept = r
		early, err = d.claimAndHold(ctx, sent)
		return err
	}
	moved, late := d.App.Move(ctx, q)
	if early == "" {
		return fmt.Errorf("control: no claim went before the move: %w", late)
	}
	if _, err := d.Reach(ctx, sent.Payment.ID, relay.Claimed); err != nil {
		return err
	}
	d.Advance(3 * time.Minute) // beyond the move's bound
	p, err := d.Reach(ctx, moved.Payment.ID, relay.Failed)
	if err != nil {
		return fmt.Errorf("control: a move behind a claim: %w (%v)", err, late)
	}
	if err := d.Expect(ctx, "the old link's holder", early, Amount); err != nil {
		return err
	}
	d.say("control: where the old link's claim landed first, the move is %s (%s), and the claimant keeps the money", p.State, p.Reason)
	return d.Expect(ctx, "the holding account of the move", kept.HoldingAccount, -1)
}

// claimAndHold signs and hands in a claim, and returns before any ledger closes.
func (d *Instance) claimAndHold(ctx context.Context, sent client.Sent) (string, error) {
	proven, err := d.Recipient.Prove(ctx, sent.Link, client.Credential{})
	if err != nil {
		return "", err
	}
	h, err := redeem.Open(sent.Link.Secret, proven, redeem.Expect{Payment: sent.Payment.ID, Network: d.Stack.Config.Ledger.Passphrase,
		Policy: relay.Link, Asset: relay.Native, Amount: Amount})
	if err != nil {
		return "", err
	}
	account := keypair.MustRandom()
	envelope, err := d.planAndSign(ctx, sent.Link, proven.Proof, h, account)
	if err != nil {
		return "", err
	}
	_, err = d.Recipient.SubmitClaim(ctx, sent.Link, proven.Proof, envelope)
	return account.Address(), err
}
