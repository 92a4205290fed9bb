package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/worker"
)

// The kill test. The ledger runs in a process of its own. `up` runs in another and is killed, by SIGKILL, at its first
// commit boundary, then at its second after a restart, and so on: right before a COMMIT and right after it, while many
// payments are sent, claimed and canceled. In the end it may run to the end, and an independent reader of the ledger
// accounts for every stroop. Three in ten answers to submissions are lost on the way.
//
// RESTANTE_KILLS sets how many boundaries (default 40); .ci/chaos runs many more.

const (
	childEnv = "RESTANTE_TEST_CHILD" // which part this process plays
	killEnv  = "RESTANTE_TEST_KILL"  // boundary at which `up` is killed; 0 = never
	dataEnv  = "RESTANTE_TEST_DATA"
	addrEnv  = "RESTANTE_TEST_ADDR"
	rpcEnv   = "RESTANTE_TEST_RPC"
	paceEnv  = "RESTANTE_TEST_PACE" // time between ledgers; default 100ms
)

// TestChild is not a test: it is the other processes of the kill test.
func TestChild(t *testing.T) {
	switch os.Getenv(childEnv) {
	case "ledger":
		err := run(t.Context(), os.Getenv, []string{"devnet", "--addr", os.Getenv(addrEnv), "--data", os.Getenv(dataEnv),
			"--interval", cmp.Or(os.Getenv(paceEnv), "100ms"), "--control", "127.0.0.1:0", "--passphrase", stack.DevelopmentNetwork}, nil, os.Stdout, os.Stderr)
		t.Fatal(err)
	case "up":
		t.Fatal(childUp(t.Context()))
	}
	t.Skip("plays its part only in other tests")
}

// childUp is `up` with a hand on the trigger.
func childUp(ctx context.Context) error {
	at, err := strconv.ParseUint(os.Getenv(killEnv), 10, 64)
	if err != nil {
		return err
	}
	cfg := stack.Config{Settings: stack.DefaultSettings(), Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	cfg.Data, cfg.Addr = os.Getenv(dataEnv), os.Getenv(addrEnv)
	cfg.Ledger.URL, cfg.Ledger.Friendbot = os.Getenv(rpcEnv), os.Getenv(rpcEnv)+"/friendbot"
	// A ledger closes every 100 ms here: with the usual bound in ledgers, a busy machine would miss it again and again.
	cfg.Worker = worker.Config{BoundLedgers: 60, SweepEvery: 50 * time.Millisecond, WatchEvery: 30 * time.Millisecond, Retry: 50 * time.Millisecond, Lease: 2 * time.Second}
	cfg.Observe = func(n uint64) {
		if at != 0 && n >= at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // nothing after this line runs
		}
	}
	h, err := stack.Open(ctx, cfg)
	if err != nil {
		return err
	}
	if _, err := h.Prepare(ctx); err != nil {
		return err
	}
	return h.Run(ctx)
}

// theatre is the driver's side: the processes, and the payments it plays.
type theatre struct {
	t        *testing.T
	dir      string
	addr     string
	ledger   bareledger.Reader
	control  string // URL of the ledger's control port
	pace     string // time between ledgers; "" = 100ms
	payments []*life
}

// life is one payment as its people know it.
type life struct {
	plot    int // see the constants
	id      string
	account *keypair.Full
	state   string
	holding string
	err     error
}

// The plots.
const (
	claimIt       = iota
	cancelAtOnce  // most likely before anything was funded
	both          // claim and cancel race
	claimVouched  // guarded: with the app's word in place of a code
	cancelWaiting // once the money waits
	plots
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
	th := &theatre{t: t, dir: t.TempDir(), addr: freeAddr(t)}
	stopLedger := th.startLedger()
	defer stopLedger()
	stop := th.up(0)
	th.ready()
	w := th.env()
	treasury := th.treasury(w)
	stop()
	everybody := th.everybody(w, treasury)
	before := th.lumens(everybody)
	treasuryBefore := th.account(treasury).Balance

	th.spoil(`{"lose_answer":0.3,"seed":7}`) // the ledger has the envelope, and nobody is told
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Duration(kills)*5*time.Second)
	defer cancel()
	var players sync.WaitGroup
	var mu sync.Mutex
	var over atomic.Bool
	for i := range 12 {
		players.Go(func() { // one payment after the other, as long as the killing goes on
			for n := i; n < i+12*30 && (n < 24 || !over.Load()); n += 12 {
				l := &life{plot: n % plots, account: keypair.MustRandom()}
				mu.Lock()
				th.payments = append(th.payments, l)
				mu.Unlock()
				l.err = th.play(ctx, w, l)
			}
		})
	}
	for k := 1; k <= kills; k++ {
		th.up(uint64(k))() // runs until it has killed itself
	}
	over.Store(true)
	stop = th.up(0)
	players.Wait()
	stop()
	th.account4All(everybody, before, treasury, treasuryBefore)
}

