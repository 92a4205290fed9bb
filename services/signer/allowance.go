package signer

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
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
	limits := s.cfg.Policy.limits(app)
	has, err := s.funds(ctx, limits)
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
	out, used := s.book.out[app], s.book.used[appAndDay{app, dayOf(head)}]
	return relay.Allowance{
		MaxPayment: limits.MaxPayment, MaxDay: limits.MaxDay, DayLeft: limits.MaxDay - s.book.signed[appDay{app, dayOf(head), asset}],
		Budget: has.budget, BudgetLeft: max(has.budget-out-used, 0), Locked: out, Used: used,
		Shares: has.shares, SharesLeft: s.sharesLeft(has, head),
	}, nil
}

// funds is what the sponsor has for an app.
type funds struct {
	budget relay.Stroops // how many of its lumens the app may have out
	shares bool          // that is a share, and all apps on a share have one together
	free   relay.Stroops // what the sponsor has free, where it is
}

func (s *Signer) funds(ctx context.Context, limits Limits) (funds, error) {
	if limits.Budget > 0 {
		return funds{budget: limits.Budget}, nil
	}
	facts, _, err := s.cfg.Ledger.Look(ctx, stellar.Native, s.book.sponsor)
	if err != nil {
		return funds{}, unavailable("ledger_unavailable", err)
	}
	free := max(facts[s.book.sponsor].Free, 0)
	return funds{budget: relay.ShareOf(free, limits.Share), shares: true, free: free}, nil
}

// fundsFor is what the sponsor has for an intent of an app.
func (s *Signer) fundsFor(t *told, app relay.AppID) (funds, error) {
	return tell(t, "budget of "+string(app), func(ctx context.Context) (funds, error) { return s.funds(ctx, s.cfg.Policy.limits(app)) })
}

// sharesLeft is what all apps on a share have left together: a share of what the sponsor has for them, less what they have out and
// used up today. What it has is what is free, what is out, and what was used up; but what could still land is in what is free.
func (s *Signer) sharesLeft(has funds, head relay.Head) relay.Stroops {
	var taken, landing relay.Stroops
	for app := range s.book.treasuries {
		if s.cfg.Policy.limits(app).Budget > 0 {
			continue
		}
		taken += s.book.out[app] + s.book.used[appAndDay{app, dayOf(head)}]
		landing += s.book.besides[app]
	}
	for _, f := range s.onTheirWay(head) {
		if s.cfg.Policy.limits(f.app).Budget > 0 {
			continue
		}
		for _, c := range f.costs {
			landing += c.most()
		}
	}
	return max(relay.ShareOf(has.free+taken-landing, s.cfg.Policy.Together)-taken, 0)
}

// allowCost refuses what an app's budget does not cover, and what all apps on a share have not left. The caller has its turn.
func (s *Signer) allowCost(t *told, app relay.AppID, cost relay.Stroops, head relay.Head) error {
	has, err := s.fundsFor(t, app)
	if err != nil {
		return err
	}
	if left := max(has.budget-s.book.out[app]-s.book.used[appAndDay{app, dayOf(head)}], 0); cost > left {
		return relay.BudgetEmpty(cost, left, has.budget)
	}
	if has.shares && cost > s.sharesLeft(has, head) {
		return relay.BudgetsEmpty(cost, s.sharesLeft(has, head))
	}
	return nil
}

// withinBudget does what costs the sponsor something, and once more when the budget was empty and something came back.
func (s *Signer) withinBudget(ctx context.Context, app relay.AppID, do func() error) error {
	err := do()
	settle := s.settle
	switch relay.CodeOf(err) {
	case relay.BudgetEmptyCode:
	case relay.BudgetsEmptyCode:
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
// payments were funded and as the app's budget has left. What brings money home or to its claimant is never refused: at the
// network's least fee it is signed whatever the budget says.
func (s *Signer) allowBid(t *told, at filed, hash string, fee relay.Stroops, operations int) (relay.Stroops, error) {
	if fee/relay.Stroops(operations) < stellar.MinBaseFee {
		return 0, invalid("fee_too_low", "The network wants at least 100 stroops for each operation and one more.")
	}
	costs := s.book.costsOf(at)
	covered := fee
	for _, c := range costs {
		covered = min(covered, relay.Stroops(len(costs))*max(c.bids[hash], c.aside-(c.bid()-c.bids[hash])))
	}
	if covered >= fee {
		return fee / relay.Stroops(operations), nil
	}
	a, err := s.left(t, at.funding.app)
	if u := (*unasked)(nil); errors.As(err, &u) {
		return 0, err
	}
	if err != nil && at.kind == relay.FundingEnvelope && !at.funding.kept {
		return 0, err
	}
	base := min(fee, covered+a) / relay.Stroops(operations)
	if base < stellar.MinBaseFee && at.kind == relay.FundingEnvelope && !at.funding.kept {
		return 0, relay.BudgetEmpty(fee, covered+a, fee)
	}
	return max(base, stellar.MinBaseFee), nil
}

// left is what an app's budget has left. The caller has its turn.
func (s *Signer) left(t *told, app relay.AppID) (relay.Stroops, error) {
	head, err := s.head(t)
	if err != nil {
		return 0, err
	}
	has, err := s.fundsFor(t, app)
	if err != nil {
		return 0, err
	}
	left := max(has.budget-s.book.out[app]-s.book.used[appAndDay{app, dayOf(head)}], 0)
	if has.shares {
		left = min(left, s.sharesLeft(has, head))
	}
	return left, nil
}
