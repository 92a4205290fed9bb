package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
)

// anyHalt stands for --lift-halt without a hash.
const anyHalt = "any"

// haltArgument lets the hash of --lift-halt follow it as a word of its own, which no flag with an optional value takes.
func haltArgument(cfg *upConfig) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if cfg.lift == anyHalt && len(args) == 1 {
			cfg.lift = args[0]
			return nil
		}
		return cobra.NoArgs(cmd, args)
	}
}

// liftHalt goes on after the halt that was named at the start.
func (h *house) liftHalt(ctx context.Context) error {
	if h.cfg.lift == "" {
		return nil
	}
	hash := h.cfg.lift
	if hash == anyHalt {
		hash = ""
	}
	lifted, err := h.desk.Lift(ctx, hash)
	var f *relay.Fault
	if errors.As(err, &f) && f.Public != "" {
		return fmt.Errorf("--lift-halt: %s", f.Public)
	}
	for _, l := range lifted {
		h.log.Warn("a halt is lifted", "scope", l.Scope, "app", l.App, "payment", l.Payment, "about", l.Hash, "why", l.Why)
	}
	return err
}

// haltsStand tells the operator at the start what stands still, and how it goes on.
func (c *cli) haltsStand(all []relay.Halt) {
	for _, h := range all {
		what := "nothing that moves money is done"
		switch h.Scope {
		case relay.HaltPayment:
			what = "payment " + string(h.Payment) + " is stopped, and no other"
		case relay.HaltApp:
			what = "app " + string(h.App) + " is stopped, and no other"
		}
		fmt.Fprintf(c.stdout, "HALTED: %s, because %s\nIt is about %s. Find out why, then start with --lift-halt %s: that goes on past this hash, and no other.\n\n",
			what, h.Why, h.Hash, h.Hash)
	}
}

// nothingHalted says whether everything that moves money is stopped.
func (h *house) nothingHalted(ctx context.Context) error {
	halt, err := h.desk.Halted(ctx)
	if err == nil && halt.Scope != "" {
		err = relay.NewFault(relay.Unavailable, "halted", "Everything that moves money is stopped until a person has looked; it is about "+halt.Hash+", and the log says why.", errors.New(halt.Why))
	}
	return err
}

// mostNamed is how many hashes readiness names.
const mostNamed = 5

// nothingHeld says whether payments or apps are stopped while the others go on: how many, and about which hashes.
func (h *house) nothingHeld(ctx context.Context) error {
	all, err := h.desk.Halts(ctx)
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
	if n := len(about) - mostNamed; n > 0 {
		about, more = about[:mostNamed], fmt.Sprintf(" and %d more", n)
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
