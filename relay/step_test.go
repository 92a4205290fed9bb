package relay

import (
	"reflect"
	"slices"
	"testing"
)

// Refusals and forgettings that a walk meets too seldom to be sure of.

func TestCancelAfterTheEnd(t *testing.T) {
	for state, code := range map[State]string{
		Claimed: "already_claimed", Settled: "already_settled", Failed: "already_failed", Returned: "", Canceled: "", Returning: "",
	} {
		p := Payment{State: state}
		next, effects, err := Step(p, CancelAsked{}, 1)
		if CodeOf(err) != code || effects != nil || next.ReturnAsked != "" {
			t.Errorf("%s: %v %v", state, effects, err)
		}
	}
}

func TestOnlyTheClaimOnItsWayDies(t *testing.T) {
	p := Payment{State: Claiming, Claim: "c", Destination: "G"}
	if next, _, _ := Step(p, ClaimDead{Hash: "older"}, 1); next.State != Claiming || next.Claim != "c" {
		t.Fatal("an older claim's death ended a newer one", next.State)
	}
	if next, _, _ := Step(p, ClaimDead{Hash: "c"}, 1); next.State != Pending || next.Claim != "" || next.Destination != "" {
		t.Fatal(next)
	}
}

func TestParkedForgetsTheClaimAndKeepsTheWish(t *testing.T) {
	p := Payment{State: Claiming, Claim: "c", ReturnAsked: ByCancel, ExpiresAt: 1}
	p, effects, err := Step(p, HoldingTroubled{Cause: KeyTakenOver}, 1)
	if err != nil || p.State != Parked || p.Claim != "" || p.ReturnAsked != ByCancel || p.Reason != KeyTakenOver {
		t.Fatal(p, err)
	}
	if effects[len(effects)-1].Kind != DoAudit {
		t.Fatal("nobody looks at it again", effects)
	}
	if p, _, _ = Step(p, HoldingWell{}, 2); p.State != Pending || !p.ReturnDue() || p.Reason != "" {
		t.Fatal(p)
	}
}

func TestAnEndForgetsTheWish(t *testing.T) {
	p := Payment{State: Returning, Amount: 1, Reason: ByExpiry, ReturnAsked: ByExpiry, Claim: "c"}
	next, _, err := Step(p, ClaimLanded{Hash: "c", Tx: "t", Destination: "G", NewAccount: true, Arrived: 1}, 1)
	if err != nil || next.ReturnAsked != "" || next.Reason != "" || next.SpentUnits != AccountUnits {
		t.Fatal(next, err)
	}
}

func TestTheFirstWishNamesTheReason(t *testing.T) {
	p := Payment{State: Funding, Funding: "f"}
	p, _, _ = Step(p, DeclineAsked{}, 1)
	p, _, _ = Step(p, CancelAsked{}, 2)
	if p.ReturnAsked != ByDecline || p.State != Funding {
		t.Fatal(p)
	}
	p, _, _ = Step(p, FundingLanded{Hash: "f"}, 3)
	p, effects, _ := Step(p, ReturnDue{}, 4)
	if p.State != Returning || p.Reason != ByDecline || effects[0].Kind != DoReturn {
		t.Fatal(p, effects)
	}
}

func TestEmptiedElsewhere(t *testing.T) {
	base := Payment{State: Pending, Amount: 5, ReturnTo: "T", Destination: ""}
	for destination, want := range map[string]State{"T": Returned, "X": Settled} {
		p, _, err := Step(base, EmptiedElsewhere{Tx: "t", Ledger: 4, Destination: destination, Arrived: 5}, 1)
		if err != nil || p.State != want || p.SettledTx != "t" {
			t.Errorf("%s: %v %v", destination, p.State, err)
		}
	}
	for _, destination := range []string{"T", "X", "G"} {
		if p, _, _ := Step(base, EmptiedElsewhere{Tx: "t", Destination: destination, Arrived: 4}, 1); p.State != Settled || p.Reason != HoldingShort {
			t.Errorf("a part into %s: %s %s", destination, p.State, p.Reason)
		}
	}
	base.State, base.Claim, base.Destination = Claiming, "c", "G"
	if p, _, _ := Step(base, EmptiedElsewhere{Tx: "t", Destination: "G", Arrived: 5}, 1); p.State != Claimed {
		t.Error(p.State)
	}
}

