package simulate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/sqlstore"
)

// The ports of a process. At each call the actor gives way, so another one may run before and after it; there the faults of that port
// come, and there its process may die. Inside a transaction of the database nothing gives way.

var errDead = errors.New("this process has died")

// cross is one call of a port: it takes its time, and the process may die before. The error is that of a dead process.
func (w *world) cross(p *process, port string, most time.Duration) error {
	if p.dead {
		return errDead
	}
	if crash := crashOf[p.name]; crash != "" && w.faults.hits(crash) {
		w.crash(p, port)
	}
	d := time.Duration(w.chance.Int64N(int64(most)))
	if w.faults.hits(stall) {
		d += 10*time.Second + w.faults.upTo(stall, 2*time.Minute)
		w.trace.tell("%v %s stalls at %s", w.sched.now, w.sched.running.name, port)
	}
	w.crossings++
	w.sched.sleep(d)
	w.trace.add("%v %s %s %v", w.sched.now, w.sched.running.name, port, d)
	if p.dead {
		return errDead
	}
	return nil
}

// fault draws a fault of a kind and writes it into the trace.
func (w *world) fault(k kind) bool {
	if !w.faults.hits(k) {
		return false
	}
	w.trace.tell("%v %s FAULT %s", w.sched.now, w.sched.running.name, k)
	return true
}

// crashOf is how each process dies.
var crashOf = map[string]kind{"api": crashAPI, "worker1": crashWorker, "worker2": crashWorker, "signer": crashSigner}

// local is how long a call of the database takes at most.
const local = 3 * time.Millisecond

// store is the database as one process sees it.
type store struct {
	*sqlstore.Store
	w *world
	p *process
}

// guard is one call of the database: before it, the call itself, after it.
func guard[A any](s store, name string, before, lost kind, do func() (A, error)) (A, error) {
	var none A
	if err := s.w.cross(s.p, name, local); err != nil {
		return none, err
	}
	if s.w.fault(before) {
		return none, relay.NewFault(relay.Unavailable, "store_unavailable", "", errors.New("simulated: the database does not answer"))
	}
	out, err := do()
	if dead := s.w.cross(s.p, name+" done", local); dead != nil {
		return none, dead
	}
	if err == nil && lost != "" && s.w.fault(lost) {
		return none, errors.New("simulated: the answer of the database is lost")
	}
	return out, err
}

func (s store) View(ctx context.Context, fn func(desk.Tx) error) error {
	if err := s.w.cross(s.p, "view", local); err != nil {
		return err
	}
	if s.w.fault(storeBefore) {
		return relay.NewFault(relay.Unavailable, "store_unavailable", "", errors.New("simulated: the database does not answer"))
	}
	return s.Store.View(ctx, fn)
}

func (s store) UpdateMany(ctx context.Context, ids []relay.PaymentID, fn func(desk.Tx, []relay.Payment) error) error {
	_, err := guard(s, "commit", storeBefore, storeLost, func() (none struct{}, err error) { return none, s.Store.UpdateMany(ctx, ids, fn) })
	return err
}

func (s store) Lease(ctx context.Context, now, until relay.Micros, limit int, kinds ...relay.EffectKind) ([]desk.Work, error) {
	rows, err := guard(s, "lease", queueBefore, queueLost, func() ([]desk.Work, error) { return s.Store.Lease(ctx, now, until, limit, kinds...) })
	for _, r := range rows {
		s.w.effects[r.Kind]++
	}
	return rows, err
}

func (s store) LeaseOf(ctx context.Context, app relay.AppID, now, until relay.Micros, limit int, k relay.EffectKind) ([]desk.Work, error) {
	return guard(s, "lease of", queueBefore, queueLost, func() ([]desk.Work, error) { return s.Store.LeaseOf(ctx, app, now, until, limit, k) })
}

func (s store) LeaseOne(ctx context.Context, id int64, now, until relay.Micros) (desk.Work, error) {
	return guard(s, "lease one", queueBefore, queueLost, func() (desk.Work, error) { return s.Store.LeaseOne(ctx, id, now, until) })
}

