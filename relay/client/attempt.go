package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// Attempt is a payment that was made ready and not accepted yet. Everything of it is fixed, so asking the relay again, at any
// time and by any process, is about the same one payment. Its Link opens the money: keep it like a key.
type Attempt struct {
	ID   string
	Link Link

	network, key string // key is the Idempotency-Key
	body         wire.PaymentRequest
}

// attemptFile is an Attempt as it is kept.
type attemptFile struct {
	Format  string              `json:"format"`
	Network string              `json:"network"`
	Key     string              `json:"idempotency_key"`
	Link    string              `json:"claim_link"`
	Request wire.PaymentRequest `json:"request"`
}

const attemptFormat = "restante-send-1"

// Prepare makes a payment's id and claim link and sends nothing of them. Errors are of the request or of the relay's first
// answer, and nothing was sent.
func (c *Client) Prepare(ctx context.Context, r SendRequest) (Attempt, error) {
	network, err := c.agreedNetwork(ctx)
	if err != nil {
		return Attempt{}, err
	}
	id := string(relay.NewPaymentID(relay.At(c.now())))
	link, body, err := c.prepare(id, network, r)
	return Attempt{ID: id, Link: link, network: network, key: rand.Text(), body: body}, err
}

// Reveal is the attempt as text, with the link in it: for a file that only its owner reads.
func (a Attempt) Reveal() ([]byte, error) {
	link, err := a.Link.Reveal()
	if err != nil {
		return nil, err
	}
	return json.Marshal(attemptFile{Format: attemptFormat, Network: a.network, Key: a.key, Link: link, Request: a.body})
}

// ParseAttempt reads what Reveal wrote. The error quotes nothing of it.
func ParseAttempt(text []byte) (Attempt, error) {
	var f attemptFile
	if json.Unmarshal(text, &f) != nil || f.Format != attemptFormat {
		return Attempt{}, errors.New("not a send that this program kept")
	}
	link, err := ParseLink(f.Link)
	if err != nil {
		return Attempt{}, err
	}
	if f.Request.ID != link.PaymentID || f.Network == "" || f.Key == "" {
		return Attempt{}, errors.New("a send that does not fit together")
	}
	return Attempt{ID: link.PaymentID, Link: link, network: f.Network, key: f.Key, body: f.Request}, nil
}

// SendAttempt asks the relay to accept the payment. Errors: *Problem (nothing was accepted), *Unreached (nothing was sent), and
// *Unclear after anything else, ErrAnswer inside when the answer is not of what was asked for. Sent has id and link then, too.
func (c *Client) SendAttempt(ctx context.Context, a Attempt) (Sent, error) {
	return c.attempted(ctx, a, false)
}

// ResumeAttempt finds out how an earlier SendAttempt went, and asks again when the relay does not know the payment. The answer
// is of the same payment, whichever request it was that got through.
func (c *Client) ResumeAttempt(ctx context.Context, a Attempt) (Sent, error) {
	out := Sent{Payment: Payment{ID: a.ID}, Link: a.Link}
	network, err := c.agreedNetwork(ctx)
	if err == nil && network != a.network {
		err = fmt.Errorf("%w: the payment was made for the network %q", ErrAnswer, a.network)
	}
	var p Payment
	if err == nil {
		p, err = c.Get(ctx, a.ID, 0)
	}
	switch {
	case err == nil:
		out.Payment = p
		return out, unclearIf(a.ID, fitsRequest(p, a.ID, a.body))
	case IsCode(err, "not_found"):
		return c.attempted(ctx, a, true)
	}
	return out, &Unclear{ID: a.ID, Cause: err}
}

// attempted posts the attempt. doubt says that an earlier request with it may have been accepted.
func (c *Client) attempted(ctx context.Context, a Attempt, doubt bool) (Sent, error) {
	q := c.post("/v1/payments", a.body)
	q.safe, q.doubt = true, &doubt // by its Idempotency-Key
	q.header = map[string]string{"Idempotency-Key": a.key}
	out := Sent{Payment: Payment{ID: a.ID}, Link: a.Link}
	var p Payment
	q.refused = func(err error) bool { // a person waits for it, and is told at once
		return c.attempts > 0 && IsCode(err, "ledger_unavailable", "storage_full")
	}
	err := c.do(ctx, q, &p)
	var away *Problem
	if errors.As(err, &away) && away.turnedAway() && !doubt {
		return Sent{}, err
	}
	if IsCode(err, "id_taken") { // ours: no other request has these 74 random bits
		p, err = c.Get(ctx, a.ID, 0)
		doubt = true
	}
	if err != nil {
		if neverAccepted(err, doubt) {
			return Sent{}, err
		}
		return out, &Unclear{ID: a.ID, Cause: err}
	}
	out.Payment = p
	return out, unclearIf(a.ID, fitsRequest(p, a.ID, a.body))
}

func unclearIf(id string, err error) error {
	if err == nil {
		return nil
	}
	return &Unclear{ID: id, Cause: err}
}

// neverAccepted says that the relay refused for good, or never heard of it. With a doubt, an earlier try of the same may have
// been accepted: then only a refusal counts that the relay makes after it has looked the Idempotency-Key up. A refused
// connection, a key that is not accepted and an answer of something in between say nothing about the earlier try.
func neverAccepted(err error, doubt bool) bool {
	var p *Problem
	if errors.As(err, &p) {
		switch {
		case p.starting():
			return !doubt
		case p.Status >= 500 || p.Status == http.StatusRequestTimeout || p.Code == "idempotency_in_flight":
			return false
		case !doubt:
			return true
		}
		return p.Code != "" && p.Status != http.StatusUnauthorized && p.Status != http.StatusForbidden &&
			p.Status != http.StatusNotFound && p.Status != http.StatusTooManyRequests
	}
	var lost *Unreached
	return errors.As(err, &lost) && lost.NeverSent && !doubt
}

// mayBeDone says that a request that ended in err may have been carried out.
func mayBeDone(err error) bool {
	var lost *Unreached
	var p *Problem
	var unclear *Unclear
	switch {
	case errors.As(err, &unclear):
		return true
	case errors.As(err, &lost):
		return !lost.NeverSent
	case errors.As(err, &p) && p.starting():
		return false
	case errors.As(err, &p):
		return p.Status >= 500 || p.Status == http.StatusRequestTimeout || p.Code == "idempotency_in_flight"
	}
	return true // an answer cut short, or not understood
}
