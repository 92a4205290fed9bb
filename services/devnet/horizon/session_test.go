package horizon_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/clients/horizonclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/protocols/horizon/operations"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// TestSession funds, trusts, pays, sponsors, fee-bumps and merges with the SDK, and reads everything back.
func TestSession(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, issuer, h := w.account(), w.account(), keypair.MustRandom()
	gold := txnbuild.CreditAsset{Code: "GOLD", Issuer: issuer.Address()}
	tx := w.do([]txnbuild.Operation{
		&txnbuild.BeginSponsoringFutureReserves{SponsoredID: h.Address()},
		&txnbuild.CreateAccount{Destination: h.Address(), Amount: "0"},
		&txnbuild.ChangeTrust{Line: gold.MustToChangeTrustAsset(), Limit: "5", SourceAccount: h.Address()},
		&txnbuild.EndSponsoringFutureReserves{SourceAccount: h.Address()},
		&txnbuild.Payment{Destination: h.Address(), Amount: "5", Asset: gold, SourceAccount: issuer.Address()},
		&txnbuild.ManageData{Name: "a/b", Value: []byte("x")},
		pay(h.Address(), "1.5"),
	}, ana, issuer, h)
	if !tx.Successful || tx.Account != ana.Address() || tx.OperationCount != 7 || tx.FeeCharged != 700 || len(tx.Signatures) != 3 {
		t.Errorf("transaction: %+v", tx)
	}
	checkHolding(t, w.load(h.Address()), ana.Address(), gold)
	if a := w.load(ana.Address()); a.NumSponsoring != 3 || a.Data["a/b"] != base64.StdEncoding.EncodeToString([]byte("x")) || a.SubentryCount != 1 {
		t.Errorf("sponsor: %+v", a)
	}
	if d, err := w.client.AccountData(horizonclient.AccountRequest{AccountID: ana.Address(), DataKey: "a%2Fb"}); err != nil || d.Value != "eA==" {
		t.Errorf("data: %+v %v", d, err)
	}
	w.checkOperations(tx.Hash, ana.Address(), h.Address())

	inner := w.sign([]txnbuild.Operation{
		&txnbuild.Payment{Destination: issuer.Address(), Amount: "5", Asset: gold},
		&txnbuild.ChangeTrust{Line: gold.MustToChangeTrustAsset(), Limit: "0"},
		&txnbuild.AccountMerge{Destination: ana.Address()},
	}, h)
	bumped, err := w.client.SubmitFeeBumpTransaction(w.bump(inner, ana))
	if err != nil {
		t.Fatal(err, codes(err))
	}
	w.checkBump(bumped, inner, ana.Address())
	_, err = w.client.AccountDetail(horizonclient.AccountRequest{AccountID: h.Address()})
	if !horizonclient.IsNotFoundError(err) {
		t.Errorf("the merged account: %v", err)
	}
	if a := w.load(ana.Address()); a.NumSponsoring != 0 {
		t.Errorf("still sponsoring %d", a.NumSponsoring)
	}
	last, err := w.client.Payments(horizonclient.OperationRequest{ForAccount: ana.Address(), Order: horizonclient.OrderDesc, Limit: 1})
	if err != nil || len(last.Embedded.Records) != 1 {
		t.Fatalf("her last payment: %+v %v", last, err)
	}
	if m, ok := last.Embedded.Records[0].(operations.AccountMerge); !ok || m.Into != ana.Address() || m.Account != h.Address() {
		t.Errorf("her last payment: %+v", last.Embedded.Records[0])
	}
	page, err := w.client.Transactions(horizonclient.TransactionRequest{ForAccount: h.Address()})
	if err != nil || len(page.Embedded.Records) != 2 || page.Embedded.Records[1].Hash != bumped.Hash {
		t.Errorf("transactions of the merged account: %+v %v", page.Embedded.Records, err)
	}
}

