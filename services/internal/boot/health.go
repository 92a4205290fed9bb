package boot

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// checkTime is how long one check may take.
const checkTime = 2 * time.Second

// Check says whether something that the process needs answers. Look may be called from many goroutines.
type Check struct {
	Name string // shown to whoever asks
	Look func(context.Context) error
}

// Checks is what [Health] looks at.
type Checks struct {
	Logger *slog.Logger // told why a check fails, once until it is well again; nil = slog.Default
	List   []Check
}

// Health answers GET /livez (200 while the process runs) and GET /readyz: 200 when every check passes, else 503, with the
// checks by name and never why one fails.
func Health(checks Checks) http.Handler {
	h := &health{Checks: checks, failing: map[string]bool{}}
	if h.Logger == nil {
		h.Logger = slog.Default()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]bool{"live": true})
	})
	mux.HandleFunc("GET /readyz", h.ready)
	return mux
}

type health struct {
	Checks
	mu      sync.Mutex
	failing map[string]bool
}

func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	results := make([]chan error, len(h.List))
	for i, c := range h.List {
		results[i] = make(chan error, 1)
		go func() { results[i] <- c.Look(ctx) }()
	}
	body := struct {
		Ready  bool              `json:"ready"`
		Checks map[string]string `json:"checks"`
	}{true, map[string]string{}}
	for i, c := range h.List {
		var err error
		select {
		case err = <-results[i]:
		case <-ctx.Done(): // also one that does not look at its ctx
			err = ctx.Err()
		}
		body.Checks[c.Name] = "ok"
		if err != nil {
			body.Ready, body.Checks[c.Name] = false, "failing"
		}
		if r.Context().Err() == nil {
			h.note(c.Name, err)
		}
	}
	status := http.StatusOK
	if !body.Ready {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, body)
}

// note logs changes only: readiness is asked for every few seconds.
func (h *health) note(name string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch was := h.failing[name]; {
	case err != nil && !was:
		h.Logger.Warn("not ready", "check", name, "cause", err)
	case err == nil && was:
		h.Logger.Info("ready again", "check", name)
	}
	h.failing[name] = err != nil
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and booleans always encode
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}
