package worker_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/relay/stellar"
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

// town is a worker with real parts on a ledger that closes by hand. Nothing runs by itself: a test closes ledgers, lets
// the watcher look, and rings for every row that is due, in the order of due. Our own clock runs ahead a minute with every
// round, so that each pause is over by the next one; only the ledger's clock may decide anything.
type town struct {
	*testing.T
	plan    plan
	net     *devnet.Network // the one that the door leads to
	door    *httptest.Server
	url     string
	port    *rpc.Port // an honest view of the ledger
	bare    bareledger.Reader
	signer  *signer.Signer
	store   *sqlstore.Store
	desk    *relay.Desk
	w       *worker.Worker
	keys    *field.Keys
	reader  *age.X25519Identity // opens every box, as its claimant
	sponsor string
	payer   *keypair.Full // a stranger who pays fees
	dir     string        // of the signer
	path    string        // of the database
	clock   time.Time
	apps    []relay.App
}

// plan is what a test wants different.
type plan struct {
	channels     int
	retention    uint32
	policy       signer.Policy
	ledger       func(relay.Ledger) relay.Ledger // what the worker sees
	signersView  func(signer.Ledger) signer.Ledger
	signersHand  func(relay.Signer) relay.Signer // how the worker sees the signer
	announce     worker.Announcer
	post         worker.Post
	storeOptions []sqlstore.Option
	now          func() time.Time // nil: the clock that rounds move on
}

func newTown(t *testing.T, p plan) *town {
	t.Helper()
	w := &town{T: t, plan: p, clock: time.Now().Truncate(time.Second)}
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

func (w *town) openLedger() {
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

func (w *town) dial() *rpc.Port {
	w.Helper()
	client, err := rpc.Dial(w.Context(), rpc.Config{URL: w.url, Passphrase: passphrase})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { client.Close() })
	return &rpc.Port{Client: client}
}

func (w *town) openSigner() {
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
func (w *town) openWorker() {
	w.Helper()
	store, err := sqlstore.Open(w.Context(), w.path, w.keys, w.plan.storeOptions...)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { store.Close() })
	w.store = store
	w.desk = &relay.Desk{Store: store, Network: mint.NetworkID(passphrase), Now: func() time.Time { return w.clock }}
	if w.plan.now != nil {
		w.desk.Now = w.plan.now
	}
	seen := w.dial()
	seen.Sponsor = w.sponsor
	deps := worker.Deps{Desk: w.desk, Store: store, Signer: w.signer, Ledger: seen, Announce: w.plan.announce, Post: w.plan.post,
		Log: slog.New(slog.DiscardHandler)}
	if w.plan.ledger != nil {
		deps.Ledger = w.plan.ledger(seen)
	}
	if w.plan.signersHand != nil {
		deps.Signer = w.plan.signersHand(w.signer)
	}
	w.w = worker.New(worker.Config{BoundLedgers: bound, BoundTime: 20 * time.Minute, Retry: time.Millisecond,
		SweepEvery: time.Millisecond, WatchEvery: time.Millisecond}, deps)
}

func (w *town) openApp() relay.App {
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
		MayVouch: true, Notify: true}, relay.Key{ID: "key_" + string(id), Hash: string(id)})
	if err != nil {
		w.Fatal(err)
	}
	return app
}

func (w *town) befriend(account string) {
	w.Helper()
	if _, err := w.net.Fund(w.Context(), account); err != nil {
		w.Fatal(err)
	}
}

// close closes ledgers, and nobody looks.
func (w *town) close(n int) {
	w.Helper()
	for range n {
		if _, err := w.net.CloseLedger(); err != nil {
			w.Fatal(err)
		}
	}
}

