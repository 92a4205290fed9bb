package api_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/api"
)

// memoOf is the memo of an envelope.
func memoOf(t *testing.T, text string) xdr.Memo {
	t.Helper()
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(text, &env); err != nil {
		t.Fatal(err)
	}
	return env.Memo()
}

// Memos of each kind, and multiplexed addresses, which take their place.
func TestPlanMemosAndMuxedAddresses(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	holding := w.fund(p.ID)
	q, _ := w.send(wire.PaymentRequest{To: "bob@example.com", Amount: "1"})
	others := w.fund(q.ID)
	to, missing := keypair.MustRandom().Address(), keypair.MustRandom().Address()
	w.ledger.pay(to, 5*relay.One)
	w.ledger.wantsMemo(to)
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	plan := func(in wire.PlanRequest) func() answer {
		return func() answer { return c.do("POST", "/v1/claims/"+p.ID+"/plan", in) }
	}
	digest := hash("order")
	for name, c := range map[string]struct {
		in      wire.PlanRequest
		code    string
		pointer string
	}{
		"no memo":                    {wire.PlanRequest{Destination: to}, "memo_required", "/memo"},
		"a kind that is none":        {wire.PlanRequest{Destination: to, Memo: "7", MemoType: "return"}, "not_one_of", "/memo_type"},
		"a kind without a memo":      {wire.PlanRequest{Destination: to, MemoType: "id"}, "memo_malformed", "/memo"},
		"an empty text":              {wire.PlanRequest{Destination: to, MemoType: "text"}, "memo_malformed", "/memo"},
		"a text of 29 bytes":         {wire.PlanRequest{Destination: to, Memo: strings.Repeat("ü", 14) + "x"}, "memo_malformed", "/memo"},
		"a text of 65":               {wire.PlanRequest{Destination: to, Memo: strings.Repeat("x", 65)}, "too_long", "/memo"},
		"an id below 0":              {wire.PlanRequest{Destination: to, Memo: "-1", MemoType: "id"}, "memo_malformed", "/memo"},
		"an id with zeros":           {wire.PlanRequest{Destination: to, Memo: "007", MemoType: "id"}, "memo_malformed", "/memo"},
		"an id of 65 bits":           {wire.PlanRequest{Destination: to, Memo: "18446744073709551616", MemoType: "id"}, "memo_malformed", "/memo"},
		"a hash in capitals":         {wire.PlanRequest{Destination: to, Memo: strings.ToUpper(digest), MemoType: "hash"}, "memo_malformed", "/memo"},
		"a short hash":               {wire.PlanRequest{Destination: to, Memo: digest[2:], MemoType: "hash"}, "memo_malformed", "/memo"},
		"a memo for a new account":   {wire.PlanRequest{Destination: missing, Memo: "7"}, "memo_unexpected", "/memo"},
		"a memo and an M address":    {wire.PlanRequest{Destination: muxed(t, to), Memo: "7"}, "memo_unexpected", "/memo"},
		"an M address of no account": {wire.PlanRequest{Destination: muxed(t, missing)}, "destination_missing", "/destination"},
		"an M address of our own":    {wire.PlanRequest{Destination: muxed(t, holding.Address())}, "destination_malformed", "/destination"},
		"another's holding account":  {wire.PlanRequest{Destination: others.Address()}, "destination_malformed", "/destination"},
		"an M address of another's":  {wire.PlanRequest{Destination: muxed(t, others.Address())}, "destination_malformed", "/destination"},
		"an M address with a typo":   {wire.PlanRequest{Destination: "M" + strings.Repeat("A", 68)}, "destination_malformed", "/destination"},
		"a contract":                 {wire.PlanRequest{Destination: "C" + to[1:]}, "destination_malformed", "/destination"},
		"a line for lumens":          {wire.PlanRequest{Destination: to, Memo: "7", NewLine: true}, "new_line_unexpected", "/new_line"},
		"a line for a new account":   {wire.PlanRequest{Destination: missing, NewLine: true}, "new_line_unexpected", "/new_line"},
		"too long a destination":     {wire.PlanRequest{Destination: strings.Repeat("M", 70)}, "too_long", "/destination"},
		"an empty destination":       {wire.PlanRequest{}, "required", "/destination"},
		"a destination of 55 bytes":  {wire.PlanRequest{Destination: to[1:]}, "too_short", "/destination"},
	} {
		w.refuses(name, plan(c.in), 400, c.code, c.pointer)
	}
	var got wire.Plan
	plan(wire.PlanRequest{Destination: to, Memo: "invoice 7"})().want(200).into(&got)
	if m := memoOf(t, got.Envelope); m.Type != xdr.MemoTypeMemoText || *m.Text != "invoice 7" {
		t.Errorf("%+v", m)
	}
	plan(wire.PlanRequest{Destination: to, Memo: "18446744073709551615", MemoType: "id"})().want(200).into(&got)
	if m := memoOf(t, got.Envelope); m.Type != xdr.MemoTypeMemoId || *m.Id != 1<<64-1 {
		t.Errorf("%+v", m)
	}
	plan(wire.PlanRequest{Destination: to, Memo: digest, MemoType: "hash"})().want(200).into(&got)
	if m := memoOf(t, got.Envelope); m.Type != xdr.MemoTypeMemoHash || fmt.Sprintf("%x", *m.Hash) != digest {
		t.Errorf("%+v", m)
	}
	plan(wire.PlanRequest{Destination: muxed(t, to)})().want(200).into(&got)
	if m := memoOf(t, got.Envelope); m.Type != xdr.MemoTypeMemoNone || got.NewAccount {
		t.Errorf("%+v", got)
	}
	var v wire.ClaimView
	c.do("POST", "/v1/claims/"+p.ID+"/submit", wire.SubmitRequest{Envelope: w.sign(got.Envelope, holding)}).want(202).into(&v)
	err := w.desk.Sighted(t.Context(), relay.Sighting{Hash: got.Hash, Tx: hash("claim"), Ledger: 1003, Success: true, Paid: w.whole(p.ID), Fee: 500})
	if err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/v1/claims/"+p.ID, nil).want(200).into(&v)
	if v.State != "claimed" || *v.Destination != muxed(t, to) {
		t.Errorf("%+v", v)
	}
	w.as(w.key).do("GET", "/v1/payments/"+p.ID, nil).want(200)
}

