package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// agree puts an account on file for ana, as she does after a proof.
func (w *fixture) agree(account string) {
	w.Helper()
	p, link := w.send(ana)
	w.fund(p.ID)
	w.agreeing(link, w.prove(link).Proof, account)().want(200)
}

func (w *fixture) agreeing(link claim.Link, proof, account string) func() answer {
	return func() answer {
		return w.holder(link).with("Restante-Proof", proof).do("POST", "/v1/claims/"+link.PaymentID+"/agree", wire.AgreeRequest{Account: account})
	}
}

func (w *fixture) onFile(key, to string) string {
	w.Helper()
	var a wire.Agreed
	w.unchanged("looking", func() { w.as(key).do("GET", "/v1/agreed?to="+to, nil).want(200).into(&a) })
	if a.Account == nil {
		return ""
	}
	return *a.Account
}

// Only a proof of the handle puts an account on file: of this payment, of this handle, still good, and with the link.
func TestAgree(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	holding := w.fund(p.ID)
	other, otherLink := w.send(wire.PaymentRequest{To: "bob@example.com", Amount: "1"})
	others := w.fund(other.ID)
	account, thief := keypair.MustRandom().Address(), keypair.MustRandom().Address()
	w.refuses("without a proof", w.agreeing(link, "", thief), 401, "proof_invalid")
	w.refuses("with a guess", w.agreeing(link, "guess", thief), 401, "proof_invalid")
	w.refuses("with bob's proof", w.agreeing(link, w.prove(otherLink).Proof, thief), 401, "proof_invalid")
	var v wire.Voucher
	w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/vouch", nil).want(201).into(&v)
	w.refuses("with a voucher", w.agreeing(link, v.Voucher, thief), 401, "proof_invalid")
	in := ana
	in.Policy = "link"
	q, bearer := w.send(in)
	w.fund(q.ID)
	var proven wire.Proven
	w.holder(bearer).do("POST", "/v1/claims/"+q.ID+"/prove", nil).want(200).into(&proven)
	w.refuses("with a link alone", w.agreeing(bearer, proven.Proof, thief), 409, "not_guarded")

	good := w.prove(link).Proof
	for name, c := range map[string]struct{ account, code string }{
		"a typo": {"G" + strings.Repeat("A", 55), "destination_malformed"}, "a seed": {keypair.MustRandom().Seed(), "malformed"},
		"multiplexed": {muxed(t, account), "wrong_length"}, "the holding account": {holding.Address(), "destination_malformed"},
		"another's holding account": {others.Address(), "destination_malformed"},
	} {
		w.refuses(name, w.agreeing(link, good, c.account), 400, c.code, "/account")
	}
	if got := w.onFile(w.key, ana.To); got != "" {
		t.Errorf("on file: %s", got)
	}
	w.agreeing(link, good, account)().want(200)
	if got := w.onFile(w.key, "ana@example.com"); got != account {
		t.Errorf("on file: %q", got)
	}
	if w.onFile(w.key, "bob@example.com") != "" {
		t.Error("it is on file for bob")
	}
	w.agreeing(link, good, thief)().want(200) // she may think again
	w.agreeing(link, good, "")().want(200)
	if got := w.onFile(w.key, ana.To); got != "" {
		t.Errorf("on file: %s", got)
	}
	w.tick(31 * time.Minute)
	w.refuses("with an old proof", w.agreeing(link, good, thief), 401, "proof_invalid")
}

// A payment that was readdressed puts nothing on file for the handle it had, and only a proof of the new one for that.
func TestAgreeAfterReaddress(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, link := s.request() // the sender has the link, too
	in.To = "mallory@example.com"
	p, _ := s.fund(in)
	sess, code := w.code(link) // mailed to mallory
	s.by().do("POST", "/v1/payments/"+p.ID+"/readdress", wire.ReaddressRequest{To: "ana@example.com"}).want(200)
	w.refuses("mallory's code", func() answer {
		return w.holder(link).do("POST", "/v1/claims/"+p.ID+"/prove", wire.ProveRequest{Session: sess.Session, Code: code})
	}, 401, "session_invalid")

	in, link = s.request()
	in.To = "mallory@example.com"
	p, _ = s.fund(in)
	proof := w.prove(link).Proof
	w.refuses("after the proof", func() answer {
		return s.by().do("POST", "/v1/payments/"+p.ID+"/readdress", wire.ReaddressRequest{To: "ana@example.com"})
	}, 409, "share_released")
	w.agreeing(link, proof, s.wallet.Address())().want(200)
	if w.onFile(w.key, ana.To) != "" || w.onFile(w.key, "mallory@example.com") != s.wallet.Address() {
		t.Error("mallory's proof is good for ana")
	}
}

