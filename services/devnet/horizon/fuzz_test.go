package horizon_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// FuzzGet asks for anything: the answer is JSON of the kind that its status promises, and never a server's error.
func FuzzGet(f *testing.F) {
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := n.Close(); err != nil {
			f.Error(err)
		}
	})
	ana := keypair.Master("ana").Address()
	if _, err := n.Fund(f.Context(), ana); err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][2]string{
		{"", ""}, {"accounts", "signer=" + ana}, {"accounts/" + ana, ""}, {"accounts/" + ana + "/transactions", "cursor=now&order=desc"},
		{"accounts/" + ana + "/data/%2F%00", ""}, {"accounts", "asset=X:" + ana + "&cursor=%ff"}, {"ledgers", "cursor=9223372036854775807"},
		{"ledgers", "cursor=9223372036854775807&order=desc&limit=200"}, {"ledgers/4294967295", ""}, {"operations/9223372036854775807", ""},
		{"payments", "join=transactions&include_failed=true"}, {"transactions", "cursor=1-1"}, {"fee_stats", ""}, {"transactions/00/operations", ""},
		{"claimable_balances", "cursor=5-" + strings.Repeat("0", 72)}, {"claimable_balances/BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU", ""},
		{"../..", ""}, {"accounts//", "limit=1&limit=x"}, {"friendbot", "addr="},
	} {
		f.Add(seed[0], seed[1])
	}
	h := horizon.New(n, horizon.Config{})
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: "/" + path, RawQuery: query}
		if u, err := url.Parse("/" + path); err == nil && u.Host == "" {
			r.URL.Path, r.URL.RawPath = u.Path, u.RawPath
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect: // to the clean path
		case w.Code >= 500:
			t.Errorf("status %d: %s", w.Code, w.Body)
		case !json.Valid(w.Body.Bytes()) && w.Header().Get("Content-Type") != "application/octet-stream":
			t.Errorf("no JSON: %d %s", w.Code, w.Body)
		case (w.Code == http.StatusOK) != strings.HasPrefix(w.Header().Get("Content-Type"), "application/hal+json"):
			t.Errorf("status %d with %s", w.Code, w.Header().Get("Content-Type"))
		}
	})
}

// FuzzSubmit hands in anything: never a success, and never a server's error.
func FuzzSubmit(f *testing.F) {
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := n.Close(); err != nil {
			f.Error(err)
		}
	})
	h := horizon.New(n, horizon.Config{SubmitTimeout: 1})
	for _, seed := range []string{"tx=AAAA", "tx=", "tx=AAAAAgAAAAA%3D", "%", "tx=" + strings.Repeat("AAAA", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/transactions", "/transactions_async"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusBadRequest && w.Code != http.StatusGatewayTimeout || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	})
}
