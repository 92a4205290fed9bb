package jet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
)

// outbox is a store that fails as asked: not at all, before it marks, or after it marked.
type outbox struct {
	mu        sync.Mutex
	rows      []relay.Work
	announced map[int64]int
	looks     int
	beforeErr error
	afterErr  error
	marked    chan []int64
}

func (o *outbox) Unannounced(_ context.Context, _ relay.Micros, limit int) ([]relay.Work, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looks++
	var out []relay.Work
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

func (o *outbox) add(rows ...relay.Work) {
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
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	const rows = 2*pumpBatch + 10
	for i := range rows {
		store.add(relay.Work{ID: int64(i + 1), Kind: relay.DoSubmit})
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

func TestRowThatCannotBeRungForStandsInNobodysWay(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{rows: []relay.Work{{ID: 1, Kind: "not.a.kind"}, {ID: 2, Kind: relay.DoFund}}}
	if _, err := NewPump(store, bus, quiet(), false).once(within(t), 1); err != nil {
		t.Fatal(err)
	}
	if store.announced[1] != 1 || store.announced[2] != 1 || waiting(t, bus) != 1 {
		t.Fatalf("announced %v, %d rings", store.announced, waiting(t, bus))
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
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	p.Wake()
	cancel()
	check(t, <-done)
	if store.looks != 0 || len(store.announced) != 0 || waiting(t, bus) != 0 {
		t.Fatalf("%d looks, announced %v", store.looks, store.announced)
	}
}

// TestFromRowToHandler is the whole way.
func TestFromRowToHandler(t *testing.T) {
	bus := startIn(t, t.TempDir())
	store := &outbox{}
	p := NewPump(store, bus, quiet(), false)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	got := make(chan events.Ring, 1)
	consume(t, bus, 2, func(_ context.Context, r events.Ring) events.Outcome {
		got <- r
		return events.Done()
	})
	store.add(relay.Work{ID: 11, Kind: relay.DoReturn})
	p.Wake()
	if r := receive(t, within(t), got); r != (events.Ring{Work: 11, Kind: relay.DoReturn}) {
		t.Fatalf("rang %v", r)
	}
	cancel()
	check(t, <-done)
}
