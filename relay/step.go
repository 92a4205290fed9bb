package relay

// Step is the lifecycle: what becomes of p when in happens. It is pure, moves along at most one edge of [Edges], and the
// same input again changes nothing. now is the moment written into the payment, never a judge of bounds or expiry. Errors
// are of kind [Conflict], or [ErrContradiction] when the ledger cannot be right together with our records.
//
// A payment that is [Payment.ReturnDue] afterwards wants one more Step, with [ReturnDue], in the same commit.
func Step(p Payment, in Input, now Micros) (Payment, []Effect, error) {
	next, effects, err := react(p, in, now)
	if err != nil {
		return p, nil, err
	}
	if !next.Same(p) {
		next.UpdatedAt = now
	}
	if next.State == p.State {
		return next, effects, nil
	}
	next.EndedAt = 0
	if next.State.Ended() {
		next.EndedAt, next.Missing = now, 0
	}
	return next, append(effects, arrive(next, in)...), nil
}

// react moves p as the input says, by at most one edge.
func react(p Payment, in Input, now Micros) (Payment, []Effect, error) {
	switch in := in.(type) {
	case CancelAsked:
		return askReturn(p, ByCancel)
	case DeclineAsked:
		return askReturn(p, ByDecline)
	case Readdressed:
		return readdress(p, in)
	case LedgerClosed:
		if p.unfunded(in.At) {
			p.Reason = NotFunded
			return to(p, Failed)
		}
		if Seconds(in.At.CloseTime) < p.ExpiresAt || p.State.Ended() || p.ReturnAsked != "" {
			return p, nil, nil
		}
		return askReturn(p, ByExpiry)
	case MailAnswered:
		return deliver(p, in)
	case ReturnDue:
		return returnNow(p)
	case ClaimSubmitted:
		return submitClaim(p, in)
	case ShareReleased:
		return releaseShare(p, now)
	case FundingKept:
		if p.Funding == in.Hash && !p.State.Ended() {
			p.BoxMAC = in.BoxMAC
		}
		return p, nil, nil
	case WayBackKept:
		if p.GivenUp() {
			p.LadderVersion = in.LadderVersion
		}
		return p, nil, nil
	case FundingSigned:
		return signFunding(p, in)
	case FundingRefused:
		if p.State != Created {
			return p, nil, nil // too late to matter: something else has happened to it
		}
		p.Reason = in.Cause
		return to(p, Failed)
	case FundingLanded:
		return landFunding(p, in)
	case FundingUndone:
		return undoFunding(p, in)
	case FundingDead:
		return loseFunding(p, in)
	case ClaimDead:
		if p.State.Holds() { // also of one that we did not hand in: the ledger charged for it
			p.charge(in.Fee, in.Payer)
		}
		if p.State != Claiming || p.Claim != in.Hash {
			return p, nil, nil
		}
		p.Claim, p.Destination = "", ""
		return to(p, Pending)
	case RungSpent:
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
	case FeeTaken: // told once, with the ledger that it is in
		if p.State.Holds() {
			p.FeeHolding += in.Fee
		}
		return p, nil, nil
	case HoldingTroubled:
		if p.State != Pending && p.State != Claiming && p.State != Returning {
			return p, nil, nil
		}
		p.Reason, p.Claim, p.Destination = in.Cause, "", ""
		if in.Cause == HoldingAbsent {
			p.Missing = p.Amount
		}
		return to(p, Parked)
	case HoldingSeen:
		if p.State == Parked {
			p.Missing = min(max(p.Amount-in.Held, 0), p.Amount)
		}
		return p, nil, nil
	case BalanceCollected:
		if p.left() {
			p.Collected = in.Tx
			if in.Tx == CollectedElsewhere && !p.IsNative() { // the treasury has it, or its issuer took it back
				p.Arrived = -1
			}
		}
		return p, nil, nil
	case BalanceClawed:
		if p.left() {
			p.Reason, p.Arrived = ClawedBack, 0
		}
		return p, nil, nil
	case ReservesBack:
		p.SpentUnits = 0
		return p, nil, nil
	case HoldingWell:
		if p.State != Parked || p.Reason == NoWayBack && p.ReturnAsked == "" { // with a return asked, a rung was found to go through
			return p, nil, nil
		}
		p.Reason = ""
		return to(p, Pending)
	}
	return end(p, in)
}

