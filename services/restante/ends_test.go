package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// The unit of money is its code and its issuer, wherever the command prints it.
func TestMoneyNamesTheIssuer(t *testing.T) {
	const asset = "USDC:GAUUFF2USQPPOWS2MIWKG6OGO7QAFDLPZMVJJJJJJJJJJJJJJJJJJJJ"
	const want = "99999 USDC issued by GAUUFF2USQPPOWS2MIWKG6OGO7QAFDLPZMVJJJJJJJJJJJJJJJJJJJJ"
	if got := money("99999", asset); got != want {
		t.Errorf("%q", got)
	}
	for name, says := range map[string]func(c *cli) error{
		"show": func(c *cli) error {
			return c.printPayment(client.Payment{State: "pending", Amount: "99999", Asset: asset})
		},
		"list": func(c *cli) error {
			return c.printList(client.PaymentList{Data: []client.Payment{{State: "pending", Amount: "99999", Asset: asset}}})
		},
		"cancel": func(c *cli) error {
			return c.tellCanceled(client.Payment{State: "returned", Amount: "99999", Asset: asset})
		},
		"decline": func(c *cli) error {
			return c.tellDeclined(client.ClaimView{State: "returned", Amount: "99999", Asset: asset})
		},
	} {
		var out bytes.Buffer
		if err := says(&cli{stdout: &out, stderr: &out}); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v, %s", name, err, out.String())
		}
	}
}

// Cancel, decline, show and explain say of an end what became of the money, and end with the status of who has it.
func TestEndsAreToldAsTheyAre(t *testing.T) {
	wallet, third := "GWALLET", "GTHIRD"
	for name, c := range map[string]struct {
		p                client.Payment
		sender, decliner string
		lost             bool // for who canceled, and for who declined
	}{
		"claimed": {client.Payment{State: "claimed", Amount: "25", Asset: "native", Arrived: "25", Destination: &third}, "The claim was first: 25 XLM went to GTHIRD.",
			"A claim was first: 25 XLM went to GTHIRD.", true},
		"back in the paying wallet, for the other account could not take it": {client.Payment{State: "returned", Reason: "canceled", Amount: "25",
			Asset: "native", ReturnTo: third, Destination: &wallet, Arrived: "25"}, "Returned (canceled): 25 XLM is back at GWALLET, the wallet that paid, and not at GTHIRD.",
			"Returned (canceled): 25 XLM went back to the sender.", false},
		"the issuer took it all back": {client.Payment{State: "settled", Reason: string(relay.ClawedBack), Amount: "25", Asset: "USD:G", ReturnTo: wallet,
			Destination: &wallet, Arrived: "0"}, "The issuer took the money back: nothing of 25 USD issued by G arrived at GWALLET.",
			"The issuer took the money back: nothing of 25 USD issued by G arrived at GWALLET.", true},
		"the sender moved it": {client.Payment{State: "settled", Reason: string(relay.MovedOn), Amount: "25", Asset: "native", ReturnTo: wallet, Destination: &third,
			Arrived: "25"}, "The sender moved the money into another payment: 25 XLM went to its holding account GTHIRD.",
			"The sender has given this money to somebody else: it waits under another link.", true},
	} {
		var out bytes.Buffer
		v := client.ClaimView{State: c.p.State, Reason: c.p.Reason, Amount: c.p.Amount, Asset: c.p.Asset, Arrived: c.p.Arrived, Destination: c.p.Destination}
		for _, told := range []struct {
			want string
			err  error
		}{{c.sender, (&cli{stdout: &out}).tellCanceled(c.p)}, {c.decliner, (&cli{stdout: &out}).tellDeclined(v)}} {
			var f *failure
			switch lost := errors.As(told.err, &f); {
			case lost != c.lost:
				t.Errorf("%s: %v", name, told.err)
			case lost && (f.text != told.want || f.status != statusLost):
				t.Errorf("%s: %q, %d", name, f.text, f.status)
			case !lost && !strings.Contains(out.String(), told.want+"\n"):
				t.Errorf("%s: %q", name, out.String())
			}
		}
		if claimed := c.p.State == "claimed"; !claimed && !strings.Contains(next(client.Story{Payment: c.p}), c.sender) || !claimed && endText(c.p) != c.sender {
			t.Errorf("%s: explain says %q, show %q", name, next(client.Story{Payment: c.p}), endText(c.p))
		}
	}
	balance := client.Payment{State: "settled", Reason: string(relay.LeftClaimable), Amount: "25", Asset: "native", ReturnTo: wallet, Destination: &wallet, Arrived: "25"}
	var f *failure
	if err := (&cli{}).tellCanceled(balance); !errors.As(err, &f) || !strings.Contains(f.text, "in a claimable balance that only GWALLET can claim") {
		t.Error(err)
	}
}
