package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// Part is a piece of a process that runs until its ctx ends. It returns nil when it stopped because of that, or because
// it had nothing more to do, and an error when the process cannot go on without it.
type Part interface {
	Name() string
	Run(ctx context.Context) error
}

// PartOf makes a part of a function.
func PartOf(name string, run func(context.Context) error) Part { return part{name, run} }

type part struct {
	name string
	run  func(context.Context) error
}

func (p part) Name() string                  { return p.name }
func (p part) Run(ctx context.Context) error { return p.run(ctx) }

// ErrStuck: a part did not stop within the grace.
var ErrStuck = errors.New("did not stop in time")

// started is a part that runs.
type started struct {
	Part
	cancel context.CancelFunc
	done   chan struct{} // closed after err is set
	err    error
}

// Run starts parts in their order and runs them until ctx ends, the process gets SIGINT or SIGTERM, a part fails, or all
// have ended. Then it stops them in reverse order, each after those that were started later have stopped; grace is for all
// of them together. A second signal ends the process at once.
//
// It returns nil after an orderly stop, else the errors of the parts that failed and of those that are stuck ([ErrStuck]).
func Run(ctx context.Context, log *slog.Logger, grace time.Duration, parts ...Part) error {
	if log == nil {
		log = slog.Default()
	}
	ctx, release := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer release()

	ended := make(chan *started, len(parts))
	running := make([]*started, len(parts))
	for i, p := range parts {
		running[i] = start(ctx, log, p, ended)
	}
	wait(ctx, log, len(parts), ended)
	release() // from here on a signal does what it does without us
	return stop(log, grace, running)
}

// start runs p under a ctx of its own: the end of the process's ctx reaches it only when its turn has come.
func start(ctx context.Context, log *slog.Logger, p Part, ended chan<- *started) *started {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &started{Part: p, cancel: cancel, done: make(chan struct{})}
	log.Debug("part starts", "name", p.Name())
	go func() {
		defer func() {
			if r := recover(); r != nil {
				log.Error("part panicked", "name", p.Name(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
				s.err = fmt.Errorf("panic: %v", r)
			}
			close(s.done)
			ended <- s
		}()
		s.err = p.Run(ctx)
		if ctx.Err() != nil && errors.Is(s.err, context.Canceled) {
			s.err = nil // it was asked to
		}
	}()
	return s
}

// wait returns when it is time to stop.
func wait(ctx context.Context, log *slog.Logger, parts int, ended <-chan *started) {
	for ; parts > 0; parts-- {
		select {
		case <-ctx.Done():
			log.Info("stopping")
			return
		case s := <-ended:
			if s.err != nil {
				log.Error("part failed; stopping", "name", s.Name(), "cause", s.err)
				return
			}
			log.Debug("part ended", "name", s.Name())
		}
	}
}

// lastChance is for the parts whose turn had not come when the grace was over; they are all asked to stop at once then.
const lastChance = time.Second

func stop(log *slog.Logger, grace time.Duration, running []*started) error {
	limit := time.NewTimer(grace)
	defer limit.Stop()
	late := false
	var failed []error
	for i := len(running) - 1; i >= 0; i-- {
		s := running[i]
		s.cancel()
		select {
		case <-s.done:
			log.Debug("part stopped", "name", s.Name())
			if s.err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", s.Name(), s.err))
			}
			continue
		case <-limit.C:
		}
		log.Error("part does not stop", "name", s.Name(), "grace", grace)
		failed = append(failed, fmt.Errorf("%s: %w", s.Name(), ErrStuck))
		if !late {
			late = true
			for _, other := range running[:i] {
				other.cancel()
			}
		}
		limit.Reset(lastChance)
	}
	return errors.Join(failed...)
}