// What an account lacks to take a credit asset is said plainly, each thing by its own code.
func TestPlanOfACreditAsset(t *testing.T) {
	w := newFixture(t)
	usd := w.ledger.issue("USD", 0)
	issuer := stellar.Issuer(usd)
	w.ledger.trust(w.app.Treasury, usd, 500*relay.One, 500*relay.One)
	in := ana
	in.Asset = usd
	p, link := w.send(in)
	holding := w.fund(p.ID)
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	plan := func(in wire.PlanRequest) func() answer {
		return func() answer { return c.do("POST", "/v1/claims/"+p.ID+"/plan", in) }
	}
	to := keypair.MustRandom()
	w.ledger.pay(to.Address(), relay.One+relay.One/2-1)
	w.refuses("no line", plan(wire.PlanRequest{Destination: to.Address()}), 400, "trustline_missing", "/destination")
	w.refuses("nothing to spare for one", plan(wire.PlanRequest{Destination: to.Address(), NewLine: true}), 400, "destination_short", "/destination")
	w.ledger.pay(to.Address(), 1)

	setFlags := func(flags xdr.AccountFlags) {
		w.ledger.change(issuer, func(a *stellar.Account) { a.Flags = uint32(flags) })
	}
	setFlags(xdr.AccountFlagsAuthRequiredFlag)
	w.refuses("a line that could hold nothing", plan(wire.PlanRequest{Destination: to.Address(), NewLine: true}), 409, "asset_needs_authorisation")
	w.refuses("a new account that could hold nothing", plan(wire.PlanRequest{Destination: keypair.MustRandom().Address()}), 409, "asset_needs_authorisation")
	setFlags(0)
	var got wire.Plan
	plan(wire.PlanRequest{Destination: to.Address(), NewLine: true})().want(200).into(&got)
	if !got.NewLine || got.NewAccount {
		t.Errorf("%+v", got)
	}
	line := w.ledger.trust(to.Address(), usd, 0, 25*relay.One-1)
	w.refuses("a full line", plan(wire.PlanRequest{Destination: to.Address()}), 400, "trustline_full", "/destination")
	w.refuses("a line that is there", plan(wire.PlanRequest{Destination: to.Address(), NewLine: true}), 400, "new_line_unexpected", "/new_line")
	line.Limit++
	line.Flags = 0
	w.refuses("a frozen line", plan(wire.PlanRequest{Destination: to.Address()}), 400, "trustline_not_authorised", "/destination")
	line.Flags = 1
	plan(wire.PlanRequest{Destination: to.Address()})().want(200).into(&got)
	w.ledger.remove(issuer)
	plan(wire.PlanRequest{Destination: to.Address()})().want(200) // an old line takes what it always took
	w.refuses("a new line without an issuer", plan(wire.PlanRequest{Destination: keypair.MustRandom().Address()}), 409, "asset_unknown")
	w.ledger.pay(issuer, 10*relay.One)

	fresh := keypair.MustRandom()
	plan(wire.PlanRequest{Destination: fresh.Address()})().want(200).into(&got)
	head := w.ledger.head()
	if _, err := stellar.CheckClaim(got.Envelope, stellar.ClaimExpectation{
		Passphrase: passphrase, Holding: holding.Address(), Destination: fresh.Address(), Asset: usd, Amount: 25 * relay.One, NewAccount: true,
		Sequence: 990<<32 + 1, LatestTime: head.CloseTime + 300, LastLedger: head.Sequence + 60,
	}); err != nil {
		t.Error(err)
	}
}

