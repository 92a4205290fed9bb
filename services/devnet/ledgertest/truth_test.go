// Package ledgertest_test is the truth behind the adapters of desk.Ledger in their tests: a network of services/devnet, served
// over loopback by whatever protocol the adapter speaks, through a handler that answers wrongly when a test asks for it.
//
// Start at Open.
package ledgertest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/services/devnet"
)

// Passphrase of every network that Open makes, but for the foreign ones.
const Passphrase = "Restante ledger suite ; private"

// retention is short, so that the suite can outlive it.
const retention = 120

// Truth implements relaytest.Truth.
type Truth struct {
	URL     string // where the protocol is served
	Network *devnet.Network

	serve   func(*devnet.Network) http.Handler
	path    string
	handler relaytest.ModeHandler
	funded  []string
}

var _ relaytest.Truth = (*Truth)(nil)

// Open starts a network that closes ledgers on demand, and serves it. All ends with the test.
func Open(t *testing.T, serve func(*devnet.Network) http.Handler) *Truth {
	t.Helper()
	tr := &Truth{serve: serve, path: filepath.Join(t.TempDir(), "devnet.db")}
	tr.Network = network(t, Passphrase, tr.path)
	tr.handler.Honest = serve(tr.Network)
	server := httptest.NewServer(&tr.handler)
	t.Cleanup(server.Close)
	tr.URL = server.URL
	return tr
}

func network(t *testing.T, passphrase, path string) *devnet.Network {
	t.Helper()
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase, Path: path, Retention: retention})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// Passphrase is that of the network.
func (tr *Truth) Passphrase() string { return Passphrase }

// Retention is how many ledgers can be asked for.
func (tr *Truth) Retention() uint32 { return retention }

// Fund makes the account.
func (tr *Truth) Fund(t *testing.T, account string) {
	t.Helper()
	fund(t, tr.Network, account)
	tr.funded = append(tr.funded, account)
}

func fund(t *testing.T, n *devnet.Network, account string) {
	t.Helper()
	if _, err := n.Fund(t.Context(), account); err != nil {
		t.Fatal(err)
	}
}

// Close closes a ledger.
func (tr *Truth) Close(t *testing.T) uint32 {
	t.Helper()
	seq, err := tr.Network.CloseLedger()
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// CloseWith closes a ledger with exactly these envelopes, in this order.
func (tr *Truth) CloseWith(t *testing.T, envelopes ...string) uint32 {
	t.Helper()
	seq, err := tr.Network.CloseWith(envelopes...)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// Advance moves later close times ahead.
func (tr *Truth) Advance(_ *testing.T, seconds int64) {
	tr.Network.AdvanceClock(time.Duration(seconds) * time.Second)
}

// Hang makes the source answer nothing.
func (tr *Truth) Hang(_ *testing.T, arrived func()) { tr.handler.Hang(arrived) }

// Mix mixes frozen answers with honest ones.
func (tr *Truth) Mix(_ *testing.T, lags func(request int) bool) { tr.handler.Mix(lags) }

// SetMode sets how the source answers.
func (tr *Truth) SetMode(t *testing.T, m relaytest.Mode) {
	t.Helper()
	switch m {
	case relaytest.Frozen:
		tr.handler.Set(m, tr.serve(tr.copied(t)))
	case relaytest.Foreign:
		tr.handler.Set(m, tr.serve(tr.foreign(t)))
	default:
		tr.handler.Set(m, nil)
	}
}

// copied opens what is on disk now as a network of its own: a server that does not go on.
func (tr *Truth) copied(t *testing.T) *devnet.Network {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(tr.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return network(t, Passphrase, to)
}

// foreign is another network with the same accounts, further on.
func (tr *Truth) foreign(t *testing.T) *devnet.Network {
	t.Helper()
	other := network(t, Passphrase+", the other one", "")
	for _, account := range tr.funded {
		fund(t, other, account)
	}
	for mine := tr.Close(t); ; {
		seq, err := other.CloseLedger()
		if err != nil {
			t.Fatal(err)
		}
		if seq > mine {
			return other
		}
	}
}
