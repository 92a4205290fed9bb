package stellar

import "github.com/restante/restante/relay"

// Made is how a holding account was made.
type Made struct {
	Sponsor string        // who keeps its reserve; empty: not compared
	Asset   string        // "native" or CODE:ISSUER
	Amount  relay.Stroops // of a credit asset: the limit of its trustline
	Lowest  int64         // the lowest number among the rungs that were never handed in; 0: all are spent
}

// Takeover lists why a holding account is no longer as we made it; none means that it is. Only a holder of its
// key can bring any of these about (also a claimant, with other tools than ours), so each of them parks the
// payment: the money is safe at the account, and the way home may not be.
//
// h is nil for an account that is not there, which is no takeover: what removed it is found by hash. l is its trustline for
// a credit asset; what the issuer may do to it (deauthorise, claw back) is no takeover either.
func Takeover(h *Account, l *Trustline, m Made) []Reason {
	if h == nil {
		return nil
	}
	var why []Reason
	add := func(is bool, r Reason) {
		if is {
			why = append(why, r)
		}
	}
	add(h.Thresholds != [4]byte{1, 0, 0, 0} || len(h.Signers) > 0, SignersChanged)
	add(m.Lowest > 0 && h.Sequence >= m.Lowest, LadderUnreachable)
	add(h.NumSponsoring > 0, IsSponsor)
	add(int(h.SubEntries) > len(h.Signers)+lines(m.Asset), HasSubEntries)
	if m.Asset != relay.Native {
		add(l == nil || l.Limit != m.Amount || l.Selling != 0 || l.Buying != 0, LineChanged)
	}
	// Some sources do not name the sponsor, all count the reserves that another account keeps: two for an account.
	kept := uint32(2 + lines(m.Asset))
	other := func(sponsor string) bool { return sponsor != "" && m.Sponsor != "" && sponsor != m.Sponsor }
	add(h.NumSponsored < kept || other(h.Sponsor) || l != nil && other(l.Sponsor), SponsorChanged)
	add(h.Flags != 0, Immutable)
	return why
}
