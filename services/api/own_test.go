package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// A sender funds out of his own wallet, with his token alone after the payment was made, and the purse pays for its claim.
func TestOwnWallet(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, link := s.request()
	in.FundWithin = "10m"
	p := s.open(in)
	f, head := p.Funding, w.ledger.head()
	sponsor, _, err := w.signer.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (wire.Funding{From: s.wallet.Address(), Sponsor: s.wallet.Address(), Rescue: sponsor, Sequence: 990<<32 + 1, Ledger: head.Sequence,
		LastLedger: head.Sequence + 120, MaxTime: head.CloseTime + 600, Fee: 600, Purse: "1.1", RungFee: 100_000}); *f != want {
		t.Errorf("%+v, want %+v", *f, want)
	}
	if p.From != in.From || p.ReturnTo != in.From || p.Cost.Payer != "sender" || p.State != "created" || p.LinkMadeBy != "client" || p.Direct {
		t.Errorf("%+v", p)
	}
	path := "/v1/payments/" + p.ID
	s.by().do("GET", path, nil).want(200).into(&p)
	d, holding := s.mint(p, in.Link.ClaimRecipient, nil)
	before := w.signed()
	p = wire.Payment{}
	s.by().do("POST", path+"/deposit", d).want(200).into(&p)
	if p.State != "funding" || p.Funding != nil || p.HoldingAccount != nil {
		t.Errorf("%+v", p)
	}
	if n := w.signed(); n != before+1 {
		t.Errorf("%d lines in the signer's log, want %d", n, before+1)
	}
	w.unchanged("the same deposit again", func() { s.by().do("POST", path+"/deposit", d).want(200) })
	if e := w.funding(p.ID); e.State != relay.Planned || e.Bound != f.LastLedger || e.MaxTime != f.MaxTime || e.OwnFee != 600 {
		t.Errorf("%+v", e)
	}
	s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: w.sign(d.Funding, s.wallet)}).want(202)
	if e := w.funding(p.ID); e.State != relay.Signed || base64.StdEncoding.EncodeToString(e.XDR) != w.sign(d.Funding, s.wallet) {
		t.Errorf("%s", e.State)
	}
	w.unchanged("the same funding again", func() {
		s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: w.sign(d.Funding, s.wallet)}).want(202)
	})
	s.land(p, d)

	var r wire.Receipt
	s.by().do("GET", path+"/receipt", nil).want(200).into(&r)
	if r.Box != d.Box || len(r.Ladder) != 3 || r.RungFee != 100_000 || r.HoldingAccount != holding.Address() || !strings.Contains(r.Explanation, "pays its own fee") {
		t.Errorf("%+v", r)
	}
	raw, _ := base64.StdEncoding.DecodeString(r.Box)
	if _, err := age.Decrypt(bytes.NewReader(raw), s.identity); err != nil {
		t.Error(err)
	}

	var proven = w.prove(link)
	if proven.BoxMAC != d.BoxMAC || proven.Asset != "native" {
		t.Errorf("%+v", proven)
	}
	c, to := w.holder(link).with("Restante-Proof", proven.Proof), keypair.MustRandom()
	var plan wire.Plan
	c.do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: to.Address()}).want(200).into(&plan)
	if plan.Fee != 1000 || !plan.NewAccount || len(w.signer.asked) != 0 {
		t.Errorf("%+v, the signer was asked %d times", plan, len(w.signer.asked))
	}
	var v wire.ClaimView
	c.do("POST", "/v1/claims/"+p.ID+"/submit", wire.SubmitRequest{Envelope: w.sign(plan.Envelope, holding, to)}).want(202).into(&v)
	if v.State != "claiming" || !v.Purse {
		t.Errorf("%+v", v)
	}
	if strings.Contains(w.logs.String(), s.token) {
		t.Error("the log shows a token")
	}
}

