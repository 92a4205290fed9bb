package jet

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/restante/restante/events"
)

const (
	mostUnanswered = 1024             // rings in the hands of all handlers of all processes
	pullTime       = 30 * time.Second // how long one question for a ring stays open
	panicPause     = 10 * time.Second // before a ring whose handler panicked comes again
	answerTime     = 5 * time.Second  // for an acknowledgment, also when we are stopping
)

// Consume hands rings to handler, at most workers at a time, until ctx ends; then it waits for the running handlers and
// returns nil. Processes that consume share the rings. It fails only when the consumer cannot be made.
//
// A ring comes again when its handler panicked, when its process died, or when an acknowledgment was lost: handlers are
// idempotent. A handler may take its time, since it is reported alive while it runs; its ctx ends with ctx.
func (b *Bus) Consume(ctx context.Context, handler func(context.Context, events.Ring) events.Outcome, workers int) error {
	consumer, err := b.consumer(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("jet: consumer: %w", err)
	}
	var running sync.WaitGroup
	for range max(workers, 1) {
		running.Go(func() { b.work(ctx, consumer, handler) })
	}
	running.Wait()
	return nil
}

func (b *Bus) consumer(ctx context.Context) (jetstream.Consumer, error) {
	return b.js.CreateOrUpdateConsumer(ctx, workStream, jetstream.ConsumerConfig{
		Durable:       workDurable,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       b.ackWait,
		MaxDeliver:    -1, // the row counts attempts, not the bus
		MaxAckPending: mostUnanswered,
	})
}

// work asks for one ring at a time: a ring that waits behind a slow handler in our memory could be answered by another
// process instead.
func (b *Bus) work(ctx context.Context, consumer jetstream.Consumer, handler func(context.Context, events.Ring) events.Outcome) {
	failing := false
	for ctx.Err() == nil {
		msg, err := next(ctx, consumer)
		switch {
		case ctx.Err() != nil:
			return // a ring that came this very moment comes again to another consumer
		case errors.Is(err, nats.ErrTimeout):
			continue
		case err != nil:
			if !failing {
				b.log.Warn("bus gives no rings; the sweep goes on without it", "cause", err)
			}
			failing = true
			pause(ctx, time.Second)
			if b.shape(ctx) == nil { // stream or consumer may be gone
				if again, err := b.consumer(ctx); err == nil {
					consumer = again
				}
			}
			continue
		}
		failing = false
		ring, err := events.DecodeRing(msg.Data())
		if err != nil {
			b.answer(ctx, msg, events.Drop("not a ring"))
			continue
		}
		b.answer(ctx, msg, b.handle(ctx, msg, ring, handler))
	}
}

func next(ctx context.Context, consumer jetstream.Consumer) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, pullTime)
	defer cancel()
	msg, err := consumer.Next(jetstream.FetchContext(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		err = nats.ErrTimeout
	}
	return msg, err
}

// handle runs handler, tells the bus that it is alive meanwhile, and makes a panic an outcome.
func (b *Bus) handle(ctx context.Context, msg jetstream.Msg, ring events.Ring, handler func(context.Context, events.Ring) events.Outcome) (out events.Outcome) {
	alive, stop := context.WithCancel(ctx)
	var beat sync.WaitGroup
	beat.Go(func() {
		tick := time.NewTicker(b.ackWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-alive.Done():
				return
			case <-tick.C:
				_ = msg.InProgress() // when it is lost, the ring may come twice
			}
		}
	})
	defer func() {
		stop()
		beat.Wait()
		if p := recover(); p != nil {
			b.log.Error("handler panicked", "work", ring.Work, "kind", ring.Kind, "panic", p, "stack", string(debug.Stack()))
			out = events.RetryAfter(panicPause)
		}
	}()
	return handler(ctx, ring)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
