package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// The fault run. The ledger runs in a process of its own and loses answers, drops sets, forgets what it had accepted, lags, and answers
// 429, 503 and 504 in between. `up` runs in another and is killed, again and again, at one of its next commit boundaries. Meanwhile users
// send out of the treasury and out of wallets, lumens and an asset, directly too; claim, cancel, move, and do two of these at once. Then
// the faults end, everything may end, and an independent reader of the ledger accounts for every stroop.
//
// RESTANTE_FAULTS sets how long it runs (default 15s); `.ci/faults` runs ten minutes.

// fewFaults and manyFaults are the faults of the ledger, in turns.
const (
	fewFaults  = `{"seed":11,"lose_answer":0.2,"try_again":0.1,"late_inclusion":2,"drop_set":0.1}`
	manyFaults = `{"seed":12,"lose_answer":0.3,"try_again":0.2,"late_inclusion":3,"drop_set":0.2,"drop":0.1,"http_429":0.05,"http_503":0.1,"http_504":0.05,"lag":2}`
	noFaults   = `{"seed":13}`
)

// faultPayment is one payment of the fault run, with all that its sender knows of it.
type faultPayment struct {
	scenario string
	id       string
	asset    string
	amount   int64
	user     *user // out of whose wallet; nil: the treasury
	key      *keypair.Full
	h        string // holding account that the sender's client made
	state    string
	direct   bool
}

// user sends one payment after the other, out of a wallet of its own too.
type user struct {
	*faults
	wallet *keypair.Full
	random *mrand.Rand
}

type faults struct {
	*killFixture
	app      *client.Client
	network  string
	sender   *age.X25519Identity // opens every box, as its sender
	issuer   *keypair.Full
	asset    string
	onFile   *keypair.Full
	treasury string
	users    []*user

	mu           sync.Mutex
	sentPayments []*faultPayment
	outcomes     map[string]int // answers that ended an attempt
}

func TestFaults(t *testing.T) {
	t.Parallel()
	length := 15 * time.Second
	if text := os.Getenv("RESTANTE_FAULTS"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	f := &faults{killFixture: &killFixture{t: t, dir: t.TempDir(), addr: freeAddr(t)}, outcomes: map[string]int{}}
	if length > time.Minute {
		f.pace = "500ms"
	}
	defer f.startLedger()()
	stop := f.up(0)
	f.ready()
	ctx, cancel := context.WithTimeout(t.Context(), 2*length+10*time.Minute)
	defer cancel()
	f.prepare(ctx)
	before := f.read()
	until := time.Now().Add(length)
	var running sync.WaitGroup
	for _, p := range f.users {
		running.Go(func() {
			for time.Now().Before(until) && ctx.Err() == nil {
				p.sendOne(ctx)
			}
		})
	}
	stop()
	kills := f.killInTurns(until)
	f.setFaults(noFaults)
	stop = f.up(0)
	running.Wait()
	f.endAll(ctx)
	stop()
	f.checkAllBalances(before, length > time.Minute)
	t.Logf("%d payments, %d kills; answers that ended an attempt: %v", len(f.sentPayments), kills, f.outcomes)
}

// killInTurns kills `up` at one of its next boundaries, starts it again, and changes the faults, until the time is over: a third of the runs
// begin with many faults, in a third those come once `up` is ready, and a third have few. `up` never ends by itself.
func (f *faults) killInTurns(until time.Time) (kills int) {
	random := mrand.New(mrand.NewPCG(7, 7))
	for n := 0; time.Now().Before(until); n++ {
		next := fewFaults
		if n%3 == 1 {
			next = manyFaults
		}
		f.setFaults(next)
		wait := f.start(1 + random.Uint64N(120))
		if n%3 == 2 {
			f.waitReady()
			f.setFaults(manyFaults)
		}
		if killed, err := wait(); !killed {
			f.t.Fatalf("`up` ended by itself: %v", err)
		}
		kills++
	}
	return kills
}

// waitReady waits until `up` is ready, or has been killed before it was.
func (f *faults) waitReady() {
	for range 20 {
		resp, err := http.Get("http://" + f.addr + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		_ = boot.Pause(f.t.Context(), 50*time.Millisecond)
	}
}

// tx hands a transaction in and waits until it is in a ledger. For the start, when nothing fails.
func (f *faults) tx(ctx context.Context, key *keypair.Full, ops ...txnbuild.Operation) {
	f.t.Helper()
	a := f.account(key.Address())
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: key.Address(), Sequence: a.Sequence}, IncrementSequenceNum: true, Operations: ops,
		BaseFee: 100, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	f.must(err)
	tx, err = tx.Sign(f.network, key)
	f.must(err)
	text, err := tx.Base64()
	f.must(err)
	hash, err := tx.HashHex(f.network)
	f.must(err)
	_, err = f.ledger.Submit(ctx, text)
	f.must(err)
	for status := ""; status != "SUCCESS"; {
		status, _, err = f.ledger.Lookup(ctx, hash)
		f.must(errors.Join(err, boot.Pause(ctx, 20*time.Millisecond)))
		if status == "FAILED" {
			f.t.Fatal("a transaction of the start failed")
		}
	}
}

func (f *faults) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *faults) fundAccount(ctx context.Context) *keypair.Full {
	f.t.Helper()
	key := keypair.MustRandom()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.ledger.URL+"/friendbot?addr="+key.Address(), nil)
	f.must(err)
	resp, err := http.DefaultClient.Do(req)
	f.must(err)
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		f.t.Fatalf("friendbot: %s %s", resp.Status, text)
	}
	return key
}

