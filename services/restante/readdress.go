package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay/client"
)

func (c *cli) newReaddress() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "readdress ID --to HANDLE", Short: "Correct whom a payment is for", GroupID: groupUse, Args: exactly(1, "a payment's id"),
		Long: "Correct the handle of a payment, as long as nobody has proven the old one. No money moves, and the claim link\n" +
			"stays: send the same link to the new recipient. Codes that were mailed to the old one open nothing any more.\n" +
			"When the old one was faster, the status is 4.",
		Example: "  restante readdress pay_… --to ana@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return usage("To whom? Give --to, like --to ana@example.com.")
			}
			return c.readdress(cmd.Context(), args[0], to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "handle of the recipient it is meant for")
	return cmd
}

func (c *cli) readdress(ctx context.Context, id, to string) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	p, err := cl.Readdress(ctx, id, to)
	switch {
	case client.IsCode(err, "share_released", "claim_in_flight"):
		return &failure{statusLost, "Somebody has proven the old address already, so the payment stays with it. " +
			"Until it is claimed, \"restante cancel " + id + "\" takes the money back.", err}
	case client.IsCode(err, "not_guarded"):
		return failed("Whoever has this payment's link can claim it, so another address would change nothing. "+
			"Until it is claimed, \"restante cancel %s\" takes the money back.", id)
	case err != nil:
		return err
	}
	if c.json {
		return c.printJSON(p)
	}
	c.printf("Readdressed: %s waits for %s. The link is the same: send it to the new recipient.\n", money(p.Amount, p.Asset), plain(p.To))
	return nil
}
