package stellar

import (
	"errors"
	"fmt"
	"math"
)

// Reason is a word for why an envelope would not succeed, or why a holding account is not as it was made.
type Reason string

const (
	HoldingMissing     Reason = "holding_missing"     // merged away, or never funded
	DestinationMissing Reason = "destination_missing" // merge wants an existing account
	DestinationExists  Reason = "destination_exists"  // planned as a new account
	DestinationFull    Reason = "destination_full"    // its balance would overflow
	MemoRequired       Reason = "memo_required"       // SEP-29
	SponsorMissing     Reason = "sponsor_missing"     //
	SponsorShort       Reason = "sponsor_short"       // cannot carry the reserve
	HasSubEntries      Reason = "has_sub_entries"     // trustlines, offers or data of strangers' making
	IsSponsor          Reason = "is_sponsor"          // sponsors entries of others
	Immutable          Reason = "immutable"           // AUTH_IMMUTABLE is set
	SequenceSpent      Reason = "sequence_spent"      // the number or a higher one was used
	SequenceAhead      Reason = "sequence_ahead"      // the number is not the next one
	SequenceTooFar     Reason = "sequence_too_far"    // merge wants a number below (ledger << 32)
	TooEarly           Reason = "too_early"           // before its minLedger
	TooLate            Reason = "too_late"            // beyond its maxLedger or maxTime
	SignersChanged     Reason = "signers_changed"     // the account's own key no longer suffices, or others were added
	HoldingShort       Reason = "holding_short"       // less in it than was put in
	SponsorChanged     Reason = "sponsor_changed"     // its reserve is not kept by the one who made it
	LadderUnreachable  Reason = "ladder_out_of_reach" // its number has passed the lowest rung
)

// Refusal says that an envelope would fail in the ledger after the snapshot. The number of an envelope that fails on
// the ledger is spent, so it must not be sent.
type Refusal struct {
	Reason  Reason
	Account string // the account that stands in the way
	Detail  string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("would fail: %s (%s): %s", r.Reason, r.Account, r.Detail)
}

func refuse(reason Reason, account, format string, args ...any) error {
	return &Refusal{Reason: reason, Account: account, Detail: fmt.Sprintf(format, args...)}
}

