package relay

import (
	"testing"
)

// Refusals and forgettings that a walk meets too seldom to be sure of.

func TestCancelAfterTheEnd(t *testing.T) {
	for state, code := range map[State]string{
		Claimed: "already_claimed", Settled: "already_settled", Failed: "already_failed", Returned: "", Canceled: "", Returning: "",
	} {
		p := Payment{State: state}
		next, effects, err := Step(p, CancelAsked{}, 1)
		if CodeOf(err) != code || effects != nil || next.ReturnWish != "" {
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
	p := Payment{State: Claiming, Claim: "c", ReturnWish: ByCancel, ExpiresAt: 1}
	p, effects, err := Step(p, HoldingTroubled{Cause: KeyTakenOver}, 1)
	if err != nil || p.State != Parked || p.Claim != "" || p.ReturnWish != ByCancel || p.Reason != KeyTakenOver {
		t.Fatal(p, err)
	}
	if effects[len(effects)-1].Kind != DoAudit {
		t.Fatal("nobody looks at it again", effects)
	}
	if p, _, _ = Step(p, HoldingWell{}, 2); p.State != Pending || !p.Restless() || p.Reason != "" {
		t.Fatal(p)
	}
}

func TestAnEndForgetsTheWish(t *testing.T) {
	p := Payment{State: Returning, Amount: 1, Reason: ByExpiry, ReturnWish: ByExpiry, Claim: "c"}
	next, _, err := Step(p, ClaimLanded{Hash: "c", Tx: "t", Destination: "G", NewAccount: true, Merged: 1}, 1)
	if err != nil || next.ReturnWish != "" || next.Reason != "" || next.SpentUnits != AccountUnits {
		t.Fatal(next, err)
	}
}

func TestTheFirstWishNamesTheReason(t *testing.T) {
	p := Payment{State: Funding, Funding: "f"}
	p, _, _ = Step(p, DeclineAsked{}, 1)
	p, _, _ = Step(p, CancelAsked{}, 2)
	if p.ReturnWish != ByDecline || p.State != Funding {
		t.Fatal(p)
	}
	p, _, _ = Step(p, FundingLanded{Hash: "f"}, 3)
	p, effects, _ := Step(p, Onward{}, 4)
	if p.State != Returning || p.Reason != ByDecline || effects[0].Kind != DoReturn {
		t.Fatal(p, effects)
	}
}

func TestEmptiedElsewhere(t *testing.T) {
	base := Payment{State: Pending, Amount: 5, ReturnTo: "T", Destination: ""}
	for destination, want := range map[string]State{"T": Returned, "X": Settled} {
		p, _, err := Step(base, EmptiedElsewhere{Tx: "t", Ledger: 4, Destination: destination, Merged: 5}, 1)
		if err != nil || p.State != want || p.SettledTx != "t" {
			t.Errorf("%s: %v %v", destination, p.State, err)
		}
	}
	for _, destination := range []string{"T", "X", "G"} {
		if p, _, _ := Step(base, EmptiedElsewhere{Tx: "t", Destination: destination, Merged: 4}, 1); p.State != Settled || p.Reason != HoldingShort {
			t.Errorf("a part into %s: %s %s", destination, p.State, p.Reason)
		}
	}
	base.State, base.Claim, base.Destination = Claiming, "c", "G"
	if p, _, _ := Step(base, EmptiedElsewhere{Tx: "t", Destination: "G", Merged: 5}, 1); p.State != Claimed {
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
	base := Payment{State: Returning, Amount: 25, ReturnTo: "T", ReturnWish: ByCancel, Reason: ByCancel}
	for name, c := range map[string]struct {
		in     Input
		state  State
		reason Reason
	}{
		"whole":       {ReturnLanded{Tx: "t", Merged: 25}, Returned, ByCancel},
		"more":        {ReturnLanded{Tx: "t", Merged: 26}, Returned, ByCancel},
		"short":       {ReturnLanded{Tx: "t", Merged: 24}, Settled, HoldingShort},
		"empty":       {ReturnLanded{Tx: "t"}, Settled, HoldingShort},
		"last resort": {ReturnLanded{Tx: "t", LastResort: true}, Settled, LeftClaimable},
		"claim":       {ClaimLanded{Tx: "t", Destination: "G", Merged: 25}, Claimed, ""},
		"claim short": {ClaimLanded{Tx: "t", Destination: "G", Merged: 1}, Settled, HoldingShort},
	} {
		p, _, err := Step(base, c.in, 1)
		if err != nil || p.State != c.state || p.Reason != c.reason || p.ReturnWish != "" {
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
				sum += withFee(FundingLanded{}, fee, i, n).(FundingLanded).Fee
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
		"asked back":     {Payment{State: Funding, Policy: Guarded, ReturnWish: ByCancel}, "already_canceled"},
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
