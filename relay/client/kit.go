package client

import (
	"context"
	"fmt"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/redeem"
)

// Kit is what a recipient saves after her proof: the box and the identity that opens it.
type Kit = keystore.Kit

// Kit is a claim that stops after the proof: it takes the money nowhere, and returns what gets it out without the relay,
// for keystore.WriteKit. Of the request it uses Link, Code, Session, Voucher and Tell. Errors are those of [Client.Claim].
// The kit's worth ends when the money moves: by a claim, by the sender's cancel, by expiry.
func (c *Client) Kit(ctx context.Context, r ClaimRequest) (Kit, error) {
	v, err := c.untilClaimable(ctx, r)
	if err != nil {
		return Kit{}, err
	}
	if v.State != string(relay.Pending) {
		_, err := outcome(v, "")
		return Kit{}, err
	}
	proven, err := c.prove(ctx, r, v)
	if err != nil {
		_, err := c.afterError(ctx, r, "", err)
		return Kit{}, err
	}
	want, err := c.expected(ctx, r.Link, v)
	if err != nil {
		return Kit{}, err
	}
	return redeem.Keep(r.Link.Secret, proven, want)
}

// expected is what is known of a box before it is opened.
func (c *Client) expected(ctx context.Context, link Link, v ClaimView) (redeem.Expect, error) {
	network, err := c.Network(ctx)
	if err != nil {
		return redeem.Expect{}, err
	}
	amount, err := relay.ParseAmount(v.Amount)
	if err != nil {
		return redeem.Expect{}, fmt.Errorf("%w: no amount", ErrAnswer)
	}
	return redeem.Expect{Payment: link.PaymentID, Network: network, Policy: relay.Policy(v.Policy), Asset: v.Asset, Amount: amount, Bound: v.Purse}, nil
}
