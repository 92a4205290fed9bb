package main

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay/client"
)

// dryRun tells what a send would cost and whether it would be accepted. Nothing is made, not even a link.
func (c *cli) dryRun(ctx context.Context, r client.SendRequest, own ownFlags) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	ask := func() (client.Preview, error) { return cl.Preview(ctx, r) }
	if own.from != "" {
		profile, err := c.openProfile(ctx, own.from, own.passphraseFile)
		if err != nil {
			return err
		}
		defer profile.Wipe()
		q := own.request(r, profile)
		ask = func() (client.Preview, error) { return cl.PreviewOwn(ctx, q) }
	}
	v, err := ask()
	if err != nil {
		return err
	}
	if c.json {
		err = c.printJSON(v)
	} else {
		c.printPreview(v)
	}
	if err == nil && !v.Accepted {
		return failed("It would be refused: %s", byCommand(v.Refusal.Detail))
	}
	return err
}

func (c *cli) printPreview(v client.Preview) {
	xlm := func(amount string) string { return money(amount, "native") }
	outcome := "would be accepted"
	if !v.Accepted {
		outcome = "would be refused: " + v.Refusal.Code
	}
	until, returns := moment(v.ExpiresAt), fmt.Sprintf("to %s, in ledger %d at the earliest if it were funded now (newest: %d); before it is funded, at once",
		v.ReturnTo, v.NotBeforeLedger, v.Ledger)
	if v.Direct { // nothing waits, and nothing comes back
		until, returns = "", ""
	}
	c.table(
		row{"Payment", outcome}, row{"To", v.To}, row{"Amount", money(v.Amount, v.Asset) + ", from " + v.ReturnTo}, row{"Waits until", until},
		row{"Fees", fmt.Sprintf("%s to fund, %s when claimed or %s when returned, at most at a first try; %s pays",
			xlm(v.Cost.FeeFunding), xlm(v.Cost.FeeClaim), xlm(v.Cost.FeeReturn), payer(v.Cost.Payer))},
		row{"Purse", purseText(v)},
		row{"Locked", fmt.Sprintf("%s in the holding account, by %s; comes home", xlm(v.Cost.ReserveLocked), payer(v.Cost.Payer))},
		row{"New account", fmt.Sprintf("%s if the claim has to make one, by %s; stays with that account", xlm(v.Cost.ReserveNewAccount), payer(v.Cost.Payer))},
		row{"Returns", returns},
		row{"Custody", v.CustodyText},
	)
	c.printf("\nNothing was sent. This holds for now and promises nothing.\n")
}

// purseText says what a sender's own wallet adds.
func purseText(v client.Preview) string {
	if v.Cost.Payer != "sender" {
		return ""
	}
	return money(v.Cost.Purse, "native") + " besides, out of which claim or return and a new account are paid; what is left goes home, or with the money into a new account"
}

// payer names who carries a cost.
func payer(word string) string {
	switch word {
	case "service":
		return "the service's sponsor"
	case "sender":
		return "your wallet"
	}
	return word
}
