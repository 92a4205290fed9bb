package demo

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// issued has an issuer who can freeze and claw back, and puts 1,000 USD of its own into the app's treasury.
func (d *Instance) issued(ctx context.Context) (issuer Account, asset string, err error) {
	if issuer, err = d.NewAccount(ctx); err != nil {
		return issuer, "", err
	}
	if err := d.Execute(ctx, issuer, &txnbuild.SetOptions{SetFlags: []txnbuild.AccountFlag{txnbuild.AuthRevocable, txnbuild.AuthClawbackEnabled}}); err != nil {
		return issuer, "", err
	}
	asset = "USD:" + issuer.Address()
	err = d.WhileClosing(ctx, func(ctx context.Context) error { _, err := d.App.Trust(ctx, asset); return err })
	if err == nil {
		err = d.Execute(ctx, issuer, &txnbuild.Payment{Destination: d.Dev.App.Treasury, Amount: "1000",
			Asset: txnbuild.CreditAsset{Code: "USD", Issuer: issuer.Address()}})
	}
	return issuer, asset, err
}

// anyAsset sends dollars: claimed into a new account with trustline and first fees, canceled home, frozen and thawed, and
// clawed back, which cannot be prevented; sender and recipient read it before.
func anyAsset(ctx context.Context, d *Instance) error {
	issuer, asset, err := d.issued(ctx)
	if err != nil {
		return err
	}
	if err := d.assetIntoNewAccount(ctx, asset); err != nil {
		return err
	}
	if err := d.frozenAndThawed(ctx, issuer, asset); err != nil {
		return err
	}
	return d.clawedBack(ctx, issuer, asset)
}

func (d *Instance) sendTen(ctx context.Context, asset string) (client.Sent, error) {
	return d.Send(ctx, func(r *client.SendRequest) { r.Asset, r.Amount = asset, "10" })
}

func (d *Instance) assetIntoNewAccount(ctx context.Context, asset string) error {
	sent, err := d.sendTen(ctx, asset)
	if err != nil {
		return err
	}
	if !sent.Payment.Clawback {
		return fmt.Errorf("no page says that the issuer can claw this back")
	}
	other, err := d.NewAccount(ctx) // the control: an account that cannot hold it
	if err != nil {
		return err
	}
	if err := mustFail("a claim into an account without the trustline", d.claims(ctx, d.ClaimInto(sent.Link, other.Full)), "trustline_missing"); err != nil {
		return err
	}
	d.say("control: an account without a trustline is told so plainly: trustline_missing")
	account := keypair.MustRandom()
	r := d.ClaimInto(sent.Link, account)
	word, err := d.App.Vouch(ctx, sent.Payment.ID) // two vouchers in a row, and no wait for a second code
	if err != nil {
		return err
	}
	r.Voucher = word.Voucher
	if err := d.claims(ctx, r); err != nil {
		return err
	}
	if err := d.holds(ctx, "the new account", account.Address(), asset, 10_0000000); err != nil {
		return err
	}
	lumens, err := d.Balance(ctx, account.Address())
	if err != nil || lumens < 100 {
		return fmt.Errorf("it has %d stroops for its first fees: %v", lumens, err)
	}
	d.say("%s did not exist; now it has 10 USD, its trustline, and %d stroops for its first fees", account.Address(), lumens)
	return nil
}

// frozenAndThawed has the issuer freeze the holding account, and thaw it again.
func (d *Instance) frozenAndThawed(ctx context.Context, issuer Account, asset string) error {
	frozen, err := d.sendTen(ctx, asset)
	if err != nil {
		return err
	}
	freeze := func(flag ...txnbuild.TrustLineFlag) *txnbuild.SetTrustLineFlags {
		f := &txnbuild.SetTrustLineFlags{Trustor: *frozen.Payment.HoldingAccount, Asset: txnbuild.CreditAsset{Code: "USD", Issuer: issuer.Address()}}
		if len(flag) > 0 {
			f.SetFlags = flag
		} else {
			f.ClearFlags = []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}
		}
		return f
	}
	if err := d.Execute(ctx, issuer, freeze()); err != nil {
		return err
	}
	if p, err := d.Reach(ctx, frozen.Payment.ID, relay.Parked); err != nil || p.Reason != string(relay.Deauthorised) {
		return fmt.Errorf("frozen: %s %s %w", p.State, p.Reason, err)
	}
	if err := d.Execute(ctx, issuer, freeze(txnbuild.TrustLineAuthorized)); err != nil {
		return err
	}
	if _, err := d.Reach(ctx, frozen.Payment.ID, relay.Pending); err != nil {
		return err
	}
	if _, err := d.App.Cancel(ctx, frozen.Payment.ID); err != nil {
		return err
	}
	if _, err := d.Reach(ctx, frozen.Payment.ID, relay.Returned); err != nil {
		return err
	}
	if err := d.holds(ctx, "the treasury", d.Dev.App.Treasury, asset, 990_0000000); err != nil {
		return err
	}
	d.say("frozen by its issuer: parked, and the reason said; thawed: it waits again; canceled: 990 USD are in the treasury")
	return nil
}

func (d *Instance) clawedBack(ctx context.Context, issuer Account, asset string) error {
	taken, err := d.sendTen(ctx, asset)
	if err != nil {
		return err
	}
	if err := d.Execute(ctx, issuer, &txnbuild.Clawback{From: *taken.Payment.HoldingAccount, Amount: "10", Asset: txnbuild.CreditAsset{Code: "USD", Issuer: issuer.Address()}}); err != nil {
		return err
	}
	if p, err := d.Reach(ctx, taken.Payment.ID, relay.Parked); err != nil || p.Reason != string(relay.ClawedBack) {
		return fmt.Errorf("clawed back: %s %s %w", p.State, p.Reason, err)
	}
	if _, err := d.App.Cancel(ctx, taken.Payment.ID); err != nil {
		return err
	}
	p, err := d.Reach(ctx, taken.Payment.ID, relay.Settled)
	if err != nil || p.Reason != string(relay.ClawedBack) {
		return fmt.Errorf("clawed back and canceled: %s %s %w", p.State, p.Reason, err)
	}
	d.say("clawed back by its issuer: parked, and after a cancel settled as what it is: %s", p.Reason)
	return d.holds(ctx, "the treasury", d.Dev.App.Treasury, asset, 980_0000000)
}
