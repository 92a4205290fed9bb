package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

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
