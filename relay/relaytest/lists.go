package relaytest

import (
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// listed pages through a list and gives the ids.
func (b *fixture) listed(f desk.Filter) (ids []relay.PaymentID) {
	b.Helper()
	for {
		page, more, err := b.list(f)
		b.ok(err)
		if f.Limit > 0 && len(page) > f.Limit || more && len(page) == 0 {
			b.Fatalf("a page of %d has %d payments, more is %v", f.Limit, len(page), more)
		}
		for _, p := range page {
			if slices.Contains(ids, p.ID) {
				b.Fatalf("payment %s is on two pages", p.ID)
			}
			ids = append(ids, p.ID)
			f.After = p.ID
		}
		if !more {
			return ids
		}
	}
}

func (b *fixture) ids(ns ...int) (ids []relay.PaymentID) {
	for _, n := range ns {
		ids = append(ids, Payment(b.app.ID, n).ID)
	}
	return ids
}

func listPages(b *fixture) {
	other := App("other")
	b.update(func(tx desk.Tx) error { return tx.InsertApp(other) })
	twin := Payment(b.app.ID, 8) // of the same moment as the seventh: the id decides, and no page loses it
	twin.CreatedAt = Payment(b.app.ID, 7).CreatedAt
	late := Payment(b.app.ID, 0) // an id that sorts first need not be the oldest
	late.CreatedAt = Start + 1e9
	b.insert(Payment(b.app.ID, 5), Payment(b.app.ID, 6), Payment(b.app.ID, 7), twin, late, Payment(other.ID, 1))
	want := b.ids(0, 8, 7, 6, 5)
	for limit := 0; limit <= 6; limit++ {
		same(b, "list", b.listed(desk.Filter{App: b.app.ID, Limit: limit}), want, slices.Equal)
	}
	page, more, err := b.list(desk.Filter{App: b.app.ID, Limit: 5})
	b.ok(err)
	if len(page) != 5 || more {
		b.Errorf("a full page of all has %d payments, more is %v", len(page), more)
	}
	same(b, "first of the list", page[0], b.payment(late.ID), samePayment)
	_, _, err = b.list(desk.Filter{App: b.app.ID, After: Payment(other.ID, 1).ID})
	b.is(err, relay.ErrNotFound)
	if got := b.listed(desk.Filter{}); len(got) != 0 {
		b.Errorf("a list of no app has %v", got)
	}
}

func listFilters(b *fixture) {
	other := App("other")
	b.update(func(tx desk.Tx) error { return tx.InsertApp(other) })
	same1, theirs := Payment(b.app.ID, 3), Payment(other.ID, 1)
	same1.To = Payment(b.app.ID, 1).To
	b.insert(Payment(b.app.ID, 1), InState(Payment(b.app.ID, 2), relay.Pending), InState(same1, relay.Pending), theirs)
	for _, c := range []struct {
		filter desk.Filter
		want   []relay.PaymentID
	}{
		{desk.Filter{State: relay.Pending}, b.ids(3, 2)},
		{desk.Filter{State: relay.Settled}, nil},
		{desk.Filter{Reference: "order-1"}, b.ids(1)},
		{desk.Filter{To: "email:ana1@example.com"}, b.ids(3, 1)},
		{desk.Filter{To: "email:ana1@example.com", State: relay.Pending}, b.ids(3)},
		{desk.Filter{To: "email:ana1@example.com", State: relay.Pending, Reference: "order-1"}, nil},
		{desk.Filter{To: "ana1@example.com"}, nil}, // not canonical
		{desk.Filter{To: "email:ana_@example.com"}, nil},
		{desk.Filter{Reference: "order-_"}, nil},
	} {
		c.filter.App, c.filter.Limit = b.app.ID, 1
		same(b, "list", b.listed(c.filter), c.want, slices.Equal)
	}
	// A new handle is found, the old one is not.
	p := b.payment(b.ids(1)[0])
	p.To = relay.Handle{Kind: "email", Value: "eva@example.org"}
	b.update(func(tx desk.Tx) error { return tx.SavePayment(&p) })
	same(b, "list", b.listed(desk.Filter{App: b.app.ID, To: "email:eva@example.org"}), b.ids(1), slices.Equal)
	same(b, "list", b.listed(desk.Filter{App: b.app.ID, To: "email:ana1@example.com"}), b.ids(3), slices.Equal)
}

func holdingLists(b *fixture) {
	var holding []relay.PaymentID
	for i, x := range relay.States {
		p := b.insert(InState(Payment(b.app.ID, i+1), x.State))[0]
		if x.State.Holds() {
			holding = append(holding, p.ID)
		}
	}
	list := func(limit int, states ...relay.State) (ids []relay.PaymentID) {
		for after := relay.PaymentID(""); ; {
			ps, err := desk.Read(b.Context(), b, func(tx desk.Tx) ([]relay.Payment, error) { return tx.Holding(after, limit, states...) })
			b.ok(err)
			if len(ps) == 0 {
				return ids
			}
			if len(ps) > limit {
				b.Fatalf("a page of %d has %d payments", limit, len(ps))
			}
			for _, p := range ps {
				ids, after = append(ids, p.ID), p.ID
			}
		}
	}
	same(b, "payments that hold", list(2), holding, slices.Equal)
	same(b, "payments that hold", list(50), holding, slices.Equal)
	same(b, "pending and failed", list(1, relay.Failed, relay.Pending), b.ids(3, 9), slices.Equal)
}
