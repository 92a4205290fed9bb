package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/signer"
)

// upRun is one `restante up`, with what it prints.
type upRun struct {
	t      *testing.T
	stdout strings.Builder // to be read after stop
	stderr *heard
	stop   func() error
}

// heard keeps what was written, and lets a reader wait for more.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed at the next write, or at the end
	over bool
}

func (h *heard) Write(p []byte) (int, error) { return h.add(string(p), false), nil }

func (h *heard) add(text string, over bool) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text.WriteString(text)
	h.over = over
	close(h.more)
	h.more = make(chan struct{})
	return len(text)
}

// upWith runs `restante up` with its output redirected.
func upWith(t *testing.T, args ...string) *upRun {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	u := &upRun{t: t, stderr: &heard{more: make(chan struct{})}}
	done := make(chan error, 1)
	go func() {
		err := run(ctx, func(string) string { return "" }, append([]string{"up", "--addr", "127.0.0.1:0"}, args...), strings.NewReader(""), &u.stdout, u.stderr)
		u.stderr.add("", true)
		done <- err
	}()
	u.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = u.stop() })
	return u
}

// until waits until stderr holds the text, and returns all of it.
func (u *upRun) until(text string) string {
	u.t.Helper()
	for {
		u.stderr.mu.Lock()
		all, more, over := u.stderr.text.String(), u.stderr.more, u.stderr.over
		u.stderr.mu.Unlock()
		switch {
		case strings.Contains(all, text):
			return all
		case over:
			u.t.Fatalf("it ended without %q: %s", text, all)
		}
		<-more
	}
}

// readiness asks /readyz.
func readiness(t *testing.T, base string) (status int, r boot.Readiness) {
	t.Helper()
	resp, err := http.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, r
}

// untilReady waits until the instance behind a dev.env is ready.
func untilReady(t *testing.T, data string) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		env, err := stack.ReadEnv(filepath.Join(data, "dev.env"))
		if err == nil {
			if resp, err := http.Get(env["RESTANTE_SERVER"] + "/readyz"); err == nil {
				resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					return env
				}
			}
		}
		_ = boot.Pause(ctx, 20*time.Millisecond)
	}
	t.Fatal("it does not get ready")
	return nil
}

var accountNeeded = regexp.MustCompile(`(?m)^  (sponsor|treasury) +(G[A-Z2-7]{55})   at least ([0-9.]+) XLM`)

