package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/restante/restante/relay"
)

// AnyHalt is a Config.Lift that names no hash: the halt that stops everything, or the only one.
const AnyHalt = "any"

// LiftHalt goes on after the halt that was named at the start.
func (s *Stack) LiftHalt(ctx context.Context) error {
	if s.Config.Lift == "" {
		return nil
	}
	hash := s.Config.Lift
	if hash == AnyHalt {
		hash = ""
	}
	if err := s.mayLift(ctx, hash); err != nil {
		return err
	}
	lifted, err := s.Desk.Lift(ctx, hash)
	var f *relay.Fault
	if errors.As(err, &f) && f.Public != "" {
		return fmt.Errorf("--lift-halt: %s", f.Public)
	}
	for _, l := range lifted {
		s.log.Warn("a halt is lifted", "scope", l.Scope, "app", l.App, "payment", l.Payment, "about", l.Hash, "why", l.Why)
	}
	return err
}

// mayLift refuses to lift what is still so: behind an older log the signer funds nothing, and what it signs all the same, a way home, makes
// the newer log unusable.
func (s *Stack) mayLift(ctx context.Context, hash string) error {
	doubt := s.Signer.CheckChannels(ctx)
	if !errors.Is(doubt, relay.ErrContradiction) {
		return doubt
	}
	if hash == "" {
		halt, err := s.Desk.Halted(ctx)
		if err != nil {
			return err
		}
		hash = halt.Hash
	}
	for _, c := range relay.Contradictions(doubt) {
		if c.Hash == hash {
			return errors.New("--lift-halt: the signer's log is still older than the ledger. Put the newer signer/ back (README, Backup), start, and lift the halt then")
		}
	}
	return nil
}

// nothingHalted says whether everything that moves money is stopped.
func (s *Stack) nothingHalted(ctx context.Context) error {
	halt, err := s.Desk.Halted(ctx)
	if err == nil && halt.Scope != "" {
		err = relay.NewFault(relay.Unavailable, "halted", "Everything that moves money is stopped until a person has looked; it is about "+halt.Hash+", and the log says why.", errors.New(halt.Why))
	}
	return err
}

// maxNamed is how many hashes readiness names.
const maxNamed = 5

// nothingHeld says whether payments or apps are stopped while the others go on: how many, and about which hashes.
func (s *Stack) nothingHeld(ctx context.Context) error {
	all, err := s.Desk.Halts(ctx)
	if err != nil {
		return err
	}
	payments, apps, seen := map[relay.PaymentID]bool{}, map[relay.AppID]bool{}, map[string]bool{}
	var about []string
	for _, halt := range all {
		switch halt.Scope {
		case relay.HaltPayment:
			payments[halt.Payment] = true
		case relay.HaltApp:
			apps[halt.App] = true
		default:
			continue
		}
		if !seen[halt.Hash] {
			seen[halt.Hash] = true
			about = append(about, halt.Hash)
		}
	}
	if len(about) == 0 {
		return nil
	}
	more := ""
	if n := len(about) - maxNamed; n > 0 {
		about, more = about[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return relay.NewFault(relay.Exhausted, "held", fmt.Sprintf("%s and %s are stopped until a person has looked; the others go on. It is about %s%s, and the log says why.",
		counted(len(payments), "payment"), counted(len(apps), "app"), strings.Join(about, ", "), more), nil)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
