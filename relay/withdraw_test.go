package relay

import "testing"

func TestCheckWithdrawal(t *testing.T) {
	from := AccountFacts{Exists: true, Line: true, Authorized: true, Spendable: 100}
	to := AccountFacts{Exists: true, Line: true, Authorized: true, Room: 1000}
	for name, c := range map[string]struct {
		change   func(w *Withdrawal, from, to *AccountFacts)
		promised Stroops
		want     string
	}{
		"all that is free":           {func(w *Withdrawal, _, _ *AccountFacts) { w.Amount = 60 }, 40, ""},
		"a stroop that is promised":  {func(w *Withdrawal, _, _ *AccountFacts) { w.Amount = 61 }, 40, "treasury_promised"},
		"more than it can pay":       {func(w *Withdrawal, _, _ *AccountFacts) { w.Amount = 101 }, 0, "treasury_promised"},
		"more promised than there":   {nil, 200, "treasury_promised"},
		"nothing":                    {func(w *Withdrawal, _, _ *AccountFacts) { w.Amount = 0 }, 100, "nothing_to_withdraw"},
		"less than nothing":          {func(w *Withdrawal, _, _ *AccountFacts) { w.Amount = -1 }, 0, "nothing_to_withdraw"},
		"a treasury that is gone":    {func(_ *Withdrawal, from, _ *AccountFacts) { *from = AccountFacts{} }, 0, "treasury_promised"},
		"no account":                 {func(_ *Withdrawal, _, to *AccountFacts) { *to = AccountFacts{Room: 1000} }, 0, "destination_missing"},
		"no trustline":               {func(_ *Withdrawal, _, to *AccountFacts) { to.Line = false }, 0, "destination_no_trustline"},
		"forbidden by the issuer":    {func(_ *Withdrawal, _, to *AccountFacts) { to.Authorized = false }, 0, "destination_no_trustline"},
		"as much as there is room":   {func(_ *Withdrawal, _, to *AccountFacts) { to.Room = 10 }, 0, ""},
		"a stroop more than room":    {func(_ *Withdrawal, _, to *AccountFacts) { to.Room = 9 }, 0, "destination_full"},
		"without the memo":           {func(_ *Withdrawal, _, to *AccountFacts) { to.MemoRequired = true }, 0, "memo_required"},
		"with the memo":              {func(w *Withdrawal, _, to *AccountFacts) { to.MemoRequired, w.Memo = true, Memo{"id", "7"} }, 0, ""},
		"to a customer, by an M…":    {func(w *Withdrawal, _, to *AccountFacts) { to.MemoRequired, w.To = true, "MCUSTOMER" }, 0, ""},
		"to a customer without room": {func(w *Withdrawal, _, to *AccountFacts) { to.Room, w.To = 0, "MCUSTOMER" }, 0, "destination_full"},
	} {
		w, from, to := Withdrawal{From: "GTREASURY", To: "GOWNER", Asset: Native, Amount: 10}, from, to
		if c.change != nil {
			c.change(&w, &from, &to)
		}
		if err := CheckWithdrawal(w, from, to, Usage{Committed: c.promised}); CodeOf(err) != c.want || err != nil && KindOf(err) != Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
}
