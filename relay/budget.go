package relay

// What the service pays for an app comes out of one sponsor account, which all apps share. So each app has a budget of it:
// what its payments have locked now, together with what it has used up today (by the ledger's day), is at most the budget.
// The signer keeps the count, in its log; see [Allowance].

// FeeReservePerPayment is what is set aside for the fees of one payment when it is funded, in stroops: its part of the funding's bid,
// and a claim or the way home at some hundred stroops an operation. Bids beyond it are counted as they are made.
const FeeReservePerPayment Stroops = 100_000

// BudgetShare is an app's budget when none is set: percent of what the sponsor has free on the ledger just then. What the
// app uses up makes that less, so it stays below the same share of what was there in the morning; and because every app is
// measured by what is left, all of them together never use up the whole.
const BudgetShare = 25

// CostOf is what one payment is counted with while it is under way: the reserves that the service locks in the holding
// account, and that stay in a new account when a claim makes it, what such an account gets for its first fees, and the fees
// set aside.
func CostOf(asset string, price Prices) (reserve, gift, fees Stroops) {
	if asset != Native && asset != "" {
		gift = price.Gift
	}
	return Stroops(AssetUnits(asset)) * price.Reserve, gift, FeeReservePerPayment
}

// SponsorCost is what the payment is counted with in its app's budget before it is signed; 0 when its sender's own wallet
// pays, and when it takes over the reserve of another.
func (p Payment) SponsorCost(price Prices) Stroops {
	switch reserve, gift, fees := CostOf(p.Asset, price); {
	case p.ByClient():
		return 0
	case p.IsDirect():
		return fees
	default:
		return reserve + gift + fees
	}
}

// ShareOf is percent of what the sponsor has free, in stroops; never less than nothing.
func ShareOf(free Stroops, percent int) Stroops {
	return max(free, 0) / 100 * Stroops(percent)
}

// SharesLeft is what all apps on a share have left together, in stroops: percent of what the sponsor has for them, less what they have
// taken, which is out or was used up today. The sponsor has what is free and what is taken, less what is landing: that is taken, and still free.
func SharesLeft(free, taken, landing Stroops, percent int) Stroops {
	return max(ShareOf(free+taken-landing, percent)-taken, 0)
}

// Allowance is what the signer would still sign for an app just now.
type Allowance struct {
	MaxPayment Stroops // most of one payment
	MaxDay     Stroops // of one asset, out of the treasury, in one of the ledger's days
	DayLeft    Stroops // of the asset asked about
	Budget     Stroops // of the sponsor's lumens
	BudgetLeft Stroops // never less than nothing
	Locked     Stroops // what its payments have out now: reserves, and fees set aside
	Used       Stroops // used up today: reserves of new accounts, first fees, fees
	Shares     bool    // the budget is a share of what the sponsor has free
	SharesLeft Stroops // what all apps on a share have left together, where it is
}

// Left is what the app's payments can still cost.
func (a Allowance) Left() Stroops {
	if a.Shares {
		return min(a.BudgetLeft, a.SharesLeft)
	}
	return a.BudgetLeft
}

// Covers refuses a cost that the app's budget does not cover, "budget_empty", or what all apps on a share have left together,
// "budgets_empty" (both Exhausted).
func (a Allowance) Covers(cost Stroops) error {
	switch {
	case cost > a.BudgetLeft:
		return budgetEmpty(cost, a.BudgetLeft, a.Budget)
	case a.Shares && cost > a.SharesLeft:
		return NewFault(Exhausted, ErrBudgetsEmpty.Code, "This takes "+cost.String()+" lumens of the service for reserves and fees, and all apps together have "+
			a.SharesLeft.String()+" left of those that the operator lets them have. It goes on once something comes back, or on the next day. Money that waits is not touched by it.", nil)
	}
	return nil
}

// Allows refuses a payment that the signer would refuse once it has signed what was accepted before. The faults are
// "payment_limit" (Conflict), "day_limit" (Conflict), and those of [Allowance.Covers]; their texts say how much is left.
func (a Allowance) Allows(p Payment, price Prices, before Unsigned) error {
	switch day := max(a.DayLeft-before.Amount, 0); {
	case p.ByClient(): // of a sender's own wallet; or of money that was counted when it was first funded
		return nil
	case p.Amount > a.MaxPayment:
		return ConflictFault("payment_limit", "The limit of this app for one payment is "+a.MaxPayment.String()+".")
	case p.Amount > day:
		return ConflictFault(ErrDayLimit.Code, "The limit of this app for one day is "+a.MaxDay.String()+" of an asset; "+day.String()+
			" are left until midnight UTC, by the ledger's clock.")
	}
	a.BudgetLeft, a.SharesLeft = max(a.BudgetLeft-before.cost(price), 0), max(a.SharesLeft-before.cost(price), 0)
	return a.Covers(p.SponsorCost(price))
}

// cost is what the payments will be counted with.
func (u Unsigned) cost(price Prices) Stroops {
	lumens, _, fees := CostOf(Native, price)
	return Stroops(u.Payments)*fees + Stroops(u.Payments-u.Direct)*lumens + Stroops(u.Credit)*(price.Reserve+price.Gift)
}

// budgetEmpty is the fault of a cost that an app's budget does not cover.
func budgetEmpty(cost, left, budget Stroops) *Fault {
	return NewFault(Exhausted, ErrBudgetEmpty.Code, "This takes "+cost.String()+" lumens of the service for reserves and fees; of the app's budget of "+
		budget.String()+" are "+left.String()+" left. What is claimed into accounts that exist, or returned, comes back.", nil)
}
