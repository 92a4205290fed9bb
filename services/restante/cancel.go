package main

import (
	"cmp"
	"context"

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
	e := ending(p)
	text := plain(e.Sentence(relay.ToSender))
	switch e.State {
	case relay.Canceled, relay.Returned, relay.Failed:
		if !c.json {
			c.printf("%s\n", text)
		}
		return nil
	case relay.Parked:
		return &failure{status: statusTryAgain, text: "The money is safe at " + deref(p.HoldingAccount) +
			" but cannot be moved just now" + inParentheses(p.Reason) + ". It comes back as soon as it can; the wish is noted."}
	case relay.Claimed:
		_, text = e.Said(relay.ToSender)
		text = "The claim was first: " + plain(text)
	}
	return &failure{status: statusLost, text: text}
}
