package api_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/api"
	"github.com/restante/restante/services/signer"
)

const passphrase = "Test SDF Network ; September 2015"

// fixture is the API on the real store, with a ledger and a signer that can be told to fail.
type fixture struct {
	*testing.T
	mu      sync.Mutex
	now     time.Time
	drift   time.Duration // how far the clock goes on at each look
	path    string        // of the database
	secrets string        // directory of the signer
	next    int64         // number of its channel
	store   *sqlstore.Store
	desk    *desk.Desk
	ledger  *ledger
	signer  *scribe
	payer   string // the account of the signer that fees and reserves come out of
	keys    *field.Keys
	closing chan struct{}
	bell    *bell
	logs    *lockedBuffer
	server  *httptest.Server

	identity *age.X25519Identity // of the app
	app      wire.App
	key      string // of the app
	admin    string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	w := &fixture{T: t, now: time.Date(2030, 1, 2, 3, 4, 5, 678_000, time.UTC), closing: make(chan struct{}), bell: &bell{}, logs: &lockedBuffer{}}
	var err error
	if w.keys, err = field.Derive(secret.RandomKey()); err != nil {
		t.Fatal(err)
	}
	w.path = filepath.Join(t.TempDir(), "db")
	if w.store, err = sqlstore.Open(t.Context(), w.path, w.keys); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	clock := func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now = w.now.Add(w.drift)
		return w.now
	}
	network := sha256.Sum256([]byte(passphrase))
	w.desk = &desk.Desk{Store: w.store, Network: hex.EncodeToString(network[:]), Now: clock}
	w.ledger = newLedger(clock)
	w.secrets = t.TempDir()
	real, err := signer.Open(t.Context(), signer.Config{Dir: w.secrets, Passphrase: passphrase, Ledger: w.ledger, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { real.Close() })
	payer, _, err := real.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.ledger.pay(payer, 10_000*relay.One)
	w.payer = payer
	w.signer = &scribe{Signer: real, ledger: w.ledger, sponsor: keypair.MustRandom(), network: w.desk.Network}
	h, err := api.New(api.Config{PublicURL: "https://pay.example.com", Network: passphrase}, api.Deps{
		Desk: w.desk, Store: w.store, Signer: w.signer, Ledger: w.ledger, Codes: w.keys, Bus: w.bell, Closing: w.closing,
		Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(h)
	t.Cleanup(w.server.Close)
	w.found()
	return w
}

// found makes the app under test, and an app whose key is an admin's.
func (w *fixture) found() {
	w.Helper()
	text, row := api.NewKey("rst_test_")
	row.Scopes = relay.AllScopes
	w.admin = text
	_, err := w.desk.OpenApp(w.Context(), relay.App{
		ID: relay.NewAppID(relay.At(w.now)), Name: "Operator", Recipient: "age1operator", Treasury: keypair.MustRandom().Address(),
	}, row)
	if err != nil {
		w.Fatal(err)
	}
	if w.identity, err = age.GenerateX25519Identity(); err != nil {
		w.Fatal(err)
	}
	in := wire.AppRequest{Name: "Acme", Recipient: w.identity.Recipient().String(), MayVouch: true}
	w.as(w.admin).do("POST", "/v1/apps", in).want(201).into(&w.app)
	w.key = w.app.Key.Text
	w.ledger.pay(w.app.Treasury, 1000*relay.One)
}

func (w *fixture) tick(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	w.ledger.close()
}

// caller calls with certain headers.
type caller struct {
	w      *fixture
	header http.Header
}

func (w *fixture) as(key string) caller {
	return caller{w, http.Header{"Authorization": {"Bearer " + key}}}
}
func (w *fixture) anonymous() caller { return caller{w, http.Header{}} }
func (w *fixture) holder(l claim.Link) caller {
	keys, err := claim.Derive(l.Secret, l.PaymentID, passphrase)
	if err != nil {
		w.Fatal(err)
	}
	return caller{w, http.Header{"Authorization": {"Link " + keys.Auth().RevealText()}}}
}
func (c caller) with(name, value string) caller {
	h := c.header.Clone()
	h.Set(name, value)
	return caller{c.w, h}
}

// answer is what came back.
type answer struct {
	w      *fixture
	what   string
	status int
	header http.Header
	body   []byte
}

// do sends body: nothing for nil, text as it is, anything else as JSON. Every answer is held against openapi.yaml.
func (c caller) do(method, path string, body any) answer {
	c.w.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	default:
		var err error
		if raw, err = json.Marshal(b); err != nil {
			c.w.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(c.w.Context(), method, c.w.server.URL+path, bytes.NewReader(raw))
	if err != nil {
		c.w.Fatal(err)
	}
	req.Header = c.header.Clone()
	if raw != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.w.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.w.Fatal(err)
	}
	a := answer{c.w, method + " " + path, res.StatusCode, res.Header, text}
	conform(c.w, req, raw, a)
	return a
}

func (a answer) want(status int) answer {
	a.w.Helper()
	if a.status != status {
		a.w.Fatalf("%s: %d, want %d\n%s", a.what, a.status, status, a.body)
	}
	return a
}

func (a answer) into(v any) {
	a.w.Helper()
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		a.w.Fatalf("%s: %v\n%s", a.what, err, a.body)
	}
}

// refused wants a problem with a code, and, where given, errors at these places.
func (a answer) refused(status int, code string, pointers ...string) answer {
	a.w.Helper()
	var p struct {
		Code   string `json:"code"`
		Status int    `json:"status"`
		ID     string `json:"request_id"`
		Errors []struct{ Pointer, Code string }
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.w.Fatalf("%s: %v\n%s", a.what, err, a.body)
	}
	if a.status != status || p.Code != code || p.Status != status {
		a.w.Errorf("%s: %d %s, want %d %s\n%s", a.what, a.status, p.Code, status, code, a.body)
	}
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" || p.ID == "" || p.ID != a.header.Get("Request-Id") {
		a.w.Errorf("%s: type %q, request id %q", a.what, ct, p.ID)
	}
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Pointer)
	}
	if len(pointers) > 0 && strings.Join(got, " ") != strings.Join(pointers, " ") {
		a.w.Errorf("%s: errors at %q, want %q\n%s", a.what, got, pointers, a.body)
	}
	return a
}

