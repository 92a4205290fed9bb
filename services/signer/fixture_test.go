package signer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

const passphrase = "Test SDF Network ; September 2015"

// view is the signer's ledger in tests: it knows only what a test tells it, and says "not proven" of all else.
type view struct {
	head     relay.Head
	err      error
	verdicts map[string]relay.Verdict
	seen     map[string]relay.Sighting
	numbers  map[string]int64
	there    map[string]relay.AccountFacts // accounts; the sponsor has plenty unless a test says otherwise
	advice   relay.RungAdvice
	balances map[string]relay.BalanceFacts // by id
	assets   relay.AssetFacts              // of every asset, besides that its issuer exists
	asked    atomic.Int64                  // verdicts; intents are worked on side by side
}

func (v *view) Head(context.Context) (relay.Head, error) { return v.head, v.err }

func (v *view) Sequence(_ context.Context, account string) (int64, error) {
	return v.numbers[account], v.err
}

func (v *view) Sight(_ context.Context, hash string) (*relay.Sighting, error) {
	if s, ok := v.seen[hash]; ok {
		return &s, v.err
	}
	return nil, v.err
}

func (v *view) Look(_ context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	out := map[string]relay.AccountFacts{}
	for _, a := range accounts {
		f, known := v.there[a]
		if !known { // a treasury has plenty unless a test says otherwise
			f.Spendable = 1 << 60
		}
		if f.Signers == nil { // its own key alone
			f.Signers = []string{a}
		}
		out[a] = f
	}
	facts := v.assets
	facts.IssuerExists = true
	return out, facts, v.err
}

func (v *view) Balance(_ context.Context, id string) (relay.BalanceFacts, error) {
	return v.balances[id], v.err
}

func (v *view) Advise(context.Context, relay.Payment, []relay.Envelope) (relay.RungAdvice, error) {
	return v.advice, v.err
}

func (v *view) Verdict(_ context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	v.asked.Add(1)
	if v.err != nil {
		return relay.CannotLand, nil, v.err // the verdict beside an error means nothing
	}
	if s, ok := v.seen[e.Hash]; ok {
		return relay.Inconclusive, &s, nil
	}
	return v.verdicts[e.Hash], nil, nil
}

type fixture struct {
	t       *testing.T
	cfg     Config
	view    *view
	s       *Signer
	sender  *age.X25519Identity
	claim   *age.X25519Identity
	app     relay.AppID
	sponsor string
	channel string
	home    string // the app's treasury
	next    int64  // sequence number of the channel
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	v := &view{
		head:     relay.Head{Sequence: 5000, CloseTime: 1_800_000_000},
		verdicts: map[string]relay.Verdict{}, seen: map[string]relay.Sighting{}, numbers: map[string]int64{}, there: map[string]relay.AccountFacts{},
		balances: map[string]relay.BalanceFacts{},
	}
	r := &fixture{t: t, view: v, app: "app_agpzy3u6xjz4bbzuq5kzuxrkfi", next: 100}
	r.cfg = Config{Dir: t.TempDir(), Passphrase: passphrase, Ledger: v, Log: slog.New(slog.DiscardHandler)}
	var err error
	if r.sender, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	if r.claim, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	r.open()
	t.Cleanup(func() { r.s.Close() })
	return r
}

