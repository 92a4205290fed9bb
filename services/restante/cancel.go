package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newCancel() *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID", Short: "Take money back that is not claimed yet", GroupID: groupUse, Args: exactly(1, "a payment's id"),
		Long: "Ask for the money back and wait until it is home. A claim that lands first wins: then the status is 4.",
		RunE: func(cmd *cobra.Command, args []string) error { return c.cancel(cmd.Context(), args[0]) },
	}
}

func (c *cli) cancel(ctx context.Context, id string) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	_, err = cl.Cancel(ctx, id)
	if err != nil && !client.IsCode(err, "already_claimed", "already_settled") {
		return err
	}
	// Refused or not, what the payment has become is the answer.
	p, err := cl.Follow(ctx, id, orHalted(func(p client.Payment) bool {
		s := relay.State(p.State)
		return s.Ended() || s == relay.Parked
	}))
	if err != nil {
		return err
	}
	if c.json {
		if err := c.printJSON(p); err != nil {
			return err
		}
	}
	return cmp.Or(stopped(p, " The wish to have it back is noted."), c.tellCanceled(p))
}

// tellCanceled says how a cancel went.
func (c *cli) tellCanceled(p client.Payment) error {
	say := func(format string, args ...any) error {
		if !c.json {
			c.printf(format+"\n", args...)
		}
		return nil
	}
	switch relay.State(p.State) {
	case relay.Canceled:
		return say("Canceled. No money had moved.")
	case relay.Returned:
		return say("Returned%s: %s is back at %s%s.", because(p.Reason), money(p.Amount, p.Asset), p.ReturnTo, landed(p.Settlement))
	case relay.Failed:
		return say("The payment had failed%s before any money moved.", because(p.Reason))
	case relay.Parked:
		return &failure{status: statusTryAgain, text: "The money is safe at " + deref(p.HoldingAccount) +
			" but cannot be moved just now" + because(p.Reason) + ". It comes back as soon as it can; the wish is noted."}
	case relay.Claimed:
		return &failure{status: statusLost, text: "The claim was first: " + money(p.Amount, p.Asset) + " went to " +
			deref(p.Destination) + landed(p.Settlement) + "."}
	}
	if a := arrived(p); p.Reason == string(relay.HoldingShort) && a != "" {
		return &failure{status: statusLost, text: "A holder of the key had paid a part out: " + a + " arrived at " + deref(p.Destination) + landed(p.Settlement) + "."}
	}
	return &failure{status: statusLost, text: "The money left its holding account outside of the relay, to " + deref(p.Destination) + landed(p.Settlement) + "."}
}

func landed(s *client.Settlement) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf(", in ledger %d by transaction %s", s.Ledger, s.Tx)
}
