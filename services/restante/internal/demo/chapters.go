package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// Amount is what every payment of the demonstration is about: 25 lumens, in stroops.
const Amount = 25 * 10_000_000

func sendAndClaim(ctx context.Context, d *Instance) error {
	sent, err := d.Send(ctx, nil)
	if err != nil {
		return err
	}
	if err := d.Expect(ctx, "the holding account", *sent.Payment.HoldingAccount, Amount); err != nil {
		return err
	}
	d.say("25 XLM wait in %s", *sent.Payment.HoldingAccount)
	account, err := d.Claim(ctx, sent.Link)
	if err != nil {
		return err
	}
	if err := d.Expect(ctx, "the new account", account, Amount); err != nil {
		return err
	}
	if err := d.Expect(ctx, "the holding account", *sent.Payment.HoldingAccount, -1); err != nil {
		return err
	}
	d.say("%s did not exist; now it has exactly 25 XLM, and the holding account is gone", account)
	second, err := d.Claim(ctx, sent.Link)
	var lost *client.Lost
	if !errors.As(err, &lost) {
		return fmt.Errorf("control: a second claim of the same link: %w", mustFail("it", err))
	}
	if err := d.Expect(ctx, "the second claimant", second, -1); err != nil {
		return err
	}
	d.say("control: a second claim of the same link is refused: %v", err)
	return nil
}

// comesHome sends, does what brings the money back, and reads that the treasury has every stroop again.
func (d *Instance) comesHome(ctx context.Context, reason relay.Reason, change func(*client.SendRequest), back func(client.Sent) error) (client.Sent, error) {
	before, err := d.Balance(ctx, d.Dev.App.Treasury)
	if err != nil {
		return client.Sent{}, err
	}
	sent, err := d.Send(ctx, change)
	if err != nil {
		return sent, err
	}
	if err := d.Expect(ctx, "the treasury, with the money out,", d.Dev.App.Treasury, before-Amount); err != nil {
		return sent, err
	}
	if err := back(sent); err != nil {
		return sent, err
	}
	p, err := d.Reach(ctx, sent.Payment.ID, relay.Returned)
	if err != nil {
		return sent, err
	}
	if p.Reason != string(reason) {
		return sent, fmt.Errorf("returned because %s, not %s", p.Reason, reason)
	}
	if err := d.Expect(ctx, "the treasury", d.Dev.App.Treasury, before); err != nil {
		return sent, err
	}
	d.say("out: %d stroops, home again: %d stroops, reason %s", Amount, Amount, p.Reason)
	return sent, d.Expect(ctx, "the holding account", *sent.Payment.HoldingAccount, -1)
}

func cancelComesHome(ctx context.Context, d *Instance) error {
	sent, err := d.comesHome(ctx, relay.ByCancel, nil, func(s client.Sent) error {
		_, err := d.App.Cancel(ctx, s.Payment.ID)
		return err
	})
	if err != nil {
		return err
	}
	account, err := d.Claim(ctx, sent.Link)
	var lost *client.Lost
	if !errors.As(err, &lost) {
		return fmt.Errorf("control: a claim after the cancel: %w", mustFail("it", err))
	}
	d.say("control: a claim after the cancel is refused: %v", lost)
	return d.Expect(ctx, "the late claimant", account, -1)
}

func declineComesHome(ctx context.Context, d *Instance) error {
	_, err := d.comesHome(ctx, relay.ByDecline, nil, func(s client.Sent) error {
		other, err := d.Send(ctx, nil) // the control: another payment's link declines nothing of this one
		if err != nil {
			return err
		}
		foreign := other.Link
		foreign.PaymentID = s.Payment.ID
		_, err = d.Recipient.Decline(ctx, foreign)
		if err := mustFail("declining with another payment's secret", err, "link_invalid"); err != nil {
			return err
		}
		d.say("control: another payment's secret does not decline this one: link_invalid")
		if _, err := d.App.Cancel(ctx, other.Payment.ID); err != nil {
			return err
		}
		if _, err := d.Reach(ctx, other.Payment.ID, relay.Returned); err != nil {
			return err
		}
		_, err = d.Recipient.Decline(ctx, s.Link)
		return err
	})
	return err
}

func expiryComesHome(ctx context.Context, d *Instance) error {
	soon := func(r *client.SendRequest) { r.ExpiresIn = "2h" }
	_, err := d.comesHome(ctx, relay.ByExpiry, soon, func(s client.Sent) error {
		d.Advance(s.Payment.ExpiresAt.Sub(d.now()) - 10*time.Minute)
		for range 8 { // the control: ten minutes early, nothing comes back
			if err := d.CloseLedger(ctx); err != nil {
				return err
			}
		}
		p, err := d.App.Get(ctx, s.Payment.ID, 0)
		if err != nil || p.State != string(relay.Pending) {
			return fmt.Errorf("control: ten minutes early the payment is %s: %v", p.State, err)
		}
		d.say("control: ten minutes before the end it still waits")
		d.Advance(11 * time.Minute)
		return nil // no call and no signature is needed
	})
	return err
}
