package client

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/sep7"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// WalletTime is how long Claim waits for a wallet. What it was asked to sign is good for 5 minutes by the ledger's clock.
const WalletTime = 6 * time.Minute

// ErrWalletSilent says that nothing came back from the claimant's wallet in time. Nothing is lost: claim again.
var ErrWalletSilent = errors.New("nothing came from your wallet in time, and what it was shown can no longer be used; claim again for a new one")

// byWallet has the owner of the destination sign in her own wallet (SEP-7). The holding account has signed already; what comes
// back goes to the relay, by the request's callback, and is followed from there.
func (c *Client) byWallet(ctx context.Context, r ClaimRequest, h Holding, to Account, envelope string) (ClaimView, error) {
	account, err := stellar.BaseAccount(to.Address)
	if err != nil {
		return ClaimView{}, err
	}
	request := sep7.Request{
		XDR: envelope, PublicKey: account, Passphrase: h.Network, Callback: c.base.JoinPath("/v1/claims/" + r.Link.PaymentID + "/wallet").String(),
		Message: "Claim " + h.Amount.String() + " " + named(h.Asset) + " into your account",
	}
	if err := r.Wallet(ctx, request); err != nil {
		return ClaimView{}, err
	}
	patient, cancel := context.WithTimeout(ctx, WalletTime)
	defer cancel()
	_, err = c.FollowClaim(patient, r.Link, func(v ClaimView) bool {
		r.tell(v)
		return v.State != string(relay.Pending) || Stopped(v)
	})
	if err != nil && patient.Err() != nil && ctx.Err() == nil {
		return ClaimView{}, ErrWalletSilent
	}
	if err != nil {
		return ClaimView{}, err
	}
	return c.decided(ctx, r)
}

// named is an asset for people: with its issuer, because a code alone names nothing.
func named(asset string) string {
	code, issuer, credit := strings.Cut(asset, ":")
	if !credit {
		return "XLM"
	}
	return code + " issued by " + issuer
}

// Agree lets the app pay the account directly from now on: what it sends to the same handle with Direct goes there at once. proof is of
// [Client.Prove], of a payment whose policy asks for a proof of the handle.
func (c *Client) Agree(ctx context.Context, link Link, proof, account string) error {
	q, err := c.onLink(ctx, link, http.MethodPost, "/agree", wire.AgreeRequest{Account: account})
	if err != nil {
		return err
	}
	q.safe, q.header = true, map[string]string{proofHeader: proof}
	_, err = change[ClaimView](ctx, c, link.PaymentID, q, nil)
	return err
}
