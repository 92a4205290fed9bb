package relay

import (
	"slices"
	"testing"
)

// TestRoutes tries every combination of the fields of a route: what is set, what is not, and sums below zero. Five shapes are legal.
func TestRoutes(t *testing.T) {
	legal := []Route{
		{},
		{PayTo: "GFILE"},
		{From: "GFROM", Sponsor: "GWALLET", Purse: 5, RungFee: 1},
		{From: "GFROM", Replaces: "pay_1"},
		{From: "GFROM", Sponsor: "GWALLET", Purse: 5, RungFee: 1, Replaces: "pay_1"},
	}
	for _, purse := range []Stroops{-1, 0, 5} {
		for _, fee := range []Stroops{-1, 0, 1} {
			for bits := range 16 {
				r := Route{Purse: purse, RungFee: fee}
				for bit, set := range []func(){
					func() { r.From = "GFROM" }, func() { r.Sponsor = "GWALLET" }, func() { r.Replaces = "pay_1" }, func() { r.PayTo = "GFILE" },
				} {
					if bits&(1<<bit) != 0 {
						set()
					}
				}
				code := "terms_missing"
				switch {
				case slices.Contains(legal, r):
					code = ""
				case r.PayTo != "" && r.From != "":
					code = "direct_misused"
				}
				if err := r.Check(); CodeOf(err) != code || (err == nil) != (code == "") {
					t.Errorf("%+v: %v", r, err)
				}
			}
		}
	}
}

// TestRouteWords holds what is said of the legal routes.
func TestRouteWords(t *testing.T) {
	treasury, direct := Route{}, Route{PayTo: "GFILE"}
	wallet := Route{From: "GWALLET", Sponsor: "GWALLET", Purse: 5, RungFee: 1}
	for name, c := range map[string]struct {
		route                                              Route
		byTreasury, byClient, fromWallet, isMove, isDirect bool
	}{
		"treasury":           {treasury, true, false, false, false, false},
		"direct":             {direct, true, false, false, false, true},
		"wallet":             {wallet, false, true, true, false, false},
		"move":               {treasury.Move("pay_1", "GHOLDING"), false, true, false, true, false},
		"move of a wallet's": {wallet.Move("pay_1", "GHOLDING"), false, true, true, true, false},
		"move of a move":     {wallet.Move("pay_1", "GHOLDING").Move("pay_2", "GNEXT"), false, true, true, true, false},
	} {
		r := c.route
		if err := r.Check(); err != nil || r.ByTreasury() != c.byTreasury || r.ByClient() != c.byClient || r.FromWallet() != c.fromWallet ||
			r.IsMove() != c.isMove || r.IsDirect() != c.isDirect {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	want := Route{From: "GNEXT", Sponsor: "GWALLET", Purse: 5, RungFee: 1, Replaces: "pay_2"}
	if got := wallet.Move("pay_1", "GHOLDING").Move("pay_2", "GNEXT"); got != want {
		t.Errorf("a move of a move is %+v", got)
	}
}

// A wallet may skip numbers, a move may not; what was committed before may have landed.
func TestFundingNumber(t *testing.T) {
	there, gone := AccountFacts{Exists: true, Sequence: 7, Sponsor: "S"}, AccountFacts{}
	foreign := there
	foreign.Sponsor = "W"
	wallet := Route{From: "W", Sponsor: "W", Purse: 1, RungFee: 1}
	move, walletMove := Route{}.Move("p", "H"), wallet.Move("p", "H")
	const used = "sequence_used"
	for name, c := range map[string]struct {
		route    Route
		from     AccountFacts
		sequence int64
		code     string
		late     string // the same, of one that was committed before
		emptied  bool
	}{
		"a wallet's next":                                 {wallet, there, 8, "", "", false},
		"a wallet's further on":                           {wallet, there, 99, "", "", false},
		"a wallet's used one":                             {wallet, there, 7, used, "", false},
		"a wallet that is gone":                           {wallet, gone, 8, used, "", false},
		"a move's next":                                   {move, there, 8, "", "", false},
		"a move's further on":                             {move, there, 9, used, used, false},
		"a move's used one":                               {move, there, 7, used, "", false},
		"a move of what has left":                         {move, gone, 8, ErrMoneyLeft.Code, "", true},
		"a move of what has left, whose source says more": {move, AccountFacts{Sponsor: "S"}, 8, ErrMoneyLeft.Code, "", true},
		"a move of another's":                             {move, foreign, 8, "", "", true},
		"of a wallet's, the next":                         {walletMove, there, 8, "", "", false},
		"of a wallet's, further on":                       {walletMove, there, 9, used, used, false},
		"of a wallet's, what is left":                     {walletMove, gone, 8, ErrMoneyLeft.Code, "", false},
		"of a wallet's, its reserve":                      {walletMove, foreign, 8, "", "", false},
	} {
		for late, code := range map[bool]string{false: c.code, true: c.late} {
			if err := c.route.FundingNumber(c.sequence, c.from, late); CodeOf(err) != code || err != nil && KindOf(err) != Conflict {
				t.Errorf("%s, late %v: %v", name, late, err)
			}
		}
		if c.route.Emptied(c.from, "S") != c.emptied {
			t.Errorf("%s: emptied is not %v", name, c.emptied)
		}
	}
}

// TestMayLack: which signatures a client's funding may be handed in without.
func TestMayLack(t *testing.T) {
	const service, wallet, holding = "the sponsor of the service", "a wallet", "a holding account"
	for name, c := range map[string]struct {
		route   Route
		account string
		others  bool
		may     bool
	}{
		"a move, the service's":                         {Route{From: holding, Replaces: "p"}, service, false, true},
		"a wallet's, the service's":                     {Route{From: wallet, Sponsor: wallet}, service, true, false},
		"a wallet's, none of its signers has signed":    {Route{From: wallet, Sponsor: wallet}, wallet, false, false},
		"a wallet's, another signer has":                {Route{From: wallet, Sponsor: wallet}, wallet, true, true},
		"a move, the account that the money comes from": {Route{From: holding, Replaces: "p"}, holding, true, false},
		"a wallet's, the holding account":               {Route{From: wallet, Sponsor: wallet}, holding, true, false},
	} {
		if may := c.route.MayLack(c.account, service, c.others); may != c.may {
			t.Errorf("%s: %v", name, may)
		}
	}
}

// TestAsFunded: a holding account that still has the reserve that it was funded with, and that no number of was used.
func TestAsFunded(t *testing.T) {
	for name, c := range map[string]struct {
		a    AccountFacts
		want bool
	}{
		"as funded":        {AccountFacts{Exists: true, Sponsor: "s", Sequence: 6}, true},
		"gone":             {AccountFacts{Sponsor: "s", Sequence: 6}, false},
		"another sponsor":  {AccountFacts{Exists: true, Sponsor: "x", Sequence: 6}, false},
		"its number used":  {AccountFacts{Exists: true, Sponsor: "s", Sequence: 7}, false},
		"a number skipped": {AccountFacts{Exists: true, Sponsor: "s", Sequence: 5}, false},
	} {
		if got := c.a.AsFunded("s", 7); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestClaimSides: the payer keeps the reserve of a new account, or gets what is left.
func TestClaimSides(t *testing.T) {
	if sponsor, keeper := ClaimSides(true, "p"); sponsor != "p" || keeper != "" {
		t.Errorf("a new account: %q %q", sponsor, keeper)
	}
	if sponsor, keeper := ClaimSides(false, "p"); sponsor != "" || keeper != "p" {
		t.Errorf("an account that exists: %q %q", sponsor, keeper)
	}
}
