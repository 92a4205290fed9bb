package api_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/internal/post"
)

// code asks for a code and opens it as the mailer would.
func (w *fixture) code(link claim.Link) (wire.CodeSession, string) {
	w.Helper()
	var s wire.CodeSession
	w.holder(link).do("POST", "/v1/claims/"+link.PaymentID+"/code", nil).want(202).into(&s)
	c, _, err := w.desk.TakeCode(w.Context(), hash(s.Session))
	if err != nil {
		w.Fatal(err)
	}
	text, err := post.OpenCode(w.keys, c.Session, c.Sealed)
	if err != nil {
		w.Fatal(err)
	}
	return s, text
}

func (w *fixture) prove(link claim.Link) wire.Proven {
	w.Helper()
	s, code := w.code(link)
	var p wire.Proven
	w.holder(link).do("POST", "/v1/claims/"+link.PaymentID+"/prove", wire.ProveRequest{Session: s.Session, Code: code}).want(200).into(&p)
	return p
}

// claim goes the whole way to a submitted claim.
func (w *fixture) claim(link claim.Link, holding, to *keypair.Full) (view wire.ClaimView) {
	w.Helper()
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	var plan wire.Plan
	c.do("POST", "/v1/claims/"+link.PaymentID+"/plan", wire.PlanRequest{Destination: to.Address()}).want(200).into(&plan)
	c.do("POST", "/v1/claims/"+link.PaymentID+"/submit", wire.SubmitRequest{Envelope: w.sign(plan.Envelope, holding, to)}).want(202).into(&view)
	return view
}

func (w *fixture) sign(envelope string, keys ...*keypair.Full) string {
	w.Helper()
	signed, err := stellar.Sign(envelope, passphrase, keys...)
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

func TestViewIsBehindTheLink(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Note = "a private note"
	p, link := w.send(in)
	other, _ := w.send(ana)
	var v wire.ClaimView
	w.unchanged("looking", func() { w.holder(link).do("GET", "/v1/claims/"+p.ID, nil).want(200).into(&v) })
	if v.From != "Acme" || v.To != "email:a***@example.com" || v.Amount != "25" || v.Network != passphrase || v.State != "created" || v.CustodyText == "" {
		t.Errorf("%+v", v)
	}
	wrong, err := claim.NewLink("https://pay.example.com", p.ID, claim.NewSecret())
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := claim.NewLink("https://pay.example.com", string(relay.NewPaymentID(relay.At(w.now))), link.Secret)
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	for name, c := range map[string]struct {
		caller caller
		id     string
	}{
		"no auth":             {w.anonymous(), p.ID},
		"an app's key":        {w.as(w.key), p.ID},
		"malformed auth":      {w.anonymous().with("Authorization", "Link x"), p.ID},
		"another secret":      {w.holder(wrong), p.ID},
		"an unknown payment":  {w.holder(unknown), unknown.PaymentID},
		"another payment":     {w.holder(link), other.ID},
		"no payment's id":     {w.holder(link), "pay_x"},
		"auth of another net": {w.anonymous().with("Authorization", "Link "+foreignAuth(t, link)), p.ID},
	} {
		for _, call := range []struct{ method, rest string }{
			{"GET", ""}, {"POST", "/code"}, {"POST", "/prove"}, {"POST", "/plan"}, {"POST", "/submit"}, {"POST", "/agree"}, {"POST", "/decline"},
		} {
			w.unchanged(name, func() {
				a := c.caller.do(call.method, "/v1/claims/"+c.id+call.rest, nil).refused(401, "link_invalid")
				answers = append(answers, string(a.body[:strings.Index(string(a.body), "request_id")]))
			})
		}
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answers tell unknown from wrong:\n%s\n%s", a, answers[0])
		}
	}
	if strings.Contains(w.logs.String(), "a private note") || strings.Contains(w.logs.String(), "Link ") {
		t.Error("the log shows too much")
	}
}

func foreignAuth(t *testing.T, l claim.Link) string {
	keys, err := claim.Derive(l.Secret, l.PaymentID, "Another Network")
	if err != nil {
		t.Fatal(err)
	}
	return keys.Auth().RevealText()
}

