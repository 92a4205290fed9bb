package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	mostAnswer  = 8 << 20 // bytes of an answer that are read
	patience    = 20 * time.Second
	firstPause  = 200 * time.Millisecond
	slowAfter   = 2 * time.Second // a caller hears what it waits for
	mostPause   = 5 * time.Second
	mostHonored = 15 * time.Second // of a Retry-After, without a deadline; a longer one is the caller's to wait for
	mostTrying  = 2 * time.Minute  // that a call is made again, without a deadline
)

// call is one request. A safe one may be made again though the first may have been carried out.
type call struct {
	method, path string // path below the server's address; its parts are ids that were checked, or constants
	query        url.Values
	auth         string // value of Authorization
	header       map[string]string
	in           any // body; nil is none
	safe         bool
	wait         time.Duration    // how long the relay was asked to hold the answer back
	most         int              // tries that may have been carried out, at most; 0 = no limit of its own
	brief        bool             // its refusals are the caller's to wait for, when they ask for more than mostHonored
	once         bool             // a look that is not worth a second one
	refused      func(error) bool // errors that end it, though another try might do better; nil: none
	doubt        *bool            // set when a try may have been carried out although it failed; nil: not asked for
}

// change makes a call that changes something, of the payment with an id or of none (""). Errors: *Problem (refused, nothing was
// changed), *Unreached (nothing was sent), and *Unclear after anything else. fits checks the answer; it may be nil.
func change[T any](ctx context.Context, c *Client, id string, q call, fits func(T) error) (T, error) {
	var out, none T
	doubt := false
	q.doubt = &doubt
	err := c.do(ctx, q, &out)
	switch {
	case err != nil && neverAccepted(err, doubt):
		return none, err
	case err == nil && fits != nil:
		err = fits(out)
	}
	if err != nil {
		return none, &Unclear{ID: id, Cause: err}
	}
	return out, nil
}

// get, post and link are the usual calls.
func (c *Client) get(path string) call {
	return call{method: http.MethodGet, path: path, auth: c.bearer(), safe: true}
}

func (c *Client) post(path string, in any) call {
	return call{method: http.MethodPost, path: path, auth: c.bearer(), in: in}
}

func (c *Client) bearer() string {
	if c.token.Len() > 0 {
		return "Manage " + string(c.token.Reveal())
	}
	if c.key.Len() == 0 {
		return ""
	}
	return "Bearer " + string(c.key.Reveal())
}

// do makes the call, again while that is safe, may help and fits into the caller's time, and decodes the answer into out (nil:
// none is wanted). The caller's time ends with the context's deadline; without one, after mostTrying. Every try is the same
// request, with the same Idempotency-Key where it has one. Errors: *Problem, *Unreached, ErrAnswer, the context's.
func (c *Client) do(ctx context.Context, q call, out any) error {
	var body []byte
	if q.in != nil {
		var err error
		if body, err = json.Marshal(q.in); err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
	}
	var last atomic.Pointer[error]
	if c.slow != nil && !q.once {
		told := time.AfterFunc(slowAfter, func() {
			s := Slow{Holding: q.wait > 0}
			if err := last.Load(); err != nil {
				s.Last = *err
			}
			c.slow(s)
		})
		defer told.Stop()
	}
	deadline, limited := ctx.Deadline()
	if !limited {
		deadline = time.Now().Add(mostTrying)
	}
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, q, body, out)
		if err == nil {
			return nil
		}
		last.Store(&err)
		if q.refused != nil && q.refused(err) {
			return err
		}
		if q.doubt != nil && mayBeDone(err) {
			*q.doubt = true
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s %s: %w", q.method, q.path, ctx.Err())
		}
		pause, again := q.again(err, attempt)
		if pause > mostHonored && (q.brief || !limited) || !time.Now().Add(pause).Before(deadline) {
			return err // why it failed says more than that the time is over
		}
		if !again || q.once || c.attempts > 0 && attempt >= c.attempts || q.most > 0 && attempt >= q.most && mayBeDone(err) {
			return err
		}
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

// again says whether the call may be made again after err, and after which pause: what the relay asks for, and no less than
// doubles up to mostPause. A refusal before any work (429, a relay that starts, a key that is in flight) may always be; a lost answer
// only when the call is safe or was never sent.
func (q call) again(err error, attempt int) (time.Duration, bool) {
	pause := mostPause
	if attempt < 6 {
		pause = min(firstPause<<(attempt-1), mostPause)
	}
	pause = pause/2 + rand.N(pause/2+1)
	var lost *Unreached
	if errors.As(err, &lost) {
		return pause, !errors.Is(err, errRedirect) && !lost.NotTLS() && (q.safe || lost.NeverSent)
	}
	var p *Problem
	if !errors.As(err, &p) {
		return 0, false
	}
	pause = max(pause, p.RetryAfter)
	switch p.Status {
	case http.StatusTooManyRequests:
		return pause, p.RetryAfter > 0
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return pause, q.safe || p.starting()
	case http.StatusConflict:
		return pause, q.safe && p.Code == "idempotency_in_flight"
	}
	return 0, false
}

func (c *Client) once(ctx context.Context, q call, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, patience+q.wait)
	defer cancel()
	u := *c.base.JoinPath(q.path)
	u.RawQuery = q.query.Encode()
	req, err := http.NewRequestWithContext(ctx, q.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if q.in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.auth != "" {
		req.Header.Set("Authorization", q.auth)
	}
	for k, v := range q.header {
		req.Header.Set(k, v)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreached(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer+1))
	switch {
	case err != nil:
		return c.unreached(err) // an answer cut short is no answer
	case len(text) > mostAnswer:
		return fmt.Errorf("%w: longer than %d bytes", ErrAnswer, mostAnswer)
	case res.StatusCode >= 300:
		return readProblem(res.StatusCode, res.Header, text)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		// The text of the error could quote the answer, and with it a key.
		return fmt.Errorf("%w: not the JSON that was expected", ErrAnswer)
	}
	return nil
}

func (c *Client) unreached(err error) error {
	var dial *net.OpError
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which the host repeats
	}
	return &Unreached{Host: c.base.Host, NeverSent: errors.As(err, &dial) && dial.Op == "dial" || errors.Is(err, http.ErrSchemeMismatch), Cause: err}
}

// sleep pauses, or ends with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
