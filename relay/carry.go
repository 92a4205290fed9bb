package relay

import (
	"errors"
	"fmt"
)

// What the sponsor, and a treasury, can carry. It is looked at before a payment is accepted, and again before its funding is
// signed: a funding that fails on the ledger for want of lumens costs its fee, and blames a payment that has done nothing.
//
// The sponsor's lumens are used in a fixed order. First come the fees and reserves for the claims and returns of all money in
// flight: they are set aside, so that a sponsor that runs short pauses new fundings first, and a claim that makes an account only
// when not even that one could be paid for. Then come fundings that are accepted, then new
// payments. What one app may take of it is its budget ([BudgetShare]).

// Load is what payments in flight will still ask of the sponsor; those that pay for themselves are not in it.
type Load struct {
	Unmade      int // payments whose funding is not in a ledger yet
	UnmadeUnits int // base reserves that their holding accounts will lock
	Waiting     int // payments whose money waits in a holding account
	Credit      int // of both, those of a credit asset: a claim of one may take a gift along
}

// LoadOf is what a payment adds before it is funded.
func LoadOf(p Payment) (l Load) {
	if p.FromWallet() {
		return l
	}
	l.Unmade = 1
	if !p.IsDirect() && !p.IsMove() { // a move locks what the account that it empties gives back
		l.UnmadeUnits = AssetUnits(p.Asset)
	}
	if !p.IsNative() {
		l.Credit = 1
	}
	return l
}

// Plus adds two loads.
func (l Load) Plus(o Load) Load {
	return Load{l.Unmade + o.Unmade, l.UnmadeUnits + o.UnmadeUnits, l.Waiting + o.Waiting, l.Credit + o.Credit}
}

// Most is the larger of two looks at one load, part by part: what changed in between counts twice rather than not at all.
func (l Load) Most(o Load) Load {
	return Load{max(l.Unmade, o.Unmade), max(l.UnmadeUnits, o.UnmadeUnits), max(l.Waiting, o.Waiting), max(l.Credit, o.Credit)}
}

// FeeReservePerOperation is what is set aside for each operation, in stroops: ten times what the network wants at least.
const FeeReservePerOperation Stroops = 1000

// The most operations of the envelopes of one payment, the fee bump around each counted as one more. A payment that waits may
// need two: a claim that fails, and what brings the money to its place after it.
const (
	fundingOperations = 8
	homeOperations    = 10
	homeEnvelopes     = 2
	transientUnits    = 4 // base reserves that a claim or a last resort locks before the same envelope frees others
)

// Need is what a load may cost: reserves that will be locked, and fees and gifts.
func (l Load) Need(price Prices) Stroops {
	if l == (Load{}) {
		return 0
	}
	operations := l.Unmade*fundingOperations + (l.Unmade+l.Waiting)*homeEnvelopes*homeOperations
	return Stroops(operations)*FeeReservePerOperation + Stroops(l.UnmadeUnits+transientUnits)*price.Reserve + Stroops(l.Credit)*price.Gift
}

// ClaimNeed is what one claim or return that is on its way may cost just now.
func ClaimNeed(asset string, price Prices) Stroops {
	need := homeOperations*FeeReservePerOperation + transientUnits*price.Reserve
	if asset != Native {
		need += price.Gift
	}
	return need
}

// What pauses fundings, for errors.Is: the faults themselves say more.
var (
	ErrSponsorShort  = &Fault{Kind: Exhausted, Code: "sponsor_short"}  // pauses all apps
	ErrTreasuryShort = &Fault{Kind: Exhausted, Code: "treasury_short"} // pauses one app, as the others do
	ErrDayLimit      = &Fault{Kind: Forbidden, Code: "day_limit"}
	ErrBudgetEmpty   = &Fault{Kind: Exhausted, Code: "budget_empty"}
	ErrBudgetsEmpty  = &Fault{Kind: Exhausted, Code: "budgets_empty"} // of all apps on a share of the sponsor's lumens
)

