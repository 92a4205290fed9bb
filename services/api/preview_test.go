package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

func TestPreview(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Reference, in.ExpiresIn = "order-7", "12h"
	c := w.as(w.key).with("Idempotency-Key", "k")
	var v wire.Preview
	w.unchanged("a preview", func() { c.do("POST", "/v1/payments/preview", in).want(200).into(&v) })
	if head := w.ledger.head().Sequence; !v.Accepted || v.Refusal != nil || v.To != "email:ana@example.com" || v.Amount != "25" ||
		v.ReturnTo != w.app.Treasury || v.Custody != "sender_and_recipient" || !strings.Contains(v.CustodyText, "both the link and her inbox") ||
		!v.ExpiresAt.Equal(w.now.Add(12*time.Hour).Truncate(time.Microsecond)) || v.Ledger != head || v.NotBeforeLedger != head+13 {
		t.Errorf("%+v", v)
	}
	if want := (wire.PreviewCost{Payer: "service", FeeFunding: "0.00004", FeeClaim: "0.00005", FeeReturn: "0.00005", ReserveLocked: "1", ReserveNewAccount: "1", Purse: "0"}); v.Cost != want {
		t.Errorf("%+v", v.Cost)
	}
	// The key is free for the payment itself, and the preview says what it is then.
	var p wire.Payment
	c.do("POST", "/v1/payments", in).want(201).into(&p)
	if p.To != v.To || !p.ExpiresAt.Equal(v.ExpiresAt) || p.Custody != v.Custody || p.ReturnTo != v.ReturnTo {
		t.Errorf("%+v, %+v", p, v)
	}
	if strings.Contains(w.logs.String(), "ana@") {
		t.Error("the log shows a handle")
	}
}

// A preview says what the request would get: the same refusal, in the answer, or the same problem.
func TestPreviewRefuses(t *testing.T) {
	w := newFixture(t)
	taken := ana
	taken.Reference = "order-7"
	w.send(taken)
	much := ana
	much.Amount = "980"
	for _, in := range []wire.PaymentRequest{taken, much} {
		var v wire.Preview
		w.unchanged("a preview", func() { w.as(w.key).do("POST", "/v1/payments/preview", in).want(200).into(&v) })
		if v.Accepted || v.Refusal == nil || v.Refusal.Detail == "" {
			t.Fatalf("%+v", v)
		}
		status := map[string]int{"reference_taken": 409, "treasury_empty": 402}[v.Refusal.Code]
		w.as(w.key).do("POST", "/v1/payments", in).refused(status, v.Refusal.Code)
	}
	var v wire.Preview
	w.ledger.remove(w.app.Treasury)
	w.as(w.key).do("POST", "/v1/payments/preview", ana).want(200).into(&v)
	if v.Refusal == nil || v.Refusal.Code != "return_to_missing" {
		t.Errorf("%+v", v.Refusal)
	}
	for body, code := range map[string]string{
		`{"to":"ana","amount":"25"}`: "handle_malformed", `{"to":"ana@example.com","amount":"0"}`: "amount_zero", `{"amount":"1"}`: "required",
		`{"to":"ana@example.com","amount":"1","expires_in":"5m"}`: "expiry_out_of_range", `{"to":"ana@example.com","amount":"1","dry":true}`: "unknown_field",
	} {
		w.as(w.key).do("POST", "/v1/payments/preview", body).refused(400, code)
		w.as(w.key).do("POST", "/v1/payments", body).refused(400, code)
	}
	w.anonymous().do("POST", "/v1/payments/preview", ana).refused(401, "key_missing")
	w.ledger.fail(true)
	w.as(w.key).do("POST", "/v1/payments/preview", ana).refused(503, "ledger_unavailable")
}

// A client that makes its own link may ask with it, and hears of an id that is taken.
func TestPreviewOfAClientsLink(t *testing.T) {
	w := newFixture(t)
	in := ana
	p, _ := w.send(ana)
	in.ID, in.Policy = p.ID, "link"
	in.Link = &wire.LinkHalf{AuthHash: hash("auth"), ClaimRecipient: w.identity.Recipient().String()}
	var v wire.Preview
	w.as(w.key).do("POST", "/v1/payments/preview", in).want(200).into(&v)
	if v.Accepted || v.Refusal.Code != "id_taken" || v.Custody != "bearer" {
		t.Errorf("%+v", v)
	}
	in.ID = string(relay.NewPaymentID(relay.At(w.now)))
	w.as(w.key).do("POST", "/v1/payments/preview", in).want(200).into(&v)
	if !v.Accepted {
		t.Errorf("%+v", v.Refusal)
	}
}
