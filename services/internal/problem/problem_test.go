package problem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/problem"
)

var update = flag.Bool("update", false, "write the golden file anew")

var requestID = regexp.MustCompile(`req_[A-Z2-7]{26}`)

// serve runs one request through the whole guard and returns the answer and the log.
func serve(t *testing.T, r *http.Request, handler http.HandlerFunc) (*http.Response, string, string) {
	t.Helper()
	var log bytes.Buffer
	w := httptest.NewRecorder()
	problem.Guard(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), handler).ServeHTTP(w, r)
	return w.Result(), w.Body.String(), log.String()
}

// answer writes an error and describes the answer as text.
func answer(t *testing.T, err error) string {
	t.Helper()
	resp, body, _ := serve(t, httptest.NewRequest("GET", "/", nil), func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, err) })
	var p problem.Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if id := resp.Header.Get("Request-Id"); id != p.RequestID || !requestID.MatchString(id) {
		t.Errorf("request id %q in the header, %q in the body", id, p.RequestID)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	text := fmt.Sprintf("%d\n", resp.StatusCode)
	for _, h := range []string{"Retry-After", "Www-Authenticate", "Allow"} {
		if v := resp.Header.Get(h); v != "" {
			text += h + ": " + v + "\n"
		}
	}
	return text + requestID.ReplaceAllString(body, "req_…")
}

func TestTextsAreFrozen(t *testing.T) {
	synctest.Test(t, textsAreFrozen) // time stands still
}

func textsAreFrozen(t *testing.T) {
	secret := errors.New("dial tcp: private cause")
	fault := func(kind relay.Kind, code, public string) *relay.Fault {
		return relay.NewFault(kind, code, public, secret)
	}
	_, amount := relay.ParseAmount("ten")
	cases := []struct {
		name string
		err  error
	}{
		{"invalid", amount},
		{"idempotency", fault(relay.Invalid, "idempotency_mismatch", "This key was used with another body.")},
		{"denied", fault(relay.Denied, "key_unknown", "This key opens nothing.")},
		{"forbidden", fault(relay.Forbidden, "not_admin", "This key may not make apps.")},
		{"not found", relay.ErrNotFound},
		{"conflict", fault(relay.Conflict, "already_claimed", "The payment has been claimed.")},
		{"stale", fmt.Errorf("save: %w", relay.ErrStale)},
		{"exhausted", fault(relay.Exhausted, "too_many_codes", "Too many codes were asked for.")},
		{"exhausted until", &relay.Fault{Kind: relay.Exhausted, Code: "rate_limited", Public: "Slow down.", RetryAt: relay.At(time.Now()) + 89_500_000}},
		{"exhausted until just now", &relay.Fault{Kind: relay.Exhausted, Code: "rate_limited", Public: "Slow down.", RetryAt: relay.At(time.Now()) - 1}},
		{"treasury", fault(relay.Exhausted, "treasury_empty", "The app's account does not have this much.")},
		{"budget", fault(relay.Exhausted, "budget_empty", "The app's budget of reserves is used up.")},
		{"unavailable", fault(relay.Unavailable, "ledger_unavailable", "The network does not answer; try again.")},
		{"internal", fault(relay.Internal, "private_code", "Private text.")},
		{"contradiction", relay.ErrContradiction},
		{"unknown", secret},
		{"kind that does not exist", fault(99, "strange", "Strange.")},
		{"none", nil},
		{"deadline", fmt.Errorf("query: %w", context.DeadlineExceeded)},
		{"one field", problem.Fields{{Pointer: "/to", Detail: "is required", Code: "required"}}},
		{"fields", problem.Fields{{Pointer: "/to", Detail: "is required", Code: "required"}, {Pointer: "/link/share", Detail: "must be text", Code: "wrong_type"}}},
		{"body too large", &http.MaxBytesError{Limit: 1}},
	}
	var got strings.Builder
	for _, c := range cases {
		text := answer(t, c.err)
		if strings.Contains(strings.ToLower(text), "private") {
			t.Errorf("%s: tells what is private: %s", c.name, text)
		}
		fmt.Fprintf(&got, "-- %s --\n%s", c.name, text)
	}
	golden(t, "problems.txt", got.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s changed; got:\n%s", name, got)
	}
}

func TestCauseIsLoggedOnceAndNotTold(t *testing.T) {
	cause := errors.New("the cause")
	r := httptest.NewRequest("GET", "/v1/payments/pay_private", nil)
	_, body, log := serve(t, r, func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, fmt.Errorf("load: %w", cause)) })
	if strings.Count(log, "the cause") != 1 || !strings.Contains(log, "level=ERROR") || strings.Contains(log, "pay_private") {
		t.Errorf("log: %s", log)
	}
	if strings.Contains(body, "cause") {
		t.Errorf("body: %s", body)
	}
	if id := requestID.FindString(body); id == "" || !strings.Contains(log, id) {
		t.Error("log and answer do not share an id")
	}
}

func TestRequestIDFromOutsideIsNotBelieved(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Request-Id", "mine")
	inside := ""
	resp, _, _ := serve(t, r, func(w http.ResponseWriter, r *http.Request) { inside = problem.RequestID(r.Context()) })
	if id := resp.Header.Get("Request-Id"); id != inside || !requestID.MatchString(id) {
		t.Errorf("id %q outside, %q inside", id, inside)
	}
}

func TestPanics(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	resp, body, log := serve(t, r, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", "half")
		panic("private bug")
	})
	if resp.StatusCode != 500 || strings.Contains(body, "private") || resp.Header.Get("Etag") != "" || strings.Count(log, "private bug") != 1 || strings.Count(log, "level=") != 1 {
		t.Errorf("%d %s\n%s", resp.StatusCode, body, log)
	}

	cut := func(handler http.HandlerFunc) (p any) {
		defer func() { p = recover() }()
		serve(t, r, handler)
		return nil
	}
	if p := cut(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("half")); panic("bug") }); p != http.ErrAbortHandler {
		t.Errorf("a half answer passed for a whole one: %v", p)
	}
	if p := cut(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }); p != http.ErrAbortHandler {
		t.Errorf("a meant abort was swallowed: %v", p)
	}
}

func TestStreamsCanFlush(t *testing.T) {
	server := httptest.NewServer(problem.Guard(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		if _, ok := w.(http.Flusher); !ok {
			t.Error("no flusher")
		}
	})))
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestRoutes(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/payments/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("id")) })
	mux.HandleFunc("POST /v1/payments/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /v1/tree/", func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v1/payments/x", 200, ""},
		{"DELETE", "/v1/payments/x", 405, "method_not_allowed"},
		{"GET", "/v2", 404, "no_such_path"},
		{"GET", "/v1//payments/x", 307, ""},
		{"GET", "/v1/tree", 307, ""},
	} {
		resp, body, _ := serve(t, httptest.NewRequest(c.method, c.path, nil), problem.Routes(mux).ServeHTTP)
		var p problem.Problem
		_ = json.Unmarshal([]byte(body), &p)
		if resp.StatusCode != c.status && !(c.status == 307 && resp.StatusCode == 301) || p.Code != c.code {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.StatusCode, body)
		}
		if c.status == 405 && resp.Header.Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("Allow: %q", resp.Header.Get("Allow"))
		}
		if c.status == 200 && body != "x" {
			t.Errorf("path value %q", body)
		}
	}
}
