package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/internal/boot"
)

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

// ErrFull says that the data directory takes nothing more.
var ErrFull = relay.NewFault(relay.Unavailable, "storage_full", "The data directory is full.", nil)

// CheckSpace says whether the data directory takes more. The signer's log, the bus and the embedded ledger grow in it too. The error
// matches ErrFull when there is no room.
func (s *Stack) CheckSpace(context.Context) error {
	f, err := os.CreateTemp(s.Config.Data, ".restante-*")
	if err == nil {
		_, err = f.Write(make([]byte, spaceProbe))
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		err = relay.NewFault(ErrFull.Kind, ErrFull.Code, ErrFull.Public, err)
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

// ledgerAnswers says whether the ledger answers, and if not, which host it is.
func (s *Stack) ledgerAnswers(ctx context.Context) error {
	_, err := s.Ledger.Head(ctx)
	if err != nil {
		err = relay.NewFault(relay.Unavailable, "ledger_unavailable", "The ledger at "+s.LedgerHost()+" does not answer.", err)
	}
	return err
}

// sponsorCarries says whether the sponsor could carry one payment more.
func (s *Stack) sponsorCarries(ctx context.Context) error {
	load, err := s.Desk.Carried(ctx)
	if err != nil {
		return err
	}
	sponsor, _, err := s.Signer.Accounts(ctx)
	if err != nil {
		return err
	}
	facts, _, err := s.Ledger.Look(ctx, relay.Native, sponsor)
	if err != nil {
		return err
	}
	return relay.Sponsor{Free: facts[sponsor].Free, Load: load, Prices: stellar.Prices}.Short(relay.LoadOf(relay.Payment{Asset: relay.Native}))
}

// fundingsGoOn says whether the fundings of an app, or of all, wait for money or for a limit.
func (s *Stack) fundingsGoOn(ctx context.Context) error {
	all, err := s.Desk.Pauses(ctx)
	if err != nil {
		return err
	}
	now, apps := relay.At(s.Desk.Now()), 0
	for _, p := range all {
		switch {
		case now >= p.Until+relay.PauseShown:
		case p.App == "":
			return relay.NewFault(relay.Exhausted, p.Cause, p.Detail, nil)
		default:
			apps++
		}
	}
	if apps > 0 {
		return relay.NewFault(relay.Exhausted, "fundings_wait", fmt.Sprintf("Fundings wait for a treasury or for a limit, in %d app(s).", apps), nil)
	}
	return nil
}