// account4All is the accountant. He reads the ledger and the people's own notes, and nothing of the service. No payment is left
// out, whatever became of its people: what the ledger says of its accounts counts in any case.
func (th *theatre) account4All(everybody []string, before int64, treasury string, treasuryBefore int64) {
	t := th.t
	claimed := int64(0)
	ends := map[string]int{}
	for i, l := range th.payments {
		if l.err != nil {
			t.Errorf("payment %d (%s, plot %d): %v", i, l.id, l.plot, l.err)
		}
		ends[l.state]++
		got := th.account(l.account.Address())
		switch {
		case !relay.State(l.state).Ended():
			t.Errorf("payment %d (%s, plot %d) has not ended: it is %q, and its claimant has %d stroops", i, l.id, l.plot, l.state, got.Balance)
		case l.state == string(relay.Claimed) && got.Balance != demo.Amount:
			t.Errorf("payment %d is claimed, its claimant has %d stroops", i, got.Balance)
		case l.state != string(relay.Claimed) && got.Exists:
			t.Errorf("payment %d is %s, its claimant has %d stroops", i, l.state, got.Balance)
		}
		if got.Exists {
			claimed++
			everybody = append(everybody, l.account.Address())
		}
		if l.holding != "" && th.account(l.holding).Exists {
			t.Errorf("payment %d is %s, and its holding account still exists", i, l.state)
		}
	}
	if got, want := th.account(treasury).Balance, treasuryBefore-claimed*demo.Amount; got != want {
		t.Errorf("the treasury has %d stroops, not %d: %d are missing", got, want, want-got)
	}
	if after := th.lumens(everybody); after != before {
		t.Errorf("all accounts and the fee pool had %d stroops together, now %d", before, after)
	}
	if ends[string(relay.Claimed)] == 0 || ends[string(relay.Returned)] == 0 {
		t.Errorf("the play was too tame: %v", ends)
	}
	t.Logf("%d payments, ends: %v", len(th.payments), ends)
}

