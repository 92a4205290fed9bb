package relay

// The steps that a look at the holding account leads to, or at the balance that a last resort left.

// takeFee is given once, with the ledger that the transaction is in.
func takeFee(p Payment, in FeeTaken) (Payment, []Effect, error) {
	if p.State.Holds() {
		p.FeeHolding += in.Fee
	}
	return p, nil, nil
}

func park(p Payment, in HoldingTroubled) (Payment, []Effect, error) {
	if p.State != Pending && p.State != Claiming && p.State != Returning {
		return p, nil, nil
	}
	p.Reason, p.Claim, p.Destination = in.Cause, "", ""
	if in.Cause == HoldingAbsent {
		p.Missing = p.Amount
	}
	return to(p, Parked)
}

func seeHolding(p Payment, in HoldingSeen) (Payment, []Effect, error) {
	if p.State == Parked {
		p.Missing = min(max(p.Amount-in.Held, 0), p.Amount)
	}
	return p, nil, nil
}

func unpark(p Payment) (Payment, []Effect, error) {
	if p.State != Parked || p.Reason == NoWayBack && p.ReturnAsked == "" { // with a return asked, a rung was found to go through
		return p, nil, nil
	}
	p.Reason = ""
	return to(p, Pending)
}

func collectBalance(p Payment, in BalanceCollected) (Payment, []Effect, error) {
	if p.left() {
		p.Collected = in.Tx
		if in.Tx == CollectedElsewhere && !p.IsNative() { // the treasury has it, or its issuer took it back
			p.Arrived = -1
		}
	}
	return p, nil, nil
}

func clawBalance(p Payment) (Payment, []Effect, error) {
	if p.left() {
		p.Reason, p.Arrived = ClawedBack, 0
	}
	return p, nil, nil
}
