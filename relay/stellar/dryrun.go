package stellar

import (
	"errors"
	"fmt"
	"math"

	"github.com/restante/restante/relay"
)

// Reason is a word for why an envelope would not succeed, or why a holding account is not as it was made.
type Reason string

const (
	HoldingMissing     Reason = "holding_missing"     // merged away, or never funded
	DestinationMissing Reason = "destination_missing" // merge wants an existing account
	DestinationExists  Reason = "destination_exists"  // planned as a new account
	DestinationFull    Reason = "destination_full"    // its balance would overflow
	DestinationShort   Reason = "destination_short"   // cannot carry the reserve of a trustline
	MemoRequired       Reason = "memo_required"       // SEP-29
	SponsorMissing     Reason = "sponsor_missing"
	SponsorShort       Reason = "sponsor_short"       // cannot carry the reserve
	HasSubEntries      Reason = "has_sub_entries"     // trustlines, offers or data that we did not make
	IsSponsor          Reason = "is_sponsor"          // sponsors entries of others
	Immutable          Reason = "immutable"           // AUTH_IMMUTABLE is set
	SequenceSpent      Reason = "sequence_spent"      // the number or a higher one was used
	SequenceAhead      Reason = "sequence_ahead"      // the number is not the next one
	SequenceTooFar     Reason = "sequence_too_far"    // merge wants a number below (ledger << 32)
	TooEarly           Reason = "too_early"           // before its minLedger
	TooLate            Reason = "too_late"            // beyond its maxLedger or maxTime
	SignersChanged     Reason = "signers_changed"     // the account's own key no longer suffices, or others were added
	HoldingShort       Reason = "holding_short"       // less in it than was put in
	SponsorChanged     Reason = "sponsor_changed"     // its reserve is not kept by the account that made it
	LadderUnreachable  Reason = "ladder_out_of_reach" // its number has passed a rung that was not seen in a ledger
	LineMissing        Reason = "line_missing"        // the destination has no trustline for the asset
	LineFull           Reason = "line_full"           // its limit leaves no room for the amount
	LineForbidden      Reason = "line_forbidden"      // the issuer does not let the destination hold the asset
	Deauthorised       Reason = "deauthorised"        // the issuer does not let the holding account pay the asset out
	ClawedBack         Reason = "clawed_back"         // the issuer took some or all of it back
	IssuerMissing      Reason = "issuer_missing"      // without its issuer no trustline can be made for an asset
	LineChanged        Reason = "line_changed"        // the holding account's trustline is not as it was made
	PurseEmpty         Reason = "purse_empty"         // the holding account cannot pay the fee that the envelope bids
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
// account and, for the accounts that the rung pays, merges into or is sponsored by, those too; of a credit asset the trustlines
// of both ends. nil: it would, as far as entries tell (frozen keys, CAP-77, are not in them). A *Refusal: it would not. Any
// other error: the question is not answered.
//
// An account that asks for a memo is refused here, where the amount goes, although the ledger would let it pass.
func DryRunReturn(s Snapshot, p ReturnPlan, k int) error {
	if err := p.validate(k); err != nil {
		return err
	}
	ladder := p.Ladder()
	h, err := s.get(p.Holding)
	if err != nil {
		return err
	}
	if h == nil {
		return refuse(HoldingMissing, p.Holding, "not there after ledger %d", s.Ledger)
	}
	next, sequence := s.Ledger+1, ladder.Sequence(k)
	if next < p.LastLedger+1 {
		return refuse(TooEarly, p.Holding, "valid from ledger %d, next is %d", p.LastLedger+1, next)
	}
	if h.Sequence >= sequence {
		return refuse(SequenceSpent, p.Holding, "number is %d, rung %d carries %d", h.Sequence, k, sequence)
	}
	if err := mergeable(h, lines(p.Asset), sequence, next); err != nil {
		return err
	}
	if err := paysFee(s, h, relay.Stroops(p.Fee)); err != nil {
		return err
	}
	switch role := ladder.Role(k); {
	case role == relay.BareRung:
		return bare(s, p, h)
	case role == relay.LastResort:
		return dryRunLastResort(s, p, h)
	case role == relay.WalletRung:
		return p.arrives(s, h, p.Wallet, p.Wallet)
	case ladder.Foreign:
		return p.arrives(s, h, p.ReturnTo, p.Wallet)
	}
	return p.arrives(s, h, p.ReturnTo, p.ReturnTo)
}

// arrives says whether the amount can go from the holding account to one account, and what is left to another.
func (p ReturnPlan) arrives(s Snapshot, h *Account, home, rest string) error {
	if err := holds(s, p.Holding, p.Asset, p.Amount); err != nil {
		return err
	}
	to := base(home)
	if err := takes(s, to, p.Asset, p.Amount); err != nil {
		return err
	}
	if home == rest {
		return receives(s, home, h.Balance, Memo{})
	}
	memo := Memo{Kind: p.Memo.Kind}
	if to != home { // a multiplexed address says whose it is (SEP-29)
		memo.Kind = MemoID
	}
	paid := relay.Stroops(0) // lumens that the Payment takes along
	if p.Asset == relay.Native {
		if out := h.spare(s.reserve()) - relay.Stroops(p.Fee); out < p.Amount {
			return refuse(HoldingShort, p.Holding, "can pay %d stroops of %d", out, p.Amount)
		}
		paid = p.Amount
	}
	if err := receives(s, to, paid, memo); err != nil {
		return err
	}
	return absorbs(s, rest, h.Balance-paid)
}

// newAccountUnits is how many base reserves a new account locks.
func newAccountUnits(asset string) relay.Stroops { return relay.Stroops(relay.AssetUnits(asset)) }

// lines is how many trustlines a holding account of the asset has.
func lines(asset string) int {
	if asset == relay.Native {
		return 0
	}
	return 1
}

// paysFee says whether the holding account can pay the fee that its own envelope bids: core wants the whole bid to be there.
func paysFee(s Snapshot, h *Account, fee relay.Stroops) error {
	if fee > 0 && h.spare(s.reserve()) < fee {
		return refuse(PurseEmpty, h.ID, "has %d stroops to spare, the envelope bids %d", h.spare(s.reserve()), fee)
	}
	return nil
}

// bare wants nothing of the asset to be left: the trustline goes only empty.
func bare(s Snapshot, p ReturnPlan, h *Account) error {
	l, err := s.line(p.Holding, p.Asset)
	switch {
	case err != nil:
		return err
	case l == nil:
		return refuse(LineChanged, p.Holding, "its trustline is gone")
	case l.Balance > 0:
		return refuse(ClawedBack, p.Holding, "holds %d stroops of %d: no rung pays out a part", l.Balance, p.Amount)
	case p.Ladder().Version == relay.FirstLadder:
		return receives(s, p.ReturnTo, h.Balance, Memo{})
	}
	return absorbs(s, p.keeper(), h.Balance)
}

// holds says whether the holding account can pay out all of a credit amount.
func holds(s Snapshot, holding, asset string, amount relay.Stroops) error {
	if asset == relay.Native {
		return nil
	}
	l, err := s.line(holding, asset)
	switch {
	case err != nil:
		return err
	case l == nil:
		return refuse(LineChanged, holding, "its trustline is gone")
	case l.Balance < amount && l.Clawback():
		// Before the authorisation: an issuer deauthorises before it claws back, and once all is gone the bare rung goes through.
		return refuse(ClawedBack, holding, "holds %d stroops of %d", l.Balance, amount)
	case l.Balance < amount:
		return refuse(HoldingShort, holding, "holds %d stroops of %d", l.Balance, amount)
	case !l.Authorized():
		return refuse(Deauthorised, holding, "the issuer has taken the authorisation of its trustline away")
	case l.Balance > amount:
		// Its key raised the limit, and a payment came in: what is left over would keep the trustline from being removed.
		return refuse(LineChanged, holding, "holds %d stroops, more than the %d that were put in", l.Balance, amount)
	}
	return nil
}

// takes says whether an account can take a credit amount in.
func takes(s Snapshot, account, asset string, amount relay.Stroops) error {
	if asset == relay.Native || account == Issuer(asset) {
		return nil
	}
	a, err := s.get(account)
	if err != nil {
		return err
	}
	l, err := s.line(account, asset)
	switch {
	case err != nil:
		return err
	case a == nil:
		return refuse(DestinationMissing, account, "not there after ledger %d", s.Ledger)
	case l == nil:
		return refuse(LineMissing, account, "has no trustline for %s", asset)
	case !l.Authorized():
		return refuse(LineForbidden, account, "the issuer does not let it hold %s", asset)
	case l.Room() < amount:
		return refuse(LineFull, account, "has room for %d stroops of %s, not for %d", l.Room(), asset, amount)
	}
	return nil
}

// dryRunLastResort judges in the order in which the ledger does: first what leaves the holding account, then the sponsor's
// reserve, then the merge.
func dryRunLastResort(s Snapshot, p ReturnPlan, h *Account) error {
	if err := holds(s, p.Holding, p.Asset, p.Amount); err != nil {
		return err
	}
	sponsor, err := s.get(p.Sponsor)
	if err != nil {
		return err
	}
	reserve, out, gets := s.reserve(), p.Amount, relay.Stroops(0)
	if p.Asset != relay.Native {
		out = 0
	}
	if p.Wallet != "" && p.Ladder().Version != relay.FirstLadder {
		gets = BaseReserve
	}
	left := h.spare(reserve) - relay.Stroops(p.Fee) - out
	switch {
	case sponsor == nil:
		return refuse(SponsorMissing, p.Sponsor, "not there after ledger %d", s.Ledger)
	case left < 0:
		return refuse(HoldingShort, p.Holding, "can pay %d stroops of %d", left+out, out)
	case left < gets:
		return refuse(PurseEmpty, p.Holding, "leaves %d stroops of its purse, the sponsor gets %d", left, gets)
	case gets == 0 && p.Fee > 0 && h.Balance-relay.Stroops(p.Fee)-out < reserve:
		// In the first ladder what is left of the purse is the sponsor's, and covers what it locks.
		return refuse(PurseEmpty, p.Holding, "leaves %d stroops of its purse, the claimable balance locks %d", h.Balance-relay.Stroops(p.Fee)-out, reserve)
	case sponsor.spare(reserve)+gets < reserve:
		return refuse(SponsorShort, p.Sponsor, "has %d stroops to spare, the claimable balance locks %d", sponsor.spare(reserve)+gets, reserve)
	}
	return absorbs(s, p.keeper(), h.Balance-out-gets)
}

// absorbs says whether the account that keeps the reserve can take what is left. Whether it asks for memos is not looked at: it
// is no payment to a customer of its.
func absorbs(s Snapshot, id string, rest relay.Stroops) error {
	a, err := s.get(id)
	switch {
	case err != nil:
		return err
	case a == nil:
		return refuse(DestinationMissing, id, "not there after ledger %d", s.Ledger)
	case overflows(a, rest):
		return refuse(DestinationFull, id, "balance would overflow")
	}
	return nil
}

// mergeable says whether the holding account, with its own signature alone, can merge in the ledger next after its
// number has become sequence.
func mergeable(h *Account, lines int, sequence int64, next uint32) error {
	switch own := int(h.Thresholds[0]); {
	case own < max(h.wants(1), h.wants(2), h.wants(3)):
		return refuse(SignersChanged, h.ID, "own key weighs %d, thresholds are %v", own, h.Thresholds[1:])
	case sequence >= int64(next)<<32:
		return refuse(SequenceTooFar, h.ID, "number %d is not below ledger %d", sequence, next)
	case h.Flags&immutable != 0:
		return refuse(Immutable, h.ID, "flags %d", h.Flags)
	case int(h.SubEntries) != len(h.Signers)+lines:
		return refuse(HasSubEntries, h.ID, "%d entries, %d of them signers, %d a trustline of ours", h.SubEntries, len(h.Signers), lines)
	case h.NumSponsoring > 0:
		return refuse(IsSponsor, h.ID, "sponsors %d reserves", h.NumSponsoring)
	}
	return nil
}

// receives says whether the account can take so many stroops of lumens more.
func receives(s Snapshot, id string, lumens relay.Stroops, memo Memo) error {
	dest, err := s.get(id)
	switch {
	case err != nil:
		return err
	case dest == nil:
		return refuse(DestinationMissing, id, "not there after ledger %d", s.Ledger)
	case dest.MemoRequired && memo == Memo{}:
		return refuse(MemoRequired, id, "asks for a memo on what it receives")
	case overflows(dest, lumens):
		return refuse(DestinationFull, id, "balance would overflow")
	}
	return nil
}

func overflows(a *Account, more relay.Stroops) bool {
	return more > math.MaxInt64-a.Balance-a.Buying
}
