package relay

import (
	"fmt"
	"slices"
)

// What one payment counts while it is under way, and has cost the sponsor in the end. What the ledger does not tell counts at the most: reserves that may have been given
// away as given, a fee as it was bid.

const (
	SourcesApart = 10      // ledgers that one server of a source may be behind another
	ClaimHistory = 100_000 // ledgers after its bound in which the history of a claim is asked for
)

// CostCount is a cost while it is under way. It counts as much as it could still cost.
type CostCount struct {
	Reserve, Gift, Aside Stroops // as [CostOf] says
	Bid                  Stroops // the most that was bid, of all its envelopes
	Numbers              int     // of holding accounts, that planned claims take which make an account
	Alive                int     // holding accounts that were signed for and not seen gone
}

// Gives is how many new accounts may have the reserve: one for each number of a holding account, since of the claims with one
// number one lands, whatever was signed. The first takes the holding account's own reserve along. After it the key holder can have
// made the account anew, with another number, and the next claim takes one more from the sponsor.
func (c CostCount) Gives() Stroops { return Stroops(max(c.Numbers, 1)) }

// Besides is what counts besides the funding's own, and may not be on the ledger yet. Holding accounts besides one are in it: a move takes
// the reserve over, which is so once the account that it emptied was seen gone.
func (c CostCount) Besides() Stroops {
	return (c.Gives()-1)*(c.Reserve+c.Gift) + Stroops(max(c.Alive-1, 0))*c.Reserve
}

// Most is what the cost counts.
func (c CostCount) Most() Stroops {
	return c.Reserve + c.Gift + c.Besides() + max(c.Aside, c.Bid)
}

// The ends of a cost.
const (
	CostHome  = "home"  // the reserve came back
	CostGiven = "given" // it is in an account that a claim made
	CostLeft  = "left"  // one reserve is in a claimable balance
	CostVoid  = "void"  // the funding never happened
)

// CostEnd is what was found of a cost. The tags are those of the signer's log, whose lines are frozen.
type CostEnd struct {
	End     string   `json:"end"` // "": it goes on, without the claims in Over and the holding accounts in Gone
	Account string   `json:"account,omitempty"`
	Made    int      `json:"made,omitempty"` // accounts that were made; absent: one, of what was given
	Over    []string `json:"over,omitempty"` // hashes of claims that did not land and never will
	Gone    []string `json:"gone,omitempty"` // holding accounts that are not there and never will be
	Fees    Stroops  `json:"fees"`
}

// GoesOn says that it is no end, but counts less from now on.
func (e CostEnd) GoesOn() bool { return e.End == "" && len(e.Over)+len(e.Gone) > 0 }

// Kept is what a cost counts in the end, in stroops: the fees, and what stays away of the reserves. each is what each new account got, and
// back what was taken back of it before. An end that is not known is an error.
func (e CostEnd) Kept(each, back Stroops, price Prices) (Stroops, error) {
	switch e.End {
	case CostHome, CostVoid:
		return e.Fees, nil
	case CostGiven:
		return Stroops(max(e.Made, 1))*each + e.Fees - back, nil
	case CostLeft:
		return max(price.Reserve-back, 0) + e.Fees, nil
	}
	return 0, fmt.Errorf("unknown end of a cost %q", e.End)
}

// GivingClaim is a claim that leaves the sponsor's reserve in a new account.
type GivingClaim struct {
	Hash     string
	Holding  string // its source
	Sequence int64  // and the number that it takes
	Account  string // that it makes
	Bound    uint32
}

func (c GivingClaim) sameNumber(d GivingClaim) bool {
	return c.Holding == d.Holding && c.Sequence == d.Sequence
}

// OpenCost is what the signer's log knows of a cost that is under way.
type OpenCost struct {
	Funding  string             // inner hash
	Bound    uint32             // of the funding
	Part, Of int                // which of the funding's payments it is of, and of how many
	Holdings []string           // accounts, one after the other: a move takes money and reserve over
	Alive    map[string]uint32  // of them, those that were signed for and not seen gone, and the last ledger in which each could be made
	Bids     map[string]Stroops // the most that was bid, by inner hash: its part, where several share an envelope
	Claims   []GivingClaim      // that can land or have
	Resort   string             // inner hash of a last resort that the sponsor signed; "" = none
	Ways     []string           // inner hashes of claims and rungs that were bid for
}

