package main

import "github.com/spf13/cobra"

func (c *cli) newTreasury() *cobra.Command {
	return &cobra.Command{
		Use: "treasury", Short: "Show the account that funds your payments", GroupID: groupLook, Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.app()
			if err != nil {
				return err
			}
			t, err := cl.Treasury(cmd.Context())
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(t)
			}
			c.table(row{"Address", t.Address}, row{"Available", money(t.Available, "")}, row{"Waiting to be claimed", money(t.Locked, "")})
			return nil
		},
	}
}
