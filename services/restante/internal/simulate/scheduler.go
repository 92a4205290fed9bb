package simulate

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// scheduler has one actor run at a time. An actor runs until it waits (in [scheduler.sleep] or [scheduler.call]); which one runs next
// is a matter of virtual time alone, so the same history comes out again. Nothing in it waits for the machine's clock.
type scheduler struct {
	now     time.Duration // virtual, since the history began
	turns   turns
	count   uint64 // turns that were asked for
	running *actor
	panics  func(actor, why string)
}

// actor is one line of execution: a request, a loop, a person.
type actor struct {
	name string
	of   *process      // whose it is; nil: of no process, and never killed
	run  chan struct{} // it may go on
	back chan struct{} // it has given way
	turn uint64        // of the turn that wakes it; older ones are void
	gone bool
	done func() // after its end, whichever
}

// spawn has fn run as an actor, from the next moment on. done, when it is not nil, is called after its end, also when its process died.
func (s *scheduler) spawn(of *process, name string, fn, done func()) *actor {
	a := &actor{name: name, of: of, run: make(chan struct{}), back: make(chan struct{}), done: done}
	if of != nil {
		of.actors[a] = struct{}{}
	}
	go func() {
		defer func() {
			if r := recover(); r != nil {
				s.panics(name, fmt.Sprintf("%v\n%s", r, debug.Stack()))
			}
			a.gone = true
			if of != nil {
				delete(of.actors, a)
			}
			if a.done != nil {
				a.done()
			}
			a.back <- struct{}{}
		}()
		<-a.run
		s.dieWith(a)
		fn()
	}()
	s.wakeAt(a, s.now)
	return a
}

// dieWith ends the actor that runs when its process is dead. Goexit, unlike a panic, is nothing that the code of a service recovers from.
func (s *scheduler) dieWith(a *actor) {
	if a.of != nil && a.of.dead {
		runtime.Goexit()
	}
}

// wakeAt gives an actor its next turn, in place of any other.
func (s *scheduler) wakeAt(a *actor, at time.Duration) {
	s.count++
	a.turn = s.count
	heap.Push(&s.turns, turn{at: at, count: s.count, who: a})
}

// step has the next actor run until it waits. False when none is left.
func (s *scheduler) step() bool {
	for s.turns.Len() > 0 {
		t := heap.Pop(&s.turns).(turn)
		if t.who.gone || t.who.turn != t.count {
			continue
		}
		s.now = max(s.now, t.at)
		s.resume(t.who)
		return true
	}
	return false
}

func (s *scheduler) resume(a *actor) {
	before := s.running
	s.running = a
	a.run <- struct{}{}
	<-a.back
	s.running = before
}

// park gives way until the actor's next turn.
func (s *scheduler) park() {
	a := s.running
	a.back <- struct{}{}
	<-a.run
	s.dieWith(a)
}

// sleep lets d of virtual time pass for the actor that runs.
func (s *scheduler) sleep(d time.Duration) {
	a := s.running
	s.dieWith(a)
	s.wakeAt(a, s.now+max(d, 0))
	s.park()
}

// call has fn run as an actor of another process and waits for its end. False: that process is dead, or died before.
func (s *scheduler) call(of *process, name string, fn func()) bool {
	if of.dead {
		return false
	}
	caller, whole, over := s.running, false, false
	s.spawn(of, name, func() { fn(); whole = true }, func() {
		if over = true; !caller.gone {
			s.wakeAt(caller, s.now)
		}
	})
	for !over {
		s.turnless(caller)
		s.park()
	}
	return whole
}

// turnless voids the turn of an actor that waits for another one.
func (s *scheduler) turnless(a *actor) {
	s.count++
	a.turn = s.count
}

// process is one incarnation of a service. When it is killed, its actors end where they wait, and its ports refuse everything.
type process struct {
	name   string
	actors map[*actor]struct{}
	dead   bool
	skew   time.Duration // of its clock
}

// kill ends a process between two steps. An actor of it that runs just now ends here.
func (s *scheduler) kill(p *process) {
	if p.dead {
		return
	}
	p.dead = true
	own := s.running
	for _, a := range inOrder(p.actors) {
		if a != own && !a.gone {
			s.resume(a)
		}
	}
	if own != nil && own.of == p {
		runtime.Goexit()
	}
}

// inOrder sorts actors by their turns, which no two share.
func inOrder(set map[*actor]struct{}) (all []*actor) {
	for a := range set {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *actor) int { return cmp.Compare(a.turn, b.turn) })
	return all
}

// turn is when an actor goes on.
type turn struct {
	at    time.Duration
	count uint64
	who   *actor
}

// turns is a heap, the earliest first, those of one moment in the order in which they were asked for.
type turns []turn

func (t turns) Len() int { return len(t) }
func (t turns) Less(i, j int) bool {
	return t[i].at < t[j].at || t[i].at == t[j].at && t[i].count < t[j].count
}
func (t turns) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *turns) Push(x any)   { *t = append(*t, x.(turn)) }
func (t *turns) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}

// pacer is the pace of a process in virtual time.
type pacer struct {
	s *scheduler
	p *process
}

// Elapsed implements pace.Pace.
func (c pacer) Elapsed() time.Duration { return c.s.now }

// Wait implements pace.Pace. A value that a channel has already ends it at once; one that comes later is found by the next look.
func (c pacer) Wait(ctx context.Context, d time.Duration, wake, closing <-chan struct{}) {
	select {
	case <-wake:
		d = 0
	default:
	}
	select {
	case <-closing:
		d = 0
	default:
	}
	if ctx.Err() != nil || c.p.dead {
		d = 0
	}
	c.s.sleep(d)
}

// Beside implements pace.Pace.
func (c pacer) Beside(fn func()) { c.s.spawn(c.p, c.s.running.name+"+", fn, nil) }
