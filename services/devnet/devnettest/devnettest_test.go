package devnettest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/horizonclient"
	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/devnettest"
)

// TestPayment is the example of the package's comment.
func TestPayment(t *testing.T) {
	t.Parallel()
	net := devnettest.Start(t)
	alice, bob := net.Account(), net.Account()
	client := rpcclient.NewClient(net.RPC, nil)
	text := payment(t, net, alice, bob)
	sent, err := client.SendTransaction(context.Background(), protocol.SendTransactionRequest{Transaction: text})
	if err != nil || sent.Status != "PENDING" {
		t.Fatalf("%+v %v", sent, err)
	}
	net.CloseLedger()
	got, err := client.GetTransaction(context.Background(), protocol.GetTransactionRequest{Hash: sent.Hash})
	if err != nil || got.Status != "SUCCESS" {
		t.Errorf("%+v %v", got, err)
	}
	horizon := &horizonclient.Client{HorizonURL: net.Horizon + "/"}
	if there, err := horizon.AccountDetail(horizonclient.AccountRequest{AccountID: bob.Address()}); err != nil || there.Balances[0].Balance != "10001.0000000" {
		t.Errorf("on Horizon: %+v %v", there.Balances, err)
	}
	res, err := http.Post(net.Control+"/close", "", nil)
	if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		t.Errorf("control: %v %v", res, err)
	}
}

// payment is a signed payment of one lumen.
func payment(t *testing.T, net *devnettest.Network, from, to *keypair.Full) string {
	t.Helper()
	source, err := rpcclient.NewClient(net.RPC, nil).LoadAccount(context.Background(), from.Address())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: source, IncrementSequenceNum: true, BaseFee: 100,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewTimeout(300)},
		Operations:    []txnbuild.Operation{&txnbuild.Payment{Destination: to.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}}})
	if err == nil {
		tx, err = tx.Sign(net.Passphrase, from)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := tx.Base64()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestTimeoutOfHorizon: a submission is answered 504 at once, and done.
func TestTimeoutOfHorizon(t *testing.T) {
	t.Parallel()
	net := devnettest.Start(t)
	alice, bob := net.Account(), net.Account()
	text := payment(t, net, alice, bob)
	if err := net.Net.SetFaults(devnet.Faults{TimedOut: 1}); err != nil {
		t.Fatal(err)
	}
	res, err := http.PostForm(net.Horizon+"/transactions", url.Values{"tx": {text}})
	if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusGatewayTimeout || net.Net.Waiting() != 1 {
		t.Errorf("%v %v, %d wait", res, err, net.Net.Waiting())
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "devnet.db")
	net := devnettest.Start(t, devnettest.Interval(5*time.Millisecond), devnettest.WithPassphrase("another"), devnettest.Protocol(22), devnettest.File(path))
	net.Account() // in a ledger that closed by itself
	client := rpcclient.NewClient(net.RPC, nil)
	info, err := client.GetNetwork(context.Background())
	if err != nil || info.Passphrase != "another" || info.ProtocolVersion != 22 {
		t.Errorf("%+v %v", info, err)
	}
	net.Close()
	net.Close()
	again := devnettest.Start(t, devnettest.WithPassphrase("another"), devnettest.File(path))
	if seq := again.CloseLedger(); seq < 4 {
		t.Errorf("begins anew at %d", seq)
	}
}

// sham stands for a test that should fail.
type sham struct {
	testing.TB
	told []string
}

func (s *sham) Fatalf(format string, args ...any) {
	s.told = append(s.told, fmt.Sprintf(format, args...))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := &sham{TB: t}
	if devnettest.Start(s, devnettest.WithPassphrase("Public Global Stellar Network ; September 2015")) != nil {
		t.Error("started the public network")
	}
	net := devnettest.Start(s)
	net.Fund("GABC")
	net.CloseWith("AAAA")
	if len(s.told) != 3 || !strings.Contains(s.told[0], "public") {
		t.Errorf("told: %q", s.told)
	}
}

// BenchmarkStart is what a network costs a test.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		devnettest.Start(b).Close()
	}
}
