package main

import "github.com/spf13/cobra"

// The groups of the help text.
const (
	groupRun  = "run"
	groupUse  = "use"
	groupKeys = "keys"
	groupLook = "look"
)

// commands lists every subcommand by group. A new command is a file with a function, and a line here.
func (c *cli) commands() []*cobra.Command {
	return []*cobra.Command{
		c.newUp(), c.newAccounts(), c.newAudit(), c.newSettings(), c.newDevnet(), c.newDemo(), c.newSimulate(),

		// groupUse: apps and claimants.
		c.newApp(), c.newSend(), c.newSubmit(), c.newReaddress(), c.newCancel(), c.newClaim(), c.newDecline(), c.newVouch(), c.newAgreed(),
		c.newReceipt(), c.newKit(),

		// groupKeys: senders with an account of their own.
		c.newInit(), c.newKeystore(),

		// groupLook: what is, and why.
		c.newShow(), c.newList(), c.newWatch(), c.newExplain(), c.newTreasury(), c.newReserves(), c.newVersion(),
	}
}
