package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/internal/post"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// TestFullDirectory fills the disk of the data directory under a running service. Readiness and requests say so; after there
// is room again the same service goes on.
func TestFullDirectory(t *testing.T) {
	disk := smallDisk(t, 48<<20)
	network := devnettest.Start(t, devnettest.Interval(100*time.Millisecond))
	d, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
		c.Data = filepath.Join(disk, "data")
		c.Ledger.URL, c.Ledger.Friendbot, c.Ledger.Passphrase = network.RPC, network.RPC+"/friendbot", devnettest.Passphrase
	})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if status, r := readiness(t, d.Stack.URL); status != http.StatusOK {
		t.Fatalf("before: %+v", r)
	}
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	status, r := readiness(t, d.Stack.URL)
	if status != http.StatusServiceUnavailable || !strings.Contains(r.Causes["data"], "full") {
		t.Errorf("full: %d %+v", status, r)
	}
	once, err := client.New(d.Stack.URL, client.Options{Key: secret.NewString(d.Dev.Key), Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	var refused *client.Problem
	for range 200 { // what is left of the last pages may hold a few
		_, err = once.Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25", Note: strings.Repeat("n", 400)})
		if errors.As(err, &refused) {
			break
		}
		fill(t, ballast)
	}
	if refused == nil || refused.Status != http.StatusServiceUnavailable || !strings.HasPrefix(refused.Code, "storage_") || refused.Detail == "" {
		t.Fatalf("a request on a full disk: %+v %v", refused, err)
	}
	out, errs, err := typeIn(t, d, "send", "--to", "ana@example.com", "--amount", "25", "--note", strings.Repeat("n", 400))
	if statusOf(err) != statusTryAgain || !strings.Contains(errs, "Refused, and nothing was sent: ") || strings.Contains(out+errs, "/c/pay_") {
		t.Errorf("a send on a full disk: %v\n%s%s", err, out, errs)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	sent, err := d.App.Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25"})
	if err != nil {
		t.Fatalf("after there is room again: %v", err)
	}
	if _, err := d.App.Follow(t.Context(), sent.Payment.ID, inState(relay.Pending)); err != nil {
		t.Error(err)
	}
}

// TestStartOnAFullDirectory: whatever a start meets first on a full disk, the disk is named.
func TestStartOnAFullDirectory(t *testing.T) {
	disk := smallDisk(t, 32<<20)
	data, ballast := filepath.Join(disk, "data"), filepath.Join(disk, "ballast")
	up := func() string {
		err := run(t.Context(), func(string) string { return "" }, []string{"up", "--data", data, "--addr", "127.0.0.1:0", "--identity", filepath.Join(t.TempDir(), "id")},
			strings.NewReader(""), io.Discard, io.Discard)
		if err == nil {
			t.Fatal("it starts")
		}
		return err.Error()
	}
	fill(t, ballast)
	if said := up(); !strings.Contains(said, "The data directory "+data+" is full") {
		t.Errorf("a new one: %s", said)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	_, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) { c.Data, c.Ledger.Interval = data, 50*time.Millisecond })
	if err != nil {
		t.Fatal(err)
	}
	end()
	fill(t, ballast)
	if said := up(); !strings.Contains(said, "The data directory "+data+" is full") {
		t.Errorf("one that was at work: %s", said)
	}
}

// fill appends to a file until nothing fits any more.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err := f.Write(chunk); err != nil {
			chunk = chunk[:len(chunk)/2]
		}
	}
}

// TestClocksApart: a ledger whose clock is far from this machine's is noticed, with by how much, in either direction.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	d, end, err := demo.Start(t.Context(), io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	own := func() time.Time { return time.Now() }
	for _, c := range []struct {
		shift time.Duration // of this machine's clock
		want  string
	}{{0, ""}, {50 * time.Minute, ""}, {400*24*time.Hour + time.Minute, "400 days behind"}, {-400*24*time.Hour - time.Minute, "400 days ahead"},
		{2*time.Hour + 30*time.Second, "2 h 0 min behind"}} {
		d.Stack.Config.Now = func() time.Time { return own().Add(c.shift) }
		if err := d.CloseLedger(t.Context()); err != nil {
			t.Fatal(err)
		}
		status, r := readiness(t, d.Stack.URL)
		if cause := r.Causes["clock"]; (c.want == "") != (status == http.StatusOK) || c.want != "" && !strings.Contains(cause, c.want) {
			t.Errorf("%v: %d %+v", c.shift, status, r)
		}
	}
}

// TestMailServerDown: readiness and the log name the server that does not answer.
func TestMailServerDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr)
	l.Close()
	var log lockedBuffer
	d, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
		c.Mail = post.Config{Host: "127.0.0.1", Port: at.Port, From: "post@example.com", TLS: "none"}
		c.Ledger.Interval = 50 * time.Millisecond
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	status, r := readiness(t, d.Stack.URL)
	if status != http.StatusServiceUnavailable || !strings.Contains(r.Causes["mail"], at.String()) {
		t.Errorf("%d %+v", status, r)
	}
	sent, err := d.App.Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25"})
	if err != nil {
		t.Fatal(err)
	}
	link, err := sent.Link.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	_, said, err := typeIn(t, d, "claim", "--to", d.Dev.App.Treasury, link)
	if statusOf(err) != statusCode || strings.Contains(said, "on its way") ||
		!strings.Contains(said, at.String()+" cannot be reached. It is tried again by itself") {
		t.Errorf("a claim: %v %s", err, said)
	}
	if said, _, err = typeIn(t, d, "show", sent.Payment.ID); err != nil || !strings.Contains(said, "none is delivered yet. The mail server ") {
		t.Errorf("show: %v\n%s", err, said)
	}
	for !strings.Contains(log.String(), "the mail server "+at.String()+" cannot be reached") { // when it waits, she is written to
		if boot.Pause(t.Context(), 10*time.Millisecond) != nil {
			t.Fatalf("the log does not name the server:\n%s", log.String())
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestClaimOnALedgerAhead: the ledger's clock is hours ahead of this machine's, and a claim with this machine's clock lands.
func TestClaimOnALedgerAhead(t *testing.T) {
	t.Parallel()
	d, end, err := demo.Start(t.Context(), io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	d.Stack.Devnet.AdvanceClock(3 * time.Hour)
	sent, err := d.Send(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	account, err := d.Claim(t.Context(), sent.Link)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Expect(t.Context(), "the claimant", account, demo.Amount); err != nil {
		t.Error(err)
	}
}
