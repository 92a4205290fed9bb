package relaytest

import (
	"net/http"
	"net/http/httptest"
	"sync"
)

// Mode is how a source answers.
type Mode string

const (
	Honest   Mode = "honest"    // as it should
	Lost     Mode = "lost"      // does as asked, and the answer never arrives
	Cut      Mode = "cut"       // half of the answer arrives
	Busy     Mode = "busy"      // 503
	Limited  Mode = "limited"   // 429, with a time to wait
	TimedOut Mode = "timed out" // 504
	Refusing Mode = "refusing"  // 403
	Nowhere  Mode = "nowhere"   // a bare 404, from something in between
	Website  Mode = "website"   // 200 and a page for people
	Empty    Mode = "empty"     // 200 and an empty object
	Nonsense Mode = "nonsense"  // 200 and a list
	Frozen   Mode = "frozen"    // the ledger as it was when the mode began, whatever happens since
	Foreign  Mode = "foreign"   // another network with the same accounts, as far on
)

// ModeHandler answers for the handler of a network in the mode that is set, at first honestly. Honest must be set.
// It is safe for concurrent use.
type ModeHandler struct {
	Honest http.Handler

	mu      sync.Mutex
	mode    Mode
	other   http.Handler // of Frozen and Foreign
	lags    func(request int) bool
	turn    int
	arrived func()
	release chan struct{}
}

// Set changes the mode. other is the handler that Frozen and Foreign answer from, nil for the rest.
func (h *ModeHandler) Set(m Mode, other http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.release != nil {
		close(h.release)
	}
	h.mode, h.other, h.lags, h.arrived, h.release = m, other, nil, nil, nil
}

// Mix answers, in the mode Frozen, the requests for which lags is true from the frozen ledger, and the others honestly, as two
// servers behind one name do. Requests are counted from 0 anew.
func (h *ModeHandler) Mix(lags func(request int) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lags, h.turn = lags, 0
}

// Hang takes requests and answers none until the next Set. Each request calls arrived.
func (h *ModeHandler) Hang(arrived func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.arrived, h.release = arrived, make(chan struct{})
}

func (h *ModeHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	mode, other, arrived, release := h.mode, h.other, h.arrived, h.release
	if mode == Frozen && h.lags != nil && !h.lags(h.turn) {
		mode = Honest
	}
	h.turn++
	h.mu.Unlock()
	if release != nil {
		arrived()
		select {
		case <-release:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	switch mode {
	case Lost:
		h.Honest.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Cut:
		cut(w, r, h.Honest)
	case Busy:
		w.WriteHeader(http.StatusServiceUnavailable)
	case Limited:
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	case TimedOut:
		w.WriteHeader(http.StatusGatewayTimeout)
	case Refusing:
		w.WriteHeader(http.StatusForbidden)
	case Nowhere:
		http.NotFound(w, r)
	case Website:
		_, _ = w.Write([]byte("<html><body>Welcome</body></html>"))
	case Empty:
		_, _ = w.Write([]byte("{}"))
	case Nonsense:
		_, _ = w.Write([]byte("[17]"))
	case Frozen, Foreign:
		other.ServeHTTP(w, r)
	default:
		h.Honest.ServeHTTP(w, r)
	}
}

// cut announces the whole answer and sends half of it.
func cut(w http.ResponseWriter, r *http.Request, h http.Handler) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Length", "1000000")
	w.WriteHeader(rec.Code)
	body := rec.Body.Bytes()
	_, _ = w.Write(body[:len(body)/2])
	panic(http.ErrAbortHandler)
}