// prepare makes accounts, an issuer with an asset in treasury and wallets, and puts an account on file.
func (f *faults) prepare(ctx context.Context) {
	w := f.env()
	var err error
	f.app, err = client.New(w["RESTANTE_SERVER"], client.Options{Key: secret.NewString(w["RESTANTE_KEY"])})
	f.must(err)
	f.network = stack.DevelopmentNetwork
	f.sender, err = age.GenerateX25519Identity()
	f.must(err)
	app, err := f.app.CreateApp(ctx, client.AppRequest{Name: "Acme", Recipient: f.sender.Recipient().String(), MayVouch: true, Quiet: true})
	f.must(err)
	f.treasury = app.Treasury
	f.app, err = client.New(w["RESTANTE_SERVER"], client.Options{Key: secret.NewString(app.Key.Text)})
	f.must(err)
	f.issuer = f.fundAccount(ctx)
	f.asset = "USD:" + f.issuer.Address()
	usd := txnbuild.CreditAsset{Code: "USD", Issuer: f.issuer.Address()}
	_, err = f.app.Trust(ctx, f.asset)
	f.must(err)
	f.tx(ctx, f.issuer, &txnbuild.Payment{Destination: f.treasury, Amount: "100000", Asset: usd})
	for i := range 6 {
		p := &user{faults: f, wallet: f.fundAccount(ctx), random: mrand.New(mrand.NewPCG(uint64(i), 1))}
		f.tx(ctx, p.wallet, &txnbuild.ChangeTrust{Line: usd.MustToChangeTrustAsset()})
		f.tx(ctx, f.issuer, &txnbuild.Payment{Destination: p.wallet.Address(), Amount: "100000", Asset: usd})
		f.users = append(f.users, p)
	}
	f.onFile = keypair.MustRandom()
	first := &faultPayment{key: f.onFile}
	sent, err := f.app.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25"})
	f.must(err)
	first.id = sent.Payment.ID
	v, err := f.vouchWhenWaiting(ctx, sent.Payment.ID)
	f.must(err)
	r := f.claimOf(first, sent.Link)
	r.Voucher, r.OnFile = v, true
	_, err = f.app.Claim(ctx, r)
	f.must(err)
}

func (f *faults) vouchWhenWaiting(ctx context.Context, id string) (string, error) {
	p, err := f.app.Follow(ctx, id, func(p client.Payment) bool { return p.State != "created" && p.State != "funding" })
	if err != nil {
		return "", err
	}
	v, err := f.app.Vouch(ctx, id)
	if err != nil {
		err = fmt.Errorf("the payment is %s %s: %w", p.State, p.Reason, err)
	}
	return v.Voucher, err
}

func (f *faults) claimOf(t *faultPayment, link client.Link) client.ClaimRequest {
	return client.ClaimRequest{Link: link, Earlier: t.key.Address(), Account: func(context.Context, redeem.Holding) (client.Account, error) {
		return client.Account{Address: t.key.Address(), Seed: secret.NewString(t.key.Seed())}, nil
	}}
}

// keep keeps a payment for the account at the end.
func (f *faults) keep(t *faultPayment) *faultPayment {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sentPayments = append(f.sentPayments, t)
	return t
}

