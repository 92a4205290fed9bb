package worker_test

import (
	"context"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// flickering shows a balance only every second time that it is asked for.
type flickering struct {
	desk.Ledger
	on   bool
	n    int
	lies int
}

func (f *flickering) Balance(ctx context.Context, id string) (relay.BalanceFacts, error) {
	if f.n++; f.on && f.n%2 == 0 {
		f.lies++
		return relay.BalanceFacts{}, nil
	}
	return f.Ledger.Balance(ctx, id)
}

// Looks that find nothing count only one after the other: a source that lags now and then ends no work for a balance that is there.
func TestABalanceThatFlickers(t *testing.T) {
	d, f := &door{}, &flickering{}
	pl := d.through(plan{})
	inner := pl.ledger
	pl.ledger = func(l desk.Ledger) desk.Ledger { f.Ledger = inner(l); return f }
	m := newAssetFixture(t, credit, pl)
	p := m.ripened()
	m.lineless()
	p = m.left(p)
	d.submit, f.on = dropped, true // the network is busy: nothing is taken
	for range 400 {
		if m.round(1); f.lies > 45 {
			break
		}
	}
	if got := m.payment(p.ID).Collected; got != "" || f.lies <= 45 {
		t.Fatalf("not shown %d times, never twice in a row: collected %q", f.lies, got)
	}
	d.submit, f.on = nil, false
	m.round(80)
	if m.payment(p.ID).Collected == "" || m.units(m.home) != p.Amount {
		t.Errorf("collected %q, the treasury has %s of %s", m.payment(p.ID).Collected, m.units(m.home), p.Amount)
	}
}
