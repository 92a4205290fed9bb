package boot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/restante/restante/relay"
)

// checkTime is how long all checks together may take.
const checkTime = 2 * time.Second

// Check says whether something that the process needs is there. Look may be called from many goroutines. When its error is
// a [relay.Fault], the public text is the cause that is shown; of any other error only the name of the check is.
type Check struct {
	Name  string // shown to every caller
	Look  func(context.Context) error
	Warns bool // a failure is shown, and the process stays ready
}

// Health answers GET /livez (200 while the process runs) and GET /readyz: 200 when every check passes, else 503, with the
// checks by name and the causes of those that fail. Checks may be added while it serves.
type Health struct {
	log *slog.Logger
	mux *http.ServeMux

	mu      sync.Mutex
	list    []Check
	failing map[string]string // cause by check, as it was logged
}

// NewHealth makes a Health without checks. log gets why a check fails, once for each cause; nil = slog.Default.
func NewHealth(log *slog.Logger) *Health {
	if log == nil {
		log = slog.Default()
	}
	h := &Health{log: log, mux: http.NewServeMux(), failing: map[string]string{}}
	h.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]bool{"live": true})
	})
	h.mux.HandleFunc("GET /readyz", h.ready)
	return h
}

// Add adds checks. A name is used once.
func (h *Health) Add(checks ...Check) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list[:len(h.list):len(h.list)], checks...)
}

// ServeHTTP implements http.Handler.
func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Readiness is the body of /readyz.
type Readiness struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"`           // "ok" or "failing" by check
	Causes map[string]string `json:"causes,omitempty"` // a sentence by check that fails, where there is one
}

func (h *Health) ready(w http.ResponseWriter, r *http.Request) {
	body := h.Look(r.Context())
	status := http.StatusOK
	if !body.Ready {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, body)
}

// Look asks all checks side by side. One that has not answered when the time is over fails.
func (h *Health) Look(caller context.Context) Readiness {
	ctx, cancel := context.WithTimeout(caller, checkTime)
	defer cancel()
	h.mu.Lock()
	list := h.list
	h.mu.Unlock()
	results := make([]chan error, len(list))
	for i, c := range list {
		results[i] = make(chan error, 1)
		go func() { results[i] <- c.Look(ctx) }()
	}
	body := Readiness{Ready: true, Checks: map[string]string{}, Causes: map[string]string{}}
	for i, c := range list {
		var err error
		select {
		case err = <-results[i]:
		case <-ctx.Done(): // also one that does not look at its ctx
			err = relay.NewFault(relay.Unavailable, "timeout", "It does not answer in time.", ctx.Err())
		}
		body.Checks[c.Name] = "ok"
		if err != nil {
			body.Checks[c.Name] = "failing"
			body.Ready = body.Ready && c.Warns
			var fault *relay.Fault
			if errors.As(err, &fault) && fault.Public != "" {
				body.Causes[c.Name] = fault.Public
			}
		}
		if caller.Err() == nil {
			h.note(c.Name, err, body.Causes[c.Name])
		}
	}
	return body
}

// note logs changes only: readiness is asked for every few seconds. The end of a failure has the level of its beginning, so that a
// log with the one has the other.
func (h *Health) note(name string, err error, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, failed := h.failing[name]
	switch {
	case err == nil && failed:
		delete(h.failing, name)
		h.log.Warn("ready again", "check", name)
	case err != nil && (!failed || was == "" && cause != ""):
		h.failing[name] = cause
		h.log.Warn("not ready", "check", name, "cause", err)
	}
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
