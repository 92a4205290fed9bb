package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newDecline() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "decline LINK|-", Short: "Send money back that you do not want", GroupID: groupUse, Args: exactly(1, "a claim link, or \"-\""),
		RunE: func(cmd *cobra.Command, args []string) error { return c.decline(cmd.Context(), args[0], yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask before, on a terminal")
	return cmd
}

func (c *cli) decline(ctx context.Context, arg string, yes bool) error {
	cl, link, err := c.claimant(ctx, arg)
	if err != nil {
		return err
	}
	if c.terminal() != nil && !yes {
		v, err := cl.View(ctx, link, 0)
		if err != nil {
			return err
		}
		if err := c.confirm(ctx, yes, "Send "+money(v.Amount, v.Asset)+" back to "+plain(v.From)+"? The link opens nothing after that."); err != nil {
			return err
		}
	}
	if _, err := cl.Decline(ctx, link); err != nil {
		return err
	}
	v, err := cl.FollowClaim(ctx, link, func(v client.ClaimView) bool {
		s := relay.State(v.State)
		return s.Ended() || s == relay.Parked || client.Stopped(v)
	})
	if err != nil {
		return err
	}
	if c.json {
		if err := c.printJSON(v); err != nil {
			return err
		}
	}
	if client.Stopped(v) {
		return haltedError(v.ID, v.State, v.Held.Detail, " That you do not want it is noted.")
	}
	return c.tellDeclined(v)
}

// tellDeclined says how a decline went.
func (c *cli) tellDeclined(v client.ClaimView) error {
	e := endingOf(v)
	text := plain(e.Sentence(relay.ToRecipient))
	switch {
	case e.State == relay.Claimed:
		_, text = e.Said(relay.ToRecipient)
		return &failure{status: statusLost, text: "A claim was first: " + plain(text)}
	case e.State == relay.Parked:
		return &failure{status: statusTryAgain, text: "Declined. The money is safe but cannot be moved just now; it goes back as soon as it can."}
	case e.State == relay.Settled && e.Reason != relay.LeftClaimable:
		return &failure{status: statusLost, text: text}
	case !c.json:
		c.printf("%s\n", text)
	}
	return nil
}
