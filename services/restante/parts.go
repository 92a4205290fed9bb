package main

import (
	"context"
	"errors"
	"time"

	"github.com/restante/restante/events"
	"github.com/restante/restante/events/jet"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/boot"
)

// consumers is how many doorbells are answered at a time.
const consumers = 4

// watchHealth adds what readiness asks once everything is open. Each part of the house may add checks of its own where it is
// opened; a cause is the public text of a fault.
func (h *house) watchHealth() {
	h.health.Add(
		boot.Check{Name: "database", Look: h.store.Ping},
		boot.Check{Name: "bus", Look: h.bus.Ready},
		boot.Check{Name: "ledger", Look: h.ledgerAnswers},
		boot.Check{Name: "halted", Look: func(ctx context.Context) error {
			why, err := h.desk.Halted(ctx)
			if err == nil && why.Why != "" {
				err = relay.NewFault(relay.Unavailable, "halted", "Everything that moves money is stopped until a person has looked; it is about "+why.Hash+", and the log says why.", errors.New(why.Why))
			}
			return err
		}},
	)
}

// ledgerAnswers says whether the ledger answers, and if not, which host it is.
func (h *house) ledgerAnswers(ctx context.Context) error {
	_, err := h.port.Head(ctx)
	if err != nil {
		err = relay.NewFault(relay.Unavailable, "ledger_unavailable", "The ledger at "+h.ledgerHost()+" does not answer.", err)
	}
	return err
}

// listenToBells answers doorbells for as long as there is a bus to hear them from. A bus that fails stops nobody: the
// sweeper finds the same rows.
func (h *house) listenToBells(ctx context.Context) error {
	for {
		err := h.bus.Consume(ctx, h.rung, consumers)
		if ctx.Err() != nil {
			return nil
		}
		h.log.Warn("the bus does not ring; only the sweeper finds work now", "err", err)
		if pauseFor(ctx, 5*time.Second) != nil {
			return nil
		}
	}
}

// rung answers a doorbell: do the row, if it is still there to be done.
func (h *house) rung(ctx context.Context, r events.Ring) events.Outcome {
	if err := h.worker.Ring(ctx, r.Work, r.Kind); err != nil {
		return events.RetryAfter(time.Second)
	}
	return events.Done()
}

// ringer tells whoever waits for a payment that something happened to it.
type ringer struct{ bus *jet.Bus }

// Watch implements api.Bus.
func (r ringer) Watch(id relay.PaymentID) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	cancel := r.bus.SubscribeEvents(context.Background(), jet.Filter{Payment: id}, func(events.Event) {
		select {
		case c <- struct{}{}:
		default:
		}
	})
	return c, cancel
}

// parts is everything that runs. The order is that of starting; they stop in the reverse order.
func (h *house) parts() []boot.Part {
	var all []boot.Part
	if h.net != nil {
		all = append(all, boot.PartOf("ledger", h.net.Run))
	}
	return append(all,
		boot.PartOf("signer", h.signer.Run),
		h.pump,
		boot.PartOf("consumer", h.listenToBells),
		boot.PartOf("sweeper", h.worker.Sweep),
		boot.PartOf("watcher", h.worker.Watch),
	)
}
