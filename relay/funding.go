package relay

import (
	"fmt"
)

// Batch is the most payments in one funding; the signer says when it is one too many for the keys at hand.
const Batch = 17

// Together is how many payments a funding may have that carries this one. Payments of one app share an envelope, and fail
// with it: after each lost funding they go in smaller groups, in the end alone, so that one that cannot be funded costs the others
// two tries at the most. A direct payment may fail because of the account it goes to, and goes alone.
func (p Payment) Together() int {
	switch {
	case p.IsDirect() || p.Fundings > 1:
		return 1
	case p.Fundings == 1:
		return 4
	}
	return Batch
}

// Company are the waiting payments of one app that may share an envelope with the first and with each other, in the order given.
// over are those that wait no more.
func Company(first Payment, waiting []Payment) (along, over []int) {
	size := first.Together()
	for i, p := range waiting {
		switch most := min(size, p.Together()); {
		case p.State != Created || p.ByClient() || p.App != first.App || p.ID == first.ID:
			over = append(over, i)
		case len(along)+2 <= most:
			along, size = append(along, i), most
		}
	}
	return along, over
}

// Yields says whether an app leaves the free channels to others: turn counts up and says when it got a channel last, others says the
// same of each app that waits for one too. Where channels are scarce, the app that was served longest ago is next.
func Yields(free int, turn uint64, others []uint64) bool {
	ahead := 0
	for _, t := range others {
		if t < turn {
			ahead++
		}
	}
	return ahead >= free
}

// Fits compares what the signer funded with what the row says: a row of the same id may not be the same payment when the
// database was restored in between.
func (m Minted) Fits(p Payment) error {
	if m.Terms() != p.Terms() || m.ExpiresAt != p.ExpiresAt {
		return NewFault(Internal, ErrFundedOtherwise.Code, "", fmt.Errorf("payment %s was funded with %s for %s, the row says %s for %s",
			p.ID, m.Amount, m.ReturnTo, p.Amount, p.ReturnTo))
	}
	return nil
}
