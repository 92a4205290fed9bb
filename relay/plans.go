package relay

import "slices"

// PlanMade is a claim that was planned, as far as counting it goes.
type PlanMade struct {
	Payment PaymentID
	Bound   uint32 // last ledger in which it may land
	MaxTime int64  // and last close time, Unix seconds
	At      int64  // close time of the newest ledger when it was planned; 0 = not known, long ago
}

// PlanLimits is how many claims may be able to land at a time.
type PlanLimits struct {
	Payment int // of one payment, so that a holding account is not flooded with claims
	App     int // of the payments of one app, those beyond [PlansPerPayment] of each; 0 = not limited
}

const (
	planHour     = 3600 // seconds of close time within which plans are counted, whether they can land or not
	plansPerHour = 4    // so many times as many may be made in that time as may be able to land

	// PlansPerPayment is how many plans of a payment in an hour do not count against its app: a claimant who plans anew, after a
	// failed claim or for another account, is not refused for what claimants of other payments do.
	PlansPerPayment = 4

	// MostPlans is how many claims of a payment may be able to land at a time, unless the operator says otherwise.
	MostPlans = 50
)

// The codes of the faults of [Ladder.AllowPlan].
const (
	TooManyPlans    = "too_many_plans"
	TooManyAppPlans = "too_many_app_plans"
)

// Lands says whether the plan could still land.
func (m PlanMade) Lands(head Head) bool { return m.Bound > head.Sequence && m.MaxTime > head.CloseTime }

// Counts says whether the plan still counts: it could land, or was made within the hour.
func (m PlanMade) Counts(head Head) bool { return m.Lands(head) || m.At > head.CloseTime-planHour }

// AllowPlan judges whether one more claim of a payment, with this number, may be planned; made are the plans of all payments of its
// app. The number is judged first ([Ladder.CheckNumber]). As many as the limits say may be able to land at a time; and at most
// plansPerHour times as many are made within an hour, so that the log grows no faster. One that cannot land any more, and is older,
// does not count: the claims of a payment are never closed for good. The faults are of kind [Exhausted], and say from when on the
// next may be planned: [TooManyPlans] is about the payment, [TooManyAppPlans] about others of its app. The plans that still count
// come back.
func (l Ladder) AllowPlan(sequence int64, made []PlanMade, of PaymentID, head Head, most PlanLimits) (counted []PlanMade, err error) {
	if err := l.CheckNumber(sequence); err != nil {
		return nil, err
	}
	type tally struct{ live, hour int }
	counted = slices.DeleteFunc(slices.Clone(made), func(m PlanMade) bool { return !m.Counts(head) })
	by := map[PaymentID]tally{}
	for _, m := range counted {
		n := by[m.Payment]
		if n.hour++; m.Lands(head) {
			n.live++
		}
		by[m.Payment] = n
	}
	if own := by[of]; own.live >= most.Payment || own.hour >= most.Payment*plansPerHour {
		return counted, tooManyPlans(TooManyPlans, "this payment", own.live >= most.Payment, head,
			slices.DeleteFunc(slices.Clone(counted), func(m PlanMade) bool { return m.Payment != of }))
	}
	var beyond tally
	for _, n := range by {
		beyond.live += max(n.live-PlansPerPayment, 0)
		beyond.hour += max(n.hour-PlansPerPayment, 0)
	}
	if most.App > 0 && by[of].hour >= PlansPerPayment && (beyond.live >= most.App || beyond.hour >= most.App*plansPerHour) {
		return counted, tooManyPlans(TooManyAppPlans, "payments of this app", beyond.live >= most.App, head, counted)
	}
	return counted, nil
}

// tooManyPlans says to try again when the first of the plans that count runs out.
func tooManyPlans(code, whose string, live bool, head Head, all []PlanMade) error {
	next := head.CloseTime + planHour
	for _, m := range all {
		switch {
		case live && m.Lands(head):
			next = min(next, m.MaxTime)
		case !live && m.At > head.CloseTime-planHour:
			next = min(next, m.At+planHour)
		}
	}
	return &Fault{Kind: Exhausted, Code: code, RetryAt: Seconds(next + 1),
		Public: "Too many claims of " + whose + " were planned just now. Try again when they have run out."}
}
