package relay

import (
	"testing"
)

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

func TestParkedForgetsTheClaimAndStaysAsked(t *testing.T) {
	p := Payment{State: Claiming, Claim: "c", ReturnAsked: ByCancel, ExpiresAt: 1}
	p, effects, err := Step(p, HoldingTroubled{Cause: KeyTakenOver}, 1)
	if err != nil || p.State != Parked || p.Claim != "" || p.ReturnAsked != ByCancel || p.Reason != KeyTakenOver {
		t.Fatal(p, err)
	}
	if effects[len(effects)-1].Kind != DoAudit {
		t.Fatal("no audit follows", effects)
	}
	if p, _, _ = Step(p, HoldingWell{}, 2); p.State != Pending || !p.ReturnDue() || p.Reason != "" {
		t.Fatal(p)
	}
}

func TestAnEndForgetsTheReturnAsked(t *testing.T) {
	p := Payment{State: Returning, Amount: 1, Reason: ByExpiry, ReturnAsked: ByExpiry, Claim: "c"}
	next, _, err := Step(p, ClaimLanded{Hash: "c", Tx: "t", Destination: "G", NewAccount: true, Arrived: 1}, 1)
	if err != nil || next.ReturnAsked != "" || next.Reason != "" || next.SpentUnits != AccountUnits {
		t.Fatal(next, err)
	}
}

func TestTheFirstRequestNamesTheReason(t *testing.T) {
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
