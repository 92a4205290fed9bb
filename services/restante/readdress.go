package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay/client"
)

func (c *cli) newReaddress() *cobra.Command {
	var to string
	var m moveFlags
	cmd := &cobra.Command{
		Use: "readdress ID --to HANDLE", Short: "Correct whom a payment is for", GroupID: groupUse, Args: exactly(1, "a payment's id"),
		Long: "Correct the handle of a payment, as long as nobody has proven the old one. No money moves, and the claim link\n" +
			"stays: send the same link to the new recipient. Codes that were mailed to the old one open nothing any more.\n" +
			"When the old one was faster, the status is 4.\n\n" +
			"With --move, the money goes into a fresh holding account with a new link: for a link that opens the box by itself, or when\n" +
			"somebody has proven the old address and not claimed. It takes your age identity (--identity), or your profile (--from).",
		Example: "  restante readdress pay_… --to ana@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return usage("To whom? Give --to, like --to ana@example.com.")
			}
			if err := m.check(); err != nil {
				return err
			}
			if m.move {
				return c.moveMoney(cmd.Context(), args[0], to, m)
			}
			return c.readdress(cmd.Context(), args[0], to)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&to, "to", "", "handle of the recipient it is meant for")
	f.BoolVar(&m.move, "move", false, "move the money into a fresh holding account with a new link")
	f.StringVar(&m.identityFile, "identity", "", "with --move: file with the app's age identity")
	f.StringVar(&m.from, "from", "", "with --move: profile whose wallet sent the money")
	f.StringVar(&m.passphraseFile, "passphrase-file", "", "file whose first line is the profile's passphrase")
	f.StringVar(&m.note, "note", "", "with --move: for the new recipient; the old note stays behind")
	f.StringVar(&m.policy, "policy", "", "with --move: guarded or link (default guarded)")
	f.StringVar(&m.receipt, "receipt", "", "with --move: file for the new receipt (default ./restante-ID.receipt.json); never overwritten")
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
		return &failure{status: statusLost, text: "Somebody has proven the old address already, so the payment stays with it. " +
			"Until it is claimed, \"restante cancel " + id + "\" takes the money back, and --move gives it to somebody else.", cause: err}
	case client.IsCode(err, "not_guarded"):
		return failed("Whoever has this payment's link can claim it, so another address would change nothing. "+
			"Until it is claimed, --move gives the money to somebody else under a new link, and \"restante cancel %s\" takes it back.", id)
	case err != nil:
		return err
	}
	if c.json {
		return c.printJSON(p)
	}
	c.printf("Readdressed: %s waits for %s. The link is the same: send it to the new recipient.\n", money(p.Amount, p.Asset), plain(p.To))
	return nil
}
