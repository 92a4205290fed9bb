package relay

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
)

// costNow is when the funding and its first claims can land no more, and a claim with the bound at 195 still can, by a server that lags.
var costNow = Head{Sequence: 200}

// claimOf is a claim of the holding account H with a number, into the account of its name.
func claimOf(name string, number int64, bound uint32) GivingClaim {
	return GivingClaim{Hash: "claim " + name, Holding: "H", Sequence: number, Account: name, Bound: bound}
}

func openCost(change func(*OpenCost)) OpenCost {
	c := OpenCost{Funding: "funding", Bound: 100, Of: 2, Holdings: []string{"H"}, Alive: map[string]uint32{"H": 100},
		Bids: map[string]Stroops{"funding": 1000}}
	change(&c)
	return c
}

// bid adds what was bid for a claim or rung.
func (c *OpenCost) bid(hash string, fee Stroops) {
	c.Bids[hash] = fee
	c.Ways = append(c.Ways, hash)
}

func TestCostCount(t *testing.T) {
	for name, c := range map[string]struct {
		numbers, alive int
		bid            Stroops
		besides, most  Stroops
	}{
		"funded":                             {0, 1, 0, 0, 117},
		"paid directly, or all are gone":     {0, 0, 0, 0, 117},
		"less was bid than was set aside":    {0, 1, 6, 0, 117},
		"more was bid than was set aside":    {0, 1, 9, 0, 119},
		"a claim takes the reserve along":    {1, 1, 0, 0, 117},
		"a claim with another number":        {2, 1, 0, 110, 227},
		"a move, before the old one is gone": {0, 2, 0, 100, 217},
		"both, twice, and a higher bid":      {3, 3, 9, 420, 539},
	} {
		count := CostCount{Reserve: 100, Gift: 10, Aside: 7, Bid: c.bid, Numbers: c.numbers, Alive: c.alive}
		if besides, most := count.Besides(), count.Most(); besides != c.besides || most != c.most {
			t.Errorf("%s: %d besides, %d in all", name, besides, most)
		}
	}
}

// TestSettle says of each cost what became of it. What the ledger does not tell counts at the most.
func TestSettle(t *testing.T) {
	at := func(fee Stroops) *Sighting { return &Sighting{Success: true, Fee: fee} }
	failed := func(fee Stroops) *Sighting { return &Sighting{Fee: fee} }
	ana, again, anew, late := claimOf("ana", 1, 150), claimOf("bob", 1, 150), claimOf("bob", 9, 150), claimOf("bob", 9, 195)
	claimed := func(claims ...GivingClaim) OpenCost {
		return openCost(func(c *OpenCost) {
			c.Claims = claims
			for _, g := range claims {
				c.bid(g.Hash, 500)
			}
		})
	}
	rung := func(c *OpenCost) { c.bid("rung", 300) }
	resort := func(c *OpenCost) { c.bid("resort", 300); c.Resort = "resort" }
	both := openCost(func(c *OpenCost) { c.Claims = []GivingClaim{ana}; c.bid(ana.Hash, 500); resort(c) })
	moved := func(c *OpenCost) { c.Holdings, c.Alive["K"] = append(c.Holdings, "K"), 195 }
	for name, c := range map[string]struct {
		cost  OpenCost
		there []string
		seen  map[string]*Sighting
		want  CostEnd
	}{
		"the funding may land yet":              {openCost(func(c *OpenCost) { c.Bound = 190 }), nil, nil, CostEnd{}},
		"the money waits":                       {claimed(ana), []string{"H"}, nil, CostEnd{}},
		"the money waits, one number":           {claimed(ana, again), []string{"H"}, nil, CostEnd{}},
		"the money waits, a claim is over":      {claimed(ana, anew), []string{"H"}, map[string]*Sighting{anew.Hash: at(1)}, CostEnd{Over: []string{ana.Hash}}},
		"the money waits, both failed":          {claimed(ana, anew), []string{"H"}, map[string]*Sighting{anew.Hash: failed(1)}, CostEnd{Over: []string{ana.Hash, anew.Hash}}},
		"the money waits, one may land":         {claimed(ana, late), []string{"H"}, map[string]*Sighting{ana.Hash: at(1)}, CostEnd{}},
		"the money was moved":                   {openCost(moved), []string{"K"}, nil, CostEnd{Gone: []string{"H"}}},
		"it was moved back":                     {openCost(moved), []string{"H"}, nil, CostEnd{}}, // K may be made yet
		"gone, and nothing was seen":            {openCost(func(*OpenCost) {}), nil, nil, CostEnd{End: CostHome, Fees: 1000}},
		"gone, its part of the funding's fee":   {openCost(func(*OpenCost) {}), nil, map[string]*Sighting{"funding": at(301)}, CostEnd{End: CostHome, Fees: 151}},
		"home by a rung":                        {openCost(rung), nil, map[string]*Sighting{"rung": at(200)}, CostEnd{End: CostHome, Fees: 1200}},
		"claimed":                               {claimed(ana), nil, map[string]*Sighting{ana.Hash: at(400)}, CostEnd{End: CostGiven, Account: "ana", Made: 1, Fees: 1400}},
		"a claim failed, and it went home":      {openCost(func(c *OpenCost) { c.Claims = []GivingClaim{ana}; rung(c) }), nil, map[string]*Sighting{"rung": at(300)}, CostEnd{End: CostHome, Fees: 1300}},
		"a claim was planned, nothing was seen": {claimed(ana), nil, nil, CostEnd{End: CostGiven, Account: "ana", Fees: 1500}},
		"the newest of claims may have landed":  {claimed(ana, anew), nil, map[string]*Sighting{ana.Hash: failed(2)}, CostEnd{End: CostGiven, Account: "bob", Fees: 1502}},
		"one of two with a number landed":       {claimed(ana, again), nil, map[string]*Sighting{again.Hash: at(500)}, CostEnd{End: CostGiven, Account: "bob", Made: 1, Fees: 2000}},
		"two accounts were made":                {claimed(ana, anew), nil, map[string]*Sighting{ana.Hash: at(500), anew.Hash: at(500)}, CostEnd{End: CostGiven, Account: "ana", Made: 2, Fees: 2000}},
		"another number may land yet":           {claimed(ana, late), nil, map[string]*Sighting{ana.Hash: at(500)}, CostEnd{Fees: 2000}},
		"the number of one that landed":         {claimed(ana, claimOf("bob", 1, 195)), nil, map[string]*Sighting{ana.Hash: at(500)}, CostEnd{End: CostGiven, Account: "ana", Made: 1, Fees: 2000}},
		"left in a balance":                     {openCost(resort), nil, map[string]*Sighting{"resort": at(300)}, CostEnd{End: CostLeft, Fees: 1300}},
		"it may be left in a balance":           {openCost(resort), nil, nil, CostEnd{End: CostLeft, Fees: 1300}},
		"left, and claimed once made anew":      {both, nil, map[string]*Sighting{ana.Hash: at(500), "resort": at(300)}, CostEnd{End: CostGiven, Account: "ana", Made: 2, Fees: 1800}},
		"left, and the claim failed":            {both, nil, map[string]*Sighting{ana.Hash: failed(500), "resort": at(300)}, CostEnd{End: CostLeft, Fees: 1800}},
		"a claim of long ago landed": {openCost(func(c *OpenCost) { *c = claimed(ana); c.Bids["rung"] = 1 }), nil,
			map[string]*Sighting{ana.Hash: at(400)}, CostEnd{End: CostGiven, Account: "ana", Made: 1, Fees: 1401}},
	} {
		facts := map[string]AccountFacts{}
		for _, a := range c.there {
			facts[a] = AccountFacts{Exists: true}
		}
		if got := c.cost.Settle(facts, c.seen, costNow); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		for hash := range c.seen { // what decides is asked for
			if !slices.Contains(c.cost.Asks(facts, costNow), hash) {
				t.Errorf("%s: %s is not asked for", name, hash)
			}
		}
	}
}

