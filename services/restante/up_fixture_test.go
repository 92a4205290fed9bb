package main

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/stack"
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

func inState(states ...relay.State) func(client.Payment) bool {
	return func(p client.Payment) bool { return slices.Contains(states, relay.State(p.State)) }
}