// ReturnDue says that a return was asked for and nothing stands in its way any more.
func (p Payment) ReturnDue() bool {
	return p.ReturnAsked != "" && (p.State == Created || p.State == Pending)
}

// returnNow starts a return that is due; a payment whose money has not moved ends.
func returnNow(p Payment) (Payment, []Effect, error) {
	switch {
	case !p.ReturnDue():
		return p, nil, nil
	case p.State == Pending:
		p.Reason = p.ReturnAsked
		return to(p, Returning, Effect{Kind: DoReturn})
	}
	p.Reason = p.ReturnAsked // nothing has moved, so there is nothing to bring home
	if p.ReturnAsked == ByExpiry {
		return to(p, Failed)
	}
	return to(p, Canceled)
}

// askReturn notes that the money shall go home. While an envelope of ours is on its way it is a flag: the ledger answers first.
func askReturn(p Payment, why Reason) (Payment, []Effect, error) {
	switch p.State {
	case Created, Funding, Pending, Claiming, Parked:
		if p.ReturnAsked != "" {
			return returnNow(p)
		}
		p.ReturnAsked = why
		if p.State == Parked { // perhaps what is left can go home now
			return p, []Effect{{Kind: DoAudit}}, nil
		}
		return returnNow(p)
	case Returning, Returned, Canceled:
		return p, nil, nil // it is what was asked for, whoever asked first
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

// readdress changes whose inbox is asked, which is all that a handle decides, and only under guarded: a share that never
// left means that nobody could open the box yet, so the old address loses nothing but a promise. Once it was released,
// whoever has it may have kept it, and only moving the money would help.
func readdress(p Payment, in Readdressed) (Payment, []Effect, error) {
	if p.To == in.To {
		return p, nil, nil
	}
	switch p.State {
	case Created, Funding, Pending:
	default:
		return p, nil, p.ClaimRefusal()
	}
	can, err := p.Policy.Readdressable()
	switch {
	case p.ReturnAsked != "":
		return p, nil, ConflictFault("already_"+string(p.ReturnAsked), "This money is asked back already; it cannot be readdressed.")
	case err != nil:
		return p, nil, err
	case !can:
		return p, nil, ConflictFault("not_guarded", "Only a guarded payment can be readdressed: this link opens it for whoever has it.")
	case p.ShareReleasedAt != 0:
		return p, nil, ConflictFault("share_released", "The address was proven already, and the service's half of the key was handed out.")
	}
	if p.IsDirect() {
		return p, nil, ConflictFault("paid_directly", "This payment goes directly into an account; there is no other to give it to.")
	}
	p.To, p.Delivery = in.To, NotMailed
	effects := []Effect{{Kind: DoPublish}}
	if p.State == Pending { // before that, its landing tells whoever it is for by then
		effects = append(effects, Effect{Kind: DoNotify})
	}
	return p, effects, nil
}

// releaseShare notes when the share was handed out first. Where it could not help, it is refused like a claim.
func releaseShare(p Payment, now Micros) (Payment, []Effect, error) {
	if err := p.Provable(); err != nil {
		return p, nil, err
	}
	if p.ShareReleasedAt == 0 {
		p.ShareReleasedAt = now
	}
	return p, nil, nil
}

// Provable says why the handle of a payment cannot be proven just now; nil when it can.
func (p Payment) Provable() error {
	if p.State != Pending && p.State != Claiming {
		return p.ClaimRefusal()
	}
	return nil
}

func signFunding(p Payment, in FundingSigned) (Payment, []Effect, error) {
	if p.Funding == in.Hash {
		return p, nil, nil
	}
	if p.State != Created {
		return p, nil, ConflictFault("not_created", "Only a payment that is not funded can be funded.")
	}
	p.Funding, p.Holding, p.Bound, p.Fundings, p.LadderVersion = in.Hash, in.Holding, in.Bound, p.Fundings+1, in.LadderVersion
	p.BoxMAC, p.Proof = in.BoxMAC, in.Proof
	return to(p, Funding)
}

// unfunded says that whoever was to put the money in has let the time pass. What was handed in until then is written down,
// and has a bound of its own.
func (p Payment) unfunded(at Head) bool {
	return p.State == Created && p.ByClient() && (at.Sequence >= p.FundBy || at.CloseTime > p.FundUntil)
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
	if p.IsDirect() && in.Tx == "" { // told by the accounts that it made: an end wants the transaction itself
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
// account, and goes home. Another funding than the payment's own is its sender's alone: his receipt brings that home.
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
	if in.Short {
		p.Fundings--
	}
	if p.ReturnAsked == "" && (p.Fundings >= MostFundings || p.ByClient()) { // whose client funds it, has to ask anew
		p.Reason = FundingFailed
		return to(p, Failed)
	}
	if p.ByClient() {
		return to(p, Created)
	}
	return to(p, Created, Effect{Kind: DoFund})
}

func submitClaim(p Payment, in ClaimSubmitted) (Payment, []Effect, error) {
	switch p.State {
	case Claiming:
		if p.Claim == in.Hash {
			return p, nil, nil
		}
		return p, nil, ConflictFault("claim_in_flight", "Another claim of this payment is on its way.")
	case Pending:
	default:
		return p, nil, p.ClaimRefusal()
	}
	if Seconds(in.At.CloseTime) >= p.ExpiresAt {
		return p, nil, ConflictFault("expired", "The time to claim this payment has run out.")
	}
	p.Claim, p.Destination = in.Hash, in.Destination
	return to(p, Claiming)
}

// claimRefusal says why a payment cannot be claimed in its state.
func (p Payment) ClaimRefusal() error {
	switch p.State {
	case Created, Funding:
		return ConflictFault("not_ready", "The money is not in its holding account yet; try again in a moment.")
	case Claiming:
		return ConflictFault("claim_in_flight", "Another claim of this payment is on its way.")
	case Claimed:
		return ConflictFault("already_claimed", "This money has already been claimed.")
	case Returning, Returned:
		return ConflictFault("already_"+string(p.Reason), "This money is on its way back to the sender, or there already.")
	case Parked:
		return ConflictFault("parked", "The money is safe, but cannot be moved just now.")
	}
	return ConflictFault("already_"+string(p.State), "This payment has ended.")
}

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
		p.Reason, p.Claim = HoldingShort, "" // she has what was left
		return to(p, Settled)
	}
	return to(p, Claimed)
}

// landReturn ends p by a rung: returned means that the sender has everything again that he put in, less fees.
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
// where it goes, and at home also what is left of the purse, in the wallet that put it in. The fee that he paid out of the
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
	if whole && known { // the account she asked us to claim into: by another envelope, but claimed
		return to(p, Claimed)
	}
	if (!whole || home) && p.Arrived >= 0 {
		p.Reason = HoldingShort
	}
	return to(p, Settled)
}

// bringHome ends p as returned: to ReturnTo, or into the sender's account that is named. A return that nobody asked us for was
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
// holder of its key made anew with money of his own: that is none of ours. Envelopes are looked up before the watcher comes to
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
	if p.State == was { // no state is entered, and others have to hear of it all the same
		effects = append(effects, Effect{Kind: DoPublish})
	}
	return p, effects, err
}

// to moves along one edge of the table.
func to(p Payment, s State, effects ...Effect) (Payment, []Effect, error) {
	if _, ok := Edges[p.State][s]; !ok {
		return p, nil, NewFault(Internal, "no_such_edge", "", nil)
	}
	p.State = s
	return p, effects, nil
}

// arrive is what entering a state asks for, whichever way it was entered.
func arrive(p Payment, in Input) []Effect {
	effects := []Effect{{Kind: DoPublish}}
	_, landed := in.(FundingLanded)
	takenBack := p.State == Returned && p.Reason != ByDecline && p.Delivery == MailSent // she was told that it waits
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