func TestExpiryIsTheLedgers(t *testing.T) {
	p := Payment{State: Pending, ExpiresAt: Seconds(1000)}
	if next, _, _ := Step(p, LedgerClosed{At: Head{CloseTime: 999}}, Seconds(5000)); next.State != Pending {
		t.Fatal("a local clock ended it")
	}
	if next, _, _ := Step(p, LedgerClosed{At: Head{CloseTime: 1000}}, 1); next.State != Returning || next.Reason != ByExpiry {
		t.Fatal(next.State)
	}
	if _, _, err := Step(p, ClaimSubmitted{Hash: "c", At: Head{CloseTime: 1000}}, 1); CodeOf(err) != "expired" {
		t.Fatal(err)
	}
}

// What nobody of ours moved cannot be told as moved: a return that brings less home, or nothing, is no return.
func TestTheEndSaysHowMuchMoved(t *testing.T) {
	base := Payment{State: Returning, Amount: 25, ReturnTo: "T", ReturnAsked: ByCancel, Reason: ByCancel}
	for name, c := range map[string]struct {
		in     Input
		state  State
		reason Reason
	}{
		"whole":       {ReturnLanded{Tx: "t", Rung: 2, Arrived: 25}, Returned, ByCancel},
		"more":        {ReturnLanded{Tx: "t", Rung: 2, Arrived: 26}, Returned, ByCancel},
		"short":       {ReturnLanded{Tx: "t", Rung: 2, Arrived: 24}, Settled, HoldingShort},
		"empty":       {ReturnLanded{Tx: "t", Rung: 2}, Settled, HoldingShort},
		"last resort": {ReturnLanded{Tx: "t"}, Settled, LeftClaimable},
		"claim":       {ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, ""},
		"claim short": {ClaimLanded{Tx: "t", Destination: "G", Arrived: 1}, Settled, HoldingShort},
	} {
		p, _, err := Step(base, c.in, 1)
		if err != nil || p.State != c.state || p.Reason != c.reason || p.ReturnAsked != "" {
			t.Errorf("%s: %s %s %v", name, p.State, p.Reason, err)
		}
	}
}

func TestAnAccountMadeAnewIsNoneOfOurs(t *testing.T) {
	p := Payment{State: Claimed, SettledTx: "t", SettledAt: 10}
	if next, _, err := Step(p, ReturnLanded{Tx: "other", Ledger: 11}, 1); err != nil || next.State != Claimed {
		t.Fatal("a stranger stopped everything", err)
	}
	if _, _, err := Step(p, ReturnLanded{Tx: "other", Ledger: 10}, 1); CodeOf(err) != "contradiction" {
		t.Fatal(err)
	}
}

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

// A payment changes its recipient as long as nobody could have opened its box, and no longer.
func TestReaddress(t *testing.T) {
	eva := Handle{"email", "eva@example.org"}
	for name, c := range map[string]struct {
		p    Payment
		code string
	}{
		"created":        {Payment{State: Created, Policy: Guarded}, ""},
		"funding":        {Payment{State: Funding, Policy: Guarded}, ""},
		"pending":        {Payment{State: Pending, Policy: Guarded}, ""},
		"claiming":       {Payment{State: Claiming, Policy: Guarded}, "claim_in_flight"},
		"claimed":        {Payment{State: Claimed, Policy: Guarded}, "already_claimed"},
		"returning":      {Payment{State: Returning, Policy: Guarded, Reason: ByExpiry}, "already_expired"},
		"returned":       {Payment{State: Returned, Policy: Guarded, Reason: ByDecline}, "already_declined"},
		"canceled":       {Payment{State: Canceled, Policy: Guarded}, "already_canceled"},
		"failed":         {Payment{State: Failed, Policy: Guarded}, "already_failed"},
		"parked":         {Payment{State: Parked, Policy: Guarded}, "parked"},
		"settled":        {Payment{State: Settled, Policy: Guarded}, "already_settled"},
		"asked back":     {Payment{State: Funding, Policy: Guarded, ReturnAsked: ByCancel}, "already_canceled"},
		"bearer":         {Payment{State: Pending, Policy: Link}, "not_guarded"},
		"share released": {Payment{State: Pending, Policy: Guarded, ShareReleasedAt: 1}, "share_released"},
	} {
		c.p.To = ana
		next, effects, err := Step(c.p, Readdressed{To: eva}, 7)
		if CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if c.code != "" {
			if next.To != ana || next.UpdatedAt != 0 || effects != nil || KindOf(err) != Conflict {
				t.Errorf("%s: refused, and yet %+v %v", name, next, effects)
			}
		} else if told := len(effects) == 2 && effects[1].Kind == DoNotify; next.To != eva || next.UpdatedAt != 7 || next.State != c.p.State ||
			effects[0].Kind != DoPublish || told != (c.p.State == Pending) {
			t.Errorf("%s: %+v %v", name, next, effects)
		}
		if same, effects, err := Step(c.p, Readdressed{To: ana}, 7); err != nil || effects != nil || same.UpdatedAt != 0 {
			t.Errorf("%s: to where it is: %v %v", name, effects, err)
		}
	}
}

