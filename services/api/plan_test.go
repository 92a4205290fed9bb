package api_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

func TestPlan(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.ExpiresIn = "120m"
	p, link := w.send(in)
	holding := w.fund(p.ID)
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	path := "/v1/claims/" + p.ID + "/plan"
	for name, d := range map[string]string{
		"holding account": holding.Address(), "checksum": "G" + strings.Repeat("A", 55), "seed": holding.Seed(), "short": "GABC",
	} {
		w.unchanged(name, func() {
			if a := c.do("POST", path, wire.PlanRequest{Destination: d}); a.status != 400 {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			} else if strings.Contains(string(a.body), d) {
				t.Errorf("%s: repeats what may be a secret: %s", name, a.body)
			}
		})
	}
	to := keypair.MustRandom()
	var plan wire.Plan
	c.do("POST", path, wire.PlanRequest{Destination: to.Address()}).want(200).into(&plan)
	head := w.ledger.head()
	tx, err := stellar.CheckClaim(plan.Envelope, stellar.ClaimExpectation{
		Passphrase: passphrase, Holding: holding.Address(), Destination: to.Address(), Asset: "native", NewAccount: true, Sequence: 990<<32 + 1,
		LatestTime: head.CloseTime + 300, LastLedger: head.Sequence + 60,
	})
	if err != nil || tx.Hash != plan.Hash || !plan.NewAccount || plan.MaxLedger != tx.Bounds.MaxLedger || plan.ExpiresAt.Unix() != tx.Bounds.MaxTime {
		t.Fatalf("%v %+v", err, plan)
	}
	var again wire.Plan
	c.do("POST", path, wire.PlanRequest{Destination: to.Address()}).want(200).into(&again)
	if again != plan {
		t.Errorf("the same plan differs: %+v %+v", again, plan)
	}

	w.ledger.pay(to.Address(), relay.One)
	c.do("POST", path, wire.PlanRequest{Destination: to.Address()}).want(200).into(&plan)
	if plan.NewAccount {
		t.Error("an account that exists is made anew")
	}
	w.ledger.wantsMemo(to.Address())
	w.unchanged("no memo", func() {
		c.do("POST", path, wire.PlanRequest{Destination: to.Address()}).refused(400, "memo_required", "/memo")
	})
	c.do("POST", path, wire.PlanRequest{Destination: to.Address(), Memo: "7"}).want(200)
	w.unchanged("a memo for a new account", func() {
		c.do("POST", path, wire.PlanRequest{Destination: keypair.MustRandom().Address(), Memo: "7"}).refused(400, "memo_unexpected", "/memo")
	})
	w.ledger.fail(true)
	w.unchanged("no ledger", func() {
		c.do("POST", path, wire.PlanRequest{Destination: to.Address()}).refused(503, "ledger_unavailable")
	})
	w.ledger.fail(false)
	w.ledger.remove(holding.Address())
	w.unchanged("an empty place", func() {
		c.do("POST", path, wire.PlanRequest{Destination: keypair.MustRandom().Address()}).refused(409, "holding_absent")
	})
	w.ledger.pay(holding.Address(), 25*relay.One)

	// The end of a plan is never behind the end of the payment.
	w.tick(118 * time.Minute)
	c = w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	c.do("POST", path, wire.PlanRequest{Destination: keypair.MustRandom().Address()}).want(200).into(&plan)
	if !plan.ExpiresAt.Before(p.ExpiresAt) || p.ExpiresAt.Sub(plan.ExpiresAt) > time.Second {
		t.Errorf("plan until %s, payment until %s", plan.ExpiresAt, p.ExpiresAt)
	}
	w.tick(2 * time.Minute)
	asked := len(w.signer.asked)
	w.unchanged("after the end", func() { c.do("POST", path, wire.PlanRequest{Destination: to.Address()}).refused(409, "expired") })
	if len(w.signer.asked) != asked {
		t.Error("the signer was asked for a claim that could not be")
	}
}

