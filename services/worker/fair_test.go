package worker_test

import (
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/signer"
)

// One app floods a service that has one channel; another app's payment is funded at its turn, with the flood still waiting.
func TestAFloodLeavesTheChannelToOthers(t *testing.T) {
	w := newFixture(t, plan{channels: 1})
	w.apps = append(w.apps, w.openApp(), w.openApp())
	var flood []relay.Payment
	for range 80 {
		flood = append(flood, w.open(w.apps[0], nil))
	}
	w.round(1)
	quiet := []relay.Payment{w.open(w.apps[1], nil), w.open(w.apps[2], nil)}
	for _, p := range quiet {
		w.until(p.ID, relay.Pending)
	}
	waits := 0
	for _, p := range flood {
		if w.payment(p.ID).State == relay.Created {
			waits++
		}
	}
	if waits < 80-3*17 {
		t.Errorf("%d of 80 wait still: the others waited for %d batches", waits, (80-waits)/17)
	}
	for _, p := range flood {
		w.until(p.ID, relay.Pending)
	}
	carried := map[string]int{}
	for _, p := range flood {
		carried[w.payment(p.ID).Funding]++
	}
	if len(carried) != 5 { // of 17, and what is left
		t.Errorf("80 payments went in %d batches: %v", len(carried), carried)
	}
}

// A payment that the signer never allows ends alone: its batch goes on without it, in the same round.
func TestOneRefusedHoldsUpNoOther(t *testing.T) {
	w := newFixture(t, plan{policy: signer.Policy{Limits: signer.Limits{MaxPayment: 30 * relay.One}}})
	var good []relay.Payment
	var bad []relay.Payment
	for i := range 12 {
		if i%4 == 1 {
			bad = append(bad, w.open(w.apps[0], func(p *relay.Payment) { p.Amount = 31 * relay.One }))
			continue
		}
		good = append(good, w.open(w.apps[0], nil))
	}
	w.work(relay.DoFund)
	for _, p := range good {
		if got := w.payment(p.ID); got.State != relay.Funding || got.Funding != w.payment(good[0].ID).Funding {
			t.Errorf("%s\n%s", got.State, w.story(p.ID))
		}
	}
	for _, p := range bad {
		w.is(p.ID, relay.Failed, relay.Refused)
	}
}