// What a payment of a credit asset needs besides: five operations, three reserves, a rung more.
func TestOwnWalletOfACreditAsset(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	asset := w.ledger.issue("USD", xdr.AccountFlagsAuthClawbackEnabledFlag|xdr.AccountFlagsAuthRevocableFlag)
	w.ledger.trust(s.wallet.Address(), asset, 40*relay.One, 100*relay.One)
	in, link := s.request()
	in.Asset = asset
	p, holding := s.fund(in)
	if p.Asset != asset || !p.Clawback || !strings.Contains(p.CustodyText, "The issuer of this asset can take it back") || p.Cost.ReserveLocked != "1.5" {
		t.Errorf("%+v", p)
	}
	c := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
	var plan wire.Plan
	to := keypair.MustRandom()
	c.do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: to.Address()}).want(200).into(&plan)
	c.do("POST", "/v1/claims/"+p.ID+"/submit", wire.SubmitRequest{Envelope: w.sign(plan.Envelope, holding, to)}).want(202)
	var story wire.Story
	w.as(w.key).do("GET", "/v1/payments/"+p.ID+"/story", nil).want(200).into(&story)
	if want := "The account holds 25 " + asset + " and is as it was made."; story.Holding != want {
		t.Errorf("%q", story.Holding)
	}
}