func (r *fixture) open() {
	r.t.Helper()
	s, err := Open(r.t.Context(), r.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.s = s
	sponsor, channels, err := s.Accounts(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	r.sponsor, r.channel = sponsor, channels[0]
	if _, ok := r.view.there[sponsor]; !ok {
		r.holds(10_000 * relay.One)
	}
	if r.home, err = s.Treasury(r.t.Context(), r.app); err != nil {
		r.t.Fatal(err)
	}
}

// holds says what the sponsor has free.
func (r *fixture) holds(free relay.Stroops) {
	r.view.there[r.sponsor] = relay.AccountFacts{Exists: true, Balance: free, Free: free}
}

func (r *fixture) reopen() {
	r.t.Helper()
	if err := r.s.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

func (r *fixture) mint(id relay.PaymentID) relay.Mint {
	return relay.Mint{
		Payment: id, Amount: 25 * relay.One, Asset: "native", Note: "for the boat, from " + string(id[4:9]), ReturnTo: r.home,
		ExpiresAt:        relay.Seconds(r.view.head.CloseTime + 86400),
		SenderRecipients: []string{r.sender.Recipient().String()}, ClaimRecipient: r.claim.Recipient().String(),
	}
}

// intent is a good one for the payments, with a new sequence number.
func (r *fixture) intent(ids ...relay.PaymentID) relay.FundIntent {
	r.next++
	in := relay.FundIntent{
		App: r.app, Channel: r.channel, Sequence: r.next, SignedAt: r.view.head.Sequence,
		Bound: r.view.head.Sequence + 20, MaxTime: r.view.head.CloseTime + 300,
	}
	for _, id := range ids {
		in.Mints = append(in.Mints, r.mint(id))
	}
	return in
}

func (r *fixture) fund(in relay.FundIntent) relay.FundAnswer {
	r.t.Helper()
	a, err := r.s.Fund(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// refused wants the intent refused with a code, and nothing in the log for it.
func (r *fixture) refused(in relay.FundIntent, code string) {
	r.t.Helper()
	before := r.lines()
	a, err := r.s.Fund(r.t.Context(), in)
	if got := relay.CodeOf(err); got != code {
		r.t.Errorf("refused with %q (%v), want %q", got, err, code)
	}
	if len(a.Minted) > 0 || a.Envelope.XDR != nil {
		r.t.Error("a refusal carries an answer")
	}
	if r.lines() != before {
		r.t.Error("a refusal wrote to the log")
	}
}

func (r *fixture) lines() int64 {
	r.t.Helper()
	report, err := VerifyLog(r.cfg.Dir, relay.LogMark{})
	if err != nil {
		r.t.Fatal(err)
	}
	return report.Lines
}

// claimIntent is a good one for a minted payment.
func (r *fixture) claimIntent(m relay.Minted, destination string) relay.ClaimIntent {
	return relay.ClaimIntent{
		Payment: m.Payment, Holding: m.Account, Destination: destination, NewAccount: true, Sequence: 77,
		SignedAt: r.view.head.Sequence, Bound: r.view.head.Sequence + 20, MaxTime: r.view.head.CloseTime + 300,
	}
}

// seed opens a box as the claimant does.
func (r *fixture) seed(m relay.Minted, id age.Identity) *keypair.Full {
	r.t.Helper()
	m.Asset, m.Amount = "native", 25*relay.One
	return r.seedOf(m, id)
}

func (r *fixture) seedOf(m relay.Minted, id age.Identity) *keypair.Full {
	r.t.Helper()
	c, err := unseal.Open(m.Box, id, box.Expect{
		Payment: string(m.Payment), Network: passphrase, Account: m.Account, Asset: m.Asset, Amount: int64(m.Amount),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	key, err := keypair.ParseFull(string(c.Secret.Reveal()))
	if err != nil {
		r.t.Fatal(err)
	}
	return key
}

// sign signs an envelope as a client does.
func (r *fixture) sign(envelope []byte, keys ...*keypair.Full) []byte {
	r.t.Helper()
	text, err := stellar.Sign(base64.StdEncoding.EncodeToString(envelope), passphrase, keys...)
	if err != nil {
		r.t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// logKey is the key of the macs, as the signer derives it.
func (r *fixture) logKey() secret.Key {
	r.t.Helper()
	kek, err := field.LoadRoot(r.cfg.ownKEK())
	if err != nil {
		r.t.Fatal(err)
	}
	key, err := logKey(kek)
	if err != nil {
		r.t.Fatal(err)
	}
	return key
}

func payment() relay.PaymentID { return relay.NewPaymentID(relay.Seconds(1_800_000_000)) }

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if got := relay.CodeOf(err); got != code || err == nil {
		t.Errorf("got %q (%v), want %q", got, err, code)
	}
}

// flaky is a log file that fails at a chosen moment, as not done or as done with the answer lost.
type flaky struct {
	*os.File
	failWrite bool // half a line is written, then an error
	failSync  bool // the line is written whole, then an error
}

var errDisk = errors.New("disk says no")

func (f *flaky) WriteAt(b []byte, at int64) (int, error) {
	if f.failWrite {
		n, _ := f.File.WriteAt(b[:len(b)/2], at)
		return n, errDisk
	}
	return f.File.WriteAt(b, at)
}

func (f *flaky) Sync() error {
	if f.failSync {
		return errDisk
	}
	return f.File.Sync()
}

// Gather knows of accounts with one key each, their own.
func (v *view) Gather(_ context.Context, envelope []byte, given ...[]byte) (relay.Gathered, error) {
	if v.err != nil {
		return relay.Gathered{}, v.err
	}
	tx, err := stellar.Decode(base64.StdEncoding.EncodeToString(envelope), passphrase)
	if err != nil {
		return relay.Gathered{}, err
	}
	s := stellar.Snapshot{Accounts: map[string]*stellar.Account{}}
	for _, a := range tx.Signers {
		s.Accounts[a] = &stellar.Account{ID: a, Thresholds: [4]byte{1}}
	}
	return stellar.View{Passphrase: passphrase}.Gather(s, envelope, given...)
}
