package devnet_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
)

const passphrase = "Restante Devnet ; 2026"

// fixture is a network with a client of the Stellar SDK in front of it.
type fixture struct {
	*testing.T
	net    *devnet.Network
	client *rpcclient.Client
	server *httptest.Server
}

func open(t *testing.T, cfg devnet.Config) *fixture {
	t.Helper()
	cfg.Passphrase = passphrase
	n, err := devnet.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/rpc", http.StripPrefix("/rpc", n.Handler()))
	mux.Handle("/rpc/", http.StripPrefix("/rpc", n.Handler()))
	mux.Handle("/control/", http.StripPrefix("/control", n.Control()))
	w := &fixture{T: t, net: n, server: httptest.NewServer(mux)}
	w.client = rpcclient.NewClient(w.server.URL+"/rpc", w.server.Client())
	t.Cleanup(w.close)
	return w
}

func (w *fixture) close() {
	w.client.Close()
	w.server.Close()
	if err := w.net.Close(); err != nil {
		w.Error(err)
	}
}

func (w *fixture) account() *keypair.Full {
	w.Helper()
	kp := keypair.MustRandom()
	if _, err := w.net.Fund(context.Background(), kp.Address()); err != nil {
		w.Fatal(err)
	}
	return kp
}

func (w *fixture) load(kp *keypair.Full) txnbuild.Account {
	w.Helper()
	a, err := w.client.LoadAccount(context.Background(), kp.Address())
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// balance is in stroops, -1 when the account does not exist.
func (w *fixture) balance(kp *keypair.Full) int64 {
	w.Helper()
	id := xdr.MustAddress(kp.Address())
	key, err := id.LedgerKey()
	if err != nil {
		w.Fatal(err)
	}
	text, err := xdr.MarshalBase64(key)
	if err != nil {
		w.Fatal(err)
	}
	got, err := w.client.GetLedgerEntries(context.Background(), protocol.GetLedgerEntriesRequest{Keys: []string{text}})
	if err != nil {
		w.Fatal(err)
	}
	if len(got.Entries) == 0 {
		return -1
	}
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(got.Entries[0].DataXDR, &data); err != nil {
		w.Fatal(err)
	}
	return int64(data.Account.Balance)
}

func (w *fixture) sign(p txnbuild.TransactionParams, keys ...*keypair.Full) *txnbuild.Transaction {
	w.Helper()
	if p.Preconditions.MinSequenceNumber == nil {
		p.Preconditions = txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}
	}
	tx, err := txnbuild.NewTransaction(p)
	if err != nil {
		w.Fatal(err)
	}
	if tx, err = tx.Sign(passphrase, keys...); err != nil {
		w.Fatal(err)
	}
	return tx
}

func (w *fixture) bump(inner *txnbuild.Transaction, fee int64, payer *keypair.Full) *txnbuild.FeeBumpTransaction {
	w.Helper()
	tx, err := txnbuild.NewFeeBumpTransaction(txnbuild.FeeBumpTransactionParams{Inner: inner, FeeAccount: payer.Address(), BaseFee: fee})
	if err != nil {
		w.Fatal(err)
	}
	if tx, err = tx.Sign(passphrase, payer); err != nil {
		w.Fatal(err)
	}
	return tx
}

type envelope interface {
	Base64() (string, error)
	HashHex(string) (string, error)
}

func (w *fixture) send(tx envelope) (protocol.SendTransactionResponse, error) {
	w.Helper()
	text, err := tx.Base64()
	if err != nil {
		w.Fatal(err)
	}
	return w.client.SendTransaction(context.Background(), protocol.SendTransactionRequest{Transaction: text})
}

func (w *fixture) mustSend(tx envelope, status string) protocol.SendTransactionResponse {
	w.Helper()
	got, err := w.send(tx)
	if err != nil {
		w.Fatal(err)
	}
	if got.Status != status {
		w.Fatalf("status %s, want %s (%s)", got.Status, status, resultCode(got.ErrorResultXDR))
	}
	return got
}

func resultCode(text string) string {
	var r xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(text, &r); err != nil {
		return text
	}
	return r.Result.Code.String()
}

func (w *fixture) closeLedger() uint32 {
	w.Helper()
	seq, err := w.net.CloseLedger()
	if err != nil {
		w.Fatal(err)
	}
	return seq
}

