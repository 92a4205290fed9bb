package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// What an envelope of one payment is bid for at its first try, in operations: three for a funding, up to four for a claim
// or a rung, and one more for the fee bump around each. Fundings are batched, so a payment's own part is often less.
const (
	fundingOperations = 3 + 1
	claimOperations   = 4 + 1
)

// preview answers a request for a payment with what would come of it, and writes nothing. An Idempotency-Key is neither
// read nor remembered: the question may be asked again, with another answer.
func (s *server) preview(c *call) (reply, error) {
	var in wire.PaymentRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	o, _, err := s.intake(in, c.app)
	if err != nil {
		return reply{}, err
	}
	ctx := c.Context()
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return reply{}, err
	}
	bid, err := s.Ledger.FeeBid(ctx)
	if err != nil {
		return reply{}, err
	}
	refusal, err := s.wouldRefuse(ctx, o)
	if err != nil {
		return reply{}, err
	}
	p, reserve := o.Payment, relay.AccountUnits*stellar.BaseReserve
	return reply{status: http.StatusOK, body: wire.Preview{
		Accepted: refusal == nil, Refusal: refusal, To: p.To.String(), Amount: p.Amount.String(), Asset: "native", Policy: string(p.Policy),
		Custody: p.Policy.Custody(), CustodyText: p.Policy.CustodyText(), ReturnTo: o.App.Treasury, ExpiresAt: p.ExpiresAt.Time(),
		Cost: wire.PreviewCost{
			Payer: "service", FeeFunding: (bid * fundingOperations).String(), FeeClaim: (bid * claimOperations).String(),
			FeeReturn: (bid * claimOperations).String(), ReserveLocked: relay.Stroops(reserve).String(), ReserveNewAccount: relay.Stroops(reserve).String(),
		},
		Ledger: head.Sequence, NotBeforeLedger: head.Sequence + s.cfg.FundingLedgers + 1,
	}}, nil
}

// wouldRefuse is the refusal that a request for the payment would get just now, nil when it would be accepted. A request
// that is malformed, and a ledger that does not answer, are errors, as they are of the request itself.
func (s *server) wouldRefuse(ctx context.Context, o relay.Opening) (*wire.Refusal, error) {
	before, free, err := s.spendable(ctx, o.App)
	if o.Before, o.Free = before, free; err == nil {
		err = s.Desk.Preview(ctx, o)
	}
	var f *relay.Fault
	if errors.As(err, &f) && (f.Kind == relay.Conflict || f.Kind == relay.Exhausted || f.Kind == relay.Forbidden) {
		return &wire.Refusal{Code: f.Code, Detail: f.Public}, nil
	}
	return nil, err
}
