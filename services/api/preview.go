package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// preview answers a request for a payment with what would come of it, and writes nothing. An Idempotency-Key is neither
// read nor remembered: the question may be asked again, with another answer.
func (s *server) preview(c *call) (reply, error) {
	var in wire.PaymentRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	ctx := c.Context()
	if in.From != "" && in.Link == nil { // a question, so nothing has to be made for it
		in.ID, in.Link = string(relay.NewPaymentID(s.now())), placeholder
		if keeps, err := relay.Policy(in.Policy).KeepsShare(); err == nil && !keeps {
			in.Link = &wire.LinkHalf{AuthHash: placeholder.AuthHash, ClaimRecipient: placeholder.ClaimRecipient}
		}
	}
	o, _, err := s.intake(in, c.app)
	if err != nil {
		return reply{}, err
	}
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return reply{}, err
	}
	bid, err := s.Ledger.FeeBid(ctx)
	if err != nil {
		return reply{}, err
	}
	refusal, err := s.wouldRefuse(ctx, &o, in)
	if err != nil {
		return reply{}, err
	}
	p := o.Payment
	out := wire.Preview{
		Accepted: refusal == nil, Refusal: refusal, To: p.To.String(), Amount: p.Amount.String(), Asset: p.Asset, Policy: string(p.Policy),
		Custody: p.Custody(), CustodyText: p.CustodyText(), Direct: p.IsDirect(), ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt.Time(),
		Cost: previewCost(p, bid), Ledger: head.Sequence, NotBeforeLedger: head.Sequence + s.cfg.FundingLedgers + 1,
	}
	if p.FundBy > 0 {
		out.NotBeforeLedger = p.FundBy + 1
	}
	out.ReturnTo = cmp.Or(out.ReturnTo, o.App.Treasury)
	return reply{status: http.StatusOK, body: out}, nil
}

// placeholder stands for the link that the client will make.
var placeholder = &wire.LinkHalf{AuthHash: strings.Repeat("0", 64), Share: base64.StdEncoding.EncodeToString(make([]byte, 32)),
	ClaimRecipient: "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"}

// previewCost is what a payment costs besides the amount, and who pays it.
func previewCost(p relay.Payment, bid relay.Stroops) wire.PreviewCost {
	reserve := (relay.Stroops(relay.AssetUnits(p.Asset)) * stellar.BaseReserve).String()
	funding, claim, back := p.FirstBids(bid, prices)
	cost := wire.PreviewCost{Payer: payer(p), FeeFunding: funding.String(), FeeClaim: claim.String(), FeeReturn: back.String(),
		ReserveLocked: reserve, ReserveNewAccount: reserve, Purse: p.Purse.String()}
	if p.IsDirect() {
		cost.ReserveLocked, cost.ReserveNewAccount, cost.Purse = "0", "0", "0"
	}
	return cost
}

// wouldRefuse is the refusal that a request for the payment would get just now, nil when it would be accepted. A request
// that is malformed, and a ledger that does not answer, are errors, as they are of the request itself.
func (s *server) wouldRefuse(ctx context.Context, o *desk.Opening, in wire.PaymentRequest) (*wire.Refusal, error) {
	err := s.complete(ctx, o, in)
	if err == nil {
		err = s.Desk.Preview(ctx, *o)
	}
	var f *relay.Fault
	if errors.As(err, &f) && (f.Kind == relay.Conflict || f.Kind == relay.Exhausted || f.Kind == relay.Forbidden) {
		return &wire.Refusal{Code: f.Code, Detail: f.Public}, nil
	}
	return nil, err
}
