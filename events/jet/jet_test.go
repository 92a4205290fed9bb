package jet

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func startIn(t *testing.T, dir string) *Bus {
	t.Helper()
	bus, err := Start(Config{Dir: dir, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	return bus
}

// within bounds a wait that should end by itself; it only says how a broken test ends.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func receive[T any](t *testing.T, ctx context.Context, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-ctx.Done():
		t.Fatal("nothing came")
	}
	return v
}

func work(ids ...int64) (rows []desk.Work) {
	for _, id := range ids {
		rows = append(rows, desk.Work{ID: id, Kind: relay.DoFund})
	}
	return rows
}

func ring(t *testing.T, bus *Bus, rows ...desk.Work) {
	t.Helper()
	taken, err := bus.ring(within(t), rows)
	if err != nil || len(taken) != len(rows) {
		t.Fatalf("took %d of %d rings: %v", len(taken), len(rows), err)
	}
}

// waiting is how many rings the bus holds.
func waiting(t *testing.T, bus *Bus) uint64 {
	t.Helper()
	s, err := bus.js.Stream(within(t), workStream)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return info.State.Msgs
}

// consume runs a consumer until stop, which waits for its end.
func consume(t *testing.T, bus *Bus, workers int, handler func(context.Context, events.Ring) events.Outcome) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- bus.Consume(ctx, handler, workers) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("consumer: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestRingsAreDeduplicatedPerAttempt(t *testing.T) {
	bus := startIn(t, t.TempDir())
	again := desk.Work{ID: 1, Kind: relay.DoFund, Attempts: 1}
	ring(t, bus, work(1, 2)...)
	ring(t, bus, work(1, 2)...)
	ring(t, bus, again)
	if n := waiting(t, bus); n != 3 {
		t.Fatalf("%d rings wait, want 3: two rows, and one of them once more", n)
	}
}

func TestDoneIsNeverRungAgain(t *testing.T) {
	bus := startIn(t, t.TempDir())
	got := make(chan events.Ring, 10)
	stop := consume(t, bus, 2, func(_ context.Context, r events.Ring) events.Outcome {
		got <- r
		return events.Done()
	})
	ring(t, bus, work(7)...)
	if r := receive(t, within(t), got); r != (events.Ring{Work: 7, Kind: relay.DoFund}) {
		t.Fatalf("rang %v", r)
	}
	stop()
	if n := waiting(t, bus); n != 0 {
		t.Fatalf("%d rings wait after all were done", n)
	}
}

func TestDropIsNeverRungAgain(t *testing.T) {
	bus := startIn(t, t.TempDir())
	got := make(chan events.Ring, 10)
	stop := consume(t, bus, 1, func(_ context.Context, r events.Ring) events.Outcome {
		got <- r
		return events.Drop("of no use")
	})
	if _, err := bus.js.Publish(within(t), workPrefix+"fund", []byte(`{"work":"x"}`)); err != nil {
		t.Fatal(err) // is no ring, and must not stand in the way
	}
	ring(t, bus, work(8)...)
	if r := receive(t, within(t), got); r.Work != 8 {
		t.Fatalf("rang %v", r)
	}
	stop()
	for ctx := within(t); waiting(t, bus) != 0; { // a drop is not confirmed by the server, as a done is
		if ctx.Err() != nil {
			t.Fatalf("%d rings wait after all were dropped", waiting(t, bus))
		}
	}
}

func TestRetryWaitsForItsDelayWithoutHoldingOthersUp(t *testing.T) {
	bus := startIn(t, t.TempDir())
	const delay = 300 * time.Millisecond
	type call struct {
		work int64
		at   time.Time
	}
	calls := make(chan call, 10)
	first := true
	consume(t, bus, 1, func(_ context.Context, r events.Ring) events.Outcome {
		calls <- call{r.Work, time.Now()}
		if r.Work == 1 && first {
			first = false
			return events.RetryAfter(delay)
		}
		return events.Done()
	})
	ring(t, bus, work(1, 2)...)
	ctx := within(t)
	a, b, c := receive(t, ctx, calls), receive(t, ctx, calls), receive(t, ctx, calls)
	if a.work != 1 || b.work != 2 || c.work != 1 {
		t.Fatalf("rang %d, %d, %d; want 1, 2, 1", a.work, b.work, c.work)
	}
	if d := c.at.Sub(a.at); d < delay {
		t.Fatalf("came again after %v, sooner than asked", d)
	}
}

