package relay

// Route is how a payment is funded, and who keeps the reserve of its holding account and pays its fees. The zero Route is the
// usual one: the service does all of it, out of the app's treasury. There are five, and [Route.Check] refuses
// what contradicts them; which account From and Sponsor name is judged where the account is known:
//
//	                     From     Sponsor  Purse, RungFee  Replaces  PayTo
//	treasury             -        -        0               -         -
//	direct               -        -        0               -         account   out of the treasury too
//	wallet               wallet   wallet   > 0             -         -
//	move                 holding  -        0               payment   -         of what a treasury had funded
//	move of a wallet's   holding  wallet   > 0             payment   -
//
// What was agreed stays as it is while the payment lives. The tags are those of the signer's log, whose lines are frozen.
type Route struct {
	From     string    `json:"from,omitempty"`     // account whose owner's client makes the holding account and funds it; "" = the app's treasury, by the signer
	Sponsor  string    `json:"sponsor,omitempty"`  // account of the sender that keeps the holding account's reserve; "" = the service does, and pays all fees
	Purse    Stroops   `json:"purse,omitempty"`    // lumens besides the amount, out of which such a holding account pays its own fees and the claimant's account
	RungFee  Stroops   `json:"rung_fee,omitempty"` // what each rung bids, out of the purse; 0 = inside a fee bump of the service
	Replaces PaymentID `json:"replaces,omitempty"` // the payment whose holding account, From, is emptied into this one's; "" = none
	PayTo    string    `json:"pay_to,omitempty"`   // account that the recipient agreed to be paid into directly: there is no holding account; "" = none
}

// ByTreasury says that the signer funds the payment out of the app's treasury, directly or into a holding account.
func (r Route) ByTreasury() bool { return r.From == "" }

// ByClient says that the sender's client makes the holding account and funds it: out of a wallet, or by a move.
func (r Route) ByClient() bool { return r.From != "" }

// FromWallet says that a wallet of the sender's keeps the reserve, and that it or the purse pays every fee. A move of a wallet's
// money is so too.
func (r Route) FromWallet() bool { return r.Sponsor != "" }

// IsMove says that the payment takes the money of another one over, out of that one's holding account.
func (r Route) IsMove() bool { return r.Replaces != "" }

// IsDirect says that the treasury pays the recipient's account itself: there is no holding account.
func (r Route) IsDirect() bool { return r.PayTo != "" }

// MayLack says whether a client's funding may be handed in without a signature of account: the service's, which is added then, and those of
// the wallet's other signers once one of them has signed (others), because these may change until it lands.
func (r Route) MayLack(account, service string, others bool) bool {
	return account == service && !r.FromWallet() || account == r.Sponsor && others
}

// Move is the route by which another payment takes the money of this one over: it waits in an account, and what was agreed about
// reserve and fees stays.
func (r Route) Move(of PaymentID, holding string) Route {
	return Route{From: holding, Sponsor: r.Sponsor, Purse: r.Purse, RungFee: r.RungFee, Replaces: of}
}

// Check refuses a route that is none of the five. No request can ask for one, so the faults are of kind [Internal]:
// "direct_misused" when a client would pay directly, and "terms_missing".
func (r Route) Check() error {
	pays, free := r.Purse > 0 && r.RungFee > 0, r.Purse == 0 && r.RungFee == 0
	switch {
	case r.IsDirect() && r.ByClient():
		return NewFault(Internal, "direct_misused", "", nil)
	case r.FromWallet() && !pays, !r.FromWallet() && !free: // a fee without a purse would come out of the amount
	case r.ByTreasury() && (r.FromWallet() || r.IsMove()), r.ByClient() && !r.FromWallet() && !r.IsMove():
	default:
		return nil
	}
	return errTerms
}

var errTerms = NewFault(Internal, "terms_missing", "", nil)

// FundingNumber judges the sequence number of a client's funding by the account that it comes from: "sequence_used", and of a move
// [ErrMoneyLeft] (both Conflict). A wallet's number may skip some. A move carries the next number of the account that it empties: one
// further on is of an account that the key holder makes anew at the same address, and that move would take another reserve from the
// sponsor, and money that is not this payment's. With the next number it can only take what is there: an account is not merged while
// its number is as high as a later account's would be (CAP-21).
//
// A late one was committed before, and may have landed: its number may be used, and its account gone ([Route.Emptied]).
func (r Route) FundingNumber(sequence int64, from AccountFacts, late bool) error {
	next := from.Sequence + 1
	switch {
	case !from.Exists && late:
	case !from.Exists && r.IsMove():
		return ErrMoneyLeft
	case !from.Exists, sequence < next && !late, r.IsMove() && sequence > next:
		return ConflictFault("sequence_used", "The account has used this sequence number by now. Ask for the payment's terms again, and mint anew.")
	}
	return nil
}

// Emptied says of a move that needs the sponsor's signature that the account that it empties is no longer the one that was funded, whose
// reserve the sponsor keeps. Only a late one is allowed then, and only when the ledger shows that it landed: it cannot have without that
// signature, which is given only to what the log has.
func (r Route) Emptied(from AccountFacts, sponsor string) bool {
	return !r.FromWallet() && (!from.Exists || from.Sponsor != sponsor)
}