// A payment that its sender's client funds waits until the ledger or its clock says that the time is over, and no longer.
func TestNotFunded(t *testing.T) {
	base := Payment{State: Created, Route: Route{From: "S"}, FundBy: 20, FundUntil: 1000, ExpiresAt: Seconds(9000)}
	for name, c := range map[string]struct {
		change func(*Payment)
		at     Head
		state  State
		reason Reason
	}{
		"in time":         {func(*Payment) {}, Head{Sequence: 19, CloseTime: 1000}, Created, ""},
		"the last ledger": {func(*Payment) {}, Head{Sequence: 20, CloseTime: 1}, Failed, NotFunded},
		"the last second": {func(*Payment) {}, Head{Sequence: 1, CloseTime: 1001}, Failed, NotFunded},
		"handed in":       {func(p *Payment) { p.State = Funding }, Head{Sequence: 99, CloseTime: 1001}, Funding, ""},
		"the treasury's":  {func(p *Payment) { p.From, p.FundBy, p.FundUntil = "", 0, 0 }, Head{Sequence: 99, CloseTime: 1001}, Created, ""},
		"expired too":     {func(*Payment) {}, Head{Sequence: 99, CloseTime: 9000}, Failed, NotFunded},
	} {
		p := base
		c.change(&p)
		next, effects, err := Step(p, LedgerClosed{At: c.at}, 7)
		if err != nil || next.State != c.state || next.Reason != c.reason || next.State == Failed && (next.EndedAt != 7 || len(effects) != 2) {
			t.Errorf("%s: %s %s %v %v", name, next.State, next.Reason, effects, err)
		}
	}
}

// A wallet is asked once: a funding that cannot land is no reason to fund it again by ourselves.
func TestAWalletsFundingDiesOnce(t *testing.T) {
	for name, c := range map[string]struct {
		p      Payment
		state  State
		reason Reason
		fund   bool
	}{
		"wallet":          {Payment{Route: Route{From: "S"}}, Failed, FundingFailed, false},
		"wallet, asked":   {Payment{Route: Route{From: "S"}, ReturnAsked: ByCancel}, Created, "", false},
		"treasury":        {Payment{}, Created, "", true},
		"treasury, often": {Payment{Fundings: MostFundings}, Failed, FundingFailed, false},
		"direct":          {Payment{Route: Route{PayTo: "G"}}, Created, "", true},
	} {
		c.p.State, c.p.Funding, c.p.Bound = Funding, "f", 9
		next, effects, err := Step(c.p, FundingDead{Hash: "f", Fee: 3}, 1)
		fund := slices.ContainsFunc(effects, func(e Effect) bool { return e.Kind == DoFund })
		if err != nil || next.State != c.state || next.Reason != c.reason || fund != c.fund || next.Funding != "" || next.Bound != 0 || next.FeePaid != 3 {
			t.Errorf("%s: %+v %v %v", name, next, effects, err)
		}
		if c.p.ReturnAsked != "" {
			if next, _, err = Step(next, ReturnDue{}, 2); err != nil || next.State != Canceled {
				t.Errorf("%s: goes on to %s, %v", name, next.State, err)
			}
		}
	}
}

