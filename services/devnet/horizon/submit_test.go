package horizon_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/horizonclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// TestHandedInAgain: what landed and kept its source is answered as landed; what merged its source away is refused though it landed; and
// what landed and failed has a used number.
func TestHandedInAgain(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, bob := w.account(), w.account()
	paid := w.sign([]txnbuild.Operation{pay(bob.Address(), "1")}, ana)
	first := w.land(paid)
	if again := w.land(paid); again.Hash != first.Hash || again.Ledger != first.Ledger {
		t.Errorf("again: %+v", again)
	}
	failing := w.sign([]txnbuild.Operation{pay(keypair.MustRandom().Address(), "1")}, ana)
	if got := w.refusal(failing); got != `{"operations":["op_no_destination"],"transaction":"tx_failed"}` {
		t.Errorf("failed: %s", got)
	}
	if got := w.refusal(failing); got != `{"transaction":"tx_bad_seq"}` {
		t.Errorf("failed, again: %s", got)
	}
	merge := w.sign([]txnbuild.Operation{&txnbuild.AccountMerge{Destination: ana.Address()}}, bob)
	w.land(merge)
	if got := w.refusal(merge); got != `{"transaction":"tx_no_source_account"}` {
		t.Errorf("merged, again: %s", got)
	}
}

// TestFeeBumpHandedInAgain: the used number is the inner one's, and Horizon does not look further; under the inner hash it does.
func TestFeeBumpHandedInAgain(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, bob := w.account(), w.account()
	inner := w.sign([]txnbuild.Operation{pay(bob.Address(), "1")}, ana)
	bump := w.bump(inner, bob)
	first, err := w.client.SubmitFeeBumpTransaction(bump)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.client.SubmitFeeBumpTransaction(bump)
	if got := codes(err); got != `{"inner_transaction":"tx_bad_seq","transaction":"tx_fee_bump_inner_failed"}` {
		t.Errorf("again: %s %v", got, err)
	}
	if again := w.land(inner); again.Ledger != first.Ledger || again.FeeBumpTransaction.Hash != first.Hash {
		t.Errorf("the inner one: %+v", again)
	}
}

// refusal is the result codes that a submission is refused with.
func (w *fixture) refusal(tx *txnbuild.Transaction) string {
	w.Helper()
	_, err := w.client.SubmitTransactionWithOptions(tx, horizonclient.SubmitTxOpts{SkipMemoRequiredCheck: true})
	known := horizonclient.GetError(err)
	if known == nil {
		w.Fatalf("not refused: %v", err)
	}
	if known.Problem.Status != http.StatusBadRequest || !strings.HasSuffix(known.Problem.Type, "/transaction_failed") ||
		known.Problem.Extras["envelope_xdr"] == "" || known.Problem.Extras["result_xdr"] == "" {
		w.Errorf("problem: %+v", known.Problem)
	}
	return codes(err)
}

