package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/demo"
)

// The kill test. The ledger runs in a process of its own. `up` runs in another and is killed, by SIGKILL, at its first
// commit boundary, then at its second after a restart, and so on: right before a COMMIT and right after it, while many
// payments are sent, claimed and canceled. In the end it may run to the end, and an independent reader of the ledger
// accounts for every stroop. Three in ten answers to submissions are lost on the way.
//
// RESTANTE_KILLS sets how many boundaries (default 40); .ci/chaos runs many more.

const (
	childEnv = "RESTANTE_TEST_CHILD" // which part this process is
	killEnv  = "RESTANTE_TEST_KILL"  // boundary at which `up` is killed; 0 = never
	dataEnv  = "RESTANTE_TEST_DATA"
	addrEnv  = "RESTANTE_TEST_ADDR"
	rpcEnv   = "RESTANTE_TEST_RPC"
	paceEnv  = "RESTANTE_TEST_PACE" // time between ledgers; default 100ms
)

// testPayment is one payment as its sender and its recipient know it.
type testPayment struct {
	scenario int // see the constants
	id       string
	account  *keypair.Full
	state    string
	holding  string
	err      error
}

// The scenarios.
const (
	claimIt       = iota
	cancelAtOnce  // most likely before anything was funded
	both          // claim and cancel race
	claimVouched  // guarded: with the app's word in place of a code
	cancelWaiting // once the money waits
	scenarios
)

func TestKill(t *testing.T) {
	t.Parallel()
	kills := 40
	if n, err := strconv.Atoi(os.Getenv("RESTANTE_KILLS")); err == nil {
		kills = n
	}
	if testing.Short() {
		kills = 6
	}
	x := &killFixture{t: t, dir: t.TempDir(), addr: freeAddr(t)}
	stopLedger := x.startLedger()
	defer stopLedger()
	stop := x.up(0)
	x.ready()
	w := x.env()
	treasury := x.treasury(w)
	stop()
	accounts := x.accounts(w, treasury)
	before := x.lumens(accounts)
	treasuryBefore := x.account(treasury).Balance

	x.setFaults(`{"lose_answer":0.3,"seed":7}`) // the ledger has the envelope, and the answer is lost
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Duration(kills)*5*time.Second)
	defer cancel()
	var senders sync.WaitGroup
	var mu sync.Mutex
	var over atomic.Bool
	for i := range 12 {
		senders.Go(func() { // one payment after the other, as long as the kills go on
			for n := i; n < i+12*30 && (n < 24 || !over.Load()); n += 12 {
				l := &testPayment{scenario: n % scenarios, account: keypair.MustRandom()}
				mu.Lock()
				x.payments = append(x.payments, l)
				mu.Unlock()
				l.err = x.runPayment(ctx, w, l)
			}
		})
	}
	for k := 1; k <= kills; k++ {
		x.up(uint64(k))() // runs until it has killed itself
	}
	over.Store(true)
	stop = x.up(0)
	senders.Wait()
	stop()
	x.checkBalances(accounts, before, treasury, treasuryBefore)
}

// checkBalances reads the ledger and what sender and recipient noted, and nothing of the service. No payment is left out, whatever
// error its requests ended with: what the ledger says of its accounts counts in any case.
func (x *killFixture) checkBalances(accounts []string, before int64, treasury string, treasuryBefore int64) {
	t := x.t
	claimed := int64(0)
	ends := map[string]int{}
	for i, l := range x.payments {
		if l.err != nil {
			t.Errorf("payment %d (%s, plot %d): %v", i, l.id, l.scenario, l.err)
		}
		ends[l.state]++
		got := x.account(l.account.Address())
		switch {
		case !relay.State(l.state).Ended():
			t.Errorf("payment %d (%s, plot %d) has not ended: it is %q, and its claimant has %d stroops", i, l.id, l.scenario, l.state, got.Balance)
		case l.state == string(relay.Claimed) && got.Balance != demo.Amount:
			t.Errorf("payment %d is claimed, its claimant has %d stroops", i, got.Balance)
		case l.state != string(relay.Claimed) && got.Exists:
			t.Errorf("payment %d is %s, its claimant has %d stroops", i, l.state, got.Balance)
		}
		if got.Exists {
			claimed++
			accounts = append(accounts, l.account.Address())
		}
		if l.holding != "" && x.account(l.holding).Exists {
			t.Errorf("payment %d is %s, and its holding account still exists", i, l.state)
		}
	}
	if got, want := x.account(treasury).Balance, treasuryBefore-claimed*demo.Amount; got != want {
		t.Errorf("the treasury has %d stroops, not %d: %d are missing", got, want, want-got)
	}
	if after := x.lumens(accounts); after != before {
		t.Errorf("all accounts and the fee pool had %d stroops together, now %d", before, after)
	}
	if ends[string(relay.Claimed)] == 0 || ends[string(relay.Returned)] == 0 {
		t.Errorf("too few kinds of ends: %v", ends)
	}
	t.Logf("%d payments, ends: %v", len(x.payments), ends)
}