// watch has the watcher take in every ledger that has closed.
func (w *town) watch() {
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
func (w *town) work(kinds ...relay.EffectKind) {
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
func (w *town) round(n int) {
	w.Helper()
	for range n {
		w.close(1)
		w.watch()
		w.work()
	}
}

// until plays rounds until the payment is in one of the states.
func (w *town) until(id relay.PaymentID, states ...relay.State) relay.Payment {
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
func (w *town) story(id relay.PaymentID) string {
	var b strings.Builder
	entries, err := w.store.History(w.Context(), id)
	for _, e := range entries {
		fmt.Fprintf(&b, "%s -> %s: %s %.8s\n", e.From, e.To, e.Input, e.Detail)
	}
	rows, err2 := w.store.WorkOf(w.Context(), id)
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

func (w *town) payment(id relay.PaymentID) relay.Payment {
	w.Helper()
	p, err := w.desk.Payment(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// is wants a payment in a state, for a reason.
func (w *town) is(id relay.PaymentID, state relay.State, reason relay.Reason) relay.Payment {
	w.Helper()
	p := w.payment(id)
	if p.State != state || p.Reason != reason {
		w.Fatalf("the payment is %s %q, not %s %q\n%s", p.State, p.Reason, state, reason, w.story(id))
	}
	return p
}

func (w *town) envelopes(id relay.PaymentID) []relay.Envelope {
	w.Helper()
	es, err := w.desk.EnvelopesOf(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return es
}

// fundings are the funding envelopes ever committed for a payment.
func (w *town) fundings(id relay.PaymentID) []relay.Envelope {
	return slices.DeleteFunc(w.envelopes(id), func(e relay.Envelope) bool { return e.Kind != relay.FundingEnvelope })
}

// rungs are the ladder of the payment's holding account, in the order of use.
func (w *town) rungs(p relay.Payment) []relay.Envelope {
	return slices.DeleteFunc(w.envelopes(p.ID), func(e relay.Envelope) bool {
		return e.Kind != relay.ReturnEnvelope || e.Source != p.Holding
	})
}

// open accepts a payment of an app; nothing is done for it yet.
func (w *town) open(app relay.App, change func(*relay.Payment)) relay.Payment {
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
	p, err := w.desk.Create(w.Context(), relay.Opening{Payment: p, App: app, Free: 1_000_000 * relay.One, Share: []byte("share")}, nil)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// pending accepts a payment and plays until its money waits.
func (w *town) pending() relay.Payment {
	w.Helper()
	return w.until(w.open(w.apps[0], nil).ID, relay.Pending)
}

func (w *town) apply(id relay.PaymentID, in relay.Input) relay.Payment {
	w.Helper()
	p, err := w.desk.Apply(w.Context(), id, in)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w *town) head() relay.Head {
	w.Helper()
	h, err := w.port.Head(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return h
}

// seed is the key of the payment's holding account, out of its box.
func (w *town) seed(p relay.Payment) *keypair.Full {
	w.Helper()
	var file []byte
	err := w.store.View(w.Context(), func(tx relay.Tx) (err error) { file, err = tx.Box(p.ID); return err })
	if err != nil {
		w.Fatal(err)
	}
	c, err := unseal.Open(file, w.reader, box.Expect{Payment: string(p.ID), Network: passphrase, Account: p.Holding, Asset: "native", Amount: int64(p.Amount)})
	if err != nil {
		w.Fatal(err)
	}
	return keypair.MustParseFull(string(c.Secret.Reveal()))
}

// planned is a claim into a new account, written down, with the claimant's signatures beside it.
func (w *town) planned(p relay.Payment, ana *keypair.Full, ledgers uint32) (relay.Envelope, []byte) {
	w.Helper()
	sequence, err := w.port.Sequence(w.Context(), p.Holding)
	if err != nil {
		w.Fatal(err)
	}
	return w.plannedAt(p, ana, ledgers, sequence+1)
}

func (w *town) plannedAt(p relay.Payment, ana *keypair.Full, ledgers uint32, sequence int64) (relay.Envelope, []byte) {
	w.Helper()
	head := w.head()
	_, err := w.port.Sequence(w.Context(), ana.Address())
	e, err := w.signer.Claim(w.Context(), relay.ClaimIntent{Payment: p.ID, Holding: p.Holding, Destination: ana.Address(),
		NewAccount: relay.CodeOf(err) == relay.ErrNotFound.Code, Sequence: sequence, SignedAt: head.Sequence,
		Bound: head.Sequence + ledgers, MaxTime: head.CloseTime + 600})
	if err != nil {
		w.Fatal(err)
	}
	if err := w.desk.Plan(w.Context(), e, head); err != nil {
		w.Fatal(err)
	}
	keys := []*keypair.Full{w.seed(p)}
	if e.NewAccount {
		keys = append(keys, ana)
	}
	return e, raw(w.T, sign(w.T, text(e.XDR), keys...))
}

// claim plans, signs and submits a claim that may land within so many ledgers.
func (w *town) claim(p relay.Payment, ana *keypair.Full, ledgers uint32) relay.Envelope {
	w.Helper()
	e, complete := w.planned(p, ana, ledgers)
	return w.submit(p, e, complete)
}

// claimAt is a claim with a number of its own.
func (w *town) claimAt(p relay.Payment, ana *keypair.Full, ledgers uint32, sequence int64) relay.Envelope {
	w.Helper()
	e, complete := w.plannedAt(p, ana, ledgers, sequence)
	return w.submit(p, e, complete)
}

func (w *town) submit(p relay.Payment, e relay.Envelope, complete []byte) relay.Envelope {
	w.Helper()
	if _, err := w.desk.SubmitClaim(w.Context(), p.ID, e.Hash, complete, w.head()); err != nil {
		w.Fatal(err)
	}
	return e
}

// bumped is an envelope of ours in a fee bump that a stranger pays: nobody needs the service to hand it in.
func (w *town) bumped(envelope []byte) string {
	w.Helper()
	b, err := stellar.BuildFeeBump(text(envelope), passphrase, w.payer.Address(), 1000)
	if err != nil {
		w.Fatal(err)
	}
	return sign(w.T, b.XDR, w.payer)
}

// own is a transaction that the holder of a key makes by herself. A stranger pays its fee, so that amounts stay round.
func (w *town) own(source *keypair.Full, also []*keypair.Full, ops ...txnbuild.Operation) string {
	w.Helper()
	sequence, err := w.port.Sequence(w.Context(), source.Address())
	if err != nil {
		w.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: source.Address(), Sequence: sequence}, IncrementSequenceNum: true,
		Operations: ops, BaseFee: 100, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		w.Fatal(err)
	}
	if tx, err = tx.Sign(passphrase, append([]*keypair.Full{source}, also...)...); err != nil {
		w.Fatal(err)
	}
	bump, err := txnbuild.NewFeeBumpTransaction(txnbuild.FeeBumpTransactionParams{Inner: tx, FeeAccount: w.payer.Address(), BaseFee: 200})
	if err != nil {
		w.Fatal(err)
	}
	if bump, err = bump.Sign(passphrase, w.payer); err != nil {
		w.Fatal(err)
	}
	text, err := bump.Base64()
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// does closes a ledger with exactly this transaction of somebody's in it, and wants it to have gone through.
func (w *town) does(envelope string) {
	w.Helper()
	w.includes(envelope, "SUCCESS")
}

func (w *town) includes(envelope, want string) {
	w.Helper()
	_, outer, err := stellar.Hashes(envelope, passphrase)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.net.CloseWith(envelope); err != nil {
		w.Fatal(err)
	}
	if status, _, err := w.bare.Lookup(w.Context(), outer); err != nil || status != want {
		w.Fatalf("the transaction is %s, not %s: %v", status, want, err)
	}
}

// has is an account's lumens as somebody else's code reads them; -1 when there is no such account.
func (w *town) has(account string) relay.Stroops {
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

func (w *town) wantHas(who, account string, want relay.Stroops) {
	w.Helper()
	if got := w.has(account); got != want {
		w.Errorf("%s has %d stroops, not %d", who, got, want)
	}
}

// halted says why everything is stopped.
func (w *town) halted() string {
	w.Helper()
	why, err := w.desk.Halted(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return why
}

// row is the newest row of work of a kind; ok is false when there is none.
func (w *town) row(id relay.PaymentID, kind relay.EffectKind) (row relay.Work, ok bool) {
	w.Helper()
	rows, err := w.store.WorkOf(w.Context(), id)
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

// treasuryKey opens the sealed key of an app's treasury, as its operator can who has the key-encryption key.
func (w *town) treasuryKey(app relay.App) *keypair.Full {
	w.Helper()
	kek, err := field.LoadRoot(filepath.Join(w.dir, "signer", "kek"))
	if err != nil {
		w.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(w.dir, "signer", "keys", app.Treasury+".json"))
	if err != nil {
		w.Fatal(err)
	}
	var f struct {
		Role, Account string
		DEK, Seed     []byte
	}
	if err := json.Unmarshal(file, &f); err != nil {
		w.Fatal(err)
	}
	open := func(what string, key, sealed []byte) []byte {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			w.Fatal(err)
		}
		plain, err := aead.Open(nil, sealed[:24], sealed[24:], []byte("restante/v1/signer/"+what+"\x00"+f.Role+"\x00"+f.Account))
		if err != nil {
			w.Fatal(err)
		}
		return plain
	}
	seed := open("seed", open("dek", kek.Reveal(), f.DEK), f.Seed)
	key, err := keypair.FromRawSeed([32]byte(seed))
	if err != nil {
		w.Fatal(err)
	}
	return key
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

// door is a ledger whose answers a test may take over, one method at a time.
type door struct {
	relay.Ledger
	submit  func(envelope []byte) (answer relay.Answer, done bool)
	sight   func(hash string) (seen *relay.Sighting, done bool, err error)
	verdict func(e relay.Envelope) (v relay.Verdict, done bool, err error)
	head    func() (h relay.Head, done bool)
	page    func(seq uint32) (p *relay.LedgerPage, done bool)
	facts   func() (all map[string]relay.HoldingFacts, done bool)
	sent    map[string]int // submissions by inner hash
	bumps   []string       // inner hashes in the order of submission
}

// through makes a plan whose worker looks at the ledger through d.
func (d *door) through(p plan) plan {
	d.sent = map[string]int{}
	p.ledger = func(l relay.Ledger) relay.Ledger { d.Ledger = l; return d }
	return p
}

func (d *door) Submit(ctx context.Context, envelope []byte) (relay.Answer, error) {
	inner, _, err := stellar.Hashes(text(envelope), passphrase)
	if err != nil {
		return relay.Answer{}, err
	}
	d.sent[inner]++
	d.bumps = append(d.bumps, inner)
	if d.submit != nil {
		if a, done := d.submit(envelope); done {
			return a, nil
		}
	}
	return d.Ledger.Submit(ctx, envelope)
}

func (d *door) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	if d.sight != nil {
		if s, done, err := d.sight(hash); done {
			return s, err
		}
	}
	return d.Ledger.Sight(ctx, hash)
}

func (d *door) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	if d.verdict != nil {
		if v, done, err := d.verdict(e); done {
			return v, nil, err
		}
	}
	return d.Ledger.Verdict(ctx, e)
}

func (d *door) Head(ctx context.Context) (relay.Head, error) {
	if d.head != nil {
		if h, done := d.head(); done {
			return h, nil
		}
	}
	return d.Ledger.Head(ctx)
}

func (d *door) Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error) {
	if d.page != nil {
		if p, done := d.page(seq); done {
			return p, nil
		}
	}
	return d.Ledger.Page(ctx, seq)
}

func (d *door) Holdings(ctx context.Context, ladder map[string]int64) (map[string]relay.HoldingFacts, error) {
	if d.facts != nil {
		if f, done := d.facts(); done {
			return f, nil
		}
	}
	return d.Ledger.Holdings(ctx, ladder)
}

// dropped and lost are the two ways in which a submission fails without saying so.
func dropped([]byte) (relay.Answer, bool) { return relay.Answer{Word: "unknown"}, true }

func (d *door) lost(envelope []byte) (relay.Answer, bool) {
	_, _ = d.Ledger.Submit(context.Background(), envelope)
	return relay.Answer{Word: "unknown"}, true
}
