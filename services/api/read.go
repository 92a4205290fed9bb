package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/idn"
	"github.com/restante/restante/relay/wire"
)

const (
	mostWait  = 60 * time.Second
	pollEvery = 500 * time.Millisecond
)

// own reads a payment of the app, or the one that the caller's token manages. Another app's does not exist.
func (s *server) own(c *call) (relay.Payment, error) {
	if c.payment.ID != "" {
		return c.payment, nil
	}
	id, err := relay.ParsePaymentID(c.PathValue("id"))
	if err != nil {
		return relay.Payment{}, relay.ErrNotFound
	}
	p, err := s.Desk.Payment(c.Context(), id)
	if err == nil && p.App != c.app.ID {
		return relay.Payment{}, relay.ErrNotFound
	}
	return p, err
}

func (s *server) getPayment(c *call) (reply, error) {
	if err := onlyParams(c.Request, "wait", "state_not"); err != nil {
		return reply{}, err
	}
	p, err := s.own(c)
	if err != nil {
		return reply{}, err
	}
	if p, err = s.wait(c, p); err != nil {
		return reply{}, err
	}
	return s.shown(c.Context(), http.StatusOK, p)
}

// shown is an answer with the payment, and what its client still has to do. When the ledger does not say with which number,
// the answer is without that: what was asked for has been done already.
func (s *server) shown(ctx context.Context, status int, p relay.Payment) (reply, error) {
	out, err := payment(p)
	s.hindered(ctx, p, &out)
	if err == nil && p.ByClient() && p.State == relay.Created {
		var trouble error
		if out.Funding, trouble = s.terms(ctx, p); trouble != nil {
			s.Log.Warn("a payment without the terms of its funding", "payment", p.ID, "err", trouble)
		}
	}
	return reply{status: status, body: out}, err
}

// wait holds the answer back as ?wait asks: until the state is another than ?state_not (without it, than p's), the
// payment has ended, the time is over, or the server stops.
func (s *server) wait(c *call, p relay.Payment) (relay.Payment, error) {
	q := c.URL.Query()
	base := p.State
	if q.Has("state_not") {
		if base = relay.State(q.Get("state_not")); !base.Known() {
			return p, invalid("state_unknown", "", fmt.Sprintf("there is no state %q", clip(string(base))))
		}
	}
	if !q.Has("wait") {
		return p, nil
	}
	limit, err := time.ParseDuration(q.Get("wait"))
	if err != nil || limit < 0 || limit > mostWait {
		return p, invalid("wait_malformed", "", `wait is a time like "30s", at most 60s`)
	}
	// The server's own limit on writing an answer would cut a long wait off. Not every writer has one.
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(limit + 15*time.Second))
	ctx, cancel := context.WithTimeout(c.Context(), limit)
	defer cancel()
	end := s.Pace.Elapsed() + limit
	var rings <-chan struct{}
	if s.Bus != nil {
		var stop func()
		rings, stop = s.Bus.Watch(p.ID)
		defer stop()
	}
	for first := true; p.State == base && !p.State.Ended(); first = false {
		if !first { // look once more at once: it may have changed before the watch began
			left := end - s.Pace.Elapsed()
			if left <= 0 {
				return p, nil
			}
			s.Pace.Wait(ctx, min(left, pollEvery), rings, s.Closing)
			if ctx.Err() != nil || s.closing() {
				return p, nil
			}
		}
		now, err := s.Desk.Payment(ctx, p.ID)
		if ctx.Err() != nil {
			return p, nil
		}
		if err != nil {
			return p, err
		}
		p = now
	}
	return p, nil
}

// closing says that the server stops.
func (s *server) closing() bool {
	select {
	case <-s.Closing:
		return true
	default:
		return false
	}
}

func (s *server) listPayments(c *call) (reply, error) {
	if err := onlyParams(c.Request, "limit", "after", "state", "reference", "to"); err != nil {
		return reply{}, err
	}
	f, err := filter(c.URL.Query())
	if err != nil {
		return reply{}, err
	}
	f.App = c.app.ID
	var page []relay.Payment
	var more bool
	err = s.Store.View(c.Context(), func(tx desk.Tx) (err error) { page, more, err = tx.List(f); return err })
	if err != nil {
		return reply{}, err
	}
	out := wire.PaymentList{Data: []wire.Payment{}, HasMore: more}
	halts := s.haltsOf(c.Context(), c.app.ID, page)
	for _, p := range page {
		v, err := payment(p)
		if err != nil {
			return reply{}, err
		}
		setHalted(&v, halts[p.ID])
		out.Data = append(out.Data, v)
	}
	return reply{status: http.StatusOK, body: out}, nil
}

func filter(q url.Values) (f desk.Filter, err error) {
	f = desk.Filter{State: relay.State(q.Get("state")), Reference: q.Get("reference"), Limit: 20}
	if q.Has("limit") {
		if f.Limit, err = strconv.Atoi(q.Get("limit")); err != nil || f.Limit < 1 || f.Limit > 100 {
			return f, invalid("limit_malformed", "", "limit is a number from 1 to 100")
		}
	}
	if q.Has("after") {
		if f.After, err = relay.ParsePaymentID(q.Get("after")); err != nil {
			return f, invalid("after_malformed", "", "after is the id of a payment")
		}
	}
	if q.Has("state") && !f.State.Known() {
		return f, invalid("state_unknown", "", fmt.Sprintf("there is no state %q", clip(string(f.State))))
	}
	if q.Has("to") {
		h, err := idn.ParseHandle(q.Get("to"))
		if err != nil {
			return f, invalid("handle_malformed", "", "to is a handle like ana@example.com")
		}
		f.To = h.String()
	}
	return f, nil
}

// clip keeps what a caller sent from filling an answer.
func clip(s string) string { return s[:min(len(s), 40)] }

// onlyParams refuses parameters that would be ignored, and those given twice: a filter that does not filter misleads.
func onlyParams(r *http.Request, known ...string) error {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("query_malformed", "", "the query of the address is malformed")
	}
	for k, v := range q {
		if !slices.Contains(known, k) {
			return invalid("query_unknown", "", fmt.Sprintf("there is no parameter %q here", clip(k)))
		}
		if len(v) > 1 {
			return invalid("query_repeated", "", fmt.Sprintf("the parameter %q is given twice", clip(k)))
		}
	}
	return nil
}

// cancel asks for the money back: 200 when it is home or never moved, 202 while it is on its way.
func (s *server) cancel(c *call) (reply, error) {
	if err := s.noBody(c); err != nil {
		return reply{}, err
	}
	p, err := s.own(c)
	if err != nil {
		return reply{}, err
	}
	if p, err = s.Desk.Apply(c.Context(), p.ID, relay.CancelAsked{}); err != nil {
		return reply{}, err
	}
	return s.shown(c.Context(), progress(p), p)
}

func progress(p relay.Payment) int {
	if p.State.Ended() {
		return http.StatusOK
	}
	return http.StatusAccepted
}

// vouch makes a voucher: the app's word that its signed-in user owns the handle.
func (s *server) vouch(c *call) (reply, error) {
	if err := s.noBody(c); err != nil {
		return reply{}, err
	}
	p, err := s.own(c)
	if err != nil {
		return reply{}, err
	}
	text, hash := newToken()
	expires, err := s.Desk.Vouch(c.Context(), c.app, p.ID, hash)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, body: wire.Voucher{Voucher: text, ExpiresAt: expires.Time()}}, nil
}
