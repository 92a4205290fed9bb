package ledgertest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/horizon"
	"github.com/restante/restante/services/devnet"
	server "github.com/restante/restante/services/devnet/horizon"
)

func serve(n *devnet.Network) http.Handler { return server.New(n, server.Config{}) }

func dial(t *testing.T, url string) (*horizon.Client, *access.Port) {
	t.Helper()
	c, err := horizon.Dial(t.Context(), access.Config{URL: url, Passphrase: Passphrase})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, &access.Port{Source: c, Sponsor: relaytest.LedgerAccount("sponsor"), MaxBid: relaytest.MostBid}
}

func TestHorizon(t *testing.T) {
	relaytest.Ledger(t, func(t *testing.T) (relaytest.Truth, desk.Ledger) {
		tr := Open(t, serve)
		_, port := dial(t, tr.URL)
		return tr, port
	})
}

// Older servers say only with accounts how far they have come.
func TestHorizonThatSaysLess(t *testing.T) {
	relaytest.Ledger(t, func(t *testing.T) (relaytest.Truth, desk.Ledger) {
		tr := Open(t, func(n *devnet.Network) http.Handler {
			h := serve(n)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/accounts/") {
					h.ServeHTTP(w, r)
					return
				}
				h.ServeHTTP(silent{w}, r)
			})
		})
		_, port := dial(t, tr.URL)
		return tr, port
	})
}

// silent takes out how far an answer looked.
type silent struct{ http.ResponseWriter }

func (s silent) WriteHeader(status int) {
	s.Header().Del("Latest-Ledger")
	s.ResponseWriter.WriteHeader(status)
}