func TestUndecidedAndPanicComeAgain(t *testing.T) {
	bus := startIn(t, t.TempDir())
	calls := make(chan int64, 10)
	undecided := true
	stop := consume(t, bus, 1, func(_ context.Context, r events.Ring) events.Outcome {
		calls <- r.Work
		switch {
		case r.Work == 1:
			panic("a bug")
		case undecided:
			undecided = false
			return events.Outcome{}
		}
		return events.Done()
	})
	ring(t, bus, work(1, 2)...)
	ctx := within(t)
	for _, want := range []int64{1, 2, 2} {
		if got := receive(t, ctx, calls); got != want {
			t.Fatalf("rang %d, want %d", got, want)
		}
	}
	stop()
	if n := waiting(t, bus); n != 1 {
		t.Fatalf("%d rings wait; the one whose handler panicked must, and no other", n)
	}
}

// TestCrashOfAHandlerRingsElsewhere lets a process die with a ring in its hands: it took one and never answers.
func TestCrashOfAHandlerRingsElsewhere(t *testing.T) {
	bus := startIn(t, t.TempDir())
	bus.ackWait = 200 * time.Millisecond
	came := make(chan struct{})
	stop := consume(t, bus, 1, func(context.Context, events.Ring) events.Outcome {
		close(came)
		return events.Done()
	})
	ring(t, bus, work(4)...)
	receive(t, within(t), came) // the consumer exists
	stop()
	consumer, err := bus.js.Consumer(within(t), workStream, workDurable)
	if err != nil {
		t.Fatal(err)
	}
	ring(t, bus, work(5)...)
	if _, err := consumer.Next(); err != nil {
		t.Fatal(err)
	}
	got := make(chan events.Ring, 1)
	consume(t, bus, 1, func(_ context.Context, r events.Ring) events.Outcome {
		got <- r
		return events.Done()
	})
	if r := receive(t, within(t), got); r.Work != 5 {
		t.Fatalf("rang %v", r)
	}
}

// TestSlowHandlerIsNotTakenForDead: three times the time that a silent one would get.
func TestSlowHandlerIsNotTakenForDead(t *testing.T) {
	bus := startIn(t, t.TempDir())
	bus.ackWait = 200 * time.Millisecond
	calls := make(chan int64, 10)
	finish := make(chan struct{})
	stop := consume(t, bus, 2, func(_ context.Context, r events.Ring) events.Outcome {
		calls <- r.Work
		if r.Work == 1 {
			<-finish
		}
		return events.Done()
	})
	ring(t, bus, work(1)...)
	ctx := within(t)
	receive(t, ctx, calls)
	after := time.NewTimer(3 * bus.ackWait)
	defer after.Stop()
	select {
	case id := <-calls:
		t.Fatalf("ring %d was given to another while its handler ran", id)
	case <-after.C:
	}
	close(finish)
	stop()
	if n := waiting(t, bus); n != 0 {
		t.Fatalf("%d rings wait", n)
	}
}

func TestHandlerThatFinishesWhileStoppingIsAnswered(t *testing.T) {
	bus := startIn(t, t.TempDir())
	started := make(chan struct{})
	stop := consume(t, bus, 1, func(ctx context.Context, _ events.Ring) events.Outcome {
		close(started)
		<-ctx.Done()
		return events.Done()
	})
	ring(t, bus, work(1)...)
	receive(t, within(t), started)
	stop()
	if n := waiting(t, bus); n != 0 {
		t.Fatalf("%d rings wait although the work was done", n)
	}
}

func TestDirectoryMayBeDeletedOrDamaged(t *testing.T) {
	spoil := map[string]func(t *testing.T, dir string){
		"deleted": func(t *testing.T, dir string) { check(t, os.RemoveAll(dir)) },
		"a file where the folder was": func(t *testing.T, dir string) {
			check(t, os.RemoveAll(filepath.Join(dir, "jetstream")))
			check(t, os.WriteFile(filepath.Join(dir, "jetstream"), []byte("x"), 0o600))
		},
		"every file overwritten": func(t *testing.T, dir string) {
			eachFile(t, dir, func(path string) { check(t, os.WriteFile(path, bytes.Repeat([]byte{0xA5}, 300), 0o600)) })
		},
		"every file cut short": func(t *testing.T, dir string) {
			eachFile(t, dir, func(path string) { check(t, os.Truncate(path, 3)) })
		},
		"every file empty": func(t *testing.T, dir string) {
			eachFile(t, dir, func(path string) { check(t, os.Truncate(path, 0)) })
		},
		"descriptions gone": func(t *testing.T, dir string) {
			eachFile(t, dir, func(path string) {
				if strings.HasPrefix(filepath.Base(path), "meta.") {
					check(t, os.Remove(path))
				}
			})
		},
	}
	for name, damage := range spoil {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bus")
			bus := startIn(t, dir)
			ring(t, bus, work(1, 2, 3)...)
			bus.Close()
			damage(t, dir)

			bus = startIn(t, dir)
			got := make(chan int64, 10)
			consume(t, bus, 1, func(_ context.Context, r events.Ring) events.Outcome {
				got <- r.Work
				return events.Done()
			})
			ring(t, bus, work(9)...)
			for ctx := within(t); receive(t, ctx, got) != 9; { // older ones may have survived: they are only rings
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eachFile(t *testing.T, dir string, fn func(path string)) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			fn(path)
		}
		return err
	}))
}

