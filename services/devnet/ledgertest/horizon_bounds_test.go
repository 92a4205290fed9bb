package ledgertest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/horizon"
	"github.com/restante/restante/services/devnet"
)

func TestDialWantsTheNetwork(t *testing.T) {
	tr := Open(t, serve)
	_, err := horizon.Dial(t.Context(), access.Config{URL: tr.URL, Passphrase: "another"})
	wantKind(t, "another network", err, access.ErrWrongNetwork)
	for _, bad := range []access.Config{{URL: "ftp://host", Passphrase: "p"}, {URL: tr.URL}, {URL: "://", Passphrase: "p"}} {
		_, err := horizon.Dial(t.Context(), bad)
		wantKind(t, bad.URL, err, access.ErrRefused)
	}
}

// answering dials a good server, which then answers as told.
func answering(t *testing.T, timeout time.Duration) (*horizon.Client, *http.HandlerFunc) {
	t.Helper()
	var answer http.HandlerFunc
	tr := Open(t, func(n *devnet.Network) http.Handler {
		honest := serve(n)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if answer != nil {
				answer(w, r)
				return
			}
			honest.ServeHTTP(w, r)
		})
	})
	c, err := horizon.Dial(t.Context(), access.Config{URL: tr.URL, Passphrase: Passphrase, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, &answer
}

func TestBounds(t *testing.T) {
	c, answer := answering(t, 0)
	for name, tc := range map[string]struct {
		do   http.HandlerFunc
		kind error
	}{
		"huge": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 9<<20)) }, access.ErrTransient},
		"moved": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, access.ErrRefused},
		"not ours":       {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, access.ErrRefused},
		"gone, not ours": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, access.ErrRefused},
		"wrong in status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			_, _ = w.Write([]byte(`{"type":"not_found","status":200}`))
		}, access.ErrRefused},
		"before history": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(410)
			_, _ = w.Write([]byte(`{"type":"https://stellar.org/horizon-errors/before_history","status":410}`))
		}, access.ErrGap},
	} {
		*answer = tc.do
		_, err := c.Range(t.Context())
		wantKind(t, name, err, tc.kind)
		if _, err := (&access.Port{Source: c}).Sequence(t.Context(), relaytest.LedgerAccount("absent")); errors.Is(err, relay.ErrNotFound) {
			t.Errorf("%s: the account is said to be absent", name)
		}
	}
}

func TestPauses(t *testing.T) {
	c, answer := answering(t, 0)
	for after, want := range map[string]time.Duration{"7": 7 * time.Second, "999999": time.Hour, "": 0, "soon": 0} {
		*answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(http.StatusTooManyRequests)
		}
		begin := time.Now()
		_, err := (&access.Port{Source: c}).Head(t.Context())
		var f *relay.Fault
		if !errors.As(err, &f) || f.Kind != relay.Unavailable {
			t.Fatalf("%q: %v", after, err)
		}
		var limited *access.Limited
		if got := errors.As(err, &limited); got != (want > 0) || got && limited.Pause != want || !errors.Is(err, access.ErrTransient) {
			t.Errorf("%q: %v", after, err)
		}
		if until := relay.Micros(begin.Add(want).UnixMicro()); want > 0 && f.RetryAt < until || want == 0 && f.RetryAt != 0 {
			t.Errorf("%q: not before %d", after, f.RetryAt)
		}
	}
}

func TestCallsEnd(t *testing.T) {
	c, answer := answering(t, time.Nanosecond<<25)
	release := make(chan struct{})
	defer close(release)
	*answer = func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	_, err := c.Range(t.Context())
	wantKind(t, "silent", err, access.ErrTransient)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Range(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, access.ErrTransient) {
		t.Errorf("the caller gave up: %v", err)
	}
}

func TestAddressesAreKept(t *testing.T) {
	n := Open(t, serve)
	var asked []string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		if r.URL.Query().Get("key") != "SECRET" {
			t.Errorf("asked for %s", r.URL)
		}
		http.StripPrefix("/v1/horizon", serve(n.Network)).ServeHTTP(w, r)
	}))
	cfg := access.Config{URL: front.URL + "/v1/horizon/?key=SECRET", Passphrase: Passphrase}
	c, err := horizon.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&access.Port{Source: c}).Head(t.Context()); err != nil {
		t.Errorf("%v after %v", err, asked)
	}
	front.Close()
	c.Close()
	for _, what := range []func() error{
		func() error { _, err := c.Range(t.Context()); return err },
		func() error { _, err := horizon.Dial(t.Context(), cfg); return err },
	} {
		err := what()
		wantKind(t, "gone", err, access.ErrTransient)
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("credential in %v", err)
		}
	}
}
