package client

import (
	"context"
	"net/http"
	"time"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay/wire"
)

// mostProofs is how often one proof is asked for at most when answers are lost.
const mostProofs = 3

// proofHeader carries what a proof opened.
const proofHeader = "Restante-Proof"

// onLink is a call in the name of a link's holder.
func (c *Client) onLink(ctx context.Context, link Link, method, rest string, in any) (call, error) {
	network, err := c.Network(ctx)
	if err != nil {
		return call{}, err
	}
	keys, err := claim.Derive(link.Secret, link.PaymentID, network)
	if err != nil {
		return call{}, err
	}
	return call{
		method: method, path: "/v1/claims/" + link.PaymentID + rest, in: in, auth: "Link " + keys.Auth().RevealText(),
	}, nil
}

// View reads what the holder of a link may see. Looking changes nothing. wait as in Get.
func (c *Client) View(ctx context.Context, link Link, wait time.Duration) (ClaimView, error) {
	return c.look(ctx, link, wait, "", false)
}

func (c *Client) look(ctx context.Context, link Link, wait time.Duration, while string, once bool) (ClaimView, error) {
	q, err := c.onLink(ctx, link, http.MethodGet, "", nil)
	if err != nil {
		return ClaimView{}, err
	}
	q.safe, q.once = true, once
	var v ClaimView
	if err := c.do(ctx, waiting(q, wait, while), &v); err != nil {
		return ClaimView{}, err
	}
	return v, fits(v.ID, link.PaymentID)
}

// FollowClaim is Follow for the holder of a link.
func (c *Client) FollowClaim(ctx context.Context, link Link, done func(ClaimView) bool) (ClaimView, error) {
	read := func(wait time.Duration, while string) (ClaimView, string, error) {
		v, err := c.look(ctx, link, wait, while, false)
		return v, v.State, err
	}
	return follow(ctx, read, done)
}

// AskCode has a six-digit code mailed to the recipient. It serves for 10 minutes, with the session returned. It is not
// repeated when an answer is lost: the pause between codes doubles each time. A Problem says, in RetryAfter, how long.
func (c *Client) AskCode(ctx context.Context, link Link) (CodeSession, error) {
	q, err := c.onLink(ctx, link, http.MethodPost, "/code", nil)
	if err != nil {
		return CodeSession{}, err
	}
	q.brief = true
	return change[CodeSession](ctx, c, link.PaymentID, q, nil)
}

// Credential is what is exchanged for a proof: session and code, or an app's voucher. Nothing is needed
// under the policy link.
type Credential struct {
	Session, Code string
	Voucher       string

	// ClaimantKey is random text of the caller's, 20 to 100 characters (crypto/rand.Text makes such). The first proof binds code and
	// voucher to it: they prove again for it alone. Without it a code serves until a plan is made, and a voucher once.
	ClaimantKey string
}

// Prove trades a code or voucher for what opens the box. With a claimant key it is repeated when an answer is lost, a few times only,
// since each try at a code is counted.
func (c *Client) Prove(ctx context.Context, link Link, cred Credential) (Proven, error) {
	q, err := c.onLink(ctx, link, http.MethodPost, "/prove", wire.ProveRequest{Session: cred.Session, Code: cred.Code, Voucher: cred.Voucher, ClaimantKey: cred.ClaimantKey})
	if err != nil {
		return Proven{}, err
	}
	counted := cred.Session != "" || cred.Voucher != ""
	if q.safe = !counted || cred.ClaimantKey != ""; counted {
		q.most = mostProofs
	}
	var p Proven
	err = c.do(ctx, q, &p)
	return p, err
}

// PlanClaim asks for an envelope that moves everything to a destination. It is to be checked (package redeem) before it is
// signed; [Client.Claim] does all of that.
func (c *Client) PlanClaim(ctx context.Context, link Link, proof string, r wire.PlanRequest) (Plan, error) {
	q, err := c.onLink(ctx, link, http.MethodPost, "/plan", r)
	if err != nil {
		return Plan{}, err
	}
	q.safe, q.header = true, map[string]string{proofHeader: proof}
	var p Plan
	err = c.do(ctx, q, &p)
	return p, err
}

// SubmitClaim hands in a signed plan. Handing in the same one again is safe.
func (c *Client) SubmitClaim(ctx context.Context, link Link, proof, envelope string) (ClaimView, error) {
	q, err := c.onLink(ctx, link, http.MethodPost, "/submit", wire.SubmitRequest{Envelope: envelope})
	if err != nil {
		return ClaimView{}, err
	}
	q.safe, q.header = true, map[string]string{proofHeader: proof}
	return change(ctx, c, link.PaymentID, q, func(v ClaimView) error { return fits(v.ID, link.PaymentID) })
}

// Decline sends the money back. The view returned may say that it is still on its way; a claim that lands first wins.
func (c *Client) Decline(ctx context.Context, link Link) (ClaimView, error) {
	q, err := c.onLink(ctx, link, http.MethodPost, "/decline", nil)
	if err != nil {
		return ClaimView{}, err
	}
	q.safe = true
	return change(ctx, c, link.PaymentID, q, func(v ClaimView) error { return fits(v.ID, link.PaymentID) })
}