// TestElsewhere starts on an outside network without a friendbot. All accounts are named at once, the same on every start;
// it goes on when they are there, makes the channels out of the sponsor, and sends.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	network := devnettest.Start(t, devnettest.Interval(100*time.Millisecond))
	data := t.TempDir()
	args := []string{"--data", data, "--rpc", network.RPC, "--passphrase", devnettest.Passphrase, "--identity", filepath.Join(t.TempDir(), "id")}

	first := upWith(t, args...)
	named := accountNeeded.FindAllStringSubmatch(first.until("Waiting."), -1)
	if len(named) != 2 || named[0][1] != "sponsor" || named[1][1] != "treasury" || named[0][3] != "10" || named[1][3] != "1" {
		t.Fatalf("named %v", named)
	}
	env, err := stack.ReadEnv(filepath.Join(data, "dev.env"))
	if err != nil {
		t.Fatal(err)
	}
	status, ready := readiness(t, env["RESTANTE_SERVER"])
	if cause := ready.Causes["started"]; status != http.StatusServiceUnavailable || !strings.Contains(cause, named[0][2]) || !strings.Contains(cause, named[1][2]) {
		t.Errorf("%d %+v", status, ready)
	}
	if err := first.stop(); err != nil {
		t.Error(err)
	}

	second := upWith(t, args...)
	again := accountNeeded.FindAllStringSubmatch(second.until("Waiting."), -1)
	if fmt.Sprint(again) != fmt.Sprint(named) {
		t.Fatalf("another start wants %v, the first one %v", again, named)
	}
	network.Fund(named[0][2])
	network.Fund(named[1][2])
	env = untilReady(t, data)
	sponsor, treasury := named[0][2], named[1][2]
	roster, err := signer.ReadRoster(data)
	if err != nil {
		t.Fatal(err)
	}
	if roster.Sponsor != sponsor || len(roster.Channels) != 4 || len(roster.Treasuries) != 1 || roster.Treasuries[relay.AppID(env["RESTANTE_APP"])] != treasury {
		t.Errorf("roster %+v", roster)
	}
	ledger := bareledger.Reader{URL: network.RPC}
	for _, c := range roster.Channels {
		if a, err := ledger.Account(t.Context(), c); err != nil || !a.Exists || a.Balance != 0 {
			t.Errorf("channel %s: %+v %v; the sponsor makes it, and it holds nothing", c, a, err)
		}
	}
	app, err := (&cli{env: func(name string) string { return env[name] }}).app()
	if err != nil {
		t.Fatal(err)
	}
	d := &demo.Instance{App: app, Ledger: ledger}
	sent, err := app.Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Follow(t.Context(), sent.Payment.ID, inState(relay.Pending)); err != nil {
		t.Fatal(err)
	}
	if err := d.Expect(t.Context(), "the treasury", treasury, int64(10_000*relay.One-25*relay.One)); err != nil {
		t.Error(err)
	}
	command := func(args ...string) (out, told string, status int) {
		t.Helper()
		var stdout, stderr strings.Builder
		err := run(t.Context(), func(string) string { return "" }, args, strings.NewReader(""), &stdout, &stderr)
		return stdout.String(), stderr.String(), statusOf(err)
	}
	shown, told, code := command("accounts", "--data", data)
	for _, line := range []string{"sponsor   " + sponsor, "treasury  " + treasury + "   9975 XLM, 9974 free", "channel   " + roster.Channels[3] + "   0 XLM"} {
		if !strings.Contains(shown, line) || strings.Contains(shown, "pay in") || code != 0 {
			t.Errorf("accounts shows %s %s, not %q", shown, told, line)
		}
	}
	home := network.Account().Address()
	withdraw := []string{"treasury", "withdraw", "--data", data, "--to", home, "--amount"}
	if _, told, code := command(append(withdraw, "10")...); code != statusFailed || !strings.Contains(told, "nother restante runs on") {
		t.Errorf("a withdrawal beside a running service: %d %s", code, told)
	}
	if err := second.stop(); err != nil {
		t.Errorf("%v", err)
	}
	for amount, want := range map[string]int{"10000": statusFailed, "0": statusUsage, "12.5": statusDone} {
		if _, told, code := command(append(withdraw, amount)...); code != want {
			t.Errorf("withdraw %s: %d %s", amount, code, told)
		}
	}
	if err := d.Expect(t.Context(), "the owner", home, int64(10_012*relay.One+relay.One/2)); err != nil {
		t.Error(err)
	}
	if _, told, code := command(append(withdraw, "all")...); code != statusDone {
		t.Errorf("withdraw all: %d %s", code, told)
	}
	if err := d.Expect(t.Context(), "the treasury", treasury, int64(relay.One)); err != nil { // its reserve: the sponsor paid the fees
		t.Error(err)
	}
	if _, _, code := command("treasury", "withdraw", "--data", data, "--from", sponsor, "--to", home, "--amount", "1"); code != statusFailed {
		t.Errorf("a withdrawal out of the sponsor: %d", code)
	}
}

// TestDevEnvIsSourced has a shell read what `up` wrote, on a network whose name needs quotes, over both protocols.
func TestDevEnvIsSourced(t *testing.T) {
	t.Parallel()
	const name = `it's "a" $HOME ; network`
	network := devnettest.Start(t, devnettest.Interval(50*time.Millisecond), devnettest.WithPassphrase(name))
	for flag, want := range map[string][2]string{"--rpc": {network.RPC, ""}, "--horizon": {"", network.Horizon}, "": {"own", "own"}} {
		data := t.TempDir()
		args := []string{"--data", data, "--passphrase", name, "--identity", filepath.Join(t.TempDir(), "id"), "--ledger-interval", "50ms"}
		if flag != "" {
			args = append(args, flag, want[0]+want[1], "--friendbot", network.RPC+"/friendbot")
		}
		u := upWith(t, args...)
		env := untilReady(t, data)
		if flag == "" {
			want = [2]string{env["RESTANTE_SERVER"] + "/rpc", env["RESTANTE_SERVER"] + "/horizon"}
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", `. "$1"; printf '%s\n' "$RESTANTE_SERVER" "$RESTANTE_KEY" "$RESTANTE_RPC" "$RESTANTE_HORIZON" "$RESTANTE_NETWORK"`, "sh", filepath.Join(data, "dev.env"))
		out, err := cmd.CombinedOutput()
		if got := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n", env["RESTANTE_SERVER"], env["RESTANTE_KEY"], want[0], want[1], name); err != nil || string(out) != got {
			t.Errorf("%s: a shell reads %q, want %q (%v)", flag, out, got, err)
		}
		if err := u.stop(); err != nil {
			t.Error(err)
		}
	}
}

