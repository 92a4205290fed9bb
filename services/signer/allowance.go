package signer

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
)

// Allowance is what would still be signed for an app just now. It fails when the ledger does not answer: what the sponsor
// holds is not known then.
func (s *Signer) Allowance(ctx context.Context, app relay.AppID, asset string) (a relay.Allowance, err error) {
	if a, err = s.allowance(ctx, app, asset); err != nil {
		return a, err
	}
	back := false
	switch {
	case a.Shares && a.SharesLeft <= a.Budget/8:
		back, err = s.settleAll(ctx, app)
	case a.BudgetLeft <= a.Budget/8:
		back, err = s.settle(ctx, app)
	}
	if err != nil || !back {
		return a, err
	}
	return s.allowance(ctx, app, asset)
}

func (s *Signer) allowance(ctx context.Context, app relay.AppID, asset string) (relay.Allowance, error) {
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		return relay.Allowance{}, unavailable("ledger_unavailable", err)
	}
	free, err := s.free(ctx, app)
	if err != nil {
		return relay.Allowance{}, err
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return relay.Allowance{}, err
	}
	defer leave()
	if _, ok := s.book.treasuries[app]; !ok {
		return relay.Allowance{}, forbidden("app_unknown", "This app has no treasury.")
	}
	a, limits := s.left(app, free, head), s.cfg.Policy.limits(app)
	a.MaxPayment, a.MaxDay, a.DayLeft = limits.MaxPayment, limits.MaxDay, limits.MaxDay-s.book.signed[appDay{app, dayOf(head), asset}]
	return a, nil
}

// free is what the sponsor has free, which is asked for an app on a share of it.
func (s *Signer) free(ctx context.Context, app relay.AppID) (relay.Stroops, error) {
	if !s.onShare(app) {
		return 0, nil
	}
	facts, _, err := s.cfg.Ledger.Look(ctx, relay.Native, s.book.sponsor)
	if err != nil {
		return 0, unavailable("ledger_unavailable", err)
	}
	return max(facts[s.book.sponsor].Free, 0), nil
}

// onShare says that an app has no number of its own, but a share of what the sponsor has free.
func (s *Signer) onShare(app relay.AppID) bool { return s.cfg.Policy.limits(app).Budget <= 0 }

// left is what an app's budget has left, and what all apps on a share have together.
func (s *Signer) left(app relay.AppID, free relay.Stroops, head relay.Head) relay.Allowance {
	limits := s.cfg.Policy.limits(app)
	a := relay.Allowance{Budget: limits.Budget, Locked: s.book.out[app], Used: s.book.used[appAndDay{app, dayOf(head)}], Shares: s.onShare(app)}
	if a.Shares {
		a.Budget, a.SharesLeft = relay.ShareOf(free, limits.Share), s.sharesLeft(free, head)
	}
	a.BudgetLeft = max(a.Budget-a.Locked-a.Used, 0)
	return a
}

func (s *Signer) sharesLeft(free relay.Stroops, head relay.Head) relay.Stroops {
	var taken, landing relay.Stroops
	for app := range s.book.treasuries {
		if s.onShare(app) {
			taken += s.book.out[app] + s.book.used[appAndDay{app, dayOf(head)}]
			landing += s.book.besides[app]
		}
	}
	for _, f := range s.onTheirWay(head) {
		for _, c := range f.costs {
			if s.onShare(f.app) {
				landing += c.counts().Most()
			}
		}
	}
	return relay.SharesLeft(free, taken, landing, s.cfg.Policy.Together)
}

// askLeft is left, by what the ledger says. The caller has its turn.
func (s *Signer) askLeft(t *told, app relay.AppID) (a relay.Allowance, err error) {
	head, err := s.head(t)
	if err != nil {
		return a, err
	}
	free, err := tell(t, "budget of "+string(app), func(ctx context.Context) (relay.Stroops, error) { return s.free(ctx, app) })
	if err == nil {
		a = s.left(app, free, head)
	}
	return a, err
}

// allowCost refuses what an app's budget does not cover, and what all apps on a share have not left. The caller has its turn.
func (s *Signer) allowCost(t *told, app relay.AppID, cost relay.Stroops) error {
	a, err := s.askLeft(t, app)
	if err == nil {
		err = a.Covers(cost)
	}
	return err
}

// withinBudget does what costs the sponsor something, and once more when the budget was empty and something came back.
func (s *Signer) withinBudget(ctx context.Context, app relay.AppID, do func() error) error {
	err := do()
	settle := s.settle
	switch {
	case errors.Is(err, relay.ErrBudgetEmpty):
	case errors.Is(err, relay.ErrBudgetsEmpty):
		settle = s.settleAll
	default:
		return err
	}
	if back, failed := settle(ctx, app); failed != nil || !back {
		return err
	}
	return do()
}

// costOf is what new payments are counted with.
func costOf(mints []relay.Mint) (sum relay.Stroops) {
	for _, m := range mints {
		sum += relay.Payment{Asset: m.Asset, Route: relay.Route{PayTo: m.PayTo}}.SponsorCost(prices)
	}
	return sum
}

// allowBid is the base fee to bid for one of so many operations: fee in all, or as much of it as was set aside when the
// payments were funded and as the app's budget has left ([relay.Prices.BidOf]). A funding out of a treasury waits when that is too little.
func (s *Signer) allowBid(t *told, at filed, hash string, fee relay.Stroops, operations int) (relay.Stroops, error) {
	if err := prices.CheckFee(fee, operations); err != nil {
		return 0, err
	}
	var aside []relay.SetAside
	for _, c := range s.book.costsOf(at) {
		aside = append(aside, relay.SetAside{Fees: c.aside, Others: c.bid() - c.bids[hash], Before: c.bids[hash]})
	}
	most, waits := relay.Covered(fee, aside), at.kind == relay.FundingEnvelope && !at.funding.kept
	if most < fee {
		a, err := s.askLeft(t, at.funding.app)
		if errors.As(err, new(*unasked)) || err != nil && waits {
			return 0, err
		}
		most += a.Left()
	}
	return prices.BidOf(fee, most, operations, waits)
}
