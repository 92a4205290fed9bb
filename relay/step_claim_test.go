package relay

import "testing"

// What a random walk meets too seldom.

func TestOnlyTheClaimOnItsWayDies(t *testing.T) {
	p := Payment{State: Claiming, Claim: "c", Destination: "G"}
	if next, _, _ := Step(p, ClaimDead{Hash: "older"}, 1); next.State != Claiming || next.Claim != "c" {
		t.Fatal("an older claim's death ended a newer one", next.State)
	}
	if next, _, _ := Step(p, ClaimDead{Hash: "c"}, 1); next.State != Pending || next.Claim != "" || next.Destination != "" {
		t.Fatal(next)
	}
}

// A payment changes its recipient as long as its box could not have been opened, and no longer.
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
		} else if mailed := len(effects) == 2 && effects[1].Kind == DoNotify; next.To != eva || next.UpdatedAt != 7 || next.State != c.p.State ||
			effects[0].Kind != DoPublish || mailed != (c.p.State == Pending) {
			t.Errorf("%s: %+v %v", name, next, effects)
		}
		if same, effects, err := Step(c.p, Readdressed{To: ana}, 7); err != nil || effects != nil || same.UpdatedAt != 0 {
			t.Errorf("%s: to where it is: %v %v", name, effects, err)
		}
	}
}
