package api_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/wire"
)

// An app asks for the reserves that claims of its payments left in new accounts; the payment and the sums say what is out.
func TestReclaim(t *testing.T) {
	w := newFixture(t)
	p, _ := w.send(ana)
	id := relay.PaymentID(p.ID)
	for _, in := range []relay.Input{
		relay.FundingSigned{Hash: "f", Holding: keypair.MustRandom().Address(), Bound: 5}, relay.FundingLanded{Hash: "f", Tx: "f", Ledger: 5},
		relay.ClaimSubmitted{Hash: "c", Destination: keypair.MustRandom().Address(), At: w.ledger.head()},
		relay.ClaimLanded{Hash: "c", Tx: hash("c"), Ledger: 9, Destination: keypair.MustRandom().Address(), NewAccount: true, Arrived: 25 * relay.One},
	} {
		if _, err := w.desk.Apply(t.Context(), id, in); err != nil {
			t.Fatal(err)
		}
	}
	given := func(want string) {
		t.Helper()
		var p wire.Payment
		w.as(w.key).do("GET", "/v1/payments/"+string(id), nil).want(200).into(&p)
		var l wire.Limits
		w.as(w.key).do("GET", "/v1/limits", nil).want(200).into(&l)
		if p.Cost.ReserveGiven != want || l.ReservesGiven != want {
			t.Errorf("%s and %s are out, not %s", p.Cost.ReserveGiven, l.ReservesGiven, want)
		}
	}
	given("1")
	yes := true
	for _, c := range []struct {
		in   wire.ReclaimRequest
		want wire.Reclaiming
	}{{wire.ReclaimRequest{}, wire.Reclaiming{Asked: 1}}, {wire.ReclaimRequest{Always: &yes}, wire.Reclaiming{Asked: 1, Always: true}}, {wire.ReclaimRequest{}, wire.Reclaiming{Asked: 1, Always: true}}} {
		var got wire.Reclaiming
		if w.as(w.key).do("POST", "/v1/reserves/reclaim", c.in).want(202).into(&got); got != c.want {
			t.Errorf("%+v, not %+v", got, c.want)
		}
	}
	var a wire.App
	if w.as(w.key).do("GET", "/v1/app", nil).want(200).into(&a); !a.Reclaim {
		t.Error("the app's choice is not kept")
	}
	rows, err := relaytest.WorkOf(t.Context(), w.store, id)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, row := range rows {
		if row.Kind == relay.DoReclaim {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("asked for in %d rows", asked)
	}
	if _, err := w.desk.Apply(t.Context(), id, relay.ReservesBack{}); err != nil {
		t.Fatal(err)
	}
	given("0")
	w.refuses("no key", func() answer { return w.anonymous().do("POST", "/v1/reserves/reclaim", wire.ReclaimRequest{}) }, 401, "key_missing")
	w.refuses("a word more", func() answer { return w.as(w.key).do("POST", "/v1/reserves/reclaim", `{"all":true}`) }, 400, "unknown_field")
}
