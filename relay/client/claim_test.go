package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

func (f *fake) keyOf() secret.Bytes { return secret.NewString(apiKey) }

// claimInto is a claim by a recipient who reads her mail.
func claimInto(link client.Link, name string) client.ClaimRequest {
	return client.ClaimRequest{
		Link: link,
		Account: func(context.Context, client.Holding) (client.Account, error) {
			return client.Account{Address: addr(name), Seed: secret.NewString(key(name).Seed())}, nil
		},
		Code: func(context.Context, client.CodeSession, error) (string, error) { return code, nil },
	}
}

func TestClaim(t *testing.T) {
	for _, policy := range []string{"guarded", "link"} {
		f := newFake(t)
		sent := f.sent(policy)
		note := ""
		r := claimInto(sent.Link, "ana")
		account := r.Account
		r.Account = func(ctx context.Context, h client.Holding) (client.Account, error) {
			note = h.Note
			if len(f.signed) != 0 || f.count("POST /v1/claims/{id}/plan") != 0 {
				t.Error("planned before the key was safe")
			}
			return account(ctx, h)
		}
		got, err := f.client(client.Options{}).Claim(t.Context(), r)
		if err != nil {
			t.Fatal(policy, err)
		}
		if got.Account != addr("ana") || got.View.State != "claimed" || note != "for the concert" || got.View.Settlement.Ledger != 555 {
			t.Errorf("%s: %+v, note %q", policy, got, note)
		}
		if n := f.count("POST /v1/claims/{id}/code"); (n == 1) != (policy == "guarded") {
			t.Errorf("%s: %d codes", policy, n)
		}
		by, err := stellar.SignedBy(f.signed[0], testnet, addr("holding"), addr("ana"))
		if err != nil || len(by) != 2 {
			t.Errorf("%s: signed by %v, %v", policy, by, err)
		}
	}
}

func TestClaimIntoExistingAccount(t *testing.T) {
	f := newFake(t)
	r := claimInto(f.sent("guarded").Link, "existing")
	r.Account = func(context.Context, client.Holding) (client.Account, error) {
		return client.Account{Address: addr("existing")}, nil
	}
	if got, err := f.client(client.Options{}).Claim(t.Context(), r); err != nil || got.Account != addr("existing") {
		t.Fatal(err)
	}
	f = newFake(t)
	r.Link = f.sent("guarded").Link
	r.Account = func(context.Context, client.Holding) (client.Account, error) {
		return client.Account{Address: addr("nowhere")}, nil
	}
	var absent *client.NoAccount
	if _, err := f.client(client.Options{}).Claim(t.Context(), r); !errors.As(err, &absent) || len(f.signed) != 0 {
		t.Errorf("%v", err)
	}
}

func TestVoucher(t *testing.T) {
	f := newFake(t)
	r := claimInto(f.sent("guarded").Link, "ana")
	r.Voucher, r.Code = "voucher", nil
	if _, err := f.client(client.Options{}).Claim(t.Context(), r); err != nil || f.codes != 0 {
		t.Errorf("%v, %d codes", err, f.codes)
	}
}

