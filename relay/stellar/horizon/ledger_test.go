package horizon_test

import (
	"net/http"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/relaytest/ledgertest"
	"github.com/restante/restante/relay/stellar/horizon"
	"github.com/restante/restante/services/devnet"
	server "github.com/restante/restante/services/devnet/horizon"
)

func TestLedger(t *testing.T) {
	serve := func(n *devnet.Network) http.Handler { return server.New(n, server.Config{}) }
	relaytest.Ledger(t, func(t *testing.T) (relaytest.Truth, relay.Ledger) {
		tr := ledgertest.Open(t, serve)
		c, err := horizon.Dial(t.Context(), horizon.Config{URL: tr.URL, Passphrase: ledgertest.Passphrase})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return tr, &horizon.Port{Client: c, Sponsor: relaytest.LedgerAccount("sponsor"), MaxBid: relaytest.MostBid}
	})
}
