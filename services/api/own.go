package api

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// A payment out of the sender's own wallet is made in an order that cannot strand money: it is accepted with the terms of its
// funding (createPayment); the sender's client mints the holding account, keeps its receipt, and hands in box and way back
// (deposit), which are checked, kept in the signer's log and in the database; only then the client signs the funding and hands
// it in (fund), or hands it to the network itself, where the watcher sees it.

// deadline sets until when the sender of a payment may fund it, by the pace of the newest ledgers.
func (s *server) deadline(ctx context.Context, p *relay.Payment, within string, head relay.Head) error {
	if head.Sequence <= relay.PaceLedgers {
		return p.FundWithin(within, head, relay.Head{})
	}
	page, err := s.Ledger.Page(ctx, head.Sequence-relay.PaceLedgers)
	switch {
	case errors.Is(err, relay.ErrGap), err == nil && page == nil:
		return p.FundWithin(within, head, relay.Head{})
	case err != nil:
		return err
	}
	return p.FundWithin(within, head, page.Head)
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
