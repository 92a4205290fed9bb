package main

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/problem"
)

// progress is what a start waits for, for readiness and for callers who come too early. The zero value waits for the parts
// of the house to be opened.
type progress struct {
	mu   sync.Mutex
	done bool
	what string // a noun, e.g. "the ledger at 127.0.0.1:8000"
	err  error  // why it is not there yet; nil before the first attempt has failed
}

// waitFor says what is waited for from now on.
func (p *progress) waitFor(what string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.err = what, err
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
}

// look is nil once the start is over.
func (p *progress) look(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return nil
	}
	public := "The service is starting; try again in a moment."
	if p.what != "" {
		public = "The service is starting and waits for " + p.what + "."
	}
	return relay.NewFault(relay.Unavailable, "starting", public, p.err)
}

// notYet answers what no open door takes: while the service starts, with what it waits for.
func (h *house) notYet(w http.ResponseWriter, r *http.Request) {
	err := h.starting.look(r.Context())
	if err == nil {
		http.NotFound(w, r)
		return
	}
	problem.Write(w, r, err)
}

// ledgerHost is where the ledger is, without what could be a credential.
func (h *house) ledgerHost() string {
	address := h.rpcURL
	if address == "" {
		address = h.cfg.Ledger.Horizon
	}
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Host
}