// A direct payment ends where its funding lands, in the account that was agreed and no other.
func TestPaidDirectly(t *testing.T) {
	p := Payment{State: Created, Amount: 5, Route: Route{PayTo: "GANA"}, ReturnTo: "T", Policy: Link}
	p, _, err := Step(p, FundingSigned{Hash: "f", Bound: 9}, 1)
	if err != nil || p.State != Funding || p.Holding != "" || p.NotBefore() != 0 || p.LockedUnits() != 0 || p.OwnUnits() != 0 {
		t.Fatal(p, err)
	}
	if _, _, err := Step(p, Readdressed{To: ana}, 2); CodeOf(err) != "not_guarded" {
		t.Error(err)
	}
	p.Policy = Guarded
	if _, _, err := Step(p, Readdressed{To: ana}, 2); CodeOf(err) != "paid_directly" {
		t.Error(err)
	}
	if same, effects, err := Step(p, FundingLanded{Hash: "f"}, 2); err != nil || same.State != Funding || effects != nil {
		t.Error("it ended on a transaction that nobody has seen", same.State, err)
	}
	p, _, _ = Step(p, CancelAsked{}, 3)
	p, effects, err := Step(p, FundingLanded{Hash: "f", Tx: "t", Ledger: 8, Fee: 4}, 4)
	if err != nil || p.State != Claimed || p.Destination != "GANA" || p.SettledTx != "t" || p.SettledAt != 8 || p.ReturnAsked != "" ||
		p.FeePaid != 4 || p.SpentUnits != 0 || p.Claim != "" || p.EndedAt != 4 {
		t.Fatalf("%+v %v", p, err)
	}
	var kinds []EffectKind
	for _, e := range effects {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Equal(kinds, []EffectKind{DoPublish, DoNotify, DoExpunge}) {
		t.Error(kinds)
	}
	if _, _, err := Step(p, FundingLanded{Hash: "f", Tx: "t", Ledger: 8}, 5); err != nil {
		t.Error("seen again:", err)
	}
}

// The money moved on into another payment: this one has ended, whatever it was about. It is no contradiction that it was
// seen twice, and one that it was claimed as well.
func TestMoved(t *testing.T) {
	in := Moved{Tx: "t", Ledger: 9, Holding: "H2"}
	for _, s := range []State{Funding, Pending, Claiming, Returning, Parked} {
		p, effects, err := Step(Payment{State: s, Holding: "H", Claim: "c", ReturnAsked: ByExpiry, Reason: ByExpiry}, in, 3)
		if err != nil || p.State != Settled || p.Reason != MovedOn || p.Destination != "H2" || p.Claim != "" || p.ReturnAsked != "" ||
			p.SettledTx != "t" || p.SettledAt != 9 || effects[len(effects)-1].Kind != DoExpunge {
			t.Errorf("%s: %+v %v", s, p, err)
		}
		if again, effects, err := Step(p, in, 4); err != nil || effects != nil || again.State != Settled {
			t.Errorf("%s: again: %v", s, err)
		}
	}
	if _, _, err := Step(Payment{State: Created}, in, 3); CodeOf(err) != "contradiction" {
		t.Error("nothing was there to move:", err)
	}
	if _, _, err := Step(Payment{State: Claimed, SettledTx: "other", SettledAt: 9}, in, 3); CodeOf(err) != "contradiction" {
		t.Error("claimed and moved:", err)
	}
}

// What the end says is what arrived, to the stroop: the sender has everything again that he put in, purse and all, less the
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
	type told struct{ arrived, rest Stroops }
	for name, c := range map[string]struct {
		p      Payment
		in     Input
		state  State
		reason Reason
		told   told
	}{
		"managed, home":                  {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 25}, Returned, ByCancel, told{25, 0}},
		"managed, home, with a gift":     {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 27}, Returned, ByCancel, told{25, 2}},
		"managed, home, paid and merged": {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 25, Rest: 2}, Returned, ByCancel, told{25, 2}},
		"managed, home, short":           {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 24}, Settled, HoldingShort, told{24, 0}},
		"managed, plain rung 1":          {lumens, ReturnLanded{Tx: "t", Arrived: 25, Rung: 1}, Returned, ByCancel, told{25, 0}},
		"managed, left claimable":        {lumens, ReturnLanded{Tx: "t", Arrived: 25}, Settled, LeftClaimable, told{25, 0}},
		"managed, claimed":               {lumens, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, "", told{25, 0}},
		"managed, claimed short":         {lumens, ClaimLanded{Tx: "t", Destination: "G", Arrived: 24, Rest: 1}, Settled, HoldingShort, told{24, 1}},

		"wallet, home, its own fee":    {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 33, Fee: 2, Payer: PayerHolding}, Returned, ByCancel, told{25, 8}},
		"wallet, home, earlier fees":   {spent, ReturnLanded{Tx: "t", Rung: 2, Arrived: 31, Fee: 1, Payer: PayerHolding}, Returned, ByCancel, told{25, 6}},
		"wallet, home, others paid":    {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 34, Fee: 1, Payer: PayerOther}, Settled, HoldingShort, told{25, 9}},
		"wallet, home, of the purse":   {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 32, Fee: 2, Payer: PayerHolding}, Settled, HoldingShort, told{25, 7}},
		"wallet, home, of the amount":  {purse, ReturnLanded{Tx: "t", Rung: 2, Arrived: 15}, Settled, HoldingShort, told{15, 0}},
		"wallet, claimed, new account": {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 33, Fee: 2, Payer: PayerHolding}, Claimed, "", told{25, 8}},
		"wallet, claimed, existing":    {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25, Rest: 8}, Claimed, "", told{25, 8}},
		"wallet, claimed, purse spent": {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, "", told{25, 0}},
		"wallet, claimed short":        {purse, ClaimLanded{Tx: "t", Destination: "G", Arrived: 24}, Settled, HoldingShort, told{24, 0}},
		"wallet, by hand home":         {purse, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 33, Fee: 2, Holding: true}, Returned, ByCancel, told{25, 8}},
		"wallet, by hand, part of it":  {purse, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 32, Fee: 2, Holding: true}, Settled, HoldingShort, told{25, 7}},

		"before, its fees unseen":    {before, ReturnLanded{Tx: "t", Rung: 2, Arrived: 33, Fee: 2, Payer: PayerHolding}, Returned, ByCancel, told{25, 8}},
		"before, beyond them":        {before, ReturnLanded{Tx: "t", Rung: 2, Arrived: 32, Fee: 2, Payer: PayerHolding}, Settled, HoldingShort, told{25, 7}},
		"before, by hand":            {before, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 33, Fee: 2, Holding: true}, Returned, ByCancel, told{25, 8}},
		"before, by hand, beyond":    {before, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 32, Fee: 2, Holding: true}, Settled, HoldingShort, told{25, 7}},
		"before, credit":             {ownBefore, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 10}, Returned, ByCancel, told{25, 10}},
		"before, credit, beyond":     {ownBefore, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 9}, Settled, HoldingShort, told{25, 9}},
		"before, credit, the amount": {ownBefore, ReturnLanded{Tx: "t", Rung: 3, Arrived: 24, Rest: mostOwnFee}, Settled, HoldingShort, told{24, mostOwnFee}},
		"before, without a purse":    {lumens, ReturnLanded{Tx: "t", Rung: 2, Arrived: 24}, Settled, HoldingShort, told{24, 0}},

		"credit, home":             {credit, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25}, Returned, ByCancel, told{25, 0}},
		"credit, home, nothing":    {credit, ReturnLanded{Tx: "t", Rung: 3}, Settled, HoldingShort, told{0, 0}},
		"credit, claimed":          {credit, ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, "", told{25, 0}},
		"credit, claimed, nothing": {credit, ClaimLanded{Tx: "t", Destination: "G"}, Settled, HoldingShort, told{0, 0}},
		"credit, clawed back":      {credit, ReturnLanded{Tx: "t", Rest: 3, Rung: 1}, Settled, ClawedBack, told{0, 3}},
		"credit, left claimable":   {credit, ReturnLanded{Tx: "t", Arrived: 25}, Settled, LeftClaimable, told{25, 0}},
		"credit wallet, home":      {own, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 9, Fee: 1, Payer: PayerHolding}, Returned, ByCancel, told{25, 9}},
		"credit wallet, of the purse": {own, ReturnLanded{Tx: "t", Rung: 3, Arrived: 25, Rest: 8, Fee: 1, Payer: PayerHolding}, Settled, HoldingShort,
			told{25, 8}},

		"elsewhere, fee out of lumens":     {lumens, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 24, Fee: 1, Holding: true}, Returned, ByCancel, told{24, 0}},
		"elsewhere, somebody paid the fee": {lumens, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 24, Fee: 1}, Settled, HoldingShort, told{24, 0}},
		"burnt, beyond what a fee is":      {burnt, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 4 * mostOwnFee, Fee: 6 * mostOwnFee, Holding: true}, Settled, HoldingShort, told{4 * mostOwnFee, 0}},
		"another's envelope, its fee":      {taxed, ReturnLanded{Tx: "t", Rung: 2, Arrived: 23}, Returned, ByCancel, told{23, 0}},
		"another's envelope, and more":     {taxed, ReturnLanded{Tx: "t", Rung: 2, Arrived: 22}, Settled, HoldingShort, told{22, 0}},
		"another's envelope, claimed":      {taxed, ClaimLanded{Tx: "t", Destination: "G", Arrived: 23}, Claimed, "", told{23, 0}},
		"another's envelope, not claimed":  {taxed, ClaimLanded{Tx: "t", Destination: "G", Arrived: 22}, Settled, HoldingShort, told{22, 0}},
		"elsewhere, claimed by hand":       {claiming, EmptiedElsewhere{Tx: "t", Destination: "G", Arrived: 24, Fee: 1, Holding: true}, Claimed, "", told{24, 0}},
		"elsewhere, no fee out of credit":  {credit, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 24, Fee: 1, Holding: true}, Settled, HoldingShort, told{24, 0}},
		"elsewhere, credit by hand":        {credit, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: 25}, Returned, ByCancel, told{25, 0}},
		"elsewhere, credit to somewhere":   {credit, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25}, Settled, "", told{25, 0}},
		"elsewhere, nobody knows how much": {credit, EmptiedElsewhere{Tx: "t", Destination: "T", Arrived: -1}, Settled, "", told{-1, 0}},
		"moved":                            {purse, Moved{Tx: "t", Holding: "N", Arrived: 33}, Settled, MovedOn, told{25, 8}},
		"moved in part":                    {purse, Moved{Tx: "t", Holding: "N", Arrived: 24}, Settled, MovedOn, told{24, 0}},
	} {
		p, _, err := Step(c.p, c.in, 1)
		if err != nil || p.State != c.state || p.Reason != c.reason || p.Destination == "" && c.state == Settled || (told{p.Arrived, p.ArrivedRest}) != c.told {
			t.Errorf("%s: %s %q to %q, %d and %d, %v", name, p.State, p.Reason, p.Destination, p.Arrived, p.ArrivedRest, err)
		}
	}
}

