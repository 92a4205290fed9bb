package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/worker"
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
	t.Skip("runs only for other tests")
}

// childUp is `up` that kills itself at a boundary.
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

// killFixture is the test's own side: the processes, and the payments that it sends.
type killFixture struct {
	t        *testing.T
	dir      string
	addr     string
	ledger   bareledger.Reader
	control  string // URL of the ledger's control port
	pace     string // time between ledgers; "" = 100ms
	payments []*testPayment
}

// child starts a part of the test in a process of its own.
func (x *killFixture) child(name string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.timeout=2h")
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+name)...)
	log, err := os.OpenFile(filepath.Join(x.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		x.t.Fatal(err)
	}
	if cmd.Stderr = log; name == "up" {
		cmd.Stdout = log // the failure of a test, which TestChild is to the process
	}
	x.t.Cleanup(func() {
		log.Close()
		if x.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			x.t.Logf("%s wrote:\n%s", name, text[max(0, len(text)-4000):])
		}
	})
	return cmd
}

func (x *killFixture) startLedger() (stop func()) {
	cmd := x.child("ledger", addrEnv+"=127.0.0.1:0", dataEnv+"="+filepath.Join(x.dir, "ledger"), paceEnv+"="+x.pace)
	out, err := cmd.StdoutPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); x.ledger.URL == "" || x.control == ""; {
		if !lines.Scan() {
			x.t.Fatal("the ledger did not say where it is")
		}
		switch name, url, _ := strings.Cut(lines.Text(), " "); name {
		case "rpc":
			x.ledger.URL = url
		case "control":
			x.control = url
		}
	}
	return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
}

// up starts `up`, to be killed at a boundary. The function returned waits for its death, which it helps along when the
// boundary is 0.
func (x *killFixture) up(killAt uint64) (end func()) {
	wait := x.start(killAt)
	return func() {
		if killed, err := wait(); !killed {
			x.t.Fatalf("`up`, to be killed at boundary %d, ended by itself: %v", killAt, err)
		}
	}
}

// start is up whose function says whether it was killed, and not what it makes of an end of its own.
func (x *killFixture) start(killAt uint64) (wait func() (killed bool, err error)) {
	cmd := x.child("up", killEnv+"="+strconv.FormatUint(killAt, 10), dataEnv+"="+filepath.Join(x.dir, "data"), addrEnv+"="+x.addr, rpcEnv+"="+x.ledger.URL)
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
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
			x.t.Fatalf("`up` does not get to boundary %d: it stands still (%v)", killAt, <-died)
		}
		var exit *exec.ExitError
		return errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, err
	}
}

// setFaults switches the ledger's faults.
func (x *killFixture) setFaults(faults string) {
	resp, err := http.Post(x.control+"/faults", "application/json", strings.NewReader(faults))
	if err != nil {
		x.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		x.t.Fatalf("the ledger refuses %s: %s", faults, resp.Status)
	}
}

func (x *killFixture) ready() {
	for range 600 {
		resp, err := http.Get("http://" + x.addr + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		_ = boot.Pause(x.t.Context(), 50*time.Millisecond)
	}
	x.t.Fatal("`up` does not get ready")
}

func (x *killFixture) env() map[string]string {
	env, err := stack.ReadEnv(filepath.Join(x.dir, "data", "dev.env"))
	if err != nil {
		x.t.Fatal(err)
	}
	return env
}

func (x *killFixture) treasury(w map[string]string) string {
	app, err := client.New(w["RESTANTE_SERVER"], client.Options{Key: secret.NewString(w["RESTANTE_KEY"])})
	if err != nil {
		x.t.Fatal(err)
	}
	tr, err := app.Treasury(x.t.Context(), "")
	if err != nil {
		x.t.Fatal(err)
	}
	return tr.Address
}

// accounts is every account that the service has at the start: what the ledger's state holds besides its friendbot.
func (x *killFixture) accounts(_ map[string]string, treasury string) []string {
	log, err := os.ReadFile(filepath.Join(x.dir, "data", "signer", "log.jsonl"))
	if err != nil {
		x.t.Fatal(err)
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

func (x *killFixture) account(address string) bareledger.Account {
	a, err := x.ledger.Account(x.t.Context(), address)
	if err != nil {
		x.t.Fatal(err)
	}
	return a
}

// lumens is what the accounts have together with what fees have taken, in stroops: it never changes. The friendbot pays
// no account after the start.
func (x *killFixture) lumens(accounts []string) int64 {
	sum := x.feePool()
	for _, a := range accounts {
		sum += x.account(a).Balance
	}
	return sum
}

func (x *killFixture) feePool() int64 {
	ctx := x.t.Context()
	latest, err := x.ledger.Latest(ctx)
	if err != nil {
		x.t.Fatal(err)
	}
	var answer struct{ Ledgers []struct{ HeaderXDR string } }
	if err := x.ledger.Call(ctx, "getLedgers", map[string]any{"startLedger": latest, "pagination": map[string]any{"limit": 1}}, &answer); err != nil {
		x.t.Fatal(err)
	}
	var entry xdr.LedgerHeaderHistoryEntry
	if err := xdr.SafeUnmarshalBase64(answer.Ledgers[0].HeaderXDR, &entry); err != nil {
		x.t.Fatal(err)
	}
	return int64(entry.Header.FeePool)
}

// freeAddr is an address that nothing listens on. Its port is below those that the system gives to connections: `up` comes back to it
// after each kill, and must find it free.
func freeAddr(t *testing.T) string {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(20_000+rand.IntN(12_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}
