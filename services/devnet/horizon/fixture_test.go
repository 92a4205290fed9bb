package horizon_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/horizonclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

const passphrase = "Restante Devnet ; 2026"

// often is between ledgers where a test needs them to close by themselves.
const often = 5 * time.Millisecond

// fixture is a network with the SDK's Horizon client in front of it.
type fixture struct {
	*testing.T
	net    *devnet.Network
	client *horizonclient.Client
	server *httptest.Server
}

func open(t *testing.T, net devnet.Config, cfg horizon.Config) *fixture {
	t.Helper()
	net.Passphrase = passphrase
	n, err := devnet.Open(net)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/horizon", horizon.New(n, cfg)))
	w := &fixture{T: t, net: n, server: server, client: &horizonclient.Client{HorizonURL: server.URL + "/horizon", HTTP: server.Client()}}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil { // streams end with it
			t.Error(err)
		}
		server.Close()
	})
	return w
}

func (w *fixture) account() *keypair.Full {
	w.Helper()
	kp := keypair.MustRandom()
	tx, err := w.client.Fund(kp.Address())
	if err != nil {
		w.Fatal(err)
	}
	if !tx.Successful || tx.OperationCount != 1 {
		w.Errorf("friendbot: %+v", tx)
	}
	return kp
}

func (w *fixture) load(address string) protocol.Account {
	w.Helper()
	a, err := w.client.AccountDetail(horizonclient.AccountRequest{AccountID: address})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// sign makes a transaction of the first key's account.
func (w *fixture) sign(ops []txnbuild.Operation, keys ...*keypair.Full) *txnbuild.Transaction {
	w.Helper()
	a := w.load(keys[0].Address())
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: &a, IncrementSequenceNum: true, Operations: ops,
		BaseFee: txnbuild.MinBaseFee, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	if err != nil {
		w.Fatal(err)
	}
	if tx, err = tx.Sign(passphrase, keys...); err != nil {
		w.Fatal(err)
	}
	return tx
}

func (w *fixture) do(ops []txnbuild.Operation, keys ...*keypair.Full) protocol.Transaction {
	w.Helper()
	return w.land(w.sign(ops, keys...))
}

func (w *fixture) land(tx *txnbuild.Transaction) protocol.Transaction {
	w.Helper()
	out, err := w.client.SubmitTransactionWithOptions(tx, horizonclient.SubmitTxOpts{SkipMemoRequiredCheck: true})
	if err != nil {
		w.Fatalf("%v %s", err, codes(err))
	}
	return out
}

func (w *fixture) bump(inner *txnbuild.Transaction, payer *keypair.Full) *txnbuild.FeeBumpTransaction {
	w.Helper()
	tx, err := txnbuild.NewFeeBumpTransaction(txnbuild.FeeBumpTransactionParams{Inner: inner, FeeAccount: payer.Address(), BaseFee: 300})
	if err != nil {
		w.Fatal(err)
	}
	if tx, err = tx.Sign(passphrase, payer); err != nil {
		w.Fatal(err)
	}
	return tx
}

// codes is the result codes of a refusal, as JSON.
func codes(err error) string {
	known := horizonclient.GetError(err)
	if known == nil {
		return ""
	}
	raw, _ := json.Marshal(known.Problem.Extras["result_codes"])
	return string(raw)
}

// get fetches a path of the server, with its status and body.
func (w *fixture) get(path string) (int, string) {
	w.Helper()
	resp, err := w.server.Client().Get(w.server.URL + "/horizon" + path)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func pay(to string, amount string) *txnbuild.Payment {
	return &txnbuild.Payment{Destination: to, Amount: amount, Asset: txnbuild.NativeAsset{}}
}
