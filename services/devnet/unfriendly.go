package devnet

import (
	"context"
	"net/http"
	"strings"
)

// Unfriendly puts the faults of HTTP in front of a protocol's handler. Handler has them already.
func (n *Network) Unfriendly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions || strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/friendbot") {
			next.ServeHTTP(w, r)
			return
		}
		status := n.drawStatus()
		if status == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if status == http.StatusGatewayTimeout && r.Method == http.MethodPost {
			// What the request asks for is done at once, and no client waits for what comes of it.
			gone, leave := context.WithCancel(r.Context())
			leave()
			next.ServeHTTP(&unheard{header: http.Header{}}, r.WithContext(gone))
		}
		if status != http.StatusGatewayTimeout {
			w.Header().Set("Retry-After", "1")
		}
		n.log.Info("refused on purpose", "status", status, "path", r.URL.Path)
		writeProblem(w, status, "a fault that was asked for")
	})
}

// drawStatus is the status that a request shall meet, 0 for none.
func (n *Network) drawStatus() int {
	if f := n.Faults(); f.TooMany+f.Unavailable+f.TimedOut == 0 {
		return 0 // and readers do not wait for each other
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.faults
	switch p := n.dice[dieHTTP].Float64(); {
	case p < f.TooMany:
		return http.StatusTooManyRequests
	case p < f.TooMany+f.Unavailable:
		return http.StatusServiceUnavailable
	case p < f.TooMany+f.Unavailable+f.TimedOut:
		return http.StatusGatewayTimeout
	}
	return 0
}

// unheard takes an answer that is lost.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u *unheard) WriteHeader(int)             {}
