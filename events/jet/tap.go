package jet

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
)

// backlog is how many events may wait for one subscriber before the oldest are let go.
const backlog = 64

// Filter chooses events; an empty field chooses all.
type Filter struct {
	App     relay.AppID
	Payment relay.PaymentID
	Type    string // e.g. "payment.pending"
}

func (f Filter) fits(e events.Event, payment string) bool {
	return (f.App == "" || f.App == e.App) && (f.Payment == "" || string(f.Payment) == payment) && (f.Type == "" || f.Type == e.Type)
}

// PublishEvent announces e. A repeat with the same id within two minutes is dropped by the bus. It returns nil when the bus
// has it.
func (b *Bus) PublishEvent(ctx context.Context, e events.Event) error {
	text, err := e.Encode()
	if err != nil {
		return err
	}
	p, err := e.Payment()
	if err != nil {
		return err
	}
	if !token(string(e.App)) || !token(p.ID) {
		return fmt.Errorf("jet: app %q or payment %q cannot be part of a subject", e.App, p.ID)
	}
	subject := eventPrefix + string(e.App) + "." + p.ID + "." + strings.TrimPrefix(e.Type, "payment.")
	if _, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: text}, jetstream.WithMsgID(e.ID), jetstream.WithExpectStream(eventStream)); err != nil {
		return fmt.Errorf("jet: publish event: %w", err)
	}
	return nil
}

func token(s string) bool { return s != "" && !strings.ContainsAny(s, ".*> \t\r\n\x00") }

// SubscribeEvents calls fn for each event that fits and is published from now on, one at a time and in the order of the
// stream, until ctx ends or cancel is called. It is live when SubscribeEvents returns, so: subscribe first, then read the
// payment, then wait. cancel returns when fn runs no more; fn must not call it.
//
// A subscriber that is slow loses its oldest events, and one that is cut off from a cluster may miss some: an event says
// "look again", and a long poll looks again at its end anyway.
func (b *Bus) SubscribeEvents(ctx context.Context, f Filter, fn func(events.Event)) (cancel func()) {
	return b.tap.subscribe(ctx, f, fn)
}

// Watch returns a channel that receives a value soon after an event of the payment was published, until stop is called. One
// value may stand for several events. It is live when Watch returns.
func (b *Bus) Watch(id relay.PaymentID) (rings <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	stop = b.tap.subscribe(context.Background(), Filter{Payment: id}, func(events.Event) {
		select {
		case ch <- struct{}{}:
		default: // one is waiting already
		}
	})
	return ch, stop
}

// tap reads the stream of events once for the whole process and hands them to the subscribers: a long poll costs one
// goroutine here and nothing at the server.
type tap struct {
	reading jetstream.ConsumeContext
	log     *slog.Logger

	mu   sync.Mutex
	subs map[*subscriber]struct{}
}

type subscriber struct {
	filter Filter
	queue  chan events.Event
}

func newTap(ctx context.Context, js jetstream.JetStream, log *slog.Logger) (*tap, error) {
	t := &tap{log: log, subs: map[*subscriber]struct{}{}}
	consumer, err := js.OrderedConsumer(ctx, eventStream, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	if err != nil {
		return nil, fmt.Errorf("listen to events: %w", err)
	}
	t.reading, err = consumer.Consume(func(m jetstream.Msg) { t.hear(m.Data()) },
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { log.Warn("bus events", "cause", err) }))
	if err != nil {
		return nil, fmt.Errorf("listen to events: %w", err)
	}
	return t, nil
}

func (t *tap) stop() {
	t.reading.Stop()
	<-t.reading.Closed()
}

func (t *tap) hear(text []byte) {
	e, err := events.Decode(text)
	if err != nil {
		t.log.Warn("bus carries what is no event", "cause", err) // e.g. of a newer version, while versions are mixed
		return
	}
	p, err := e.Payment()
	if err != nil {
		return // Decode has read it already
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range t.subs {
		if s.filter.fits(e, p.ID) {
			s.put(e)
		}
	}
}

// put never blocks. Only the tap puts, so there is room after one was taken out.
func (s *subscriber) put(e events.Event) {
	for {
		select {
		case s.queue <- e:
			return
		default:
		}
		select {
		case <-s.queue:
		default:
		}
	}
}

func (t *tap) subscribe(ctx context.Context, f Filter, fn func(events.Event)) func() {
	s := &subscriber{filter: f, queue: make(chan events.Event, backlog)}
	ctx, cancel := context.WithCancel(ctx)
	t.mu.Lock()
	t.subs[s] = struct{}{}
	t.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			t.mu.Lock()
			delete(t.subs, s)
			t.mu.Unlock()
		}()
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-s.queue:
				if ctx.Err() != nil {
					return
				}
				fn(e)
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
