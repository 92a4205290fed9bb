package relay

// State is where a payment is in its life. Each has a sentence in [States]; who may follow whom is [Edges].
//
// A state's comment lists the inputs that lead out of it, and a test holds the lists to Step. "The ledger" is what a ledger shows of
// the holding account, in any state that may have one: [ClaimLanded], [ReturnLanded], [EmptiedElsewhere] and [Moved]. Moments are
// [Micros], bounds are ledger numbers; both are judged by the ledger that closed last.
type State string

const (
	// Created: accepted. No money has moved, and nothing that could move it is signed, but perhaps by the sender's client: a funding
	// that was refused or taken back may still land. It lasts until ExpiresAt; of a payment that a client funds, until the ledger
	// FundBy or the close time FundUntil (Unix seconds).
	//
	//   - FundingSigned → Funding: the signer, or the sender's client, made the holding account and its funding
	//   - FundingRefused → Failed: the signer's policy says no
	//   - CancelAsked, DeclineAsked → Canceled: the sender, the recipient
	//   - LedgerClosed → Failed: the time is over
	//   - ReturnDue → Canceled, Failed: a return that was asked for during a funding that is dead
	//   - FundingLanded → Pending: a client's funding that was refused or taken back
	Created State = "created"

	// Funding: an envelope is written down that may still land, until its Bound. A cancel is noted, and acted on afterwards.
	//
	//   - FundingLanded → Pending, Claimed: the money waits; a direct payment has arrived
	//   - FundingDead → Created, Failed: the worker proved that it cannot land; it is tried MostFundings times
	//   - FundingUndone → Created: the signer does not keep what the client minted
	//   - the ledger
	Funding State = "funding"

	// Pending: the money waits in its holding account, until ExpiresAt.
	//
	//   - ClaimSubmitted → Claiming: the recipient
	//   - CancelAsked, DeclineAsked, LedgerClosed, ReturnDue → Returning: the sender, the recipient, the clock
	//   - HoldingTroubled → Parked: an audit of the holding account
	//   - the ledger
	Pending State = "pending"

	// Claiming: a claim that the recipient signed is written down and may land, until its own bound. A cancel is noted.
	//
	//   - ClaimDead → Pending: the worker proved that it cannot land
	//   - HoldingTroubled → Parked: an audit of the holding account
	//   - the ledger
	Claiming State = "claiming"

	// Claimed: the recipient's account has the whole amount. An end.
	//
	//   - the ledger: an earlier one shows another end
	Claimed State = "claimed"

	// Returning: the worker hands in the way back. It has no bound; a claim that lands first wins.
	//
	//   - RungSpent → Pending, Parked: a rung failed, and others are left or none
	//   - HoldingTroubled → Parked: an audit of the holding account, or no rung can go through
	//   - the ledger
	Returning State = "returning"

	// Returned: the sender has the money again. An end; the reason says why.
	//
	//   - the ledger: an earlier one shows another end
	Returned State = "returned"

	// Canceled: canceled or declined before any money moved. An end.
	//
	//   - FundingLanded → Pending: the sender's client funded it all the same, and the money goes home
	Canceled State = "canceled"

	// Failed: it could not be funded, or not in time; no money moved. An end; the reason says why.
	//
	//   - FundingLanded → Pending: the sender's client funded it all the same, and the money goes home
	Failed State = "failed"

	// Parked: the money is safe in its holding account, and no envelope of ours can move it now. It has no end by time: the worker
	// audits the account, and the operator looks.
	//
	//   - HoldingWell → Pending: an audit finds the account as we made it, or a rung that goes through
	//   - the ledger
	Parked State = "parked"

	// Settled: the holding account was emptied in another way. An end; the reason says which.
	//
	//   - the ledger: an earlier one shows another end
	Settled State = "settled"
)

// States lists every state with what it means, in the order of a life.
var States = []struct {
	State   State
	Meaning string
}{
	{Created, "Asked for and accepted. No money has moved, and nothing that could move it is signed, unless the sender's client funds what we " +
		"refused: then the money goes home."},
	{Funding, "A funding envelope is written down and may be on its way. It may still land until its bound."},
	{Pending, "The money waits in its holding account. The recipient may claim it, the sender may take it back."},
	{Claiming, "A claim signed by the recipient is written down and on its way. It may still land until its bound."},
	{Claimed, "The recipient's account has the money. An end."},
	{Returning, "The way back is being handed in. A claim that lands first still wins: the ledger decides."},
	{Returned, "The sender has the money again. An end; the reason says why."},
	{Canceled, "Canceled before any money moved. An end, unless the sender's client funds it all the same: then the money goes home."},
	{Failed, "Could not be funded; no money moved. An end, unless the sender's client funds it all the same; the reason says why."},
	{Parked, "Neither claim nor return can go through just now. The money is safe at its holding account; an operator looks."},
	{Settled, "The holding account was emptied in another way: by a holder of its key, to an address we know nothing of or in part, " +
		"into a claimable balance that only the sender can take, or by the sender into another payment. An end; the reason says which."},
}

