package relay

import (
	"fmt"
	"strings"
)

// Money is an amount with its unit, for people: "25 XLM", "10 USD issued by G…". Any account can issue an asset with any code,
// so a code never stands alone.
func Money(amount, asset string) string {
	if asset == Native || asset == "" {
		return amount + " XLM"
	}
	code, issuer, ok := strings.Cut(asset, ":")
	if !ok || issuer == "" {
		return amount + " " + asset + " of an issuer that is not named"
	}
	return amount + " " + code + " issued by " + issuer
}

// Reader is the person an end is worded for.
type Reader int

const (
	ToSender Reader = iota
	ToRecipient
)

// Ending is what the words about a payment's end are made of. Amounts are decimal, as the API has them; "" is what is not known.
type Ending struct {
	State         State
	Reason        Reason
	Amount, Asset string
	Arrived, Rest string // of the amount, and in lumens besides
	Destination   string // where the money went, when not to ReturnTo
	ReturnTo      string // not in the words for the recipient
	Tx            string // that ended it
	Ledger        uint32 // of Tx
	Collected     string // transaction that claimed what a last resort had left; [CollectedElsewhere]; "" = none
}

// Ending is the payment's.
func (p Payment) Ending() Ending {
	e := Ending{State: p.State, Reason: p.Reason, Amount: p.Amount.String(), Asset: p.Asset, Destination: p.Destination, ReturnTo: p.ReturnTo,
		Tx: p.SettledTx, Ledger: p.SettledAt, Collected: p.Collected}
	if p.SettledTx != "" && p.Arrived >= 0 {
		e.Arrived = p.Arrived.String()
		if p.ArrivedRest > 0 {
			e.Rest = p.ArrivedRest.String()
		}
	}
	return e
}

// Said is the end in words: what became of the money, and where it is. The second part is a sentence without its head, for one who
// says more in front. It is the one place that knows; a state that is no end, or a reason that is not known, is named as it is.
func (e Ending) Said(to Reader) (head, rest string) {
	switch e.State {
	case Canceled:
		return "Canceled" + e.because(ByCancel), "No money had moved."
	case Failed:
		return "The payment failed" + e.because(""), "No money had moved."
	case Claimed:
		return "Claimed", e.came() + " went to " + e.Destination + e.landed() + "."
	case Returned:
		return e.returned(to)
	case Settled:
		return e.settled(to)
	case Parked:
		return "The money is safe, but cannot be moved just now" + e.because(""), "It goes on as soon as it can."
	}
	return "The payment is " + string(e.State) + e.because(""), "It has not ended."
}

// Sentence is Said in one.
func (e Ending) Sentence(to Reader) string {
	head, rest := e.Said(to)
	switch {
	case rest == "":
		return head + "."
	case strings.HasPrefix(rest, "No money") || strings.HasPrefix(rest, "It "): // a sentence of its own
		return head + ". " + rest
	}
	return head + ": " + rest
}

func (e Ending) returned(to Reader) (head, rest string) {
	head = "Returned" + e.because("")
	if to == ToRecipient {
		if e.Reason == ByDecline {
			head = "Declined"
		}
		return head, e.came() + " went back to the sender" + e.landed() + "."
	}
	if e.Destination != "" && e.Destination != e.ReturnTo {
		return head, e.came() + " is back at " + e.Destination + ", the wallet that paid, and not at " + e.ReturnTo + e.landed() + "."
	}
	return head, e.came() + " is back at " + e.ReturnTo + e.landed() + "."
}

func (e Ending) settled(to Reader) (head, rest string) {
	at := " arrived at " + e.Destination + e.landed() + "."
	switch e.Reason {
	case HoldingShort:
		if e.whole() { // what is besides is the sender's
			if to == ToRecipient {
				return "A holder of the key took the money out, outside of the relay", e.came() + at
			}
			return "A holder of the key had paid out what was besides, or a part of it", e.came() + e.besides() + at
		}
		return "A holder of the key had paid a part out", e.came() + e.besides() + at
	case LeftClaimable:
		return e.left(to)
	case ClawedBack:
		if e.Arrived == "" || e.Arrived == "0" {
			return "The issuer took the money back", "nothing of " + Money(e.Amount, e.Asset) + at
		}
		return "The issuer took money back", e.came() + at
	case MovedOn:
		if to == ToRecipient {
			return "The sender has given this money to somebody else", "it waits under another link."
		}
		return "The sender moved the money into another payment", e.came() + " went to its holding account " + e.Destination + e.landed() + "."
	case "":
		if e.Destination == "" {
			return "The money left its holding account outside of the relay", ""
		}
		if e.Arrived == "" {
			return "The money left its holding account outside of the relay", "to " + e.Destination + e.landed() + "; how much arrived there is not known."
		}
		return "The money left its holding account outside of the relay", e.came() + " went to " + e.Destination + e.landed() + "."
	}
	return "The payment has ended for a reason that this program does not know (" + string(e.Reason) + ")", e.came() + at
}

// left is of money that a last resort left in a claimable balance. What was not claimed for a treasury, and is gone all the same, is
// not known to have arrived: its issuer took it back, or a holder of the treasury's key claimed it.
func (e Ending) left(to Reader) (head, rest string) {
	all := Money(e.Amount, e.Asset)
	switch {
	case to == ToRecipient:
		return "The money went back to the sender", all + " was left to the sender in a claimable balance" + e.landed() + "."
	case e.Collected == CollectedElsewhere && e.Arrived == "":
		return "The account to return to could not take the money", all + " was left to " + e.Destination + " in a claimable balance that is gone from " +
			"the ledger, by no transaction of the service: whether the account has it, or the issuer took it back, is not known."
	case e.Collected != "":
		return "Returned" + e.because(LeftClaimable), all + " is home at " + e.Destination + ", claimed out of the balance that was left to it."
	}
	return "The account to return to could not take the money", all + " was left in a claimable balance that only " + e.Destination +
		" can claim" + e.landed() + "."
}

// because is the reason in brackets; one that goes without saying is left out.
func (e Ending) because(known Reason) string {
	if e.Reason == "" || e.Reason == known {
		return ""
	}
	return " (" + string(e.Reason) + ")"
}

func (e Ending) landed() string {
	if e.Tx == "" {
		return ""
	}
	return fmt.Sprintf(", in ledger %d by transaction %s", e.Ledger, e.Tx)
}

func (e Ending) whole() bool { return e.Arrived == e.Amount }

// came is what arrived, and of how much where that is not all.
func (e Ending) came() string {
	if e.Arrived == "" || e.whole() {
		return Money(e.Amount, e.Asset)
	}
	return e.Arrived + " of " + Money(e.Amount, e.Asset)
}

func (e Ending) besides() string {
	if e.Rest == "" {
		return ""
	}
	return ", and " + Money(e.Rest, Native) + " besides,"
}
