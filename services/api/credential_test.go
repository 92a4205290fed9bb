package api_test

import (
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// TestARefusedPlanCostsNothing: whatever a plan is refused for, the same code or voucher proves again, and the plan then made uses it.
func TestARefusedPlanCostsNothing(t *testing.T) {
	key, thief := strings.Repeat("k", 20), strings.Repeat("t", 20)
	for name, with := range map[string]func(w *fixture, link claim.Link) wire.ProveRequest{
		"a code": func(w *fixture, link claim.Link) wire.ProveRequest {
			s, code := w.code(link)
			return wire.ProveRequest{Session: s.Session, Code: code}
		},
		"a code and a key": func(w *fixture, link claim.Link) wire.ProveRequest {
			s, code := w.code(link)
			return wire.ProveRequest{Session: s.Session, Code: code, ClaimantKey: key}
		},
		"a voucher and a key": func(w *fixture, link claim.Link) wire.ProveRequest {
			var v wire.Voucher
			w.as(w.key).do("POST", "/v1/payments/"+link.PaymentID+"/vouch", nil).want(201).into(&v)
			return wire.ProveRequest{Voucher: v.Voucher, ClaimantKey: key}
		},
	} {
		w := newFixture(t)
		p, link := w.send(ana)
		w.fund(p.ID)
		shop, hers := keypair.MustRandom().Address(), keypair.MustRandom().Address()
		w.ledger.pay(shop, 5*relay.One)
		w.ledger.wantsMemo(shop)
		in := with(w, link)
		prove := func(in wire.ProveRequest) answer { return w.holder(link).do("POST", "/v1/claims/"+p.ID+"/prove", in) }
		plan := func(proof, to string) answer {
			return w.holder(link).with("Restante-Proof", proof).do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: to})
		}
		var first, second wire.Proven
		prove(in).want(200).into(&first)
		w.unchanged(name+": a plan into a shop that asks for a memo", func() { plan(first.Proof, shop).refused(400, "memo_required") })
		prove(in).want(200).into(&second)
		if second.Proof == first.Proof || second.Share != first.Share {
			t.Errorf("%s: %+v after %+v", name, second, first)
		}
		stolen := in
		stolen.ClaimantKey = thief
		if in.ClaimantKey != "" {
			if a := prove(stolen); a.status != 401 {
				t.Errorf("%s, by a thief: %d %s", name, a.status, a.body)
			}
		}
		plan(second.Proof, hers).want(200)
		plan(first.Proof, hers).want(200) // the same plan
		if a := prove(stolen); a.status != 401 {
			t.Errorf("%s, by a thief after the plan: %d %s", name, a.status, a.body)
		}
		again := map[bool]int{true: 200, false: 401}[in.ClaimantKey != ""]
		if a := prove(in); a.status != again {
			t.Errorf("%s, again after the plan: %d %s", name, a.status, a.body)
		}
	}
}
