package relay

import "fmt"

// Who pays which fee, and how much is bid, in stroops. The argument bid is for one operation, as the ledger advises ([desk.Ledger]
// FeeBid); what is returned as a bid is for a whole envelope. What is charged is what the network asks, which is mostly far less.
//
// The sponsor pays in a fee bump, whose bid counts in the app's budget, unless a sender pays out of a wallet. Then the wallet pays for
// the funding, and puts a purse into the holding account beside the amount: it pays for the rungs of the way back and for claims,
// each of which may fail a few times, and for a new account. What is left comes home, or goes into the new account.

// Our own prices, in stroops.
const (
	FirstFees  = 500_000   // what a new account that holds a credit asset gets for 5,000 operations: without it, its owner could receive and never pay
	FeePurse   = 1_000_000 // what a purse has for fees
	OwnRungFee = 100_000   // what each rung bids out of it: 20,000 an operation or more
)

// Prices are what the ledger asks for in lumens, and what our envelopes bid by themselves.
type Prices struct {
	Reserve Stroops // one base reserve
	Least   Stroops // the network's least fee for one operation
	Fees    Stroops // the part of a purse that pays fees; a wallet should have as much to spare for its funding
	Rung    Stroops // what each rung of a wallet's payment bids
	Gift    Stroops // what a new account that holds a credit asset gets for its first fees
}

// NewAccount is what a new account costs that has no sponsor: its reserves, and with a credit asset its first fees.
func (price Prices) NewAccount(asset string) Stroops {
	cost := Stroops(AssetUnits(asset)) * price.Reserve
	if asset != Native && asset != "" {
		cost += price.Gift
	}
	return cost
}

// Purse is what a wallet puts into a holding account beside the amount.
func (price Prices) Purse(asset string) Stroops { return price.NewAccount(asset) + price.Fees }

// WalletRoute is the route out of a sender's wallet: it keeps the reserve, and a purse pays what comes after.
func WalletRoute(from, asset string, price Prices) Route {
	return Route{From: from, Sponsor: from, Purse: price.Purse(asset), RungFee: price.Rung}
}

// mostOwnBid is the most that an envelope may bid by itself: half of what its 32 bits hold.
const mostOwnBid = 1 << 31

// PaysFor judges the fees of a payment that its client funds, besides [Route.Check]: own is what its funding bids by itself. A wallet
// that keeps the reserve pays for the funding too, and its purse covers each rung once and the reserve of the balance that the last
// resort leaves with the sponsor. Where the service keeps the reserve, as for a move of what it funded, a fee of the funding's own
// would come out of the amount.
func (r Route) PaysFor(way Ladder, own Stroops, price Prices) bool {
	switch {
	case r.Check() != nil || r.ByTreasury() || r.RungFee > mostOwnBid || own < 0 || own > mostOwnBid:
		return false
	case !r.FromWallet():
		return own == 0
	}
	return own > 0 && r.Purse >= Stroops(way.Rungs())*r.RungFee+price.Reserve
}

// CheckFundingFee refuses a bid of a client's funding by itself that could not be: the fault is "fee_differs" (Invalid). A wallet that
// bids nothing would have the service pay, and one that bids less than the network takes would wait for nothing.
func (p Payment) CheckFundingFee(own Stroops, price Prices) error {
	least := price.Least * Stroops(p.FundingOperations())
	switch {
	case !p.FromWallet() && own != 0:
		return InvalidFault("fee_differs", "/fee", "the service pays for this funding: its own fee is 0")
	case p.FromWallet() && own < least:
		return InvalidFault("fee_differs", "/fee", fmt.Sprintf("a wallet pays for its funding: at least %d stroops", least))
	}
	return nil
}

// WalletFundingBid is what a wallet is told to bid for the funding of the payment: twice the usual, since it bids once. The rule: the
// funding of a wallet makes one bid, its own fee, which the wallet signs and no fee bump raises; when it is proven unable to land, its
// payment ends, and another bid is another payment's. A move that the service pays for is bid for like every other funding
// ([Envelope.SponsorBid], [BidsMade]).
func (p Payment) WalletFundingBid(bid Stroops) Stroops {
	return min(2*bid, One/10) * Stroops(p.FundingOperations())
}

// PurseClaimBid is what a holding account bids for a claim out of its purse, which may have to pay for a few that fail.
func (p Payment) PurseClaimBid(bid Stroops, price Prices) Stroops {
	ops := Stroops(bidClaim)
	if !p.IsNative() {
		ops += 2
	}
	return min(2*bid*ops, price.Fees/4)
}

// Operations of the envelopes of one payment; a fee bump counts as one more.
const (
	bidFunding = 3 + 1
	bidClaim   = 4 + 1 // of a rung too
	bidCredit  = 3     // more of a credit asset, at the most
)