// IsRefusal returns the reason if err is a *Refusal, and "" otherwise.
func IsRefusal(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

// DryRunReturn says whether rung k would succeed in the ledger right after the snapshot, which must hold the holding
// account and ReturnTo, or for the last resort the holding account and the sponsor. nil: it would, as far as entries
// tell (frozen keys, CAP-77, are not in them). A *Refusal: it would not. Any other error: the question is not answered.
//
// A plain rung carries no memo, so an account that asks for one is refused here although the ledger would let it pass.
func DryRunReturn(s Snapshot, p ReturnPlan, k int) error {
	if err := p.validate(k); err != nil {
		return err
	}
	h, err := s.get(p.Holding)
	if err != nil {
		return err
	}
	if h == nil {
		return refuse(HoldingMissing, p.Holding, "not there after ledger %d", s.Ledger)
	}
	next, sequence := s.Ledger+1, RungSequence(p.LastLedger, k)
	if next < p.LastLedger+1 {
		return refuse(TooEarly, p.Holding, "valid from ledger %d, next is %d", p.LastLedger+1, next)
	}
	if h.Sequence >= sequence {
		return refuse(SequenceSpent, p.Holding, "number is %d, rung %d carries %d", h.Sequence, k, sequence)
	}
	if err := mergeable(h, sequence, next); err != nil {
		return err
	}
	if k == LastResort {
		return dryRunLastResort(s, p, h)
	}
	return receives(s, p.ReturnTo, h, Memo{})
}

func dryRunLastResort(s Snapshot, p ReturnPlan, h *Account) error {
	sponsor, err := s.get(p.Sponsor)
	if err != nil {
		return err
	}
	reserve := s.reserve()
	switch {
	case sponsor == nil:
		return refuse(SponsorMissing, p.Sponsor, "not there after ledger %d", s.Ledger)
	case h.spare(reserve) < p.Amount:
		// The amount leaves before the sponsor's reserve is looked at.
		return refuse(HoldingShort, p.Holding, "can pay %d stroops of %d", h.spare(reserve), p.Amount)
	case sponsor.spare(reserve) < reserve:
		return refuse(SponsorShort, p.Sponsor, "has %d stroops to spare, the claimable balance locks %d", sponsor.spare(reserve), reserve)
	case overflows(sponsor, h.Balance-p.Amount):
		return refuse(DestinationFull, p.Sponsor, "balance would overflow")
	}
	return nil
}

// DryRunClaim says whether the claim would succeed in the ledger right after the snapshot, which must hold the holding
// account, the destination and, for a new account, the sponsor. Its answers are those of DryRunReturn.
func DryRunClaim(s Snapshot, p ClaimPlan) error {
	if err := p.validate(); err != nil {
		return err
	}
	h, err := s.get(p.Holding)
	if err != nil {
		return err
	}
	next := s.Ledger + 1
	switch {
	case h == nil:
		return refuse(HoldingMissing, p.Holding, "not there after ledger %d", s.Ledger)
	case next > p.LastLedger:
		return refuse(TooLate, p.Holding, "valid up to ledger %d, next is %d", p.LastLedger, next)
	case s.CloseTime >= p.MaxTime:
		// The next ledger closes a second later at the least.
		return refuse(TooLate, p.Holding, "valid up to %d, the last ledger closed at %d", p.MaxTime, s.CloseTime)
	case h.Sequence >= p.Sequence:
		return refuse(SequenceSpent, p.Holding, "number is %d, the claim carries %d", h.Sequence, p.Sequence)
	case h.Sequence+1 < p.Sequence:
		return refuse(SequenceAhead, p.Holding, "number is %d, the claim carries %d", h.Sequence, p.Sequence)
	}
	if err := mergeable(h, p.Sequence, next); err != nil {
		return err
	}
	if p.NewAccount {
		return dryRunNewAccount(s, p)
	}
	return receives(s, p.Destination, h, p.Memo)
}

func dryRunNewAccount(s Snapshot, p ClaimPlan) error {
	g, err := s.get(p.Destination)
	if err != nil {
		return err
	}
	sponsor, err := s.get(p.Sponsor)
	if err != nil {
		return err
	}
	need := 2 * s.reserve()
	switch {
	case g != nil:
		return refuse(DestinationExists, p.Destination, "already there after ledger %d", s.Ledger)
	case sponsor == nil:
		return refuse(SponsorMissing, p.Sponsor, "not there after ledger %d", s.Ledger)
	case sponsor.spare(s.reserve()) < need:
		return refuse(SponsorShort, p.Sponsor, "has %d stroops to spare, the new account locks %d", sponsor.spare(s.reserve()), need)
	}
	return nil
}

// mergeable says whether the holding account, with its own signature alone, can merge in the ledger next after its
// number has become sequence.
func mergeable(h *Account, sequence int64, next uint32) error {
	weight := h.Thresholds[0]
	switch {
	case weight == 0 || weight < h.Thresholds[1] || weight < h.Thresholds[2] || weight < h.Thresholds[3]:
		return refuse(SignersChanged, h.ID, "own key weighs %d, thresholds are %v", weight, h.Thresholds[1:])
	case sequence >= int64(next)<<32:
		return refuse(SequenceTooFar, h.ID, "number %d is not below ledger %d", sequence, next)
	case h.Flags&immutable != 0:
		return refuse(Immutable, h.ID, "flags %d", h.Flags)
	case int(h.SubEntries) != len(h.Signers):
		return refuse(HasSubEntries, h.ID, "%d entries, %d of them signers", h.SubEntries, len(h.Signers))
	case h.NumSponsoring > 0:
		return refuse(IsSponsor, h.ID, "sponsors %d reserves", h.NumSponsoring)
	}
	return nil
}

// receives says whether the account can take a merge of h.
func receives(s Snapshot, id string, h *Account, memo Memo) error {
	dest, err := s.get(id)
	switch {
	case err != nil:
		return err
	case dest == nil:
		return refuse(DestinationMissing, id, "not there after ledger %d", s.Ledger)
	case dest.MemoRequired && memo == Memo{}:
		return refuse(MemoRequired, id, "asks for a memo on what it receives")
	case overflows(dest, h.Balance):
		return refuse(DestinationFull, id, "balance would overflow")
	}
	return nil
}

func overflows(a *Account, more int64) bool {
	return more > math.MaxInt64-a.Balance-a.Buying
}