// A move hands down what the purse has paid: what is written down, its own fee, and of before what nobody wrote down.
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
		"not told what moved":      {0, false, 0, 0, 5},
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

// Who pays a fee is what the ledger shows: what a stranger paid is none of the payment's cost.
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
		"not told":                {managed, rung, Sighting{}, PayerUsual},
		"the sponsor":             {managed, rung, Sighting{Payer: "S", Service: true}, PayerUsual},
		"a channel":               {managed, funding, Sighting{Payer: "channel"}, PayerUsual},
		"a stranger":              {managed, rung, Sighting{Payer: "X"}, PayerOther},
		"the wallet":              {wallet, funding, Sighting{Payer: "W"}, PayerUsual},
		"the purse":               {wallet, rung, Sighting{Payer: "H"}, PayerHolding},
		"the service, not asked":  {wallet, rung, Sighting{Payer: "S", Service: true}, PayerOther},
		"a stranger for a wallet": {wallet, rung, Sighting{Payer: "X"}, PayerOther},
		"a move":                  {move, Envelope{Kind: FundingEnvelope, Source: "H"}, Sighting{Payer: "S", Service: true}, PayerUsual},
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

// The sponsor carries a new account's reserves, more with a trustline; a purse carries them itself.
func TestSpentUnits(t *testing.T) {
	for name, c := range map[string]struct {
		p    Payment
		want int
	}{
		"lumens": {Payment{Asset: Native}, 2}, "credit": {Payment{Asset: "USD:G"}, 3}, "own": {Payment{Asset: "USD:G", Route: Route{Sponsor: "S"}}, 0},
	} {
		c.p.State, c.p.Holding = Pending, "H"
		if locked, own := c.p.LockedUnits(), c.p.OwnUnits(); locked != c.want || own != AssetUnits(c.p.Asset)-c.want {
			t.Errorf("%s: %d locked, %d its own", name, locked, own)
		}
		p, _, err := Step(c.p, ClaimLanded{Tx: "t", Destination: "G", NewAccount: true}, 1)
		if err != nil || p.SpentUnits != c.want || p.LockedUnits() != 0 || p.OwnUnits() != 0 {
			t.Errorf("%s: %d spent, %v", name, p.SpentUnits, err)
		}
	}
}

