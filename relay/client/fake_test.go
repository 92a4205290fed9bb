package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

const (
	testnet = "Test SDF Network ; September 2015"
	apiKey  = "rst_test_sesame"
	code    = "271828"
)

func key(name string) *keypair.Full {
	k, err := keypair.FromRawSeed(sha256.Sum256([]byte(name)))
	if err != nil {
		panic(err)
	}
	return k
}

func addr(name string) string { return key(name).Address() }

// fake is a relay in memory that speaks the wire. It is hostile as told: lie changes answers on their way out, and fault
// decides, before and after a request is carried out, that it fails or that its answer is lost.
type fake struct {
	t  *testing.T
	mu sync.Mutex

	payments map[string]*fakePayment
	answers  map[string]string // Idempotency-Key to body + answer
	asked    []string          // "POST /v1/payments"…
	codes    int
	signed   []string // envelopes that were handed in

	lie      func(route string, answer any)
	fault    func(route string, nth int) fault
	inFlight func(route string, nth int) bool // another claim has just been handed in
	land     func(p *fakePayment)             // what becomes of a claim that is handed in; nil: it lands
	times    map[string]int
}

type fault int

const (
	fine   fault = iota
	busy         // 503, not done
	slow         // 429 with Retry-After 2, not done
	lost         // done, but the connection breaks before the answer
	broken       // the connection breaks before it is done
)

type fakePayment struct {
	wire.Payment
	auth, recipient, share, box string
	keeper, sponsor             string // of a payment out of a wallet: that wallet, and what the relay says when it is moved
}

func newFake(t *testing.T) *fake {
	return &fake{t: t, payments: map[string]*fakePayment{}, answers: map[string]string{}, times: map[string]int{}}
}

// RoundTrip lets a client talk to the fake without a socket, so that time may be a bubble's.
func (f *fake) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			res, err = nil, io.ErrUnexpectedEOF
		} else if p != nil {
			panic(p)
		}
	}()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result(), nil
}