// What is on file is the app's, by its own key, of no other app.
func TestAgreedAndForget(t *testing.T) {
	w := newFixture(t)
	account := keypair.MustRandom().Address()
	w.agree(account)
	var b wire.App
	w.as(w.admin).do("POST", "/v1/apps", wire.AppRequest{Name: "Bmce", Recipient: w.identity.Recipient().String()}).want(201).into(&b)
	if w.onFile(b.Key.Text, ana.To) != "" {
		t.Error("another app sees it")
	}
	w.as(b.Key.Text).do("DELETE", "/v1/agreed?to="+ana.To, nil).want(200)
	if w.onFile(w.key, ana.To) != account {
		t.Error("another app took it off")
	}
	for _, method := range []string{"GET", "DELETE"} {
		for query, code := range map[string]string{"": "handle_malformed", "?to=ana": "handle_malformed", "?to=ana@example.com&x=1": "query_unknown", "?to=a@b.cd&to=c@d.ef": "query_repeated"} {
			w.refuses(method+query, func() answer { return w.as(w.key).do(method, "/v1/agreed"+query, nil) }, 400, code)
		}
		w.refuses("without a key", func() answer { return w.anonymous().do(method, "/v1/agreed?to="+ana.To, nil) }, 401, "key_missing")
	}
	w.as(w.key).do("DELETE", "/v1/agreed?to="+ana.To, nil).want(200)
	if w.onFile(w.key, ana.To) != "" {
		t.Error("it is still on file")
	}
	w.as(w.key).do("DELETE", "/v1/agreed?to="+ana.To, nil).want(200)
	w.onFile(w.key, "wanda@example.com")
	w.as(w.key).do("DELETE", "/v1/agreed?to=wanda@example.com&x=1", nil).refused(400, "query_unknown")
	if strings.Contains(w.logs.String(), "wanda") {
		t.Errorf("the log shows a handle: %s", w.logs)
	}
}

// A direct payment says so, and has nothing to claim with; whatever is in its way, the money waits like any other.
func TestDirect(t *testing.T) {
	w := newFixture(t)
	account := keypair.MustRandom().Address()
	usd := w.ledger.issue("USD", 0)
	w.ledger.trust(w.app.Treasury, usd, 500*relay.One, 500*relay.One)
	in := ana
	in.Direct = "if_agreed"
	directly := func(in wire.PaymentRequest, want bool) (p wire.Payment) {
		t.Helper()
		var v wire.Preview
		w.unchanged("a preview", func() { w.as(w.key).do("POST", "/v1/payments/preview", in).want(200).into(&v) })
		w.as(w.key).do("POST", "/v1/payments", in).want(201).into(&p)
		if p.Direct != want || v.Direct != want || (p.ClaimLink == "") != want || (p.ClaimLinkBox == "") != want || (p.Custody == "recipient") != want || v.Custody != p.Custody {
			t.Errorf("%+v\n%+v", p, v)
		}
		row, err := w.desk.Payment(t.Context(), relay.PaymentID(p.ID))
		if err != nil || (row.PayTo == account) != want {
			t.Errorf("%+v, %v", row, err)
		}
		return p
	}
	directly(in, false) // nothing on file
	w.agree(account)
	directly(in, false) // no such account
	w.ledger.pay(account, 5*relay.One)
	p := directly(in, true)
	if !strings.Contains(p.CustodyText, "cannot be taken back") || p.Cost.ReserveLocked != "0" {
		t.Errorf("%+v", p)
	}
	directly(ana, false) // not asked for
	never := ana
	never.Direct = "never"
	directly(never, false)
	bob := in
	bob.To = "bob@example.com"
	directly(bob, false)
	credit := in
	credit.Asset = usd
	directly(credit, false) // no trustline
	w.ledger.trust(account, usd, 0, 24*relay.One)
	directly(credit, false) // no room
	line := w.ledger.trust(account, usd, 0, 25*relay.One)
	directly(credit, true)
	line.Flags = 0
	directly(credit, false) // frozen
	w.ledger.wantsMemo(account)
	directly(in, false)

	c := w.as(w.key).with("Idempotency-Key", "k")
	w.ledger.change(account, func(a *stellar.Account) { a.MemoRequired = false })
	var first, again wire.Payment
	c.do("POST", "/v1/payments", in).want(201).into(&first)
	c.do("POST", "/v1/payments", in).want(201).into(&again)
	if !first.Direct || text(first) != text(again) {
		t.Errorf("first %s\nagain %s", text(first), text(again))
	}
	w.refuses("readdressing it", func() answer { return w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/readdress", eva) }, 409, "paid_directly")
	w.refuses("a direct word that is none", func() answer {
		return w.as(w.key).do("POST", "/v1/payments", `{"to":"ana@example.com","amount":"1","direct":"always"}`)
	}, 400, "not_one_of", "/direct")
	// A client that made a link keeps it, and it opens nothing.
	own, link := mine(w)
	own.Direct = "if_agreed"
	var q wire.Payment
	w.as(w.key).do("POST", "/v1/payments", own).want(201).into(&q)
	if !q.Direct {
		t.Errorf("%+v", q)
	}
	w.refuses("asking a code", func() answer { return w.holder(link).do("POST", "/v1/claims/"+q.ID+"/code", nil) }, 409, "not_ready")
	w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/cancel", nil).want(200)
}

// The app's own treasury is refused as an account on file.
func TestDirectIntoTheTreasury(t *testing.T) {
	w := newFixture(t)
	w.agree(w.app.Treasury)
	in := ana
	in.Direct = "if_agreed"
	if p, _ := w.send(in); p.Direct {
		t.Errorf("%+v", p)
	}
}