func TestSubmit(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	q, other := w.send(ana)
	holding, _ := w.fund(p.ID), w.fund(q.ID)
	proof := w.prove(link).Proof
	c := w.holder(link).with("Restante-Proof", proof)
	path := "/v1/claims/" + p.ID
	to := keypair.MustRandom()
	var plan wire.Plan
	c.do("POST", path+"/plan", wire.PlanRequest{Destination: to.Address()}).want(200).into(&plan)

	submit := func(c caller, path, envelope string) answer {
		return c.do("POST", path+"/submit", wire.SubmitRequest{Envelope: envelope})
	}
	foreign := keypair.MustRandom()
	whole := w.sign(plan.Envelope, holding, to)
	unplanned := w.sign(unplanned(t, holding.Address(), foreign.Address()), holding)
	for name, c2 := range map[string]struct{ envelope, code string }{
		"not signed at all":        {plan.Envelope, "signature_missing"},
		"not by the holding key":   {w.sign(plan.Envelope, to), "signature_missing"},
		"not by the new account":   {w.sign(plan.Envelope, holding), "signature_missing"},
		"by another key":           {w.sign(plan.Envelope, foreign, to), "signature_missing"},
		"a claim we never planned": {unplanned, "plan_unknown"},
		"not XDR":                  {"AAAA", "envelope_malformed"},
		"not base64":               {"!", "malformed"},
		"too long":                 {strings.Repeat("A", 20004), "too_long"},
	} {
		w.unchanged(name, func() { submit(c, path, c2.envelope).refused(400, c2.code, "/envelope") })
	}
	w.unchanged("without proof", func() { submit(w.holder(link), path, whole).refused(401, "proof_invalid") })
	theirs := w.holder(other).with("Restante-Proof", w.prove(other).Proof)
	w.unchanged("of another payment", func() { submit(theirs, "/v1/claims/"+q.ID, whole).refused(400, "plan_unknown", "/envelope") })

	// A signature too many would spoil the transaction on the ledger; it is left out.
	var v wire.ClaimView
	submit(c, path, w.sign(plan.Envelope, foreign, holding, to)).want(202).into(&v)
	if v.State != "claiming" || v.Destination != nil {
		t.Errorf("%+v", v)
	}
	e, err := w.desk.Envelope(t.Context(), plan.Hash)
	if err != nil {
		t.Fatal(err)
	}
	kept := base64.StdEncoding.EncodeToString(e.XDR)
	signed, err := stellar.SignedBy(kept, passphrase, w.signer.sponsor.Address(), holding.Address(), to.Address(), foreign.Address())
	if err != nil || len(signed) != 3 || e.State != relay.Signed {
		t.Errorf("signed by %v, %v, %s", signed, err, e.State)
	}
	w.unchanged("the same again", func() { submit(c, path, whole).want(202) })
	w.unchanged("another plan meanwhile", func() {
		c.do("POST", path+"/plan", wire.PlanRequest{Destination: foreign.Address()}).refused(409, "claim_in_flight")
	})

	if err := w.desk.Sighted(t.Context(), relay.Sighting{Hash: plan.Hash, Tx: hash("claim"), Ledger: 1003, Success: true, Paid: w.whole(p.ID), Fee: 500}); err != nil {
		t.Fatal(err)
	}
	c.do("GET", path, nil).want(200).into(&v)
	if v.State != "claimed" || v.Destination == nil || *v.Destination != to.Address() || v.Settlement.Tx != hash("claim") {
		t.Errorf("%+v", v)
	}
	w.unchanged("double claim", func() {
		c.do("POST", path+"/plan", wire.PlanRequest{Destination: foreign.Address()}).refused(409, "already_claimed")
		c.do("POST", path+"/code", nil).refused(409, "already_claimed")
		c.do("POST", path+"/decline", nil).refused(409, "already_claimed")
		submit(c, path, whole).refused(409, "already_claimed")
	})
}

// unplanned is a claim that is well formed and was not planned.
func unplanned(t *testing.T, holding, to string) string {
	tx, err := stellar.BuildClaim(stellar.ClaimPlan{
		Passphrase: passphrase, Holding: holding, Destination: to, Asset: "native", Amount: 1, Keeper: to, Sequence: 990<<32 + 1, MaxTime: 4_000_000_000, LastLedger: 5000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return tx.XDR
}

// A plan whose time is over cannot be handed in: the payment would wait for a claim that can never land. The next plan can.
func TestDeadPlan(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	holding, to := w.fund(p.ID), keypair.MustRandom()
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	path := "/v1/claims/" + p.ID
	var plan, again, next wire.Plan
	ask := wire.PlanRequest{Destination: to.Address()}
	c.do("POST", path+"/plan", ask).want(200).into(&plan)
	c.do("POST", path+"/plan", ask).want(200).into(&again)
	if plan.Hash != again.Hash {
		t.Error("asking twice at once uses up two plans")
	}
	for w.ledger.head().Sequence < plan.MaxLedger {
		w.ledger.close()
	}
	w.unchanged("a plan out of time", func() {
		c.do("POST", path+"/submit", wire.SubmitRequest{Envelope: w.sign(plan.Envelope, holding, to)}).refused(409, "plan_dead")
	})
	c.do("POST", path+"/plan", ask).want(200).into(&next)
	c.do("POST", path+"/submit", wire.SubmitRequest{Envelope: w.sign(next.Envelope, holding, to)}).want(202)
}
