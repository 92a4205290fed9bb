package main

import (
	"context"
	"fmt"

	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/spf13/cobra"
)

func (c *cli) newDemo() *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Show that the promises hold, on a private instance", GroupID: groupRun, Args: cobra.NoArgs,
		Long: "Runs a private instance whose ledgers are closed by hand, and plays what can happen to a payment. Balances are read\n" +
			"from the ledger by code that imports nothing of ours. Each chapter has a control: something that must fail.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.demo(cmd.Context()) },
	}
}

func (c *cli) demo(ctx context.Context) error {
	o, err := demo.Play(ctx, c.stdout)
	switch {
	case ctx.Err() != nil && o.Played > 0:
		return &failure{status: statusFailed, cause: ctx.Err(), text: fmt.Sprintf("Interrupted in chapter %d of %d; %d before it held.", o.Played, o.All, o.Held)}
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return failed("the demonstration could not begin: %v", err)
	}
	c.printf("\ndemo: %d of %d chapters hold\n", o.Held, o.All)
	if o.Held != o.All {
		return &failure{status: statusFailed}
	}
	return nil
}