// A relay that lies gets no signature.
func TestClaimRefusesLies(t *testing.T) {
	lies := map[string]func(f *fake, route string, answer any){
		"amount shown is more": view(func(v *wire.ClaimView) { v.Amount = "26" }),
		"policy downgraded": func(f *fake, _ string, answer any) {
			if v, ok := answer.(*wire.ClaimView); ok {
				v.Policy, f.payments[v.ID].Policy = "link", "link"
			}
		},
		"another payment seen": view(func(v *wire.ClaimView) { v.ID = "pay_" + fmt.Sprintf("%026d", 0) }),
		"amount is less":       proven(func(_ *fake, p *wire.Proven) { p.Amount = "24" }),
		"another network":      proven(func(_ *fake, p *wire.Proven) { p.Network = "Public Global Stellar Network ; September 2015" }),
		"another account":      proven(func(_ *fake, p *wire.Proven) { p.HoldingAccount = addr("thief") }),
		"swapped box": proven(func(f *fake, p *wire.Proven) {
			p.HoldingAccount = addr("thief")
			p.Box = f.sealed(f.payments[p.Payment], func(c *box.Content) {
				c.Amount = 1
				c.Account = addr("thief")
				c.Secret = secret.NewString(key("thief").Seed())
			})
		}),
		"box of less": proven(func(f *fake, p *wire.Proven) {
			p.Box = f.sealed(f.payments[p.Payment], func(c *box.Content) { c.Amount-- })
		}),
		"another destination": plan(func(f *fake, p *wire.Plan) { *p = *f.plan(addr("thief"), true) }),
		"existing account":    plan(func(f *fake, p *wire.Plan) { *p = *f.plan(addr("thief"), false) }),
		"another hash":        plan(func(f *fake, p *wire.Plan) { p.Hash = f.plan(addr("thief"), true).Hash }),
		"another number":      plan(func(_ *fake, p *wire.Plan) { p.Sequence++ }),
		"no envelope":         plan(func(_ *fake, p *wire.Plan) { p.Envelope = "" }),
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			sent := f.sent("guarded")
			f.lie = func(route string, answer any) { lie(f, route, answer) }
			_, err := f.client(client.Options{}).Claim(t.Context(), claimInto(sent.Link, "ana"))
			if !client.Untrusted(err) {
				t.Errorf("%v", err)
			}
			if len(f.signed) != 0 {
				t.Error("something was signed and handed in")
			}
			leaks(t, sent.Link, fmt.Sprint(err))
		})
	}
}

func view(change func(*wire.ClaimView)) func(*fake, string, any) {
	return func(_ *fake, _ string, answer any) {
		if v, ok := answer.(*wire.ClaimView); ok {
			change(v)
		}
	}
}

func proven(change func(*fake, *wire.Proven)) func(*fake, string, any) {
	return func(f *fake, _ string, answer any) {
		if p, ok := answer.(*wire.Proven); ok {
			change(f, p)
		}
	}
}

func plan(change func(*fake, *wire.Plan)) func(*fake, string, any) {
	return func(f *fake, _ string, answer any) {
		if p, ok := answer.(*wire.Plan); ok {
			change(f, p)
		}
	}
}

// A relay on another network than it says opens nothing, nor does one that a link is not of.
func TestNetworkIsBound(t *testing.T) {
	f := newFake(t)
	sent := f.sent("guarded")
	c := f.client(client.Options{Network: "Public Global Stellar Network ; September 2015"})
	if _, err := c.Claim(t.Context(), claimInto(sent.Link, "ana")); !client.IsCode(err, "link_invalid") {
		t.Errorf("%v", err)
	}
}

func TestCodes(t *testing.T) {
	for name, c := range map[string]struct {
		typed  []string
		proved int
		good   bool
	}{
		"third is right":     {[]string{"000000", "000001", code}, 3, true},
		"none is right":      {[]string{"000000", "000001", "000002"}, 3, false},
		"odd ones cost none": {[]string{"27182", "27182x", code}, 1, true},
	} {
		f := newFake(t)
		r := claimInto(f.sent("guarded").Link, "ana")
		var told []error
		r.Code = func(_ context.Context, s client.CodeSession, wrong error) (string, error) {
			if s.Session != "session1" {
				t.Errorf("%s: asked in session %s", name, s.Session)
			}
			told = append(told, wrong)
			return c.typed[len(told)-1], nil
		}
		_, err := f.client(client.Options{}).Claim(t.Context(), r)
		if (err == nil) != c.good || f.count("POST /v1/claims/{id}/prove") != c.proved || told[0] != nil || told[1] == nil {
			t.Errorf("%s: %v after %d proofs, told %v", name, err, f.count("POST /v1/claims/{id}/prove"), told)
		}
	}
}

func TestEarlierSession(t *testing.T) {
	f := newFake(t)
	sent := f.sent("guarded")
	c := f.client(client.Options{})
	s, err := c.AskCode(t.Context(), sent.Link)
	if err != nil {
		t.Fatal(err)
	}
	r := claimInto(sent.Link, "ana")
	r.Session = s
	if _, err := c.Claim(t.Context(), r); err != nil || f.codes != 1 {
		t.Errorf("%v, %d codes", err, f.codes)
	}
}

