package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/api"
)

// TestTenants calls every route of the table with another app's key, another payment's token or another payment's link: about a
// payment, a key or a handle of the first app. The answer is that of what does not exist, and nothing is changed. A route that names
// nothing shows nothing of the first app.
func TestTenants(t *testing.T) {
	w := newFixture(t)
	other := w.second("Bmce")
	own := w.sender()
	in, _ := own.request()
	mine, _ := own.fund(in) // out of a wallet
	waiting, _ := w.send(ana)
	w.fund(waiting.ID)
	var theirs wire.Payment
	w.as(other.Key.Text).do("POST", "/v1/payments", ana).want(201).into(&theirs)
	theirLink, err := claim.Parse(theirs.ClaimLink)
	if err != nil {
		t.Fatal(err)
	}
	w.fund(theirs.ID)
	var keys wire.KeyList
	w.as(w.key).do("GET", "/v1/keys", nil).want(200).into(&keys)
	d, _ := own.mint(own.open(func() wire.PaymentRequest { in, _ := own.request(); return in }()), in.Link.ClaimRecipient, nil)

	bodies := map[string]any{ // well formed, so that only the caller is wrong
		"deposit": d, "fund": wire.SubmitRequest{Envelope: d.Funding}, "readdress": eva,
		"move": wire.MoveRequest{To: ana.To, ID: in.ID, Link: in.Link, SenderRecipients: []string{w.identity.Recipient().String()}},
		"code": nil, "prove": wire.ProveRequest{Voucher: "v"}, "decline": nil,
	}
	secrets := []string{mine.ID, waiting.ID, w.app.ID, w.app.Treasury, keys.Data[0].ID}
	seen := 0
	for _, rt := range api.Routes() {
		part := strings.Fields(rt)
		method, path, by := part[0], part[1], part[2]
		words := strings.Split(path, "/")
		body := bodies[words[len(words)-1]]
		switch {
		case by == "open":
			continue
		case strings.HasPrefix(path, "/v1/keys/{id}"):
			w.refuses(rt, func() answer {
				return w.as(other.Key.Text).do(method, strings.Replace(path, "{id}", keys.Data[0].ID, 1), nil)
			}, 404, "not_found")
		case strings.Contains(path, "{id}") && by == "byLink":
			for _, id := range []string{mine.ID, waiting.ID} {
				w.refuses(rt, func() answer { return w.holder(theirLink).do(method, strings.Replace(path, "{id}", id, 1), body) }, 401, "link_invalid")
			}
		case strings.Contains(path, "{id}"):
			for _, id := range []string{mine.ID, waiting.ID} {
				at := strings.Replace(path, "{id}", id, 1)
				w.refuses(rt, func() answer { return w.as(other.Key.Text).do(method, at, body) }, 404, "not_found")
				if by == "byApp" { // a sender's token is no app's key, not even of its own payment
					w.refuses(rt, func() answer { return own.by().do(method, at, body) }, 401, "key_missing")
				}
			}
		case method == "GET":
			q := ""
			if path == "/v1/agreed" {
				q = "?to=" + url.QueryEscape(ana.To)
			}
			a := w.as(other.Key.Text).do(method, path+q, nil)
			for _, s := range secrets {
				if strings.Contains(string(a.body), s) {
					t.Errorf("%s shows %s to another app", rt, s)
				}
			}
		default:
			continue // it makes something of the caller's own: TestTenantsOwn
		}
		seen++
	}
	if seen < 20 {
		t.Errorf("only %d routes were tried", seen)
	}
	for _, q := range []string{"?reference=" + url.QueryEscape(mine.Reference), "?to=" + url.QueryEscape(ana.To), "?limit=100"} {
		a := w.as(other.Key.Text).do("GET", "/v1/payments"+q, nil)
		if strings.Contains(string(a.body), mine.ID) || strings.Contains(string(a.body), waiting.ID) {
			t.Errorf("a list %s shows another app's payments", q)
		}
	}
}

// TestTenantsOwn: what the routes that make something take as names (ids, references, keys for repeats, handles) is each app's own.
func TestTenantsOwn(t *testing.T) {
	w := newFixture(t)
	other := w.second("Bmce")
	in := ana
	in.Reference = "order-17"
	var first, second wire.Payment
	w.as(w.key).with("Idempotency-Key", "k").do("POST", "/v1/payments", in).want(201).into(&first)
	w.as(other.Key.Text).with("Idempotency-Key", "k").do("POST", "/v1/payments", in).want(201).into(&second)
	if first.ID == second.ID || first.ClaimLink == second.ClaimLink {
		t.Error("another app got the first app's answer")
	}
	p, err := w.desk.Payment(t.Context(), relay.PaymentID(second.ID))
	if err != nil || string(p.App) != other.ID || p.ReturnTo != other.Treasury {
		t.Errorf("the second is %s's, home to %s: %v", p.App, p.ReturnTo, err)
	}
	w.unchanged("off another app's file", func() {
		w.as(other.Key.Text).do("DELETE", "/v1/agreed?to="+url.QueryEscape(ana.To), nil)
	})
	w.refuses("an app's key makes no app", func() answer {
		return w.as(other.Key.Text).do("POST", "/v1/apps", wire.AppRequest{Name: "Cmce", Recipient: w.identity.Recipient().String()})
	}, 403, "admin_key_needed")
}

// second is another app, with money.
func (w *fixture) second(name string) (app wire.App) {
	w.Helper()
	w.as(w.admin).do("POST", "/v1/apps", wire.AppRequest{Name: name, Recipient: w.identity.Recipient().String(), MayVouch: true}).want(201).into(&app)
	w.ledger.pay(app.Treasury, 1000*relay.One)
	return app
}
