package relay

import (
	"testing"
)

func TestFeePartsAddUp(t *testing.T) {
	for fee := range Stroops(60) {
		for n := 1; n < 18; n++ {
			sum := Stroops(0)
			for i := range n {
				e := Envelope{Fee: fee, Payments: make([]PaymentID, n)}
				sum += WithAmounts(FundingLanded{}, Payment{}, Payment{}, e, Sighting{}, i).(FundingLanded).Fee
			}
			if sum != fee {
				t.Fatalf("%d among %d is %d", fee, n, sum)
			}
		}
	}
}

// What the end says is what arrived, to the stroop: the sender has everything again that was put in, purse and all, less the
// fees that the holding account paid; the claimant has the amount. A key holder who paid a part out is seen in both.
func TestShort(t *testing.T) {
	lumens := Payment{State: Returning, Amount: 25, Asset: Native, ReturnTo: "T", Reason: ByCancel, ReturnAsked: ByCancel}
	claiming := lumens
	claiming.Destination, claiming.ReturnAsked, claiming.State = "G", "", Claiming
	purse := lumens
	purse.Purse, purse.Sponsor, purse.LadderVersion = 10, "T", LadderVersion
	spent := purse // a claim and a rung were on the ledger before, and failed
	spent.FeeHolding = 3
	credit := lumens
	credit.Asset = "USD:G"
	own := credit
	own.Purse, own.Sponsor, own.LadderVersion = 10, "T", LadderVersion
	before, ownBefore := purse, own // when the fees of a key holder's own transactions were not written down
	before.LadderVersion, before.Purse = FirstLadder, mostOwnFee+10
	ownBefore.LadderVersion, ownBefore.Purse = FirstLadder, mostOwnFee+10
	burnt, taxed := lumens, lumens // the holding account paid fees of others
	burnt.Amount = 10 * mostOwnFee
	taxed.FeeHolding = 2
	type amounts struct{ arrived, rest Stroops }
	for name, c := range map[string]struct {
		p      Payment
		in     Input
		state  State
		reason Reason
		amounts
	}{
		"managed, home":                  {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 25}, Returned, ByCancel, amounts{25, 0}},
		"managed, home, with a gift":     {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 27}, Returned, ByCancel, amounts{25, 2}},
		"managed, home, paid and merged": {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 25, Rest: 2}, Returned, ByCancel, amounts{25, 2}},
		"managed, home, short":           {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 24}, Settled, HoldingShort, amounts{24, 0}},
		"managed, plain rung 1":          {lumens, ReturnLanded{Tx: "t", Arrived: 25, Rung: 1}, Returned, ByCancel, amounts{25, 0}},
		"managed, left claimable":        {lumens, ReturnLanded{Tx: "t", Arrived: 25}, Settled, LeftClaimable, amounts{25, 0}},
		"managed, claimed":               {lumens, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, "", amounts{25, 0}},
		"managed, claimed short":         {lumens, ClaimLanded{Tx: "t", Destination: "G", Arrived: 24, Rest: 1}, Settled, HoldingShort, amounts{24, 1}},

		"wallet, home, its own fee":    {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 33, Fee: 2, Payer: PayerHolding}, Returned, ByCancel, amounts{25, 8}},
		"wallet, home, earlier fees":   {spent, ReturnLanded{Tx: "t", Rung: 2, Arrived: 31, Fee: 1, Payer: PayerHolding}, Returned, ByCancel, amounts{25, 6}},
		"wallet, home, others paid":    {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 34, Fee: 1, Payer: PayerOther}, Settled, HoldingShort, amounts{25, 9}},
		"wallet, home, of the purse":   {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 32, Fee: 2, Payer: PayerHolding}, Settled, HoldingShort, amounts{25, 7}},
		"wallet, home, of the amount":  {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 15}, Settled, HoldingShort, amounts{15, 0}},
		"wallet, claimed, new account": {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 33, Fee: 2, Payer: PayerHolding}, Claimed, "", amounts{25, 8}},
		"wallet, claimed, existing":    {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25, Rest: 8}, Claimed, "", amounts{25, 8}},
		"wallet, claimed, purse spent": {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, "", amounts{25, 0}},
		"wallet, claimed short":        {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 24}, Settled, HoldingShort, amounts{24, 0}},
		"wallet, by hand home":         {purse, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 33, Fee: 2, Holding: true}, Returned, ByCancel, amounts{25, 8}},
		"wallet, by hand, part of it":  {purse, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 32, Fee: 2, Holding: true}, Settled, HoldingShort, amounts{25, 7}},

		"before, its fees unseen":    {before, ReturnLanded{Tx: "t", Rung: 2, Arrived: 33, Fee: 2, Payer: PayerHolding}, Returned, ByCancel, amounts{25, 8}},
		"before, beyond them":        {before, ReturnLanded{Tx: "t", Rung: 2, Arrived: 32, Fee: 2, Payer: PayerHolding}, Settled, HoldingShort, amounts{25, 7}},
		"before, by hand":            {before, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 33, Fee: 2, Holding: true}, Returned, ByCancel, amounts{25, 8}},
		"before, by hand, beyond":    {before, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 32, Fee: 2, Holding: true}, Settled, HoldingShort, amounts{25, 7}},
		"before, credit":             {ownBefore, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 10}, Returned, ByCancel, amounts{25, 10}},
		"before, credit, beyond":     {ownBefore, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 9}, Settled, HoldingShort, amounts{25, 9}},
		"before, credit, the amount": {ownBefore, ReturnLanded{Tx: "t", Rung: 3, Arrived: 24, Rest: mostOwnFee}, Settled, HoldingShort, amounts{24, mostOwnFee}},
		"before, without a purse":    {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 24}, Settled, HoldingShort, amounts{24, 0}},

		"credit, home":             {credit, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25}, Returned, ByCancel, amounts{25, 0}},
		"credit, home, nothing":    {credit, ReturnLanded{Tx: "t", Rung: 3}, Settled, HoldingShort, amounts{0, 0}},
		"credit, claimed":          {credit, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, "", amounts{25, 0}},
		"credit, claimed, nothing": {credit, ClaimLanded{Tx: "t", Destination: "G"}, Settled, HoldingShort, amounts{0, 0}},
		"credit, clawed back":      {credit, ReturnLanded{Tx: "t", Rest: 3, Rung: 1}, Settled, ClawedBack, amounts{0, 3}},
		"credit, left claimable":   {credit, ReturnLanded{Tx: "t", Arrived: 25}, Settled, LeftClaimable, amounts{25, 0}},
		"credit wallet, home":      {own, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 9, Fee: 1, Payer: PayerHolding}, Returned, ByCancel, amounts{25, 9}},
		"credit wallet, of the purse": {own, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 8, Fee: 1, Payer: PayerHolding}, Settled, HoldingShort,
			amounts{25, 8}},

		"elsewhere, fee out of lumens":    {lumens, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 24, Fee: 1, Holding: true}, Returned, ByCancel, amounts{24, 0}},
		"elsewhere, another paid the fee": {lumens, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 24, Fee: 1}, Settled, HoldingShort, amounts{24, 0}},
		"burnt, beyond what a fee is":     {burnt, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 4 * mostOwnFee, Fee: 6 * mostOwnFee, Holding: true}, Settled, HoldingShort, amounts{4 * mostOwnFee, 0}},
		"another's envelope, its fee":     {taxed, ReturnLanded{Tx: "t", Rung: 2, Arrived: 23}, Returned, ByCancel, amounts{23, 0}},
		"another's envelope, and more":    {taxed, ReturnLanded{Tx: "t", Rung: 2, Arrived: 22}, Settled, HoldingShort, amounts{22, 0}},
		"another's envelope, claimed":     {taxed, ClaimLanded{Tx: "t", Destination: "G", Arrived: 23}, Claimed, "", amounts{23, 0}},
		"another's envelope, not claimed": {taxed, ClaimLanded{Tx: "t", Destination: "G", Arrived: 22}, Settled, HoldingShort, amounts{22, 0}},
		"elsewhere, claimed by hand":      {claiming, EmptiedElsewhere{Tx: "t", Destination: "G", Arrived: 24, Fee: 1, Holding: true}, Claimed, "", amounts{24, 0}},
		"elsewhere, no fee out of credit": {credit, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 24, Fee: 1, Holding: true}, Settled, HoldingShort, amounts{24, 0}},
		"elsewhere, credit by hand":       {credit, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 25}, Returned, ByCancel, amounts{25, 0}},
		"elsewhere, credit to somewhere":  {credit, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25}, Settled, "", amounts{25, 0}},
		"elsewhere, not known how much":   {credit, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: -1}, Settled, "", amounts{-1, 0}},
		"moved":                           {purse, Moved{Tx: "t", Holding: "N", Arrived: 33}, Settled, MovedOn, amounts{25, 8}},
		"moved in part":                   {purse, Moved{Tx: "t", Holding: "N", Arrived: 24}, Settled, MovedOn, amounts{24, 0}},
	} {
		p, _, err := Step(c.p, c.in, 1)
		if err != nil || p.State != c.state || p.Reason != c.reason || p.Destination == "" && c.state == Settled || (amounts{p.Arrived, p.ArrivedRest}) != c.amounts {
			t.Errorf("%s: %s %q to %q, %d and %d, %v", name, p.State, p.Reason, p.Destination, p.Arrived, p.ArrivedRest, err)
		}
	}
}