// Whatever answer is lost after the code was asked for, the claim ends in the account whose key is safe, and only in it.
func TestClaimThroughFaults(t *testing.T) {
	for _, route := range []string{"GET /v1/claims/{id}", "POST /v1/claims/{id}/prove", "POST /v1/claims/{id}/plan", "POST /v1/claims/{id}/submit", "GET /v1/network"} {
		for _, what := range []fault{busy, slow, lost, broken} {
			t.Run(fmt.Sprint(route, what), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t)
					sent := f.sent("guarded")
					f.times = map[string]int{}
					f.fault = func(r string, nth int) fault {
						if r == route && nth == 1 {
							return what
						}
						return fine
					}
					got, err := f.client(client.Options{}).Claim(t.Context(), claimInto(sent.Link, "ana"))
					if err != nil || got.Account != addr("ana") {
						t.Errorf("%+v, %v", got, err)
					}
				})
			})
		}
	}
}

// A second code is not asked for when the answer is lost, and a proof, whose tries are counted, three times at most.
func TestNotRepeated(t *testing.T) {
	for route, most := range map[string]int{"POST /v1/claims/{id}/code": 1, "POST /v1/claims/{id}/prove": 3} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			sent := f.sent("guarded")
			f.fault = func(r string, _ int) fault {
				if r == route {
					return lost
				}
				return fine
			}
			_, err := f.client(client.Options{}).Claim(t.Context(), claimInto(sent.Link, "ana"))
			if !client.Temporary(err) || f.count(route) != most {
				t.Errorf("%s: %v after %d calls", route, err, f.count(route))
			}
		})
	}
}

