package worker_test

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/rpc"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/signer"
	"github.com/restante/restante/services/worker"
)

const (
	passphrase = "Worker Test Network ; 2026"
	bound      = 4 // ledgers in which a funding may land
)

// fixture is a worker with real parts on a ledger that closes by hand. Nothing runs by itself: a test closes ledgers, lets
// the watcher look, and rings for every row that is due, in the order of due. Our own clock runs ahead a minute with every
// round, so that each pause is over by the next one; only the ledger's clock may decide anything.
type fixture struct {
	*testing.T
	plan    plan
	net     *devnet.Network // the one that the door leads to
	door    *httptest.Server
	url     string
	port    *access.Port // an honest view of the ledger
	bare    bareledger.Reader
	signer  *signer.Signer
	store   *sqlstore.Store
	desk    *desk.Desk
	w       *worker.Worker
	keys    *field.Keys
	reader  *age.X25519Identity // opens every box, as its claimant
	sponsor string
	payer   *keypair.Full // pays fees; has no part in any payment
	dir     string        // of the signer
	path    string        // of the database
	clock   time.Time
	apps    []relay.App
}

// plan is what a test wants different.
type plan struct {
	channels     int
	bound        uint32 // ledgers in which a funding may land; 0: bound
	retention    uint32
	policy       signer.Policy
	ledger       func(desk.Ledger) desk.Ledger // what the worker sees
	signersView  func(signer.Ledger) signer.Ledger
	signersHand  func(desk.Signer) desk.Signer // how the worker sees the signer
	announce     worker.Announcer
	post         worker.Post
	storeOptions []sqlstore.Option
	now          func() time.Time // nil: the clock that rounds move on
}

func newFixture(t *testing.T, p plan) *fixture {
	t.Helper()
	w := &fixture{T: t, plan: p, clock: time.Now().Truncate(time.Second)}
	w.openLedger()
	w.openSigner()
	w.payer = keypair.MustRandom()
	w.befriend(w.payer.Address())
	w.path = filepath.Join(t.TempDir(), "restante.db")
	var err error
	if w.keys, err = field.Derive(secret.RandomKey()); err != nil {
		t.Fatal(err)
	}
	if w.reader, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	w.openWorker()
	w.apps = append(w.apps, w.openApp())
	w.watch()
	return w
}

func (w *fixture) openLedger() {
	w.Helper()
	var err error
	if w.net, err = devnet.Open(devnet.Config{Passphrase: passphrase, Retention: w.plan.retention}); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { w.net.Close() })
	w.door = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.net.Handler().ServeHTTP(rw, r) }))
	w.Cleanup(w.door.Close)
	w.url, w.bare = w.door.URL, bareledger.Reader{URL: w.door.URL}
	w.port = w.dial()
}

func (w *fixture) dial() *access.Port {
	w.Helper()
	client, err := rpc.Dial(w.Context(), access.Config{URL: w.url, Passphrase: passphrase})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { client.Close() })
	return &access.Port{Source: client}
}

