package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/signer"
)

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
	again := upWith(t, "--data", data)
	untilReady(t, data)
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	if made := "\n  new        there was no relay in this data directory"; !strings.Contains(out, made) || strings.Contains(again.stdout.String(), made) {
		t.Errorf("it says that the relay is new when it is not, or not when it is:\n%s%s", out, again.stdout.String())
	}
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
