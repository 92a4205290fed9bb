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
	"github.com/restante/restante/relay/wire"
)

// patience bounds the work behind an Idempotency-Key. It is shorter than the minute after which the Desk gives a key in
// flight to the next request, so that two of them never work at a time.
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
		if o.Before, o.Free, err = s.spendable(c.Context(), c.app); err != nil {
			return reply{}, err
		}
		return s.accept(c.Context(), o, link)
	}
	return s.acceptOnce(c, idem, o, link)
}

// acceptOnce does the work behind an Idempotency-Key, once. It is finished whether the caller is still there or not: she
// will ask again with the same key.
func (s *server) acceptOnce(c *call, idem relay.Answered, o relay.Opening, link string) (reply, error) {
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
	if o.Before, o.Free, err = s.spendable(ctx, c.app); err != nil {
		s.giveBack(ctx, first)
		return reply{}, err
	}
	out, err := s.accept(ctx, o, link)
	if err != nil && refused(err) {
		s.giveBack(ctx, first)
	}
	return out, err
}

// giveBack frees a key after a request that wrote nothing.
func (s *server) giveBack(ctx context.Context, idem relay.Answered) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Desk.Abandon(ctx, idem); err != nil {
		s.Log.Warn("an idempotency key stays in flight for a minute", "app", idem.App, "err", err)
	}
}

// refused says that err is a decision of the commit, after which nothing was written. After any other error the commit
// may have happened; then the key stays in flight, and the next request with it finds the answer or begins anew.
func refused(err error) bool {
	switch relay.KindOf(err) {
	case relay.Invalid, relay.Forbidden, relay.Conflict, relay.Exhausted:
		return true
	}
	return false
}

// spendable is what the app's treasury has free on the ledger, and what was committed of it before that was read. The
// treasury is also where money goes home to, so it has to exist.
func (s *server) spendable(ctx context.Context, app relay.App) (before, free relay.Stroops, err error) {
	usage, err := s.Desk.Usage(ctx, app.ID)
	if err != nil {
		return 0, 0, err
	}
	_, free, err = s.Ledger.Balance(ctx, app.Treasury)
	if relay.CodeOf(err) == relay.ErrNotFound.Code {
		err = relay.NewFault(relay.Conflict, "return_to_missing",
			"The app's treasury account does not exist on the ledger yet. Pay lumens into it first.", nil)
	}
	return usage.Committed, free, err
}

// accept commits the payment and answers.
func (s *server) accept(ctx context.Context, o relay.Opening, link string) (reply, error) {
	var box string
	var err error
	if link != "" {
		if box, err = sealed(link, o.App.Recipient); err != nil {
			return reply{}, err
		}
	}
	show := func(p relay.Payment) (wire.Payment, error) {
		out, err := payment(p)
		out.ClaimLinkBox = box
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
func idempotency(c *call, in wire.PaymentRequest) (relay.Answered, error) {
	keys := c.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return relay.Answered{}, nil
	}
	if len(keys) > 1 || len(keys[0]) == 0 || len(keys[0]) > 255 || !printable(keys[0]) {
		return relay.Answered{}, invalid("idempotency_key_malformed", "", "an Idempotency-Key has 1 to 255 printable ASCII characters")
	}
	if in.ExpiresAt != nil {
		at := in.ExpiresAt.UTC()
		in.ExpiresAt = &at
	}
	body, err := json.Marshal(in)
	if err != nil {
		return relay.Answered{}, err
	}
	return relay.Answered{App: c.app.ID, Key: keys[0], Body: hashOf(c.Method + " " + c.Pattern + "\n" + string(body))}, nil
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
func (s *server) remembered(c *call, idem relay.Answered) (reply, bool) {
	if idem.Key == "" {
		return reply{}, false
	}
	var first relay.Answered
	err := s.Store.View(c.Context(), func(tx relay.Tx) (err error) {
		first, err = tx.Recall(idem.App, idem.Key)
		return err
	})
	if err != nil || first.Until != 0 || first.Body != idem.Body {
		return reply{}, false
	}
	return replay(first), true
}

func replay(first relay.Answered) reply {
	out := reply{status: first.Status, raw: first.Answer, header: http.Header{"Idempotency-Replayed": {"true"}}}
	var p wire.Payment
	if json.Unmarshal(first.Answer, &p) == nil {
		out.header.Set("Location", "/v1/payments/"+p.ID)
	}
	return out
}
