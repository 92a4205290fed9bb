package demo

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// paidDirectly claims once and puts the account on file; the next payment of the app goes there at once. Controls: another
// handle waits as always, and so does hers once the account is off file again.
func paidDirectly(ctx context.Context, d *Instance) error {
	direct := func(to string) func(*client.SendRequest) {
		return func(r *client.SendRequest) { r.To, r.Direct = to, true }
	}
	sent, err := d.Send(ctx, direct("ana@example.com"))
	if err != nil {
		return err
	}
	if sent.Payment.Direct {
		return fmt.Errorf("paid directly before the recipient agreed")
	}
	account := keypair.MustRandom()
	r := d.ClaimInto(sent.Link, account)
	r.OnFile = true
	if err := d.claims(ctx, r); err != nil {
		return err
	}
	if on, err := d.App.Agreed(ctx, "ana@example.com"); err != nil || on != account.Address() {
		return fmt.Errorf("on file is %q: %v", on, err)
	}
	paid, err := d.App.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Direct: true})
	if err != nil {
		return err
	}
	if !paid.Payment.Direct || paid.Payment.Custody != "recipient" {
		return fmt.Errorf("it is not said that this is paid directly: %+v", paid.Payment)
	}
	p, err := d.Reach(ctx, paid.Payment.ID, relay.Claimed)
	if err != nil {
		return err
	}
	if p.HoldingAccount != nil {
		return fmt.Errorf("a direct payment has a holding account")
	}
	if err := d.Expect(ctx, "her account", account.Address(), 2*Amount); err != nil {
		return err
	}
	d.say("she agreed with her first claim; the next 25 XLM were in her account at once, without a holding account")
	if err := d.anotherApp(ctx); err != nil {
		return fmt.Errorf("control: another app: %w", err)
	}
	for _, c := range []struct{ to, why string }{{"eva@example.com", "another handle"}, {"ana@example.com", "her own handle, off file again"}} {
		if c.to == "ana@example.com" {
			if err := d.App.Forget(ctx, c.to); err != nil {
				return err
			}
		}
		waits, err := d.Send(ctx, direct(c.to))
		if err != nil || waits.Payment.Direct {
			return fmt.Errorf("control: %s: %+v %v", c.why, waits.Payment, err)
		}
		if _, err := d.App.Cancel(ctx, waits.Payment.ID); err != nil {
			return err
		}
		if _, err := d.Reach(ctx, waits.Payment.ID, relay.Returned); err != nil {
			return err
		}
		d.say("control: %s waits as always", c.why)
	}
	return d.Expect(ctx, "her account", account.Address(), 2*Amount)
}

// anotherApp sends to the same handle from an app that she has agreed to nothing with: her account is not on file there, and
// the money waits.
func (d *Instance) anotherApp(ctx context.Context) error {
	app, err := d.App.CreateApp(ctx, client.AppRequest{Name: "Another App", Recipient: d.Dev.App.Recipient, Quiet: true})
	if err != nil {
		return err
	}
	if err := d.WhileClosing(ctx, func(ctx context.Context) error { return d.Stack.FundAccount(ctx, app.Treasury) }); err != nil {
		return err
	}
	other, err := client.New(d.Stack.URL, client.Options{Key: secret.NewString(app.Key.Text)})
	if err != nil {
		return err
	}
	if on, err := other.Agreed(ctx, "ana@example.com"); err != nil || on != "" {
		return fmt.Errorf("on file there is %q: %v", on, err)
	}
	sent, err := other.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Direct: true})
	if err != nil || sent.Payment.Direct {
		return fmt.Errorf("%+v %w", sent.Payment, err)
	}
	p := sent.Payment
	err = d.Until(ctx, func() (bool, error) {
		p, err = other.Get(ctx, p.ID, 0)
		return p.State == string(relay.Pending), err
	})
	if err != nil {
		return err
	}
	d.say("control: what another app sends her waits as always: it knows of no account")
	return d.Expect(ctx, "the holding account", *p.HoldingAccount, Amount)
}