// FirstBids is an estimate, for a sender who asks beforehand, of what the envelopes of the payment bid at their first try: its funding,
// a claim, and a rung of the way back. [Envelope.SponsorBid] is what is bid. Fundings of a treasury are batched, so a payment's own part
// is often less.
func (p Payment) FirstBids(bid Stroops, price Prices) (funding, claim, back Stroops) {
	more := Stroops(0)
	if !p.IsNative() {
		more = bidCredit
	}
	switch {
	case p.IsDirect():
		return 2 * bid, 0, 0
	case p.FromWallet():
		return p.WalletFundingBid(bid), p.PurseClaimBid(bid, price), p.RungFee
	}
	return bid * (bidFunding + more), bid * (bidClaim + more), bid * (bidClaim + more)
}

// PatientBid is what is bid for one operation that is not urgent, and never more, in times of the network's least fee.
const PatientBid = 10

// CheckBid refuses a bid for one operation when so many of them would cost more than limit: "fee_limit" (Forbidden).
func CheckBid(bid Stroops, operations int, limit Stroops) error {
	if bid > limit/Stroops(operations) {
		return NewFault(Forbidden, "fee_limit", "The fee is above the limit.", nil)
	}
	return nil
}

// CheckFee refuses a fee that the network does not take for an envelope of so many operations, the fee bump's own included:
// "fee_too_low" (Invalid).
func (price Prices) CheckFee(fee Stroops, operations int) error {
	if fee/Stroops(operations) < price.Least {
		return NewFault(Invalid, "fee_too_low", fmt.Sprintf("The network wants at least %d stroops for each operation and one more.", price.Least), nil)
	}
	return nil
}

// BidWithin is the bid for each of so many operations that together may cost most: what was asked for or less, and the network's
// least fee whatever there is. What brings money home or to its claimant is never refused.
func (price Prices) BidWithin(bid, most Stroops, operations int) Stroops {
	return max(min(bid, most/Stroops(operations)), price.Least)
}

// BidOf is BidWithin for the fee of a whole envelope. One that can wait is refused for less than the network takes: "budget_empty"
// (Exhausted).
func (price Prices) BidOf(fee, most Stroops, operations int, waits bool) (Stroops, error) {
	if waits && price.CheckFee(most, operations) != nil {
		return 0, budgetEmpty(fee, most, fee)
	}
	return price.BidWithin(fee/Stroops(operations), most, operations), nil
}

// SetAside is what was set aside for the fees of one payment, in stroops, as one of its envelopes sees it.
type SetAside struct {
	Fees   Stroops // for all its envelopes
	Others Stroops // bid for its others
	Before Stroops // bid for this one: a higher bid takes its place, since one of them lands
}

// Covered is how much of the fee of an envelope is covered by what was set aside for its payments, each of which pays a like part.
func Covered(fee Stroops, of []SetAside) Stroops {
	for _, a := range of {
		fee = min(fee, Stroops(len(of))*max(a.Before, a.Fees-a.Others))
	}
	return fee
}

// FeePart is the i-th of n parts that add up to the fee.
func FeePart(fee Stroops, i, n int) Stroops {
	part := fee / Stroops(n)
	if Stroops(i) < fee%Stroops(n) {
		part++
	}
	return part
}

// BidsMade is what was bid for one envelope, in stroops for the whole of it. Each bid is a line of the signer's log.
type BidsMade struct {
	Count       int
	Newest, Top Stroops
}

// MostBids is how many bids for one envelope have a line each, whatever they are.
const MostBids = 20

// With is what was bid, and one more.
func (m BidsMade) With(bid Stroops) BidsMade { return BidsMade{m.Count + 1, bid, max(m.Top, bid)} }

// Next is the bid to make where one is asked for. After MostBids only one that is half as much again as the highest is new; else the
// newest is signed again, since what goes home, or to its claimant, is never refused.
func (m BidsMade) Next(bid Stroops) Stroops {
	if m.Count < MostBids || bid >= m.Top+m.Top/2 {
		return bid
	}
	return m.Newest
}

// SponsorBid is what the sponsor bids to have an envelope of these payments land: more the more often it was handed in, in vain, up
// to 64 times as much.
func (e Envelope) SponsorBid(of []Payment, bid Stroops, tries Tries) Stroops {
	operations := 6 // a rung has five at the most
	switch {
	case e.Kind == FundingEnvelope:
		operations = 1
		for _, p := range of {
			operations += p.FundingOperations()
		}
	case e.Kind == ClaimEnvelope && e.Asset != Native && e.Asset != "":
		operations = 8
	}
	return bid * Stroops(operations) << min(tries.HandedIn/4, 6)
}
