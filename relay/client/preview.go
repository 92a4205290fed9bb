package client

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/idn"
	"github.com/restante/restante/relay/wire"
)

// Preview asks what a payment would cost and whether it would be accepted. Nothing is made, here or there: no id, no link,
// no payment. A refusal for the state of things is in the answer; a malformed request is a *Problem, as it is of [Client.Send].
func (c *Client) Preview(ctx context.Context, r SendRequest) (Preview, error) {
	return c.preview(ctx, r, r.body())
}

// PreviewOwn is Preview for [Client.SendOwn].
func (c *Client) PreviewOwn(ctx context.Context, r OwnRequest) (Preview, error) {
	body := r.body()
	r.asks(&body)
	return c.preview(ctx, r.SendRequest, body)
}

func (c *Client) preview(ctx context.Context, r SendRequest, body wire.PaymentRequest) (Preview, error) {
	q := c.post("/v1/payments/preview", body)
	q.safe = true // it only looks
	var v Preview
	if err := c.do(ctx, q, &v); err != nil {
		return Preview{}, err
	}
	asked, err := relay.ParseAmount(r.Amount)
	got, err2 := relay.ParseAmount(v.Amount)
	to, err3 := idn.ParseHandle(r.To)
	sees, err4 := idn.ParseHandle(v.To)
	policy, err5 := relay.ParsePolicy(r.Policy)
	switch {
	case err != nil || err2 != nil || asked != got:
		return Preview{}, fmt.Errorf("%w: another amount", ErrAnswer)
	case err3 != nil || err4 != nil || to != sees:
		return Preview{}, fmt.Errorf("%w: to another handle", ErrAnswer)
	case err5 != nil || v.Policy != string(policy):
		return Preview{}, fmt.Errorf("%w: another policy", ErrAnswer)
	case v.Accepted != (v.Refusal == nil):
		return Preview{}, fmt.Errorf("%w: accepted and refused at once, or neither", ErrAnswer)
	}
	return v, nil
}