func (w *fixture) openSigner() {
	w.Helper()
	var view signer.Ledger = w.dial()
	if w.plan.signersView != nil {
		view = w.plan.signersView(view)
	}
	var err error
	w.dir = w.TempDir()
	w.signer, err = signer.Open(w.Context(), signer.Config{Dir: w.dir, Passphrase: passphrase, Channels: w.plan.channels,
		Ledger: view, Policy: w.plan.policy, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { w.signer.Close() })
	sponsor, channels, err := w.signer.Accounts(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	w.sponsor, w.port.Sponsor = sponsor, sponsor
	for _, account := range append([]string{sponsor}, channels...) {
		w.befriend(account)
	}
}

// openWorker opens the database and a worker on it; a second call is a new process on the same database.
func (w *fixture) openWorker() {
	w.Helper()
	store, err := sqlstore.Open(w.Context(), w.path, w.keys, w.plan.storeOptions...)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { store.Close() })
	w.store = store
	w.desk = &desk.Desk{Store: store, Network: mint.NetworkID(passphrase), Now: func() time.Time { return w.clock }}
	if w.plan.now != nil {
		w.desk.Now = w.plan.now
	}
	seen := w.dial()
	seen.Sponsor = w.sponsor
	deps := worker.Deps{Desk: w.desk, Queue: store, Signer: &desk.Anchored{Signer: w.signer, Store: store}, Ledger: seen, Announce: w.plan.announce, Post: w.plan.post,
		Log: slog.New(slog.DiscardHandler)}
	if w.plan.ledger != nil {
		deps.Ledger = w.plan.ledger(seen)
	}
	if w.plan.signersHand != nil {
		deps.Signer = w.plan.signersHand(deps.Signer)
	}
	ledgers := cmp.Or(w.plan.bound, bound)
	w.w = worker.New(worker.Config{BoundLedgers: ledgers, BoundTime: 20 * time.Minute, Retry: time.Millisecond,
		SweepEvery: time.Millisecond, WatchEvery: time.Millisecond}, deps)
}

func (w *fixture) openApp() relay.App {
	w.Helper()
	id := relay.NewAppID(relay.At(w.clock))
	treasury, err := w.signer.Treasury(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	w.befriend(treasury)
	sender, err := age.GenerateX25519Identity()
	if err != nil {
		w.Fatal(err)
	}
	app, err := w.desk.OpenApp(w.Context(), relay.App{ID: id, Name: "Acme", Recipient: sender.Recipient().String(), Treasury: treasury,
		MayVouch: true, Notify: true}, relay.Key{ID: "key_" + string(id), Hash: string(id), Scopes: relay.AppScopes})
	if err != nil {
		w.Fatal(err)
	}
	return app
}

func (w *fixture) befriend(account string) {
	w.Helper()
	if _, err := w.net.Fund(w.Context(), account); err != nil {
		w.Fatal(err)
	}
}

// close closes ledgers; the worker does not look.
func (w *fixture) close(n int) {
	w.Helper()
	for range n {
		if _, err := w.net.CloseLedger(); err != nil {
			w.Fatal(err)
		}
	}
}

// watch has the watcher take in every ledger that has closed.
func (w *fixture) watch() {
	w.Helper()
	for {
		moved, err := w.w.WatchOnce(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if !moved {
			return
		}
	}
}

// work rings once for every row that is due; kinds, if any, are the only ones.
func (w *fixture) work(kinds ...relay.EffectKind) {
	w.Helper()
	w.clock = w.clock.Add(time.Minute)
	rows, err := w.store.Unannounced(w.Context(), relay.At(w.clock), 10_000)
	if err != nil {
		w.Fatal(err)
	}
	for _, row := range rows {
		if len(kinds) > 0 && !slices.Contains(kinds, row.Kind) {
			continue
		}
		if err := w.w.Ring(w.Context(), row.ID, row.Kind); err != nil {
			w.Fatalf("%s of %s: %v", row.Kind, row.Payment, err)
		}
	}
}

// round closes a ledger, has it watched, and does what is due.
func (w *fixture) round(n int) {
	w.Helper()
	for range n {
		w.close(1)
		w.watch()
		w.work()
	}
}

// until plays rounds until the payment is in one of the states.
func (w *fixture) until(id relay.PaymentID, states ...relay.State) relay.Payment {
	w.Helper()
	for range 40 {
		if p := w.payment(id); slices.Contains(states, p.State) {
			return p
		}
		w.round(1)
	}
	p := w.payment(id)
	w.Fatalf("the payment is %s %s, not %v\n%s", p.State, p.Reason, states, w.story(id))
	return p
}

// story is what a failing test shows.
func (w *fixture) story(id relay.PaymentID) string {
	var b strings.Builder
	entries, err := relaytest.History(w.Context(), w.store, id)
	for _, e := range entries {
		fmt.Fprintf(&b, "%s -> %s: %s %.8s\n", e.From, e.To, e.Input, e.Detail)
	}
	rows, err2 := relaytest.WorkOf(w.Context(), w.store, id)
	for _, r := range rows {
		fmt.Fprintf(&b, "%s %s: %d tries, done %v, %s\n", r.Kind, r.Subject, r.Attempts, r.DoneAt != 0, r.Note)
	}
	for _, e := range w.envelopes(id) {
		fmt.Fprintf(&b, "%s %.8s %s, number %d, bound %d\n", e.Kind, e.Hash, e.State, e.Sequence, e.Bound)
	}
	if err := errors.Join(err, err2); err != nil {
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

func (w *fixture) payment(id relay.PaymentID) relay.Payment {
	w.Helper()
	p, err := w.desk.Payment(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// is wants a payment in a state, for a reason.
func (w *fixture) is(id relay.PaymentID, state relay.State, reason relay.Reason) relay.Payment {
	w.Helper()
	p := w.payment(id)
	if p.State != state || p.Reason != reason {
		w.Fatalf("the payment is %s %q, not %s %q\n%s", p.State, p.Reason, state, reason, w.story(id))
	}
	return p
}

func (w *fixture) envelopes(id relay.PaymentID) []relay.Envelope {
	w.Helper()
	es, err := w.desk.EnvelopesOf(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return es
}

// fundings are the funding envelopes ever committed for a payment.
func (w *fixture) fundings(id relay.PaymentID) []relay.Envelope {
	return slices.DeleteFunc(w.envelopes(id), func(e relay.Envelope) bool { return e.Kind != relay.FundingEnvelope })
}

// rungs are the ladder of the payment's holding account, in the order of use.
func (w *fixture) rungs(p relay.Payment) []relay.Envelope {
	return slices.DeleteFunc(w.envelopes(p.ID), func(e relay.Envelope) bool {
		return e.Kind != relay.ReturnEnvelope || e.Source != p.Holding
	})
}

// open accepts a payment of an app; nothing is done for it yet.
func (w *fixture) open(app relay.App, change func(*relay.Payment)) relay.Payment {
	w.Helper()
	now := relay.At(w.clock)
	p := relay.Payment{
		ID: relay.NewPaymentID(now), To: relay.Handle{Kind: "email", Value: "ana@example.com"}, Amount: 25 * relay.One,
		Policy: relay.Link, LinkMadeBy: "client", AuthHash: "a", ClaimRecipient: w.reader.Recipient().String(),
		ExpiresAt: now + relay.DefaultExpiry,
	}
	if change != nil {
		change(&p)
	}
	p, err := w.desk.Create(w.Context(), desk.Opening{Payment: p, App: app, Free: 1_000_000 * relay.One, Share: []byte("share"),
		Signs: relay.Allowance{MaxPayment: 1_000_000 * relay.One, DayLeft: 1_000_000 * relay.One, BudgetLeft: 1_000_000 * relay.One}}, nil)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// pending accepts a payment and plays until its money waits.
func (w *fixture) pending() relay.Payment {
	w.Helper()
	return w.until(w.open(w.apps[0], nil).ID, relay.Pending)
}

func (w *fixture) apply(id relay.PaymentID, in relay.Input) relay.Payment {
	w.Helper()
	p, err := w.desk.Apply(w.Context(), id, in)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w *fixture) head() relay.Head {
	w.Helper()
	h, err := w.port.Head(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return h
}

// has is an account's lumens as code that is not ours reads them; -1 when there is no such account.
func (w *fixture) has(account string) relay.Stroops {
	w.Helper()
	a, err := w.bare.Account(w.Context(), account)
	if err != nil {
		w.Fatal(err)
	}
	if !a.Exists {
		return -1
	}
	return relay.Stroops(a.Balance)
}

func (w *fixture) wantHas(who, account string, want relay.Stroops) {
	w.Helper()
	if got := w.has(account); got != want {
		w.Errorf("%s has %d stroops, not %d", who, got, want)
	}
}

// halted says why something is stopped.
func (w *fixture) halted() (why string) {
	w.Helper()
	all, err := w.desk.Halts(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, h := range all {
		why += fmt.Sprintf("%s %s: %s; ", h.Scope, h.Payment, h.Why)
	}
	return why
}

// row is the newest row of work of a kind; ok is false when there is none.
func (w *fixture) row(id relay.PaymentID, kind relay.EffectKind) (row desk.Work, ok bool) {
	w.Helper()
	rows, err := relaytest.WorkOf(w.Context(), w.store, id)
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range rows {
		if r.Kind == kind {
			row, ok = r, true
		}
	}
	return row, ok
}

func sign(t *testing.T, envelope string, keys ...*keypair.Full) string {
	t.Helper()
	text, err := stellar.Sign(envelope, passphrase, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func raw(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(envelope []byte) string { return base64.StdEncoding.EncodeToString(envelope) }
