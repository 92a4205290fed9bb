package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/restante/internal/stack"
)

// haltArgument lets the hash of --lift-halt follow it as a word of its own, which no flag with an optional value takes.
func haltArgument(cfg *stack.Config) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if cfg.Lift == stack.AnyHalt && len(args) == 1 {
			cfg.Lift = args[0]
			return nil
		}
		return cobra.NoArgs(cmd, args)
	}
}

// printHalts tells the operator at the start what stands still, and how it goes on.
func (c *cli) printHalts(all []relay.Halt) {
	for _, h := range all {
		what := "nothing that moves money is done"
		switch h.Scope {
		case relay.HaltPayment:
			what = "payment " + string(h.Payment) + " is stopped, and no other"
		case relay.HaltApp:
			what = "app " + string(h.App) + " is stopped, and no other"
		}
		fmt.Fprintf(c.stdout, "HALTED: %s, because %s\nIt is about %s. Find out why and mend it, then start with --lift-halt %s: that goes on past this, and nothing else.\n\n",
			what, h.Why, h.Hash, h.Hash)
	}
}
