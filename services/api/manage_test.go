package api_test

import (
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/api"
)

// A token opens the one payment that it was made for, and of its routes those that a sender needs; nothing else in the table.
func TestATokenOpensOnePayment(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, _ := s.request()
	p, _ := s.fund(in)
	other := w.sender()
	theirs, _ := other.request()
	q := other.open(theirs)
	d, _ := other.mint(q, theirs.Link.ClaimRecipient, nil) // well formed, so that only who calls is wrong
	plain, _ := w.send(ana)                                // has no token
	var secondApp wire.App
	w.as(w.admin).do("POST", "/v1/apps", wire.AppRequest{Name: "Bmce", Recipient: w.identity.Recipient().String()}).want(201).into(&secondApp)
	code := map[string]string{"byApp": "key_missing", "byLink": "link_invalid", "bySender": "token_invalid"}
	for _, rt := range api.Routes() {
		part := strings.Fields(rt)
		if part[2] == "open" {
			continue
		}
		w.unchanged(rt, func() {
			for _, id := range []string{p.ID, q.ID, plain.ID, string(relay.NewPaymentID(relay.At(w.now))), "pay_x", "key_x"} {
				if part[2] == "bySender" && id == p.ID {
					continue
				}
				path := strings.ReplaceAll(part[1], "{id}", id)
				s.by().do(part[0], path, nil).refused(401, code[part[2]])
				if part[2] == "bySender" { // nor does what is nearly a token
					w.manager("").do(part[0], path, nil).refused(401, "key_missing")
					w.manager(hash(s.token)).do(part[0], path, nil).refused(401, "token_invalid")
					w.as(s.token).do(part[0], path, nil).refused(401, "key_invalid")
				}
			}
		})
	}
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "", nil}, {"GET", "/receipt", nil}, {"POST", "/cancel", nil}, {"POST", "/readdress", eva},
		{"POST", "/deposit", d}, {"POST", "/fund", wire.SubmitRequest{Envelope: d.Funding}},
		{"POST", "/move", wire.MoveRequest{To: ana.To, ID: theirs.ID, Link: theirs.Link}},
	} {
		path := "/v1/payments/" + p.ID + c.path
		w.refuses("another's token", func() answer { return other.by().do(c.method, path, c.body) }, 401, "token_invalid")
		w.refuses("another app's key", func() answer { return w.as(secondApp.Key.Text).do(c.method, path, c.body) }, 404, "not_found")
	}
	s.by().do("GET", "/v1/payments/"+p.ID, nil).want(200)
	w.as(w.key).do("GET", "/v1/payments/"+p.ID, nil).want(200)
}

// A hash may be spelled in capitals; a token may not.
func TestManageHashInCapitals(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.ManageHash = strings.ToUpper(hash("a token"))
	p, _ := w.send(in)
	w.manager("a token").do("GET", "/v1/payments/"+p.ID, nil).want(200)
	w.refuses("capitals", func() answer { return w.manager("A TOKEN").do("GET", "/v1/payments/"+p.ID, nil) }, 401, "token_invalid")
	w.manager("a token").do("POST", "/v1/payments/"+p.ID+"/cancel", nil).want(200)
}