func TestFeeBumpFails(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, bob := w.account(), w.account()
	inner := w.sign([]txnbuild.Operation{pay(bob.Address(), "1"), pay(bob.Address(), "1000000")}, ana)
	_, err := w.client.SubmitFeeBumpTransaction(w.bump(inner, bob))
	want := `{"inner_transaction":"tx_failed","operations":["op_success","op_underfunded"],"transaction":"tx_fee_bump_inner_failed"}`
	if got := codes(err); got != want {
		t.Errorf("codes: %s %v", got, err)
	}
	hash, err := inner.HashHex(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := w.client.TransactionDetail(hash)
	if err != nil || tx.Successful {
		t.Errorf("the inner one: %+v %v", tx, err)
	}
	page, err := w.client.Transactions(horizonclient.TransactionRequest{ForAccount: ana.Address()})
	if err != nil || len(page.Embedded.Records) != 1 {
		t.Errorf("successful ones: %+v %v", page.Embedded.Records, err)
	}
	page, err = w.client.Transactions(horizonclient.TransactionRequest{ForAccount: ana.Address(), IncludeFailed: true})
	if err != nil || len(page.Embedded.Records) != 2 {
		t.Errorf("all: %+v %v", page.Embedded.Records, err)
	}
	ops, err := w.client.Operations(horizonclient.OperationRequest{ForTransaction: hash})
	if err != nil || len(ops.Embedded.Records) != 2 {
		t.Errorf("operations of a failed one: %+v %v", ops.Embedded.Records, err)
	}
	l, err := w.client.LedgerDetail(uint32(tx.Ledger))
	if err != nil || l.SuccessfulTransactionCount != 0 || *l.FailedTransactionCount != 1 || l.OperationCount != 0 || *l.TxSetOperationCount != 2 {
		t.Errorf("ledger: %+v %v", l, err)
	}
}

func TestTimeout(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{SubmitTimeout: time.Millisecond})
	ana := w.account()
	tx := w.sign([]txnbuild.Operation{pay(ana.Address(), "1")}, ana)
	_, err := w.client.SubmitTransaction(tx)
	known := horizonclient.GetError(err)
	hash, hashErr := tx.HashHex(passphrase)
	if hashErr != nil {
		t.Fatal(hashErr)
	}
	if known == nil || known.Problem.Status != http.StatusGatewayTimeout || known.Problem.Extras["hash"] != hash {
		t.Fatalf("answer: %v", err)
	}
	if _, err := w.net.CloseLedger(); err != nil {
		t.Fatal(err)
	}
	if got, err := w.client.TransactionDetail(hash); err != nil || !got.Successful {
		t.Errorf("after the ledger: %+v %v", got, err)
	}
}

// TestAnswerIsLost: the connection breaks, and the transaction lands.
func TestAnswerIsLost(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	ana := w.account()
	w.net.SetFaults(devnet.Faults{LoseNext: 1})
	tx := w.sign([]txnbuild.Operation{pay(ana.Address(), "1")}, ana)
	if _, err := w.client.SubmitTransaction(tx); err == nil || horizonclient.GetError(err) != nil {
		t.Errorf("an answer: %v", err)
	}
	if _, err := w.net.CloseLedger(); err != nil {
		t.Fatal(err)
	}
	if again := w.land(tx); !again.Successful {
		t.Errorf("again: %+v", again)
	}
}

func TestAsync(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	ana := w.account()
	tx := w.sign([]txnbuild.Operation{pay(ana.Address(), "1")}, ana)
	text, err := tx.Base64()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		status int
		word   string
	}{{201, "PENDING"}, {409, "DUPLICATE"}, {400, "ERROR"}} {
		if want.word == "ERROR" {
			if _, err := w.net.CloseLedger(); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := w.server.Client().PostForm(w.server.URL+"/horizon/transactions_async", url.Values{"tx": {text}})
		if err != nil {
			t.Fatal(err)
		}
		var answer protocol.AsyncTransactionSubmissionResponse
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		hash, err := tx.HashHex(passphrase)
		if err != nil || resp.StatusCode != want.status || answer.TxStatus != want.word || answer.Hash != hash ||
			(want.word == "ERROR") != (answer.ErrorResultXDR != "") {
			t.Errorf("want %+v: %d %+v %v", want, resp.StatusCode, answer, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	for _, path := range []string{"/transactions", "/transactions_async"} {
		for _, text := range []string{"", "AAAA", "%%%", strings.Repeat("A", 4096)} {
			resp, err := w.server.Client().PostForm(w.server.URL+"/horizon"+path, url.Values{"tx": {text}})
			if err != nil {
				t.Fatal(err)
			}
			var p struct {
				Type   string
				Status int
				Extras struct {
					Envelope string `json:"envelope_xdr"`
				}
			}
			if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 400 || p.Status != 400 || !strings.HasSuffix(p.Type, "/transaction_malformed") || p.Extras.Envelope != text {
				t.Errorf("%s %q: %d %+v", path, text, resp.StatusCode, p)
			}
		}
		resp, err := w.server.Client().Post(w.server.URL+"/horizon"+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("JSON: %d", resp.StatusCode)
		}
	}
}
