package signer

import (
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// prices are those of the network and of our envelopes, by which costs are counted.
var prices = stellar.Prices

// cost is what one payment costs the sponsor. It is under way from the funding's signature on and counts as much as it could
// still cost; what it has cost in the end counts on one day.
type cost struct {
	app      relay.AppID
	day      int64 // on which the end counts: of the funding, of the newest plan that gives reserves away, or of the newest bid
	funding  *funding
	reserve  relay.Stroops
	gift     relay.Stroops
	aside    relay.Stroops
	holdings []string                 // one after the other: a move takes money and reserve over
	alive    map[string]bool          // of them, those that were signed for and not seen gone
	bids     map[string]relay.Stroops // the most that was bid, by inner hash: its part, where several share an envelope
	claims   []relay.GivingClaim      // planned claims that make an account with the sponsor's reserve, and can land or have
	numbers  map[number]bool          // of those claims
	resort   string                   // inner hash of a last resort that the sponsor signed: its balance keeps one reserve
	end      string                   // "" = under way
	made     int                      // how many accounts were made with the reserve, when it was given
	back     relay.Stroops            // of the reserve, what was taken back from those accounts
	kept     relay.Stroops            // counted on day
}

// plan adds a claim that makes an account.
func (c *cost) plan(g relay.GivingClaim) {
	c.claims = append(c.claims, g)
	if c.numbers == nil {
		c.numbers = map[number]bool{}
	}
	c.numbers[number{g.Holding, g.Sequence}] = true
}

// over takes claims off that did not land and never will.
func (c *cost) over(hashes []string) {
	c.claims = slices.DeleteFunc(c.claims, func(g relay.GivingClaim) bool { return slices.Contains(hashes, g.Hash) })
	clear(c.numbers)
	for _, g := range c.claims {
		c.numbers[number{g.Holding, g.Sequence}] = true
	}
}

// counts is what it counts while it is under way.
func (c *cost) counts() relay.CostCount {
	return relay.CostCount{Reserve: c.reserve, Gift: c.gift, Aside: c.aside, Bid: c.bid(), Numbers: len(c.numbers), Alive: len(c.alive)}
}

func (c *cost) bid() (sum relay.Stroops) {
	for _, b := range c.bids {
		sum += b
	}
	return sum
}

type appAndDay struct {
	app relay.AppID
	day int64
}

// budgets is what the log says of what apps cost the sponsor.
type budgets struct {
	out  map[relay.AppID]relay.Stroops // under way
	used map[appAndDay]relay.Stroops   // used up on a day

	besides map[relay.AppID]relay.Stroops // of what is under way, see relay.CostCount
	open    map[relay.AppID][]*cost       // under way, and some that ended since

	reclaims   map[int64]*reclaim // the newest with a number of the sponsor's
	reclaiming []*reclaim         // whose end is not known

	collects   map[relay.PaymentID]*collect // the newest
	collecting []*collect                   // whose end is not known
}

func newBudgets() budgets {
	return budgets{out: map[relay.AppID]relay.Stroops{}, besides: map[relay.AppID]relay.Stroops{}, used: map[appAndDay]relay.Stroops{},
		open: map[relay.AppID][]*cost{}, reclaims: map[int64]*reclaim{}, collects: map[relay.PaymentID]*collect{}}
}

func (b *budgets) start(c *cost) {
	b.out[c.app] += c.counts().Most()
	b.besides[c.app] += c.counts().Besides()
	b.open[c.app] = append(b.open[c.app], c)
}

// change alters a cost that is under way, and the sum with it.
func (b *budgets) change(c *cost, how func()) {
	if c.end != "" {
		how()
		return
	}
	before := c.counts()
	how()
	b.out[c.app] += c.counts().Most() - before.Most()
	b.besides[c.app] += c.counts().Besides() - before.Besides()
}

// finish ends a cost.
func (b *budgets) finish(c *cost, e relay.CostEnd) error {
	if c.end != "" {
		return fmt.Errorf("a cost of %s ends twice", c.funding.hash)
	}
	kept, err := e.Kept(c.reserve+c.gift, c.back, prices)
	if err != nil {
		return err
	}
	b.out[c.app] -= c.counts().Most()
	b.besides[c.app] -= c.counts().Besides()
	b.used[appAndDay{c.app, c.day}] += kept
	c.kept, c.end, c.made = kept, e.End, max(e.Made, 1)
	return nil
}

// reopen takes back that a cost was of nothing: its funding landed after all.
func (b *budgets) reopen(c *cost) {
	if c.end != relay.CostVoid {
		return
	}
	b.used[appAndDay{c.app, c.day}] -= c.kept
	c.kept, c.end = 0, ""
	b.open[c.app] = slices.DeleteFunc(b.open[c.app], func(o *cost) bool { return o == c })
	b.start(c)
}

// count begins the cost of one payment of a funding. A move goes on with what was counted for the money that it takes over; of a
// sender's own wallet nothing is the service's.
func (b *book) count(f *funding, l mintedLine) *cost {
	switch {
	case l.IsMove() && !l.FromWallet():
		if old := b.holdings[l.From]; old != nil && old.cost != nil {
			old.cost.holdings = append(old.cost.holdings, l.Account)
			return old.cost
		}
		return nil
	case l.ByClient():
		return nil
	}
	c := &cost{app: f.app, day: f.day, funding: f}
	c.reserve, c.gift, c.aside = relay.CostOf(l.Asset, prices)
	if l.IsDirect() {
		c.reserve, c.gift = 0, 0
	} else {
		c.holdings, c.alive = []string{l.Account}, map[string]bool{l.Account: true}
	}
	b.start(c)
	return c
}

// costsOf is whose budget an envelope's fee comes out of; none of what pays for itself.
func (b *book) costsOf(at filed) []*cost {
	if at.kind == relay.FundingEnvelope {
		return at.funding.costs
	}
	if h := b.holdings[at.holding]; h != nil && h.cost != nil {
		return []*cost{h.cost}
	}
	return nil
}

// bumps is what was bid for one envelope.
type bumps struct {
	relay.BidsMade
	outer string // hash of the newest
}

// bumped counts a bid, on its own day. A higher one for the same envelope takes the place of the first: one of them lands.
func (b *book) bumped(l bumpLine) {
	b.bumps[l.Hash] = bumps{b.bumps[l.Hash].With(l.Fee), l.Outer}
	b.today = max(b.today, l.Day)
	at := b.envelopes[l.Hash]
	costs := b.costsOf(at)
	for i, c := range costs {
		part := max(relay.FeePart(l.Fee, i, len(costs)), c.bids[l.Hash])
		if c.end != "" { // what is over is not counted anew, so this is used up
			b.used[appAndDay{c.app, l.Day}] += part - c.bids[l.Hash]
		}
		b.change(c, func() {
			if c.bids == nil {
				c.bids = map[string]relay.Stroops{}
			}
			c.bids[l.Hash] = part
			if at.kind == relay.FundingEnvelope && at.funding.moves {
				c.alive[at.funding.makes] = true
			}
			if at.resort {
				c.resort = l.Hash
			}
			if c.end == "" {
				c.day = max(c.day, l.Day)
			}
		})
	}
}

// costsLine tells of costs that came to an end.
type costsLine struct {
	Ends []costEnd `json:"ends"`
}

type costEnd struct {
	Funding string `json:"funding"` // hash
	Index   int    `json:"index"`   // of the payment in it
	relay.CostEnd
}

func (b *book) endCosts(l costsLine) error {
	for _, e := range l.Ends {
		f := b.fundings[e.Funding]
		if f == nil || e.Index < 0 || e.Index >= len(f.costs) {
			return fmt.Errorf("the end of a cost of %s, which is no funding", e.Funding)
		}
		c := f.costs[e.Index]
		if e.GoesOn() {
			b.change(c, func() {
				c.over(e.Over)
				for _, account := range e.Gone {
					delete(c.alive, account)
				}
			})
			continue
		}
		if err := b.finish(c, e.CostEnd); err != nil {
			return err
		}
	}
	return nil
}