// early says that the funding may yet make a holding account, by some server of the source.
func (c OpenCost) early(head Head) bool { return CouldLand(c.Bound, head, SourcesApart) }

// waits says that money waits in one of the holding accounts.
func (c OpenCost) waits(facts map[string]AccountFacts) bool {
	return slices.ContainsFunc(c.Holdings, func(a string) bool { return facts[a].Exists })
}

// givesTwice says that more than one account may have the reserve: of the claims with one number one lands.
func (c OpenCost) givesTwice() bool {
	return slices.ContainsFunc(c.Claims, func(g GivingClaim) bool { return !g.sameNumber(c.Claims[0]) })
}

// Asks are the envelopes that have to be looked up before [OpenCost.Settle], by inner hash. facts are those of the holding accounts.
func (c OpenCost) Asks(facts map[string]AccountFacts, head Head) (hashes []string) {
	waits := c.waits(facts)
	if c.early(head) || waits && !c.givesTwice() {
		return nil
	}
	for hash := range c.Bids {
		if !waits {
			hashes = append(hashes, hash)
		}
	}
	for _, g := range c.Claims {
		if g.Bound+ClaimHistory > head.Sequence {
			hashes = append(hashes, g.Hash)
		}
	}
	return hashes
}

// Settle says what became of a cost: nothing yet (the zero CostEnd, but for fees), less than before, or its end. seen is what the ledger
// showed of what [OpenCost.Asks] asks for, nil of what it did not show.
func (c OpenCost) Settle(facts map[string]AccountFacts, seen map[string]*Sighting, head Head) (e CostEnd) {
	switch {
	case c.early(head):
		return e
	case !c.waits(facts):
		e = c.end(seen, head)
	case c.givesTwice():
		e.Over = c.over(seen, head)
	}
	if e.End == "" && len(c.Alive) > 1 {
		for account, bound := range c.Alive {
			if !facts[account].Exists && !CouldLand(bound, head, SourcesApart) {
				e.Gone = append(e.Gone, account)
			}
		}
		slices.Sort(e.Gone)
	}
	return e
}

func landed(seen map[string]*Sighting, hash string) bool {
	return seen[hash] != nil && seen[hash].Success
}

// made are the claims that made accounts: of those with one number the first that landed.
func (c OpenCost) made(seen map[string]*Sighting) (made []GivingClaim) {
	for _, g := range c.Claims {
		if landed(seen, g.Hash) && !slices.ContainsFunc(made, g.sameNumber) {
			made = append(made, g)
		}
	}
	return made
}

// over are the claims of a payment under way that did not land and never will, where they count besides another one.
func (c OpenCost) over(seen map[string]*Sighting, head Head) (hashes []string) {
	made := c.made(seen)
	for _, g := range c.Claims {
		if !CouldLand(g.Bound, head, SourcesApart) && !slices.Contains(made, g) {
			hashes = append(hashes, g.Hash)
		}
	}
	return hashes
}

// end finds out which envelopes emptied the holding account, and what the network charged. End is "" while the ledger may tell yet, and
// while a claim could land in an account that the key holder makes anew: not one that has the number of one that did land.
func (c OpenCost) end(seen map[string]*Sighting, head Head) CostEnd {
	e := CostEnd{End: CostHome}
	for hash, fee := range c.Bids {
		if at := seen[hash]; at != nil && hash == c.Funding {
			fee = FeePart(at.Fee, c.Part, c.Of)
		} else if at != nil {
			fee = at.Fee
		}
		e.Fees += fee
	}
	made, resort := c.made(seen), c.Resort != "" && landed(seen, c.Resort)
	open := slices.ContainsFunc(c.Claims, func(g GivingClaim) bool {
		return CouldLand(g.Bound, head, SourcesApart) && !slices.ContainsFunc(made, g.sameNumber)
	})
	switch {
	case open:
		e.End = ""
	case len(made) > 0:
		e.End, e.Made, e.Account = CostGiven, len(made), made[0].Account
		if resort { // before the account was made anew
			e.Made++
		}
	case resort:
		e.End = CostLeft
	case slices.ContainsFunc(c.Ways, func(hash string) bool { return landed(seen, hash) }):
	case len(c.Claims) > 0:
		e.End, e.Account = CostGiven, c.Claims[len(c.Claims)-1].Account
	case c.Resort != "":
		e.End = CostLeft
	}
	return e
}