// TestAsks spares the ledger what decides nothing: a payment that waits with claims of one number, and claims whose history is gone.
func TestAsks(t *testing.T) {
	ana, anew := claimOf("ana", 1, 150), claimOf("bob", 9, 150)
	c := openCost(func(c *OpenCost) { c.Claims = []GivingClaim{ana, anew}; c.bid("rung", 1) })
	once := openCost(func(c *OpenCost) { c.Claims = []GivingClaim{ana} })
	waits := map[string]AccountFacts{"H": {Exists: true}}
	for name, tc := range map[string]struct {
		cost  OpenCost
		facts map[string]AccountFacts
		head  uint32
		want  []string
	}{
		"the funding may land yet":  {c, nil, 110, nil},
		"it waits, one number":      {once, waits, 200, nil},
		"it waits, two numbers":     {c, waits, 200, []string{ana.Hash, anew.Hash}},
		"gone":                      {c, nil, 200, []string{ana.Hash, anew.Hash, "funding", "rung"}},
		"gone, and history as well": {c, nil, 150 + ClaimHistory, []string{"funding", "rung"}},
		"gone, history just there":  {once, nil, 149 + ClaimHistory, []string{ana.Hash, "funding"}},
	} {
		got := tc.cost.Asks(tc.facts, Head{Sequence: tc.head})
		slices.SortFunc(got, cmp.Compare[string])
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestKept counts what stays away of the sponsor's lumens: 25 for each new account.
func TestKept(t *testing.T) {
	for name, c := range map[string]struct {
		end  CostEnd
		back Stroops
		want Stroops
		ok   bool
	}{
		"home":                           {CostEnd{End: CostHome, Fees: 3}, 0, 3, true},
		"never funded":                   {CostEnd{End: CostVoid}, 0, 0, true},
		"given":                          {CostEnd{End: CostGiven, Fees: 3}, 0, 28, true},
		"given twice":                    {CostEnd{End: CostGiven, Made: 2, Fees: 3}, 0, 53, true},
		"given, and taken back before":   {CostEnd{End: CostGiven, Made: 1, Fees: 3}, 20, 8, true},
		"left":                           {CostEnd{End: CostLeft, Fees: 3}, 0, today.Reserve + 3, true},
		"left, and more was taken back":  {CostEnd{End: CostLeft, Fees: 3}, today.Reserve + 1, 3, true},
		"it goes on":                     {CostEnd{Fees: 3}, 0, 0, false},
		"an end of a newer program's":    {CostEnd{End: "lost", Fees: 3}, 0, 0, false},
		"given, without a count of them": {CostEnd{End: CostGiven}, 0, 25, true},
	} {
		got, err := c.end.Kept(25, c.back, today)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if !(CostEnd{Over: []string{"a"}}).GoesOn() || !(CostEnd{Gone: []string{"a"}}).GoesOn() || (CostEnd{}).GoesOn() || (CostEnd{End: CostHome, Gone: []string{"a"}}).GoesOn() {
		t.Error("it goes on where it ends, or is not found to")
	}
}
