package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

var ana = wire.PaymentRequest{To: "Ana@Example.com", Amount: "25"}

func TestPlainRequestMakesALinkAndKeepsNoneOfIt(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Note, in.Reference, in.ExpiresIn, in.Metadata = "for lunch", "order-7", "12h", map[string]string{"b": "2", "a": "1"}
	p, link := w.send(in)
	if p.State != "created" || p.To != "email:ana@example.com" || p.Amount != "25" || p.Policy != "guarded" || p.LinkMadeBy != "api" ||
		p.Custody != "sender_and_recipient" || p.HoldingAccount != nil || p.NotBeforeLedger != nil || p.ReturnTo != w.app.Treasury ||
		p.Metadata["b"] != "2" || p.Reference != "order-7" || !p.ExpiresAt.Equal(w.now.Add(12*time.Hour).Truncate(time.Microsecond)) {
		t.Errorf("%+v", p)
	}
	if link.Base != "https://pay.example.com" || link.PaymentID != p.ID {
		t.Errorf("link to %s %s", link.Base, link.PaymentID)
	}
	// The row fits the link: auth, and a recipient that link and share open together.
	row, err := w.desk.Payment(t.Context(), relay.PaymentID(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	var share []byte
	if err := w.store.View(t.Context(), func(tx desk.Tx) (err error) { share, err = tx.Share(row.ID); return err }); err != nil {
		t.Fatal(err)
	}
	keys, err := claim.Derive(link.Secret, p.ID, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	half, err := claim.ShareFromBytes(share)
	if err != nil {
		t.Fatal(err)
	}
	guarded, err := keys.GuardedIdentity(half)
	if err != nil {
		t.Fatal(err)
	}
	if row.AuthHash != keys.Auth().Hash() || row.ClaimRecipient != guarded.Recipient() {
		t.Error("the row is not of this link")
	}
	if got := w.openBox(p.ClaimLinkBox); got != p.ClaimLink {
		t.Errorf("the box holds %q", got)
	}
	// Read again, the link is nowhere.
	a := w.as(w.key).do("GET", "/v1/payments/"+p.ID, nil).want(200)
	if strings.Contains(string(a.body), "claim_link") {
		t.Errorf("%s", a.body)
	}
	if strings.Contains(w.logs.String(), p.ClaimLink[len(p.ClaimLink)-40:]) {
		t.Error("the link is in the log")
	}
}

func (w *fixture) openBox(text string) string {
	w.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		w.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(raw), w.identity)
	if err != nil {
		w.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		w.Fatal(err)
	}
	return string(plain)
}

func TestLinkPolicyHasNoShare(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Policy = "link"
	p, link := w.send(in)
	keys, err := claim.Derive(link.Secret, p.ID, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	row, err := w.desk.Payment(t.Context(), relay.PaymentID(p.ID))
	if err != nil || row.ClaimRecipient != keys.LinkIdentity().Recipient() || p.Custody != "bearer" {
		t.Errorf("%v, %s", err, p.Custody)
	}
}

// mine is a request whose link the client makes.
func mine(w *fixture) (wire.PaymentRequest, claim.Link) {
	id := string(relay.NewPaymentID(relay.At(w.now)))
	secret, share := claim.NewSecret(), claim.NewShare()
	keys, err := claim.Derive(secret, id, passphrase)
	if err != nil {
		w.Fatal(err)
	}
	identity, err := keys.GuardedIdentity(share)
	if err != nil {
		w.Fatal(err)
	}
	link, err := claim.NewLink("https://pay.example.com", id, secret)
	if err != nil {
		w.Fatal(err)
	}
	in := ana
	in.ID = id
	in.Link = &wire.LinkHalf{
		AuthHash: keys.Auth().Hash(), ClaimRecipient: identity.Recipient(), Share: base64.StdEncoding.EncodeToString(share.Reveal()),
	}
	return in, link
}

func TestClientMadeLink(t *testing.T) {
	w := newFixture(t)
	in, link := mine(w)
	var p wire.Payment
	w.as(w.key).do("POST", "/v1/payments", in).want(201).into(&p)
	if p.ID != in.ID || p.LinkMadeBy != "client" || p.ClaimLink != "" || p.ClaimLinkBox != "" {
		t.Errorf("%+v", p)
	}
	w.holder(link).do("GET", "/v1/claims/"+p.ID, nil).want(200)
	w.unchanged("the same id again", func() { w.as(w.key).do("POST", "/v1/payments", in).refused(409, "id_taken") })

	for name, c := range map[string]struct {
		spoil   func(*wire.PaymentRequest)
		code    string
		pointer string
	}{
		"id without link":   {func(r *wire.PaymentRequest) { r.Link = nil }, "required", "/link"},
		"link without id":   {func(r *wire.PaymentRequest) { r.ID = "" }, "required", "/id"},
		"malformed id":      {func(r *wire.PaymentRequest) { r.ID = "pay_" + strings.Repeat("a", 26) }, "id_malformed", "/id"},
		"id of last week":   {func(r *wire.PaymentRequest) { r.ID = string(relay.NewPaymentID(relay.At(w.now.Add(-25 * time.Hour)))) }, "id_stale", "/id"},
		"id of next week":   {func(r *wire.PaymentRequest) { r.ID = string(relay.NewPaymentID(relay.At(w.now.Add(25 * time.Hour)))) }, "id_stale", "/id"},
		"auth in the clear": {func(r *wire.PaymentRequest) { r.Link.AuthHash = strings.Repeat("g", 64) }, "auth_hash_malformed", "/link/auth_hash"},
		"no auth":           {func(r *wire.PaymentRequest) { r.Link.AuthHash = "" }, "required", "/link/auth_hash"},
		"no recipient":      {func(r *wire.PaymentRequest) { r.Link.ClaimRecipient = "age1nobody" }, "claim_recipient_malformed", "/link/claim_recipient"},
		"no share":          {func(r *wire.PaymentRequest) { r.Link.Share = "" }, "share_malformed", "/link/share"},
		"short share":       {func(r *wire.PaymentRequest) { r.Link.Share = base64.StdEncoding.EncodeToString(make([]byte, 31)) }, "share_malformed", "/link/share"},
		"share with links":  {func(r *wire.PaymentRequest) { r.Policy = "link" }, "share_unexpected", "/link/share"},
	} {
		in, _ := mine(w)
		c.spoil(&in)
		w.unchanged(name, func() { w.as(w.key).do("POST", "/v1/payments", in).refused(400, c.code, c.pointer) })
	}
}

func TestBadPaymentsChangeNothing(t *testing.T) {
	w := newFixture(t)
	at := func(d time.Duration) string {
		raw, _ := json.Marshal(w.now.Add(d))
		return string(raw)
	}
	for body, want := range map[string]string{
		`{"to":"ana","amount":"25"}`:                                                       "handle_malformed /to",
		`{"to":"Ana <ana@example.com>","amount":"25"}`:                                     "handle_malformed /to",
		`{"to":"ana@example.com\r\nBcc: eve@example.com","amount":"25"}`:                   "handle_malformed /to",
		`{"to":"fax:12","amount":"25"}`:                                                    "handle_malformed /to",
		`{"to":"ana@example.com","amount":"0"}`:                                            "amount_zero /amount",
		`{"to":"ana@example.com","amount":"-1"}`:                                           "amount_malformed /amount",
		`{"to":"ana@example.com","amount":"1e3"}`:                                          "amount_malformed /amount",
		`{"to":"ana@example.com","amount":"0.00000001"}`:                                   "amount_too_precise /amount",
		`{"to":"ana@example.com","amount":"922337203685.4775808"}`:                         "amount_too_large /amount",
		`{"to":"ana@example.com","amount":25}`:                                             "wrong_type /amount",
		`{"to":"ana@example.com"}`:                                                         "required /amount",
		`{"to":"ana@example.com","amount":"25","asset":"USD:G"}`:                           "asset_malformed /asset",
		`{"to":"ana@example.com","amount":"25","policy":"escrow"}`:                         "not_one_of /policy",
		`{"to":"ana@example.com","amount":"25","expires_in":"59m"}`:                        "expiry_out_of_range /expires_in",
		`{"to":"ana@example.com","amount":"25","expires_in":"181d"}`:                       "expiry_out_of_range /expires_in",
		`{"to":"ana@example.com","amount":"25","expires_in":"213505d"}`:                    "expiry_out_of_range /expires_in", // in 64 bits of nanoseconds, a day
		`{"to":"ana@example.com","amount":"25","expires_in":"1048575d"}`:                   "expiry_out_of_range /expires_in",
		`{"to":"ana@example.com","amount":"25","expires_in":"99999999999999999d"}`:         "expiry_malformed /expires_in",
		`{"to":"ana@example.com","amount":"25","expires_in":"-1d"}`:                        "expiry_malformed /expires_in",
		`{"to":"ana@example.com","amount":"25","expires_in":"d"}`:                          "expiry_malformed /expires_in",
		`{"to":"ana@example.com","amount":"25","expires_in":"1w"}`:                         "expiry_malformed /expires_in",
		`{"to":"ana@example.com","amount":"25","expires_at":` + at(59*time.Minute) + `}`:   "expiry_out_of_range /expires_at",
		`{"to":"ana@example.com","amount":"25","expires_at":` + at(181*24*time.Hour) + `}`: "expiry_out_of_range /expires_at",
		`{"to":"ana@example.com","amount":"25","expires_at":"tomorrow"}`:                   "wrong_type /expires_at",
		`{"to":"ana@example.com","amount":"25","note":"` + strings.Repeat("ü", 251) + `"}`: "note_too_long /note",
		`{"to":"ana@example.com","amount":"25","note":"` + strings.Repeat("x", 501) + `"}`: "note_too_long /note",
		`{"to":"ana@example.com","amount":"25","colour":"red"}`:                            "unknown_field /colour",
		`{"to":"ana@example.com","amount":"25","To":"eve@example.com"}`:                    "unknown_field /To",
		`{"to":"ana@example.com","amount":"25","amount":"26"}`:                             "repeated_field /amount",
		`{"to":"ana@example.com","amount":"25"}{}`:                                         "body_malformed",
		`["to"]`: "body_malformed",
		``:       "body_malformed",
	} {
		code, pointer, _ := strings.Cut(want, " ")
		var pointers []string
		if pointer != "" {
			pointers = append(pointers, pointer)
		}
		w.unchanged(body, func() {
			w.as(w.key).with("Content-Type", "application/json").do("POST", "/v1/payments", body).refused(400, code, pointers...)
		})
	}
	w.unchanged("several faults", func() {
		w.as(w.key).do("POST", "/v1/payments", `{"to":"ana","amount":"0","expires_in":"1m"}`).
			refused(400, "invalid_request", "/to", "/amount", "/expires_in")
	})
	w.unchanged("a large body", func() {
		w.as(w.key).do("POST", "/v1/payments", `{"to":"`+strings.Repeat("a", 1<<20)+`"}`).refused(413, "body_too_large")
	})
	w.unchanged("a form", func() {
		w.as(w.key).with("Content-Type", "application/x-www-form-urlencoded").do("POST", "/v1/payments", "to=ana").refused(415, "unsupported_media_type")
	})
	w.unchanged("a parameter", func() { w.as(w.key).do("POST", "/v1/payments?dry_run=1", ana).refused(400, "query_unknown") })
}

// Time goes on between the look at a request and its commit.
func TestShortestAndLongestExpiry(t *testing.T) {
	w := newFixture(t)
	w.drift = 7 * time.Second
	for _, in := range []string{"1h", "60m", "180d"} {
		body := ana
		body.ExpiresIn = in
		w.send(body)
	}
}

func TestTreasuryHasToCarryIt(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Amount = "999.0000001" // 999 are free
	w.unchanged("too much", func() { w.as(w.key).do("POST", "/v1/payments", in).refused(402, "treasury_empty") })
	in.Amount = "600"
	w.send(in)
	w.unchanged("twice", func() { w.as(w.key).do("POST", "/v1/payments", in).refused(402, "treasury_empty") })
	var tr wire.Treasury
	w.as(w.key).do("GET", "/v1/treasury", nil).want(200).into(&tr)
	if (tr != wire.Treasury{Address: w.app.Treasury, Asset: "native", Trustline: true, Available: "399", Locked: "0"}) {
		t.Errorf("%+v", tr)
	}
	w.ledger.remove(w.app.Treasury)
	w.unchanged("no account", func() { w.as(w.key).do("POST", "/v1/payments", ana).refused(409, "return_to_missing") })
	w.as(w.key).do("GET", "/v1/treasury", nil).want(200).into(&tr)
	if tr.Available != "0" {
		t.Errorf("%+v", tr)
	}
	w.ledger.fail(true)
	w.unchanged("no ledger", func() {
		a := w.as(w.key).do("POST", "/v1/payments", ana).refused(503, "ledger_unavailable")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
	w.as(w.key).do("GET", "/v1/treasury", nil).refused(503, "ledger_unavailable")
}

func TestReferenceIsUnique(t *testing.T) {
	w := newFixture(t)
	in := ana
	in.Reference = "order-7"
	w.send(in)
	w.unchanged("the same reference", func() { w.as(w.key).do("POST", "/v1/payments", in).refused(409, "reference_taken") })
}

func TestPaymentsOfOthersDoNotExist(t *testing.T) {
	w := newFixture(t)
	p, _ := w.send(ana)
	for _, c := range []struct{ method, path string }{
		{"GET", ""}, {"GET", "/story"}, {"GET", "/receipt"}, {"POST", "/cancel"}, {"POST", "/vouch"},
	} {
		w.unchanged(c.path, func() {
			w.as(w.admin).do(c.method, "/v1/payments/"+p.ID+c.path, nil).refused(404, "not_found")
			w.as(w.key).do(c.method, "/v1/payments/"+string(relay.NewPaymentID(relay.At(w.now)))+c.path, nil).refused(404, "not_found")
			w.as(w.key).do(c.method, "/v1/payments/pay_x"+c.path, nil).refused(404, "not_found")
		})
	}
	var list wire.PaymentList
	w.as(w.admin).do("GET", "/v1/payments", nil).want(200).into(&list)
	if len(list.Data) != 0 {
		t.Error("another app's list shows it")
	}
}

func TestList(t *testing.T) {
	w := newFixture(t)
	var ids []string
	for i := range 5 {
		in := ana
		if i == 2 {
			in.To, in.Reference = "bob@example.com", "order-2"
		}
		p, _ := w.send(in)
		ids = append(ids, p.ID)
		w.tick(time.Second)
	}
	w.fund(ids[4])
	for query, want := range map[string]string{
		"":                         "43210 false",
		"?limit=2":                 "43 true",
		"?limit=2&after=" + ids[3]: "21 true",
		"?limit=3&after=" + ids[3]: "210 false",
		"?state=pending":           "4 false",
		"?state=claimed":           " false",
		"?to=BOB@example.com":      "2 false",
		"?to=email:ana@example.com&state=created": "310 false",
		"?reference=order-2":                      "2 false",
	} {
		var list wire.PaymentList
		w.as(w.key).do("GET", "/v1/payments"+query, nil).want(200).into(&list)
		got := ""
		for _, p := range list.Data {
			for i, id := range ids {
				if p.ID == id {
					got += string(rune('0' + i))
				}
			}
		}
		if got += " false"; list.HasMore {
			got = strings.Replace(got, "false", "true", 1)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, code := range map[string]string{
		"?limit=0": "limit_malformed", "?limit=101": "limit_malformed", "?limit=x": "limit_malformed", "?after=x": "after_malformed",
		"?state=gone": "state_unknown", "?to=x": "handle_malformed", "?status=pending": "query_unknown",
		"?state=pending&state=claimed": "query_repeated", "?limit=%zz": "query_malformed",
	} {
		w.as(w.key).do("GET", "/v1/payments"+query, nil).refused(400, code)
	}
}

func TestCancel(t *testing.T) {
	w := newFixture(t)
	p, _ := w.send(ana)
	path := "/v1/payments/" + p.ID + "/cancel"
	w.unchanged("an unknown field", func() { w.as(w.key).do("POST", path, `{"now":true}`).refused(400, "unknown_field", "/now") })
	w.as(w.key).do("POST", path, `{}`).want(200).into(&p)
	if p.State != "canceled" || p.Reason != "canceled" {
		t.Errorf("%+v", p)
	}
	w.unchanged("a repeat", func() { w.as(w.key).do("POST", path, nil).want(200) })

	p, _ = w.send(ana)
	w.fund(p.ID)
	path = "/v1/payments/" + p.ID + "/cancel"
	w.as(w.key).do("POST", path, nil).want(202).into(&p)
	if p.State != "returning" || p.ReturnAsked != "canceled" || p.HoldingAccount == nil || *p.NotBeforeLedger == 0 || p.Cost.ReserveLocked != "1" {
		t.Errorf("%+v", p)
	}
	err := w.desk.Sighted(t.Context(), relay.Sighting{Hash: hash("rung" + p.ID), Tx: hash("home"), Ledger: 1001, Success: true, Paid: w.whole(p.ID), Fee: 200})
	if err != nil {
		t.Fatal(err)
	}
	w.as(w.key).do("POST", path, nil).want(200).into(&p)
	if p.State != "returned" || p.Settlement == nil || p.Settlement.Tx != hash("home") || p.Cost.Fee != "0.00003" || p.Cost.ReserveLocked != "0" {
		t.Errorf("%+v", p)
	}
}

func TestCancelAfterClaim(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	holding := w.fund(p.ID)
	to := keypair.MustRandom()
	view := w.claim(link, holding, to)
	if view.State != "claiming" {
		t.Fatalf("%+v", view)
	}
	// While the claim is on its way, a cancel is a return asked; the ledger answers.
	w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/cancel", nil).want(202).into(&p)
	if p.State != "claiming" || p.ReturnAsked != "canceled" || p.Destination != nil {
		t.Errorf("%+v", p)
	}
	row, err := w.desk.Payment(t.Context(), relay.PaymentID(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.desk.Sighted(t.Context(), relay.Sighting{Hash: row.Claim, Tx: hash("claim"), Ledger: 1002, Success: true, Paid: w.whole(p.ID)}); err != nil {
		t.Fatal(err)
	}
	w.unchanged("cancel after claim", func() {
		w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/cancel", nil).refused(409, "already_claimed")
	})
	w.as(w.key).do("GET", "/v1/payments/"+p.ID, nil).want(200).into(&p)
	if p.State != "claimed" || p.Destination == nil || *p.Destination != to.Address() || p.Settlement.Ledger != 1002 {
		t.Errorf("%+v", p)
	}
}

func TestStory(t *testing.T) {
	w := newFixture(t)
	p, _ := w.send(ana)
	holding := w.fund(p.ID)
	var s wire.Story
	w.as(w.key).do("GET", "/v1/payments/"+p.ID+"/story", nil).want(200).into(&s)
	if len(s.History) != 3 || s.History[2].To != "pending" || len(s.Envelopes) != 2 || len(s.Work) == 0 || s.Ledger != w.ledger.head().Sequence {
		t.Errorf("%+v", s)
	}
	if want := "The account holds 25 lumens and is as it was made."; s.Holding != want {
		t.Errorf("%q", s.Holding)
	}
	w.ledger.remove(holding.Address())
	w.as(w.key).do("GET", "/v1/payments/"+p.ID+"/story", nil).want(200).into(&s)
	if !strings.Contains(s.Holding, "is not on the ledger") {
		t.Errorf("%q", s.Holding)
	}
	w.ledger.fail(true)
	w.unchanged("looking", func() {
		s = wire.Story{}
		w.as(w.key).do("GET", "/v1/payments/"+p.ID+"/story", nil).want(200).into(&s)
	})
	if !s.ClosedAt.IsZero() || !strings.Contains(s.Holding, "does not answer") {
		t.Errorf("%+v", s)
	}
}

// A handle that cannot be proven is refused before money is sent to it.
func TestUnprovableHandle(t *testing.T) {
	w := newFixture(t)
	var mute wire.App
	w.as(w.admin).do("POST", "/v1/apps", wire.AppRequest{Name: "Mute", Recipient: w.identity.Recipient().String()}).want(201).into(&mute)
	w.ledger.pay(mute.Treasury, 100*relay.One)
	in := ana
	in.To = "tel:+15550100"
	w.unchanged("guarded, and the app may not vouch", func() {
		w.as(mute.Key.Text).do("POST", "/v1/payments", in).refused(400, "handle_unprovable", "/to")
	})
	in.Policy = "link"
	w.as(mute.Key.Text).do("POST", "/v1/payments", in).want(201)
}

// A payment ends by the ledger's clock. One that is over by it already is refused, whatever our own clock says.
func TestEndByTheLedgersClock(t *testing.T) {
	for name, c := range map[string]struct {
		in    string
		ahead time.Duration // of the ledger's clock
		ok    bool
	}{
		"clocks agree":             {`"expires_in":"2h"`, 0, true},
		"ledger behind":            {`"expires_in":"2h"`, -3 * time.Hour, true},
		"the second of its end":    {`"expires_in":"2h"`, 2 * time.Hour, true}, // which is a fraction of a second later
		"a second after its end":   {`"expires_in":"2h"`, 2*time.Hour + time.Second, false},
		"long after its end":       {`"expires_in":"2h"`, 400 * 24 * time.Hour, false},
		"the default, and a month": {`"policy":"guarded"`, 31 * 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			now := w.ledger.now
			w.ledger.mu.Lock()
			w.ledger.now = func() time.Time { return now().Add(c.ahead) }
			w.ledger.mu.Unlock()
			body := `{"to":"ana@example.com","amount":"25",` + c.in + `}`
			create := func() answer { return w.as(w.key).do("POST", "/v1/payments", body) }
			if c.ok {
				create().want(201)
				return
			}
			w.refuses("creation", create, 400, "expiry_out_of_range", "/expires_at")
			w.as(w.key).do("POST", "/v1/payments/preview", body).refused(400, "expiry_out_of_range", "/expires_at")
		})
	}
}
