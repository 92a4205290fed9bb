package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/services/internal/boot"
)

// TestCommandsSayWhatTheyWaitFor: a command that has no answer yet says what it waits for, and does so before the answer comes.
// The relay here answers only after that.
func TestCommandsSayWhatTheyWaitFor(t *testing.T) {
	const payment = `{"id":"pay_agq7unsjjv7jlj24ia3rgh26om","state":"`
	for name, c := range map[string]struct {
		command string
		answer  func(w http.ResponseWriter, r *http.Request, said func(string) bool)
		want    string
	}{
		"silent": {"show", func(w http.ResponseWriter, r *http.Request, said func(string) bool) {
			for !said("Waiting") && boot.Pause(r.Context(), 20*time.Millisecond) == nil {
			}
			_, _ = io.WriteString(w, payment+`pending"}`)
		}, "which does not answer"},
		"refuses": {"show", func(w http.ResponseWriter, r *http.Request, said func(string) bool) {
			if said("Waiting") {
				_, _ = io.WriteString(w, payment+`pending"}`)
				return
			}
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"status":503,"code":"ledger_unavailable","detail":"The ledger does not answer just now."}`)
		}, "The ledger does not answer just now"},
		"holds": {"watch", func(w http.ResponseWriter, r *http.Request, said func(string) bool) {
			if r.URL.Path == "/readyz" {
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = io.WriteString(w, `{"ready":false,"checks":{"ledger":"failing"},"causes":{"ledger":"The ledger at x does not answer."}}`)
				return
			}
			state := "funding"
			if r.URL.Query().Get("wait") != "" {
				for !said("Waiting") && boot.Pause(r.Context(), 20*time.Millisecond) == nil {
				}
				state = "canceled"
			}
			_, _ = io.WriteString(w, payment+state+`"}`)
		}, "The ledger at x does not answer"},
	} {
		stderr := &heard{more: make(chan struct{})}
		said := func(text string) bool {
			stderr.mu.Lock()
			defer stderr.mu.Unlock()
			return strings.Contains(stderr.text.String(), text)
		}
		relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.answer(w, r, said) }))
		err := run(t.Context(), func(string) string { return "" }, []string{c.command, "pay_agq7unsjjv7jlj24ia3rgh26om", "--server", relay.URL, "--key", "rst_test_x"},
			strings.NewReader(""), io.Discard, stderr)
		relay.Close()
		if err != nil || !said(c.want) {
			t.Errorf("%s: %v, said %q", name, err, stderr.text.String())
		}
	}
}
