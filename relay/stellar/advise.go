package stellar

import "fmt"

// Advise picks the rung to hand in now, out of those that were never on the ledger (left, by k, in any order). It
// returns its k, or the *Refusal that stands in the way of all of them.
//
// Plain rungs come first, highest k first. The last resort is taken only when ReturnTo itself cannot take the money
// (missing, full, or asking for a memo): what is wrong with the holding account is wrong for every rung.
// The snapshot must hold the holding account, ReturnTo and the sponsor.
func Advise(s Snapshot, p ReturnPlan, left []int) (k int, err error) {
	usable := map[int]bool{}
	for _, k := range left {
		usable[k] = true
	}
	var why error = refuse(SequenceSpent, p.Holding, "no rung is left")
	for k := Rungs - 1; k > LastResort; k-- {
		if !usable[k] {
			continue
		}
		why = DryRunReturn(s, p, k)
		switch IsRefusal(why) {
		case "":
			return k, why
		case SequenceSpent:
			continue
		case DestinationMissing, DestinationFull, MemoRequired:
			return lastResort(s, p, usable, why)
		}
		return 0, why
	}
	return lastResort(s, p, usable, why)
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
