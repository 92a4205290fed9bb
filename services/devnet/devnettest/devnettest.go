// Package devnettest gives any Go test a private Stellar network, in milliseconds and with nothing installed:
//
//	func TestPayment(t *testing.T) {
//		net := devnettest.Start(t)
//		alice := net.Account() // 10000 lumens
//		client := rpcclient.NewClient(net.RPC, nil)
//		// build, sign with net.Passphrase, client.SendTransaction …
//		net.CloseLedger()
//		// client.GetTransaction …
//	}
//
// Promised: ledgers close only when the test says so, unless an option gives an interval; all is in memory, unless an option names a
// file; the network ends with the test, and no two share anything, so tests may run in parallel. What goes wrong in a helper ends the test
// with Fatalf. Faults are switched on with Net.SetFaults or over Control.
//
// The package does not import testing, so a program that is no test can use it too. Start at Start.
package devnettest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// TB is what is needed of testing.TB.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Passphrase is the network's, unless an option gives another.
const Passphrase = "restante-test-network"

// Network is a running private network.
type Network struct {
	Net        *devnet.Network
	RPC        string // URL of Stellar RPC; a second endpoint is at /second below it, the friendbot at /friendbot
	Horizon    string // URL of Horizon
	Control    string // URL of the control port
	Passphrase string

	tb   TB
	stop func()
}

// Option changes how a network starts.
type Option func(*devnet.Config)

// Interval has ledgers close by themselves, so often.
func Interval(d time.Duration) Option { return func(c *devnet.Config) { c.Interval = d } }

// WithPassphrase gives the network another passphrase; the public network's is refused.
func WithPassphrase(p string) Option { return func(c *devnet.Config) { c.Passphrase = p } }

// Protocol gives the ledger a protocol version other than the newest.
func Protocol(version uint32) Option { return func(c *devnet.Config) { c.Protocol = version } }

// File keeps the network in a file, and continues what is in it.
func File(path string) Option { return func(c *devnet.Config) { c.Path = path } }

// Start starts a network, which ends with the test.
func Start(tb TB, options ...Option) *Network {
	tb.Helper()
	cfg := devnet.Config{Passphrase: Passphrase}
	for _, o := range options {
		o(&cfg)
	}
	inner, err := devnet.Open(cfg)
	if err != nil {
		tb.Fatalf("devnettest: %v", err)
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/horizon/", http.StripPrefix("/horizon", inner.Unfriendly(horizon.New(inner, horizon.Config{}))))
	mux.Handle("/", inner.Handler())
	port, control := httptest.NewServer(mux), httptest.NewServer(inner.Control())
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- inner.Run(ctx) }()
	n := &Network{Net: inner, RPC: port.URL, Horizon: port.URL + "/horizon", Control: control.URL, Passphrase: cfg.Passphrase, tb: tb}
	n.stop = func() {
		cancel()
		runErr := <-ran
		closeErr := inner.Close() // first, so that streams end
		port.Close()
		control.Close()
		if runErr != nil || closeErr != nil {
			tb.Fatalf("devnettest: %v, %v", runErr, closeErr)
		}
	}
	tb.Cleanup(n.Close)
	return n
}

// Close ends the network before the test does. A second call does nothing.
func (n *Network) Close() {
	if n.stop != nil {
		stop := n.stop
		n.stop = nil
		stop()
	}
}

// Fund creates an account with 10000 lumens, and returns when it is in a closed ledger.
func (n *Network) Fund(address string) {
	n.tb.Helper()
	if _, err := n.Net.Fund(context.Background(), address); err != nil {
		n.tb.Fatalf("devnettest: fund %s: %v", address, err)
	}
}

// Account is a new account with 10000 lumens.
func (n *Network) Account() *keypair.Full {
	n.tb.Helper()
	kp, err := keypair.Random()
	if err != nil {
		n.tb.Fatalf("devnettest: %v", err)
		return nil
	}
	n.Fund(kp.Address())
	return kp
}

// CloseLedger closes one ledger with what waits, and returns its number.
func (n *Network) CloseLedger() uint32 {
	n.tb.Helper()
	seq, err := n.Net.CloseLedger()
	if err != nil {
		n.tb.Fatalf("devnettest: close a ledger: %v", err)
	}
	return seq
}

// CloseWith closes one ledger with exactly these envelopes (base64 XDR), applied in this order.
func (n *Network) CloseWith(envelopes ...string) uint32 {
	n.tb.Helper()
	seq, err := n.Net.CloseWith(envelopes...)
	if err != nil {
		n.tb.Fatalf("devnettest: close a ledger: %v", err)
	}
	return seq
}
