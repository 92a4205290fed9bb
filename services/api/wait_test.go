package api_test

import (
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// later asks in the background, and returns once the API watches.
func later(w *fixture, c caller, path string) <-chan answer {
	w.Helper()
	w.bell.mu.Lock()
	watched := make(chan struct{})
	w.bell.watched = watched
	w.bell.mu.Unlock()
	out := make(chan answer, 1)
	go func() { out <- c.do("GET", path, nil) }()
	<-watched
	return out
}

func TestWaitAnswersWhenTheStateChanges(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	var got wire.Payment
	a := later(w, w.as(w.key), "/v1/payments/"+p.ID+"?wait=60s")
	w.fund(p.ID)
	w.bell.ring()
	(<-a).want(200).into(&got)
	if got.State == "created" {
		t.Errorf("%+v", got)
	}
	// Without a bell it polls.
	var v wire.ClaimView
	a = later(w, w.holder(link), "/v1/claims/"+p.ID+"?wait=60s&state_not=pending")
	if _, err := w.desk.Apply(t.Context(), relay.PaymentID(p.ID), relay.CancelAsked{}); err != nil {
		t.Fatal(err)
	}
	(<-a).want(200).into(&v)
	if v.State != "returning" {
		t.Errorf("%+v", v)
	}
	// What has changed already is answered at once, and so is what has ended.
	w.as(w.key).do("GET", "/v1/payments/"+p.ID+"?wait=60s&state_not=pending", nil).want(200)
	if err := w.desk.Sighted(t.Context(), relay.Sighting{Hash: hash("rung" + p.ID), Tx: hash("home"), Ledger: 1001, Success: true, Paid: w.whole(p.ID)}); err != nil {
		t.Fatal(err)
	}
	w.as(w.key).do("GET", "/v1/payments/"+p.ID+"?wait=60s", nil).want(200)
	w.as(w.key).do("GET", "/v1/payments/"+p.ID+"?wait=60s&state_not=returned", nil).want(200)
}

func TestWaitEnds(t *testing.T) {
	w := newFixture(t)
	p, _ := w.send(ana)
	path := "/v1/payments/" + p.ID
	var got wire.Payment
	w.unchanged("waiting", func() { w.as(w.key).do("GET", path+"?wait=10ms", nil).want(200).into(&got) })
	if got.State != "created" {
		t.Errorf("%+v", got)
	}
	w.as(w.key).do("GET", path+"?wait=0s", nil).want(200)
	for query, code := range map[string]string{
		"?wait=61s": "wait_malformed", "?wait=-1s": "wait_malformed", "?wait=soon": "wait_malformed", "?wait=30": "wait_malformed",
		"?wait=1s&state_not=gone": "state_unknown", "?waiting=1s": "query_unknown",
	} {
		w.as(w.key).do("GET", path+query, nil).refused(400, code)
	}
	a := later(w, w.as(w.key), path+"?wait=60s")
	close(w.closing)
	select {
	case got := <-a:
		got.want(200)
	case <-time.After(30 * time.Second): // half of what it would wait
		t.Fatal("a server that stops keeps its callers")
	}
}
