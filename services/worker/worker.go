// Package worker does the work that payments ask for: it funds, hands envelopes in, brings money home, writes to recipients, and
// watches the ledger. What an outcome means for the money relay says, through the Desk; when to look
// again, and in which order, is decided here.
//
// Work is rows of the database. The bus rings when there is a row to look at ([Worker.Ring]); the sweeper ([Worker.Sweep])
// finds the same rows without it, so that an empty bus only makes things slower. Every handler may run again after a
// crash at any line; a lease keeps two workers from doing the same at once, but nothing depends on it.
//
// Start with handlers, the table of them by kind of work.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/internal/pace"
)

// Config is what an operator may set. The zero value is filled with defaults by [New].
type Config struct {
	BoundLedgers uint32        `yaml:"bound_ledgers"` // a funding lands within so many ledgers or never; default 12
	BoundTime    time.Duration `yaml:"bound_time"`    // and within this much ledger time; default 5 minutes
	SweepEvery   time.Duration `yaml:"sweep_every"`   // pause between two looks for work that is due; default 250 ms
	WatchEvery   time.Duration `yaml:"watch_every"`   // pause before asking again for a ledger that has not closed; default 300 ms
	Retry        time.Duration `yaml:"retry"`         // first pause between attempts, it doubles up to 16 times this; default 500 ms
	Lease        time.Duration `yaml:"lease"`         // a row is another worker's again after this; default 30 s
	Parallel     int           `yaml:"parallel"`      // rows worked on at a time; default 4
}

func (c *Config) defaults() {
	c.BoundLedgers = cmp.Or(c.BoundLedgers, 12)
	c.Parallel = cmp.Or(c.Parallel, 4)
	c.BoundTime = cmp.Or(c.BoundTime, 5*time.Minute)
	c.SweepEvery = cmp.Or(c.SweepEvery, 250*time.Millisecond)
	c.WatchEvery = cmp.Or(c.WatchEvery, 300*time.Millisecond)
	c.Retry = cmp.Or(c.Retry, 500*time.Millisecond)
	c.Lease = cmp.Or(c.Lease, 30*time.Second)
}

// Announcer tells the world of a payment's new state. A failure is tried again.
type Announcer interface {
	Announce(ctx context.Context, row desk.Work, p relay.Payment) error
}

// Post writes to recipients. Permanent failures are faults of kind Invalid.
type Post interface {
	Code(ctx context.Context, app relay.App, p relay.Payment, c relay.Code) error
	Arrived(ctx context.Context, app relay.App, p relay.Payment) error
	Claimed(ctx context.Context, app relay.App, p relay.Payment) error
	Returned(ctx context.Context, app relay.App, p relay.Payment) error
}

// Deps are the ports a worker works with.
type Deps struct {
	Desk     *desk.Desk
	Queue    desk.Queue
	Signer   desk.Signer
	Ledger   desk.Ledger
	Announce Announcer // nil: events are not announced
	Post     Post      // nil: no mail is written
	Log      *slog.Logger
	Pace     pace.Pace // nil: pace.Real()
}

// Worker does rows of work. Its methods may be called from several goroutines.
type Worker struct {
	Deps
	cfg     Config
	funders funders
	wake    chan struct{}
	passed  atomic.Pointer[relay.Head] // the ledger that the watcher took in last, since this process began
}

// New makes a worker.
func New(cfg Config, deps Deps) *Worker {
	cfg.defaults()
	if deps.Pace == nil {
		deps.Pace = pace.Real()
	}
	return &Worker{Deps: deps, cfg: cfg, wake: make(chan struct{}, 1)}
}

// again says that a row is to be tried again after a pause, and why, for the row's note. It is no failure.
type again struct {
	after   time.Duration
	at      relay.Micros // instead of after, by the clock that judges the row
	untried bool         // it counts as no attempt; without after the row keeps its place
	tries   *relay.Tries // what the row's attempts have come to, where this one added to it
	why     string
}

func (a again) Error() string { return a.why }

// handlers has one for each kind of work in the table of relay.
var handlers = map[relay.EffectKind]func(*Worker, context.Context, desk.Work) error{
	relay.DoFund:     (*Worker).fund,
	relay.DoKeep:     (*Worker).keep,
	relay.DoSubmit:   (*Worker).submit,
	relay.DoReturn:   (*Worker).bringHome,
	relay.DoExpire:   (*Worker).expire,
	relay.DoAudit:    (*Worker).audit,
	relay.DoPublish:  (*Worker).publish,
	relay.DoNotify:   (*Worker).notify,
	relay.DoMailCode: (*Worker).mailCode,
	relay.DoExpunge:  func(w *Worker, ctx context.Context, row desk.Work) error { return w.Desk.Expunge(ctx, row.Payment) },
	relay.DoReclaim:  (*Worker).reclaim,
	relay.DoCollect:  (*Worker).collect,
}

// run does one leased row and closes it or gives it back.
func (w *Worker) run(ctx context.Context, row desk.Work) error {
	err := w.guarded(ctx, row)
	if ctx.Err() != nil {
		return ctx.Err() // the lease runs out and the row is done again
	}
	return w.close(ctx, row, err)
}

// untried says of the outcome of a row that nothing was done for it: looking at it again at once would change nothing.
func untried(err error) bool {
	var a again
	return errors.As(err, &a) && a.untried
}

