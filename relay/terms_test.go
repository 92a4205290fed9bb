package relay

import "testing"

// TestMovedBy changes one thing at a time of what a move takes over: it is taken as it is, or not at all.
func TestMovedBy(t *testing.T) {
	wallet := Terms{Route: Route{From: "GWALLET", Sponsor: "GWALLET", Purse: 5, RungFee: 1}, Asset: creditAsset, Amount: 7, ReturnTo: "GHOME", ReturnMemo: Memo{"id", "1"}}
	treasury := Terms{Asset: Native, Amount: 7, ReturnTo: "GTREASURY"}
	for name, change := range map[string]func(*Terms){
		"as it is":            func(*Terms) {},
		"another asset":       func(m *Terms) { m.Asset = "USD:GOTHER" },
		"a stroop more":       func(m *Terms) { m.Amount++ },
		"a stroop less":       func(m *Terms) { m.Amount-- },
		"another way home":    func(m *Terms) { m.ReturnTo = "GMALLORY" },
		"no memo":             func(m *Terms) { m.ReturnMemo = Memo{"text", "2"} },
		"out of another":      func(m *Terms) { m.From = "GOTHER" },
		"for another payment": func(m *Terms) { m.Replaces = "pay_2" },
		"another keeper":      func(m *Terms) { m.Sponsor += "2" },
		"a smaller purse":     func(m *Terms) { m.Purse-- },
		"dearer rungs":        func(m *Terms) { m.RungFee++ },
		"paid directly":       func(m *Terms) { m.PayTo = "GFILE" },
	} {
		for _, old := range []Terms{wallet, treasury} {
			move := old
			move.Route = old.Move("pay_1", "GHOLDING")
			change(&move)
			if got := old.MovedBy(move, "pay_1", "GHOLDING"); got != (name == "as it is") {
				t.Errorf("%s, of %+v: %v", name, old, got)
			}
		}
	}
}
