package demo

import (
	"context"
	"errors"
	"fmt"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// Account is a key of an account on the ledger.
type Account struct{ *keypair.Full }

// NewAccount has the ledger's friendbot make an account.
func (d *Instance) NewAccount(ctx context.Context) (Account, error) {
	k, err := keypair.Random()
	if err != nil {
		return Account{}, err
	}
	return Account{k}, d.WhileClosing(ctx, func(ctx context.Context) error { return d.Stack.FundAccount(ctx, k.Address()) })
}

// signedBy is a transaction of an account's, signed by a key: its envelope and hash.
func (d *Instance) signedBy(ctx context.Context, signer *keypair.Full, account string, ops ...txnbuild.Operation) (text, hash string, err error) {
	a, err := d.Ledger.Account(ctx, account)
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
	if tx, err = tx.Sign(d.Stack.Config.Ledger.Passphrase, signer); err != nil {
		return "", "", err
	}
	if text, err = tx.Base64(); err != nil {
		return "", "", err
	}
	hash, err = tx.HashHex(d.Stack.Config.Ledger.Passphrase)
	return text, hash, err
}

// Execute signs and submits a transaction of an account's own, and waits until it is in a ledger. The result is the ledger's.
func (d *Instance) Execute(ctx context.Context, p Account, ops ...txnbuild.Operation) error {
	text, hash, err := d.signedBy(ctx, p.Full, p.Address(), ops...)
	if err != nil {
		return err
	}
	word, why, err := d.Ledger.Try(ctx, text)
	if err != nil || word != "PENDING" {
		return fmt.Errorf("the ledger says %q %s to a transaction of %s: %v", word, why, p.Address(), err)
	}
	return d.Until(ctx, func() (bool, error) {
		status, _, err := d.Ledger.Lookup(ctx, hash)
		if status == "FAILED" {
			err = errors.New("a transaction of a person's own failed")
		}
		return status == "SUCCESS", err
	})
}

// holds compares what an account has of a credit asset.
func (d *Instance) holds(ctx context.Context, who, account, asset string, want int64) error {
	got, _, err := d.Ledger.Line(ctx, account, asset)
	if err == nil && got != want {
		err = fmt.Errorf("%s has %d stroops of %s, not %d", who, got, asset, want)
	}
	return err
}

// sender is the wallet of a sender, and the identity to which the boxes of its payments are sealed.
type sender struct {
	Account
	id *age.X25519Identity
}

func (d *Instance) newSender(ctx context.Context) (sender, error) {
	account, err := d.NewAccount(ctx)
	if err != nil {
		return sender{}, err
	}
	id, err := age.GenerateX25519Identity()
	return sender{account, id}, err
}

// sendOwn sends out of a wallet and waits until the money is in its holding account.
func (d *Instance) sendOwn(ctx context.Context, r client.OwnRequest) (client.Sent, error) {
	sent, err := d.App.SendOwn(ctx, r)
	if err != nil {
		return sent, err
	}
	sent.Payment, err = d.Reach(ctx, sent.Payment.ID, relay.Pending)
	return sent, err
}

// fromWallet is a request out of a wallet. The receipt goes to kept, and the wallet signs nothing before it is there.
func (d *Instance) fromWallet(p sender, kept *client.OwnReceipt) client.OwnRequest {
	*kept = client.OwnReceipt{}
	sign := client.SignWith(d.Stack.Config.Ledger.Passphrase, secret.NewString(p.Seed()))
	return client.OwnRequest{
		SendRequest: client.SendRequest{To: "ana@example.com", Amount: "25", Note: "for the concert"}, From: p.Address(), Recipients: []string{p.id.Recipient().String()},
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
func (d *Instance) service(ctx context.Context) (total int64, err error) {
	sponsor, channels, err := d.Stack.Signer.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range append(channels, sponsor) {
		account, err := d.Ledger.Account(ctx, a)
		if err != nil {
			return 0, err
		}
		total += account.Balance
	}
	a, err := d.Ledger.Account(ctx, sponsor)
	return total - int64(a.NumSponsoring), err // a reserve more would show, too
}