// The claim's answer is what the ledger said, whichever side won.
func TestOutcomes(t *testing.T) {
	var lostRace *client.Lost
	var parked *client.Parked
	cases := map[string]struct {
		land func(*fakePayment)
		err  any
		text string
	}{
		"canceled":      {ends("returned", "canceled"), &lostRace, "the money went back to the sender because the sender canceled"},
		"expired":       {ends("returned", "expired"), &lostRace, "the money went back to the sender because the time ran out"},
		"under way":     {ends("returning", "declined"), &lostRace, "the money is on its way back to the sender because it was declined"},
		"no money":      {ends("canceled", "canceled"), &lostRace, "the payment ended before any money moved because the sender canceled"},
		"never funded":  {ends("failed", "funding_failed"), &lostRace, "the payment ended before any money moved (funding_failed)"},
		"parked":        {ends("parked", "frozen"), &parked, "the money is safe but cannot be moved just now (frozen)"},
		"settled":       {ends("settled", ""), &lostRace, "the money left its holding account outside of the relay"},
		"another's":     {func(p *fakePayment) { p.State = "claimed"; to := addr("eve"); p.Destination = &to }, &lostRace, "the money has been claimed already, into " + addr("eve")},
		"state unknown": {ends("lost", ""), nil, ""},
	}
	for name, c := range cases {
		f := newFake(t)
		f.land = c.land
		_, err := f.client(client.Options{}).Claim(t.Context(), claimInto(f.sent("guarded").Link, "ana"))
		if c.err == nil {
			if !client.Untrusted(err) {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.As(err, c.err) || err.Error() != c.text {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What happens to the payment between two steps of a claim is told as it is, not as the refusal it causes.
func TestOvertaken(t *testing.T) {
	for _, route := range []string{"POST /v1/claims/{id}/code", "POST /v1/claims/{id}/prove", "POST /v1/claims/{id}/plan", "POST /v1/claims/{id}/submit"} {
		f := newFake(t)
		sent := f.sent("guarded")
		f.fault = func(r string, _ int) fault {
			if r == route {
				ends("returned", "canceled")(f.payments[sent.Payment.ID])
			}
			return fine
		}
		var lostRace *client.Lost
		if _, err := f.client(client.Options{}).Claim(t.Context(), claimInto(sent.Link, "ana")); !errors.As(err, &lostRace) {
			t.Errorf("%s: %v", route, err)
		}
	}
}

// Another claim that is on its way decides first; if it cannot land, ours is next.
func TestAnotherClaimInFlight(t *testing.T) {
	for _, route := range []string{"POST /v1/claims/{id}/plan", "POST /v1/claims/{id}/submit"} {
		for outcome, good := range map[string]bool{"pending": true, "claimed": false} {
			f := newFake(t)
			f.inFlight = func(r string, nth int) bool { return r == route && nth == 1 }
			f.land = func(p *fakePayment) {
				to := addr("eve")
				p.State, p.Destination, f.land = outcome, &to, nil
			}
			_, err := f.client(client.Options{}).Claim(t.Context(), claimInto(f.sent("guarded").Link, "ana"))
			var lostRace *client.Lost
			if (err == nil) != good || errors.As(err, &lostRace) == good {
				t.Errorf("%s, then %s: %v", route, outcome, err)
			}
		}
	}
}

func ends(state, reason string) func(*fakePayment) {
	return func(p *fakePayment) { p.State, p.Reason = state, reason }
}

// A claim that cannot land any more is planned and signed anew, with the next number, a few times.
func TestClaimAgain(t *testing.T) {
	f := newFake(t)
	tries := 0
	f.land = func(p *fakePayment) {
		p.State = "pending"
		if tries++; tries == 2 {
			f.land = nil
		}
	}
	got, err := f.client(client.Options{}).Claim(t.Context(), claimInto(f.sent("guarded").Link, "ana"))
	if err != nil || len(f.signed) != 3 || got.Account != addr("ana") {
		t.Errorf("%v after %d", err, len(f.signed))
	}
	f = newFake(t)
	f.land = func(p *fakePayment) { p.State = "pending" }
	if _, err = f.client(client.Options{}).Claim(t.Context(), claimInto(f.sent("guarded").Link, "ana")); !client.IsCode(err, "claim_not_landing") || !client.Temporary(err) {
		t.Errorf("%v", err)
	}
}

// A second call after a claim that landed unseen tells so, without a code, a key or a signature.
func TestEarlierClaim(t *testing.T) {
	f := newFake(t)
	sent := f.sent("guarded")
	c := f.client(client.Options{})
	if _, err := c.Claim(t.Context(), claimInto(sent.Link, "ana")); err != nil {
		t.Fatal(err)
	}
	r := client.ClaimRequest{Link: sent.Link, Earlier: addr("ana")}
	if got, err := c.Claim(t.Context(), r); err != nil || got.Account != addr("ana") {
		t.Errorf("%v", err)
	}
	r.Earlier = ""
	var lostRace *client.Lost
	if _, err := c.Claim(t.Context(), r); !errors.As(err, &lostRace) {
		t.Errorf("%v", err)
	}
}

// Waiting holds the answer back at the relay, and a relay that does not is asked less and less often.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		sent := f.sent("guarded")
		began, n := time.Now(), 0
		_, err := f.sender().Follow(t.Context(), sent.Payment.ID, func(client.Payment) bool { n++; return n == 12 })
		if err != nil || time.Since(began) < 5*time.Second {
			t.Errorf("%v: 12 readings in %v", err, time.Since(began))
		}
	})
}

// The same over a socket, as a check on the transport in memory.
func TestOverHTTP(t *testing.T) {
	f := newFake(t)
	s := httptest.NewServer(f)
	defer s.Close()
	c, err := client.New(s.URL, client.Options{Key: f.keyOf()})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := c.Send(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Claim(t.Context(), claimInto(sent.Link, "ana")); err != nil {
		t.Error(err)
	}
	if _, err := c.Cancel(t.Context(), sent.Payment.ID); !client.IsCode(err, "already_claimed") {
		t.Errorf("%v", err)
	}
	list, err := c.List(t.Context(), client.Filter{State: "claimed", Limit: 5})
	if err != nil || len(list.Data) != 1 || !list.HasMore {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestDecline(t *testing.T) {
	f := newFake(t)
	sent := f.sent("guarded")
	if v, err := f.client(client.Options{}).Decline(t.Context(), sent.Link); err != nil || v.Reason != "declined" {
		t.Errorf("%+v, %v", v, err)
	}
}
