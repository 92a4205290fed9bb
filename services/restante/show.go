package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a payment", GroupID: groupLook, Args: exactly(1, "a payment's id"),
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, args []string) error {
			p, err := cl.Get(cmd.Context(), args[0], 0)
			if err != nil {
				return err
			}
			if p.Delivery == "" && p.State == string(relay.Pending) && strings.HasPrefix(p.To, "email:") && !c.json {
				c.mailTrouble = mailTrouble(cl.Server())
			}
			return c.printPayment(p)
		}),
	}
}

func (c *cli) printPayment(p client.Payment) error {
	if c.json {
		return c.printJSON(p)
	}
	state := p.State + inParentheses(p.Reason)
	if p.ReturnAsked != "" {
		state += ", to be returned (" + p.ReturnAsked + ")"
	}
	notBefore := ""
	if p.NotBeforeLedger != nil && !relay.State(p.State).Ended() {
		notBefore = fmt.Sprintf("ledger %d at the earliest", *p.NotBeforeLedger)
	}
	tx := ""
	if p.Settlement != nil {
		tx = fmt.Sprintf("%s in ledger %d", p.Settlement.Tx, p.Settlement.Ledger)
	}
	c.table(
		row{"Payment", p.ID}, row{"State", state}, row{"Means", stateText(p)}, row{"Outcome", endText(p)}, row{"Halted", haltedBy(p)},
		row{"To", p.To}, row{"Amount", money(p.Amount, p.Asset)}, row{"Reference", p.Reference},
		row{"Sent", moment(p.CreatedAt)}, row{"Waits until", moment(p.ExpiresAt)},
		row{"Policy", p.Policy}, row{"Custody", p.CustodyText}, row{"Mail", c.mailed(p.Delivery)},
		row{"Held at", deref(p.HoldingAccount)}, row{"Went to", deref(p.Destination)}, row{"Comes home to", p.ReturnTo},
		row{"Way home", notBefore}, row{"Transaction", tx}, row{"Arrived", arrivedText(p)},
		row{"Fee so far", money(p.Cost.Fee, "")}, row{"Fee by others", feeByOthers(p)}, row{"Reserve locked", money(p.Cost.ReserveLocked, "")},
		row{"Reserve in her account", reserveGiven(p)},
	)
	return nil
}

// arrivedText says what arrived of the amount, and what lumens came besides.
func arrivedText(p client.Payment) string {
	if p.Arrived == "" {
		return ""
	}
	text := plain(p.Arrived) + " of " + money(p.Amount, p.Asset)
	if p.ArrivedRest != "" {
		text += ", and " + money(p.ArrivedRest, "") + " besides"
	}
	return text
}

// endText is the end in words; "" while there is none.
func endText(p client.Payment) string {
	if !relay.State(p.State).Ended() {
		return ""
	}
	return ending(p).Sentence(relay.ToSender)
}

func feeByOthers(p client.Payment) string {
	if p.Cost.FeeByOthers == "" || p.Cost.FeeByOthers == "0" {
		return ""
	}
	return money(p.Cost.FeeByOthers, "")
}

// haltedBy says what stops the payment; "" when nothing does.
func haltedBy(p client.Payment) string {
	if !halted(p) {
		return ""
	}
	return p.Halted.Detail
}

// mailed says what became of our mails to the recipient.
func (c *cli) mailed(delivery string) string {
	switch relay.Delivery(delivery) {
	case relay.MailSent:
		return "accepted by the recipient's mail server"
	case relay.MailRefused:
		return "refused for good by the mail server: is the address right? \"restante readdress\" corrects it"
	}
	if c.mailTrouble != "" {
		return "none is delivered yet. " + c.mailTrouble + " It is tried again by itself"
	}
	return ""
}

// meaning is the sentence of the state table.
func meaning(state string) string {
	for _, s := range relay.States {
		if string(s.State) == state {
			return s.Meaning
		}
	}
	return ""
}

// reserveGiven is what the service carries in the account that the claim made; "" when it made none, or has it back.
func reserveGiven(p client.Payment) string {
	if p.Cost.ReserveGiven == "" || p.Cost.ReserveGiven == "0" {
		return ""
	}
	return money(p.Cost.ReserveGiven, "") + ", until it is reclaimed"
}
