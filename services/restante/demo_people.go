package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
)

// person has an account of his own on the ledger.
type person struct{ *keypair.Full }

// somebody has the ledger's friendbot make an account.
func (d *stage) somebody(ctx context.Context) (person, error) {
	k, err := keypair.Random()
	if err != nil {
		return person{}, err
	}
	return person{k}, d.whileClosing(ctx, func(ctx context.Context) error { return d.stack.Befriend(ctx, k.Address()) })
}

// signedBy is a transaction of an account's, signed by somebody: its envelope and hash.
func (d *stage) signedBy(ctx context.Context, signer *keypair.Full, account string, ops ...txnbuild.Operation) (text, hash string, err error) {
	a, err := d.ledger.Account(ctx, account)
	if err != nil {
		return "", "", err
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: account, Sequence: a.Sequence}, IncrementSequenceNum: true, Operations: ops,
		BaseFee: 100, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		return "", "", err
	}
	if tx, err = tx.Sign(d.stack.Config.Ledger.Passphrase, signer); err != nil {
		return "", "", err
	}
	if text, err = tx.Base64(); err != nil {
		return "", "", err
	}
	hash, err = tx.HashHex(d.stack.Config.Ledger.Passphrase)
	return text, hash, err
}

// does signs and hands in a transaction of the person's own, and waits until it is in a ledger. The result is the ledger's.
func (d *stage) does(ctx context.Context, p person, ops ...txnbuild.Operation) error {
	text, hash, err := d.signedBy(ctx, p.Full, p.Address(), ops...)
	if err != nil {
		return err
	}
	word, why, err := d.ledger.Try(ctx, text)
	if err != nil || word != "PENDING" {
		return fmt.Errorf("the ledger says %q %s to a transaction of %s: %v", word, why, p.Address(), err)
	}
	return d.until(ctx, func() (bool, error) {
		status, _, err := d.ledger.Lookup(ctx, hash)
		if status == "FAILED" {
			err = errors.New("a transaction of a person's own failed")
		}
		return status == "SUCCESS", err
	})
}

// holds compares what an account has of a credit asset.
func (d *stage) holds(ctx context.Context, who, account, asset string, want int64) error {
	got, _, err := d.ledger.Line(ctx, account, asset)
	if err == nil && got != want {
		err = fmt.Errorf("%s has %d stroops of %s, not %d", who, got, asset, want)
	}
	return err
}

// fromWallet is a request out of a person's wallet. The receipt goes to kept, and the wallet signs nothing before it is there;
// its box is sealed to recipient.
func (d *stage) fromWallet(p person, recipient string, kept *client.OwnReceipt) client.OwnRequest {
	*kept = client.OwnReceipt{}
	sign := client.SignWith(d.stack.Config.Ledger.Passphrase, secret.NewString(p.Seed()))
	return client.OwnRequest{
		SendRequest: client.SendRequest{To: "ana@example.com", Amount: "25", Note: "for the concert"}, From: p.Address(), Recipients: []string{recipient},
		Keep:  func(r client.OwnReceipt) error { *kept = r; return nil },
		Prove: client.ProveWith(secret.NewString(p.Seed())),
		Sign: func(ctx context.Context, envelope string) (string, error) {
			if kept.HoldingAccount == "" {
				return "", errors.New("the wallet is asked to sign before the receipt is kept")
			}
			return sign(ctx, envelope)
		},
	}
}

// service is what the service's own accounts have: the sponsor, and the channels together.
func (d *stage) service(ctx context.Context) (total int64, err error) {
	sponsor, channels, err := d.stack.Signer.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range append(channels, sponsor) {
		account, err := d.ledger.Account(ctx, a)
		if err != nil {
			return 0, err
		}
		total += account.Balance
	}
	a, err := d.ledger.Account(ctx, sponsor)
	return total - int64(a.NumSponsoring), err // a reserve more would show, too
}