func (w *fixture) get(hash string) protocol.GetTransactionResponse {
	w.Helper()
	got, err := w.client.GetTransaction(context.Background(), protocol.GetTransactionRequest{Hash: hash})
	if err != nil {
		w.Fatal(err)
	}
	return got
}

func (w *fixture) hash(tx envelope) string {
	w.Helper()
	h, err := tx.HashHex(passphrase)
	if err != nil {
		w.Fatal(err)
	}
	return h
}

// land sends, closes a ledger and asks for success.
func (w *fixture) land(tx envelope) protocol.GetTransactionResponse {
	w.Helper()
	w.mustSend(tx, "PENDING")
	w.closeLedger()
	got := w.get(w.hash(tx))
	if got.Status != protocol.TransactionStatusSuccess {
		w.Fatalf("transaction: %s %s", got.Status, got.ResultXDR)
	}
	return got
}

// holding creates a sponsored holding account with amount lumens.
func (w *fixture) holding(sponsor, treasury, h *keypair.Full, amount string) *txnbuild.Transaction {
	return w.sign(txnbuild.TransactionParams{SourceAccount: w.load(treasury), IncrementSequenceNum: true, BaseFee: 100,
		Operations: []txnbuild.Operation{
			&txnbuild.BeginSponsoringFutureReserves{SponsoredID: h.Address(), SourceAccount: sponsor.Address()},
			&txnbuild.CreateAccount{Destination: h.Address(), Amount: amount},
			&txnbuild.EndSponsoringFutureReserves{SourceAccount: h.Address()},
		}}, treasury, sponsor, h)
}

func (w *fixture) merge(h, to *keypair.Full, fee int64) *txnbuild.Transaction {
	return w.sign(txnbuild.TransactionParams{SourceAccount: w.load(h), IncrementSequenceNum: true, BaseFee: fee,
		Operations: []txnbuild.Operation{&txnbuild.AccountMerge{Destination: to.Address()}}}, h)
}

func TestClaimOfAHoldingAccount(t *testing.T) {
	w := open(t, devnet.Config{})
	sponsor, treasury, h, g := w.account(), w.account(), keypair.MustRandom(), keypair.MustRandom()
	w.land(w.holding(sponsor, treasury, h, "0.0000001"))
	claim := w.sign(txnbuild.TransactionParams{SourceAccount: w.load(h), IncrementSequenceNum: true,
		Operations: []txnbuild.Operation{
			&txnbuild.BeginSponsoringFutureReserves{SponsoredID: g.Address(), SourceAccount: sponsor.Address()},
			&txnbuild.CreateAccount{Destination: g.Address(), Amount: "0"},
			&txnbuild.EndSponsoringFutureReserves{SourceAccount: g.Address()},
			&txnbuild.AccountMerge{Destination: g.Address()},
		}}, h, sponsor, g)
	bump := w.bump(claim, 200, sponsor)
	got := w.land(bump)
	if !got.FeeBump || got.ApplicationOrder != 1 || got.LatestLedger != got.Ledger || got.LedgerCloseTime == 0 {
		t.Errorf("details of a fee bump: %+v", got)
	}
	if inner := w.get(w.hash(claim)); inner.EnvelopeXDR != got.EnvelopeXDR || inner.Status != "SUCCESS" {
		t.Errorf("by its inner hash: %+v", inner)
	}
	if w.balance(h) != -1 || w.balance(g) != 1 {
		t.Errorf("holding account has %d, claimant %d stroops", w.balance(h), w.balance(g))
	}
}

func TestReturnSignedBeforeItsAccountExists(t *testing.T) {
	w := open(t, devnet.Config{})
	sponsor, treasury, h := w.account(), w.account(), keypair.MustRandom()
	before := w.balance(treasury)
	bound := w.closeLedger() + 3 // L: the last ledger in which the funding may land
	zero := int64(0)
	back := w.sign(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: h.Address(), Sequence: int64(bound+1)<<32 - 1},
		Operations:    []txnbuild.Operation{&txnbuild.AccountMerge{Destination: treasury.Address()}},
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout(), MinSequenceNumber: &zero,
			LedgerBounds: &txnbuild.LedgerBounds{MinLedger: bound + 1}},
	}, h)
	w.land(w.holding(sponsor, treasury, h, "25"))
	bump := w.bump(back, 200, sponsor)
	early := w.mustSend(bump, "ERROR")
	var refusal xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(early.ErrorResultXDR, &refusal); err != nil {
		t.Fatal(err)
	}
	if code := refusal.Result.InnerResultPair.Result.Result.Code; code != xdr.TransactionResultCodeTxTooEarly {
		t.Errorf("handed in too early: %s", code)
	}
	for w.closeLedger() < bound {
	}
	got := w.land(bump)
	if got.Ledger != bound+1 {
		t.Errorf("landed in ledger %d, want %d", got.Ledger, bound+1)
	}
	if after := w.balance(treasury); after != before-300 || w.balance(h) != -1 {
		t.Errorf("treasury has %d, had %d", after, before)
	}
}

