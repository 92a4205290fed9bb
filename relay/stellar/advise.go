package stellar

import "fmt"

// Advise picks the rung to hand in now, out of those that were never on the ledger (left, by k, in any order). It
// returns its k, or the *Refusal that stands in the way of all of them.
//
// Plain rungs come first, highest k first. The last resort is taken only when ReturnTo itself cannot take the money
// (missing, full, asking for a memo, without a trustline): what is wrong with the holding account is wrong for every rung,
// but for the bare one, which goes through once all of a credit amount was clawed back.
// The snapshot must hold the holding account, ReturnTo and the sponsor, and the trustlines of the first two.
func Advise(s Snapshot, p ReturnPlan, left []int) (k int, err error) {
	usable := map[int]bool{}
	for _, k := range left {
		usable[k] = true
	}
	var why error = refuse(SequenceSpent, p.Holding, "no rung is left")
	for k := Rungs(p.Asset) - 1; k > LastResort; k-- {
		if !usable[k] || !Plain(p.Asset, k) {
			continue
		}
		why = DryRunReturn(s, p, k)
		switch IsRefusal(why) {
		case "":
			return k, why
		case SequenceSpent:
			continue
		case DestinationMissing, DestinationFull, MemoRequired, LineMissing, LineFull, LineForbidden:
			return lastResort(s, p, usable, why)
		case ClawedBack, HoldingShort:
			return bareRung(s, p, usable, why)
		}
		return 0, why
	}
	if k, why = lastResort(s, p, usable, why); why == nil {
		return k, nil
	}
	return bareRung(s, p, usable, why) // the plain rungs are spent, and what was clawed back is no claimable balance either
}

// bareRung closes a holding account that nothing of its credit amount is left in; else why stands.
func bareRung(s Snapshot, p ReturnPlan, usable map[int]bool, why error) (int, error) {
	if p.Asset == Native || !usable[BareRung] || DryRunReturn(s, p, BareRung) != nil {
		return 0, why
	}
	return BareRung, nil
}

// lastResort also serves when both plain rungs are spent: the money still goes home, as a claimable balance.
func lastResort(s Snapshot, p ReturnPlan, usable map[int]bool, why error) (int, error) {
	if !usable[LastResort] {
		return 0, why
	}
	if err := DryRunReturn(s, p, LastResort); err != nil {
		return 0, fmt.Errorf("last resort: %w", err)
	}
	return LastResort, nil
}
