package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

func TestIdempotencyKey(t *testing.T) {
	w := newFixture(t)
	c := w.as(w.key).with("Idempotency-Key", "order 7")
	var first, again wire.Payment
	c.do("POST", "/v1/payments", ana).want(201).into(&first)
	w.tick(40 * 24 * time.Hour)
	w.unchanged("a repeat", func() {
		// The same request in another spelling.
		a := c.do("POST", "/v1/payments", "{\n \"amount\": \"25\", \"to\": \"Ana@Example.com\"}").want(201)
		if a.header.Get("Idempotency-Replayed") != "true" || a.header.Get("Location") != "/v1/payments/"+first.ID {
			t.Errorf("%v", a.header)
		}
		a.into(&again)
	})
	if again.ClaimLink != "" || w.openBox(again.ClaimLinkBox) != first.ClaimLink {
		t.Error("the repeat has no way to the link, or too short a way")
	}
	first.ClaimLink = ""
	if a, b := text(first), text(again); a != b {
		t.Errorf("first %s\nagain %s", a, b)
	}
	other := ana
	other.Amount = "26"
	w.unchanged("another body", func() { c.do("POST", "/v1/payments", other).refused(422, "idempotency_mismatch") })
	w.unchanged("an empty key", func() {
		w.as(w.key).with("Idempotency-Key", "").do("POST", "/v1/payments", ana).refused(400, "idempotency_key_malformed")
	})
	w.unchanged("a long key", func() {
		w.as(w.key).with("Idempotency-Key", strings.Repeat("k", 256)).do("POST", "/v1/payments", ana).refused(400, "idempotency_key_malformed")
	})
	// Another app's keys are its own.
	var b wire.App
	w.as(w.admin).do("POST", "/v1/apps", wire.AppRequest{Name: "Bmce", Recipient: w.identity.Recipient().String()}).want(201).into(&b)
	w.ledger.pay(b.Treasury, 100*relay.One)
	w.as(b.Key.Text).with("Idempotency-Key", "order 7").do("POST", "/v1/payments", other).want(201)
}