// TestRedirectedOutputHoldsNoSecret starts with standard output in a file: key and identity go into files of their owner.
func TestRedirectedOutputHoldsNoSecret(t *testing.T) {
	t.Parallel()
	data, identity := t.TempDir(), filepath.Join(t.TempDir(), "id")
	u := upWith(t, "--data", data, "--identity", identity, "--ledger-interval", "50ms")
	env := untilReady(t, data)
	if err := u.stop(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(identity)
	if err != nil {
		t.Fatal(err)
	}
	out := u.stdout.String()
	if strings.Contains(out, env["RESTANTE_KEY"]) || strings.Contains(strings.ToUpper(out), "AGE-SECRET-KEY") || !strings.Contains(string(kept), "AGE-SECRET-KEY-1") {
		t.Errorf("a secret is in the output, or not in its file:\n%s", out)
	}
	for _, path := range []string{identity, filepath.Join(data, "dev.env")} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
		if !strings.Contains(out, path) {
			t.Errorf("the output does not say that %s has it:\n%s", path, out)
		}
	}
}

// TestStartsOnAFlappingEndpoint starts many times while two calls in five are answered 429 or 503.
func TestStartsOnAFlappingEndpoint(t *testing.T) {
	t.Parallel()
	network := devnettest.Start(t, devnettest.Interval(50*time.Millisecond))
	for seed := range 12 {
		err := network.Net.SetFaults(devnet.Faults{Seed: uint64(seed + 1), TooMany: 0.2, Unavailable: 0.2})
		if err != nil {
			t.Fatal(err)
		}
		_, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
			c.Ledger.Friendbot, c.Ledger.Passphrase = network.RPC+"/friendbot", devnettest.Passphrase
			c.Worker.Retry = time.Millisecond
			if c.Ledger.URL = network.RPC; seed%3 == 0 {
				c.Ledger.URL, c.Ledger.Horizon = "", network.Horizon
			}
		})
		if err != nil {
			t.Fatalf("start %d: %v", seed, err)
		}
		end()
	}
}

// TestStartsBeforeItsLedger starts while nothing listens where the ledger should be, then while something answers nonsense.
// Readiness names what it waits for from the first moment.
func TestStartsBeforeItsLedger(t *testing.T) {
	t.Parallel()
	network := devnettest.Start(t, devnettest.Interval(50*time.Millisecond))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	place := l.Addr().String()
	l.Close()
	address := make(chan string, 1)
	type start struct {
		end func()
		err error
	}
	began := make(chan start, 1)
	go func() {
		_, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
			own, err := net.Listen("tcp", "127.0.0.1:0") // a port of its own, known before it is up
			if err != nil {
				t.Error(err)
				return
			}
			c.Addr = own.Addr().String()
			own.Close()
			address <- "http://" + c.Addr
			c.Ledger.URL, c.Ledger.Friendbot, c.Ledger.Passphrase = "http://"+place, network.RPC+"/friendbot", devnettest.Passphrase
		})
		began <- start{end, err}
	}()
	base := <-address
	waits := func(text string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for ctx.Err() == nil {
			resp, err := http.Get(base + "/readyz")
			if err != nil {
				continue
			}
			var r boot.Readiness
			err = json.NewDecoder(resp.Body).Decode(&r)
			resp.Body.Close()
			if err == nil && resp.StatusCode == http.StatusServiceUnavailable && strings.Contains(r.Causes["started"], text) {
				return
			}
		}
		t.Fatalf("readiness never says %q", text)
	}
	waits("the ledger at " + place)
	waits("connection refused")
	early, err := http.Get(base + "/v1/treasury")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(early.Body)
	early.Body.Close()
	if early.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), `"code":"starting"`) || !strings.Contains(string(body), place) {
		t.Errorf("an early caller gets %d %s", early.StatusCode, body)
	}
	ledger, err := url.Parse(network.RPC)
	if err != nil {
		t.Fatal(err)
	}
	nonsense := make(chan struct{})
	forward := httputil.NewSingleHostReverseProxy(ledger)
	if l, err = net.Listen("tcp", place); err != nil {
		t.Skipf("the port was taken meanwhile: %v", err)
	}
	proxy := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-nonsense:
			forward.ServeHTTP(w, r)
		default:
			_, _ = io.WriteString(w, "<html>maintenance</html>")
		}
	})}}
	proxy.Start()
	defer proxy.Close()
	waits("makes no sense")
	close(nonsense)
	s := <-began
	if s.err != nil {
		t.Fatal(s.err)
	}
	defer s.end()
	if status, r := readiness(t, base); status != http.StatusOK || !r.Ready {
		t.Errorf("%d %+v", status, r)
	}
}

