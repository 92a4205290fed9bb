package main

import (
	"text/tabwriter"

	"fmt"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newList() *cobra.Command {
	var f client.Filter
	cmd := &cobra.Command{
		Use: "list", Short: "List payments, newest first", GroupID: groupLook, Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.State != "" && !relay.State(f.State).Known() {
				return usage("--state: there is no state %q. They are %s.", f.State, stateNames())
			}
			if f.Limit < 1 || f.Limit > 100 {
				return usage("--limit takes 1 to 100, not %d.", f.Limit)
			}
			cl, err := c.app()
			if err != nil {
				return err
			}
			page, err := cl.List(cmd.Context(), f)
			if err != nil {
				return err
			}
			return c.printList(page)
		},
	}
	cmd.Flags().StringVar(&f.State, "state", "", "only those in this state")
	cmd.Flags().StringVar(&f.To, "to", "", "only those to this handle")
	cmd.Flags().StringVar(&f.Reference, "reference", "", "only the one with this reference")
	cmd.Flags().IntVar(&f.Limit, "limit", 20, "at most so many, 1 to 100")
	cmd.Flags().StringVar(&f.After, "after", "", "those older than the payment with this id")
	return cmd
}

func (c *cli) printList(page client.PaymentList) error {
	if c.json {
		if page.Data == nil {
			page.Data = []client.Payment{}
		}
		return c.printJSON(page)
	}
	if len(page.Data) == 0 {
		c.printf("No payments.\n")
		return nil
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PAYMENT\tSTATE\tAMOUNT\tTO\tSENT")
	for _, p := range page.Data {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.State+inParentheses(p.Reason)+haltedMark(p), money(p.Amount, p.Asset), plain(p.To), moment(p.CreatedAt))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if page.HasMore {
		c.printf("There are older ones: --after %s\n", page.Data[len(page.Data)-1].ID)
	}
	return nil
}

// haltedMark marks a payment that a halt stops.
func haltedMark(p client.Payment) string {
	if !halted(p) {
		return ""
	}
	return ", halted"
}

func stateNames() string {
	out := ""
	for i, s := range relay.States {
		if i > 0 {
			out += ", "
		}
		out += string(s.State)
	}
	return out
}