// A move hands down what the purse has paid: what is written down, its own fee, and of before what was not written down.
func TestAMoveHandsFeesDown(t *testing.T) {
	old := Payment{ID: "o", Holding: "H", Amount: 25, Asset: Native, Route: Route{Purse: mostOwnFee + 10, Sponsor: "W"}, ReturnTo: "W", FeeHolding: 3}
	p, e := Payment{ID: "p", Holding: "N", Route: Route{From: "H", Sponsor: "W", Replaces: "o"}}, Envelope{Kind: FundingEnvelope, Payments: []PaymentID{"p"}, Fee: 2}
	for name, c := range map[string]struct {
		version             int
		credit              bool
		came, lumens, spent Stroops
	}{
		"all that was left":        {LadderVersion, false, mostOwnFee + 30, 0, 5},
		"a part paid out":          {LadderVersion, false, mostOwnFee + 20, 0, 5},
		"before, fees":             {0, false, mostOwnFee + 20, 0, 15},
		"before, and a part out":   {0, false, 20, 0, 5 + mostOwnFee},
		"credit":                   {LadderVersion, true, 25, mostOwnFee + 5, 5},
		"before, credit, fees":     {0, true, 25, mostOwnFee, 10},
		"before, credit, all left": {FirstLadder, true, 25, mostOwnFee + 5, 5},
		"not known what moved":     {0, false, 0, 0, 5},
	} {
		old, p, s := old, p, Sighting{Tx: "t", Success: true, Payer: "H"}
		old.LadderVersion = c.version
		if c.credit {
			old.Asset, p.Asset = "USD:G", "USD:G"
			s.Paid = []Paid{{From: "H", To: "N", Asset: Native, Amount: c.lumens}}
		}
		if c.came > 0 {
			s.Paid = append(s.Paid, Paid{From: "H", To: "N", Asset: old.Asset, Amount: c.came})
		}
		in := WithAmounts(FundingLanded{}, p, old, e, s, 0).(FundingLanded)
		if in.Came != c.came || in.Spent != c.spent {
			t.Errorf("%s: came %d, spent %d; want %d and %d", name, in.Came, in.Spent, c.came, c.spent)
		}
	}
}

