package relay

import (
	"cmp"
	"slices"
)

// Versions of the return ladder. A payment keeps the ladder that it was minted with; the signer's log and the payment's row
// name its version, and where they name none, it is the first.
const (
	// FirstLadder has rungs of adjacent numbers, and its bare rung needs no signature of the service: a holder of the ladder can
	// hand it in while the money is there, and so spend the numbers of the plain rungs. No claim carries a number as high as
	// its lowest rung: a claim after a rung that is spent would spend the next.
	FirstLadder = 1
	// LadderVersion is what is minted now: room between the rungs, and no rung is complete that would fail while a plain one
	// would succeed.
	LadderVersion = 2
)

// Role is what a rung does.
type Role string

const (
	// PlainRung takes the whole amount to the account that the payment returns to. It needs no signature but the holding
	// account's.
	PlainRung Role = "plain"
	// WalletRung takes the whole amount to the wallet that paid, when the account that it returns to is another one and cannot
	// take it.
	WalletRung Role = "wallet"
	// BareRung, of a credit asset, pays nothing and closes the holding account, for an amount that the issuer took back.
	BareRung Role = "bare"
	// LastResort leaves the amount in a claimable balance, for an account that can no longer take it.
	LastResort Role = "last_resort"
)

// Ladder is the shape of a payment's way back: how many rungs it has, numbered by k, what each does, and which sequence numbers
// they carry. No other code repeats these rules.
type Ladder struct {
	Version int
	Asset   string
	Foreign bool   // it returns to an account that is neither the treasury nor the wallet that keeps the reserve
	Bound   uint32 // L: last ledger in which the funding can land
}

// Ladder is the ladder of the payment's current funding.
func (p Payment) Ladder() Ladder {
	return LadderOf(p.LadderVersion, p.Asset, p.Bound, p.ReturnTo, p.ReturnMemo, p.Sponsor)
}

// LadderOf is the ladder of the version for money that returns to an account, perhaps with a memo. wallet is the sender's
// account that keeps the holding account's reserve; "" when the service does, and then the money returns to a treasury. An
// account that is named by a multiplexed address, or that wants a memo, is another's, whatever the account behind it.
func LadderOf(version int, asset string, bound uint32, home string, memo Memo, wallet string) Ladder {
	if asset == "" {
		asset = Native
	}
	if version == 0 {
		version = FirstLadder
	}
	foreign := version != FirstLadder && wallet != "" && (home != wallet || memo != Memo{})
	return Ladder{Version: version, Asset: asset, Foreign: foreign, Bound: bound}
}

// Known says whether this program knows the version. Nothing may be built, signed or handed in for one that it does not know.
func (l Ladder) Known() bool { return l.Version == FirstLadder || l.Version == LadderVersion }

// Roles are the roles of the rungs by k. Order of use: the highest k first, because it carries the lowest number.
func (l Ladder) Roles() []Role {
	if !l.Known() {
		return nil
	}
	roles := []Role{LastResort}
	if l.Asset != Native {
		roles = append(roles, BareRung)
	}
	if l.Foreign {
		roles = append(roles, WalletRung)
	}
	return append(roles, PlainRung, PlainRung)
}

// Rungs is how many rungs it has; the first to be used is that number less one.
func (l Ladder) Rungs() int { return len(l.Roles()) }

// Role is what rung k does; "" when there is none.
func (l Ladder) Role(k int) Role {
	if roles := l.Roles(); k >= 0 && k < len(roles) {
		return roles[k]
	}
	return ""
}

// Cosigned says that rung k is of no use without the service's signature, which it gives when the rung is due.
func (l Ladder) Cosigned(k int) bool {
	role := l.Role(k)
	return role == LastResort || l.Version != FirstLadder && role != PlainRung
}

// StateOf is the state in which rung k is written down: planned where the service's signature is still to come.
func (l Ladder) StateOf(k int) EnvelopeState {
	if l.Cosigned(k) {
		return Planned
	}
	return Signed
}

// rungSpace is the distance between the numbers of two rungs: so many claims may fail on the ledger between them, less one.
const rungSpace = 1 << 16

// Sequence is the number that rung k carries: ((L+1)<<32)-1-k·2^16. It is below what the holding account's number would be if it
// were made in ledger L+1, hence above every number that it is born with. With minSeqNum 0 it is valid at any lower number
// (CAP-21), and a merge wants a number below (current ledger << 32), which holds from ledger L+1 on. Any rung that reaches a
// ledger uses up its number and all lower ones, also when it fails. So the lowest number is tried first.
func (l Ladder) Sequence(k int) int64 {
	space := int64(rungSpace)
	if l.Version == FirstLadder {
		space = 1
	}
	return (int64(l.Bound)+1)<<32 - 1 - int64(k)*space
}

// CheckNumber refuses a claim or a move of the holding account with a number of the ladder's ([ErrLadderNumber]): one that fails would
// spend a rung that may still be needed. A claim has no minSeqNum, so it carries the account's number plus one and cannot skip a rung.
func (l Ladder) CheckNumber(sequence int64) error {
	taken := !l.Known() || l.Version == FirstLadder && sequence >= l.Sequence(l.Rungs()-1)
	for k := range l.Rungs() {
		taken = taken || sequence == l.Sequence(k)
	}
	if taken {
		return ErrLadderNumber
	}
	return nil
}

// ErrLadderNumber refuses a number of the way back.
var ErrLadderNumber = NewFault(Forbidden, "sequence_of_ladder", "This sequence number belongs to the way back.", nil)

// MostClaims is how many numbers of a holding account claims may use up after its birth, or after a rung that failed.
const MostClaims = 10_000

// ClaimNumber says whether a claim that may land below maxLedger can carry the number, where it is not known in which
// ledger the holding account was made: a little above (ledger << 32), or a little above a rung's number, and never a rung's.
func ClaimNumber(sequence int64, maxLedger uint32) bool {
	born, used := sequence>>32, sequence&(1<<32-1)
	if born <= 0 || born >= int64(maxLedger) {
		return false
	}
	if used <= MostClaims {
		return used > 0
	}
	longest := Ladder{Version: LadderVersion, Asset: "a credit asset", Foreign: true}
	over := used - longest.Sequence(longest.Rungs()-1)
	return over > 0 && over%rungSpace != 0 && over%rungSpace <= MostClaims
}

// RungsLeft are the rungs of a holding account that may still land, out of all envelopes of its payment, in the order of use:
// those not seen in a ledger whose number no other envelope of the account is known to have used up.
func RungsLeft(all []Envelope, holding string) (left []Envelope) {
	used := int64(0)
	for _, e := range all {
		if e.Source == holding && (e.State == Landed || e.State == Spent) {
			used = max(used, e.Sequence)
		}
	}
	for _, e := range all {
		if e.Kind == ReturnEnvelope && e.Source == holding && e.Live() && e.Sequence > used {
			left = append(left, e)
		}
	}
	slices.SortFunc(left, func(a, b Envelope) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return left
}

// RungsAfter counts the rungs that could still land once e, one of them, has its number used: it uses up all lower ones.
func (e Envelope) RungsAfter(all []Envelope) (n int) {
	for _, r := range RungsLeft(all, e.Source) {
		if r.Sequence > e.Sequence {
			n++
		}
	}
	return n
}

// QueryWith is what the ledger is asked about the payment's holding account; left are its rungs left.
func (p Payment) QueryWith(left []Envelope) HoldingQuery {
	q := p.Query(0)
	if len(left) > 0 {
		q.Lowest = left[0].Sequence
	}
	return q
}
