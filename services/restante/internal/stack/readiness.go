package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/restante/restante/events"
	"github.com/restante/restante/events/jet"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/boot"
)

// consumers is how many rings of the bus are handled at a time.
const consumers = 4

// watchHealth adds what readiness asks once everything is open. Each part may add checks of its own where it is
// opened; a cause is the public text of a fault.
func (s *Stack) watchHealth() {
	s.health.Add(
		boot.Check{Name: "database", Look: s.Store.Writable},
		boot.Check{Name: "data", Look: s.CheckSpace},
		boot.Check{Name: "clock", Look: s.clocksAgree},
		boot.Check{Name: "bus", Look: s.bus.Ready},
		boot.Check{Name: "ledger", Look: s.ledgerAnswers},
		boot.Check{Name: "sponsor", Look: s.sponsorCarries, Warns: true}, // claims and returns go on
		boot.Check{Name: "fundings", Look: s.fundingsGoOn, Warns: true},
		boot.Check{Name: "halted", Look: s.nothingHalted},
		boot.Check{Name: "held", Look: s.nothingHeld, Warns: true}, // the others go on
	)
}

// spaceProbe is how much the data directory must still take, in bytes: some lines of the signer's log.
const spaceProbe = 256 << 10

// CheckSpace says whether the data directory takes more. The signer's log, the bus and the embedded ledger grow in it too.
func (s *Stack) CheckSpace(context.Context) error {
	f, err := os.CreateTemp(s.Config.Data, ".restante-*")
	if err == nil {
		_, err = f.Write(make([]byte, spaceProbe))
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		err = relay.NewFault(relay.Unavailable, "storage_full", "The data directory is full.", err)
	case err != nil:
		err = relay.NewFault(relay.Unavailable, "storage_failed", "The data directory cannot be written.", err)
	}
	return err
}

// maxClockOffset is how far the ledger's clock and this machine's may differ. Codes and sessions end by the one, payments and
// envelopes by the other; a payment lives for an hour at least.
const maxClockOffset = time.Hour

// clocksAgree says by how much the ledger's clock is off this machine's, when that is too much.
func (s *Stack) clocksAgree(ctx context.Context) error {
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return nil // said under its own name
	}
	off := time.Unix(head.CloseTime, 0).Sub(s.Config.Now())
	switch {
	case off > maxClockOffset:
		return relay.NewFault(relay.Unavailable, "clock_off", "The ledger's clock is "+offsetText(off)+" ahead of this machine's.", nil)
	case off < -maxClockOffset:
		return relay.NewFault(relay.Unavailable, "clock_off", "The ledger's clock is "+offsetText(-off)+" behind this machine's.", nil)
	}
	return nil
}

// offsetText is a difference between clocks: to the minute, or in whole days.
func offsetText(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// runLedger closes ledgers of the embedded network. One that could not be made durable is tried again: the disk may be full,
// and the rest goes on.
func (s *Stack) runLedger(ctx context.Context) error {
	for {
		err := s.Devnet.Run(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		s.log.Error("the embedded ledger closes no ledger; it is tried again", "err", err)
		if boot.Pause(ctx, quietFor) != nil {
			return nil
		}
	}
}

// ledgerAnswers says whether the ledger answers, and if not, which host it is.
func (s *Stack) ledgerAnswers(ctx context.Context) error {
	_, err := s.Ledger.Head(ctx)
	if err != nil {
		err = relay.NewFault(relay.Unavailable, "ledger_unavailable", "The ledger at "+s.LedgerHost()+" does not answer.", err)
	}
	return err
}

// consume handles the rings of the bus for as long as it runs. A bus that fails stops no work: the
// sweeper finds the same rows.
func (s *Stack) consume(ctx context.Context) error {
	for {
		err := s.bus.Consume(ctx, s.onRing, consumers)
		if ctx.Err() != nil {
			return nil
		}
		s.log.Warn("the bus does not ring; only the sweeper finds work now", "err", err)
		if boot.Pause(ctx, 5*time.Second) != nil {
			return nil
		}
	}
}

// onRing does the row that a ring names, if it is still to be done.
func (s *Stack) onRing(ctx context.Context, r events.Ring) events.Outcome {
	if err := s.worker.Ring(ctx, r.Work, r.Kind); err != nil {
		return events.RetryAfter(time.Second)
	}
	return events.Done()
}

// paymentEvents wakes the callers that wait for a payment when something happened to it.
type paymentEvents struct{ bus *jet.Bus }

// Watch implements api.Bus.
func (r paymentEvents) Watch(id relay.PaymentID) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	cancel := r.bus.SubscribeEvents(context.Background(), jet.Filter{Payment: id}, func(events.Event) {
		select {
		case c <- struct{}{}:
		default:
		}
	})
	return c, cancel
}

// parts is everything that runs. The order is that of starting; they stop in the reverse order.
func (s *Stack) parts() []boot.Part {
	var all []boot.Part
	if s.Devnet != nil {
		all = append(all, boot.PartOf("ledger", s.runLedger))
	}
	return append(all,
		boot.PartOf("signer", s.Signer.Run),
		s.pump,
		boot.PartOf("consumer", s.consume),
		boot.PartOf("sweeper", s.worker.Sweep),
		boot.PartOf("watcher", s.worker.Watch),
	)
}
