package relay

// Step is the lifecycle: what becomes of p when in happens. It is pure and moves along at most one edge of [Edges]. now is the
// moment written into the payment, never a judge of bounds or expiry. Errors are of kind [Conflict], or [ErrContradiction] when
// the ledger cannot be right together with our records.
//
// The same input again changes nothing, but for three that a caller gives once for each transaction: [ClaimDead], [RungSpent] and
// [FeeTaken] charge a fee each time, and RungSpent ends the try of the next rung. The fence of the first two, and of the FeeTaken of a
// move that failed, is the envelope's row: [StepSighting] and [StepDead] have no input for one that was seen or proven dead before,
// and the row is written in the commit of its payments. The fence of FeeTaken is else the cursor: a ledger is witnessed once.
//
// When [Payment.ReturnDue] holds afterwards, one more Step with [ReturnDue] follows in the same commit.
func Step(p Payment, in Input, now Micros) (Payment, []Effect, error) {
	next, effects, err := react(p, in, now)
	if err != nil {
		return p, nil, err
	}
	if next != p && Recorded(in) { // neither version nor moment is an input's to change
		next.UpdatedAt = now
	}
	if next.State == p.State {
		return next, effects, nil
	}
	next.EndedAt = 0
	if next.State.Ended() {
		next.EndedAt, next.Missing = now, 0
	}
	return next, append(effects, entered(next, in)...), nil
}

// react moves p as the input says, by at most one edge.
func react(p Payment, in Input, now Micros) (Payment, []Effect, error) {
	switch in := in.(type) {
	case CancelAsked:
		return askReturn(p, ByCancel)
	case DeclineAsked:
		return askReturn(p, ByDecline)
	case LedgerClosed:
		return expire(p, in)
	case ReturnDue:
		return startReturn(p)
	case RungSpent:
		return spendRung(p, in)
	case Readdressed:
		return readdress(p, in)
	case ShareReleased:
		return releaseShare(p, now)
	case MailAnswered:
		return deliver(p, in)
	case FundingSigned:
		return signFunding(p, in)
	case FundingKept:
		return keepFunding(p, in)
	case WayBackKept:
		return keepWayBack(p, in)
	case FundingRefused:
		return refuseFunding(p, in)
	case FundingLanded:
		return landFunding(p, in)
	case FundingUndone:
		return undoFunding(p, in)
	case FundingDead:
		return loseFunding(p, in)
	case ClaimSubmitted:
		return submitClaim(p, in)
	case ClaimDead:
		return loseClaim(p, in)
	case FeeTaken:
		return takeFee(p, in)
	case HoldingTroubled:
		return park(p, in)
	case HoldingSeen:
		return seeHolding(p, in)
	case HoldingWell:
		return unpark(p)
	case BalanceCollected:
		return collectBalance(p, in)
	case BalanceClawed:
		return clawBalance(p)
	case ReservesBack:
		p.SpentUnits = 0
		return p, nil, nil
	}
	return end(p, in)
}

// to moves along one edge of the table.
func to(p Payment, s State, effects ...Effect) (Payment, []Effect, error) {
	if _, ok := Edges[p.State][s]; !ok {
		return p, nil, NewFault(Internal, "no_such_edge", "", nil)
	}
	p.State = s
	return p, effects, nil
}

// entered is the work that entering a state asks for, whichever input led there.
func entered(p Payment, in Input) []Effect {
	effects := []Effect{{Kind: DoPublish}}
	_, landed := in.(FundingLanded)
	takenBack := p.State == Returned && p.Reason != ByDecline && p.Delivery == MailSent // a mail has said that the money waits
	if landed && p.State == Pending || p.State == Claimed || takenBack {
		effects = append(effects, Effect{Kind: DoNotify})
	}
	switch {
	case p.State == Parked:
		effects = append(effects, Effect{Kind: DoAudit})
	case p.State.Ended():
		effects = append(effects, Effect{Kind: DoExpunge})
	}
	return effects
}
