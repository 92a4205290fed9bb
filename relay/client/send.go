package client

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/idn"
	"github.com/restante/restante/relay/wire"
)

// Link is a claim link. Its secret prints as REDACTED; Reveal is its text.
type Link = claim.Link

// ParseLink reads a claim link as a person pasted it, whatever a mail program put around it. The errors are claim.ErrMalformed, ErrTruncated, ErrVersion and
// ErrChecksum; none shows any part of the link.
func ParseLink(text string) (Link, error) { return claim.Find(text) }

// SendRequest is money to be sent.
type SendRequest struct {
	To        string            // handle: "ana@example.com", "email:…", "tel:+…", "github:…", "app:…"
	Amount    string            // up to 7 decimals: "25", "0.5"
	Asset     string            // "native" (the default: lumens), or CODE:ISSUER
	Direct    bool              // pay into the account that the recipient has put on file, if there is one
	Note      string            // for the recipient, at most 500 bytes; sealed in the box
	ExpiresIn string            // "12h", "30d"; 1 hour to 180 days. Empty: 30 days
	ExpiresAt time.Time         // instead of ExpiresIn
	Policy    string            // "guarded" (link and proof of the handle; the default) or "link" (the link alone)
	Reference string            // the app's own name of it, unique per app
	Metadata  map[string]string // the app's own

	LinkBase string // address that links begin with; empty: the relay's
}

// Sent is a payment that was accepted, and the link that claims it. It is in no other place: deliver it, or lose it
// (the money can be canceled home without it).
type Sent struct {
	Payment Payment
	Link    Link
	Token   secret.Bytes // that manages the payment; of SendOwn and Move
	Funding string       // base64 XDR, of SendOwn and Move: signed as far as it could be here
	Proof   *ProofWanted // of SendOwn, when the wallet's proof was not made here, or refused: the way on is [Client.Deposit]
}

// Unclear says that something may have been done although no answer came, or none that fits (ErrAnswer). After a Send, Sent holds
// id and link: [Client.ResumeAttempt] goes on with the same payment, and a new Send would be a second one. Cancel, Decline, Readdress,
// Fund, Deposit and Claim may be called again.
type Unclear struct {
	ID    string // of the payment; "" when it is about none
	Cause error
}

func (u *Unclear) Error() string {
	if u.ID == "" {
		return fmt.Sprintf("no clear answer; what was asked for may be done: %v", u.Cause)
	}
	return fmt.Sprintf("no clear answer about payment %s; what was asked for may be done: %v", u.ID, u.Cause)
}
func (u *Unclear) Unwrap() error { return u.Cause }

// Send makes a payment's id and claim link here and asks the relay to accept the payment. Repeats inside carry one
// Idempotency-Key, so that a lost answer neither pays twice nor loses the link. Errors: *Problem (nothing was accepted),
// *Unreached (nothing was sent), and *Unclear after anything else. A caller that must not lose the link when it is cut off takes
// [Client.Prepare], keeps the attempt, and sends it with [Client.SendAttempt].
func (c *Client) Send(ctx context.Context, r SendRequest) (Sent, error) {
	a, err := c.Prepare(ctx, r)
	if err != nil {
		return Sent{}, err
	}
	return c.SendAttempt(ctx, a)
}

func (c *Client) prepare(id, network string, r SendRequest) (Link, wire.PaymentRequest, error) {
	link, half, policy, err := c.newLink(r.LinkBase, id, network, r.Policy)
	if err != nil {
		return Link{}, wire.PaymentRequest{}, err
	}
	body := r.body()
	body.Policy, body.ID, body.Link = string(policy), id, half
	return link, body, nil
}

// body is the request without what only its sender makes.
func (r SendRequest) body() wire.PaymentRequest {
	body := wire.PaymentRequest{
		To: r.To, Amount: r.Amount, Asset: r.Asset, Note: r.Note, ExpiresIn: r.ExpiresIn, Policy: r.Policy,
		Reference: r.Reference, Metadata: r.Metadata,
	}
	if r.Direct {
		body.Direct = "if_agreed"
	}
	if !r.ExpiresAt.IsZero() {
		at := r.ExpiresAt.UTC()
		body.ExpiresAt = &at
	}
	return body
}

// newLink makes a payment's claim link, and what the relay may know of it. base is "" for the relay's own pages.
func (c *Client) newLink(base, id, network, policy string) (Link, *wire.LinkHalf, relay.Policy, error) {
	link, err := claim.NewLink(cmp.Or(base, c.Server()), id, claim.NewSecret())
	if err != nil {
		return Link{}, nil, "", err
	}
	half, pol, err := linkHalf(link, network, policy)
	return link, half, pol, err
}

// linkHalf is everything of a link that the relay may know.
func linkHalf(link Link, network, policy string) (*wire.LinkHalf, relay.Policy, error) {
	pol, err := relay.ParsePolicy(policy)
	if err != nil {
		return nil, "", &Problem{Status: http.StatusUnprocessableEntity, Code: "policy_unknown", Pointer: "/policy", Detail: "A policy is \"guarded\" or \"link\"."}
	}
	keys, err := claim.Derive(link.Secret, link.PaymentID, network)
	if err != nil {
		return nil, "", err
	}
	half := &wire.LinkHalf{AuthHash: keys.Auth().Hash(), ClaimRecipient: keys.LinkIdentity().Recipient()}
	keeps, err := pol.KeepsShare()
	if err != nil {
		return nil, "", err
	}
	if keeps {
		share := claim.NewShare()
		id, err := keys.GuardedIdentity(share)
		if err != nil {
			return nil, "", err
		}
		half.ClaimRecipient, half.Share = id.Recipient(), base64.StdEncoding.EncodeToString(share.Reveal())
	}
	return half, pol, nil
}

// fitsRequest compares what was accepted with what was asked for.
func fitsRequest(p Payment, id string, r wire.PaymentRequest) error {
	if err := fits(p.ID, id); err != nil {
		return err
	}
	asked, err := relay.ParseAmount(r.Amount)
	got, err2 := relay.ParseAmount(p.Amount)
	to, err3 := idn.ParseHandle(r.To)
	sees, err4 := idn.ParseHandle(p.To)
	asset, err5 := relay.ParseAsset(r.Asset)
	switch {
	case err5 != nil || asset != p.Asset:
		return fmt.Errorf("%w: payment %s is of another asset", ErrAnswer, id)
	case err != nil || err2 != nil || asked != got:
		return fmt.Errorf("%w: payment %s has another amount", ErrAnswer, id)
	case err3 != nil || err4 != nil || to != sees:
		return fmt.Errorf("%w: payment %s is to another handle", ErrAnswer, id)
	case p.Policy != r.Policy || p.Reference != r.Reference:
		return fmt.Errorf("%w: payment %s has another policy or reference", ErrAnswer, id)
	}
	return nil
}
