package api_test

import (
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

func TestTreasuryOfAnAsset(t *testing.T) {
	w := newFixture(t)
	usd, gate := w.ledger.issue("USD", 0), w.ledger.issue("GATE", xdr.AccountFlagsAuthRequiredFlag)
	var tr wire.Treasury
	w.as(w.key).do("GET", "/v1/treasury?asset="+usd, nil).want(200).into(&tr)
	if (tr != wire.Treasury{Address: w.app.Treasury, Asset: usd, Available: "0", Locked: "0"}) {
		t.Errorf("%+v", tr)
	}
	in := ana
	in.Asset = usd
	w.refuses("before it has a trustline", func() answer { return w.as(w.key).do("POST", "/v1/payments", in) }, 409, "return_to_no_trustline")
	lines := w.signed()
	w.ledger.deaf = 1 // the first time it is handed in, it is lost
	w.as(w.key).do("POST", "/v1/treasury/trust", wire.TrustRequest{Asset: usd}).want(200).into(&tr)
	if !tr.Trustline || tr.Asset != usd || w.signed() != lines+1 || len(w.ledger.inbox) != 2 || string(w.ledger.inbox[0]) != string(w.ledger.inbox[1]) {
		t.Errorf("%+v, %d lines, handed in %d times", tr, w.signed()-lines, len(w.ledger.inbox))
	}
	w.unchanged("again", func() { w.as(w.key).do("POST", "/v1/treasury/trust", wire.TrustRequest{Asset: usd}).want(200) })
	w.refuses("before it has any", func() answer { return w.as(w.key).do("POST", "/v1/payments", in) }, 402, "treasury_empty")
	w.ledger.trust(w.app.Treasury, usd, 30*relay.One, 30*relay.One)
	w.send(in)
	w.refuses("twice", func() answer { return w.as(w.key).do("POST", "/v1/payments", in) }, 402, "treasury_empty")
	w.as(w.key).do("GET", "/v1/treasury?asset="+usd, nil).want(200).into(&tr)
	if tr.Available != "5" {
		t.Errorf("%+v", tr)
	}
	w.as(w.key).do("GET", "/v1/treasury", nil).want(200).into(&tr) // each asset is counted by itself
	if tr.Available != "999" {
		t.Errorf("%+v", tr)
	}
	for query, code := range map[string]string{"?asset=USD": "asset_malformed", "?asset=USD:G" + strings.Repeat("A", 55): "asset_malformed", "?assets=native": "query_unknown"} {
		w.refuses(query, func() answer { return w.as(w.key).do("GET", "/v1/treasury"+query, nil) }, 400, code)
	}
	trust := func(asset string) func() answer {
		return func() answer { return w.as(w.key).do("POST", "/v1/treasury/trust", wire.TrustRequest{Asset: asset}) }
	}
	for asset, code := range map[string]string{"native": "asset_malformed", "USD": "asset_malformed", "": "required", "USD:G" + strings.Repeat("A", 55): "asset_malformed"} {
		w.refuses("trust in "+asset, trust(asset), 400, code, "/asset")
	}
	w.refuses("an issuer that is not there", trust("USD:"+keypair.MustRandom().Address()), 409, "asset_unknown")
	w.refuses("an asset behind a gate", trust(gate), 409, "asset_needs_authorisation")
	eur := w.ledger.issue("EUR", 0)
	w.ledger.fail(true)
	w.refuses("no ledger", trust(eur), 503, "ledger_unavailable")
	w.ledger.fail(false)
	w.ledger.remove(w.app.Treasury)
	w.refuses("no treasury", trust(eur), 409, "return_to_missing")
}

// A server that stops does not wait for the ledger.
func TestTrustEndsWithTheServer(t *testing.T) {
	w := newFixture(t)
	usd := w.ledger.issue("USD", 0)
	w.ledger.deaf = 1000
	close(w.closing)
	w.as(w.key).do("POST", "/v1/treasury/trust", wire.TrustRequest{Asset: usd}).refused(503, "ledger_unavailable")
}