// Who pays a fee is what the ledger shows: what another account paid is none of the payment's cost.
func TestFeesAreCharged(t *testing.T) {
	funding, rung := Envelope{Kind: FundingEnvelope, Source: "channel"}, Envelope{Kind: ReturnEnvelope, Source: "H"}
	managed, wallet := Payment{Holding: "H"}, Payment{Holding: "H", Route: Route{From: "W", Sponsor: "W"}}
	move := Payment{Holding: "N", Route: Route{From: "H"}}
	for name, c := range map[string]struct {
		p    Payment
		e    Envelope
		s    Sighting
		want Payer
	}{
		"not known":              {managed, rung, Sighting{}, PayerUsual},
		"the sponsor":            {managed, rung, Sighting{Payer: "S", Service: true}, PayerUsual},
		"a channel":              {managed, funding, Sighting{Payer: "channel"}, PayerUsual},
		"another":                {managed, rung, Sighting{Payer: "X"}, PayerOther},
		"the wallet":             {wallet, funding, Sighting{Payer: "W"}, PayerUsual},
		"the purse":              {wallet, rung, Sighting{Payer: "H"}, PayerHolding},
		"the service, not asked": {wallet, rung, Sighting{Payer: "S", Service: true}, PayerOther},
		"another for a wallet":   {wallet, rung, Sighting{Payer: "X"}, PayerOther},
		"a move":                 {move, Envelope{Kind: FundingEnvelope, Source: "H"}, Sighting{Payer: "S", Service: true}, PayerUsual},
	} {
		if got := c.p.payerOf(c.e, c.s); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	p := Payment{}
	p.charge(1, PayerUsual)
	p.charge(10, PayerHolding)
	p.charge(100, PayerOther)
	if p.FeePaid != 11 || p.FeeHolding != 10 || p.FeeOther != 100 {
		t.Errorf("%+v", p)
	}
}
