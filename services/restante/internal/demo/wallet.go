package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/stellar"
)

// ownWallet sends twice out of a wallet: one payment is claimed, one comes home. The service's accounts have the same before
// and after: it neither pays nor keeps a reserve.
func ownWallet(ctx context.Context, d *Instance) error {
	ben, err := d.newSender(ctx)
	if err != nil {
		return err
	}
	before, err := d.service(ctx)
	if err != nil {
		return err
	}
	wallet, err := d.Balance(ctx, ben.Address())
	if err != nil {
		return err
	}
	var kept client.OwnReceipt
	sent, err := d.sendOwn(ctx, d.fromWallet(ben, &kept))
	if err != nil {
		return err
	}
	purse := int64(stellar.Prices.Purse("native"))
	if err := d.Expect(ctx, "the holding account", kept.HoldingAccount, Amount+purse); err != nil {
		return err
	}
	d.say("25 XLM and a purse of %d stroops wait; the wallet keeps the reserve, and its receipt was kept before it signed", purse)
	account, err := d.Claim(ctx, sent.Link)
	if err != nil {
		return err
	}
	fee, err := d.claimFee(ctx, sent.Payment.ID)
	if err != nil {
		return err
	}
	if err := d.Expect(ctx, "the new account", account, Amount+purse-fee); err != nil {
		return err
	}
	d.say("claimed into a new account: exactly 25 XLM, and what a fee of %d left of the purse", fee)
	back, err := d.sendOwn(ctx, d.fromWallet(ben, &kept))
	if err != nil {
		return err
	}
	if _, err := d.App.Cancel(ctx, back.Payment.ID); err != nil {
		return err
	}
	if _, err := d.Reach(ctx, back.Payment.ID, relay.Returned); err != nil {
		return err
	}
	after, err := d.service(ctx)
	if err != nil {
		return err
	}
	left, err := d.Balance(ctx, ben.Address())
	if err != nil {
		return err
	}
	if spent := wallet - left - Amount - purse; spent < 0 || spent > 10_000 {
		return fmt.Errorf("the wallet has spent %d stroops besides what was claimed", spent)
	}
	d.say("one was claimed, one came home; the service's accounts: %d before, %d after", before, after)
	if after != before {
		return errors.New("the service has paid, or keeps a reserve")
	}
	if err := d.opensReceipt(ben, kept.Receipt); err != nil {
		return err
	}
	return d.rungElsewhere(ctx, ben)
}

// opensReceipt is the control: of the identities of sender and app, the sender's alone opens the receipt of a wallet's payment.
func (d *Instance) opensReceipt(ben sender, r client.Receipt) error {
	if _, err := redeem.OpenSent(r, secret.NewString(ben.id.String())); err != nil {
		return fmt.Errorf("control: the sender's identity does not open his receipt: %w", err)
	}
	if _, err := redeem.OpenSent(r, secret.NewString(d.Dev.Identity)); !errors.Is(err, redeem.ErrBox) {
		return fmt.Errorf("control: the app's identity and the receipt: %v", err)
	}
	d.say("control: the sender's identity opens his receipt, the app's does not")
	return nil
}

// claimFee is what the network took for the claim of a payment.
func (d *Instance) claimFee(ctx context.Context, id string) (int64, error) {
	story, err := d.App.Story(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, e := range story.Envelopes {
		if e.Kind == string(relay.ClaimEnvelope) && e.Tx != "" {
			return d.Ledger.Fee(ctx, e.Tx)
		}
	}
	return 0, fmt.Errorf("payment %s has no claim that landed", id)
}

// vanishedClient stops before the wallet signs: nothing is sent, and the payment fails at its bound.
func vanishedClient(ctx context.Context, d *Instance) error {
	ben, err := d.newSender(ctx)
	if err != nil {
		return err
	}
	before, err := d.Balance(ctx, ben.Address())
	if err != nil {
		return err
	}
	var kept client.OwnReceipt
	for what, change := range map[string]func(*client.OwnRequest){
		"handed nothing in":     func(r *client.OwnRequest) { r.Keep = func(client.OwnReceipt) error { return errors.New("power cut") } },
		"handed the box in":     func(r *client.OwnRequest) { r.Sign = nil },
		"used the number first": nil,
	} {
		r := d.fromWallet(ben, &kept)
		r.Reference = "vanished: " + what
		if change != nil {
			change(&r)
		} else {
			r.Sign = func(ctx context.Context, envelope string) (string, error) {
				if err := d.Execute(ctx, ben.Account, &txnbuild.BumpSequence{BumpTo: 0}); err != nil {
					return "", err
				}
				before -= 100
				return client.SignWith(d.Stack.Config.Ledger.Passphrase, secret.NewString(ben.Seed()))(ctx, envelope)
			}
		}
		_, _ = d.App.SendOwn(ctx, r)
		found, err := d.App.List(ctx, client.Filter{Reference: r.Reference})
		if err != nil || len(found.Data) != 1 {
			return fmt.Errorf("a client that %s: %d payments, %v", what, len(found.Data), err)
		}
		d.Advance(3 * time.Minute) // more than the minute that was left for signing
		p, err := d.Reach(ctx, found.Data[0].ID, relay.Failed)
		if err != nil {
			return err
		}
		d.say("a client that %s: %s (%s)", what, p.State, p.Reason)
		if err := d.Expect(ctx, "the wallet", ben.Address(), before); err != nil {
			return err
		}
	}
	sent, err := d.sendOwn(ctx, d.fromWallet(ben, &kept))
	if err != nil {
		return fmt.Errorf("control: one that does not vanish: %w", err)
	}
	d.say("control: one that does not vanish has its money waiting")
	_, err = d.App.Cancel(ctx, sent.Payment.ID)
	return err
}
