package worker_test

import (
	"context"
	"testing"

	"github.com/restante/restante/relay"
)

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
	w := newTown(t, plan{post: m})
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
	w := newTown(t, plan{post: m})
	p := w.until(w.open(w.apps[0], nil).ID, relay.Funding)
	w.work(relay.DoSubmit)
	w.close(1)
	w.watch()
	row, ok := w.row(p.ID, relay.DoNotify)
	if !ok {
		t.Fatal("nobody is written to")
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
