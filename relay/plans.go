package relay

// PlanMade is a claim that was planned, as far as counting it goes.
type PlanMade struct {
	Bound   uint32 // last ledger in which it may land
	MaxTime int64  // and last close time, Unix seconds
	At      int64  // close time of the newest ledger when it was planned; 0 = not known, long ago
}

const (
	planHour     = 3600 // seconds of close time within which plans are counted, whether they can land or not
	plansPerHour = 4    // as many times the live ones
)

// CountPlans judges whether one more claim of a payment may be planned. At most live ones may be able to land at a time, so that
// a holding account is not flooded with claims; and at most plansPerHour times as many are made within an hour, so that the log
// grows no faster. One that cannot land any more, and is older, does not count: the claims of a payment are never closed for
// good. The fault is of kind [Exhausted]. The plans that still count come back.
func CountPlans(made []PlanMade, head Head, live int) (counted []PlanMade, err error) {
	able := 0
	for _, m := range made {
		lands := m.Bound > head.Sequence && m.MaxTime > head.CloseTime
		if lands {
			able++
		}
		if lands || m.At > head.CloseTime-planHour {
			counted = append(counted, m)
		}
	}
	if able >= live || len(counted) >= live*plansPerHour {
		return counted, NewFault(Exhausted, "too_many_plans", "Too many claims of this payment were planned just now. Try again when they have run out.", nil)
	}
	return counted, nil
}
