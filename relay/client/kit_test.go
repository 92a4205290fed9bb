package client_test

import (
	"errors"
	"testing"

	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/wire"
)

// A kit is proven for like a claim, and moves nothing.
func TestKit(t *testing.T) {
	for _, policy := range []string{"guarded", "link"} {
		f := newFake(t)
		sent := f.sent(policy)
		k, err := f.client(client.Options{}).Kit(t.Context(), claimInto(sent.Link, "ana"))
		if err != nil {
			t.Fatal(policy, err)
		}
		if k.Payment != sent.Payment.ID || k.Network != testnet || k.Account != addr("holding") || k.Amount != "25" || len(k.Box) == 0 || k.Identity.Len() == 0 {
			t.Errorf("%s: %+v", policy, k)
		}
		if len(f.signed) != 0 || f.count("POST /v1/claims/{id}/plan") != 0 || f.payments[sent.Payment.ID].State != "pending" {
			t.Errorf("%s: a kit moved something", policy)
		}
	}
}

func TestKitRefusesLies(t *testing.T) {
	f := newFake(t)
	sent := f.sent("guarded")
	f.lie = func(_ string, answer any) {
		if p, ok := answer.(*wire.Proven); ok {
			p.HoldingAccount = addr("thief")
		}
	}
	if k, err := f.client(client.Options{}).Kit(t.Context(), claimInto(sent.Link, "ana")); !redeem.Refused(err) || k.Identity.Len() != 0 {
		t.Errorf("%v", err)
	}
}

func TestKitOfMoneyThatIsGone(t *testing.T) {
	f := newFake(t)
	sent := f.sent("guarded")
	f.payments[sent.Payment.ID].State, f.payments[sent.Payment.ID].Reason = "returned", "canceled"
	var gone *client.Lost
	if _, err := f.client(client.Options{}).Kit(t.Context(), claimInto(sent.Link, "ana")); !errors.As(err, &gone) || f.codes != 0 {
		t.Errorf("%v, %d codes", err, f.codes)
	}
}
