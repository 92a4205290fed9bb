package desk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// A key in flight belongs to one request at a time, and never for long to one whose process is gone. Each line is what the
// first request's process does after Begin; then another request with the same key comes, in a process of its own.
func TestKeyInFlight(t *testing.T) {
	for name, c := range map[string]struct {
		then func(r *fixture, a desk.Answered)
		code string // what the second request gets
		lost bool   // the first request can accept nothing any more
	}{
		"it works on":         {func(*fixture, desk.Answered) {}, "idempotency_in_flight", false},
		"it is killed":        {func(r *fixture, _ desk.Answered) { r.now = r.now.Add(6 * time.Second) }, "", true},
		"it works for longer": {func(r *fixture, a desk.Answered) { r.renewing(a, 4) }, "idempotency_in_flight", false},
		"it renews no more":   {func(r *fixture, a desk.Answered) { r.renewing(a, 2); r.now = r.now.Add(6 * time.Second) }, "", true},
		"it is started anew": {func(r *fixture, _ desk.Answered) {
			r.ok((&desk.Desk{Store: r.Store, Network: r.Network, Now: r.Now, Process: "first"}).Alone(r.Context())) // its own stay
			r.ok((&desk.Desk{Store: r.Store, Network: r.Network, Now: r.Now, Process: "second"}).Alone(r.Context()))
		}, "", true},
		"it gives up": {func(r *fixture, a desk.Answered) { r.ok(r.Abandon(r.Context(), a)) }, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			r.Process = "first"
			asked := desk.Answered{App: r.app.ID, Key: "k", Body: "b"}
			mine, done, err := r.Begin(t.Context(), asked)
			if err != nil || done {
				t.Fatal(done, err)
			}
			c.then(r, mine)
			second := &desk.Desk{Store: r.Store, Network: r.Network, Now: r.Now, Process: "second"}
			theirs, _, err := second.Begin(t.Context(), asked)
			if relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
				t.Fatalf("the second request: %v", err)
			}
			var f *relay.Fault
			if errors.As(err, &f) && (f.RetryAt <= relay.At(r.now) || f.RetryAt > relay.At(r.now)+desk.AnswerLease) {
				t.Errorf("it may come again at %d, and it is %d", f.RetryAt, relay.At(r.now))
			}
			create := func(d *desk.Desk, a desk.Answered) error {
				o := r.opening(nil)
				o.Idem = a
				_, err := d.Create(t.Context(), o, func(relay.Payment) ([]byte, error) { return []byte("{}"), nil })
				return err
			}
			if c.lost {
				r.code("the first request wakes up", create(r.Desk, mine), "idempotency_in_flight")
				if r.Renew(t.Context(), mine) == nil || r.Abandon(t.Context(), mine) == nil {
					t.Error("the first request still has its key")
				}
				r.ok(create(second, theirs))
			} else {
				r.ok(create(r.Desk, mine))
			}
			if _, done, err := second.Begin(t.Context(), asked); err != nil || !done {
				t.Errorf("the answer is not remembered: %v, %v", done, err)
			}
		})
	}
}

// renewing keeps a key for n turns, each a little shorter than its lease.
func (r *fixture) renewing(a desk.Answered, n int) {
	r.Helper()
	for range n {
		r.now = r.now.Add(4 * time.Second)
		r.ok(r.Renew(r.Context(), a))
	}
}

// An answer stays an answer when the process that gave it is gone.
func TestAnswersOutliveTheirProcess(t *testing.T) {
	r := newFixture(t)
	r.Process = "first"
	a, _, err := r.Begin(t.Context(), desk.Answered{App: r.app.ID, Key: "k", Body: "b"})
	r.ok(err)
	o := r.opening(nil)
	o.Idem = a
	_, err = r.Create(t.Context(), o, func(relay.Payment) ([]byte, error) { return []byte("{}"), nil })
	r.ok(err)
	r.ok((&desk.Desk{Store: r.Store, Network: r.Network, Now: r.Now, Process: "second"}).Alone(t.Context()))
	if got, done, err := r.Begin(t.Context(), desk.Answered{App: r.app.ID, Key: "k", Body: "b"}); err != nil || !done || string(got.Answer) != "{}" {
		t.Errorf("%+v %v %v", got, done, err)
	}
}
