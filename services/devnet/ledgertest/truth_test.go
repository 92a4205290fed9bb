// Package ledgertest_test is the truth behind the adapters of desk.Ledger in their tests: a network of services/devnet, served
// over loopback by whatever protocol the adapter speaks, through a door that spoils answers on request.
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

	serve  func(*devnet.Network) http.Handler
	path   string
	door   relaytest.Door
	funded []string
}

var _ relaytest.Truth = (*Truth)(nil)

// Open starts a network that closes ledgers on demand, and serves it. All ends with the test.
func Open(t *testing.T, serve func(*devnet.Network) http.Handler) *Truth {
	t.Helper()
	tr := &Truth{serve: serve, path: filepath.Join(t.TempDir(), "devnet.db")}
	tr.Network = network(t, Passphrase, tr.path)
	tr.door.Honest = serve(tr.Network)
	server := httptest.NewServer(&tr.door)
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
func (tr *Truth) Hang(_ *testing.T, arrived func()) { tr.door.Hang(arrived) }

// Tear mixes frozen answers with honest ones.
func (tr *Truth) Tear(_ *testing.T, lags func(question int) bool) { tr.door.Tear(lags) }

// Spoil sets how the source answers.
func (tr *Truth) Spoil(t *testing.T, m relaytest.Mood) {
	t.Helper()
	switch m {
	case relaytest.Frozen:
		tr.door.Set(m, tr.serve(tr.copied(t)))
	case relaytest.Foreign:
		tr.door.Set(m, tr.serve(tr.foreign(t)))
	default:
		tr.door.Set(m, nil)
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