// What a wallet signs is never a contradiction: landed after its payment gave it up, the money goes home and nobody claims it.
func TestAWalletsFundingComesBack(t *testing.T) {
	in := FundingLanded{Hash: "f", Tx: "t", Ledger: 8, Fee: 4, Holding: "H", Bound: 9}
	for name, c := range map[string]struct {
		p      Payment
		state  State
		reason Reason
	}{
		"canceled":       {Payment{State: Canceled, Reason: ByCancel, ReturnAsked: ByCancel}, Returning, ByCancel},
		"declined":       {Payment{State: Canceled, Reason: ByDecline, ReturnAsked: ByDecline}, Returning, ByDecline},
		"failed":         {Payment{State: Failed, Reason: NotFunded}, Returning, ByCancel},
		"expired":        {Payment{State: Failed, Reason: ByExpiry, ReturnAsked: ByExpiry}, Returning, ByExpiry},
		"refused":        {Payment{State: Created}, Returning, ByCancel},
		"another's turn": {Payment{State: Funding, Funding: "g", Holding: "I", Bound: 7}, Funding, ""},
		"waiting":        {Payment{State: Pending, Funding: "g", Holding: "I", Bound: 7}, Pending, ""},
		"claimed":        {Payment{State: Claimed, Funding: "g", Holding: "I", SettledTx: "x"}, Claimed, ""},
	} {
		c.p.From, c.p.Sponsor = "S", "S"
		if c.p.State.Ended() {
			c.p.EndedAt = 1
		}
		p, _, err := Step(c.p, in, 2)
		if err == nil && p.ReturnDue() {
			p, _, err = Step(p, ReturnDue{}, 2)
		}
		if err != nil || p.State != c.state || p.Reason != c.reason {
			t.Errorf("%s: %s %q %v", name, p.State, p.Reason, err)
		}
		if c.state == Returning && (p.Holding != "H" || p.Funding != "f" || p.Bound != 9 || p.EndedAt != 0 || p.FeePaid != 4 || p.Fundings != 1) {
			t.Errorf("%s: %+v", name, p)
		}
		if again, effects, err := Step(p, in, 3); err != nil || effects != nil || again.State != p.State {
			t.Errorf("%s: again %s %v %v", name, again.State, effects, err)
		}
		c.p.Sponsor, c.p.Replaces = "", "pay_2" // its funding needs our signature too, and is a client's all the same
		if moved, _, err := Step(c.p, in, 2); err != nil || (moved.State == Pending) != (c.state == Returning || c.state == Pending) {
			t.Errorf("%s, a move: %s %v", name, moved.State, err)
		}
		c.p.From, c.p.Replaces = "", ""
		if _, _, err := Step(c.p, in, 2); CodeOf(err) != "contradiction" {
			t.Errorf("%s, funded by the service: %v", name, err)
		}
	}
	if p, _, err := Step(Payment{State: Failed, Reason: NotFunded, Route: Route{From: "S", Sponsor: "S"}}, FundingLanded{Hash: "f", Tx: "t"}, 2); err != nil || p.State != Failed {
		t.Errorf("with nothing known of what it made: %s %v", p.State, err)
	}
}

