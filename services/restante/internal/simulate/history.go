package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/devnet"
)

// Plan says how one history is made. The same plan and seed give the same history to the byte.
type Plan struct {
	Only     []kind // of faults; empty: what the seed chooses
	Without  []kind
	Payments int // 0: what the seed chooses
	Faults   int // at most; 0: 400
	Trace    io.Writer
	Log      *slog.Logger
	Template string // of the database, see [Template]
}

// History is what became of one.
type History struct {
	Seed      uint64
	Hash      string
	Steps     int // of the trace
	Crossings int // calls of ports
	Ledgers   int
	Payments  int
	Restarts  int
	Met       coverage
	Trouble   []string // what must not be, the first first
	Story     []string // what happened, for people; of a history with trouble
}

// Play plays the history of a seed. An error means that it could not be played; what it found is in History.Trouble.
func Play(ctx context.Context, seed uint64, plan Plan) (h History, err error) {
	if plan.Faults == 0 {
		plan.Faults = 400
	}
	if plan.Log == nil {
		plan.Log = slog.New(slog.DiscardHandler)
	}
	w, err := newWorld(ctx, seed, swarm(seed, plan.Only, plan.Without, plan.Faults), newTrace(plan.Trace), plan.Log, plan.Template)
	if w != nil && w.books != nil {
		defer func() { err = errors.Join(err, w.close()) }()
	}
	if err != nil {
		return h, err
	}
	h = History{Seed: seed, Met: newCoverage()}
	ready := false
	w.sched.spawn(w.nature, "stage", func() { err = w.stage(ctx); ready = true }, nil)
	for !ready && w.sched.step() {
	}
	if err != nil || !ready {
		return h, fmt.Errorf("the stage: %w %v", err, w.trouble)
	}
	w.faults.off = false
	over := false
	w.sched.spawn(w.nature, "play", func() { w.play(ctx, plan); over = true }, nil)
	for !over && len(w.trouble) == 0 && w.sched.step() {
	}
	if len(w.trouble) > 0 {
		told := false
		w.faults.off = true
		w.sched.spawn(w.nature, "asks", func() { w.asks(ctx); told = true }, nil)
		for end := w.sched.now + time.Minute; !told && w.sched.now < end && w.sched.step(); {
		}
	}
	h.Hash, h.Steps, h.Crossings, h.Trouble = w.trace.hash(), w.trace.steps, w.crossings, w.trouble
	h.Met.Faults, h.Met.Intents, h.Met.Effects, h.Restarts, h.Payments = w.faults.count, w.intents, w.effects, w.restarts, len(w.books.payments)
	if len(h.Trouble) > 0 {
		h.Story = w.trace.story
	}
	w.steps(ctx, h.Met.Steps)
	w.books.view(func(v devnet.View) error { h.Ledgers = int(v.State().Header().LedgerSeq); return nil })
	for _, p := range w.books.payments {
		h.Met.Ends[p.state]++
	}
	return h, nil
}

// longest is how long people go on at most.
const longest = 20 * time.Minute

// play has people come and go, ends the faults, lets every payment's time run out, and wants them all to end.
func (w *world) play(ctx context.Context, plan Plan) {
	n := plan.Payments
	if n == 0 {
		n = 2 + w.chance.IntN(9)
	}
	for i := range n {
		a := w.apps[w.chance.IntN(len(w.apps))]
		w.sched.spawn(w.people, fmt.Sprintf("sender %d", i), func() { w.sends(ctx, a, i) }, nil)
	}
	if w.poor != nil {
		w.sched.spawn(w.people, "the poor app", func() { w.fillsUp(w.poor) }, nil)
	}
	if w.issuer != nil {
		w.sched.spawn(w.people, "app takes up the asset", func() { w.takesUp(ctx, w.apps[1]) }, nil)
	}
	for end := w.sched.now + longest; len(w.people.actors) > 0 && w.sched.now < end; {
		w.sched.sleep(10 * time.Second)
	}
	w.calm(ctx)
	for range 3 { // people who still act do so without faults
		w.sched.sleep(time.Minute)
	}
	w.last(ctx)
	w.jumped += 25 * time.Hour
	w.trace.tell("%v every payment's time is over", w.sched.now)
	w.untilEnded(ctx)
	w.books.end(ctx)
}

