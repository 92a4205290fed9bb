package worker_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Two workers as two processes on one database, with sweepers and watchers of their own and no bell: every payment gets where
// it should, funded once. The test closes ledgers much faster than a network would, so that a bound of a network's length
// would pass before an envelope is handed in at all.
func TestTwoWorkersSweepAndWatch(t *testing.T) {
	const bound = 200
	w := newFixture(t, plan{now: time.Now, bound: bound})
	w.apps = append(w.apps, w.openApp())
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 {
		w.openWorker()
		for _, loop := range []func(context.Context) error{w.w.Sweep, w.w.Watch} {
			all.Go(func() {
				if err := loop(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	}
	defer all.Wait()
	defer stop()
	var ids []relay.PaymentID
	for i := range 60 {
		ids = append(ids, w.open(w.apps[i%2], nil).ID)
	}
	w.closeWhile(ids, relay.Pending)
	for _, id := range ids {
		if fundings := w.fundings(id); len(fundings) != 1 || fundings[0].State != relay.Landed {
			t.Errorf("a payment's fundings are %+v", fundings)
		}
	}
	for _, app := range w.apps {
		w.wantHas("a treasury", app.Treasury, full-30*25*relay.One)
	}
	for w.head().Sequence < w.payment(ids[0]).Bound {
		w.close(1)
	}
	for _, id := range ids {
		w.apply(id, relay.CancelAsked{})
	}
	w.closeWhile(ids, relay.Returned)
	for _, app := range w.apps {
		w.wantHas("a treasury", app.Treasury, full)
	}
}

// closeWhile closes a ledger whenever something waits for one, until all payments are in the state.
func (w *fixture) closeWhile(ids []relay.PaymentID, state relay.State) {
	w.Helper()
	for len(ids) > 0 {
		if p := w.payment(ids[0]); p.State == state {
			ids = ids[1:]
		} else if p.State.Ended() || w.halted() != "" {
			w.Fatalf("%s, halted %q\n%s", p.State, w.halted(), w.story(p.ID))
		}
		if w.net.Waiting() > 0 {
			w.close(1)
		}
	}
}

// The lease on a row runs out while its handler waits its turn: the same row comes back among those to be funded with it.
func TestALeaseThatRanOut(t *testing.T) {
	clock := time.Now()
	hasty := func() time.Time { clock = clock.Add(time.Minute); return clock }
	w := newFixture(t, plan{now: hasty})
	a, b := w.open(w.apps[0], nil), w.open(w.apps[0], nil)
	row, _ := w.row(a.ID, relay.DoFund)
	if err := w.w.Ring(t.Context(), row.ID, row.Kind); err != nil {
		t.Fatal(err)
	}
	w.is(a.ID, relay.Funding, "")
	w.is(b.ID, relay.Funding, "")
}

// What the ended payment leaves behind is deleted: box and share.
func TestExpunge(t *testing.T) {
	w := newFixture(t, plan{})
	p := w.until(w.open(w.apps[0], func(p *relay.Payment) { p.Policy = relay.Guarded }).ID, relay.Pending)
	secrets := func() (box, share error) {
		_ = w.store.View(t.Context(), func(tx desk.Tx) error {
			_, box = tx.Box(p.ID)
			_, share = tx.Share(p.ID)
			return nil
		})
		return box, share
	}
	if box, share := secrets(); box != nil || share != nil {
		t.Fatal(box, share)
	}
	w.apply(p.ID, relay.CancelAsked{})
	w.until(p.ID, relay.Returned)
	w.work()
	if box, share := secrets(); !errors.Is(box, relay.ErrNotFound) || !errors.Is(share, relay.ErrNotFound) {
		t.Error(box, share)
	}
}

// moody is a post office in which something else happens.
type moody struct {
	clerk
	happens func()
}

func (m *moody) Arrived(ctx context.Context, a relay.App, p relay.Payment) error {
	if m.happens != nil {
		m.happens()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return m.clerk.Arrived(ctx, a, p)
}

// A handler that panics is a row that failed, and nothing more.
func TestAPanicIsTriedAgain(t *testing.T) {
	m := &moody{happens: func() { panic("a bug") }}
	w := newFixture(t, plan{post: m})
	p := w.pending()
	w.work()
	row, _ := w.row(p.ID, relay.DoNotify)
	if row.DoneAt != 0 || row.Attempts == 0 || row.Note != "panic: a bug" {
		t.Errorf("the row says %+v", row)
	}
	m.happens = nil
	w.work()
	if len(m.letters) != 1 {
		t.Error("not tried again")
	}
}

// A worker that is stopped in the middle of a row leaves it alone; another one does it when the lease has run out.
func TestStoppedInTheMiddle(t *testing.T) {
	m := &moody{}
	w := newFixture(t, plan{post: m})
	p := w.until(w.open(w.apps[0], nil).ID, relay.Funding)
	w.work(relay.DoSubmit)
	w.close(1)
	w.watch()
	row, ok := w.row(p.ID, relay.DoNotify)
	if !ok {
		t.Fatal("no mail is written")
	}
	ctx, stop := context.WithCancel(t.Context())
	m.happens = stop
	if err := w.w.Ring(ctx, row.ID, row.Kind); err == nil {
		t.Error("stopped, and says it is done")
	}
	m.happens = nil
	if err := w.w.Ring(t.Context(), row.ID, row.Kind); err != nil {
		t.Fatal(err)
	}
	if len(m.letters) != 0 {
		t.Error("done while it was leased")
	}
	w.work()
	if len(m.letters) != 1 {
		t.Error("not done after the lease")
	}
	if err := w.w.Ring(t.Context(), row.ID, row.Kind); err != nil {
		t.Fatal(err)
	}
	if len(m.letters) != 1 {
		t.Error("done twice")
	}
}
