package jet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Outbox is the part of the store that the pump needs. See desk.Queue for the contract.
type Outbox interface {
	Unannounced(ctx context.Context, now relay.Micros, limit int) ([]desk.Work, error)
	Announced(ctx context.Context, ids []int64) error
}

const (
	pumpBatch    = 256              // rows per look
	pumpEvery    = time.Second      // a look without a Wake
	pumpLongest  = 30 * time.Second // longest pause after failures
	pumpPatience = 5 * time.Second  // for the acknowledgments of one batch
)

// Pump rings for rows of work that are due. It reads rows that were never announced, publishes a [events.Ring] for each,
// and marks them announced, in this order: a crash in between rings again, with the same message id, which the bus drops.
type Pump struct {
	store    Outbox
	bus      *Bus
	log      *slog.Logger
	disabled bool
	every    time.Duration
	wake     chan struct{}
}

// NewPump makes a pump. With disabled it publishes nothing and marks nothing, so that only the sweep finds work.
func NewPump(store Outbox, bus *Bus, log *slog.Logger, disabled bool) *Pump {
	if log == nil {
		log = slog.Default()
	}
	return &Pump{store: store, bus: bus, log: log, disabled: disabled, every: pumpEvery, wake: make(chan struct{}, 1)}
}

// Name is for boot's log.
func (p *Pump) Name() string { return "pump" }

// Wake makes the pump look now. It never blocks; call it after each commit that may have added work.
func (p *Pump) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run pumps until ctx ends, and returns nil then. After a failure it pauses, twice as long each time up to 30 seconds, and
// a Wake does not shorten the pause. A row of failures is logged once, and once when it is over.
func (p *Pump) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	wake, pause := p.wake, time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-timer.C:
		}
		n, err := p.once(ctx, relay.At(time.Now()))
		if ctx.Err() != nil {
			return nil
		}
		switch {
		case err != nil:
			if pause == 0 {
				p.log.Warn("doorbell fails; the sweep goes on without it", "cause", err)
			}
			_ = p.bus.shape(ctx) // the stream may be gone; if this fails too, the next look tells
			wake, pause = nil, min(max(2*pause, p.every), pumpLongest)
			timer.Reset(pause)
			continue
		case pause > 0:
			p.log.Info("doorbell works again")
			wake, pause = p.wake, 0
		}
		if n == pumpBatch {
			timer.Reset(0) // there is more
		} else {
			timer.Reset(p.every)
		}
	}
}

// once announces one batch and says how many rows it saw. A row that cannot be published leaves the others alone.
func (p *Pump) once(ctx context.Context, now relay.Micros) (int, error) {
	if p.disabled {
		return 0, nil
	}
	rows, err := p.store.Unannounced(ctx, now, pumpBatch)
	if err != nil {
		return 0, fmt.Errorf("read what is due: %w", err)
	}
	rung, failure := p.bus.ring(ctx, rows)
	if len(rung) > 0 {
		if err := p.store.Announced(ctx, rung); err != nil {
			return len(rows), fmt.Errorf("mark as announced: %w", err)
		}
	}
	return len(rows), failure
}

// ring publishes a ring per row, all at once, and returns the ids of those that the bus has taken. A row that is no good
// ring counts as taken: it would fail for ever and stand in the way of others, and the sweep does it anyway.
func (b *Bus) ring(ctx context.Context, rows []desk.Work) (taken []int64, failure error) {
	ctx, cancel := context.WithTimeout(ctx, pumpPatience)
	defer cancel()
	waiting := make([]jetstream.PubAckFuture, len(rows))
	for i, w := range rows {
		text, err := events.Ring{Work: w.ID, Kind: w.Kind}.Encode()
		if err != nil {
			b.log.Error("a row of work cannot be rung for", "work", w.ID, "cause", err)
			taken = append(taken, w.ID)
			continue
		}
		id := ringID(w)
		if waiting[i], err = b.js.PublishMsgAsync(&nats.Msg{Subject: workPrefix + string(w.Kind), Data: text},
			jetstream.WithMsgID(id), jetstream.WithExpectStream(workStream)); err != nil {
			failure = err
		}
	}
	for i, f := range waiting {
		if f == nil {
			continue
		}
		select {
		case <-f.Ok():
			taken = append(taken, rows[i].ID)
		case failure = <-f.Err():
		case <-ctx.Done():
			failure = errors.New("no acknowledgment in time")
		}
	}
	return taken, failure
}

// ringID is the same for every ring for one attempt at one row, and differs for the next attempt.
func ringID(w desk.Work) string {
	return strconv.FormatInt(w.ID, 10) + "." + strconv.Itoa(w.Attempts)
}
