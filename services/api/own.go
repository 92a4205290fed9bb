package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// A payment out of the sender's own wallet is made in an order that cannot strand money: it is accepted with the terms of its
// funding (createPayment); the sender's client mints the holding account, keeps its receipt, and hands in box and way back
// (deposit), which are checked, kept in the signer's log and in the database; only then the client signs the funding and hands
// it in (fund), or hands it to the network itself, where the watcher sees it.

// Limits of the time in which a sender may fund.
const (
	leastLedgers  = 12
	leastFundTime = time.Minute
	mostFundTime  = 24 * time.Hour // whatever the ledgers take; what relay.MostFundLedgers allow is less
)

// fundTime reads "10m" or "6h"; "" is the least.
func fundTime(within string) (time.Duration, error) {
	if within == "" {
		return leastFundTime, nil
	}
	limit, err := time.ParseDuration(within)
	if err != nil || limit < leastFundTime || limit > mostFundTime {
		return 0, invalid("fund_within_malformed", "/fund_within", `the time to fund is like "10m" or "6h": from 1m to 24h, and no more than 7,500 ledgers take`)
	}
	return limit, nil
}

// deadline sets until when the sender of a payment may fund it.
func (s *server) deadline(ctx context.Context, p *relay.Payment, within string, head relay.Head) error {
	limit, err := fundTime(within)
	if err != nil {
		return err
	}
	p.FundUntil = min(head.CloseTime+int64(limit/time.Second), int64(p.ExpiresAt/1_000_000)-1)
	pace, err := s.pace(ctx, head)
	if err != nil {
		return err
	}
	ledgers := max(math.Ceil(limit.Seconds()/pace), leastLedgers)
	if ledgers > relay.MostFundLedgers && within != "" {
		most := time.Duration(relay.MostFundLedgers*pace) * time.Second
		return invalid("fund_within_too_long", "/fund_within", fmt.Sprintf("the time to fund is at most %s just now: %d ledgers of %.1f seconds. What a "+
			"wallet could still sign after that, nothing could prove dead", most.Truncate(time.Minute), relay.MostFundLedgers, pace))
	}
	p.FundBy = head.Sequence + uint32(min(ledgers, relay.MostFundLedgers))
	return nil
}

// pace is how many seconds a ledger takes, by the last 50. Close times are voted on, so it is measured, and never below a
// tenth of a second; a history that does not reach back counts as 5.
func (s *server) pace(ctx context.Context, head relay.Head) (float64, error) {
	const back = 50
	if head.Sequence <= back {
		return 5, nil
	}
	page, err := s.Ledger.Page(ctx, head.Sequence-back)
	switch {
	case errors.Is(err, relay.ErrGap), err == nil && page == nil:
		return 5, nil
	case err != nil:
		return 0, err
	}
	return max(float64(head.CloseTime-page.Head.CloseTime)/back, 0.1), nil
}

// terms are what the client of a payment that its sender funds needs to do so.
func (s *server) terms(ctx context.Context, p relay.Payment) (*wire.Funding, error) {
	service, _, err := s.Signer.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return nil, err
	}
	at, err := s.Ledger.Sequence(ctx, p.From)
	switch {
	case errors.Is(err, relay.ErrNotFound) && p.IsMove():
		return nil, relay.ErrMoneyLeft
	case errors.Is(err, relay.ErrNotFound):
		return nil, conflict("wallet_missing", "The wallet's account does not exist on the ledger.")
	case err != nil:
		return nil, err
	}
	out := &wire.Funding{From: p.From, Sponsor: p.Sponsor, Rescue: service, Sequence: at + 1, Ledger: head.Sequence, LastLedger: p.FundBy,
		MaxTime: p.FundUntil, Purse: p.Purse.String(), RungFee: int64(p.RungFee), Replaces: string(p.Replaces)}
	if !p.FromWallet() {
		out.Sponsor = service
		return out, nil
	}
	bid, err := s.Ledger.FeeBid(ctx)
	if err != nil {
		return nil, err
	}
	out.Fee = int64(p.WalletFundingBid(bid))
	return out, nil
}