// state is a digest of every row there is, and of the signer's log: when it is the same, nothing changed.
func (w *fixture) state() string {
	w.Helper()
	db, err := sql.Open("sqlite", "file:"+w.path)
	if err != nil {
		w.Fatal(err)
	}
	defer db.Close()
	tables, err := column(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
	if err != nil {
		w.Fatal(err)
	}
	sum := sha256.New()
	sum.Write(w.log())
	for _, table := range tables {
		rows, err := db.Query("SELECT * FROM " + table)
		if err != nil {
			w.Fatal(err)
		}
		names, _ := rows.Columns()
		for rows.Next() {
			values, ptrs := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				ptrs[i] = &values[i]
			}
			if err := rows.Scan(ptrs...); err != nil {
				w.Fatal(err)
			}
			fmt.Fprintln(sum, table, values)
		}
		rows.Close()
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func column(db *sql.DB, query string) (out []string, err error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// unchanged runs fn and wants every row to be as before.
func (w *fixture) unchanged(what string, fn func()) {
	w.Helper()
	before := w.state()
	fn()
	if w.state() != before {
		w.Errorf("%s changed something", what)
	}
}

// send makes a payment by a plain request and returns it with its link.
func (w *fixture) send(in wire.PaymentRequest) (wire.Payment, claim.Link) {
	w.Helper()
	var p wire.Payment
	w.as(w.key).do("POST", "/v1/payments", in).want(201).into(&p)
	l, err := claim.Parse(p.ClaimLink)
	if err != nil {
		w.Fatal(err)
	}
	return p, l
}

// fund moves a payment to pending, as signer, worker and ledger would.
func (w *fixture) fund(id string) *keypair.Full {
	w.Helper()
	p, err := w.desk.Payment(w.Context(), relay.PaymentID(id))
	if err != nil {
		w.Fatal(err)
	}
	holding, head := keypair.MustRandom(), w.ledger.head()
	e := relay.Envelope{
		Hash: hash("funding" + id), Kind: relay.FundingEnvelope, State: relay.Signed, Network: w.desk.Network,
		Source: keypair.MustRandom().Address(), Sequence: 7, SignedAt: head.Sequence, Bound: head.Sequence + 10,
		MaxTime: head.CloseTime + 100, XDR: []byte("funding"), Payments: []relay.PaymentID{p.ID},
	}
	rung := relay.Envelope{
		Hash: hash("rung" + id), Kind: relay.ReturnEnvelope, State: relay.Signed, Network: w.desk.Network, Source: holding.Address(),
		Sequence: 1 << 50, SignedAt: head.Sequence, Rung: 2, XDR: []byte("rung"), Payments: []relay.PaymentID{p.ID},
	}
	err = w.desk.CommitFunding(w.Context(), relay.FundAnswer{App: p.App, Envelope: e, Minted: []relay.Minted{
		{Payment: p.ID, Account: holding.Address(), Amount: p.Amount, Asset: p.Asset, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt, Box: []byte("box of " + id), Ladder: []relay.Envelope{rung}},
	}})
	if err != nil {
		w.Fatal(err)
	}
	err = w.desk.Sighted(w.Context(), relay.Sighting{Hash: e.Hash, Tx: hash("tx" + id), Ledger: head.Sequence, Success: true, Fee: 100})
	if err != nil {
		w.Fatal(err)
	}
	w.ledger.hold(holding.Address(), p.Asset, p.Amount, 0)
	return holding
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

var _ desk.Ledger = (*ledger)(nil)

// log is the signer's.
func (w *fixture) log() []byte {
	w.Helper()
	raw, err := os.ReadFile(filepath.Join(w.secrets, "signer", "log.jsonl"))
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

// whole is what a claim, or else a return, moves: all of the amount.
func (w *fixture) whole(id string) []relay.Paid {
	w.Helper()
	p, err := w.desk.Payment(w.Context(), relay.PaymentID(id))
	if err != nil {
		w.Fatal(err)
	}
	return []relay.Paid{{From: p.Holding, To: cmp.Or(p.Destination, p.ReturnTo), Asset: p.Asset, Amount: p.Amount}}
}