func (s store) Waiting(ctx context.Context, k relay.EffectKind, now relay.Micros, limit int) ([]relay.AppID, error) {
	return guard(s, "waiting", queueBefore, "", func() ([]relay.AppID, error) { return s.Store.Waiting(ctx, k, now, limit) })
}

func (s store) Done(ctx context.Context, id int64, now relay.Micros) error {
	_, err := guard(s, "done", queueBefore, queueLost, func() (none struct{}, err error) { return none, s.Store.Done(ctx, id, now) })
	return err
}

func (s store) Retry(ctx context.Context, id int64, due relay.Micros, tries relay.Tries, note string) error {
	_, err := guard(s, "retry", queueBefore, queueLost, func() (none struct{}, err error) { return none, s.Store.Retry(ctx, id, due, tries, note) })
	return err
}

func (s store) Release(ctx context.Context, id int64, due relay.Micros, note string) error {
	_, err := guard(s, "release", queueBefore, queueLost, func() (none struct{}, err error) { return none, s.Store.Release(ctx, id, due, note) })
	return err
}

func (s store) ClampDue(ctx context.Context, now, latest relay.Micros) (int64, error) {
	return guard(s, "clamp", queueBefore, queueLost, func() (int64, error) { return s.Store.ClampDue(ctx, now, latest) })
}

func (s store) Prune(ctx context.Context, before relay.Micros, limit int) (int64, error) {
	return guard(s, "prune", queueBefore, queueLost, func() (int64, error) { return s.Store.Prune(ctx, before, limit) })
}

// remote is how long a request over the network takes at most; patience, after how long its caller gives up.
const (
	remote   = 200 * time.Millisecond
	patience = 15 * time.Second
)

// road is an HTTP connection from one process to a server, and what happens on it.
type road struct {
	w                          *world
	from                       *process
	name                       string
	refused, lost, late, twice kind
	busy                       kind
	calm                       bool                                          // nothing happens on it, and it takes no time
	serve                      func(http.ResponseWriter, *http.Request) bool // false: the server died over it, or is not there
}

// errNetwork is a connection that breaks.
var errNetwork = errors.New("simulated: the connection breaks")

// RoundTrip implements http.RoundTripper.
func (r *road) RoundTrip(req *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	once := func() (*http.Response, error) {
		again := req.Clone(context.WithoutCancel(req.Context()))
		again.Body, again.RemoteAddr, again.RequestURI = io.NopCloser(bytes.NewReader(body)), "127.0.0.1:1", req.URL.RequestURI()
		answer := &recorder{header: http.Header{}, status: http.StatusOK}
		if !r.serve(answer, again) {
			return nil, errNetwork
		}
		return answer.response(req), nil
	}
	if r.calm {
		return once()
	}
	if err := r.w.cross(r.from, r.name+" "+req.Method+" "+req.URL.Path, remote); err != nil {
		return nil, err
	}
	switch {
	case r.w.fault(r.refused):
		return nil, errNetwork
	case r.busy != "" && r.w.fault(r.busy):
		busy := recorder{header: http.Header{"Retry-After": {"1"}}, status: []int{429, 503}[r.w.faults.dice[r.busy].IntN(2)]}
		return busy.response(req), nil
	case r.w.fault(r.late):
		after := patience + r.w.faults.upTo(r.late, 5*time.Minute)
		r.w.sched.spawn(r.w.nature, r.name+" late", func() { r.w.sched.sleep(after); _, _ = once() }, nil)
		r.w.sched.sleep(patience)
		return nil, errNetwork
	case r.w.fault(r.twice):
		_, _ = once()
	}
	res, err := once()
	if dead := r.w.cross(r.from, r.name+" answer", remote); dead != nil {
		return nil, dead
	}
	if err == nil && r.w.fault(r.lost) {
		return nil, errNetwork
	}
	if err == nil {
		r.w.trace.add("%v %s %s -> %d", r.w.sched.now, r.w.sched.running.name, r.name, res.StatusCode)
	}
	return res, err
}

// recorder takes an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

func (r *recorder) response(req *http.Request) *http.Response {
	return &http.Response{StatusCode: r.status, Header: r.header, Body: io.NopCloser(&r.body), ContentLength: int64(r.body.Len()),
		Request: req, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}
