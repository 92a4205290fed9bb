package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/restante/restante/events"
	"github.com/restante/restante/events/jet"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/boot"
)

// consumers is how many doorbells are answered at a time.
const consumers = 4

// checks are what readiness asks.
func (h *house) checks() boot.Checks {
	return boot.Checks{Logger: h.log, List: []boot.Check{
		{Name: "database", Look: h.store.Ping},
		{Name: "bus", Look: h.bus.Ready},
		{Name: "ledger", Look: func(ctx context.Context) error { _, err := h.port.Head(ctx); return err }},
		{Name: "settled", Look: func(context.Context) error {
			if !h.settled.Load() {
				return errors.New("accounts and the development app are being made")
			}
			return nil
		}},
		{Name: "halted", Look: func(ctx context.Context) error {
			why, err := h.desk.Halted(ctx)
			if err == nil && why != "" {
				err = fmt.Errorf("everything that moves money is stopped: %s", why)
			}
			return err
		}},
	}}
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