// A new line is the claimant's own: her account signs too, and it is refused without.
func TestClaimWithANewLine(t *testing.T) {
	w := newFixture(t)
	usd := w.ledger.issue("USD", 0)
	w.ledger.trust(w.app.Treasury, usd, 500*relay.One, 500*relay.One)
	in := ana
	in.Asset = usd
	p, link := w.send(in)
	holding, to := w.fund(p.ID), keypair.MustRandom()
	w.ledger.pay(to.Address(), 5*relay.One)
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	var got wire.Plan
	c.do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: muxed(t, to.Address()), NewLine: true}).want(200).into(&got)
	submit := func(envelope string) func() answer {
		return func() answer {
			return c.do("POST", "/v1/claims/"+p.ID+"/submit", wire.SubmitRequest{Envelope: envelope})
		}
	}
	w.refuses("without her signature", submit(w.sign(got.Envelope, holding)), 400, "signature_missing", "/envelope")
	w.refuses("without the holding account's", submit(w.sign(got.Envelope, to)), 400, "signature_missing", "/envelope")
	submit(w.sign(got.Envelope, holding, to))().want(202)
}

// A purse pays for claims, but not for any number of them, and none with a number of the way back.
func TestPlansOfAPurse(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, link := s.request()
	p, holding := s.fund(in)
	to := keypair.MustRandom().Address()
	w.ledger.pay(to, 5*relay.One)
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	plan := func(memo int) func() answer {
		return func() answer {
			return c.do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: to, Memo: fmt.Sprint(memo), MemoType: "id"})
		}
	}
	w.ledger.bid = 1_000_000 // however dear it is, a few may fail
	var got wire.Plan
	plan(0)().want(200).into(&got)
	if got.Fee != 250_000 {
		t.Errorf("%+v", got)
	}
	w.ledger.change(holding.Address(), func(a *stellar.Account) { a.Sequence = w.ledger.lowest[holding.Address()] - 1 })
	w.refuses("a number of the way back", plan(1), 403, "sequence_of_ladder")
	w.ledger.change(holding.Address(), func(a *stellar.Account) { a.Sequence-- })
	for i := range 49 {
		plan(i + 1)().want(200)
	}
	w.refuses("the 51st", plan(50), 429, "too_many_plans")
	plan(49)().want(200) // the same again is the same plan
	for range 61 {
		w.ledger.close()
	}
	plan(50)().want(200) // the others cannot land any more
}