// An account of the same name that was made anew ends in a later ledger, and that may be seen first. The earlier end is the one of the
// payment, and says what it would have said at once; the fee that the later account paid is no fee of the payment's.
func TestTheEarlierEndIsTheEnd(t *testing.T) {
	ends := map[string]func(tx string, ledger uint32) Input{
		"claimed": func(tx string, l uint32) Input {
			return ClaimLanded{Hash: "c", Tx: tx, Ledger: l, Destination: "G", Arrived: 25 * One, Rest: One, Fee: 3, Payer: PayerHolding}
		},
		"returned": func(tx string, l uint32) Input {
			return ReturnLanded{Tx: tx, Ledger: l, Rung: 2, Arrived: 26 * One, Fee: 5, Payer: PayerHolding}
		},
		"stolen": func(tx string, l uint32) Input {
			return EmptiedElsewhere{Tx: tx, Ledger: l, Destination: "X", Arrived: 25 * One, Rest: One, Fee: 7, Holding: true}
		},
		"moved": func(tx string, l uint32) Input {
			return Moved{Tx: tx, Ledger: l, Holding: "I", Arrived: 25 * One, Rest: One}
		},
	}
	base := Payment{State: Pending, Route: Route{From: "S", Sponsor: "S", Purse: One, RungFee: 100}, ReturnTo: "S", Funding: "f", Holding: "H", Bound: 9, LadderVersion: LadderVersion, Amount: 25 * One, FeePaid: 10, FeeHolding: 2, ExpiresAt: expiry}
	for a, first := range ends {
		for b, second := range ends {
			want, _, err := Step(base, first("a", 20), 1)
			if err != nil || !want.State.Ended() {
				t.Fatal(a, want.State, err)
			}
			p, _, err := Step(base, second("b", 21), 1)
			if err != nil {
				t.Fatal(b, err)
			}
			if _, _, err := Step(p, first("a", 21), 2); CodeOf(err) != "contradiction" {
				t.Errorf("%s and %s in one ledger: %v", a, b, err)
			}
			got, effects, err := Step(p, first("a", 20), 1)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s seen after %s: %v\n%+v\n%+v", a, b, err, got, want)
			}
			if !slices.ContainsFunc(effects, func(e Effect) bool { return e.Kind == DoPublish }) {
				t.Errorf("%s seen after %s is not published", a, b)
			}
			if again, effects, err := Step(got, second("b", 21), 3); err != nil || len(effects) > 0 || !reflect.DeepEqual(again, got) {
				t.Errorf("%s, and %s again: %v", a, b, err)
			}
		}
	}
}