func checkHolding(t *testing.T, a protocol.Account, sponsor string, gold txnbuild.CreditAsset) {
	t.Helper()
	if a.Sponsor != sponsor || a.NumSponsored != 3 || a.SubentryCount != 1 || a.GetCreditBalance(gold.Code, gold.Issuer) != "5.0000000" {
		t.Errorf("holding account: %+v", a)
	}
	if native, err := a.GetNativeBalance(); err != nil || native != "1.5000000" {
		t.Errorf("lumens: %s %v", native, err)
	}
	line := a.Balances[0]
	if line.Limit != "5.0000000" || line.Sponsor != sponsor || line.IsAuthorized == nil || !*line.IsAuthorized || line.Type != "credit_alphanum4" {
		t.Errorf("trustline: %+v", line)
	}
	if len(a.Signers) != 1 || a.Signers[0].Weight != 1 || a.Signers[0].Type != "ed25519_public_key" || a.LastModifiedTime == nil {
		t.Errorf("signers: %+v", a.Signers)
	}
}

func (w *fixture) checkOperations(hash, sponsor, h string) {
	w.Helper()
	page, err := w.client.Operations(horizonclient.OperationRequest{ForTransaction: hash, Join: "transactions"})
	if err != nil {
		w.Fatal(err)
	}
	var kinds []string
	for _, op := range page.Embedded.Records {
		kinds = append(kinds, op.GetType())
		if op.GetTransactionHash() != hash || !op.IsTransactionSuccessful() {
			w.Errorf("operation: %+v", op)
		}
	}
	want := "begin_sponsoring_future_reserves create_account change_trust end_sponsoring_future_reserves payment manage_data payment"
	if got := strings.Join(kinds, " "); got != want {
		w.Fatalf("operations: %s", got)
	}
	created, ok := page.Embedded.Records[1].(operations.CreateAccount)
	if !ok || created.Sponsor != sponsor || created.Account != h || created.StartingBalance != "0.0000000" || created.Transaction == nil {
		w.Errorf("create account: %+v", created)
	}
	if end, ok := page.Embedded.Records[3].(operations.EndSponsoringFutureReserves); !ok || end.BeginSponsor != sponsor {
		w.Errorf("end: %+v", end)
	}
	one, err := w.client.OperationDetail(created.ID)
	if err != nil || one.GetID() != created.ID {
		w.Errorf("one operation: %+v %v", one, err)
	}
	paid, err := w.client.Payments(horizonclient.OperationRequest{ForAccount: h})
	if err != nil || len(paid.Embedded.Records) != 3 {
		w.Errorf("payments: %+v %v", paid.Embedded.Records, err)
	}
}

func (w *fixture) checkBump(tx protocol.Transaction, inner *txnbuild.Transaction, payer string) {
	w.Helper()
	hash, err := inner.HashHex(passphrase)
	if err != nil {
		w.Fatal(err)
	}
	if tx.FeeAccount != payer || tx.InnerTransaction == nil || tx.InnerTransaction.Hash != hash || tx.FeeBumpTransaction.Hash != tx.Hash ||
		tx.MaxFee != 1200 || tx.FeeCharged != 400 || tx.InnerTransaction.MaxFee != 300 || tx.Account == payer {
		w.Errorf("fee bump: %+v", tx)
	}
	byInner, err := w.client.TransactionDetail(hash)
	if err != nil || byInner.ID != hash || byInner.Hash != hash || byInner.PT != tx.PT || byInner.Signatures[0] != tx.InnerTransaction.Signatures[0] {
		w.Errorf("by the inner hash: %+v %v", byInner, err)
	}
	byOuter, err := w.client.TransactionDetail(tx.Hash)
	if err != nil || byOuter.Hash != tx.Hash || byOuter.Signatures[0] != tx.FeeBumpTransaction.Signatures[0] {
		w.Errorf("by the outer hash: %+v %v", byOuter, err)
	}
}