// A wallet posts what it signed, without any credential; only a plan of this payment with its signatures is taken.
func TestWalletSigned(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	q, other := w.send(ana)
	holding, theirs, to := w.fund(p.ID), w.fund(q.ID), keypair.MustRandom()
	var plan, foreign wire.Plan
	w.holder(link).with("Restante-Proof", w.prove(link).Proof).do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: to.Address()}).want(200).into(&plan)
	w.holder(other).with("Restante-Proof", w.prove(other).Proof).do("POST", "/v1/claims/"+q.ID+"/plan", wire.PlanRequest{Destination: to.Address()}).want(200).into(&foreign)
	const form = "application/x-www-form-urlencoded"
	post := func(id, kind, body string) func() answer {
		return func() answer {
			return w.anonymous().with("Content-Type", kind).do("POST", "/v1/claims/"+id+"/wallet", body)
		}
	}
	escaped := func(envelope string) string {
		return "xdr=" + strings.ReplaceAll(strings.ReplaceAll(envelope, "+", "%2B"), "=", "%3D")
	}
	whole := escaped(w.sign(plan.Envelope, holding, to))
	for name, c := range map[string]struct {
		do     func() answer
		status int
		code   string
	}{
		"JSON":                         {post(p.ID, "application/json", whole), 415, "unsupported_media_type"},
		"no type":                      {post(p.ID, ";", whole), 415, "unsupported_media_type"},
		"multipart":                    {post(p.ID, "multipart/form-data; boundary=x", whole), 415, "unsupported_media_type"},
		"nothing":                      {post(p.ID, form, ""), 400, "envelope_malformed"},
		"two envelopes":                {post(p.ID, form, whole+"&"+whole), 400, "envelope_malformed"},
		"no base64":                    {post(p.ID, form, "xdr=!"), 400, "envelope_malformed"},
		"no envelope":                  {post(p.ID, form, "xdr=AAAA"), 400, "envelope_malformed"},
		"a long envelope":              {post(p.ID, form, "xdr="+strings.Repeat("A", 65_540)), 413, "body_too_large"},
		"a long form":                  {post(p.ID, form, whole+"&x="+strings.Repeat("A", 300_000)), 413, "body_too_large"},
		"a longer form":                {post(p.ID, form, whole+"&x="+strings.Repeat("A", 2<<20)), 413, "body_too_large"},
		"no id":                        {post("pay_x", form, whole), 404, "not_found"},
		"a claim that was not planned": {post(p.ID, form, escaped(w.sign(unplanned(t, holding.Address(), to.Address()), holding))), 400, "plan_unknown"},
		"another payment's plan":       {post(p.ID, form, escaped(w.sign(foreign.Envelope, theirs, to))), 400, "plan_unknown"},
		"for another payment":          {post(q.ID, form, whole), 400, "plan_unknown"},
		"for no payment":               {post(string(relay.NewPaymentID(relay.At(w.now))), form, whole), 400, "plan_unknown"},
		"not signed":                   {post(p.ID, form, escaped(plan.Envelope)), 400, "signature_missing"},
		"not by the holding key":       {post(p.ID, form, escaped(w.sign(plan.Envelope, to))), 400, "signature_missing"},
		"not by the new account":       {post(p.ID, form, escaped(w.sign(plan.Envelope, holding))), 400, "signature_missing"},
		"a signature that is off":      {post(p.ID, form, escaped(spoiled(w.sign(plan.Envelope, holding, to)))), 400, "signature_missing"},
	} {
		w.refuses(name, c.do, c.status, c.code)
	}
	w.refuses("a parameter", func() answer {
		return w.anonymous().with("Content-Type", form).do("POST", "/v1/claims/"+p.ID+"/wallet?x=1", whole)
	}, 400, "query_unknown")
	w.ledger.fail(true)
	w.refuses("no ledger", post(p.ID, form, whole), 503, "ledger_unavailable")
	w.ledger.fail(false)
	if a := post(p.ID, form, whole)().want(202); strings.TrimSpace(string(a.body)) != "{}" {
		t.Errorf("the answer tells of the payment: %s", a.body)
	}
	var v wire.ClaimView
	w.holder(link).do("GET", "/v1/claims/"+p.ID, nil).want(200).into(&v)
	if v.State != "claiming" {
		t.Errorf("%+v", v)
	}
	e, err := w.desk.Envelope(t.Context(), plan.Hash)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := stellar.SignedBy(base64.StdEncoding.EncodeToString(e.XDR), passphrase, holding.Address(), to.Address(), w.signer.sponsor.Address())
	if err != nil || len(signed) != 3 {
		t.Errorf("%v, %v", signed, err)
	}
	w.unchanged("the same again", func() { post(p.ID, form, whole)().want(202) })
}

// A wallet in a browser, of whatever origin, may post the signed claim and read what became of it; no other path is open to
// pages of other origins.
func TestCallbackOfAWalletInABrowser(t *testing.T) {
	w := newFixture(t)
	path := "/v1/claims/" + string(relay.NewPaymentID(0)) + "/wallet"
	from := w.anonymous().with("Origin", "https://wallet.example")
	a := from.with("Access-Control-Request-Method", "POST").do("OPTIONS", path, nil).want(200)
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Methods") != "POST" || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %v", a.header)
	}
	a = from.with("Content-Type", "application/x-www-form-urlencoded").do("POST", path, "xdr=AAAA")
	if a.status < 400 || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a refusal that the page cannot read: %d %v", a.status, a.header)
	}
	for _, rt := range api.Routes() {
		part := strings.Fields(rt)
		if part[1] == "/v1/claims/{id}/wallet" {
			continue
		}
		a := from.do(part[0], strings.ReplaceAll(part[1], "{id}", string(relay.NewPaymentID(0))), nil)
		if a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to pages of other origins", rt)
		}
	}
}

func TestReferenceHasNoSpaceAtItsEnds(t *testing.T) {
	w := newFixture(t)
	for _, bad := range []string{" order-1", "order-1 ", " "} {
		w.unchanged(bad, func() {
			w.as(w.key).do("POST", "/v1/payments", wire.PaymentRequest{To: "ana@example.com", Amount: "1", Reference: bad}).refused(400, "reference_malformed", "/reference")
		})
	}
	w.as(w.key).do("POST", "/v1/payments", wire.PaymentRequest{To: "ana@example.com", Amount: "1", Reference: "order 1"}).want(201)
}
