package stellar

// Made is how a holding account left our hands.
type Made struct {
	Sponsor string // who keeps its reserve; empty: not compared
	Amount  int64  // stroops that the funding put in (strangers can add, only its key can take); 0: not compared
	Lowest  int64  // the lowest number among the rungs that were never handed in; 0: all are spent
}

// Takeover lists why a holding account is no longer as we made it; none means that it is. Only somebody who holds its
// key can bring any of these about (a claimant with other tools than ours counts as one), so each of them parks the
// payment: the money is safe at the account, and the way home may not be.
//
// h is nil for an account that is not there, which is no takeover: what removed it is found by hash.
func Takeover(h *Account, m Made) []Reason {
	if h == nil {
		return nil
	}
	var why []Reason
	add := func(is bool, r Reason) {
		if is {
			why = append(why, r)
		}
	}
	add(h.Thresholds != [4]byte{1, 0, 0, 0} || len(h.Signers) > 0, SignersChanged)
	add(m.Lowest > 0 && h.Sequence >= m.Lowest, LadderUnreachable)
	add(h.NumSponsoring > 0, IsSponsor)
	add(int(h.SubEntries) > len(h.Signers), HasSubEntries)
	// Some sources do not name the sponsor, all count the reserves that somebody else keeps: two for an account.
	add(h.NumSponsored < 2 || h.Sponsor != "" && m.Sponsor != "" && h.Sponsor != m.Sponsor, SponsorChanged)
	add(h.Flags != 0, Immutable)
	add(h.Balance < m.Amount, HoldingShort)
	return why
}