func TestOwnWalletIsRefused(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	mail := func(fn func(*wire.PaymentRequest)) func() answer {
		return func() answer {
			in, _ := s.request()
			fn(&in)
			return w.as(w.key).do("POST", "/v1/payments", in)
		}
	}
	typo := "GA" + strings.Repeat("A", 54)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil    func(*wire.PaymentRequest)
		code     string
		pointers string
	}{
		"from with a typo":         {func(r *wire.PaymentRequest) { r.From = typo }, "from_malformed", "/from"},
		"from that is a seed":      {func(r *wire.PaymentRequest) { r.From = s.wallet.Seed() }, "malformed", "/from"},
		"from too short":           {func(r *wire.PaymentRequest) { r.From = "GABC" }, "wrong_length", "/from"},
		"from the treasury":        {func(r *wire.PaymentRequest) { r.From = w.app.Treasury }, "from_malformed", "/from"},
		"a note told":              {func(r *wire.PaymentRequest) { r.Note = "for her alone" }, "note_unexpected", "/note"},
		"no link":                  {func(r *wire.PaymentRequest) { r.ID, r.Link = "", nil }, "link_missing", "/link"},
		"no recipients":            {func(r *wire.PaymentRequest) { r.SenderRecipients = nil }, "sender_recipients_missing", "/sender_recipients"},
		"five recipients":          {func(r *wire.PaymentRequest) { r.SenderRecipients = make([]string, 5) }, "too_long", "/sender_recipients"},
		"a recipient that is none": {func(r *wire.PaymentRequest) { r.SenderRecipients[0] = "age1x" }, "recipient_malformed", "/sender_recipients/0"},
		"an identity":              {func(r *wire.PaymentRequest) { r.SenderRecipients[0] = s.identity.String() }, "recipient_malformed", "/sender_recipients/0"},
		"a hybrid recipient":       {func(r *wire.PaymentRequest) { r.SenderRecipients[0] = hybrid.Recipient().String() }, "too_long", "/sender_recipients/0"},
		"59 seconds":               {func(r *wire.PaymentRequest) { r.FundWithin = "59s" }, "fund_within_malformed", "/fund_within"},
		"a day and a second":       {func(r *wire.PaymentRequest) { r.FundWithin = "24h1s" }, "fund_within_malformed", "/fund_within"},
		"no time":                  {func(r *wire.PaymentRequest) { r.FundWithin = "soon" }, "fund_within_malformed", "/fund_within"},
		"a long time":              {func(r *wire.PaymentRequest) { r.FundWithin = strings.Repeat("1", 20) + "m" }, "too_long", "/fund_within"},
		"return_to with a typo":    {func(r *wire.PaymentRequest) { r.ReturnTo = typo }, "return_to_malformed", "/return_to"},
		"a memo with M…": {func(r *wire.PaymentRequest) {
			r.ReturnTo, r.ReturnMemo = muxed(t, s.wallet.Address()), "7"
		}, "return_memo_unexpected", "/return_memo"},
		"a memo that is none": {func(r *wire.PaymentRequest) {
			r.ReturnTo, r.ReturnMemo, r.ReturnMemoType = w.app.Treasury, "x", "id"
		}, "return_memo_malformed", "/return_memo"},
		"a token instead of hash": {func(r *wire.PaymentRequest) { r.ManageHash = s.token }, "invalid_request", ""},
		"directly":                {func(r *wire.PaymentRequest) { r.Direct = "if_agreed" }, "not_together", "/direct"},
		"asset without issuer":    {func(r *wire.PaymentRequest) { r.Asset = "USD" }, "asset_malformed", "/asset"},
		"asset with a typo":       {func(r *wire.PaymentRequest) { r.Asset = "USD:" + typo }, "asset_malformed", "/asset"},
		"asset of a long code":    {func(r *wire.PaymentRequest) { r.Asset = "ABCDEFGHIJKLM:" + w.app.Treasury }, "too_long", "/asset"},
		"several": {func(r *wire.PaymentRequest) { r.From, r.ReturnTo, r.FundWithin = typo, typo, "1s" }, "invalid_request",
			"/from /return_to /fund_within"},
		"recipients without from": {func(r *wire.PaymentRequest) { r.From = "" }, "required", "/from"},
		"return_to without from":  {func(r *wire.PaymentRequest) { r.From, r.SenderRecipients, r.ReturnTo = "", nil, w.app.Treasury }, "required", "/from"},
		"fund_within without from": {func(r *wire.PaymentRequest) {
			r.From, r.SenderRecipients, r.FundWithin = "", nil, "5m"
		}, "required", "/from"},
	} {
		if strings.HasPrefix(c.pointers, "/") {
			w.refuses(name, mail(c.spoil), 400, c.code, strings.Fields(c.pointers)...)
		} else if a := mail(c.spoil)(); a.status != 400 || strings.Contains(string(a.body), s.token) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// muxed is a multiplexed address of an account.
func muxed(t *testing.T, account string) string {
	t.Helper()
	m, err := xdr.MuxedAccountFromAccountId(account, 7)
	if err != nil {
		t.Fatal(err)
	}
	return m.Address()
}

// What the ledger says against it: said before anything is written, in the request and in its preview alike.
func TestOwnWalletAgainstTheLedger(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	usd, gate := w.ledger.issue("USD", 0), w.ledger.issue("GATE", xdr.AccountFlagsAuthRequiredFlag)
	rich, memo, poor, frozen := w.sender(), keypair.MustRandom().Address(), keypair.MustRandom().Address(), keypair.MustRandom().Address()
	w.ledger.trust(rich.wallet.Address(), usd, 10*relay.One, 100*relay.One)
	w.ledger.pay(memo, 5*relay.One)
	w.ledger.wantsMemo(memo)
	w.ledger.pay(poor, 27*relay.One) // 26 are free: the amount, but not what comes with it
	w.ledger.pay(frozen, 100*relay.One)
	w.ledger.trust(frozen, usd, 50*relay.One, 100*relay.One).Flags = 0
	for name, c := range map[string]struct {
		spoil func(*wire.PaymentRequest)
		code  string
	}{
		"no such wallet":                {func(r *wire.PaymentRequest) { r.From, r.ReturnTo = keypair.MustRandom().Address(), r.From }, "wallet_missing"},
		"no such wallet, nor way home":  {func(r *wire.PaymentRequest) { r.From = keypair.MustRandom().Address() }, "wallet_missing"},
		"too much":                      {func(r *wire.PaymentRequest) { r.Amount = "98" }, "wallet_empty"},
		"more than there can be":        {func(r *wire.PaymentRequest) { r.Amount = "922337203685.4775807" }, "wallet_empty"},
		"nothing for purse and reserve": {func(r *wire.PaymentRequest) { r.From = poor }, "wallet_empty"},
		"no trustline": {func(r *wire.PaymentRequest) {
			r.From, r.ReturnTo, r.Asset = s.wallet.Address(), rich.wallet.Address(), usd
		}, "wallet_no_trustline"},
		"too little of the asset": {func(r *wire.PaymentRequest) { r.From, r.Asset = rich.wallet.Address(), usd }, "wallet_empty"},
		"a frozen wallet":         {func(r *wire.PaymentRequest) { r.From, r.ReturnTo, r.Asset = frozen, rich.wallet.Address(), usd }, "wallet_not_authorised"},
		"a frozen way home": {func(r *wire.PaymentRequest) {
			r.From, r.ReturnTo, r.Asset, r.Amount = rich.wallet.Address(), frozen, usd, "5"
		}, "return_to_not_authorised"},
		"no such way home":             {func(r *wire.PaymentRequest) { r.ReturnTo = keypair.MustRandom().Address() }, "return_to_missing"},
		"a way home that wants a memo": {func(r *wire.PaymentRequest) { r.ReturnTo = memo }, "return_to_wants_memo"},
		"a way home without trustline": {func(r *wire.PaymentRequest) { r.From, r.ReturnTo, r.Asset = rich.wallet.Address(), memo, usd }, "return_to_no_trustline"},
		"an unknown issuer":            {func(r *wire.PaymentRequest) { r.Asset = "USD:" + keypair.MustRandom().Address() }, "asset_unknown"},
		"an asset behind a gate":       {func(r *wire.PaymentRequest) { r.Asset = gate }, "asset_needs_authorisation"},
	} {
		in, _ := s.request()
		c.spoil(&in)
		w.refuses(name, func() answer { return w.as(w.key).do("POST", "/v1/payments", in) }, 409, c.code)
		var v wire.Preview
		w.unchanged(name, func() { w.as(w.key).do("POST", "/v1/payments/preview", in).want(200).into(&v) })
		if v.Accepted || v.Refusal == nil || v.Refusal.Code != c.code {
			t.Errorf("preview of %s: %+v", name, v.Refusal)
		}
	}
	w.ledger.fail(true)
	in, _ := s.request()
	w.refuses("no ledger", func() answer { return w.as(w.key).do("POST", "/v1/payments", in) }, 503, "ledger_unavailable")
}

// How many ledgers fit into the time is measured, and has limits.
func TestTimeToFund(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	for _, c := range []struct {
		pace    time.Duration
		within  string
		ledgers uint32
		seconds int64
	}{
		{0, "", 12, 60}, {time.Second, "", 60, 60}, {time.Second, "2h", 7200, 7200}, {0, "10h", 7200, 36_000},
		{time.Hour, "1m", 12, 60}, {0, "90s", 18, 90},
	} {
		w.ledger.pace = c.pace
		in, _ := s.request()
		in.FundWithin = c.within
		head := w.ledger.head()
		if f := s.open(in).Funding; f.LastLedger != head.Sequence+c.ledgers || f.MaxTime != head.CloseTime+c.seconds {
			t.Errorf("%+v: %d ledgers, %d seconds", c, f.LastLedger-head.Sequence, f.MaxTime-head.CloseTime)
		}
	}
	// Beyond remembered history nothing could prove what became of the funding.
	for within, pace := range map[string]time.Duration{"2h6m": time.Second, "11h": 0, "24h": 6 * time.Second, "15m": 20 * time.Millisecond} {
		w.ledger.pace = pace
		in, _ := s.request()
		in.FundWithin = within
		w.refuses("too long: "+within, func() answer { return w.as(w.key).do("POST", "/v1/payments", in) }, 400, "fund_within_too_long", "/fund_within")
	}
	w.ledger.pace = 0
	in, _ := s.request() // never past the end of the payment
	in.FundWithin, in.ExpiresIn = "10h", "2h"
	p := s.open(in)
	if p.Funding.MaxTime >= p.ExpiresAt.Unix() {
		t.Errorf("%+v", p)
	}
}

// A question about a wallet needs no link, and leaves nothing behind.
func TestPreviewOfAWallet(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	for _, policy := range []string{"guarded", "link", ""} {
		in, _ := s.request()
		in.ID, in.Link, in.Policy, in.FundWithin = "", nil, policy, "10m"
		var v wire.Preview
		w.unchanged("a preview", func() { w.as(w.key).do("POST", "/v1/payments/preview", in).want(200).into(&v) })
		want := wire.PreviewCost{Payer: "sender", FeeFunding: "0.00006", FeeClaim: "0.0001", FeeReturn: "0.01", ReserveLocked: "1", ReserveNewAccount: "1", Purse: "1.1"}
		if !v.Accepted || v.Cost != want || v.ReturnTo != s.wallet.Address() || v.NotBeforeLedger != v.Ledger+121 || v.Direct {
			t.Errorf("%s: %+v", policy, v)
		}
	}
	in, _ := s.request()
	in.Link.Share = ""
	w.refuses("a link of its own that is wrong", func() answer { return w.as(w.key).do("POST", "/v1/payments/preview", in) }, 400, "share_malformed", "/link/share")
}

// An Idempotency-Key covers each field: another value of it is another request.
func TestIdempotencyOfTheNewFields(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	other := w.sender()
	in, _ := s.request()
	c := w.as(w.key).with("Idempotency-Key", "wallet 1")
	var first, again wire.Payment
	c.do("POST", "/v1/payments", in).want(201).into(&first)
	w.unchanged("a repeat", func() { c.do("POST", "/v1/payments", in).want(201).into(&again) })
	if text(first) != text(again) || again.Funding == nil {
		t.Errorf("first %s\nagain %s", text(first), text(again))
	}
	for name, change := range map[string]func(*wire.PaymentRequest){
		"from":              func(r *wire.PaymentRequest) { r.From = other.wallet.Address() },
		"return_to":         func(r *wire.PaymentRequest) { r.ReturnTo = other.wallet.Address() },
		"sender_recipients": func(r *wire.PaymentRequest) { r.SenderRecipients = []string{other.identity.Recipient().String()} },
		"fund_within":       func(r *wire.PaymentRequest) { r.FundWithin = "5m" },
		"manage_hash":       func(r *wire.PaymentRequest) { r.ManageHash = hash(other.token) },
		"direct":            func(r *wire.PaymentRequest) { r.Direct = "never" },
		"asset":             func(r *wire.PaymentRequest) { r.Asset = "native" },
	} {
		changed := in
		change(&changed)
		w.refuses(name, func() answer { return c.do("POST", "/v1/payments", changed) }, 422, "idempotency_mismatch")
	}
	// The list above misses no field of a request: a new one is to be thought about here.
	raw, _ := json.Marshal(wire.PaymentRequest{From: "x", ReturnTo: "x", SenderRecipients: []string{"x"}, FundWithin: "x", ManageHash: "x", Direct: "x", Asset: "x",
		To: "x", Amount: "x", Note: "x", ExpiresIn: "x", ExpiresAt: &time.Time{}, Policy: "x", Reference: "x", Metadata: map[string]string{"x": "x"}, ID: "x", Link: &wire.LinkHalf{}})
	var fields map[string]any
	if json.Unmarshal(raw, &fields); len(fields) != 17 {
		t.Errorf("%d fields", len(fields))
	}
}

// Without its terms a payment is not accepted, and its key is free for the next try.
func TestKeyIsFreeAgainWithoutTerms(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, _ := s.request()
	c := w.as(w.key).with("Idempotency-Key", "k")
	w.ledger.noBid = true
	c.do("POST", "/v1/payments", in).refused(503, "ledger_unavailable")
	w.ledger.noBid = false
	var p wire.Payment
	c.do("POST", "/v1/payments", in).want(201).into(&p)
	if p.Funding == nil {
		t.Errorf("%+v", p)
	}
}

// A ledger that goes away after the commit does not make the answer an error: it was done.
func TestTermsAreMissingWithoutTheLedger(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, _ := s.request()
	p := s.open(in)
	path := "/v1/payments/" + p.ID
	w.ledger.fail(true)
	s.by().do("GET", path, nil).want(200).into(&p)
	var q wire.Payment
	s.by().do("POST", path+"/readdress", eva).want(200).into(&q)
	if q.Funding != nil || q.To != "email:eva@example.org" {
		t.Errorf("%+v", q)
	}
	w.ledger.fail(false)
	w.ledger.remove(s.wallet.Address())
	q = wire.Payment{}
	s.by().do("GET", path, nil).want(200).into(&q)
	if q.Funding != nil {
		t.Errorf("%+v", q.Funding)
	}
	s.by().do("POST", path+"/cancel", nil).want(200).into(&q)
	if q.State != "canceled" {
		t.Errorf("%+v", q)
	}
}

// signed is how many lines the signer's log has.
func (w *fixture) signed() int64 {
	w.Helper()
	return int64(bytes.Count(w.log(), []byte("\n")))
}
