package stellar

import (
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

// Advise picks the rung to hand in now, out of those that were never on the ledger (left, by k, in any order). It
// returns its k, or the *Refusal that stands in the way of all of them.
//
// Plain rungs come first, highest k first. The others are taken only when no plain one would go through: the way into the
// paying wallet and the last resort when ReturnTo itself cannot take the money (missing, full, asking for a memo, without a
// trustline) or the plain rungs are spent, and the bare one once all of a credit amount was clawed back. What is wrong with
// the holding account is wrong for every rung.
// The snapshot must hold what AdviceNeeds says.
func Advise(s Snapshot, p ReturnPlan, left []int) (k int, err error) {
	ladder := p.Ladder()
	usable := map[int]bool{}
	for _, k := range left {
		usable[k] = true
	}
	var why error = refuse(SequenceSpent, p.Holding, "no rung is left")
	for k := ladder.Rungs() - 1; k > LastResort; k-- {
		if !usable[k] || ladder.Role(k) != relay.PlainRung {
			continue
		}
		why = DryRunReturn(s, p, k)
		if why == nil {
			return k, nil
		}
		if IsRefusal(why) != SequenceSpent {
			break // what stands in the way of one plain rung stands in that of the other
		}
	}
	try := []relay.Role{relay.WalletRung, relay.LastResort}
	switch IsRefusal(why) {
	case DestinationMissing, DestinationFull, MemoRequired, LineMissing, LineFull, LineForbidden:
	case ClawedBack, HoldingShort:
		try = []relay.Role{relay.WalletRung, relay.BareRung} // of lumens, the first takes home what is left
	case SequenceSpent:
		try = append(try, relay.BareRung) // what was clawed back is no claimable balance either
	default:
		return 0, why
	}
	return other(s, p, usable, why, try)
}

// other tries the rungs of other roles in turn. When none goes through, it says why the last resort does not, or, where that was
// not to be tried, why no plain rung does.
func other(s Snapshot, p ReturnPlan, usable map[int]bool, why error, roles []relay.Role) (int, error) {
	for _, role := range roles {
		k := slices.Index(p.Ladder().Roles(), role)
		if k < 0 || !usable[k] {
			continue
		}
		err := DryRunReturn(s, p, k)
		switch {
		case err == nil:
			return k, nil
		case role == relay.LastResort:
			why = fmt.Errorf("last resort: %w", err)
		}
	}
	return 0, why
}