// count counts what ended an attempt. Whether money was lost by it, checkAllBalances says.
func (f *faults) count(what string, err error) {
	if err == nil {
		return
	}
	word := problemCode(err)
	var lost *client.Lost
	switch {
	case errors.As(err, &lost):
		word = "lost"
	case word == "":
		word = fmt.Sprintf("%T", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outcomes[what+" "+word]++
}

// sendOne sends one payment, and claims, cancels or moves it, or does two of these at once.
func (p *user) sendOne(ctx context.Context) {
	credit, own, scenario := p.random.IntN(2) == 1, p.random.IntN(2) == 1, p.random.IntN(6)
	r := client.SendRequest{To: "eva@example.com", Amount: "25", Policy: string(relay.Link), Reference: rand.Text()}
	t := &faultPayment{scenario: fmt.Sprint("plot ", scenario), asset: relay.Native, amount: demo.Amount, key: keypair.MustRandom()}
	if credit {
		r.Asset, r.Amount, t.asset, t.amount = p.asset, "10", p.asset, 10_0000000
	}
	if scenario == 5 && !own { // directly; an asset that she cannot take waits for her
		r.To, r.Direct, r.Policy = "ana@example.com", true, ""
	}
	sent, ok := p.send(ctx, t, r, own)
	if !ok {
		return
	}
	if t.direct {
		return // it goes by itself
	}
	var both sync.WaitGroup
	if scenario == 0 || scenario == 2 || scenario == 4 {
		both.Go(func() { p.count("claim", p.claim(ctx, t, sent.Link)) })
	}
	if scenario == 1 || scenario == 2 {
		both.Go(func() { p.count("cancel", p.cancel(ctx, t.id, scenario == 1 && p.random.IntN(2) == 0)) })
	}
	if scenario == 3 || scenario == 4 {
		both.Go(func() { p.move(ctx, t, scenario == 3) })
	}
	both.Wait()
}

// send sends, and finds out what became of it when the answer was lost.
func (p *user) send(ctx context.Context, t *faultPayment, r client.SendRequest, own bool) (sent client.Sent, ok bool) {
	var err error
	if !own {
		sent, err = p.app.Send(ctx, r)
	} else {
		t.user = p
		sent, err = p.app.SendOwn(ctx, client.OwnRequest{SendRequest: r, From: p.wallet.Address(), Recipients: []string{p.sender.Recipient().String()},
			Keep: func(k client.OwnReceipt) error { t.h = k.HoldingAccount; return nil }, Sign: client.SignWith(p.network, secret.NewString(p.wallet.Seed()))})
	}
	p.count("send", err)
	var list client.PaymentList
	asked := retry(ctx, func() error { // the ledger and the relay know; the user's client may not
		var err error
		list, err = p.app.List(ctx, client.Filter{Reference: r.Reference})
		return err
	})
	if asked != nil || len(list.Data) != 1 {
		p.count("list", asked)
		return sent, false
	}
	t.id, t.direct = list.Data[0].ID, list.Data[0].Direct
	p.keep(t)
	return sent, sent.Payment.ID == t.id && sent.Link.PaymentID == t.id
}

func (p *user) claim(ctx context.Context, t *faultPayment, link client.Link) error {
	return retry(ctx, func() error { _, err := p.app.Claim(ctx, p.claimOf(t, link)); return err })
}

func (p *user) cancel(ctx context.Context, id string, atOnce bool) error {
	return retry(ctx, func() error {
		if !atOnce {
			if _, err := p.app.Follow(ctx, id, func(q client.Payment) bool { return q.State != "created" && q.State != "funding" }); err != nil {
				return err
			}
		}
		_, err := p.app.Cancel(ctx, id)
		return err
	})
}

// move moves what waits into a payment of its own, and claims that or brings it home.
func (p *user) move(ctx context.Context, old *faultPayment, claims bool) {
	if _, err := p.app.Follow(ctx, old.id, func(q client.Payment) bool { return q.State != "created" && q.State != "funding" }); err != nil {
		p.count("move", err)
		return
	}
	t := &faultPayment{scenario: "moved from " + old.id, asset: old.asset, amount: old.amount, user: old.user, key: keypair.MustRandom()}
	q := client.MoveRequest{ID: old.id, To: "mia@example.com", Policy: string(relay.Link), Identities: []secret.Bytes{secret.NewString(p.sender.String())},
		Keep: func(k client.OwnReceipt) error { t.id, t.h = k.Payment, k.HoldingAccount; p.keep(t); return nil }}
	if old.user != nil {
		q.Sign = client.SignWith(p.network, secret.NewString(p.wallet.Seed()))
	}
	sent, err := p.app.Move(ctx, q)
	p.count("move", err)
	switch {
	case err != nil:
	case claims:
		p.count("claim of a move", p.claim(ctx, t, sent.Link))
	default:
		p.count("cancel of a move", p.cancel(ctx, t.id, false))
	}
}