// runPayment sends one payment and goes on to its end, and tries again whenever no answer comes.
func (x *killFixture) runPayment(ctx context.Context, w map[string]string, l *testPayment) error {
	app, err := client.New(w["RESTANTE_SERVER"], client.Options{Key: secret.NewString(w["RESTANTE_KEY"])})
	if err != nil {
		return err
	}
	var sent client.Sent
	err = retry(ctx, func() (err error) {
		sent, err = app.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Policy: l.policy()})
		var unclear *client.Unclear
		if errors.As(err, &unclear) { // the link is ours; was it accepted?
			return retry(ctx, func() error {
				_, err := app.Get(ctx, sent.Payment.ID, 0)
				if client.IsCode(err, "not_found") {
					err = nil
					sent = client.Sent{}
				}
				return err
			})
		}
		if err == nil && sent.Payment.ID == "" {
			err = errAgain
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if sent.Payment.ID == "" {
		return x.runPayment(ctx, w, l)
	}
	l.id = sent.Payment.ID
	acted := x.act(ctx, app, l, sent.Link)
	return errors.Join(acted, retry(ctx, func() error { // the end counts whatever went wrong before
		p, err := app.Follow(ctx, l.id, func(p client.Payment) bool { return relay.State(p.State).Ended() })
		if err == nil {
			l.state = p.State
			if p.HoldingAccount != nil {
				l.holding = *p.HoldingAccount
			}
		}
		return err
	}))
}

func (l *testPayment) policy() string {
	if l.scenario == claimVouched {
		return string(relay.Guarded)
	}
	return string(relay.Link)
}

// act claims, cancels, or does both at once.
func (x *killFixture) act(ctx context.Context, app *client.Client, l *testPayment, link client.Link) error {
	var wg sync.WaitGroup
	var claimErr, cancelErr error
	if l.scenario == claimIt || l.scenario == both || l.scenario == claimVouched {
		wg.Go(func() { claimErr = x.claim(ctx, app, l, link) })
	}
	if l.scenario == cancelAtOnce || l.scenario == both || l.scenario == cancelWaiting {
		wg.Go(func() {
			if l.scenario != cancelAtOnce { // let the money arrive
				cancelErr = retry(ctx, func() error {
					_, err := app.Follow(ctx, l.id, func(p client.Payment) bool { return p.State != "created" && p.State != "funding" })
					return err
				})
			}
			if cancelErr == nil {
				cancelErr = retry(ctx, func() error {
					_, err := app.Cancel(ctx, l.id)
					if client.IsCode(err, "already_claimed") {
						err = nil
					}
					return err
				})
			}
		})
	}
	wg.Wait()
	var lost *client.Lost
	if l.scenario == both && (errors.As(claimErr, &lost) || strings.HasPrefix(problemCode(claimErr), "already_")) {
		claimErr = nil
	}
	return errors.Join(claimErr, cancelErr)
}

func problemCode(err error) string {
	var p *client.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func (x *killFixture) claim(ctx context.Context, app *client.Client, l *testPayment, link client.Link) error {
	return retry(ctx, func() error {
		r := client.ClaimRequest{Link: link, Earlier: l.account.Address(),
			Account: func(context.Context, redeem.Holding) (client.Account, error) {
				return client.Account{Address: l.account.Address(), Seed: secret.NewString(l.account.Seed())}, nil
			}}
		if l.scenario == claimVouched {
			v, err := app.Vouch(ctx, l.id)
			if err != nil && problemCode(err) != "already_claimed" { // an earlier try landed: Claim sees that it is hers
				return err
			}
			r.Voucher = v.Voucher
		}
		_, err := app.Claim(ctx, r)
		return err
	})
}

var errAgain = errors.New("again")

// retry tries again as long as no answer comes, or one that says "later".
func retry(ctx context.Context, try func() error) error {
	for {
		err := try()
		var silent *client.Unreached
		var p *client.Problem
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), err)
		case errors.Is(err, errAgain), errors.As(err, &silent):
		case errors.As(err, &p) && (p.Status >= 500 || p.Status == 429 || p.Code == "claim_in_flight" || p.Code == "not_ready" || p.Code == "idempotency_in_flight"):
		default:
			return err
		}
		if err := boot.Pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}
