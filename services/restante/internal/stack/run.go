package stack

import (
	"context"
	"errors"
	"time"

	"github.com/restante/restante/events"
	"github.com/restante/restante/events/jet"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/boot"
)

// consumers is how many rings of the bus are handled at a time.
const consumers = 4

// Run runs the parts until ctx ends or one of them fails, then closes everything.
func (s *Stack) Run(ctx context.Context) error {
	return errors.Join(boot.Run(ctx, s.log, 10*time.Second, s.parts()...), s.Close())
}

// consume handles the rings of the bus for as long as it runs. A bus that fails stops no work: the
// sweeper finds the same rows.
func (s *Stack) consume(ctx context.Context) error {
	for {
		err := s.bus.Consume(ctx, s.onRing, consumers)
		if ctx.Err() != nil {
			return nil
		}
		s.log.Warn("the bus does not ring; only the sweeper finds work now", "err", err)
		if boot.Pause(ctx, 5*time.Second) != nil {
			return nil
		}
	}
}

// onRing does the row that a ring names, if it is still to be done.
func (s *Stack) onRing(ctx context.Context, r events.Ring) events.Outcome {
	if err := s.worker.Ring(ctx, r.Work, r.Kind); err != nil {
		return events.RetryAfter(time.Second)
	}
	return events.Done()
}

// paymentEvents wakes the callers that wait for a payment when something happened to it.
type paymentEvents struct{ bus *jet.Bus }

// Watch implements api.Bus.
func (r paymentEvents) Watch(id relay.PaymentID) (<-chan struct{}, func()) {
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
func (s *Stack) parts() []boot.Part {
	var all []boot.Part
	if s.Devnet != nil {
		all = append(all, boot.PartOf("ledger", s.runLedger))
	}
	return append(all,
		boot.PartOf("signer", s.Signer.Run),
		s.pump,
		boot.PartOf("consumer", s.consume),
		boot.PartOf("sweeper", s.worker.Sweep),
		boot.PartOf("watcher", s.worker.Watch),
	)
}

// runLedger closes ledgers of the embedded network. One that could not be made durable is tried again: the disk may be full,
// and the rest goes on.
func (s *Stack) runLedger(ctx context.Context) error {
	for {
		err := s.Devnet.Run(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		s.log.Error("the embedded ledger closes no ledger; it is tried again", "err", err)
		if boot.Pause(ctx, quietFor) != nil {
			return nil
		}
	}
}