func TestCodeIsCountedBeforeItIsCompared(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	c := w.holder(link)
	path := "/v1/claims/" + p.ID
	w.unchanged("a code before the money is there", func() { c.do("POST", path+"/code", nil).refused(409, "not_ready") })
	w.fund(p.ID)
	s, code := w.code(link)
	if s.To != "email:a***@example.com" || len(code) != 6 || !s.ExpiresAt.Equal(w.now.Add(10*time.Minute).Truncate(time.Microsecond)) {
		t.Errorf("%+v", s)
	}
	if strings.Contains(w.logs.String(), code) || strings.Contains(w.logs.String(), s.Session) {
		t.Error("the log shows a code or a session")
	}
	w.unchanged("another code at once", func() {
		a := c.do("POST", path+"/code", nil).refused(429, "code_too_soon")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	for _, body := range []string{
		`{"session":"x"}`, `{"code":"123456"}`, `{"session":"x","code":"12345"}`, `{"session":"x","code":"12345a"}`,
		`{"session":"x","code":"123456","voucher":"v"}`, `{"pin":"1"}`,
	} {
		w.unchanged(body, func() {
			if a := c.do("POST", path+"/prove", body); a.status != 400 {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		})
	}
	w.unchanged("no credential", func() { c.do("POST", path+"/prove", nil).refused(401, "proof_needed") })
	w.unchanged("an unknown session", func() {
		c.do("POST", path+"/prove", wire.ProveRequest{Session: "other", Code: code}).refused(401, "session_invalid")
	})
	for left := 4; left >= 0; left-- {
		before := w.state()
		a := c.do("POST", path+"/prove", wire.ProveRequest{Session: s.Session, Code: wrong}).refused(401, "code_wrong")
		if want := fmt.Sprintf("%d tries", left); left > 1 && !strings.Contains(string(a.body), want) {
			t.Errorf("%q is missing in %s", want, a.body)
		}
		if w.state() == before {
			t.Error("a wrong try was not written down")
		}
	}
	w.unchanged("the sixth try", func() {
		c.do("POST", path+"/prove", wire.ProveRequest{Session: s.Session, Code: code}).refused(429, "code_spent")
	})
	w.tick(time.Minute)
	s, code = w.code(link)
	w.tick(10 * time.Minute)
	w.unchanged("an old code", func() {
		c.do("POST", path+"/prove", wire.ProveRequest{Session: s.Session, Code: code}).refused(401, "code_expired")
	})
}

func TestProofIsOfOnePaymentAndOneSession(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	q, other := w.send(ana)
	w.fund(p.ID)
	w.fund(q.ID)
	s, code := w.code(link)
	w.unchanged("a session of another payment", func() {
		w.holder(other).do("POST", "/v1/claims/"+q.ID+"/prove", wire.ProveRequest{Session: s.Session, Code: code}).refused(401, "session_invalid")
	})
	var proven wire.Proven
	w.holder(link).do("POST", "/v1/claims/"+p.ID+"/prove", wire.ProveRequest{Session: s.Session, Code: code}).want(200).into(&proven)
	if box, _ := base64.StdEncoding.DecodeString(proven.Box); string(box) != "box of "+p.ID || proven.Amount != "25" || proven.Payment != p.ID {
		t.Errorf("%+v", proven)
	}
	if share, _ := base64.StdEncoding.DecodeString(proven.Share); len(share) != 32 {
		t.Errorf("share of %d bytes", len(share))
	}
	w.holder(link).do("POST", "/v1/claims/"+p.ID+"/prove", wire.ProveRequest{Session: s.Session, Code: code}).want(200) // no plan has used it

	body := wire.PlanRequest{Destination: keypair.MustRandom().Address()}
	plan := func(link claim.Link, proof string) answer {
		return w.holder(link).with("Restante-Proof", proof).do("POST", "/v1/claims/"+link.PaymentID+"/plan", body)
	}
	w.unchanged("no proof", func() { plan(link, "").refused(401, "proof_invalid") })
	w.unchanged("an invented proof", func() { plan(link, strings.Repeat("a", 43)).refused(401, "proof_invalid") })
	w.unchanged("a foreign proof", func() { plan(other, proven.Proof).refused(401, "proof_invalid") })
	w.unchanged("the session as proof", func() { plan(link, s.Session).refused(401, "proof_invalid") })
	w.tick(30 * time.Minute)
	w.unchanged("an old proof", func() { plan(link, proven.Proof).refused(401, "proof_invalid") })
	if strings.Contains(w.logs.String(), proven.Proof) || strings.Contains(w.logs.String(), proven.Share) {
		t.Error("the log shows a proof or a share")
	}
}

func TestVoucher(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	w.unchanged("before the money is there", func() { w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/vouch", nil).refused(409, "not_ready") })
	w.fund(p.ID)
	var v wire.Voucher
	w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/vouch", nil).want(201).into(&v)
	c := w.holder(link)
	w.unchanged("an invented voucher", func() {
		c.do("POST", "/v1/claims/"+p.ID+"/prove", wire.ProveRequest{Voucher: "x"}).refused(401, "proof_invalid")
	})
	c.do("POST", "/v1/claims/"+p.ID+"/prove", wire.ProveRequest{Voucher: v.Voucher}).want(200)
	w.unchanged("a used voucher", func() {
		c.do("POST", "/v1/claims/"+p.ID+"/prove", wire.ProveRequest{Voucher: v.Voucher}).refused(401, "proof_invalid")
	})
	var b wire.App
	w.as(w.admin).do("POST", "/v1/apps", wire.AppRequest{Name: "Bmce", Recipient: w.identity.Recipient().String()}).want(201).into(&b)
	w.ledger.pay(b.Treasury, 100*relay.One)
	w.as(b.Key.Text).do("POST", "/v1/payments", ana).want(201).into(&p)
	w.fund(p.ID)
	w.unchanged("an app that may not", func() {
		w.as(b.Key.Text).do("POST", "/v1/payments/"+p.ID+"/vouch", nil).refused(403, "vouching_not_allowed")
	})
}

func TestLinkPolicyNeedsNoProof(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Policy = "link"
	p, link := w.send(in)
	holding := w.fund(p.ID)
	c := w.holder(link)
	w.unchanged("a code", func() { c.do("POST", "/v1/claims/"+p.ID+"/code", nil).refused(409, "no_code_needed") })
	var proven wire.Proven
	c.do("POST", "/v1/claims/"+p.ID+"/prove", nil).want(200).into(&proven)
	if proven.Share != "" || proven.HoldingAccount != holding.Address() {
		t.Errorf("%+v", proven)
	}
	c.do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: keypair.MustRandom().Address()}).want(200)
}

func TestDecline(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	w.fund(p.ID)
	var v wire.ClaimView
	w.holder(link).do("POST", "/v1/claims/"+p.ID+"/decline", nil).want(202).into(&v)
	if v.State != "returning" || v.Reason != "declined" {
		t.Errorf("%+v", v)
	}
	w.unchanged("again", func() { w.holder(link).do("POST", "/v1/claims/"+p.ID+"/decline", nil).want(202) })
	p, link = w.send(ana)
	w.holder(link).do("POST", "/v1/claims/"+p.ID+"/decline", nil).want(200).into(&v)
	if v.State != "canceled" || v.Reason != "declined" {
		t.Errorf("%+v", v)
	}

	// While the funding is on its way a cancel is a return asked, and says so.
	p, link = w.send(ana)
	if _, err := w.desk.Apply(t.Context(), relay.PaymentID(p.ID), relay.FundingSigned{Hash: "f", Holding: keypair.MustRandom().Address(), Bound: 5}); err != nil {
		t.Fatal(err)
	}
	w.holder(link).do("POST", "/v1/claims/"+p.ID+"/decline", nil).want(202).into(&v)
	if v.State != "funding" || v.ReturnAsked != "declined" {
		t.Errorf("%+v", v)
	}
}
