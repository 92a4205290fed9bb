package stellar

import (
	"errors"
	"fmt"
)

// What evidence can come to when it does not show that an envelope cannot land.
var (
	// ErrInconclusive: nothing is known yet. Ask again later, or ask another source.
	ErrInconclusive = errors.New("not proven")
	// ErrLanded: the hash was found, so the envelope has landed, for good or ill.
	ErrLanded = errors.New("envelope has landed")
	// ErrContradiction: the hash was not found, yet the source account's number is used up or the account is gone, and
	// the caller knows of no transaction that did it. Another key signs for the account, or the source of the
	// evidence is wrong. Stop and tell an operator.
	ErrContradiction = errors.New("evidence contradicts itself")
)

// Evidence is one source's answer about one envelope. The account must have been read, and the hash looked up again,
// after the source had shown a ledger past the envelope's bound.
type Evidence struct {
	Hash     string // inner hash that was looked for
	SignedAt uint32 // a ledger that had closed when the envelope was signed: it cannot be in that one or before

	// The lookup of the hash.
	Found           bool
	Latest          uint32 // newest ledger that the source knew with the answer
	LatestCloseTime int64  // its close time, unix seconds
	Oldest          uint32 // oldest ledger that it still held with the answer; it holds all between

	// The source account of the envelope.
	Account          *Account // nil: it does not exist
	AccountLedger    uint32   // ledger after which the account was read; 0: it was not read
	AccountCloseTime int64    // close time of that ledger or of one before it; 0: not known

	// UsedBy is the hash of a transaction that the caller itself has seen on the ledger and that used this sequence
	// number or a higher one of the account, or merged the account away. Empty: it knows of none.
	UsedBy string
}

// CannotLand reports whether the evidence shows that the envelope has not landed and never will. The error is nil if
// and only if it does; otherwise it is ErrInconclusive, ErrLanded or ErrContradiction, with the reason in its text.
//
// It takes all of: an answer beyond the envelope's bound; history without a gap from when it was signed; the inner hash
// not in it; and the source account, read beyond the bound too, with a number below the envelope's, or taken by a
// transaction that the caller knows. A bare "not found" is none of these.
//
// An envelope without an end (a return) dies only with its number: history, hash and a known transaction that took the
// number or the account are wanted just the same. Numbers never go down: a merge wants its source below (ledger << 32),
// and an account that is made again begins there.
func CannotLand(tx Tx, ev Evidence) (bool, error) {
	switch {
	case ev.Hash != tx.Hash || tx.Hash == "":
		return false, fmt.Errorf("%w: evidence is about %q, the envelope is %q", ErrInconclusive, ev.Hash, tx.Hash)
	case ev.Found:
		return false, ErrLanded
	case ev.SignedAt == 0:
		return false, fmt.Errorf("%w: unknown when it was signed", ErrInconclusive)
	case ev.Oldest == 0 || ev.Oldest > ev.SignedAt:
		return false, fmt.Errorf("%w: history begins at ledger %d, it was signed after %d", ErrInconclusive, ev.Oldest, ev.SignedAt)
	case ev.AccountLedger == 0:
		return false, fmt.Errorf("%w: the source account was not read", ErrInconclusive)
	case ev.Account != nil && ev.Account.ID != tx.Source:
		return false, fmt.Errorf("%w: account %s was read, the source is %s", ErrInconclusive, ev.Account.ID, tx.Source)
	case !tx.Bounds.Ends():
		return numberGone(tx, ev)
	case !tx.Bounds.Past(ev.Latest, ev.LatestCloseTime):
		return false, fmt.Errorf("%w: ledger %d at %d is not past its bound", ErrInconclusive, ev.Latest, ev.LatestCloseTime)
	case !tx.Bounds.Past(ev.AccountLedger, ev.AccountCloseTime):
		return false, fmt.Errorf("%w: the source account was read after ledger %d, before its bound", ErrInconclusive, ev.AccountLedger)
	}
	return sequenceAgrees(tx, ev)
}

// numberGone judges an envelope without an end.
func numberGone(tx Tx, ev Evidence) (bool, error) {
	switch {
	case ev.Latest < ev.AccountLedger:
		return false, fmt.Errorf("%w: the hash was looked up to ledger %d, the account read after %d", ErrInconclusive, ev.Latest, ev.AccountLedger)
	case ev.Account != nil && ev.Account.Sequence < tx.Sequence:
		return false, fmt.Errorf("%w: it has no end, and its number %d is not used up", ErrInconclusive, tx.Sequence)
	case ev.Account == nil && int64(ev.AccountLedger)<<32 < tx.Sequence:
		return false, fmt.Errorf("%w: it has no end, and the account may be made again below its number", ErrInconclusive)
	}
	return sequenceAgrees(tx, ev)
}

func sequenceAgrees(tx Tx, ev Evidence) (bool, error) {
	switch {
	case ev.Account != nil && ev.Account.Sequence < tx.Sequence:
		return true, nil
	case ev.UsedBy != "" && ev.UsedBy != tx.Hash:
		return true, nil
	case ev.Account == nil:
		return false, fmt.Errorf("%w: source account %s is gone and nothing known removed it", ErrContradiction, tx.Source)
	}
	return false, fmt.Errorf("%w: source account %s is at %d, the envelope carries %d and was not seen",
		ErrContradiction, tx.Source, ev.Account.Sequence, tx.Sequence)
}
