package relay

import "testing"

// The prices of the public network, written out: a rule about fees is a number of stroops here.
var today = Prices{Reserve: 5_000_000, Least: 100, Fees: 1_000_000, Rung: 100_000, Gift: 500_000}

const creditAsset = "USD:GISSUER"

func TestPurse(t *testing.T) {
	for asset, want := range map[string][2]Stroops{
		Native:      {10_000_000, 11_000_000}, // two base reserves; and a tenth of a lumen for fees
		"":          {10_000_000, 11_000_000}, // payments from before there were assets
		creditAsset: {15_500_000, 16_500_000}, // three, and the first fees of an account that has no other lumens
	} {
		if account, purse := today.NewAccount(asset), today.Purse(asset); account != want[0] || purse != want[1] {
			t.Errorf("%q: a new account costs %d, the purse is %d, want %v", asset, account, purse, want)
		}
		if r := WalletRoute("W", asset, today); r.Check() != nil || !r.PaysFor(LadderOf(LadderVersion, asset, 500, "W", Memo{}, "W"), 1, today) {
			t.Errorf("%q: what we tell a wallet is refused", asset)
		}
	}
}

func TestPaysFor(t *testing.T) {
	wallet := Route{From: "W", Sponsor: "W", Purse: 5_300_000, RungFee: 100_000}
	home := LadderOf(LadderVersion, Native, 500, "W", Memo{}, "W") // three rungs
	change := func(do func(*Route)) Route { r := wallet; do(&r); return r }
	for name, c := range map[string]struct {
		r    Route
		l    Ladder
		own  Stroops
		want bool
	}{
		"a wallet, the least":           {wallet, home, 1, true},
		"a stroop less in the purse":    {change(func(r *Route) { r.Purse-- }), home, 1, false},
		"a rung more":                   {wallet, LadderOf(LadderVersion, creditAsset, 500, "W", Memo{}, "W"), 1, false},
		"rungs dearer by a stroop":      {change(func(r *Route) { r.RungFee++ }), home, 1, false},
		"a funding that bids nothing":   {wallet, home, 0, false},
		"a funding that bids less":      {wallet, home, -1, false},
		"a funding that bids the most":  {wallet, home, 1 << 31, true},
		"a funding that bids more":      {wallet, home, 1<<31 + 1, false},
		"rungs beyond 32 bits":          {change(func(r *Route) { r.RungFee, r.Purse = 1<<31+1, 1<<40 }), home, 1, false},
		"a purse without a rung's fee":  {change(func(r *Route) { r.RungFee = 0 }), home, 1, false},
		"a move whose fees we pay":      {Route{From: "H", Replaces: "pay_1"}, home, 0, true},
		"such a move with a fee":        {Route{From: "H", Replaces: "pay_1"}, home, 1, false},
		"a move of a wallet's money":    {change(func(r *Route) { r.Replaces = "pay_1" }), home, 1, true},
		"a treasury, which we sign for": {Route{}, home, 0, false},
		"a wallet that keeps nothing":   {Route{From: "W"}, home, 0, false},
	} {
		if got := c.r.PaysFor(c.l, c.own, today); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCheckFundingFee(t *testing.T) {
	wallet := WalletRoute("W", Native, today)
	for name, c := range map[string]struct {
		r    Route
		own  Stroops
		good bool
	}{
		"a wallet, the least":        {wallet, 300, true},
		"a stroop less":              {wallet, 299, false},
		"a wallet with no fee":       {wallet, 0, false},
		"a move whose fees we pay":   {Route{From: "H", Replaces: "pay_1"}, 0, true},
		"such a move with a fee":     {Route{From: "H", Replaces: "pay_1"}, 1, false},
		"a treasury with a fee":      {Route{}, 1, false},
		"a wallet that pays in full": {wallet, One, true},
	} {
		err := Payment{Asset: Native, Route: c.r}.CheckFundingFee(c.own, today)
		if (err == nil) != c.good || err != nil && CodeOf(err) != "fee_differs" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBids(t *testing.T) {
	wallet, move := WalletRoute("W", Native, today), Route{From: "H", Replaces: "pay_1"}
	for name, c := range map[string]struct {
		p    Payment
		bid  Stroops
		want [3]Stroops // funding, claim, way home
	}{
		"treasury":         {Payment{Asset: Native}, 100, [3]Stroops{400, 500, 500}},
		"treasury, credit": {Payment{Asset: creditAsset}, 100, [3]Stroops{700, 800, 800}},
		"move":             {Payment{Asset: Native, Route: move}, 100, [3]Stroops{400, 500, 500}},
		"direct":           {Payment{Asset: Native, Route: Route{PayTo: "G"}}, 100, [3]Stroops{200, 0, 0}},
		"wallet":           {Payment{Asset: Native, Route: wallet}, 100, [3]Stroops{600, 1000, 100_000}},
		"wallet, credit":   {Payment{Asset: creditAsset, Route: wallet}, 100, [3]Stroops{1000, 1400, 100_000}},
		"wallet, surge":    {Payment{Asset: Native, Route: wallet}, One, [3]Stroops{3_000_000, 250_000, 100_000}}, // a quarter of the purse's fees
	} {
		funding, claim, back := c.p.FirstBids(c.bid, today)
		if got := [3]Stroops{funding, claim, back}; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	two := []Payment{{Asset: Native}, {Asset: creditAsset}}
	for name, c := range map[string]struct {
		e     Envelope
		of    []Payment
		tries int
		want  Stroops
	}{
		"funding of two":     {Envelope{Kind: FundingEnvelope}, two, 0, 900},
		"tried three times":  {Envelope{Kind: FundingEnvelope}, two, 3, 900},
		"tried four times":   {Envelope{Kind: FundingEnvelope}, two, 4, 1800},
		"tried for ever":     {Envelope{Kind: FundingEnvelope}, two, 1000, 900 * 64},
		"claim":              {Envelope{Kind: ClaimEnvelope, Asset: Native}, nil, 0, 600},
		"claim, credit":      {Envelope{Kind: ClaimEnvelope, Asset: creditAsset}, nil, 0, 800},
		"rung, credit":       {Envelope{Kind: ReturnEnvelope, Asset: creditAsset}, nil, 0, 600},
		"claim without word": {Envelope{Kind: ClaimEnvelope}, nil, 0, 600}, // planned before there were assets
	} {
		if got := c.e.SponsorBid(c.of, 100, Tries{HandedIn: c.tries}); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestBidLimits(t *testing.T) {
	for name, c := range map[string]struct {
		bid        Stroops
		operations int
		limit      Stroops
		good       bool
	}{
		"within it":             {100, 3, 300, true},
		"a stroop more":         {101, 3, 300, false},
		"what does not divide":  {100, 3, 302, true},
		"nothing is let":        {1, 3, 0, false},
		"more than could exist": {1 << 62, 60, 1 << 40, false},
	} {
		if err := CheckBid(c.bid, c.operations, c.limit); (err == nil) != c.good || err != nil && (CodeOf(err) != "fee_limit" || KindOf(err) != Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for fee, good := range map[Stroops]bool{-1: false, 0: false, 399: false, 400: true, One: true} {
		if err := today.CheckFee(fee, 4); (err == nil) != good || err != nil && (CodeOf(err) != "fee_too_low" || KindOf(err) != Invalid) {
			t.Errorf("a fee of %d: %v", fee, err)
		}
	}
}

// What brings money home bids something, whatever there is; a funding waits when there is too little.
func TestBidWithinTheBudget(t *testing.T) {
	for name, c := range map[string]struct {
		fee, most, want Stroops // the last for one of four operations
		code            string  // of one that waits
	}{
		"all that was asked for":  {4000, 1 << 40, 1000, ""},
		"as much as there is":     {4000, 2003, 500, ""},
		"the network's least":     {4000, 400, 100, ""},
		"a stroop less than that": {4000, 399, 100, ErrBudgetEmpty.Code},
		"nothing":                 {4000, 0, 100, ErrBudgetEmpty.Code},
	} {
		if got := today.BidWithin(c.fee/4, c.most, 4); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if got, err := today.BidOf(c.fee, c.most, 4, false); got != c.want || err != nil {
			t.Errorf("%s: %d, want %d: %v", name, got, c.want, err)
		}
		if got, err := today.BidOf(c.fee, c.most, 4, true); CodeOf(err) != c.code || c.code == "" && got != c.want || c.code != "" && got != 0 {
			t.Errorf("%s, and it waits: %d, want %d: %v", name, got, c.want, err)
		}
	}
}

func TestCovered(t *testing.T) {
	full := SetAside{Fees: 1000}
	for name, c := range map[string]struct {
		fee  Stroops
		of   []SetAside
		want Stroops
	}{
		"nothing is the service's to pay": {700, nil, 700},
		"less than was set aside":         {700, []SetAside{full}, 700},
		"more":                            {1700, []SetAside{full}, 1000},
		"other bids take from it":         {1700, []SetAside{{Fees: 1000, Others: 600}}, 400},
		"and all of it":                   {1700, []SetAside{{Fees: 1000, Others: 1600}}, 0},
		"this one was bid before":         {1700, []SetAside{{Fees: 1000, Others: 600, Before: 500}}, 500},
		"of two, each a half":             {1700, []SetAside{full, full}, 1700},
		"and one has less":                {1700, []SetAside{full, {Fees: 1000, Others: 800}}, 400},
	} {
		if got := Covered(c.fee, c.of); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestFeePart(t *testing.T) {
	for _, c := range []struct {
		fee  Stroops
		want []Stroops
	}{{300, []Stroops{100, 100, 100}}, {302, []Stroops{101, 101, 100}}, {2, []Stroops{1, 1, 0}}, {0, []Stroops{0}}} {
		for i, want := range c.want {
			if got := FeePart(c.fee, i, len(c.want)); got != want {
				t.Errorf("part %d of %d is %d, want %d", i, c.fee, got, want)
			}
		}
	}
}

func TestBidsMade(t *testing.T) {
	made := func(n int, bids ...Stroops) (m BidsMade) {
		for range n {
			m = m.With(200)
		}
		for _, b := range bids {
			m = m.With(b)
		}
		return m
	}
	for name, c := range map[string]struct {
		made      BidsMade
		bid, want Stroops
	}{
		"the first":                {made(0), 1, 1},
		"few, the same again":      {made(19), 200, 200},
		"many, half as much again": {made(20), 300, 300},
		"many, a little more":      {made(20), 299, 200},
		"many, less":               {made(20), 1, 200},
		"the newest, not the top":  {made(18, 500, 400), 749, 400},
		"half more than the top":   {made(18, 500, 400), 750, 750},
		"and that was made":        {made(18, 500, 400, 750), 751, 750},
		"many, and what goes home": {made(20), 0, 200},
	} {
		if got := c.made.Next(c.bid); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