// openAtOnce is how many payments a sponsor that was just filled carries at a time: two base reserves each.
const openAtOnce = 5

// SponsorNeeds is what the sponsor must hold at first, in lumens: its own reserve, that of the channels it makes, and that of a few
// payments. The same on every start.
func (price Prices) SponsorNeeds(channels int) Stroops {
	return Stroops(AccountUnits+AccountUnits*channels+AccountUnits*openAtOnce) * price.Reserve
}

// TreasuryNeeds is what a treasury must hold to be there at all, in lumens. What it sends comes on top.
func (price Prices) TreasuryNeeds() Stroops { return AccountUnits * price.Reserve }

// Sponsor is the account that keeps reserves and pays fees, and what it has to carry.
type Sponsor struct {
	Free   Stroops // lumens above its own reserve, as a ledger says
	Load   Load    // of all payments in flight
	Prices Prices
}

// Short is the fault [ErrSponsorShort] (Exhausted) when the sponsor cannot carry more besides its load; nil when it can.
func (s Sponsor) Short(more Load) error {
	if more == (Load{}) {
		return nil
	}
	if need := s.Load.Plus(more).Need(s.Prices); s.Free < need {
		return NewFault(Exhausted, ErrSponsorShort.Code, "The service's own account has run short of lumens for reserves and fees, so nothing new is funded. "+
			"Money that waits is not touched by it. It goes on by itself once lumens are paid in.",
			fmt.Errorf("the sponsor has %s lumens to spare, and %s are needed with this", s.Free, need))
	}
	return nil
}

// Treasured is the fault [ErrTreasuryShort] (Exhausted) when a treasury does not hold what is to be paid out of it: signed is what
// its fundings that may still land take, more what is to be signed now.
func Treasured(spendable, signed, more Stroops) error {
	if signed < 0 || more < 0 || spendable-signed < more {
		return NewFault(Exhausted, ErrTreasuryShort.Code, "The app's treasury does not hold what its payments need, so they wait. They go on by themselves once it is paid in.",
			fmt.Errorf("it can spend %s; %s are signed, %s are wanted", spendable, signed, more))
	}
	return nil
}

// PauseLife is how long a pause lasts before one funding is tried again, and PauseShown how much longer it is shown: the
// next try comes a moment after.
const (
	PauseLife  = Micros(5 * 1e6)
	PauseShown = Micros(60 * 1e6)
)

// Pauses says whether an error of the signer's means that fundings of app ("" = of all) wait: no retry helps, and no payment caused
// it.
func Pauses(err error, app AppID) (whose AppID, pauses bool) {
	for _, of := range []error{ErrTreasuryShort, ErrDayLimit, ErrBudgetEmpty, ErrBudgetsEmpty} {
		if errors.Is(err, of) {
			return app, true
		}
	}
	return "", errors.Is(err, ErrSponsorShort)
}

// Shows says whether the pause holds a payment up just now: one that the service funds and that is not funded yet.
func (p Pause) Shows(of Payment, now Micros) bool {
	return of.State == Created && of.ByTreasury() && (p.App == "" || p.App == of.App) && now < p.Until+PauseShown
}

// ClaimHeld is the fault [ErrSponsorShort] (Exhausted) when the sponsor could not pay for a claim just now: free is its lumens
// above its own reserve. nil when it can, and when the holding account pays for itself.
func (p Payment) ClaimHeld(free Stroops, price Prices) error {
	if p.FromWallet() || free >= ClaimNeed(p.Asset, price) {
		return nil
	}
	return NewFault(Exhausted, ErrSponsorShort.Code, "The service that pays for this claim has run short of lumens just now. The money is safe where it waits; "+
		"the claim goes on once lumens are paid in.", fmt.Errorf("the sponsor has %s lumens to spare", free))
}

// ToClaimant is what a claimant reads while the funding is held up: it does not say whose account is short.
const ToClaimant = "The money is not in its holding account yet: an account that pays for that has run short. It goes on by itself once it is paid in."
