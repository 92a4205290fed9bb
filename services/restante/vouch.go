package main

import (
	"github.com/spf13/cobra"

	"github.com/restante/restante/relay/client"
)

func (c *cli) newVouch() *cobra.Command {
	return &cobra.Command{
		Use: "vouch ID", Short: "Prove a handle of a user who is signed in with your app", GroupID: groupUse, Args: exactly(1, "a payment's id"),
		Long: "Make a voucher: the app's word that the person at its screen is whom the payment is for. It stands in the place of a\n" +
			"mailed code, and it is the only proof of tel:, github: and app: handles. Hand it to her where she is signed in, never\n" +
			"beside the link; she gives it to \"restante claim --voucher\". It serves once, for a short time.",
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, args []string) error {
			v, err := cl.Vouch(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(v)
			}
			c.table(row{"Voucher", v.Voucher}, row{"Good until", moment(v.ExpiresAt)})
			c.printf("\nHand it to her where she is signed in with your app, not beside the link. She claims with: restante claim --voucher VOUCHER -\n" +
				"and pastes the link when it asks.\n")
			return c.written()
		}),
	}
}
