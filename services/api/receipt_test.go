package api_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

func TestReceipt(t *testing.T) {
	w := newFixture(t)
	p, _ := w.send(ana)
	path := "/v1/payments/" + p.ID + "/receipt"
	w.unchanged("too early", func() { w.as(w.key).do("GET", path, nil).refused(409, "not_ready") })
	holding := w.fund(p.ID)
	var r wire.Receipt
	w.unchanged("looking", func() { w.as(w.key).do("GET", path, nil).want(200).into(&r) })
	box, err := base64.StdEncoding.Strict().DecodeString(r.Box)
	if err != nil || string(box) != "box of "+p.ID {
		t.Errorf("box %q, %v", box, err)
	}
	if r.Format != "restante-receipt-1" || r.Payment != p.ID || r.Network != passphrase || r.HoldingAccount != holding.Address() || r.Amount != "25" ||
		r.Asset != "native" || r.ReturnTo != p.ReturnTo || !strings.Contains(r.Explanation, p.ReturnTo) {
		t.Errorf("%+v", r)
	}
	var seen wire.Payment
	w.as(w.key).do("GET", "/v1/payments/"+p.ID, nil).want(200).into(&seen)
	if seen.NotBeforeLedger == nil || *seen.NotBeforeLedger != r.NotBeforeLedger {
		t.Errorf("from ledger %d on, the payment says %v", r.NotBeforeLedger, seen.NotBeforeLedger)
	}
	if want := (wire.ReceiptRung{Rung: 2, Hash: hash("rung" + p.ID), Envelope: base64.StdEncoding.EncodeToString([]byte("rung"))}); len(r.Ladder) != 1 || r.Ladder[0] != want {
		t.Errorf("%+v", r.Ladder)
	}
	w.unchanged("a parameter", func() { w.as(w.key).do("GET", path+"?x=1", nil).refused(400, "query_unknown") })

	// A rung that was used up is none.
	err = w.desk.Sighted(w.Context(), relay.Sighting{Hash: hash("rung" + p.ID), Tx: hash("spent"), Ledger: w.ledger.head().Sequence})
	if err != nil {
		t.Fatal(err)
	}
	w.as(w.key).do("GET", path, nil).want(200).into(&r)
	if len(r.Ladder) != 0 {
		t.Errorf("a spent rung is a way home: %+v", r.Ladder)
	}
}

func TestReceiptEndsWithThePayment(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	holding := w.fund(p.ID)
	path := "/v1/payments/" + p.ID + "/receipt"
	v := w.claim(link, holding, keypair.MustRandom())
	if v.State != string(relay.Claiming) {
		t.Fatalf("%+v", v)
	}
	w.as(w.key).do("GET", path, nil).want(200) // it may still not land
	canceled, _ := w.send(ana)
	w.as(w.key).do("POST", "/v1/payments/"+canceled.ID+"/cancel", nil).want(200)
	w.unchanged("after the end", func() {
		w.as(w.key).do("GET", "/v1/payments/"+canceled.ID+"/receipt", nil).refused(409, "already_ended")
	})
}
