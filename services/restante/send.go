package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newSend() *cobra.Command {
	var r client.SendRequest
	var own ownFlags
	var wait, dry, noDirect bool
	var resume string
	cmd := &cobra.Command{
		Use: "send --to HANDLE --amount N", Short: "Send money to an e-mail address or another handle", GroupID: groupUse,
		Long: "Send money. The claim link is made here and printed once: nobody else has it. Deliver it yourself.\n\n" +
			"A handle is an e-mail address, or tel:+15550100, github:ana, app:USER.\n\n" +
			"Id and link are kept in a file of yours before the request leaves, until the answer is printed. When no clear answer\n" +
			"comes, the status is 75 and the state \"unknown\"; --resume goes on with the same payment and never makes a second one.",
		Example: "  restante send --to ana@example.com --amount 25 --note \"For the concert\" --expires 14d",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if resume != "" {
				return c.resume(cmd, resume, wait)
			}
			switch {
			case r.To == "":
				return usage("To whom? Give --to, like --to ana@example.com.")
			case r.Amount == "":
				return usage("How much? Give --amount in lumens, like --amount 25.")
			case dry && wait:
				return usage("Nothing is sent with --dry-run, so there is nothing to wait for.")
			}
			if err := own.check(); err != nil {
				return err
			}
			r.Direct = !noDirect && own.from == ""
			switch {
			case dry:
				return c.dryRun(cmd.Context(), r, own)
			case own.from != "":
				return c.sendOwn(cmd.Context(), r, own, wait)
			}
			return c.send(cmd.Context(), r, wait)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&r.To, "to", "", "handle of the recipient")
	f.StringVar(&r.Amount, "amount", "", "how much, up to 7 decimals")
	f.StringVar(&r.Asset, "asset", "", "of what: CODE:ISSUER (default lumens)")
	own.add(cmd)
	f.BoolVar(&noDirect, "no-direct", false, "let the money wait even where the recipient has put an account on file")
	f.StringVar(&r.Note, "note", "", "for the recipient, at most 500 bytes")
	f.StringVar(&r.ExpiresIn, "expires", "", "how long it waits, like 12h or 30d; 1h to 180d (default 30d)")
	f.StringVar(&r.Policy, "policy", "", "guarded: link and inbox together claim; link: whoever has the link (default guarded)")
	f.StringVar(&r.Reference, "reference", "", "your own name of the payment, unique")
	f.BoolVar(&wait, "wait", false, "wait until the money is in its holding account")
	f.StringVar(&resume, "resume", "", "id of a send that was cut off: find out how it went, and send the same again if it never arrived")
	f.BoolVar(&dry, "dry-run", false, "only say what it would cost and whether it would be accepted; send nothing")
	return cmd
}

// sentJSON is a payment with the link that claims it.
type sentJSON struct {
	client.Payment
	ClaimLink string `json:"claim_link"`
}

// send keeps id and link before the request leaves: whatever cuts it off, --resume goes on with the same payment.
func (c *cli) send(ctx context.Context, r client.SendRequest, wait bool) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	a, err := cl.Prepare(ctx, r)
	if err != nil {
		return notSent(err)
	}
	c.tellUnfinished()
	kept, err := c.keepAttempt(a, cl.Server())
	if err != nil {
		return err
	}
	quick := c.tellAfter(sayUnderWay, fmt.Sprintf("Sending %s. Should this be cut off, go on with: restante send --resume %s\n", a.ID, a.ID))
	sent, err := cl.SendAttempt(ctx, a)
	quick()
	return c.attempted(ctx, cl, kept, sent, err, wait)
}

// sayUnderWay is how long a send may go without an answer before its id is shown. It is kept on disk from the start.
const sayUnderWay = time.Second

// tellAfter writes a text to standard error once a time is over, unless the function that it returns was called before.
func (c *cli) tellAfter(d time.Duration, text string) (stop func()) {
	done := make(chan struct{})
	t := time.AfterFunc(d, func() {
		defer close(done)
		fmt.Fprint(c.stderr, text)
	})
	return func() {
		if !t.Stop() {
			<-done
		}
	}
}

// notSent says so of an error before the request left, or of a refusal by a relay that cannot take anything just now.
func notSent(err error) error {
	var refused *client.Problem
	if errors.As(err, &refused) && refused.Status >= http.StatusInternalServerError {
		return &failure{status: statusTryAgain, cause: err, text: "Refused, and nothing was sent: " + plain(strings.TrimSuffix(refused.Error(), ".")) + "." + tryAgain(refused.RetryAfter)}
	}
	var lost *client.Unreached
	if !errors.As(err, &lost) {
		return err
	}
	status, text := notReached(lost, " Nothing was sent.")
	return &failure{status: status, text: text, cause: err}
}