// A plan that the signer does not keep is taken back, and the payment ends as it would have without it.
func TestUndoFunding(t *testing.T) {
	base := Payment{State: Funding, Route: Route{From: "S", Sponsor: "S"}, Funding: "f", Holding: "H", Bound: 9, BoxMAC: "m", Fundings: 1, FundUntil: 50, ExpiresAt: Seconds(90)}
	for name, c := range map[string]struct {
		change func(*Payment)
		hash   string
		state  State
	}{
		"planned":      {func(*Payment) {}, "f", Created},
		"canceled":     {func(p *Payment) { p.ReturnAsked = ByCancel }, "f", Canceled},
		"another":      {func(*Payment) {}, "g", Funding},
		"landed":       {func(p *Payment) { p.State = Pending }, "f", Pending},
		"the treasury": {func(p *Payment) { p.From = "" }, "f", Funding},
	} {
		p := base
		c.change(&p)
		p, effects, err := Step(p, FundingUndone{Hash: c.hash}, 2)
		if name == "planned" && (p.Funding != "" || p.Holding != "" || p.Bound != 0 || p.BoxMAC != "" || p.Fundings != 0 ||
			effects[0] != (Effect{Kind: DoExpire, Due: Seconds(50) + 1})) {
			t.Errorf("%s: %+v %v", name, p, effects)
		}
		if err == nil && p.ReturnDue() {
			p, _, err = Step(p, ReturnDue{}, 2)
		}
		if err != nil || p.State != c.state {
			t.Errorf("%s: %s %v", name, p.State, err)
		}
	}
}
