package jet

import (
	"testing"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
)

func announcement(t *testing.T, work int64, app relay.AppID, id relay.PaymentID, s relay.State) events.Event {
	t.Helper()
	e, err := events.OfPayment(work, string(s), relay.Micros(work), relay.Payment{
		ID: id, App: app, State: s, To: relay.Handle{Kind: "email", Value: "ana@example.com"}, Amount: relay.One, Asset: "native", Policy: relay.Guarded,
	})
	check(t, err)
	return e
}

func TestSubscribersHearWhatFitsInOrder(t *testing.T) {
	bus := startIn(t, t.TempDir())
	listen := func(f Filter) chan string {
		ch := make(chan string, 100)
		t.Cleanup(bus.SubscribeEvents(t.Context(), f, func(e events.Event) { ch <- e.ID }))
		return ch
	}
	all, one, kind := listen(Filter{}), listen(Filter{Payment: "pay_b"}), listen(Filter{App: "app_a", Type: "payment.claimed"})
	sent := []events.Event{
		announcement(t, 1, "app_a", "pay_a", relay.Pending),
		announcement(t, 2, "app_b", "pay_b", relay.Claimed),
		announcement(t, 3, "app_a", "pay_a", relay.Claimed),
		announcement(t, 4, "app_b", "pay_b", relay.Settled),
	}
	for _, e := range sent {
		check(t, bus.PublishEvent(within(t), e))
		check(t, bus.PublishEvent(within(t), e)) // a handler that ran twice
	}
	for name, c := range map[string]struct {
		ch   chan string
		want []events.Event
	}{"all": {all, sent}, "of a payment": {one, []events.Event{sent[1], sent[3]}}, "of a kind": {kind, sent[2:3]}} {
		for _, want := range c.want {
			if got := receive(t, within(t), c.ch); got != want.ID {
				t.Fatalf("%s: heard %s, want %s", name, got, want.ID)
			}
		}
		if len(c.ch) != 0 {
			t.Errorf("%s: heard more than was to be heard", name)
		}
	}
}

func TestSlowSubscriberLosesTheOldestAndStopsNoOther(t *testing.T) {
	bus := startIn(t, t.TempDir())
	entered, leave := make(chan struct{}), make(chan struct{})
	var heard []string
	first := true
	last := make(chan struct{})
	const sent = backlog + 40
	final := announcement(t, sent, "app_a", "pay_a", relay.Pending).ID
	cancel := bus.SubscribeEvents(t.Context(), Filter{App: "app_a"}, func(e events.Event) {
		if first {
			first = false
			close(entered)
			<-leave
		}
		if heard = append(heard, e.ID); e.ID == final {
			close(last)
		}
	})
	quick := make(chan string, 2*sent)
	defer bus.SubscribeEvents(t.Context(), Filter{}, func(e events.Event) { quick <- e.ID })()
	for i := range sent {
		check(t, bus.PublishEvent(within(t), announcement(t, int64(i+1), "app_a", "pay_a", relay.Pending)))
		if i == 0 {
			receive(t, within(t), entered)
		}
	}
	for ctx := within(t); receive(t, ctx, quick) != final; { // by now the slow one's queue has seen them all
	}
	check(t, bus.PublishEvent(within(t), announcement(t, sent+1, "app_b", "pay_b", relay.Pending)))
	receive(t, within(t), quick)
	close(leave)
	receive(t, within(t), last)
	cancel()
	if len(heard) != 1+backlog {
		t.Errorf("heard %d, want the first and the newest %d", len(heard), backlog)
	}
}

func TestCanceledSubscriberHearsNothing(t *testing.T) {
	bus := startIn(t, t.TempDir())
	heard := 0
	cancel := bus.SubscribeEvents(t.Context(), Filter{}, func(events.Event) { heard++ })
	cancel()
	cancel()
	other := make(chan string, 1)
	defer bus.SubscribeEvents(t.Context(), Filter{}, func(e events.Event) { other <- e.ID })()
	check(t, bus.PublishEvent(within(t), announcement(t, 1, "app_a", "pay_a", relay.Pending)))
	receive(t, within(t), other)
	if heard != 0 {
		t.Errorf("heard %d", heard)
	}
}

func TestOnlyEventsAndGoodSubjectsAreTaken(t *testing.T) {
	bus := startIn(t, t.TempDir())
	if err := bus.PublishEvent(within(t), events.Event{}); err == nil {
		t.Error("took what is no event")
	}
	for _, app := range []relay.AppID{"a.b", "*", ">", "a b"} {
		if err := bus.PublishEvent(within(t), announcement(t, 1, app, "pay_a", relay.Pending)); err == nil {
			t.Errorf("took app %q", app)
		}
	}
	for _, id := range []relay.PaymentID{"", "a.b", ">"} {
		if err := bus.PublishEvent(within(t), announcement(t, 1, "app_a", id, relay.Pending)); err == nil {
			t.Errorf("took payment %q", id)
		}
	}
	heard := make(chan string, 1)
	defer bus.SubscribeEvents(t.Context(), Filter{}, func(e events.Event) { heard <- e.ID })()
	if _, err := bus.js.Publish(within(t), eventPrefix+"app_a.pay_a.pending", []byte("from a newer version")); err != nil {
		t.Fatal(err)
	}
	e := announcement(t, 1, "app_a", "pay_a", relay.Pending)
	check(t, bus.PublishEvent(within(t), e))
	if got := receive(t, within(t), heard); got != e.ID {
		t.Errorf("heard %s", got)
	}
}

func TestWatchRingsForOnePaymentAndNeverBlocks(t *testing.T) {
	bus := startIn(t, t.TempDir())
	rings, stop := bus.Watch("pay_a")
	all := make(chan string, 10)
	defer bus.SubscribeEvents(t.Context(), Filter{}, func(e events.Event) { all <- e.ID })()
	check(t, bus.PublishEvent(within(t), announcement(t, 1, "app_a", "pay_b", relay.Pending)))
	receive(t, within(t), all)
	select {
	case <-rings:
		t.Fatal("rang for another payment")
	default:
	}
	for i := range 5 {
		check(t, bus.PublishEvent(within(t), announcement(t, int64(10+i), "app_a", "pay_a", relay.Pending)))
	}
	receive(t, within(t), rings)
	stop()
}
