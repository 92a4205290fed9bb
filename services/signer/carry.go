package signer

import (
	"context"
	"errors"
	"slices"

	"github.com/restante/restante/relay"
)

// allowCarry refuses fundings that would fail on the ledger for want of lumens or of the amount, by the signer's own view: a
// sponsor that cannot carry them besides the claims and returns of all that is in flight, a treasury that does not hold what
// is to be paid. The caller has its turn.
func (s *Signer) allowCarry(t *told, in relay.FundIntent, head relay.Head) error {
	more, wants := relay.Load{}, map[string]relay.Stroops{}
	for _, m := range in.Mints {
		more = more.Plus(relay.LoadOf(relay.Payment{Asset: m.Asset, Route: relay.Route{PayTo: m.PayTo}}))
		wants[m.Asset] += m.Amount
	}
	err := s.carries(t, "", in.App, more, wants, head)
	if !errors.Is(err, relay.ErrSponsorShort) && !errors.Is(err, relay.ErrTreasuryShort) {
		return err
	}
	// What landed a moment ago is counted twice, by the ledger and as on its way: find out, before anything is refused for it.
	for _, f := range s.onTheirWay(head) {
		if err := s.lookAtOthers(t, f); err != nil {
			return err
		}
	}
	return s.carries(t, " now", in.App, more, wants, head)
}

// carries asks the ledger what sponsor and treasury hold, and has relay judge it. when tells two times of asking apart.
func (s *Signer) carries(t *told, when string, app relay.AppID, more relay.Load, wants map[string]relay.Stroops, head relay.Head) error {
	if err := s.sponsorCarries(t, when, more, head); err != nil {
		return err
	}
	treasury := s.book.treasuries[app]
	for asset, want := range wants {
		facts, err := s.holds(t, when, asset, treasury)
		if err != nil {
			return err
		}
		var signed relay.Stroops
		for _, f := range s.onTheirWay(head) {
			if f.app == app {
				signed += f.totals[asset]
			}
		}
		if err := relay.Treasured(facts.Spendable, signed, want); err != nil {
			return err
		}
	}
	return nil
}

// holds is what an account of ours holds of an asset.
func (s *Signer) holds(t *told, when, asset, account string) (relay.AccountFacts, error) {
	facts, err := s.facts(t, asset+" of "+account+when, asset, account)
	return facts[account], err
}

// facts are those of accounts, and of what each holds of an asset.
func (s *Signer) facts(t *told, about, asset string, accounts ...string) (map[string]relay.AccountFacts, error) {
	return ask(t, about, func(ctx context.Context) (map[string]relay.AccountFacts, error) {
		facts, _, err := s.cfg.Ledger.Look(ctx, asset, accounts...)
		return facts, err
	})
}

func (s *Signer) sponsorCarries(t *told, when string, more relay.Load, head relay.Head) error {
	facts, err := s.holds(t, when, relay.Native, s.book.sponsor)
	if err != nil {
		return err
	}
	return relay.Sponsor{Free: facts.Free, Load: s.load(head), Prices: prices}.Short(more)
}

// load is what the payments in the log will still ask of the sponsor. One whose end is not written down counts as waiting.
func (s *Signer) load(head relay.Head) (l relay.Load) {
	for _, costs := range s.book.open {
		for _, c := range costs {
			switch {
			case c.end != "":
				continue
			case c.funding.flies(head):
				l.Unmade++
				l.UnmadeUnits += int(c.reserve / prices.Reserve)
			default:
				l.Waiting++
			}
			if c.gift > 0 {
				l.Credit++
			}
		}
	}
	return l
}

// flies says of a funding out of a treasury that it could still land, as far as the log knows.
func (f *funding) flies(head relay.Head) bool {
	return f.fate == "" && relay.CouldLand(f.bound, head, 0)
}

// onTheirWay are the fundings that could still land, as far as the log knows.
func (s *Signer) onTheirWay(head relay.Head) (all []*funding) {
	s.book.recent = slices.DeleteFunc(s.book.recent, func(f *funding) bool { return f.bound+relay.MostLedgers < head.Sequence })
	for _, f := range s.book.recent {
		if f.flies(head) {
			all = append(all, f)
		}
	}
	return all
}