func TestRingsSurviveAnOrderlyRestart(t *testing.T) {
	dir := t.TempDir()
	bus := startIn(t, dir)
	ring(t, bus, work(1, 2)...)
	bus.Close()
	if n := waiting(t, startIn(t, dir)); n != 2 {
		t.Fatalf("%d rings after a restart, want 2", n)
	}
}

func TestListensOnNoPort(t *testing.T) {
	bus := startIn(t, t.TempDir())
	if addr := bus.server.Addr(); addr != nil {
		t.Fatalf("listens on %v", addr)
	}
	if addr := bus.server.MonitorAddr(); addr != nil {
		t.Fatalf("monitor listens on %v", addr)
	}
}

// TestConnectToAServerElsewhere: the same bus over a socket, two processes sharing rings.
func TestConnectToAServerElsewhere(t *testing.T) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	check(t, err)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(startTime) {
		t.Fatal("no server")
	}
	connect := func() *Bus {
		bus, err := Connect(within(t), Remote{URL: srv.ClientURL(), Logger: quiet()})
		check(t, err)
		t.Cleanup(bus.Close)
		return bus
	}
	a, b := connect(), connect()
	check(t, a.Ready(within(t)))
	got := make(chan int64, 100)
	for _, bus := range []*Bus{a, b} {
		consume(t, bus, 2, func(_ context.Context, r events.Ring) events.Outcome {
			got <- r.Work
			return events.Done()
		})
	}
	var ids []int64
	for i := range 50 {
		ids = append(ids, int64(i+1))
	}
	ring(t, a, work(ids...)...)
	seen, ctx := map[int64]bool{}, within(t)
	for range ids {
		seen[receive(t, ctx, got)] = true
	}
	if len(seen) != len(ids) {
		t.Fatalf("%d different rings of %d", len(seen), len(ids))
	}

	_, err = Connect(within(t), Remote{URL: "nats://127.0.0.1:1", Logger: quiet()})
	if err == nil {
		t.Fatal("connected to nothing")
	}
}

// TestNothingIsLeftBehind: the goroutines of a bus with all its parts end with it, and it stays small.
func TestNothingIsLeftBehind(t *testing.T) {
	life := func() {
		bus, err := Start(Config{Dir: t.TempDir(), Logger: quiet()})
		check(t, err)
		got := make(chan events.Ring, 1)
		stop := consume(t, bus, 4, func(_ context.Context, r events.Ring) events.Outcome {
			got <- r
			return events.Done()
		})
		cancel := bus.SubscribeEvents(t.Context(), Filter{}, func(events.Event) {})
		ctx, end := context.WithCancel(t.Context())
		pumped := make(chan error, 1)
		go func() { pumped <- NewPump(&outbox{}, bus, quiet(), false).Run(ctx) }()
		ring(t, bus, work(1)...)
		receive(t, within(t), got)
		end()
		check(t, <-pumped)
		cancel()
		stop()
		bus.Close()
		bus.Close()
	}
	life() // what a process starts only once
	before := runtime.NumGoroutine()
	life()
	ctx := within(t)
	for runtime.NumGoroutine() > before {
		if ctx.Err() != nil {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
}

// TestIsSmall looks at this process as the system sees it: test binary, race detector aside, and an idle bus.
func TestIsSmall(t *testing.T) {
	startIn(t, t.TempDir())
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the system does not say")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			check(t, err)
			t.Logf("resident: %d kB", kb)
			if kb > 512<<10 {
				t.Errorf("resident: %d kB", kb)
			}
		}
	}
}

// TestReadyIsTrue: a server that answers and has lost a stream is not ready, and is again once the stream was made anew.
func TestReadyIsTrue(t *testing.T) {
	for _, stream := range []string{workStream, eventStream} {
		bus := startIn(t, t.TempDir())
		if err := bus.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
		if err := bus.js.DeleteStream(within(t), stream); err != nil {
			t.Fatal(err)
		}
		if err := bus.Ready(within(t)); err == nil {
			t.Errorf("ready without %s", stream)
		}
		if err := bus.shape(within(t)); err != nil {
			t.Fatal(err)
		}
		if err := bus.Ready(within(t)); err != nil {
			t.Error(err)
		}
	}
}
