package client

import (
	"context"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// MoveRequest gives the money of a waiting payment to another recipient, by moving it into a fresh holding account with a new link.
type MoveRequest struct {
	ID         string         // of the payment that waits
	To         string         // the new handle
	Note       string         // for the new recipient; the old note is not carried over
	Policy     string         // "guarded" or "link"
	Identities []secret.Bytes // the sender's age identities, AGE-SECRET-KEY-1…: one of them opens the box
	Recipients []string       // age recipients of the new box; none: that of the identity that opened the old one
	LinkBase   string         // as SendRequest.LinkBase

	Keep func(OwnReceipt) error                                     // as OwnRequest.Keep. Required
	Sign func(ctx context.Context, envelope string) (string, error) // of a payment out of a wallet: the wallet keeps the new reserve, too, and signs
}

// Move is how a payment is readdressed that only its sender may still open: the sender's client opens the box, and the
// funding of the new payment merges the old holding account into the new one. The old link claims until that has landed, and
// whichever lands first has the money: follow the new payment. Errors: those of [Client.SendOwn] and [Client.Receipt], and
// redeem.ErrBox when no identity opens the box.
func (c *Client) Move(ctx context.Context, r MoveRequest) (Sent, error) {
	network, err := c.agreedNetwork(ctx)
	if err != nil {
		return Sent{}, err
	}
	old, err := c.Receipt(ctx, r.ID)
	if err != nil {
		return Sent{}, err
	}
	h, identity, err := redeem.OpenSentAny(old, r.Identities)
	if err != nil {
		return Sent{}, err
	}
	defer h.Wipe()
	id := string(relay.NewPaymentID(relay.At(c.now())))
	link, half, policy, err := c.newLink(r.LinkBase, id, network, r.Policy)
	if err != nil {
		return Sent{}, err
	}
	recipients := r.Recipients
	if len(recipients) == 0 {
		own, err := redeem.Recipient(identity)
		if err != nil {
			return Sent{}, err
		}
		recipients = []string{own}
	}
	token, hash := newToken()
	path, err := paymentPath(r.ID, "/move")
	if err != nil {
		return Sent{}, err
	}
	q := c.post(path, wire.MoveRequest{To: r.To, Policy: string(policy), SenderRecipients: recipients, ManageHash: hash, ID: id, Link: half})
	q.safe = true // by its id
	out := Sent{Link: link, Token: secret.NewString(token)}
	mover := c
	if c.token.Len() > 0 { // the old token manages the old payment only
		mover = c.managing(out.Token, network)
	}
	out.Payment, err = change[Payment](ctx, c, id, q, nil)
	if IsCode(err, "id_taken") { // ours, by a try whose answer was lost
		out.Payment, err = mover.Get(ctx, id, 0)
	}
	if err != nil {
		return perhapsMade(id, link, err), err
	}
	asked := wire.PaymentRequest{To: r.To, Amount: old.Amount, Asset: old.Asset, Policy: string(policy)}
	if err := fitsRequest(out.Payment, id, asked); err != nil {
		return Sent{}, err
	}
	want := ownTerms{network: network, from: h.Account, home: old.ReturnTo, memo: relay.Memo{Kind: old.ReturnMemoType, Value: old.ReturnMemo}, sender: recipients, claim: half.ClaimRecipient, note: r.Note, replaces: r.ID,
		move: func(envelope string, plan stellar.FundingPlan) (string, error) { return h.SignMove(envelope, plan) }}
	switch {
	case h.Keeper != "": // the purse is that wallet's, and stays so
		want.sponsor = h.Keeper
	case old.RungFee > 0 && out.Payment.Funding != nil: // of a wallet's box that names no keeper: the account that keeps the reserve signs, and its owner sees for which payment
		want.sponsor = out.Payment.Funding.Sponsor
	}
	return mover.fundOwn(ctx, out, want, ownHands{keep: r.Keep, sign: r.Sign})
}