// Edges is the lifecycle: the one table of which state may follow which, and upon what. Step refuses every other move.
var Edges = map[State]map[State]string{
	Created: {
		Funding:  "funding signed",
		Pending:  "what the sender's client funds landed although we had refused it; it goes home",
		Canceled: "canceled",
		Failed:   "refused or expired, no money moved",
	},
	Funding: {
		Pending: "funding landed",
		Created: "funding cannot land, or the signer does not keep it",
		Failed:  "funding cannot land, and no further try",
		Claimed: "ledger, or paid directly", Returned: "ledger", Settled: "ledger",
	},
	Pending: {
		Claiming:  "claim submitted",
		Returning: "canceled, declined or expired",
		Parked:    "holding account no longer as we made it",
		Claimed:   "ledger", Returned: "ledger", Settled: "ledger",
	},
	Claiming: {
		Claimed:  "claim landed",
		Pending:  "claim cannot land",
		Parked:   "holding account no longer as we made it",
		Returned: "ledger", Settled: "ledger",
	},
	Returning: {
		Returned: "return landed",
		Pending:  "a rung is spent, others are left",
		Parked:   "no rung can go through",
		Claimed:  "ledger", Settled: "ledger",
	},
	Parked: {
		Pending: "holding account is well again",
		Claimed: "ledger", Returned: "ledger", Settled: "ledger",
	},
	// What a sender's client funds may land whatever we have said of it.
	Canceled: {Pending: "what the sender's client funds landed; it goes home"},
	Failed:   {Pending: "what the sender's client funds landed; it goes home"},
	// What was seen first may be in a later ledger, out of an account of the same name that was made anew.
	Claimed:  {Returned: earlier, Settled: earlier},
	Returned: {Claimed: earlier, Settled: earlier},
	Settled:  {Claimed: earlier, Returned: earlier},
}

const earlier = "an earlier ledger shows another end"

// Ended says whether the state is an end: nothing of ours follows it. Out of a canceled or failed one, only a funding leads
// that the sender's client has made; out of another one, only what an earlier ledger shows.
func (s State) Ended() bool {
	switch s {
	case Claimed, Returned, Canceled, Failed, Settled:
		return true
	}
	return false
}

// Known says whether s is one of the states.
func (s State) Known() bool {
	for _, x := range States {
		if x.State == s {
			return true
		}
	}
	return false
}

// Holds says whether a payment in this state may have money in a holding account.
func (s State) Holds() bool {
	return s == Funding || s == Pending || s == Claiming || s == Returning || s == Parked
}

// Reason says why a payment went the way it went: of a return or an end without a claim, or of being parked.
type Reason string

const (
	ByCancel  Reason = "canceled" // the sender asked for it back
	ByDecline Reason = "declined" // the recipient said no
	ByExpiry  Reason = "expired"  // the time ran out

	FundingFailed Reason = "funding_failed" // tried several times, never landed
	Refused       Reason = "refused"        // the signer's policy does not allow it

	KeyTakenOver  Reason = "key_taken_over"    // signers, sequence, data or sponsorships were changed by a holder of the key
	NoWayBack     Reason = "no_way_back"       // every rung of the ladder is spent, or none could pay its fee
	HoldingShort  Reason = "holding_short"     // a holder of the key paid a part out
	LeftClaimable Reason = "claimable_balance" // the sender's account could not take it: it waits there as a claimable balance
	HoldingAbsent Reason = "holding_absent"    // the holding account is gone and no transaction we know took it
	Frozen        Reason = "frozen"            // the network refuses to touch an account on the way
	Deauthorised  Reason = "deauthorised"      // the issuer of the asset does not let it move
	ClawedBack    Reason = "clawed_back"       // the issuer of the asset took some or all of it back
	NotFunded     Reason = "not_funded"        // the sender's client did not put the money in within the time that was agreed
	MovedOn       Reason = "readdressed"       // the sender moved the money into the holding account of another payment
)
