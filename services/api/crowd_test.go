package api_test

import (
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// A flood of plans for one payment is refused before the signer is asked again, and says how long to wait. Another payment of the app
// gets its own plans, and a plan that is made is given again.
func TestAFloodOfPlans(t *testing.T) {
	w := newFixture(t)
	var made []relay.PlanMade
	most := relay.PlanLimits{Payment: 10, App: 3}
	w.signer.plans = func(in relay.ClaimIntent, head relay.Head) error { // as the signer counts
		counted, err := relay.Ladder{Version: relay.LadderVersion}.AllowPlan(1, made, in.Payment, head, most)
		if err == nil {
			made = append(counted, relay.PlanMade{Payment: in.Payment, Bound: in.Bound, MaxTime: in.MaxTime, At: head.CloseTime})
		}
		return err
	}
	open := func() func(to string) func() answer {
		in := ana
		in.ExpiresIn = "48h"
		p, link := w.send(in)
		w.fund(p.ID)
		c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
		return func(to string) func() answer {
			return func() answer { return c.do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: to}) }
		}
	}
	fresh := func() string { return keypair.MustRandom().Address() }
	flooded, other := open(), open()
	first := fresh()
	flooded(first)().want(200)
	for range relay.PlansPerPayment + 3 - 1 {
		flooded(fresh())().want(200)
	}
	asked := len(w.signer.asked)
	for range 3 {
		w.refuses("beyond", func() answer {
			a := flooded(fresh())()
			after, err := time.ParseDuration(a.header.Get("Retry-After") + "s")
			if after -= time.Until(w.now); err != nil || after < 200*time.Second || after > 400*time.Second { // until the first plan is over
				t.Errorf("try again after %q", a.header.Get("Retry-After"))
			}
			return a
		}, 429, "too_many_app_plans")
	}
	if n := len(w.signer.asked) - asked; n != 1 {
		t.Errorf("the signer was asked %d times", n)
	}
	flooded(first)().want(200) // it is made
	for range relay.PlansPerPayment {
		other(fresh())().want(200)
	}
	w.refuses("beyond its own", other(fresh()), 429, "too_many_app_plans")
	for range 61 {
		w.ledger.close()
	}
	w.tick(5 * time.Minute)
	flooded(fresh())().want(200)
}
