package relay

import "testing"

func TestSharesLeft(t *testing.T) {
	for name, c := range map[string]struct {
		free, taken, landing Stroops
		percent              int
		want                 Stroops
	}{
		"nothing is taken":         {1000, 0, 0, 50, 500},
		"what is taken was free":   {800, 200, 0, 50, 300},
		"and is, while it lands":   {1000, 200, 200, 50, 300},
		"all of the share":         {500, 500, 0, 50, 0},
		"more than the share":      {400, 600, 0, 50, 0},
		"a sponsor without lumens": {0, 0, 0, 50, 0},
		"no share":                 {1000, 0, 0, 0, 0},
	} {
		if got := SharesLeft(c.free, c.taken, c.landing, c.percent); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestAllowance(t *testing.T) {
	own := Allowance{MaxPayment: 100, MaxDay: 100, DayLeft: 100, Budget: 30_300_000, BudgetLeft: 20_200_000}
	shared := own
	shared.Shares, shared.SharesLeft = true, 10_100_000
	for name, c := range map[string]struct {
		a    Allowance
		cost Stroops
		left Stroops // of budget and shares
		code string
	}{
		"all that is left":              {own, 20_200_000, 20_200_000, ""},
		"a stroop more":                 {own, 20_200_001, 20_200_000, ErrBudgetEmpty.Code},
		"all that is left of the share": {shared, 10_100_000, 10_100_000, ""},
		"a stroop more of it":           {shared, 10_100_001, 10_100_000, ErrBudgetsEmpty.Code},
		"more than both":                {shared, 20_200_001, 10_100_000, ErrBudgetEmpty.Code},
	} {
		if err := c.a.Covers(c.cost); CodeOf(err) != c.code || err != nil && KindOf(err) != Exhausted || c.a.Left() != c.left {
			t.Errorf("%s: %v, %d left", name, err, c.a.Left())
		}
	}
	one := Payment{Asset: Native, Amount: 60} // 10,100,000
	for name, c := range map[string]struct {
		a      Allowance
		p      Payment
		before Unsigned
		code   string
	}{
		"one":                           {own, one, Unsigned{}, ""},
		"more than a payment may be":    {own, Payment{Asset: Native, Amount: 101}, Unsigned{}, "payment_limit"},
		"what is left of the day":       {own, one, Unsigned{Amount: 40}, ""},
		"a stroop more of the day":      {own, one, Unsigned{Amount: 41}, ErrDayLimit.Code},
		"beside one not yet signed":     {own, one, Unsigned{Payments: 1}, ""},
		"beside two":                    {own, one, Unsigned{Payments: 2}, ErrBudgetEmpty.Code},
		"beside three, beyond the rest": {own, one, Unsigned{Payments: 3}, ErrBudgetEmpty.Code},
		"of the share":                  {shared, one, Unsigned{}, ""},
		"of the share, beside one":      {shared, one, Unsigned{Payments: 1}, ErrBudgetsEmpty.Code},
		"of a wallet":                   {Allowance{}, Payment{Asset: Native, Amount: 60, Route: WalletRoute("W", Native, today)}, Unsigned{}, ""},
		"of a treasury, by nothing":     {Allowance{}, one, Unsigned{}, "payment_limit"},
	} {
		if err := c.a.Allows(c.p, today, c.before); CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
