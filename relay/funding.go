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

// How far ahead of the signer's own head an envelope may end. A client's funding, whose senders sign by hand, one after the other, may end
// later: the evidence about it needs every ledger until then to be remembered. That is a little more than is asked for, since the signer's
// source may be behind the caller's.
const (
	MostLedgers     = 1000
	MostKeptLedgers = MostFundLedgers + 500
	mostSeconds     = 3600 // of close time
)

// How long what is no payment may land, counted from the caller's head: what the operator asks for, and a treasury's trustline.
const (
	OperatorLedgers = 20
	OperatorSeconds = 300 // of close time
	TrustLedgers    = 20
	TrustSeconds    = 60 // of close time
)

// CheckBounds wants an end that is ahead of the signer's own head and not far: until then nothing about the payment can be decided.
// signedAt is a ledger that has closed; the signer writes down its own head where that is behind. The faults are "signed_at_missing"
// (Invalid), "bound_past" (Conflict) and "bound_too_far" (Forbidden).
func CheckBounds(signedAt, bound uint32, maxTime int64, head Head) error {
	if err := CheckKeptBounds(signedAt, bound, maxTime, head, false); err != nil {
		return err
	}
	if uint64(bound) > uint64(head.Sequence)+MostLedgers || maxTime-mostSeconds > head.CloseTime {
		return errBoundFar
	}
	return nil
}

// CheckKeptBounds is [CheckBounds] for a client's funding. A late one was committed before, and may end behind the head.
func CheckKeptBounds(signedAt, bound uint32, maxTime int64, head Head, late bool) error {
	switch {
	case signedAt == 0:
		return NewFault(Invalid, "signed_at_missing", "An intent says the newest ledger known.", nil)
	case !late && (bound <= head.Sequence || maxTime <= head.CloseTime):
		return NewFault(Conflict, "bound_past", "The envelope could not land any more.", nil)
	case uint64(bound) > uint64(head.Sequence)+MostKeptLedgers:
		return errBoundFar
	}
	return nil
}

var errBoundFar = NewFault(Forbidden, "bound_too_far", "The envelope could land for too long.", nil)

// Check judges a payment that the signer is to fund out of a treasury, but for how asset, account and recipients are spelled; most is the
// app's limit for one payment. nil is no fault.
func (m Mint) Check(treasury string, most Stroops, head Head) *Fault {
	if f := FundedExpiry(m.ExpiresAt, head, false); f != nil {
		return f
	}
	switch {
	case m.Amount <= 0:
		return NewFault(Invalid, "amount_zero", "An amount is more than zero.", nil)
	case m.Amount > most:
		return NewFault(Forbidden, "payment_limit", "The amount is above the app's limit for one payment.", nil)
	case m.ReturnTo != treasury:
		return NewFault(Forbidden, "foreign_return", "The money goes home to the app's treasury and nowhere else.", nil)
	case len(m.Note) > NoteBytes:
		return NewFault(Invalid, "note_too_long", fmt.Sprintf("A note has at most %d bytes.", NoteBytes), nil)
	case m.PayTo == "" && (len(m.SenderRecipients) == 0 || m.ClaimRecipient == ""):
		return NewFault(Invalid, "recipient_missing", "A box is sealed to the sender and to whoever claims.", nil)
	}
	return nil
}

// CheckDay refuses a payment beyond an app's limit for the day, [ErrDayLimit] (Forbidden); signed is what was signed of its asset on that day,
// within the limit too, so that nothing can overflow.
func (m Mint) CheckDay(most, signed Stroops) error {
	if m.Amount > most-signed {
		return NewFault(Forbidden, ErrDayLimit.Code, "The app's limit for one day is used up.", nil)
	}
	return nil
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
