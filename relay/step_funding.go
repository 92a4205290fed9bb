package relay

// The steps of a funding, from its signature to its landing or its proven death.

func signFunding(p Payment, in FundingSigned) (Payment, []Effect, error) {
	if p.Funding == in.Hash {
		return p, nil, nil
	}
	if p.State != Created {
		return p, nil, ErrNotCreated
	}
	p.Funding, p.Holding, p.Bound, p.Fundings, p.LadderVersion = in.Hash, in.Holding, in.Bound, p.Fundings+1, in.LadderVersion
	p.BoxMAC, p.Proof = in.BoxMAC, in.Proof
	return to(p, Funding)
}

func keepFunding(p Payment, in FundingKept) (Payment, []Effect, error) {
	if p.Funding == in.Hash && !p.State.Ended() {
		p.BoxMAC = in.BoxMAC
	}
	return p, nil, nil
}

func keepWayBack(p Payment, in WayBackKept) (Payment, []Effect, error) {
	if p.GivenUp() {
		p.LadderVersion = in.LadderVersion
	}
	return p, nil, nil
}

func refuseFunding(p Payment, in FundingRefused) (Payment, []Effect, error) {
	if p.State != Created {
		return p, nil, nil // another input came first
	}
	p.Reason = in.Cause
	return to(p, Failed)
}

func landFunding(p Payment, in FundingLanded) (Payment, []Effect, error) {
	if p.Funding != in.Hash && p.ByClient() {
		return comeBack(p, in)
	}
	if p.Funding != in.Hash { // we proved that this one cannot land, and signed another
		return p, nil, ErrContradiction
	}
	if p.State != Funding {
		return p, nil, nil
	}
	if p.IsDirect() && in.Tx == "" { // known by the accounts that it made: an end wants the transaction itself
		return p, nil, nil
	}
	p.Note, p.FeeHolding = "", in.Spent
	p.charge(in.Fee, in.Payer)
	if p.IsDirect() { // there was no holding account to go through
		p.Destination, p.SettledTx, p.SettledAt, p.ReturnAsked, p.Arrived = p.PayTo, in.Tx, in.Ledger, "", p.Amount
		return to(p, Claimed)
	}
	return arrived(p, in)
}

// arrived is the money in the holding account.
func arrived(p Payment, in FundingLanded) (Payment, []Effect, error) {
	if p.IsMove() && in.Tx != "" && in.Came < p.Amount { // a holder of the other key had paid a part out
		return to(p, Pending, Effect{Kind: DoAudit})
	}
	return to(p, Pending)
}

// comeBack takes in a client's funding, of a wallet's money or of another payment's, that landed although the payment had given it
// up: canceled, failed, or refused by the signer. What a client signs is never a contradiction; the money is in the holding
// account, and goes home. A funding that the payment never knew is its sender's alone: the receipt brings that home.
func comeBack(p Payment, in FundingLanded) (Payment, []Effect, error) {
	if p.State != Created && p.State != Canceled && p.State != Failed || in.Holding == "" {
		return p, nil, nil
	}
	if p.ReturnAsked == "" {
		p.ReturnAsked = ByCancel
	}
	p.Funding, p.Holding, p.Bound, p.Fundings = in.Hash, in.Holding, in.Bound, max(p.Fundings, 1)
	p.Reason, p.Note, p.FeeHolding = "", "", in.Spent
	p.charge(in.Fee, in.Payer)
	return arrived(p, in)
}

// undoFunding takes a plan back that the signer refused to keep. The time to fund may be over by now, so that is looked at.
func undoFunding(p Payment, in FundingUndone) (Payment, []Effect, error) {
	if p.State != Funding || p.Funding != in.Hash || p.ByTreasury() {
		return p, nil, nil
	}
	p.Funding, p.Holding, p.Bound, p.BoxMAC, p.Proof, p.Fundings = "", "", 0, "", WalletProof{}, p.Fundings-1
	return to(p, Created, Effect{Kind: DoExpire, Due: min(Seconds(p.FundUntil)+1, p.ExpiresAt)})
}

func loseFunding(p Payment, in FundingDead) (Payment, []Effect, error) {
	if p.State != Funding || p.Funding != in.Hash {
		return p, nil, nil
	}
	p.Funding, p.Holding, p.Bound = "", "", 0
	p.charge(in.Fee, in.Payer)
	if in.NoTry {
		p.Fundings--
	}
	if p.ReturnAsked == "" && (p.Fundings >= MostFundings || p.ByClient()) { // a client has to ask anew
		p.Reason = FundingFailed
		return to(p, Failed)
	}
	if p.ByClient() {
		return to(p, Created)
	}
	return to(p, Created, Effect{Kind: DoFund})
}