func TestResubmissionOfALandedEnvelope(t *testing.T) {
	w := open(t, devnet.Config{})
	sponsor, treasury, h := w.account(), w.account(), keypair.MustRandom()
	funding := w.holding(sponsor, treasury, h, "3")
	w.mustSend(funding, "PENDING")
	w.mustSend(funding, "DUPLICATE")
	w.closeLedger()
	if code := resultCode(w.mustSend(funding, "ERROR").ErrorResultXDR); code != "TransactionResultCodeTxBadSeq" {
		t.Errorf("a landed payment: %s", code)
	}
	merge := w.merge(h, treasury, 0)
	bump := w.bump(merge, 200, sponsor)
	w.land(bump)
	var r xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(w.mustSend(bump, "ERROR").ErrorResultXDR, &r); err != nil {
		t.Fatal(err)
	}
	if code := r.Result.InnerResultPair.Result.Result.Code; code != xdr.TransactionResultCodeTxNoAccount {
		t.Errorf("a landed merge: %s", code)
	}
}

func TestOneWaitingTransactionForEachSource(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	pay := func(seqAhead int64) *txnbuild.Transaction {
		acc := w.load(a).(*txnbuild.SimpleAccount)
		acc.Sequence += seqAhead
		return w.sign(txnbuild.TransactionParams{SourceAccount: acc, IncrementSequenceNum: true, BaseFee: 100,
			Operations: []txnbuild.Operation{&txnbuild.Payment{Destination: b.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}}}, a)
	}
	first := pay(0)
	w.mustSend(first, "PENDING")
	w.mustSend(pay(1), "TRY_AGAIN_LATER")
	if code := resultCode(w.mustSend(w.bump(first, 999, b), "ERROR").ErrorResultXDR); code != "TransactionResultCodeTxInsufficientFee" {
		t.Errorf("a poor replacement: %s", code)
	}
	rich := w.bump(first, 1000, b)
	w.mustSend(rich, "PENDING")
	w.mustSend(first, "DUPLICATE") // it waits inside the fee bump
	w.closeLedger()
	if got := w.get(w.hash(rich)); got.Status != "SUCCESS" {
		t.Errorf("the replacement: %s", got.Status)
	}
}

// TestFullLedger hands in more than fits: the best bids land first, at the price of the lowest among them, and the rest a ledger
// later.
func TestFullLedger(t *testing.T) {
	w := open(t, devnet.Config{})
	to := w.account()
	var txs []*txnbuild.Transaction
	for i := range 12 {
		from := w.account()
		ops := make([]txnbuild.Operation, 100)
		for j := range ops {
			ops[j] = &txnbuild.Payment{Destination: to.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}
		}
		txs = append(txs, w.sign(txnbuild.TransactionParams{SourceAccount: w.load(from), IncrementSequenceNum: true,
			BaseFee: int64(200 + 10*i), Operations: ops}, from))
	}
	for _, tx := range txs {
		w.mustSend(tx, "PENDING")
	}
	first := w.closeLedger()
	w.closeLedger()
	for i, tx := range txs {
		got := w.get(w.hash(tx))
		wantLedger, wantFee := first, int64(22_000) // the third lowest bid is the lowest that found room
		if i < 2 {
			wantLedger, wantFee = first+1, 10_000
		}
		var r xdr.TransactionResult
		if err := xdr.SafeUnmarshalBase64(got.ResultXDR, &r); err != nil {
			t.Fatal(err)
		}
		if got.Status != "SUCCESS" || got.Ledger != wantLedger || int64(r.FeeCharged) != wantFee {
			t.Errorf("transaction %d: %s in ledger %d for %d, want ledger %d for %d", i, got.Status, got.Ledger, r.FeeCharged, wantLedger, wantFee)
		}
	}
}