// asks has the relay tell its side of every payment, for the reader of a violation.
func (w *world) asks(ctx context.Context) {
	for _, p := range w.books.payments {
		s, err := p.app.client.Story(ctx, p.id)
		if err != nil {
			w.trace.tell("the relay says nothing of payment %d: %v", p.number, err)
			continue
		}
		w.trace.tell("the relay says of payment %d, %s of %s, %s: %s %s, expires %v, %s", p.number, s.Payment.Amount, s.Payment.Asset, p.id, s.Payment.State, s.Payment.Reason, s.Payment.ExpiresAt, s.Holding)
		for _, e := range s.History {
			w.trace.tell("  %v %s -> %s by %s %s", e.At.Sub(began), e.From, e.To, e.Input, e.Detail)
		}
		for _, e := range s.Envelopes {
			w.trace.tell("  envelope %s %s %s number %d bound %d %s ledger %d", e.Kind, e.Role, e.State, e.Sequence, e.Bound, e.Hash[:8], e.Ledger)
		}
		for _, x := range s.Work {
			if x.DoneAt == nil {
				w.trace.tell("  work %s due %v, %d attempts: %s", x.Kind, x.Due.Sub(began), x.Attempts, x.Note)
			}
		}
	}
}

// calm ends all faults.
func (w *world) calm(ctx context.Context) {
	w.faults.off = true
	for w.out || w.forked {
		w.sched.sleep(time.Second)
	}
	if w.cutLog != nil && w.standsStill(ctx) { // the signer took it: what it lacks was known to none, or is noticed by those who compare
		w.putBack()
	}
	w.lifts(ctx)
	for _, name := range []string{"signer", "api", "worker1", "worker2"} {
		w.processOf(name).skew = 0
	}
	w.trace.tell("%v the faults are over", w.sched.now)
}

func (w *world) standsStill(ctx context.Context) bool {
	halt, err := w.desk(w.nature, w.base).Halted(ctx)
	return err == nil && halt.Hash != ""
}

// mostLedgers is within how many ledgers after its time a payment must have ended, once nothing goes wrong any more.
const mostLedgers = 120

// untilEnded asks the relay, as the apps would, until every payment has ended.
func (w *world) untilEnded(ctx context.Context) {
	first := w.head()
	for w.head() < first+mostLedgers {
		open := false
		for _, p := range w.books.payments {
			if relay.State(p.state).Known() && relay.State(p.state).Ended() {
				continue
			}
			v, err := p.app.client.Get(ctx, p.id, 0)
			if err == nil {
				p.state, p.reason = v.State, v.Reason
			}
			open = open || err == nil && !relay.State(v.State).Ended() || err != nil && refusal(err) != "not_found"
		}
		if !open {
			break
		}
		w.sched.sleep(5 * time.Second)
	}
	for _, p := range w.books.payments { // the last word: news of an end may be corrected by the ledger
		if v, err := p.app.client.Get(ctx, p.id, 0); err == nil {
			p.state, p.reason = v.State, v.Reason
		}
	}
	w.sched.sleep(2 * time.Minute) // what is told, is told
}

// steps counts which steps payments took, as their histories tell.
func (w *world) steps(ctx context.Context, met map[string]int) {
	for _, p := range w.books.payments {
		all, err := desk.Read(ctx, w.base, func(tx desk.Tx) ([]relay.Entry, error) { return tx.History(relay.PaymentID(p.id)) })
		if err != nil {
			w.violate("the history of payment %d cannot be read: %v", p.number, err)
		}
		for _, e := range all {
			met[fmt.Sprintf("%s -> %s by %s", e.From, e.To, e.Input)]++
		}
	}
}

func (w *world) head() (seq uint32) {
	w.books.view(func(v devnet.View) error { seq = uint32(v.State().Header().LedgerSeq); return nil })
	return seq
}

// TemplateIn makes the template in a fresh directory, and says how to remove it.
func TemplateIn(ctx context.Context) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp(memory(), "restante-template-")
	if err != nil {
		return "", nil, err
	}
	path, err = Template(ctx, dir)
	return path, func() { _ = os.RemoveAll(filepath.Clean(dir)) }, err
}
