package api

import (
	"cmp"
	"context"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// prices are those of the network and of our envelopes.
var prices = stellar.Prices

// checkRequirements looks at the ledger for what a payment requires, and has relay judge it.
func (s *server) checkRequirements(ctx context.Context, o *desk.Opening) error {
	p := &o.Payment
	payer := cmp.Or(p.From, o.App.Treasury)
	home, err := stellar.BaseAccount(cmp.Or(p.ReturnTo, o.App.Treasury))
	if err != nil {
		return err
	}
	usage, err := s.Desk.Usage(ctx, o.App.ID, p.Asset)
	if err != nil {
		return err
	}
	if o.Sponsor, err = s.carrying(ctx); err != nil {
		return err
	}
	if o.Prices = prices; p.ByTreasury() {
		if o.Signs, err = s.Signer.Allowance(ctx, o.App.ID, cmp.Or(p.Asset, relay.Native)); err != nil {
			return err
		}
	}
	facts, asset, err := s.Ledger.Look(ctx, p.Asset, payer, home)
	if err != nil {
		return err
	}
	o.Before, o.Free, p.Clawback = usage.Committed, facts[payer].Spendable, asset.Clawback
	return p.Suits(asset, facts[payer], facts[home], prices)
}

// direct looks for an account on file for the handle of a payment that may go there directly.
func (s *server) direct(ctx context.Context, o *desk.Opening, wanted string) error {
	p := &o.Payment
	if wanted != "if_agreed" || p.ByClient() {
		return nil
	}
	account, err := s.Desk.Agreed(ctx, o.App.ID, p.To)
	if err != nil || account == "" || account == o.App.Treasury {
		return err
	}
	if held, err := s.Desk.Holds(ctx, account); err != nil || held {
		return err
	}
	facts, _, err := s.Ledger.Look(ctx, p.Asset, account)
	if err == nil && p.Direct(facts[account]) {
		p.PayTo = account
	}
	return err
}
