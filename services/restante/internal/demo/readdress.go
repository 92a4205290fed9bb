package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/internal/boot"
)

// mistypedAddress sends to a wrong address, where a code is asked for, and corrects the address. No money moves. The code and a voucher
// for that address are void, and the link opens for the right recipient. The control is a holder of such a code who was faster: used
// before, it holds the address.
func mistypedAddress(ctx context.Context, d *Instance) error {
	sent, cred, err := d.otherHasACode(ctx, "anna@example.com")
	if err != nil {
		return err
	}
	word, err := d.App.Vouch(ctx, sent.Payment.ID)
	if err != nil {
		return err
	}
	p, err := d.App.Readdress(ctx, sent.Payment.ID, "ana@example.com")
	if err != nil {
		return err
	}
	if p.State != string(relay.Pending) || *p.HoldingAccount != *sent.Payment.HoldingAccount {
		return fmt.Errorf("readdressed, and now it is %s at %s", p.State, *p.HoldingAccount)
	}
	if err := d.Expect(ctx, "the holding account", *p.HoldingAccount, Amount); err != nil {
		return err
	}
	_, err = d.Recipient.Prove(ctx, sent.Link, cred)
	if err := mustFail("the code of the old address", err, "session_invalid"); err != nil {
		return err
	}
	_, err = d.Recipient.Prove(ctx, sent.Link, client.Credential{Voucher: word.Voucher})
	if err := mustFail("the app's word for the old address", err, "proof_invalid"); err != nil {
		return err
	}
	d.say("anna@ was corrected to ana@: the money has not moved, and the link with anna's code, or the app's word for her, opens nothing")
	if word, err = d.App.Vouch(ctx, sent.Payment.ID); err != nil {
		return err
	}
	account := keypair.MustRandom()
	r := d.ClaimInto(sent.Link, account)
	r.Voucher = word.Voucher
	if err := d.claims(ctx, r); err != nil {
		return fmt.Errorf("the same link does not open for the right person: %w", err)
	}
	if err := d.Expect(ctx, "the recipient", account.Address(), Amount); err != nil {
		return err
	}
	d.say("the same link claims for ana@")
	return d.otherWasFaster(ctx)
}

func (d *Instance) otherWasFaster(ctx context.Context) error {
	sent, cred, err := d.otherHasACode(ctx, "annna@example.com")
	if err != nil {
		return err
	}
	if _, err := d.Recipient.Prove(ctx, sent.Link, cred); err != nil {
		return fmt.Errorf("control: a code of the address opens nothing: %w", err)
	}
	_, err = d.App.Readdress(ctx, sent.Payment.ID, "ana@example.com")
	if err := mustFail("readdressing what was proven", err, "share_released"); err != nil {
		return err
	}
	d.say("control: where the stranger was faster, the same kind of code opens the box, and the address stays: share_released")
	if _, err := d.App.Cancel(ctx, sent.Payment.ID); err != nil {
		return err
	}
	_, err = d.Reach(ctx, sent.Payment.ID, relay.Returned)
	return err
}

// otherHasACode sends to an address and takes the code that is mailed there.
func (d *Instance) otherHasACode(ctx context.Context, address string) (client.Sent, client.Credential, error) {
	sent, err := d.Send(ctx, func(r *client.SendRequest) { r.To = address })
	if err != nil {
		return sent, client.Credential{}, err
	}
	session, err := d.Recipient.AskCode(ctx, sent.Link)
	if err != nil {
		return sent, client.Credential{}, err
	}
	for range 1000 {
		for _, m := range d.Stack.Mailbox.List(address) {
			if code := sixDigits(m.Text); code != "" {
				return sent, client.Credential{Session: session.Session, Code: code}, nil
			}
		}
		if err := boot.Pause(ctx, 5*time.Millisecond); err != nil {
			return sent, client.Credential{}, err
		}
	}
	return sent, client.Credential{}, errors.New("no code came to " + address)
}
