package relay

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kind sorts errors into the few that a caller treats differently. One place (the API) turns kinds into HTTP problems.
type Kind int

const (
	Internal    Kind = iota // ours; the public text says nothing
	Invalid                 // the request is malformed or out of range
	Denied                  // no credential, or one that does not fit
	Forbidden               // a good credential that may not do this
	NotFound                // no such thing, or not yours to see
	Conflict                // the state of the payment says no
	Exhausted               // a limit or a budget is used up; RetryAt may say until when
	Unavailable             // something we depend on does not answer; try again
)

// Fault is an error with two texts: Public may be shown to anyone who may call; Cause stays in the log.
type Fault struct {
	Kind    Kind
	Code    string // a stable word, e.g. "already_claimed"
	Public  string // one sentence
	Pointer string // the offending field, RFC 6901, or ""
	RetryAt Micros // for Exhausted: not before; 0 = unknown
	Cause   error
}

func (f *Fault) Error() string {
	if f.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", f.Code, f.Public, f.Cause)
	}
	return f.Code + ": " + f.Public
}

func (f *Fault) Unwrap() error { return f.Cause }

// Is makes two faults equal when their codes are.
func (f *Fault) Is(target error) bool {
	other, ok := target.(*Fault)
	return ok && other.Code == f.Code
}

// NewFault makes a fault; cause may be nil.
func NewFault(kind Kind, code, public string, cause error) *Fault {
	return &Fault{Kind: kind, Code: code, Public: public, Cause: cause}
}

func InvalidFault(code, pointer, public string) *Fault {
	return &Fault{Kind: Invalid, Code: code, Public: public, Pointer: pointer}
}

func ConflictFault(code, public string) *Fault {
	return &Fault{Kind: Conflict, Code: code, Public: public}
}

// CodeOf is the code of err's fault, or "" when it is none of ours.
func CodeOf(err error) string {
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// Errors that callers test for.
var (
	// ErrNotFound: no such row.
	ErrNotFound = NewFault(NotFound, "not_found", "There is no such thing here.", nil)
	// ErrStale: the row changed since it was read (compare-and-swap lost); read again.
	ErrStale = NewFault(Conflict, "stale", "Something else changed this at the same moment; try again.", nil)
	// ErrSequenceTaken: another envelope that could still land holds this sequence number.
	ErrSequenceTaken = NewFault(Conflict, "sequence_taken", "Another envelope holds this sequence number.", nil)
	// ErrNothingToReclaim: no account of these has reserves of the sponsor's that it can carry itself.
	ErrNothingToReclaim = ConflictFault("nothing_to_reclaim", "None of these accounts can carry its reserves.")
	// ErrBalanceAbsent: the claimable balance that a last resort left is not on the ledger.
	ErrBalanceAbsent = ConflictFault("balance_absent", "There is no such balance on the ledger.")
	// ErrCannotCollect: the treasury cannot take such a balance now; what wraps it says why.
	ErrCannotCollect = ConflictFault("cannot_collect", "The treasury cannot take the balance now.")
	// ErrNotCreated: the payment is funded, or was over before it was.
	ErrNotCreated = ConflictFault("not_created", "Only a payment that is not funded can be funded.")
	// ErrExpired: by the ledger's clock, the payment is over.
	ErrExpired = ConflictFault("expired", "The time to claim this payment has run out.")
	// ErrMoneyLeft: the holding account is gone.
	ErrMoneyLeft = ConflictFault("holding_absent", "The money has left its holding account a moment ago.")
	// ErrHalted: it is stopped until a person has looked; the fault of a [Halt] says more.
	ErrHalted = ConflictFault("halted", "This is stopped until a person has looked.")
	// ErrFundedOtherwise: a funding and the payment that it names differ.
	ErrFundedOtherwise = NewFault(Internal, "funded_otherwise", "", nil)
	// ErrContradiction: the ledger and our records cannot both be right. What it is about stops until a person has looked;
	// [Contradiction] says what that is, and a bare one stops everything.
	ErrContradiction = NewFault(Internal, "contradiction", "The ledger contradicts our records.", nil)
)

// Refuses says that err is a decision against what was asked, and not a failure that another try may pass.
func Refuses(err error) bool {
	switch KindOf(err) {
	case Invalid, Denied, Forbidden, NotFound, Conflict, Exhausted:
		return true
	}
	return false
}

// RefusesOne finds the one mint of a funding with n of them that the signer's policy never allows: its payment fails for good, and
// the others go on without it. ok is false for every other error, so no payment fails by it.
func RefusesOne(err error, n int) (i int, ok bool) {
	var f *Fault
	if !errors.As(err, &f) || f.Kind != Forbidden && f.Kind != Invalid {
		return 0, false
	}
	text, ok := strings.CutPrefix(f.Pointer, "/mints/")
	i, notANumber := strconv.Atoi(text)
	return i, ok && notANumber == nil && i >= 0 && i < n
}

// KindOf is the kind of err's fault; Internal when it is none of ours, and when err is nil.
func KindOf(err error) Kind {
	var f *Fault
	if errors.As(err, &f) {
		return f.Kind
	}
	return Internal
}
