package jet

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// outbox is a store that fails as asked: not at all, before it marks, or after it marked.
type outbox struct {
	mu        sync.Mutex
	rows      []desk.Work
	announced map[int64]int
	looks     int
	failLooks int // the first so many looks fail
	beforeErr error
	afterErr  error
	marked    chan []int64
}

func (o *outbox) Unannounced(_ context.Context, _ relay.Micros, limit int) ([]desk.Work, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.looks++; o.looks <= o.failLooks {
		return nil, errors.New("no database")
	}
	var out []desk.Work
	for _, w := range o.rows {
		if o.announced[w.ID] == 0 && len(out) < limit {
			out = append(out, w)
		}
	}
	return out, nil
}

func (o *outbox) Announced(_ context.Context, ids []int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.beforeErr != nil {
		return o.beforeErr
	}
	for _, id := range ids {
		if o.announced == nil {
			o.announced = map[int64]int{}
		}
		o.announced[id]++
	}
	if o.marked != nil {
		o.marked <- slices.Clone(ids)
	}
	return o.afterErr
}

func (o *outbox) add(rows ...desk.Work) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows = append(o.rows, rows...)
}

func TestCrashBetweenRingAndMarkRingsOnce(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{rows: work(1, 2, 3), beforeErr: errors.New("died here")}
	if _, err := NewPump(store, bus, quiet(), false).once(within(t), 1); err == nil {
		t.Fatal("a failing mark was not told")
	}
	store.beforeErr = nil // the next process
	next := NewPump(store, bus, quiet(), false)
	if _, err := next.once(within(t), 2); err != nil {
		t.Fatal(err)
	}
	if n := waiting(t, bus); n != 3 {
		t.Fatalf("%d rings for 3 rows", n)
	}
	if n, err := next.once(within(t), 3); n != 0 || err != nil {
		t.Fatalf("%d rows left, %v", n, err)
	}
}

func TestMarkWhoseAnswerIsLost(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{rows: work(1), afterErr: errors.New("answer lost")}
	p := NewPump(store, bus, quiet(), false)
	if _, err := p.once(within(t), 1); err == nil {
		t.Fatal("the failure was not told")
	}
	if n, err := p.once(within(t), 2); n != 0 || err != nil || waiting(t, bus) != 1 {
		t.Fatalf("%d rows, %d rings, %v", n, waiting(t, bus), err)
	}
}

func TestWakeAndMoreThanABatch(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{marked: make(chan []int64, 100)}
	p := NewPump(store, bus, quiet(), false)
	p.every = time.Hour // so that nothing but Wake and the rest of a full batch makes it look
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	const rows = 2*pumpBatch + 10
	for i := range rows {
		store.add(desk.Work{ID: int64(i + 1), Kind: relay.DoSubmit})
	}
	p.Wake()
	p.Wake()
	for n, limit := 0, within(t); n < rows; {
		n += len(receive(t, limit, store.marked))
	}
	cancel()
	check(t, <-done)
	if n := waiting(t, bus); n != rows {
		t.Fatalf("%d rings for %d rows", n, rows)
	}
}

func TestRowThatCannotBeRungForDelaysNoOther(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{rows: []desk.Work{{ID: 1, Kind: "not.a.kind"}, {ID: 2, Kind: relay.DoFund}}}
	if _, err := NewPump(store, bus, quiet(), false).once(within(t), 1); err != nil {
		t.Fatal(err)
	}
	if store.announced[1] != 1 || store.announced[2] != 1 || waiting(t, bus) != 1 {
		t.Fatalf("announced %v, %d rings", store.announced, waiting(t, bus))
	}
}

// TestFailuresAreToldOnce: the store fails three times; the log says so once, and once that it is over.
func TestFailuresAreToldOnce(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{rows: work(1), marked: make(chan []int64, 10), failLooks: 3}
	var log bytes.Buffer
	p := NewPump(store, bus, slog.New(slog.NewTextHandler(&log, nil)), false)
	p.every = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	receive(t, within(t), store.marked)
	store.add(work(2)...)
	receive(t, within(t), store.marked) // by now the end of the failures has been told
	cancel()
	check(t, <-done)
	if strings.Count(log.String(), "doorbell fails") != 1 || strings.Count(log.String(), "doorbell works") != 1 {
		t.Errorf("log:\n%s", log.String())
	}
}

// TestStreamsThatAreLostComeBack: an operator of the cluster deletes everything while the process runs.
func TestStreamsThatAreLostComeBack(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{}
	p := NewPump(store, bus, quiet(), false)
	p.every = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	got := make(chan int64, 10)
	consume(t, bus, 2, func(_ context.Context, r events.Ring) events.Outcome {
		got <- r.Work
		return events.Done()
	})
	heard := make(chan string, 10)
	defer bus.SubscribeEvents(t.Context(), Filter{}, func(e events.Event) { heard <- e.ID })()
	store.add(work(1)...)
	receive(t, within(t), got)
	check(t, bus.js.DeleteStream(within(t), workStream))
	check(t, bus.js.DeleteStream(within(t), eventStream))
	store.add(work(2)...)
	for limit := within(t); receive(t, limit, got) != 2; {
	}
	cancel()
	check(t, <-done)
	// The reader of events attaches anew by itself, and hears what is announced from then on: so announce until it does.
	limit, again := within(t), time.NewTicker(50*time.Millisecond)
	defer again.Stop()
	for n := int64(1); ; n++ {
		check(t, bus.PublishEvent(limit, announcement(t, n, "app_a", "pay_a", relay.Pending)))
		select {
		case <-heard:
			return
		case <-again.C:
		case <-limit.Done():
			t.Fatal("no subscriber gets events any more")
		}
	}
}

func TestBusThatIsAwayLeavesRowsUnannounced(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{rows: work(1)}
	p := NewPump(store, bus, quiet(), false)
	bus.Close()
	if _, err := p.once(within(t), 1); err == nil {
		t.Fatal("published on a closed bus")
	}
	if len(store.announced) != 0 {
		t.Fatal("marked what was never rung")
	}
	if err := bus.Ready(within(t)); err == nil {
		t.Fatal("a closed bus is ready")
	}
}

func TestDisabledPumpNeitherRingsNorMarks(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{rows: work(1)}
	p := NewPump(store, bus, quiet(), true)
	if n, err := p.once(within(t), 1); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if store.looks != 0 || len(store.announced) != 0 || waiting(t, bus) != 0 {
		t.Fatalf("%d looks, announced %v", store.looks, store.announced)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, p.Run(ctx))
}

// TestFromRowToHandler is the whole way.
func TestFromRowToHandler(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{}
	p := NewPump(store, bus, quiet(), false)
	p.every = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	got := make(chan events.Ring, 1)
	consume(t, bus, 2, func(_ context.Context, r events.Ring) events.Outcome {
		got <- r
		return events.Done()
	})
	store.add(desk.Work{ID: 11, Kind: relay.DoReturn})
	p.Wake()
	if r := receive(t, within(t), got); r != (events.Ring{Work: 11, Kind: relay.DoReturn}) {
		t.Fatalf("rang %v", r)
	}
	cancel()
	check(t, <-done)
}