// TestAnotherNetworkIsFinal: no waiting makes it the right one.
func TestAnotherNetworkIsFinal(t *testing.T) {
	t.Parallel()
	network := devnettest.Start(t)
	for _, address := range [][2]string{{network.RPC, ""}, {"", network.Horizon}} {
		_, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
			c.Ledger.URL, c.Ledger.Horizon, c.Ledger.Passphrase = address[0], address[1], "another"
		})
		if err == nil {
			end()
		}
		if err == nil || !strings.Contains(err.Error(), "another network") {
			t.Errorf("%v", err)
		}
	}
}

// TestDevelopmentEndpoints: not on an address that other machines reach, and only under their own names.
func TestDevelopmentEndpoints(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", ":0"} {
		for _, args := range [][]string{{"up", "--data", t.TempDir(), "--addr", addr}, {"devnet", "--addr", addr}, {"devnet", "--addr", "127.0.0.1:0", "--control", addr}} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			var stderr strings.Builder
			err := run(ctx, func(string) string { return "" }, args, strings.NewReader(""), io.Discard, &stderr)
			if statusOf(err) != statusFailed || !strings.Contains(stderr.String(), "--i-know") || ctx.Err() != nil {
				t.Errorf("%v: %v %s", args, err, stderr.String())
			}
			cancel()
		}
	}
	d, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) { c.PublicURL = "http://restante.test:8080" })
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(d.Stack.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{"127.0.0.1": 200, "localhost": 200, "app.localhost": 200, "restante.test": 200, "[::1]": 200,
		"evil.example": 421, "127.0.0.1.evil.example": 421, "10.0.0.1": 421} {
		for _, path := range []string{"/dev/mail", "/dev/mail.json", "/rpc/friendbot", "/horizon/"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host + ":" + port
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.StatusCode; (got == 421) != (want == 421) {
				t.Errorf("%s%s: %d, want %d", host, path, got, want)
			}
		}
	}
}

// TestWhoHoldsTheDirectory: another process is named only where its lock was met.
func TestWhoHoldsTheDirectory(t *testing.T) {
	start := func(data string) error {
		_, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) { c.Data = data })
		if err == nil {
			t.Cleanup(end)
		}
		return err
	}
	busy := t.TempDir()
	if err := start(busy); err != nil {
		t.Fatal(err)
	}
	if err := start(busy); err == nil || !strings.Contains(err.Error(), "another restante runs on "+busy) {
		t.Errorf("a directory in use: %v", err)
	}
	inTheWay := map[string]string{"signer/lock": "the signer in", "ledger.db": "the ledger in", "": "cannot be written"}
	for path, want := range inTheWay {
		data := t.TempDir()
		var err error
		if path == "" { // what a read-only directory looks like to a process that may do everything
			data = filepath.Join(data, "file")
			err = os.WriteFile(data, nil, 0o600)
		} else {
			err = os.MkdirAll(filepath.Join(data, path), 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := start(data); err == nil || strings.Contains(err.Error(), "another") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q in the way: %v", path, err)
		}
	}
}

func inState(states ...relay.State) func(client.Payment) bool {
	return func(p client.Payment) bool { return slices.Contains(states, relay.State(p.State)) }
}
