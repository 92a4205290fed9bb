package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// The network refuses to touch the holding account (CAP-77): the payment is parked and says so; when it is thawed the money
// goes home by itself.
func TestFrozen(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.ripe()
	account := xdr.MustAddress(p.Holding)
	one, err := account.LedgerKey()
	if err != nil {
		t.Fatal(err)
	}
	key := []xdr.LedgerKey{one}
	if err := w.net.Freeze(key, nil); err != nil {
		t.Fatal(err)
	}
	w.close(1)
	w.apply(p.ID, relay.CancelAsked{})
	w.until(p.ID, relay.Parked)
	w.is(p.ID, relay.Parked, relay.Frozen)
	w.wantHas("the holding account", p.Holding, p.Amount)
	if err := w.net.Freeze(nil, key); err != nil {
		t.Fatal(err)
	}
	w.close(1)
	w.until(p.ID, relay.Returned)
	w.is(p.ID, relay.Returned, relay.ByCancel)
	w.wantHas("the treasury", w.apps[0].Treasury, full)
}
