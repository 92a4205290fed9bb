package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// keyHolder has the sender open their own box with stock age, as a sender may, and do to the holding account what its key allows:
// data, a signer, a number beyond the way back. Each parks the payment, the money stays, and the service pays nothing.
func keyHolder(ctx context.Context, d *Instance) error {
	ben, err := d.newSender(ctx)
	if err != nil {
		return err
	}
	before, err := d.service(ctx)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		does string
		op   func(address string) txnbuild.Operation
	}{
		{"puts data beside the money", func(string) txnbuild.Operation { return &txnbuild.ManageData{Name: "mine", Value: []byte("x")} }},
		{"adds a signer", func(string) txnbuild.Operation {
			return &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: keypair.MustRandom().Address(), Weight: 1}}
		}},
		{"takes the number of the way back", func(string) txnbuild.Operation { return &txnbuild.BumpSequence{BumpTo: 1 << 62} }},
	} {
		var kept client.OwnReceipt
		sent, err := d.sendOwn(ctx, d.fromWallet(ben, &kept))
		if err != nil {
			return err
		}
		key, err := SeedOf(kept.Receipt, ben.id)
		if err != nil {
			return err
		}
		held, err := d.Balance(ctx, kept.HoldingAccount)
		if err != nil {
			return err
		}
		if err := d.withoutKey(ctx, kept.HoldingAccount, c.op(kept.HoldingAccount)); err != nil {
			return fmt.Errorf("control: a caller without the key %s: %w", c.does, err)
		}
		if err := d.Execute(ctx, Account{key}, c.op(kept.HoldingAccount)); err != nil {
			return err
		}
		p, err := d.Reach(ctx, sent.Payment.ID, relay.Parked)
		if err != nil || p.Reason != string(relay.KeyTakenOver) {
			return fmt.Errorf("a key holder %s: %s %s %w", c.does, p.State, p.Reason, err)
		}
		d.say("a key holder %s: %s (%s)", c.does, p.State, p.Reason)
		if err := d.Expect(ctx, "the holding account", kept.HoldingAccount, held-100); err != nil {
			return err
		}
	}
	after, err := d.service(ctx)
	if err != nil || after != before {
		return fmt.Errorf("the service had %d and has %d: %v", before, after, err)
	}
	d.say("it cost the service nothing; control: the same with another key, each time: TxBadAuth")
	return d.dustStopsNothing(ctx, ben)
}

// dustStopsNothing is the control: what any account can pay into a holding account, without its key, parks nothing.
func (d *Instance) dustStopsNothing(ctx context.Context, ben sender) error {
	var kept client.OwnReceipt
	sent, err := d.sendOwn(ctx, d.fromWallet(ben, &kept))
	if err != nil {
		return err
	}
	if err := d.Execute(ctx, ben.Account, &txnbuild.Payment{Destination: kept.HoldingAccount, Amount: "0.0000001", Asset: txnbuild.NativeAsset{}}); err != nil {
		return err
	}
	account, err := d.Claim(ctx, sent.Link)
	if err != nil {
		return fmt.Errorf("control: dust, which any account can pay in: %w", err)
	}
	d.say("control: dust from a stranger, who has no key, stops nothing: %s has the money", account[:8])
	return nil
}

// withoutKey wants an operation of an account's to be refused when it is signed with another key.
func (d *Instance) withoutKey(ctx context.Context, account string, op txnbuild.Operation) error {
	text, _, err := d.signedBy(ctx, keypair.MustRandom(), account, op)
	if err != nil {
		return err
	}
	if status, why, err := d.Ledger.Try(ctx, text); err != nil || status != "ERROR" || why != "TxBadAuth" {
		return fmt.Errorf("the ledger says %q %s: %v", status, why, err)
	}
	return nil
}

// SeedOf opens a receipt's box with age alone, as OUT-WITHOUT-US.md says.
func SeedOf(r client.Receipt, id age.Identity) (*keypair.Full, error) {
	file, err := base64.StdEncoding.DecodeString(r.Box)
	if err != nil {
		return nil, err
	}
	return openBox(file, id)
}

func openBox(file []byte, id age.Identity) (*keypair.Full, error) {
	plain, err := age.Decrypt(bytes.NewReader(file), id)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, err
	}
	var content struct{ Secret string }
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, err
	}
	return keypair.ParseFull(content.Secret)
}
