package main

import (
	"github.com/spf13/cobra"

	"github.com/restante/restante/relay/client"
)

func (c *cli) newTreasury() *cobra.Command {
	var asset string
	var trust bool
	cmd := &cobra.Command{
		Use: "treasury", Short: "Show the account that funds your payments", GroupID: groupLook, Args: exactly(0, ""),
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, _ []string) error {
			ask := cl.Treasury
			if trust {
				ask = cl.Trust
			}
			t, err := ask(cmd.Context(), asset)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(t)
			}
			available := money(t.Available, t.Asset)
			if !t.Trustline {
				available = "no trustline yet; --trust gives it one"
			}
			c.table(row{"Address", t.Address}, row{"Available", available}, row{"Waiting to be claimed", money(t.Locked, t.Asset)})
			return nil
		}),
	}
	cmd.AddCommand(c.newWithdraw())
	cmd.Flags().StringVar(&asset, "asset", "", "of which asset: CODE:ISSUER (default lumens)")
	cmd.Flags().BoolVar(&trust, "trust", false, "give the account a trustline for the asset")
	return cmd
}
