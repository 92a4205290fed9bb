package relay

import "slices"

// How long a planned claim may land: long enough to sign it at leisure, short enough that a return is not held up.
const (
	planLedgers = 60
	planSeconds = 300 // of close time
)

// PlanClaim is the intent of a claim planned at head: of what the payment's holding account has, with its next number, into to, whose
// account the facts are. It may land for planLedgers and planSeconds, and for no longer than up to the last whole second before the
// payment expires. The faults are of kind [Conflict]: "expired", and "holding_absent".
func (p Payment) PlanClaim(to Destination, head Head, holding, account AccountFacts) (ClaimIntent, error) {
	in := ClaimIntent{Payment: p.ID, Holding: p.Holding, Destination: to.Address, NewAccount: !account.Exists, NewLine: to.NewLine, Memo: to.Memo,
		Sequence: holding.Sequence + 1, SignedAt: head.Sequence, Bound: head.Sequence + planLedgers,
		MaxTime: min(head.CloseTime+planSeconds, p.lastSecond())}
	switch {
	case in.MaxTime <= head.CloseTime:
		return in, ErrExpired
	case !holding.Exists:
		return in, ErrMoneyLeft
	}
	return in, nil
}

// lastSecond is the last close time before the payment expires, Unix seconds.
func (p Payment) lastSecond() int64 { return int64((p.ExpiresAt - 1) / 1_000_000) }

// Repeats says whether e, an envelope of the same payment, is a plan of the same claim that still has half of its time, or all that
// the payment has left. It is given again, so that a client that asks again and again does not use up the plans that may be live at a
// time. The memo is in the XDR alone: the caller compares it.
func (in ClaimIntent) Repeats(e Envelope, head Head) bool {
	return e.Kind == ClaimEnvelope && e.State == Planned && e.Source == in.Holding && e.Sequence == in.Sequence &&
		e.Destination == in.Destination && e.NewAccount == in.NewAccount && e.NewLine == in.NewLine &&
		e.Bound > head.Sequence+planLedgers/2 && e.MaxTime > min(head.CloseTime+planSeconds/2, in.MaxTime-1)
}

// AllowPurseClaim is [Ladder.AllowPlan] for a claim that the holding account pays for: the signer has no part in it, so the payment's own
// plans are counted here, out of all its envelopes.
func (p Payment) AllowPurseClaim(sequence int64, all []Envelope, head Head) error {
	_, err := p.Ladder().AllowPlan(sequence, plansMade(all), p.ID, head, PlanLimits{Payment: MostPlans})
	return err
}

// ClaimSides says of a claim that payer pays for who keeps the reserve of a new account, and which account gets what is left of the
// holding account besides the amount: payer both, and "" where the claim has no such part. What is left goes along into a new account.
func ClaimSides(newAccount bool, payer string) (sponsor, keeper string) {
	if newAccount {
		return payer, ""
	}
	return "", payer
}

// PurseClaim is the envelope of a claim that the holding account pays for out of its purse, but for its network, hash and XDR. keeper is
// the account that gets what is left besides the amount; "" when that goes along into the new account.
func (p Payment) PurseClaim(in ClaimIntent, head Head, bid Stroops, price Prices) (e Envelope, keeper string) {
	_, keeper = ClaimSides(in.NewAccount, p.Sponsor) // the purse pays for a new account, and no one sponsors it
	return Envelope{Kind: ClaimEnvelope, State: Planned, Source: p.Holding, Sequence: in.Sequence, SignedAt: in.SignedAt, Bound: in.Bound,
		MaxTime: in.MaxTime, PlannedAt: head.CloseTime, Payments: []PaymentID{p.ID}, Destination: in.Destination, NewAccount: in.NewAccount, NewLine: in.NewLine,
		Asset: p.Asset, Amount: p.Amount, OwnFee: p.PurseClaimBid(bid, price)}, keeper
}

// PlanMade is a claim that was planned, as far as counting it goes.
type PlanMade struct {
	Payment PaymentID
	Bound   uint32 // last ledger in which it may land
	MaxTime int64  // and last close time, Unix seconds
	At      int64  // as Envelope.PlannedAt
}

// PlanMade is a claim as it is counted.
func (e Envelope) PlanMade() PlanMade {
	return PlanMade{Payment: e.Payments[0], Bound: e.Bound, MaxTime: e.MaxTime, At: e.PlannedAt}
}

// plansMade are the claims among the envelopes of one payment.
func plansMade(all []Envelope) (plans []PlanMade) {
	for _, e := range all {
		if e.Kind == ClaimEnvelope {
			plans = append(plans, e.PlanMade())
		}
	}
	return plans
}

// OwnPlansLeft says whether the payment whose envelopes these are may have one more claim planned that does not count against its app.
func OwnPlansLeft(all []Envelope, head Head) bool {
	return len(counted(plansMade(all), head)) < PlansPerPayment
}

func counted(made []PlanMade, head Head) []PlanMade {
	return slices.DeleteFunc(slices.Clone(made), func(m PlanMade) bool { return !m.Counts(head) })
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

// The faults of [Ladder.AllowPlan], for errors.Is.
var (
	ErrTooManyPlans    = &Fault{Kind: Exhausted, Code: "too_many_plans"}
	ErrTooManyAppPlans = &Fault{Kind: Exhausted, Code: "too_many_app_plans"}
)

// Lands says whether the plan could still land.
func (m PlanMade) Lands(head Head) bool {
	return !Envelope{Bound: m.Bound, MaxTime: m.MaxTime}.Past(head)
}

// Counts says whether the plan still counts: it could land, or was made within the hour.
func (m PlanMade) Counts(head Head) bool { return m.Lands(head) || m.At > head.CloseTime-planHour }

// AllowPlan judges whether one more claim of a payment, with this number, may be planned; made are the plans of all payments of its
// app. The number is judged first ([Ladder.CheckNumber]). As many as the limits say may be able to land at a time; and at most
// plansPerHour times as many are made within an hour, so that the log grows no faster. One that cannot land any more, and is older,
// does not count: the claims of a payment are never closed for good. The faults are of kind [Exhausted], and say from when on the
// next may be planned: [ErrTooManyPlans] is about the payment, [ErrTooManyAppPlans] about others of its app. The plans that still count
// come back.
func (l Ladder) AllowPlan(sequence int64, made []PlanMade, of PaymentID, head Head, most PlanLimits) (count []PlanMade, err error) {
	if err := l.CheckNumber(sequence); err != nil {
		return nil, err
	}
	type tally struct{ live, hour int }
	count = counted(made, head)
	by := map[PaymentID]tally{}
	for _, m := range count {
		n := by[m.Payment]
		if n.hour++; m.Lands(head) {
			n.live++
		}
		by[m.Payment] = n
	}
	if own := by[of]; own.live >= most.Payment || own.hour >= most.Payment*plansPerHour {
		return count, tooManyPlans(ErrTooManyPlans.Code, "this payment", own.live >= most.Payment, head,
			slices.DeleteFunc(slices.Clone(count), func(m PlanMade) bool { return m.Payment != of }))
	}
	var beyond tally
	for _, n := range by {
		beyond.live += max(n.live-PlansPerPayment, 0)
		beyond.hour += max(n.hour-PlansPerPayment, 0)
	}
	if most.App > 0 && by[of].hour >= PlansPerPayment && (beyond.live >= most.App || beyond.hour >= most.App*plansPerHour) {
		return count, tooManyPlans(ErrTooManyAppPlans.Code, "payments of this app", beyond.live >= most.App, head, count)
	}
	return count, nil
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