func text(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func TestIdempotencyKeyInFlight(t *testing.T) {
	w := newFixture(t)
	c := w.as(w.key).with("Idempotency-Key", "k")
	c.do("POST", "/v1/payments", ana).want(201)
	var row desk.Answered
	err := w.store.UpdateMany(t.Context(), nil, func(tx desk.Tx, _ []relay.Payment) (err error) {
		if row, err = tx.Recall(relay.AppID(w.app.ID), "k"); err != nil {
			return err
		}
		row.Until = relay.At(w.now) + desk.AnswerLease // as a request that is being worked on
		return tx.Remember(row)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.unchanged("a second request at the same time", func() { c.do("POST", "/v1/payments", ana).refused(409, "idempotency_in_flight") })
}

// The process is killed with a key in flight, and started again on the same database: the first retry is accepted.
func TestIdempotencyKeyOfAKilledProcess(t *testing.T) {
	w := newFixture(t)
	in := ana
	at := w.now.Add(48 * time.Hour)
	in.ExpiresAt = &at
	killed := desk.Desk{Store: w.store, Network: w.desk.Network, Now: w.desk.Now, Process: "killed"}
	c := w.as(w.key).with("Idempotency-Key", "k")
	c.do("POST", "/v1/payments", in).want(201)
	row, _, err := killed.Begin(t.Context(), desk.Answered{App: relay.AppID(w.app.ID), Key: "k2", Body: w.bodyOf("k")})
	if err != nil {
		t.Fatal(err)
	}
	c = w.as(w.key).with("Idempotency-Key", "k2")
	w.unchanged("while it may live", func() { c.do("POST", "/v1/payments", in).refused(409, "idempotency_in_flight") })
	if err := w.desk.Alone(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.do("POST", "/v1/payments", in).want(201)
	if killed.Renew(t.Context(), row) == nil {
		t.Error("the killed process has its key still")
	}
}

// bodyOf is the hash under which a request was remembered.
func (w *fixture) bodyOf(key string) string {
	w.Helper()
	var row desk.Answered
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) {
		row, err = tx.Recall(relay.AppID(w.app.ID), key)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return row.Body
}

func TestExpiredRequestStillGetsItsFirstAnswer(t *testing.T) {
	w := newFixture(t)
	in := ana
	at := w.now.Add(2 * time.Hour)
	in.ExpiresAt = &at
	c := w.as(w.key).with("Idempotency-Key", "k")
	c.do("POST", "/v1/payments", in).want(201)
	w.tick(3 * time.Hour)
	w.unchanged("a late repeat", func() { c.do("POST", "/v1/payments", in).want(201) })
	w.as(w.key).with("Idempotency-Key", "l").do("POST", "/v1/payments", in).refused(400, "expiry_out_of_range", "/expires_at")
}

func TestRefusedForFundsCanBeTriedAgainUnderItsKey(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Amount = "2000"
	c := w.as(w.key).with("Idempotency-Key", "k")
	c.do("POST", "/v1/payments", in).refused(402, "treasury_empty")
	w.ledger.pay(w.app.Treasury, 2000*relay.One)
	c.do("POST", "/v1/payments", in).want(201)

	c = w.as(w.key).with("Idempotency-Key", "mended")
	in.Amount = "100000" // the signer's limit for one payment
	c.do("POST", "/v1/payments", in).refused(402, "treasury_empty")
	c.do("POST", "/v1/payments", ana).want(201)
}

func TestKeyIsFreeAgainWhenTheLedgerWasAway(t *testing.T) {
	w := newFixture(t)
	c := w.as(w.key).with("Idempotency-Key", "k")
	w.ledger.fail(true)
	c.do("POST", "/v1/payments", ana).refused(503, "ledger_unavailable")
	w.ledger.fail(false)
	c.do("POST", "/v1/payments", ana).want(201)
}

// A commit whose answer is lost is found again by the same key: no payment is made twice.
func TestLostCommitIsFoundByItsKey(t *testing.T) {
	w := newFixture(t)
	w.desk.Store = &forgetful{Store: w.store}
	c := w.as(w.key).with("Idempotency-Key", "k")
	c.do("POST", "/v1/payments", ana).refused(500, "internal")
	w.desk.Store = w.store
	var p wire.Payment
	c.do("POST", "/v1/payments", ana).want(201).into(&p)
	if p.ClaimLink != "" || p.ClaimLinkBox == "" {
		t.Errorf("a second payment: %+v", p)
	}
	var list wire.PaymentList
	w.as(w.key).do("GET", "/v1/payments", nil).want(200).into(&list)
	if len(list.Data) != 1 {
		t.Errorf("%d payments", len(list.Data))
	}
}

// forgetful commits, and loses the answer of the commit that made a payment.
type forgetful struct {
	desk.Store
	n int
}

func (f *forgetful) UpdateMany(ctx context.Context, ids []relay.PaymentID, fn func(desk.Tx, []relay.Payment) error) error {
	err := f.Store.UpdateMany(ctx, ids, fn)
	if f.n++; f.n == 2 && err == nil { // the first claims the key, the second creates
		return errors.New("connection lost")
	}
	return err
}

func TestOneKeyManyAtOnce(t *testing.T) {
	w := newFixture(t)
	c := w.as(w.key).with("Idempotency-Key", "k")
	answers := make(chan answer, 8)
	for range cap(answers) {
		go func() { answers <- c.do("POST", "/v1/payments", ana) }()
	}
	made := 0
	for range cap(answers) {
		switch a := <-answers; {
		case a.status == 201 && a.header.Get("Idempotency-Replayed") == "":
			made++
		case a.status == 201:
		default:
			a.refused(409, "idempotency_in_flight")
		}
	}
	var list wire.PaymentList
	w.as(w.key).do("GET", "/v1/payments", nil).want(200).into(&list)
	if made != 1 || len(list.Data) != 1 {
		t.Errorf("%d made, %d there", made, len(list.Data))
	}
}
