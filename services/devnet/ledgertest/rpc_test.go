package ledgertest_test

import (
	"net/http"
	"testing"

	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/rpc"
	"github.com/restante/restante/services/devnet"
)

func TestRPC(t *testing.T) {
	serve := func(n *devnet.Network) http.Handler { return n.Handler() }
	relaytest.Ledger(t, func(t *testing.T) (relaytest.Truth, desk.Ledger) {
		tr := Open(t, serve)
		c, err := rpc.Dial(t.Context(), access.Config{URL: tr.URL, Passphrase: Passphrase})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return tr, &access.Port{Source: c, Sponsor: relaytest.LedgerAccount("sponsor"), MaxBid: relaytest.MostBid}
	})
}
