package main

import (
	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newReserves() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reserves", Short: "Show the service's reserves that your payments hold", GroupID: groupLook, Args: exactly(0, ""),
		Long: "Show the lumens of the service that your payments hold: locked while money waits, which come home, and left in accounts\n" +
			"that claims made, which can be reclaimed once their owners can carry them.",
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, _ []string) error {
			l, err := cl.Limits(cmd.Context(), "")
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(l)
			}
			c.table(row{"Under way", money(l.BudgetLocked, relay.Native)}, row{"In accounts that claims made", money(l.ReservesGiven, relay.Native)},
				row{"Left of the budget", money(l.BudgetLeft, relay.Native) + " of " + l.Budget})
			return nil
		}),
	}
	cmd.AddCommand(c.newReclaim())
	return cmd
}

func (c *cli) newReclaim() *cobra.Command {
	var always bool
	cmd := &cobra.Command{
		Use: "reclaim", Short: "Take them back from accounts that can carry them", Args: exactly(0, ""),
		Long: "Take the service's reserves back from accounts that claims of your payments made. An account gives them back once its\n" +
			"owner has as much free, and one lumen besides: they are locked in her account as her own reserve from then on, and\n" +
			"nothing is taken from her. Accounts that are too poor are looked at again for 30 days.",
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, _ []string) error {
			var setting *bool
			if cmd.Flags().Changed("always") {
				setting = &always
			}
			r, err := cl.Reclaim(cmd.Context(), setting)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(r)
			}
			c.printf("Accounts asked for their reserves: %d. \"restante reserves\" shows what is still out.\n", r.Asked)
			if r.Always {
				c.printf("Later claims ask by themselves.\n")
			}
			return nil
		}),
	}
	cmd.Flags().BoolVar(&always, "always", false, "whether later claims ask by themselves (--always=false ends it)")
	return cmd
}
