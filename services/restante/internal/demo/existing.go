package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/sep7"
	"github.com/restante/restante/relay/stellar"
)

// into is a claim into an address, whose key, if it needs one, is not here.
func (d *Instance) into(ctx context.Context, sent client.Sent, address string) (client.ClaimRequest, error) {
	word, err := d.App.Vouch(ctx, sent.Payment.ID)
	return client.ClaimRequest{Link: sent.Link, Voucher: word.Voucher,
		Account: func(context.Context, redeem.Holding) (client.Account, error) {
			return client.Account{Address: address}, nil
		}}, err
}

// claims claims while ledgers close.
func (d *Instance) claims(ctx context.Context, r client.ClaimRequest) error {
	return d.WhileClosing(ctx, func(ctx context.Context) error { _, err := d.Recipient.Claim(ctx, r); return err })
}

// intoWhatSheHas claims into an exchange's account, which wants to know whose it is, and by a wallet that signs for itself.
func intoWhatSheHas(ctx context.Context, d *Instance) error {
	exchange, err := d.NewAccount(ctx)
	if err != nil {
		return err
	}
	if err := d.Execute(ctx, exchange, &txnbuild.ManageData{Name: "config.memo_required", Value: []byte("1")}); err != nil {
		return err
	}
	before, err := d.Balance(ctx, exchange.Address())
	if err != nil {
		return err
	}
	raw, err := strkey.Decode(strkey.VersionByteAccountID, exchange.Address())
	if err != nil {
		return err
	}
	muxed, err := strkey.Encode(strkey.VersionByteMuxedAccount, append(raw, 0, 0, 0, 0, 0, 0, 0, 7))
	if err != nil {
		return err
	}
	for i, c := range []struct {
		address string
		memo    relay.Memo
	}{{exchange.Address(), relay.Memo{}}, {exchange.Address(), relay.Memo{Kind: "id", Value: "7"}}, {muxed, relay.Memo{}}} {
		sent, err := d.Send(ctx, nil)
		if err != nil {
			return err
		}
		r, err := d.into(ctx, sent, c.address)
		if err != nil {
			return err
		}
		r.Memo = c.memo
		err = d.claims(ctx, r)
		if i == 0 {
			if err := mustFail("a claim without the memo that the account asks for", err, "memo_required"); err != nil {
				return err
			}
			d.say("control: without the memo that the account asks for it is refused: memo_required")
			continue
		}
		if err != nil {
			return err
		}
		if err := d.Expect(ctx, "the exchange", exchange.Address(), before+int64(i)*Amount); err != nil {
			return err
		}
	}
	d.say("with an id memo, and with a multiplexed address (%s…), it is there", muxed[:8])
	return d.herOwnWallet(ctx)
}

// herOwnWallet claims into a new account whose key is in a wallet: the wallet gets a request (SEP-7), signs it, and posts it
// to the callback in it.
func (d *Instance) herOwnWallet(ctx context.Context) error {
	sent, err := d.Send(ctx, nil)
	if err != nil {
		return err
	}
	key := keypair.MustRandom()
	answer := 0
	wallet := func(signer *keypair.Full) func(context.Context, sep7.Request) error {
		return func(ctx context.Context, q sep7.Request) error {
			uri, err := q.URI()
			if err != nil {
				return err
			}
			shown, err := sep7.Parse(uri) // what a wallet would make of it
			if err != nil {
				return err
			}
			signed, err := stellar.Sign(shown.XDR, shown.Passphrase, signer)
			if err != nil {
				return err
			}
			resp, err := http.PostForm(shown.Callback, url.Values{"xdr": {signed}})
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			answer = resp.StatusCode
			if resp.StatusCode != http.StatusAccepted {
				return fmt.Errorf("the callback answers %s", resp.Status)
			}
			return nil
		}
	}
	r, err := d.into(ctx, sent, key.Address())
	if err != nil {
		return err
	}
	r.Wallet = wallet(keypair.MustRandom())
	if err := d.claims(ctx, r); err == nil || answer != http.StatusBadRequest {
		return fmt.Errorf("control: another key's signature claims, or is refused for another reason: %d %v", answer, err)
	}
	if err := d.Expect(ctx, "her account, by then,", key.Address(), -1); err != nil {
		return err
	}
	d.say("control: a wallet that signs with another key is refused by the callback")
	if r, err = d.into(ctx, sent, key.Address()); err != nil {
		return err
	}
	r.Wallet = wallet(key)
	if err := d.claims(ctx, r); err != nil {
		return err
	}
	d.say("her own wallet signed what the link showed it; its key was never here")
	return d.Expect(ctx, "her account", key.Address(), Amount)
}
