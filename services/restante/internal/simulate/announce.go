package simulate

import (
	"context"
	"errors"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// announced is every event that reached the bus, in the order in which it did.
type announced struct{ all []events.Event }

// announcer is the bus as a worker reaches it.
type announcer struct {
	w *world
	p *process
}

var errBus = errors.New("simulated: the bus does not answer")

// Announce implements worker.Announcer.
func (a announcer) Announce(ctx context.Context, row desk.Work, p relay.Payment) error {
	if err := a.w.cross(a.p, "announce "+row.Subject, remote); err != nil {
		return err
	}
	if a.w.fault(eventFails) {
		return errBus
	}
	e, err := events.OfPayment(row.ID, row.Subject, row.Due, p)
	if err != nil {
		a.w.violate("payment %s: the event of its state %s cannot be made: %v", p.ID, row.Subject, err)
		return err
	}
	a.w.events.all = append(a.w.events.all, e)
	if a.w.fault(eventLost) {
		return errBus
	}
	return a.w.cross(a.p, "announced", remote)
}
