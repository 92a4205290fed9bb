package relay

// The steps by which the ledger ends a payment.

// end takes the inputs by which the ledger ends a payment, whatever we were about to do.
func end(p Payment, in Input) (Payment, []Effect, error) {
	if p.State.Ended() {
		return repeatEnd(p, in)
	}
	if !p.State.Holds() {
		return p, nil, ErrContradiction // no holding account of this payment can exist
	}
	switch in := in.(type) {
	case ClaimLanded:
		return landClaim(p, in)
	case ReturnLanded:
		return landReturn(p, in)
	case EmptiedElsewhere:
		return landElsewhere(p, in)
	case Moved:
		p.Destination, p.Claim, p.Reason, p.ReturnAsked = in.Holding, "", MovedOn, ""
		p.SettledTx, p.SettledAt = in.Tx, in.Ledger
		p.arrivedOf(in.Arrived, in.Rest)
		return to(p, Settled)
	}
	return p, nil, NewFault(Internal, "unknown_input", "", nil)
}

// landClaim ends p by a claim of ours: claimed means that the claimant has the whole amount.
func landClaim(p Payment, in ClaimLanded) (Payment, []Effect, error) {
	p.Claim, p.Destination, p.Reason, p.ReturnAsked = in.Hash, in.Destination, "", ""
	p.SettledTx, p.SettledAt = in.Tx, in.Ledger
	p.chargeEnd(in.Fee, in.Payer)
	p.arrivedOf(in.Arrived, in.Rest)
	if in.NewAccount && !p.FromWallet() {
		p.SpentUnits = AssetUnits(p.Asset)
	}
	if !p.whole(p.Arrived) {
		p.Reason, p.Claim = HoldingShort, "" // the claimant has what was left
		return to(p, Settled)
	}
	return to(p, Claimed)
}

// landReturn ends p by a rung: returned means that the sender has everything again that was put in, less fees.
func landReturn(p Payment, in ReturnLanded) (Payment, []Effect, error) {
	p.SettledTx, p.SettledAt = in.Tx, in.Ledger
	p.chargeEnd(in.Fee, in.Payer)
	p.arrivedOf(in.Arrived, in.Rest)
	ladder := p.Ladder()
	role, why := ladder.Role(in.Rung), Reason("")
	switch {
	case role == LastResort:
		why, p.Balance = LeftClaimable, in.Balance
	case role == BareRung:
		why = ClawedBack
	case role != PlainRung && role != WalletRung:
		return p, nil, NewFault(Internal, "unknown_rung", "", nil)
	case p.short(in.Arrived, in.Rest):
		why = HoldingShort
	}
	if why != "" {
		p.Destination, p.Claim, p.ReturnAsked, p.Reason = p.ReturnTo, "", "", why
		if ladder.Foreign && role != PlainRung {
			p.Destination = p.Sponsor
		}
		p, effects, err := to(p, Settled)
		if p.LeftToTreasury() {
			effects = append(effects, Effect{Kind: DoCollect})
		}
		return p, effects, err
	}
	if role == WalletRung {
		return bringHome(p, p.Sponsor)
	}
	return bringHome(p, "")
}

// landElsewhere ends p by a transaction of a key holder's. Home, or claimed, it is when the same arrived as by ours: the amount
// where it goes, and at home also what is left of the purse, in the wallet that put it in. The fee that was paid out of the
// holding account may be missing. A claimant has no right to the purse.
func landElsewhere(p Payment, in EmptiedElsewhere) (Payment, []Effect, error) {
	p.SettledTx, p.SettledAt = in.Tx, in.Ledger
	by := PayerOther
	if in.Holding {
		by = PayerHolding
	}
	p.chargeEnd(in.Fee, by)
	p.arrivedOf(in.Arrived, in.Rest+in.Kept)
	whole, foreign, home := p.whole(in.Arrived), p.Ladder().Foreign, in.Destination == p.ReturnTo
	all := in.Arrived >= 0 && !p.short(in.Arrived, in.Rest)
	if home && foreign { // the amount is the account's that it returns to, and the purse the wallet's
		all = whole && in.Kept >= p.purseLeft()
	}
	switch {
	case home && foreign && p.ReturnMemo != Memo{}: // whether a memo went along is not known
		home = false
	case home && all:
		return bringHome(p, "")
	case foreign && in.Destination == p.Sponsor && all:
		return bringHome(p, p.Sponsor)
	}
	known := in.Destination == p.Destination
	p.Destination, p.Claim, p.Reason, p.ReturnAsked = in.Destination, "", "", ""
	if whole && known { // the account that the claim was asked for: by another envelope, but claimed
		return to(p, Claimed)
	}
	if (!whole || home) && p.Arrived >= 0 {
		p.Reason = HoldingShort
	}
	return to(p, Settled)
}

// bringHome ends p as returned: to ReturnTo, or into the sender's account that is named. A return that was not asked of us was
// the sender's own.
func bringHome(p Payment, elsewhere string) (Payment, []Effect, error) {
	p.Reason = ByCancel
	if p.ReturnAsked != "" {
		p.Reason = p.ReturnAsked
	}
	p.ReturnAsked, p.Claim, p.Destination = "", "", elsewhere
	return to(p, Returned)
}

// repeatEnd accepts the ending transaction again. In a later ledger another one may merge an account of the same name, which a
// holder of its key made anew with other money: that is none of ours. Envelopes are looked up before the watcher comes to
// their ledgers, so the later one may be seen first; then the earlier one is the end. In the same ledger it cannot be: an account
// is not merged in the ledger in which it was made (ACCOUNT_MERGE_SEQNUM_TOO_FAR).
func repeatEnd(p Payment, in Input) (Payment, []Effect, error) {
	var tx string
	var ledger uint32
	switch in := in.(type) {
	case ClaimLanded:
		tx, ledger = in.Tx, in.Ledger
	case ReturnLanded:
		tx, ledger = in.Tx, in.Ledger
	case EmptiedElsewhere:
		tx, ledger = in.Tx, in.Ledger
	case Moved:
		tx, ledger = in.Tx, in.Ledger
	}
	switch {
	case tx == p.SettledTx, p.SettledAt != 0 && ledger > p.SettledAt:
		return p, nil, nil
	case ledger == 0 || ledger >= p.SettledAt:
		return p, nil, ErrContradiction
	}
	return endBefore(p, in)
}

// endBefore ends p anew by what an earlier ledger shows. What the account of the same name paid for the end that was written down
// is no fee of this payment's. A return that was asked for and done is known by its reason only.
func endBefore(p Payment, in Input) (Payment, []Effect, error) {
	was := p.State
	if was == Returned {
		p.ReturnAsked = p.Reason
	}
	p.FeePaid, p.FeeHolding, p.FeeEnd = p.FeePaid-p.FeeEnd, p.FeeHolding-p.FeeEnd, 0
	p.State, p.Reason, p.Claim, p.Destination = Pending, "", "", ""
	p, effects, err := end(p, in)
	if p.State == was { // no state is entered, but the end is another one
		effects = append(effects, Effect{Kind: DoPublish})
	}
	return p, effects, err
}