func TestLostAnswers(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	w.net.SetFaults(devnet.Faults{LoseNext: 1, Seed: 7})
	tx := w.sign(txnbuild.TransactionParams{SourceAccount: w.load(a), IncrementSequenceNum: true, BaseFee: 100,
		Operations: []txnbuild.Operation{&txnbuild.Payment{Destination: b.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}}}, a)
	if got, err := w.send(tx); err == nil {
		t.Fatalf("the answer arrived: %+v", got)
	}
	if got := w.get(w.hash(tx)); got.Status != "NOT_FOUND" {
		t.Errorf("before the ledger: %s", got.Status)
	}
	w.closeLedger()
	if got := w.get(w.hash(tx)); got.Status != "SUCCESS" {
		t.Errorf("after the ledger: %s", got.Status)
	}
	if code := resultCode(w.mustSend(tx, "ERROR").ErrorResultXDR); code != "TransactionResultCodeTxBadSeq" {
		t.Errorf("handed in again: %s", code)
	}
}

func TestOtherFaults(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	tx := w.sign(txnbuild.TransactionParams{SourceAccount: w.load(a), IncrementSequenceNum: true, BaseFee: 100,
		Operations: []txnbuild.Operation{&txnbuild.Payment{Destination: b.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}}}, a)
	w.net.SetFaults(devnet.Faults{TryAgain: 1})
	w.mustSend(tx, "TRY_AGAIN_LATER")
	w.closeLedger()
	if got := w.get(w.hash(tx)); got.Status != "NOT_FOUND" {
		t.Errorf("what was not accepted: %s", got.Status)
	}
	w.net.SetFaults(devnet.Faults{LateInclusion: 3, Seed: 1})
	w.mustSend(tx, "PENDING")
	for range 4 {
		w.closeLedger()
	}
	if got := w.get(w.hash(tx)); got.Status != "SUCCESS" {
		t.Errorf("at the latest after four ledgers: %s", got.Status)
	}
}

func TestRestartContinues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data dir", "devnet.db")
	if _, err := devnet.Open(devnet.Config{Passphrase: passphrase, Path: path}); err == nil {
		t.Fatal("opened a store in a folder that does not exist")
	}
	path = filepath.Join(t.TempDir(), "dev net?.db")
	w := open(t, devnet.Config{Path: path})
	a, b := w.account(), w.account()
	tx := w.merge(a, b, 100)
	w.mustSend(tx, "PENDING")
	w.net.AdvanceClock(time.Hour)
	w.closeLedger()
	before, err := w.client.GetLatestLedger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w.mustSend(w.merge(b, w.account(), 100), "PENDING") // closes a ledger, then waits and is lost
	w.close()

	if _, err := devnet.Open(devnet.Config{Passphrase: passphrase + "!", Path: path}); err == nil {
		t.Error("continued with another passphrase")
	}
	again := open(t, devnet.Config{Path: path})
	after, err := again.client.GetLatestLedger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if after.Sequence != before.Sequence+1 {
		t.Errorf("continues at ledger %d, was at %d", after.Sequence, before.Sequence+1)
	}
	var h xdr.LedgerHeader
	if err := xdr.SafeUnmarshalBase64(after.LedgerHeader, &h); err != nil {
		t.Fatal(err)
	}
	if got := h.PreviousLedgerHash.HexString(); got != before.Hash {
		t.Errorf("ledger follows %s, want %s", got, before.Hash)
	}
	if got := again.get(w.hash(tx)); got.Status != "SUCCESS" || again.balance(a) != -1 {
		t.Errorf("the merge after the restart: %+v", got)
	}
	again.net.AdvanceClock(time.Hour) // on top of the hour that was kept
	seq := again.closeLedger()
	last, err := again.client.GetLatestLedger(context.Background())
	if err != nil || last.Sequence != seq || last.LedgerCloseTime <= after.LedgerCloseTime || last.LedgerCloseTime < time.Now().Unix()+7100 {
		t.Errorf("the clock after the restart: %+v %v", last, err)
	}
}

