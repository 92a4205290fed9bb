package relay

import (
	"strings"
	"testing"
)

func TestMoneyNamesTheIssuer(t *testing.T) {
	for asset, want := range map[string]string{
		"": "5 XLM", Native: "5 XLM", "USD:GISSUER": "5 USD issued by GISSUER", "USD": "5 USD of an issuer that is not named", "USD:": "5 USD: of an issuer that is not named",
	} {
		if got := Money("5", asset); got != want {
			t.Errorf("%q: %q", asset, got)
		}
	}
	for _, impostor := range []string{"XLM:G" + strings.Repeat("A", 55), "xlm:G" + strings.Repeat("A", 55), "native:G" + strings.Repeat("A", 55)} {
		if _, err := ParseAsset(impostor); CodeOf(err) != "asset_impostor" {
			t.Errorf("%s: %v", impostor, err)
		}
	}
}

// Every end in words, to both of its readers: where the money is, how much of it, and why.
func TestEveryEndIsSaid(t *testing.T) {
	lumens := Ending{Amount: "25", Asset: Native, Arrived: "25", ReturnTo: "GHOME", Tx: "tx", Ledger: 7}
	usd := lumens
	usd.Asset = "USD:GI"
	with := func(e Ending, s State, r Reason, destination, arrived string) Ending {
		e.State, e.Reason, e.Destination, e.Arrived = s, r, destination, arrived
		return e
	}
	besides := with(lumens, Settled, HoldingShort, "GHOME", "25")
	besides.Rest = "0.2"
	collected, gone := with(usd, Settled, LeftClaimable, "GHOME", "25"), with(usd, Settled, LeftClaimable, "GHOME", "")
	collected.Collected, gone.Collected = "f00d", CollectedElsewhere
	for name, c := range map[string]struct {
		e                 Ending
		sender, recipient string
	}{
		"canceled":            {with(lumens, Canceled, ByCancel, "", ""), "Canceled. No money had moved.", ""},
		"declined before":     {with(lumens, Canceled, ByDecline, "", ""), "Canceled (declined). No money had moved.", ""},
		"failed":              {with(lumens, Failed, NotFunded, "", ""), "The payment failed (not_funded). No money had moved.", ""},
		"claimed":             {with(lumens, Claimed, "", "GANA", "25"), "Claimed: 25 XLM went to GANA, in ledger 7 by transaction tx.", ""},
		"claimed, less a fee": {with(lumens, Claimed, "", "GANA", "24.9"), "Claimed: 24.9 of 25 XLM went to GANA, in ledger 7 by transaction tx.", ""},
		"home":                {with(lumens, Returned, ByCancel, "", "25"), "Returned (canceled): 25 XLM is back at GHOME, in ledger 7 by transaction tx.", "Returned (canceled): 25 XLM went back to the sender, in ledger 7 by transaction tx."},
		"home, declined": {with(usd, Returned, ByDecline, "", "25"), "Returned (declined): 25 USD issued by GI is back at GHOME, in ledger 7 by transaction tx.",
			"Declined: 25 USD issued by GI went back to the sender, in ledger 7 by transaction tx."},
		"home, expired": {with(lumens, Returned, ByExpiry, "", "25"), "Returned (expired): 25 XLM is back at GHOME, in ledger 7 by transaction tx.", "Returned (expired): 25 XLM went back to the sender, in ledger 7 by transaction tx."},
		"the wallet instead": {with(lumens, Returned, ByCancel, "GWALLET", "25"), "Returned (canceled): 25 XLM is back at GWALLET, the wallet that paid, and not at GHOME, in ledger 7 by transaction tx.",
			"Returned (canceled): 25 XLM went back to the sender, in ledger 7 by transaction tx."},
		"short": {with(lumens, Settled, HoldingShort, "GHOME", "24"), "A holder of the key had paid a part out: 24 of 25 XLM arrived at GHOME, in ledger 7 by transaction tx.", ""},
		"without the purse": {besides, "A holder of the key had paid out what was besides, or a part of it: 25 XLM, and 0.2 XLM besides, arrived at GHOME, in ledger 7 by transaction tx.",
			"A holder of the key took the money out, outside of the relay: 25 XLM arrived at GHOME, in ledger 7 by transaction tx."},
		"left": {with(usd, Settled, LeftClaimable, "GHOME", "25"),
			"The account to return to could not take the money: 25 USD issued by GI was left in a claimable balance that only GHOME can claim, in ledger 7 by transaction tx.",
			"The money went back to the sender: 25 USD issued by GI was left to the sender in a claimable balance, in ledger 7 by transaction tx."},
		"left, and collected": {collected, "Returned: 25 USD issued by GI is home at GHOME, claimed out of the balance that was left to it.",
			"The money went back to the sender: 25 USD issued by GI was left to the sender in a claimable balance, in ledger 7 by transaction tx."},
		"left, and gone": {gone, "The account to return to could not take the money: 25 USD issued by GI was left to GHOME in a claimable balance that is gone from " +
			"the ledger, by no transaction of the service: whether the account has it, or the issuer took it back, is not known.",
			"The money went back to the sender: 25 USD issued by GI was left to the sender in a claimable balance, in ledger 7 by transaction tx."},
		"clawed back":         {with(usd, Settled, ClawedBack, "GHOME", "0"), "The issuer took the money back: nothing of 25 USD issued by GI arrived at GHOME, in ledger 7 by transaction tx.", ""},
		"clawed back in part": {with(usd, Settled, ClawedBack, "GHOME", "5"), "The issuer took money back: 5 of 25 USD issued by GI arrived at GHOME, in ledger 7 by transaction tx.", ""},
		"moved": {with(lumens, Settled, MovedOn, "GNEW", "25"), "The sender moved the money into another payment: 25 XLM went to its holding account GNEW, in ledger 7 by transaction tx.",
			"The sender has given this money to somebody else: it waits under another link."},
		"elsewhere": {with(lumens, Settled, "", "GX", "25"), "The money left its holding account outside of the relay: 25 XLM went to GX, in ledger 7 by transaction tx.", ""},
		"elsewhere, not known how much": {with(usd, Settled, "", "GX", ""),
			"The money left its holding account outside of the relay: to GX, in ledger 7 by transaction tx; how much arrived there is not known.", ""},
		"a reason of tomorrow": {with(lumens, Settled, "novel", "GX", "25"), "The payment has ended for a reason that this program does not know (novel): 25 XLM arrived at GX, in ledger 7 by transaction tx.", ""},
		"parked":               {with(lumens, Parked, Frozen, "", ""), "The money is safe, but cannot be moved just now (frozen). It goes on as soon as it can.", ""},
		"a state of tomorrow":  {with(lumens, "novel", "", "", ""), "The payment is novel. It has not ended.", ""},
	} {
		if c.recipient == "" {
			c.recipient = c.sender
		}
		if got := c.e.Sentence(ToSender); got != c.sender {
			t.Errorf("%s, to the sender:\n got %s\nwant %s", name, got, c.sender)
		}
		if got := c.e.Sentence(ToRecipient); got != c.recipient {
			t.Errorf("%s, to the recipient:\n got %s\nwant %s", name, got, c.recipient)
		}
	}
	for _, s := range States { // every end has a sentence of its own
		if text := (Ending{State: s.State, Amount: "1"}).Sentence(ToSender); s.State.Ended() && strings.HasPrefix(text, "The payment is") {
			t.Errorf("%s: %s", s.State, text)
		}
	}
}
