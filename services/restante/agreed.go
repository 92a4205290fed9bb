package main

import (
	"github.com/spf13/cobra"

	"github.com/restante/restante/relay/client"
)

func (c *cli) newAgreed() *cobra.Command {
	return group("agreed", "Show, or take off, the account that a recipient has put on file with your app", groupUse, c.newAgreedShow(), c.newAgreedForget())
}

// agreedJSON is the account on file for a handle; null when there is none.
type agreedJSON struct {
	To      string  `json:"to"`
	Account *string `json:"account"`
}

func (c *cli) newAgreedShow() *cobra.Command {
	return &cobra.Command{
		Use: "show HANDLE", Aliases: []string{"list"}, Short: "Show the account that is paid directly for a handle", Args: exactly(1, "a handle"),
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, args []string) error {
			account, err := cl.Agreed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.printAgreed(args[0], account, "No account is on file for "+plain(args[0])+": money waits for a claim.")
		}),
	}
}

func (c *cli) newAgreedForget() *cobra.Command {
	return &cobra.Command{
		Use: "forget HANDLE", Short: "Take the account for a handle off: later payments wait for a claim again", Args: exactly(1, "a handle"),
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, args []string) error {
			return c.forgetAgreed(cmd, cl, args[0])
		}),
	}
}

func (c *cli) forgetAgreed(cmd *cobra.Command, cl *client.Client, to string) error {
	if err := cl.Forget(cmd.Context(), to); err != nil {
		return err
	}
	return c.printAgreed(to, "", "Nothing is on file for "+plain(to)+" any more: money waits for a claim.")
}

func (c *cli) printAgreed(to, account, none string) error {
	switch {
	case c.json && account == "":
		return c.printJSON(agreedJSON{To: to})
	case c.json:
		return c.printJSON(agreedJSON{to, &account})
	case account == "":
		c.printf("%s\n", none)
	default:
		c.table(row{"To", to}, row{"Account", account})
		c.printf("\nWhat the app sends there goes straight into it. \"restante agreed forget %s\" takes it off; \"send --no-direct\" leaves it out once.\n", typedWord(to))
	}
	return c.written()
}
