package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/services/internal/bareledger"
)

// handsOf are those of a script.
func handsOf(ts *testscript.TestScript) foreign {
	return foreign{bareledger.Reader{URL: ts.Getenv("RESTANTE_RPC")}, ts.Getenv("RESTANTE_NETWORK")}
}

func keyFrom(ts *testscript.TestScript, text string) *keypair.Full {
	key, err := keypair.ParseFull(strings.TrimSpace(text))
	ts.Check(err)
	return key
}

func assetFrom(text string) txnbuild.CreditAsset {
	code, issuer, _ := strings.Cut(text, ":")
	return txnbuild.CreditAsset{Code: code, Issuer: issuer}
}

// scriptFriend has the friendbot make an account: friend ADDRESS
func scriptFriend(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(handsOf(ts).befriend(context.Background(), args[0]))
}

// scriptIssuer makes an issuer and names its asset; its key is in NAME_KEY: issuer NAME CODE
func scriptIssuer(ts *testscript.TestScript, _ bool, args []string) {
	key, asset, err := handsOf(ts).issue(context.Background(), args[1])
	ts.Check(err)
	ts.Setenv(args[0], spell(asset))
	ts.Setenv(args[0]+"_KEY", key.Seed())
}

// scriptIssue has an issuer pay: issue NAME ADDRESS AMOUNT
func scriptIssue(ts *testscript.TestScript, _ bool, args []string) {
	issuer, asset := keyFrom(ts, ts.Getenv(args[0]+"_KEY")), assetFrom(ts.Getenv(args[0]))
	ts.Check(handsOf(ts).pay(context.Background(), issuer, asset, args[1], args[2]))
}

// scriptTrust gives the wallet of a secret key a trustline: trust ASSET FILE
func scriptTrust(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(handsOf(ts).trust(context.Background(), keyFrom(ts, ts.ReadFile(args[1])), assetFrom(args[0])))
}

// scriptEntrust makes another key the only one that signs for a wallet: entrust KEYFILE OTHERKEYFILE
func scriptEntrust(ts *testscript.TestScript, _ bool, args []string) {
	one, none := txnbuild.Threshold(1), txnbuild.Threshold(0)
	other := keyFrom(ts, ts.ReadFile(args[1])).Address()
	ts.Check(handsOf(ts).do(context.Background(), keyFrom(ts, ts.ReadFile(args[0])), &txnbuild.SetOptions{
		MasterWeight: &none, LowThreshold: &one, MediumThreshold: &one, HighThreshold: &one, Signer: &txnbuild.Signer{Address: other, Weight: one}}))
}

// scriptSign signs an envelope with a wallet's secret key: sign ENVELOPE KEYFILE OUT
func scriptSign(ts *testscript.TestScript, _ bool, args []string) {
	key := keyFrom(ts, ts.ReadFile(args[1]))
	signed, err := mint.SignAs(args[0], ts.Getenv("RESTANTE_NETWORK"), secret.NewString(key.Seed()))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(signed+"\n"), 0o600))
}

// foreign does on a development ledger what others do there: those who issue an asset, or have a wallet.
type foreign struct {
	ledger     bareledger.Reader
	passphrase string
}

// befriend has the friendbot make an account.
func (f foreign) befriend(ctx context.Context, account string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.ledger.URL+"/friendbot?addr="+url.QueryEscape(account), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("friendbot: %s", res.Status), res.Body.Close())
	}
	return res.Body.Close()
}

// do has an account's owner sign and hand in operations, and returns when they have landed.
func (f foreign) do(ctx context.Context, key *keypair.Full, ops ...txnbuild.Operation) error {
	at, err := f.ledger.Account(ctx, key.Address())
	if err != nil {
		return err
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: key.Address(), Sequence: at.Sequence}, IncrementSequenceNum: true, BaseFee: 100,
		// No end: a ledger that closes several times a second runs ahead of the clock of this machine.
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}, Operations: ops,
	})
	if err != nil {
		return err
	}
	if tx, err = tx.Sign(f.passphrase, key); err != nil {
		return err
	}
	hash, err := tx.HashHex(f.passphrase)
	if err != nil {
		return err
	}
	text, err := tx.Base64()
	if err != nil {
		return err
	}
	switch word, err := f.ledger.Submit(ctx, text); {
	case err != nil:
		return err
	case word != "PENDING":
		return fmt.Errorf("handed in: %s", word)
	}
	for ctx.Err() == nil {
		switch status, _, err := f.ledger.Lookup(ctx, hash); {
		case err != nil:
			return err
		case status == "SUCCESS":
			return nil
		case status == "FAILED":
			return fmt.Errorf("transaction %s failed", hash)
		}
	}
	return ctx.Err()
}

// issue makes an issuer whose asset can be clawed back, and gives back its key and the asset.
func (f foreign) issue(ctx context.Context, code string) (*keypair.Full, txnbuild.CreditAsset, error) {
	key, err := keypair.Random()
	if err != nil {
		return nil, txnbuild.CreditAsset{}, err
	}
	if err := f.befriend(ctx, key.Address()); err != nil {
		return nil, txnbuild.CreditAsset{}, err
	}
	err = f.do(ctx, key, &txnbuild.SetOptions{SetFlags: []txnbuild.AccountFlag{txnbuild.AuthRevocable, txnbuild.AuthClawbackEnabled}})
	return key, txnbuild.CreditAsset{Code: code, Issuer: key.Address()}, err
}

func spell(a txnbuild.CreditAsset) string { return a.Code + ":" + a.Issuer }

// trust gives a wallet a trustline.
func (f foreign) trust(ctx context.Context, wallet *keypair.Full, a txnbuild.CreditAsset) error {
	return f.do(ctx, wallet, &txnbuild.ChangeTrust{Line: a.MustToChangeTrustAsset()})
}

// pay has the issuer pay some of its asset.
func (f foreign) pay(ctx context.Context, issuer *keypair.Full, a txnbuild.CreditAsset, to, amount string) error {
	return f.do(ctx, issuer, &txnbuild.Payment{Destination: to, Amount: amount, Asset: a})
}
