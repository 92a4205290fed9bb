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
