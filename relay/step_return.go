package relay

// The steps by which money goes home: asked for, due, started, and a rung that failed.

// ReturnDue says that a return is asked and no envelope of ours stands in its way.
func (p Payment) ReturnDue() bool {
	return p.ReturnAsked != "" && (p.State == Created || p.State == Pending)
}

// askReturn notes that the money shall go home. While an envelope of ours is on its way, the ledger answers first.
func askReturn(p Payment, why Reason) (Payment, []Effect, error) {
	switch p.State {
	case Created, Funding, Pending, Claiming, Parked:
		if p.ReturnAsked != "" {
			return startReturn(p)
		}
		p.ReturnAsked = why
		if p.State == Parked { // perhaps what is left can go home now
			return p, []Effect{{Kind: DoAudit}}, nil
		}
		return startReturn(p)
	case Returning, Returned, Canceled:
		return p, nil, nil // a return that was asked for before has the same end
	case Failed:
		if why == ByDecline {
			return p, nil, nil
		}
		return p, nil, ConflictFault("already_failed", "This payment has failed; no money moved.")
	case Settled:
		reader := ToSender
		if why == ByDecline {
			reader = ToRecipient
		}
		return p, nil, ConflictFault("already_settled", p.Ending().Sentence(reader))
	}
	return p, nil, ConflictFault("already_claimed", "The money has already been claimed.")
}

// expire asks for the return of a payment whose time is over, and ends one that its sender's client did not fund in time.
func expire(p Payment, in LedgerClosed) (Payment, []Effect, error) {
	if p.unfunded(in.At) {
		p.Reason = NotFunded
		return to(p, Failed)
	}
	if Seconds(in.At.CloseTime) < p.ExpiresAt || p.State.Ended() || p.ReturnAsked != "" {
		return p, nil, nil
	}
	return askReturn(p, ByExpiry)
}

// unfunded says that the time to fund is over for the sender's client. A funding that it handed in before is written down, and
// has a bound of its own.
func (p Payment) unfunded(at Head) bool {
	return p.State == Created && p.ByClient() && p.fundTimeOver(at)
}

// startReturn starts a return that is due; a payment whose money has not moved ends.
func startReturn(p Payment) (Payment, []Effect, error) {
	if !p.ReturnDue() {
		return p, nil, nil
	}
	p.Reason = p.ReturnAsked
	switch {
	case p.State == Pending:
		return to(p, Returning, Effect{Kind: DoReturn})
	case p.ReturnAsked == ByExpiry:
		return to(p, Failed)
	}
	return to(p, Canceled)
}

func spendRung(p Payment, in RungSpent) (Payment, []Effect, error) {
	if p.State.Holds() {
		p.charge(in.Fee, in.Payer)
	}
	if p.State != Returning {
		return p, nil, nil
	}
	if in.Left == 0 {
		p.Reason = NoWayBack
		return to(p, Parked)
	}
	return to(p, Pending) // the return is still asked, so the next rung follows
}
