package rpc_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/stellar/rpc"
	"github.com/restante/restante/services/devnet"
)

const retention = 120

// truth is a network of services/devnet behind a door that spoils.
type truth struct {
	*devnet.Network
	path   string
	door   relaytest.Door
	funded []string
}

func handler(n *devnet.Network) http.Handler { return n.Handler() }

func openTruth(t *testing.T, passphrase, path string) *truth {
	t.Helper()
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase, Path: path, Retention: retention})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return &truth{Network: n, path: path, door: relaytest.Door{Honest: handler(n)}}
}

func (tr *truth) Passphrase() string { return passphrase }
func (tr *truth) Retention() uint32  { return retention }

func (tr *truth) Fund(t *testing.T, account string) {
	t.Helper()
	if _, err := tr.Network.Fund(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	tr.funded = append(tr.funded, account)
}

func (tr *truth) Close(t *testing.T) uint32 {
	t.Helper()
	seq, err := tr.CloseLedger()
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func (tr *truth) CloseWith(t *testing.T, envelopes ...string) uint32 {
	t.Helper()
	seq, err := tr.Network.CloseWith(envelopes...)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func (tr *truth) Advance(_ *testing.T, seconds int64) {
	tr.AdvanceClock(time.Duration(seconds) * time.Second)
}

func (tr *truth) Hang(_ *testing.T, arrived func()) { tr.door.Hang(arrived) }

func (tr *truth) Spoil(t *testing.T, m relaytest.Mood) {
	t.Helper()
	switch m {
	case relaytest.Frozen, relaytest.Torn, relaytest.TornOther:
		tr.door.Set(m, handler(tr.copy(t)))
	case relaytest.Foreign:
		tr.door.Set(m, handler(tr.foreign(t)))
	default:
		tr.door.Set(m, nil)
	}
}

// copy opens what is on disk now as a network of its own: a server that does not go on.
func (tr *truth) copy(t *testing.T) *devnet.Network {
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
	return openTruth(t, passphrase, to).Network
}

// foreign is another network with the same accounts, one ledger further on.
func (tr *truth) foreign(t *testing.T) *devnet.Network {
	t.Helper()
	other := openTruth(t, passphrase+", the other one", "")
	for _, account := range tr.funded {
		other.Fund(t, account)
	}
	for mine := tr.Close(t); other.Close(t) <= mine; {
	}
	return other.Network
}

func TestLedger(t *testing.T) {
	relaytest.Ledger(t, func(t *testing.T) (relaytest.Truth, relay.Ledger) {
		tr := openTruth(t, passphrase, filepath.Join(t.TempDir(), "devnet.db"))
		h := httptest.NewServer(&tr.door)
		t.Cleanup(h.Close)
		c, err := rpc.Dial(t.Context(), rpc.Config{URL: h.URL, Passphrase: passphrase})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return tr, &rpc.Port{Client: c, Sponsor: relaytest.LedgerAccount("sponsor"), MaxBid: relaytest.MostBid}
	})
}