// attempted tells how an attempt went, and drops what was kept of it once the outcome is known and printed.
func (c *cli) attempted(ctx context.Context, cl *client.Client, kept keptAttempt, sent client.Sent, err error, wait bool) error {
	var unclear *client.Unclear
	switch {
	case errors.As(err, &unclear):
		return c.sendUnclear(sent, unclear)
	case err != nil:
		kept.forget(c)
		return notSent(err)
	}
	var late error
	if wait {
		var p client.Payment
		p, late = waitFunded(ctx, cl, sent.Payment.ID)
		if late == nil {
			sent.Payment, late = p, stopped(p, "")
		} else {
			late = cutWhileWaiting(sent.Payment.ID, late)
		}
	}
	if err := c.printSent(sent); err != nil { // the link first: it exists nowhere else
		return err
	}
	if err := c.written(); err != nil {
		return err
	}
	kept.forget(c)
	if late == nil {
		return endedUnfunded(sent.Payment)
	}
	return late
}

func endedUnfunded(p client.Payment) error {
	if s := relay.State(p.State); s == relay.Failed || s == relay.Canceled {
		return failed("The payment has ended as %s%s; no money moved.", s, inParentheses(p.Reason))
	}
	return nil
}

func (c *cli) printSent(s client.Sent) error {
	link, err := s.Link.Reveal()
	if err != nil {
		return err
	}
	p := s.Payment
	if p.Direct {
		return c.printDirect(p)
	}
	if c.json {
		return c.printJSON(sentJSON{p, link})
	}
	c.table(
		row{"Payment", p.ID}, row{"State", p.State}, row{"To", p.To}, row{"Amount", money(p.Amount, p.Asset)}, row{"From", p.From},
		row{"Waits until", moment(p.ExpiresAt)}, row{"Reference", p.Reference},
	)
	c.printf("\n%s\n\n", link)
	c.printf("This link is printed once. Send it to the recipient: nobody else has it.\n")
	c.printf("%s\n", p.CustodyText)
	c.hintProof(p)
	return nil
}

// hintProof says who has to prove a handle to which no code can be mailed.
func (c *cli) hintProof(p client.Payment) {
	if asks, err := relay.Policy(p.Policy).AsksProof(); err == nil && asks && !strings.HasPrefix(p.To, relay.Email+":") {
		c.printf("No code can be mailed to %s: your app has to vouch for its owner. \"restante vouch %s\" makes a voucher for \"restante claim --voucher\".\n", p.To, p.ID)
	}
}

// printDirect says that there is no link, because nothing waits.
func (c *cli) printDirect(p client.Payment) error {
	if c.json {
		return c.printJSON(p)
	}
	tx := ""
	if p.Settlement != nil {
		tx = fmt.Sprintf("%s in ledger %d", p.Settlement.Tx, p.Settlement.Ledger)
	}
	c.table(row{"Payment", p.ID}, row{"State", p.State}, row{"To", p.To}, row{"Amount", money(p.Amount, p.Asset)}, row{"Into", deref(p.Destination)},
		row{"Transaction", tx}, row{"Reference", p.Reference})
	c.printf("\nPaid directly: the recipient has put an account on file with this app, so nothing waits and there is no link. %s\n", p.CustodyText)
	return nil
}

// sendUnclear prints what is known. Sending again, but by --resume, would be a second payment.
func (c *cli) sendUnclear(s client.Sent, u *client.Unclear) error {
	if err := c.printUnknown(s, ""); err != nil {
		return err
	}
	return &failure{status: statusTryAgain, text: "No clear answer came: the payment may have been accepted. \"restante send --resume " + u.ID +
		"\" finds out and goes on with this same payment. A new send would be a second one.", cause: u, id: u.ID, next: "restante send --resume " + u.ID}
}

// printUnknown prints a payment whose outcome is unknown, with its link: "unknown" is a state.
func (c *cli) printUnknown(s client.Sent, receipt string) error {
	link, err := s.Link.Reveal()
	if err != nil {
		return err
	}
	if c.json {
		out := map[string]string{"id": s.Link.PaymentID, "state": "unknown", "claim_link": link}
		if receipt != "" {
			out["receipt"] = receipt
		}
		if s.Funding != "" {
			out["funding_envelope"] = s.Funding
		}
		return c.printJSON(out)
	}
	c.table(row{"Payment", s.Link.PaymentID}, row{"State", "unknown"}, row{"Receipt", receipt})
	c.printf("\n%s\n\n", link)
	return c.written()
}

func inParentheses(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