func (f *fake) client(o client.Options) *client.Client {
	f.t.Helper()
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{Transport: f}
	}
	c, err := client.New("https://relay.example.com", o)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (f *fake) sender() *client.Client {
	return f.client(client.Options{Key: secret.NewString(apiKey)})
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	id := ""
	if len(parts) > 2 && strings.HasPrefix(parts[2], "pay_") {
		id, parts[2] = parts[2], "{id}"
	}
	route := r.Method + " /" + strings.Join(parts, "/")
	f.asked = append(f.asked, route)
	f.times[route]++
	what := fine
	if f.fault != nil {
		what = f.fault(route, f.times[route])
	}
	switch what {
	case busy:
		problem(w, 503, "unavailable", "The ledger does not answer.", "")
		return
	case slow:
		w.Header().Set("Retry-After", "2")
		problem(w, 429, "too_many_requests", "Slow down.", "")
		return
	case broken:
		panic(http.ErrAbortHandler)
	}
	status, answer := f.answer(route, id, r)
	if what == lost {
		panic(http.ErrAbortHandler)
	}
	if p, ok := answer.(*client.Problem); ok {
		problem(w, p.Status, p.Code, p.Detail, p.Pointer)
		return
	}
	if f.lie != nil {
		f.lie(route, answer)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func problem(w http.ResponseWriter, status int, code, detail, pointer string) {
	body := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail, "request_id": "req_1"}
	if pointer != "" {
		body["errors"] = []map[string]string{{"pointer": pointer, "detail": "is wrong", "code": code}}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func no(status int, code string) *client.Problem {
	return &client.Problem{Status: status, Code: code, Detail: "It is " + code + "."}
}

func (f *fake) answer(route, id string, r *http.Request) (int, any) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	if strings.HasPrefix(route, "GET /v1/network") {
		return 200, &wire.Network{Network: testnet}
	}
	if strings.Contains(route, "/claims/") {
		p := f.payments[id]
		auth, err := claim.ParseAuth(strings.TrimPrefix(r.Header.Get("Authorization"), "Link "))
		if p == nil || err != nil || !auth.Matches(p.auth) {
			return 0, no(401, "link_invalid")
		}
		return f.answerClaim(route, p, r, body)
	}
	if r.Header.Get("Authorization") != "Bearer "+apiKey {
		return 0, no(401, "key_invalid")
	}
	switch route {
	case "POST /v1/payments":
		return f.create(r, body)
	case "POST /v1/payments/preview":
		return f.preview(r, body)
	case "GET /v1/payments":
		out := wire.PaymentList{Data: []wire.Payment{}, HasMore: true}
		for _, p := range f.payments {
			out.Data = append(out.Data, p.Payment)
		}
		return 200, &out
	case "GET /v1/treasury":
		return 200, &wire.Treasury{Address: addr("treasury"), Available: "75", Locked: "25"}
	}
	p := f.payments[id]
	if p == nil {
		return 0, no(404, "not_found")
	}
	switch route {
	case "GET /v1/payments/{id}":
		out := p.Payment
		return 200, &out
	case "GET /v1/payments/{id}/receipt":
		return 200, f.receipt(p)
	case "POST /v1/payments/{id}/move":
		return f.move(p, body)
	case "POST /v1/payments/{id}/readdress":
		var in wire.ReaddressRequest
		to, err := relay.Handle{}, json.Unmarshal(body, &in)
		if err == nil {
			to, err = relay.ParseHandle(in.To)
		}
		if err != nil {
			f.t.Error(err)
		}
		if p.State == "claimed" && p.To != to.String() {
			return 0, no(409, "already_claimed")
		}
		p.To = to.String()
		out := p.Payment
		return 200, &out
	case "POST /v1/payments/{id}/cancel":
		if p.State == "claimed" {
			return 0, no(409, "already_claimed")
		}
		p.State, p.Reason = "returned", "canceled"
		out := p.Payment
		return 202, &out
	}
	return 0, no(404, "no_such_path")
}

func (f *fake) preview(r *http.Request, body []byte) (int, any) {
	var in wire.PaymentRequest
	if err := json.Unmarshal(body, &in); err != nil || in.ID != "" || in.Link != nil || r.Header.Get("Idempotency-Key") != "" {
		f.t.Errorf("%v, %+v", err, in)
	}
	if in.Amount == "0" {
		return 0, no(400, "amount_zero")
	}
	to, err := relay.ParseHandle(in.To)
	policy, err2 := relay.ParsePolicy(in.Policy)
	if err != nil || err2 != nil {
		f.t.Error(err, err2)
	}
	return 200, &wire.Preview{Accepted: true, To: to.String(), Amount: in.Amount, Asset: "native", Policy: string(policy), ReturnTo: addr("treasury")}
}

// create is idempotent by its key, as the API is.
func (f *fake) create(r *http.Request, body []byte) (int, any) {
	idem := r.Header.Get("Idempotency-Key")
	if idem == "" {
		f.t.Error("no Idempotency-Key")
	}
	var in wire.PaymentRequest
	if err := json.Unmarshal(body, &in); err != nil {
		f.t.Error(err)
	}
	if first, ok := f.answers[idem]; ok {
		if first != string(body) {
			return 0, no(422, "idempotency_mismatch")
		}
		out := f.payments[in.ID].Payment
		return 201, &out
	}
	if in.Amount == "0" {
		return 0, &client.Problem{Status: 400, Code: "amount_zero", Detail: "An amount is more than zero.", Pointer: "/amount"}
	}
	to, err := relay.ParseHandle(in.To)
	if err != nil || in.Link == nil {
		f.t.Errorf("%v, link %v", err, in.Link)
	}
	f.answers[idem] = string(body)
	account := addr("holding")
	f.payments[in.ID] = &fakePayment{
		Payment: wire.Payment{
			ID: in.ID, State: "pending", To: to.String(), Amount: in.Amount, Asset: "native", Policy: in.Policy, LinkMadeBy: "client",
			HoldingAccount: &account, ReturnTo: addr("treasury"), Reference: in.Reference, ExpiresAt: time.Now().Add(30 * 24 * time.Hour).UTC(),
		},
		auth: in.Link.AuthHash, recipient: in.Link.ClaimRecipient, share: in.Link.Share,
	}
	f.payments[in.ID].box = f.sealed(f.payments[in.ID], nil)
	out := f.payments[in.ID].Payment
	return 201, &out
}

func (f *fake) sealed(p *fakePayment, change func(*box.Content)) string {
	amount, err := relay.ParseAmount(p.Amount)
	if err != nil {
		f.t.Fatal(err)
	}
	c := box.Content{
		V: 1, Payment: p.ID, Network: testnet, Account: addr("holding"), Secret: secret.NewString(key("holding").Seed()), Asset: "native",
		Amount: int64(amount), ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt.UnixMicro(), Note: "for the concert",
	}
	if change != nil {
		change(&c)
	}
	keys, err := claim.Derive(claim.NewSecret(), p.ID, testnet)
	if err != nil {
		f.t.Fatal(err)
	}
	file, err := seal.Seal(c, seal.Recipients{Sender: []string{keys.LinkIdentity().Recipient()}, Claim: p.recipient})
	if err != nil {
		f.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(file)
}

func (f *fake) view(p *fakePayment) *wire.ClaimView {
	return &wire.ClaimView{
		ID: p.ID, State: p.State, Reason: p.Reason, From: "Example", To: "email:a***@example.com", Amount: p.Amount, Asset: "native",
		Policy: p.Policy, ExpiresAt: p.ExpiresAt, Network: testnet, Destination: p.Destination, Settlement: p.Settlement,
	}
}

func (f *fake) answerClaim(route string, p *fakePayment, r *http.Request, body []byte) (int, any) {
	if p.State == "claiming" {
		f.settle(p) // time passes between two looks
	}
	switch route {
	case "GET /v1/claims/{id}":
		return 200, f.view(p)
	case "POST /v1/claims/{id}/decline":
		p.State, p.Reason = "returned", "declined"
		return 202, f.view(p)
	}
	if f.inFlight != nil && f.inFlight(route, f.times[route]) {
		p.State = "claiming"
		return 0, no(409, "claim_in_flight")
	}
	if p.State != "pending" {
		return 0, no(409, "already_"+p.Reason)
	}
	switch route {
	case "POST /v1/claims/{id}/code":
		f.codes++
		return 202, &wire.CodeSession{Session: fmt.Sprint("session", f.codes), To: "email:a***@example.com", ExpiresAt: time.Now().Add(10 * time.Minute).UTC()}
	case "POST /v1/claims/{id}/prove":
		var in wire.ProveRequest
		if err := json.Unmarshal(body, &in); err != nil {
			f.t.Error(err)
		}
		if p.Policy == "guarded" && in.Voucher != "voucher" && (in.Code != code || in.Session != fmt.Sprint("session", f.codes)) {
			return 0, no(401, "code_wrong")
		}
		return 200, &wire.Proven{Asset: "native", Proof: "proof", Box: p.box, Share: p.share, HoldingAccount: *p.HoldingAccount, Amount: p.Amount, Network: testnet, Payment: p.ID}
	}
	if r.Header.Get("Restante-Proof") != "proof" {
		return 0, no(401, "proof_invalid")
	}
	switch route {
	case "POST /v1/claims/{id}/plan":
		var in wire.PlanRequest
		if err := json.Unmarshal(body, &in); err != nil {
			f.t.Error(err)
		}
		return 200, f.plan(in.Destination, in.Destination != addr("existing"))
	case "POST /v1/claims/{id}/submit":
		var in wire.SubmitRequest
		if err := json.Unmarshal(body, &in); err != nil {
			f.t.Error(err)
		}
		f.signed = append(f.signed, in.Envelope)
		p.State = "claiming"
		return 202, f.view(p)
	}
	return 0, no(404, "no_such_path")
}

func (f *fake) plan(destination string, fresh bool) *wire.Plan {
	p := stellar.ClaimPlan{
		Asset:      "native",
		Passphrase: testnet, Holding: addr("holding"), Destination: destination, NewAccount: fresh,
		Sequence: 500<<32 + 1 + int64(len(f.signed)), MaxTime: time.Now().Unix() + 300, LastLedger: 600,
	}
	if fresh {
		p.Sponsor = addr("sponsor")
	} else {
		p.Keeper, p.Amount = addr("sponsor"), 25_0000000
	}
	tx, err := stellar.BuildClaim(p)
	if err != nil {
		f.t.Fatal(err)
	}
	return &wire.Plan{Envelope: tx.XDR, Hash: tx.Hash, NewAccount: fresh, Sequence: tx.Sequence, MaxLedger: tx.Bounds.MaxLedger}
}

// settle is the ledger: it reads the destination out of the envelope that was handed in.
func (f *fake) settle(p *fakePayment) {
	if f.land != nil {
		f.land(p)
		return
	}
	signed := f.signed[len(f.signed)-1]
	touched, err := stellar.Touched(signed)
	if err != nil || len(touched.Merges) != 1 {
		f.t.Fatalf("%v, merges %v", err, touched.Merges)
	}
	to := touched.Merges[0].Destination // of a new account; one that exists is paid
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(signed, &env); err != nil {
		f.t.Fatal(err)
	}
	for _, op := range env.Operations() {
		if op.Body.Type == xdr.OperationTypePayment {
			to = op.Body.PaymentOp.Destination.Address()
		}
	}
	_, outer, err := stellar.Hashes(signed, testnet)
	if err != nil {
		f.t.Fatal(err)
	}
	p.State, p.Destination = "claimed", &to
	p.Settlement = &wire.Settlement{Tx: outer, Ledger: 555}
}

// sent makes a payment and returns its link.
func (f *fake) sent(policy string) client.Sent {
	f.t.Helper()
	s, err := f.sender().Send(context.Background(), client.SendRequest{To: "ana@example.com", Amount: "25", Policy: policy})
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fake) count(route string) (n int) {
	for _, r := range f.asked {
		if r == route {
			n++
		}
	}
	return n
}

// leaks looks for the link's secret in what came out of the client.
func leaks(t *testing.T, link client.Link, texts ...string) {
	t.Helper()
	whole, err := link.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	_, fragment, _ := strings.Cut(whole, "#")
	for _, text := range texts {
		if strings.Contains(text, fragment) || bytes.Contains([]byte(text), link.Secret.Reveal()) || strings.Contains(text, fragment[4:20]) {
			t.Errorf("the link is in: %s", text)
		}
	}
}