// play is the life of one payment, by people who try again whenever nobody answers.
func (th *theatre) play(ctx context.Context, w map[string]string, l *life) error {
	app, err := client.New(w["RESTANTE_SERVER"], client.Options{Key: secret.NewString(w["RESTANTE_KEY"])})
	if err != nil {
		return err
	}
	var sent client.Sent
	err = stubborn(ctx, func() (err error) {
		sent, err = app.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Policy: l.policy()})
		var unclear *client.Unclear
		if errors.As(err, &unclear) { // the link is ours; was it accepted?
			return stubborn(ctx, func() error {
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
		return th.play(ctx, w, l)
	}
	l.id = sent.Payment.ID
	acted := th.act(ctx, app, l, sent.Link)
	return errors.Join(acted, stubborn(ctx, func() error { // the end counts whatever went wrong before
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

func (l *life) policy() string {
	if l.plot == claimVouched {
		return string(relay.Guarded)
	}
	return string(relay.Link)
}

// act claims, cancels, or does both at once.
func (th *theatre) act(ctx context.Context, app *client.Client, l *life, link client.Link) error {
	var wg sync.WaitGroup
	var claimErr, cancelErr error
	if l.plot == claimIt || l.plot == both || l.plot == claimVouched {
		wg.Go(func() { claimErr = th.claim(ctx, app, l, link) })
	}
	if l.plot == cancelAtOnce || l.plot == both || l.plot == cancelWaiting {
		wg.Go(func() {
			if l.plot != cancelAtOnce { // let the money arrive
				cancelErr = stubborn(ctx, func() error {
					_, err := app.Follow(ctx, l.id, func(p client.Payment) bool { return p.State != "created" && p.State != "funding" })
					return err
				})
			}
			if cancelErr == nil {
				cancelErr = stubborn(ctx, func() error {
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
	if l.plot == both && (errors.As(claimErr, &lost) || strings.HasPrefix(problemCode(claimErr), "already_")) {
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

func (th *theatre) claim(ctx context.Context, app *client.Client, l *life, link client.Link) error {
	return stubborn(ctx, func() error {
		r := client.ClaimRequest{Link: link, Earlier: l.account.Address(),
			Account: func(context.Context, redeem.Holding) (client.Account, error) {
				return client.Account{Address: l.account.Address(), Seed: secret.NewString(l.account.Seed())}, nil
			}}
		if l.plot == claimVouched {
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

// stubborn tries again as long as nobody answered, or the answer was "later".
func stubborn(ctx context.Context, try func() error) error {
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

// child starts a part of the play in a process of its own.
func (th *theatre) child(name string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.timeout=2h")
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+name)...)
	log, err := os.OpenFile(filepath.Join(th.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		th.t.Fatal(err)
	}
	cmd.Stderr = log
	th.t.Cleanup(func() {
		log.Close()
		if th.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			th.t.Logf("%s wrote:\n%s", name, text[max(0, len(text)-4000):])
		}
	})
	return cmd
}

func (th *theatre) startLedger() (stop func()) {
	cmd := th.child("ledger", addrEnv+"=127.0.0.1:0", dataEnv+"="+filepath.Join(th.dir, "ledger"), paceEnv+"="+th.pace)
	out, err := cmd.StdoutPipe()
	if err != nil {
		th.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		th.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); th.ledger.URL == "" || th.control == ""; {
		if !lines.Scan() {
			th.t.Fatal("the ledger did not say where it is")
		}
		switch name, url, _ := strings.Cut(lines.Text(), " "); name {
		case "rpc":
			th.ledger.URL = url
		case "control":
			th.control = url
		}
	}
	return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
}

// up starts `up`, to be killed at a boundary. The function returned waits for its death, which it helps along when the
// boundary is 0.
func (th *theatre) up(killAt uint64) (end func()) {
	wait := th.start(killAt)
	return func() {
		if killed, err := wait(); !killed {
			th.t.Fatalf("`up`, to be killed at boundary %d, ended by itself: %v", killAt, err)
		}
	}
}

// start is up whose function says whether it was killed, and not what it makes of an end of its own.
func (th *theatre) start(killAt uint64) (wait func() (killed bool, err error)) {
	cmd := th.child("up", killEnv+"="+strconv.FormatUint(killAt, 10), dataEnv+"="+filepath.Join(th.dir, "data"), addrEnv+"="+th.addr, rpcEnv+"="+th.ledger.URL)
	if err := cmd.Start(); err != nil {
		th.t.Fatal(err)
	}
	return func() (bool, error) {
		if killAt == 0 {
			_ = cmd.Process.Kill()
		}
		died := make(chan error, 1)
		go func() { died <- cmd.Wait() }()
		var err error
		select {
		case err = <-died:
		case <-time.After(2 * time.Minute):
			_ = cmd.Process.Kill()
			th.t.Fatalf("`up` does not get to boundary %d: it stands still (%v)", killAt, <-died)
		}
		var exit *exec.ExitError
		return errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, err
	}
}

// spoil switches the ledger's faults.
func (th *theatre) spoil(faults string) {
	resp, err := http.Post(th.control+"/faults", "application/json", strings.NewReader(faults))
	if err != nil {
		th.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		th.t.Fatalf("the ledger refuses %s: %s", faults, resp.Status)
	}
}

func (th *theatre) ready() {
	for range 600 {
		resp, err := http.Get("http://" + th.addr + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		_ = boot.Pause(th.t.Context(), 50*time.Millisecond)
	}
	th.t.Fatal("`up` does not get ready")
}

func (th *theatre) env() map[string]string {
	env, err := stack.ReadEnv(filepath.Join(th.dir, "data", "dev.env"))
	if err != nil {
		th.t.Fatal(err)
	}
	return env
}

func (th *theatre) treasury(w map[string]string) string {
	app, err := client.New(w["RESTANTE_SERVER"], client.Options{Key: secret.NewString(w["RESTANTE_KEY"])})
	if err != nil {
		th.t.Fatal(err)
	}
	tr, err := app.Treasury(th.t.Context(), "")
	if err != nil {
		th.t.Fatal(err)
	}
	return tr.Address
}

// everybody is every account that the service has at the start: what the ledger's state holds besides its friendbot.
func (th *theatre) everybody(_ map[string]string, treasury string) []string {
	log, err := os.ReadFile(filepath.Join(th.dir, "data", "signer", "log.jsonl"))
	if err != nil {
		th.t.Fatal(err)
	}
	all := map[string]bool{treasury: true}
	for word := range strings.FieldsFuncSeq(string(log), func(r rune) bool { return r < '0' || r > 'Z' || r > '9' && r < 'A' }) {
		if _, err := keypair.ParseAddress(word); err == nil && len(word) == 56 {
			all[word] = true
		}
	}
	var out []string
	for a := range all {
		out = append(out, a)
	}
	return out
}

func (th *theatre) account(address string) bareledger.Account {
	a, err := th.ledger.Account(th.t.Context(), address)
	if err != nil {
		th.t.Fatal(err)
	}
	return a
}

// lumens is what the accounts have together with what fees have taken, in stroops: it never changes. The friendbot pays
// nobody after the start.
func (th *theatre) lumens(accounts []string) int64 {
	sum := th.feePool()
	for _, a := range accounts {
		sum += th.account(a).Balance
	}
	return sum
}

func (th *theatre) feePool() int64 {
	ctx := th.t.Context()
	latest, err := th.ledger.Latest(ctx)
	if err != nil {
		th.t.Fatal(err)
	}
	var answer struct{ Ledgers []struct{ HeaderXDR string } }
	if err := th.ledger.Call(ctx, "getLedgers", map[string]any{"startLedger": latest, "pagination": map[string]any{"limit": 1}}, &answer); err != nil {
		th.t.Fatal(err)
	}
	var entry xdr.LedgerHeaderHistoryEntry
	if err := xdr.SafeUnmarshalBase64(answer.Ledgers[0].HeaderXDR, &entry); err != nil {
		th.t.Fatal(err)
	}
	return int64(entry.Header.FeePool)
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
