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
	if a, err = s.allowance(ctx, app, asset); err != nil || a.BudgetLeft > a.Budget/8 {
		return a, err
	}
	if back, err := s.settle(ctx, app); err != nil || !back {
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
	budget, err := s.budget(ctx, limits)
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
		Budget: budget, BudgetLeft: max(budget-out-used, 0), Locked: out, Used: used,
	}, nil
}

// budget is how many of the sponsor's lumens an app with these limits may have out.
func (s *Signer) budget(ctx context.Context, limits Limits) (relay.Stroops, error) {
	if limits.Budget > 0 {
		return limits.Budget, nil
	}
	facts, _, err := s.cfg.Ledger.Look(ctx, stellar.Native, s.book.sponsor)
	if err != nil {
		return 0, unavailable("ledger_unavailable", err)
	}
	return relay.ShareOf(facts[s.book.sponsor].Free, limits.Share), nil
}

// budgetOf is the budget of an app, for an intent of it.
func (s *Signer) budgetOf(t *told, app relay.AppID) (relay.Stroops, error) {
	return tell(t, "budget of "+string(app), func(ctx context.Context) (relay.Stroops, error) { return s.budget(ctx, s.cfg.Policy.limits(app)) })
}

// allowCost refuses what an app's budget does not cover. The caller has its turn.
func (s *Signer) allowCost(t *told, app relay.AppID, cost relay.Stroops, head relay.Head) error {
	budget, err := s.budgetOf(t, app)
	if err != nil {
		return err
	}
	if left := max(budget-s.book.out[app]-s.book.used[appAndDay{app, dayOf(head)}], 0); cost > left {
		return relay.BudgetEmpty(cost, left, budget)
	}
	return nil
}

// withinBudget does what costs the sponsor something, and once more when the budget was empty and something came back.
func (s *Signer) withinBudget(ctx context.Context, app relay.AppID, do func() error) error {
	err := do()
	if relay.CodeOf(err) != relay.BudgetEmptyCode {
		return err
	}
	if back, failed := s.settle(ctx, app); failed != nil || !back {
		return err
	}
	return do()
}

// costOf is what new payments are counted with.
func costOf(mints []relay.Mint) (sum relay.Stroops) {
	for _, m := range mints {
		sum += relay.Payment{Asset: m.Asset, PayTo: m.PayTo}.SponsorCost(prices)
	}
	return sum
}

// allowBid is the base fee to bid for one of so many operations: fee in all, or as much of it as was set aside when the
// payments were funded and as the app's budget has left. What brings money home or to its claimant is never refused: at the
// network's least fee it is signed whatever the budget says.
func (s *Signer) allowBid(t *told, at filed, hash string, fee relay.Stroops, operations int) (int64, error) {
	if int64(fee)/int64(operations) < stellar.MinBaseFee {
		return 0, invalid("fee_too_low", "The network wants at least 100 stroops for each operation and one more.")
	}
	costs := s.book.costsOf(at)
	covered := fee
	for _, c := range costs {
		covered = min(covered, relay.Stroops(len(costs))*max(c.bids[hash], c.aside-(c.bid()-c.bids[hash])))
	}
	if covered >= fee {
		return int64(fee) / int64(operations), nil
	}
	a, err := s.left(t, at.funding.app)
	if u := (*unasked)(nil); errors.As(err, &u) {
		return 0, err
	}
	if err != nil && at.kind == relay.FundingEnvelope && !at.funding.kept {
		return 0, err
	}
	base := int64(min(fee, covered+a)) / int64(operations)
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
	budget, err := s.budgetOf(t, app)
	return max(budget-s.book.out[app]-s.book.used[appAndDay{app, dayOf(head)}], 0), err
}