func TestClaimableBalances(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, bob := w.account(), w.account()
	soon := txnbuild.BeforeRelativeTimePredicate(60)
	var ids []string
	for range 3 {
		made := w.do([]txnbuild.Operation{&txnbuild.CreateClaimableBalance{Amount: "2", Asset: txnbuild.NativeAsset{},
			Destinations: []txnbuild.Claimant{txnbuild.NewClaimant(bob.Address(), nil), txnbuild.NewClaimant(ana.Address(), &soon)}}}, ana)
		ops, err := w.client.Operations(horizonclient.OperationRequest{ForTransaction: made.Hash})
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := ops.Embedded.Records[0].(operations.CreateClaimableBalance); !ok || c.Amount != "2.0000000" || len(c.Claimants) != 2 || c.Asset != "native" {
			t.Errorf("operation: %+v", ops.Embedded.Records[0])
		}
	}
	for _, r := range []horizonclient.ClaimableBalanceRequest{{Claimant: bob.Address()}, {Sponsor: ana.Address()}, {Asset: "native"}, {}} {
		r.Limit = 2
		page, err := w.client.ClaimableBalances(r)
		if err != nil || len(page.Embedded.Records) != 2 {
			t.Fatalf("%+v: %+v %v", r, page, err)
		}
		r.Cursor = page.Embedded.Records[1].PT
		rest, err := w.client.ClaimableBalances(r)
		if err != nil || len(rest.Embedded.Records) != 1 {
			t.Fatalf("%+v: %+v %v", r, rest, err)
		}
		ids = []string{page.Embedded.Records[0].BalanceID, page.Embedded.Records[1].BalanceID, rest.Embedded.Records[0].BalanceID}
	}
	if page, err := w.client.ClaimableBalances(horizonclient.ClaimableBalanceRequest{Claimant: keypair.MustRandom().Address()}); err != nil || len(page.Embedded.Records) != 0 {
		t.Errorf("another account's: %+v %v", page, err)
	}
	one, err := w.client.ClaimableBalance(ids[0])
	if err != nil || one.Amount != "2.0000000" || one.Sponsor != ana.Address() || one.Claimants[0].Destination != bob.Address() {
		t.Errorf("one: %+v %v", one, err)
	}
	w.do([]txnbuild.Operation{&txnbuild.ClaimClaimableBalance{BalanceID: ids[0]}}, bob)
	if _, err := w.client.ClaimableBalance(ids[0]); !horizonclient.IsNotFoundError(err) {
		t.Errorf("claimed: %v", err)
	}
	ops, err := w.client.Operations(horizonclient.OperationRequest{ForClaimableBalance: ids[0]})
	if err != nil || len(ops.Embedded.Records) != 2 {
		t.Errorf("its operations: %+v %v", ops, err)
	}
}

func TestAccountsByFilter(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, bob, issuer, cosigner := w.account(), w.account(), w.account(), keypair.MustRandom()
	gold := txnbuild.CreditAsset{Code: "GOLD", Issuer: issuer.Address()}
	for _, kp := range []*keypair.Full{ana, bob} {
		w.do([]txnbuild.Operation{
			&txnbuild.BeginSponsoringFutureReserves{SponsoredID: kp.Address()},
			&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: cosigner.Address(), Weight: 1}, SourceAccount: kp.Address()},
			&txnbuild.EndSponsoringFutureReserves{SourceAccount: kp.Address()},
			&txnbuild.ChangeTrust{Line: gold.MustToChangeTrustAsset(), SourceAccount: kp.Address()},
		}, issuer, kp)
	}
	first, second := ana.Address(), bob.Address()
	if first > second {
		first, second = second, first
	}
	for _, r := range []horizonclient.AccountsRequest{{Signer: cosigner.Address()}, {Sponsor: issuer.Address()}, {Asset: "GOLD:" + issuer.Address()}} {
		r.Limit = 1
		page, err := w.client.Accounts(r)
		if err != nil || len(page.Embedded.Records) != 1 || page.Embedded.Records[0].AccountID != first {
			t.Fatalf("%+v: %+v %v", r, page.Embedded.Records, err)
		}
		next, err := w.client.NextAccountsPage(page)
		if err != nil || len(next.Embedded.Records) != 1 || next.Embedded.Records[0].AccountID != second {
			t.Errorf("%+v, next: %+v %v", r, next.Embedded.Records, err)
		}
		r.Order = horizonclient.OrderDesc
		if page, err := w.client.Accounts(r); err != nil || page.Embedded.Records[0].AccountID != second {
			t.Errorf("%+v: %+v %v", r, page.Embedded.Records, err)
		}
	}
	if a := w.load(ana.Address()); len(a.Signers) != 2 || a.Signers[0].Sponsor != issuer.Address() || a.Signers[0].Key != cosigner.Address() {
		t.Errorf("signers: %+v", a.Signers)
	}
}
