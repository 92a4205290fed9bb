package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"filippo.io/age"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

// patience bounds the work behind an Idempotency-Key, which is kept in flight for as long as that lasts.
const patience = 40 * time.Second

func (s *server) createPayment(c *call) (reply, error) {
	var in wire.PaymentRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	idem, err := idempotency(c, in)
	if err != nil {
		return reply{}, err
	}
	o, link, err := s.intake(in, c.app)
	if err != nil {
		// What was in range once may be out of it now; the first answer stands.
		if first, ok := s.remembered(c, idem); ok {
			return first, nil
		}
		return reply{}, err
	}
	if idem.Key == "" {
		funding, err := s.prepare(c.Context(), &o, in)
		if err != nil {
			return reply{}, err
		}
		return s.accept(c.Context(), o, link, funding)
	}
	return s.acceptOnce(c, idem, o, link, in)
}

// prepare completes a request and finds the terms for the client that is to fund it; nil when none is. It writes nothing.
func (s *server) prepare(ctx context.Context, o *desk.Opening, in wire.PaymentRequest) (*wire.Funding, error) {
	if err := s.complete(ctx, o, in); err != nil || o.Payment.ByTreasury() {
		return nil, err
	}
	return s.terms(ctx, o.Payment)
}

// complete adds to a request what only the ledger and the records know: whether it goes directly, the terms of a wallet's
// funding, and what can be spent.
func (s *server) complete(ctx context.Context, o *desk.Opening, in wire.PaymentRequest) error {
	head, err := s.headBefore(ctx, o.Payment)
	if err != nil {
		return err
	}
	if err := s.direct(ctx, o, in.Direct); err != nil {
		return err
	}
	if o.Payment.ByClient() {
		if err := s.deadline(ctx, &o.Payment, in.FundWithin, head); err != nil {
			return err
		}
	}
	return s.checkRequirements(ctx, o)
}

// headBefore is the newest ledger, which has to have closed before the payment's end.
func (s *server) headBefore(ctx context.Context, p relay.Payment) (relay.Head, error) {
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return head, err
	}
	return head, p.CheckEnd(head)
}

// acceptOnce does the work behind an Idempotency-Key, once. It is finished also when the caller is gone: it
// will ask again with the same key.
func (s *server) acceptOnce(c *call, idem desk.Answered, o desk.Opening, link string, in wire.PaymentRequest) (reply, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), patience)
	defer cancel()
	first, done, err := s.Desk.Begin(ctx, idem)
	if err != nil {
		return reply{}, err
	}
	if done {
		return replay(first), nil
	}
	o.Idem = first
	defer s.renewing(ctx, first)()
	funding, err := s.prepare(ctx, &o, in)
	if err != nil {
		s.giveBack(ctx, first)
		return reply{}, err
	}
	out, err := s.accept(ctx, o, link, funding)
	if err != nil && nothingWritten(err) {
		s.giveBack(ctx, first)
	}
	return out, err
}

// renewing keeps a key in flight while its request is worked on, until stop is called. A renewal that comes too late changes nothing:
// the key is answered by then, or given back.
func (s *server) renewing(ctx context.Context, idem desk.Answered) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	s.Pace.Beside(func() {
		for {
			s.Pace.Wait(ctx, time.Duration(desk.AnswerLease)*time.Microsecond/3, nil, nil)
			if ctx.Err() != nil {
				return
			}
			if err := s.Desk.Renew(ctx, idem); err != nil && ctx.Err() == nil {
				s.Log.Warn("an idempotency key could not be kept in flight", "app", idem.App, "err", err)
			}
		}
	})
	return stop
}

// giveBack frees a key after a request that wrote nothing.
func (s *server) giveBack(ctx context.Context, idem desk.Answered) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Desk.Abandon(ctx, idem); err != nil {
		s.Log.Warn("an idempotency key stays in flight for some seconds", "app", idem.App, "err", err)
	}
}

// nothingWritten says that err is a decision of the commit, not to. After any other error the commit may have happened; then
// the key stays in flight, and the next request with it finds the answer or begins anew.
func nothingWritten(err error) bool {
	switch relay.KindOf(err) {
	case relay.Invalid, relay.Forbidden, relay.Conflict, relay.Exhausted:
		return true
	}
	return false
}

// accept commits the payment and answers. After the commit a ledger that does not answer is no reason to fail, so the terms of a
// client's funding come from before it.
func (s *server) accept(ctx context.Context, o desk.Opening, link string, funding *wire.Funding) (reply, error) {
	if o.Payment.IsDirect() {
		link = "" // it opens nothing: there is no box
	}
	var box string
	var err error
	if link != "" {
		if box, err = sealed(link, o.App.Recipient); err != nil {
			return reply{}, err
		}
	}
	show := func(p relay.Payment) (wire.Payment, error) {
		out, err := payment(p)
		out.ClaimLinkBox, out.Funding = box, funding
		return out, err
	}
	p, err := s.Desk.Create(ctx, o, func(p relay.Payment) ([]byte, error) {
		out, err := show(p)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out) // without the link: it is in the first answer only
	})
	if err != nil {
		return reply{}, err
	}
	out, err := show(p)
	out.ClaimLink = link
	return reply{status: http.StatusCreated, body: out, header: located(p.ID)}, err
}

func located(id relay.PaymentID) http.Header {
	return http.Header{"Location": {"/v1/payments/" + string(id)}}
}

// sealed encrypts a link to the app, for a sender whose first answer was lost.
func sealed(link, recipient string) (string, error) {
	r, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return "", relay.NewFault(relay.Internal, "recipient_malformed", "", nil) // age's text could quote what it read
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, r)
	if err != nil {
		return "", err
	}
	if _, err := w.Write([]byte(link)); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(file.Bytes()), nil
}

// idempotency reads the key and names the request: its body in one canonical form, whatever its spelling was.
func idempotency(c *call, in wire.PaymentRequest) (desk.Answered, error) {
	keys := c.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return desk.Answered{}, nil
	}
	if len(keys) > 1 || len(keys[0]) == 0 || len(keys[0]) > 255 || !printable(keys[0]) {
		return desk.Answered{}, invalid("idempotency_key_malformed", "", "an Idempotency-Key has 1 to 255 printable ASCII characters")
	}
	if in.ExpiresAt != nil {
		at := in.ExpiresAt.UTC()
		in.ExpiresAt = &at
	}
	body, err := json.Marshal(in)
	if err != nil {
		return desk.Answered{}, err
	}
	return desk.Answered{App: c.app.ID, Key: keys[0], Body: hashOf(c.Method + " " + c.Pattern + "\n" + string(body))}, nil
}

func printable(s string) bool {
	for _, b := range []byte(s) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}

// remembered finds the first answer to the same request without claiming the key.
func (s *server) remembered(c *call, idem desk.Answered) (reply, bool) {
	if idem.Key == "" {
		return reply{}, false
	}
	var first desk.Answered
	err := s.Store.View(c.Context(), func(tx desk.Tx) (err error) {
		first, err = tx.Recall(idem.App, idem.Key)
		return err
	})
	if err != nil || first.Until != 0 || first.Body != idem.Body {
		return reply{}, false
	}
	return replay(first), true
}

func replay(first desk.Answered) reply {
	out := reply{status: first.Status, raw: first.Answer, header: http.Header{"Idempotency-Replayed": {"true"}}}
	var p wire.Payment
	if json.Unmarshal(first.Answer, &p) == nil {
		out.header.Set("Location", "/v1/payments/"+p.ID)
	}
	return out
}