// TestCrash opens what is on disk while the network still runs, as a machine would find it that lost its power now.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devnet.db")
	w := open(t, devnet.Config{Path: path})
	kp := w.account()
	before, err := w.client.GetLatestLedger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "devnet.db")
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode() != 0o600 {
			t.Errorf("others may read %s: %v %v", path+suffix, info, err)
		}
		raw, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, devnet.Config{Path: copied})
	after, err := again.client.GetLatestLedger(context.Background())
	if err != nil || after != before || again.balance(kp) != w.balance(kp) {
		t.Errorf("after the crash: %+v %v, before: %+v", after, err, before)
	}
	if _, err := devnet.Open(devnet.Config{Passphrase: passphrase, Path: path}); err == nil {
		t.Error("two processes opened one store")
	}
}

func TestFriendbot(t *testing.T) {
	w := open(t, devnet.Config{})
	kp := keypair.MustRandom()
	ask := func(query string) (int, map[string]any) {
		res, err := w.server.Client().Get(w.server.URL + "/rpc/friendbot?" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body map[string]any
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body
	}
	status, body := ask("addr=" + kp.Address())
	if status != 200 || body["successful"] != true || w.get(body["hash"].(string)).Status != "SUCCESS" {
		t.Errorf("new account: %d %v", status, body)
	}
	if w.balance(kp) != 100_000_000_000 {
		t.Errorf("the gift: %d stroops", w.balance(kp))
	}
	for _, query := range []string{"addr=" + kp.Address(), "addr=GABC", ""} {
		if status, body := ask(query); status != 400 {
			t.Errorf("%q: %d %v", query, status, body)
		}
	}
	network, err := w.client.GetNetwork(context.Background())
	if err != nil || network.FriendbotURL != w.server.URL+"/rpc/friendbot" || network.Passphrase != passphrase {
		t.Errorf("network: %+v %v", network, err)
	}
}

func TestFriendbotAtAnInterval(t *testing.T) {
	w := open(t, devnet.Config{Interval: 5 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- w.net.Run(ctx) }()
	keys := make([]*keypair.Full, 20)
	errs := make(chan error, len(keys))
	for i := range keys {
		keys[i] = keypair.MustRandom()
		go func() {
			_, err := w.net.Fund(ctx, keys[i].Address())
			errs <- err
		}()
	}
	for range keys {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	for _, kp := range keys {
		if w.balance(kp) < 0 {
			t.Errorf("%s was not created", kp.Address())
		}
	}
}

func TestRefusesThePublicNetwork(t *testing.T) {
	_, err := devnet.Open(devnet.Config{Passphrase: "Public Global Stellar Network ; September 2015"})
	if !errors.Is(err, devnet.ErrPublicNetwork) {
		t.Errorf("opened: %v", err)
	}
}

func TestControl(t *testing.T) {
	w := open(t, devnet.Config{})
	post := func(path, body string) (int, string) {
		res, err := w.server.Client().Post(w.server.URL+"/control"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var out json.RawMessage
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(out)
	}
	for _, x := range []struct {
		path, body, want string
		status           int
	}{
		{"/close", "", `{"ledger":3}`, 200},
		{"/close?n=3", "", `{"ledger":6}`, 200},
		{"/close?n=0", "", `n is a number`, 400},
		{"/faults", `{"lose_next":2,"seed":5}`, `"lose_next":2`, 200},
		{"/faults", `{"lose_answer":2}`, `between 0 and 1`, 400},
		{"/faults", `{"lose_anwser":1}`, `not the JSON`, 400},
		{"/clock", `{"add_seconds":3600}`, `"clock_offset_seconds":3600`, 200},
		{"/clock", `{"add_seconds":-1}`, `add_seconds`, 400},
		{"/clock", `{"at":1}`, `before the ledger's present`, 400},
		{"/clock", `{"at":4000000000}`, `"clock_offset_seconds":2`, 200},
		{"/freeze", `{"freeze":["` + w.net.Root().Address() + `"]}`, `"frozen":0`, 200},
		{"/close", "", `{"ledger":7}`, 200},
		{"/freeze", `{}`, `"frozen":1`, 200},
		{"/freeze", `{"freeze":["AAAA"]}`, `a key is`, 400},
		{"/faults", `{"surge":-1}`, `surge`, 400},
		{"/faults", `{"second_fork":true,"second_lag":3,"seed":9}`, `"second_lag":3,"second_fork":true`, 200},
		{"/reset", "", `"ledger":2`, 200},
		{"/close", "", `{"ledger":3}`, 200},
	} {
		if status, got := post(x.path, x.body); status != x.status || !strings.Contains(got, x.want) {
			t.Errorf("%s %s: %d %s", x.path, x.body, status, got)
		}
	}
}
