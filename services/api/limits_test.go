package api_test

import (
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/signer"
)

// What the signer would refuse is refused before it is accepted, with the limit told; nothing is written.
func TestRefusedBeyondTheLimits(t *testing.T) {
	w := newFixture(t)
	w.ledger.pay(w.app.Treasury, 5_000_000*relay.One)
	post := func(amount string) func() answer {
		in := ana
		in.Amount = amount
		return func() answer { return w.as(w.key).do("POST", "/v1/payments", in) }
	}
	said := func(a answer, words ...string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(string(a.body), word) {
				t.Errorf("%q is not told: %s", word, string(a.body))
			}
		}
	}
	w.refuses("one payment", post("100000.0000001"), 409, "payment_limit")
	said(post("100001")(), "100000")
	var v wire.Preview
	in := ana
	in.Amount = "100001"
	w.as(w.key).do("POST", "/v1/payments/preview", in).want(200).into(&v)
	if v.Accepted || v.Refusal == nil || v.Refusal.Code != "payment_limit" {
		t.Errorf("%+v", v)
	}
	for range 9 {
		post("100000")().want(201)
	}
	post("99999")().want(201)
	w.refuses("the day", post("2"), 409, "day_limit") // none of them is signed: they count all the same
	said(post("2")(), "1000000", "1 are left")
	post("1")().want(201)
}

// The sponsor has little: its share is the app's budget, and what was accepted and not signed yet counts.
func TestRefusedWhenTheBudgetIsEmpty(t *testing.T) {
	w := newFixture(t)
	w.ledger.change(w.payer, func(a *stellar.Account) { a.Balance = 9 * relay.One }) // 1 is its own reserve: the share is 2
	usd := w.ledger.issue("USD", 0)
	w.ledger.trust(w.app.Treasury, usd, 30*relay.One, 30*relay.One)
	credit := ana
	credit.Asset = usd
	w.as(w.key).do("POST", "/v1/payments", credit).want(201) // 1.56
	w.refuses("no room", func() answer { return w.as(w.key).do("POST", "/v1/payments", ana) }, 402, "budget_empty")
	refused := w.as(w.key).do("POST", "/v1/payments", ana)
	if !strings.Contains(string(refused.body), "0.44 left") {
		t.Errorf("what is left is not told: %s", string(refused.body))
	}
	w.refuses("a trustline more", func() answer {
		w.ledger.change(w.payer, func(a *stellar.Account) { a.Balance = 2 * relay.One })
		return w.as(w.key).do("POST", "/v1/treasury/trust", wire.TrustRequest{Asset: w.ledger.issue("EUR", 0)})
	}, 402, "budget_empty")
	w.ledger.change(w.payer, func(a *stellar.Account) { a.Balance = 100 * relay.One })
	w.as(w.key).do("POST", "/v1/payments", ana).want(201)

	var l wire.Limits
	w.as(w.key).do("GET", "/v1/limits?asset="+usd, nil).want(200).into(&l)
	want := wire.Limits{Asset: usd, MaxPayment: signer.DefaultMaxPayment.String(), MaxDay: signer.DefaultMaxDay.String(), DayLeft: signer.DefaultMaxDay.String(),
		Budget: "24.75", BudgetLeft: "24.75", BudgetLocked: "0", BudgetUsed: "0", ReservesGiven: "0"}
	if l != want {
		t.Errorf("%+v", l)
	}
	w.refuses("no such asset", func() answer { return w.as(w.key).do("GET", "/v1/limits?asset=USD", nil) }, 400, "asset_malformed")
	w.refuses("a word more", func() answer { return w.as(w.key).do("GET", "/v1/limits?of=USD", nil) }, 400, "query_unknown")
	w.refuses("no key", func() answer { return w.anonymous().do("GET", "/v1/limits", nil) }, 401, "key_missing")
}

// A signer that does not answer accepts nothing.
func TestNoLimitsNoPayment(t *testing.T) {
	w := newFixture(t)
	if err := w.signer.Close(); err != nil {
		t.Fatal(err)
	}
	w.refuses("a payment", func() answer { return w.as(w.key).do("POST", "/v1/payments", ana) }, 503, "closed")
	w.refuses("a preview", func() answer { return w.as(w.key).do("POST", "/v1/payments/preview", ana) }, 503, "closed")
	w.refuses("the limits", func() answer { return w.as(w.key).do("GET", "/v1/limits", nil) }, 503, "closed")
}
