package stack

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// sponsorCarries says whether the sponsor could carry one payment more.
func (s *Stack) sponsorCarries(ctx context.Context) error {
	load, err := s.Desk.Carried(ctx)
	if err != nil {
		return err
	}
	sponsor, _, err := s.Signer.Accounts(ctx)
	if err != nil {
		return err
	}
	facts, _, err := s.Ledger.Look(ctx, relay.Native, sponsor)
	if err != nil {
		return err
	}
	prices := stellar.Prices
	return relay.Sponsor{Free: facts[sponsor].Free, Load: load, Rates: prices.Rates()}.Short(relay.LoadOf(relay.Payment{Asset: relay.Native}))
}

// fundingsGoOn says whether the fundings of an app, or of all, wait for money or for a limit.
func (s *Stack) fundingsGoOn(ctx context.Context) error {
	all, err := s.Desk.Pauses(ctx)
	if err != nil {
		return err
	}
	now, apps := relay.At(s.Desk.Now()), 0
	for _, p := range all {
		switch {
		case now >= p.Until+relay.PauseShown:
		case p.App == "":
			return relay.NewFault(relay.Exhausted, p.Cause, p.Detail, nil)
		default:
			apps++
		}
	}
	if apps > 0 {
		return relay.NewFault(relay.Exhausted, "fundings_wait", fmt.Sprintf("Fundings wait for a treasury or for a limit, in %d app(s).", apps), nil)
	}
	return nil
}