// close closes a row, or gives it back as err says.
func (w *Worker) close(ctx context.Context, row desk.Work, err error) error {
	if err == nil {
		return w.Queue.Done(ctx, row.ID, w.now())
	}
	if errors.Is(err, relay.ErrContradiction) {
		w.halt(ctx, err)
	}
	var a again
	if !errors.As(err, &a) {
		a = again{after: w.cfg.Retry << min(row.Attempts, 5), why: err.Error()}
		w.Log.Warn("work failed, will be tried again", "kind", row.Kind, "payment", row.Payment, "envelope", row.Envelope, "err", err)
	}
	if a.untried {
		due := relay.Micros(0)
		if a.after > 0 {
			due = w.now() + relay.Micros(a.after.Microseconds())
		}
		return w.Queue.Release(ctx, row.ID, due, a.why)
	}
	tries := row.Tries
	tries.Gone = 0 // looks that found nothing count only one after the other
	if a.tries != nil {
		tries = *a.tries
	} else if tries.HandedIn > 0 {
		a.why = fmt.Sprintf(handedIn+"; then: %s", tries.HandedIn, a.why)
	}
	a.at = cmp.Or(a.at, w.now()+relay.Micros(a.after.Microseconds()))
	return w.Queue.Retry(ctx, row.ID, a.at, tries, a.why)
}

func (w *Worker) guarded(ctx context.Context, row desk.Work) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	handle := handlers[row.Kind]
	if handle == nil {
		return fmt.Errorf("work of an unknown kind %q", row.Kind)
	}
	if row.Kind.MovesMoney() {
		halt, err := w.Desk.Stopped(ctx, row)
		if err != nil {
			return err
		}
		if halt != nil {
			return again{after: restsHalted, why: halted + halt.Why}
		}
	}
	return handle(w, ctx, row)
}

// restsHalted is how often a row that is halted looks whether it still is.
const restsHalted = 5 * time.Second

// halted begins the note of a row that rests.
const halted = "halted: "

// halt stops what a contradiction is about, and says whether that is everything.
func (w *Worker) halt(ctx context.Context, cause error) (all bool) {
	all, err := w.Desk.Halt(ctx, cause)
	for _, c := range relay.Contradictions(cause) {
		w.Log.Error("the ledger contradicts our records; what it is about stops until a person has looked",
			"stops", c.Scope, "app", c.App, "payments", c.Payments, "about", c.Hash, "err", c)
	}
	if err != nil {
		w.Log.Error("could not write down the halt", "err", err)
	}
	return all || err != nil
}

// Ring does one row if it is free and due. An error means that the row could not be looked at. A row that is due by the
// ledger's clock is left to the watcher, one of an unknown kind to the program that wrote it.
func (w *Worker) Ring(ctx context.Context, id int64, kind relay.EffectKind) error {
	if kind.Clock() != relay.ServiceClock {
		return nil
	}
	if kind == relay.DoFund && !w.funders.idle(w.now()) { // the sweep takes it along in its turn
		w.Wake()
		return nil
	}
	row, err := w.Queue.LeaseOne(ctx, id, w.now(), w.now()+relay.Micros(w.cfg.Lease.Microseconds()))
	if errors.Is(err, relay.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.run(ctx, row)
}

// Wake makes the sweeper look now.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Sweep finds due rows without the bus, until ctx ends.
func (w *Worker) Sweep(ctx context.Context) error {
	prune := w.Pace.Elapsed()
	for ctx.Err() == nil {
		for w.sweepOnce(ctx) {
		}
		if w.Pace.Elapsed() >= prune {
			w.prune(ctx)
			prune = w.Pace.Elapsed() + time.Hour
		}
		w.Pace.Wait(ctx, w.cfg.SweepEvery, w.wake, nil)
	}
	return nil
}

// remembered is how long done work and the answers behind Idempotency-Keys are kept.
const remembered = 30 * 24 * time.Hour

// prune deletes what is over, a little at a time so that no other work waits for it.
func (w *Worker) prune(ctx context.Context) {
	for ctx.Err() == nil {
		rows, err := w.Queue.Prune(ctx, w.now()-relay.Micros(remembered.Microseconds()), 500)
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("pruning failed; it is tried again in an hour", "err", err)
		}
		if err != nil || rows == 0 {
			return
		}
	}
}

// sweepOnce does a handful of due rows side by side, and says whether it did anything for one.
func (w *Worker) sweepOnce(ctx context.Context) bool {
	until := w.now() + relay.Micros(w.cfg.Lease.Microseconds())
	kinds := slices.DeleteFunc(relay.KindsDueBy(relay.ServiceClock), func(k relay.EffectKind) bool {
		return k == relay.DoFund && w.funders.resting(w.now())
	})
	rows, err := w.Queue.Lease(ctx, w.now(), until, w.cfg.Parallel, kinds...)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Warn("sweep failed", "err", err)
		}
		return false
	}
	var wg sync.WaitGroup
	var did atomic.Bool
	do := func(row desk.Work) {
		err := w.guarded(ctx, row)
		if ctx.Err() != nil {
			return // the lease runs out and the row is done again
		}
		if !untried(err) {
			did.Store(true)
		}
		if err := w.close(ctx, row, err); err != nil && ctx.Err() == nil {
			w.Log.Warn("row could not be closed", "row", row.ID, "err", err)
		}
	}
	for i, row := range rows {
		if i == len(rows)-1 { // the sweeper does one itself, and with Parallel 1 nothing is beside it
			do(row)
		} else {
			wg.Go(func() { do(row) })
		}
	}
	wg.Wait()
	return did.Load() && ctx.Err() == nil
}

func (w *Worker) now() relay.Micros { return relay.At(w.Desk.Now()) }

// pause is the time to the next attempt at a row: it doubles up to 16 times the first.
func (w *Worker) pause(row desk.Work) time.Duration { return w.cfg.Retry << min(row.Attempts, 4) }
