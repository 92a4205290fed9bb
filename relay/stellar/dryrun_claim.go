package stellar

import "github.com/restante/restante/relay"

// DryRunClaim says whether the claim would succeed in the ledger right after the snapshot, which must hold the holding
// account, the destination and, for a new account, the sponsor; of a credit asset their trustlines too, and its issuer when the
// claim makes one. Its answers are those of DryRunReturn.
func DryRunClaim(s Snapshot, p ClaimPlan) error {
	if err := p.validate(); err != nil {
		return err
	}
	h, err := s.get(p.Holding)
	if err != nil {
		return err
	}
	if h == nil {
		return refuse(HoldingMissing, p.Holding, "not there after ledger %d", s.Ledger)
	}
	if err := landsNext(s, p, h); err != nil {
		return err
	}
	if err := mergeable(h, lines(p.Asset), p.Sequence, s.Ledger+1); err != nil {
		return err
	}
	if err := paysFee(s, h, relay.Stroops(p.Fee)); err != nil {
		return err
	}
	if left := h.spare(s.reserve()) - relay.Stroops(p.Fee); p.Asset == relay.Native && p.Keeper != "" && left < p.Amount {
		return refuse(HoldingShort, p.Holding, "can pay %d stroops of %d", left, p.Amount)
	}
	if err := holds(s, p.Holding, p.Asset, p.Amount); err != nil {
		return err
	}
	if p.NewAccount || p.NewLine {
		if err := issues(s, p.Destination, p.Asset); err != nil {
			return err
		}
	}
	if p.NewAccount {
		return dryRunNewAccount(s, p, h)
	}
	to := base(p.Destination)
	if p.NewLine {
		if err := newLine(s, to, p.Asset); err != nil {
			return err
		}
	} else if err := takes(s, to, p.Asset, p.Amount); err != nil {
		return err
	}
	memo := p.Memo
	if to != p.Destination { // a multiplexed address says whose it is (SEP-29)
		memo = Memo{Kind: MemoID}
	}
	if p.Merged {
		return receives(s, to, h.Balance, memo)
	}
	lumens := p.Amount
	if p.Asset != relay.Native {
		lumens = 0
	}
	if err := receives(s, to, lumens, memo); err != nil {
		return err
	}
	return receives(s, p.Keeper, h.Balance-lumens, Memo{Kind: MemoID}) // a memo is the receiver's business, and this is its own money
}

// landsNext says whether bounds and number let a claim into the next ledger.
func landsNext(s Snapshot, p ClaimPlan, h *Account) error {
	switch next := s.Ledger + 1; {
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
	return nil
}

// issues says whether a trustline that an account makes now lets it hold a credit asset.
func issues(s Snapshot, holder, asset string) error {
	if asset == relay.Native {
		return nil
	}
	issuer, err := s.get(Issuer(asset))
	switch {
	case err != nil:
		return err
	case issuer == nil:
		return refuse(IssuerMissing, Issuer(asset), "not there after ledger %d: nobody can make a trustline for %s", s.Ledger, asset)
	case issuer.Flags&authRequired != 0:
		return refuse(LineForbidden, holder, "the issuer of %s wants to authorise each trustline", asset)
	}
	return nil
}

// newLine says whether an account that lacks a trustline can make it.
func newLine(s Snapshot, id, asset string) error {
	g, err := s.get(id)
	if err != nil {
		return err
	}
	l, err := s.line(id, asset)
	switch {
	case err != nil:
		return err
	case g == nil:
		return refuse(DestinationMissing, id, "not there after ledger %d", s.Ledger)
	case l != nil:
		return refuse(DestinationExists, id, "has a trustline for %s already", asset)
	case g.spare(s.reserve()) < s.reserve():
		return refuse(DestinationShort, id, "has %d stroops to spare, a trustline locks %d", g.spare(s.reserve()), s.reserve())
	}
	return nil
}

func dryRunNewAccount(s Snapshot, p ClaimPlan, h *Account) error {
	g, err := s.get(p.Destination)
	switch {
	case err != nil:
		return err
	case g != nil:
		return refuse(DestinationExists, p.Destination, "already there after ledger %d", s.Ledger)
	case p.Sponsor == "":
		if Prices.NewAccount(p.Asset) < newAccountUnits(p.Asset)*s.reserve() {
			return refuse(PurseEmpty, p.Holding, "gives the new account %d stroops, its reserves are %d", Prices.NewAccount(p.Asset), newAccountUnits(p.Asset)*s.reserve())
		}
		if left := h.spare(s.reserve()) - relay.Stroops(p.Fee); left < Prices.NewAccount(p.Asset) {
			return refuse(PurseEmpty, p.Holding, "has %d stroops to spare, the new account costs %d", left, Prices.NewAccount(p.Asset))
		}
		return nil
	}
	sponsor, err := s.get(p.Sponsor)
	if err != nil {
		return err
	}
	need := newAccountUnits(p.Asset) * s.reserve()
	if p.Asset != relay.Native {
		need += relay.FirstFees
	}
	switch {
	case sponsor == nil:
		return refuse(SponsorMissing, p.Sponsor, "not there after ledger %d", s.Ledger)
	case sponsor.spare(s.reserve()) < need:
		return refuse(SponsorShort, p.Sponsor, "has %d stroops to spare, the new account locks %d", sponsor.spare(s.reserve()), need)
	}
	return nil
}
