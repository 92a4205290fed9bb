package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newWatch() *cobra.Command {
	return &cobra.Command{
		Use: "watch ID|LINK|-", Short: "Follow a payment until it ends", GroupID: groupLook, Args: exactly(1, "a payment's id, or a link"),
		Long: "Follow a payment until it ends and print each change: of your own by its id, of one that you may claim by its link\n" +
			"(\"-\" reads the link from standard input). With --json each change is one line.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "-" || strings.Contains(args[0], "/") {
				return c.watchLink(cmd.Context(), args[0])
			}
			cl, err := c.app()
			if err != nil {
				return err
			}
			last := ""
			_, err = cl.Follow(cmd.Context(), args[0], func(p client.Payment) bool {
				if now := p.State + inParentheses(p.Reason) + p.ReturnAsked + haltedMark(p); now != last {
					last = now
					c.change(p, p.UpdatedAt, ending(p), relay.ToSender, p.ReturnAsked, stateText(p))
				}
				return relay.State(p.State).Ended()
			})
			return err
		},
	}
}

func (c *cli) watchLink(ctx context.Context, arg string) error {
	cl, link, err := c.claimant(ctx, arg)
	if err != nil {
		return err
	}
	last := ""
	_, err = cl.FollowClaim(ctx, link, func(v client.ClaimView) bool {
		means := meaning(v.State)
		if client.Stopped(v) {
			means = meaningHalted
		}
		if now := v.State + inParentheses(v.Reason) + means; now != last {
			last = now
			c.change(v, time.Now(), endingOf(v), relay.ToRecipient, "", means)
		}
		return relay.State(v.State).Ended()
	})
	return err
}

// change prints one change: the whole object, or a line.
func (c *cli) change(v any, at time.Time, e relay.Ending, to relay.Reader, asked, means string) {
	if c.json {
		_ = c.printJSON(v) // a reader that is gone is noticed at the end
		return
	}
	line := string(e.State) + inParentheses(string(e.Reason))
	if asked != "" && !e.State.Ended() && e.State != relay.Returning {
		line += ", to be returned (" + asked + ")"
	}
	if e.State.Ended() {
		means = plain(e.Sentence(to))
	}
	c.printf("%s  %-10s  %s\n", at.UTC().Format("2006-01-02 15:04:05"), line, means)
}
