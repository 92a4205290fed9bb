package relaytest

import (
	"net/http"
	"net/http/httptest"
	"sync"
)

// Mood is how a source answers.
type Mood string

const (
	Honest   Mood = "honest"    // as it should
	Lost     Mood = "lost"      // does as asked, and the answer never arrives
	Cut      Mood = "cut"       // half of the answer arrives
	Busy     Mood = "busy"      // 503
	Limited  Mood = "limited"   // 429, with a time to wait
	TimedOut Mood = "timed out" // 504
	Refusing Mood = "refusing"  // 403
	Nowhere  Mood = "nowhere"   // a bare 404, from something in between
	Website  Mood = "website"   // 200 and a page for people
	Empty    Mood = "empty"     // 200 and an empty object
	Nonsense Mood = "nonsense"  // 200 and a list
	Frozen   Mood = "frozen"    // the ledger as it was when the mood began, whatever happens since
	Foreign  Mood = "foreign"   // another network with the same accounts, as far on
)

// Door stands before the handlers of a network and spoils what goes through. The zero value with Honest set is honest.
// It is safe for concurrent use.
type Door struct {
	Honest http.Handler

	mu      sync.Mutex
	mood    Mood
	other   http.Handler // of Frozen and Foreign
	lags    func(question int) bool
	turn    int
	arrived func()
	release chan struct{}
}

// Set changes the mood; other is the handler that Frozen and Foreign answer from, nil for the rest.
func (d *Door) Set(m Mood, other http.Handler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.release != nil {
		close(d.release)
	}
	d.mood, d.other, d.lags, d.arrived, d.release = m, other, nil, nil, nil
}

// Tear lets only those questions see a frozen ledger for which lags says so, counted from 0 anew; the rest get an honest
// answer: two servers behind one name.
func (d *Door) Tear(lags func(question int) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lags, d.turn = lags, 0
}

// Hang takes questions and answers none until the next Set.
func (d *Door) Hang(arrived func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.arrived, d.release = arrived, make(chan struct{})
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	mood, other, arrived, release := d.mood, d.other, d.arrived, d.release
	if mood == Frozen && d.lags != nil && !d.lags(d.turn) {
		mood = Honest
	}
	d.turn++
	d.mu.Unlock()
	if release != nil {
		arrived()
		select {
		case <-release:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	switch mood {
	case Lost:
		d.Honest.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Cut:
		cut(w, r, d.Honest)
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
		d.Honest.ServeHTTP(w, r)
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
