package signer

import (
	"context"

	"github.com/restante/restante/relay"
)

// allowMove wants the money of a holding account of the same app, as it is ([relay.Terms.MovedBy]).
func (s *Signer) allowMove(in relay.KeepIntent, m mintedLine) error {
	old := s.book.holdings[m.From]
	switch {
	case old == nil || old.funding.app != in.App || old.payment != m.Replaces || old.funding.dead():
		return forbidden("holding_unknown", "This is no holding account of that payment.")
	case !old.MovedBy(m.terms(), old.payment, m.From):
		return forbidden("replaced_otherwise", "The money moves as it is, or not at all.")
	}
	return old.ladder.CheckNumber(in.Funded.Envelope.Sequence)
}

var (
	errMoveNumber = relay.NewFault(relay.Conflict, "sequence_used", "A move carries the next sequence number of the account that it empties. Ask for the terms again, and mint anew.", nil)
	errMoveEmpty  = relay.NewFault(relay.Conflict, "holding_absent", "The money has left this holding account.", nil)
)

// allowNext wants a move to carry the next number of the account that it empties, and that account to be the one that was funded,
// by the signer's own ledger. A number further on is one of an account that the key holder makes anew at the same address: that move
// would take another reserve from the sponsor, and money that is not this payment's. With the next number it can only take what is
// there: an account is not merged while its number is as high as a later account's would be (CAP-21).
//
// A late one was committed before, and may have landed: its number may be used, and its account gone. Where the sponsor keeps the
// reserve, it cannot have landed without a signature that is given only to what the log has, so the ledger has to show it.
func (s *Signer) allowNext(t *told, m mintedLine, e envelopeLine, late bool) error {
	from, err := s.holds(t, "", relay.Native, m.From)
	if err != nil {
		return err
	}
	ours := !m.FromWallet()
	switch {
	case from.Exists && e.Sequence > from.Sequence+1, from.Exists && e.Sequence <= from.Sequence && !late:
		return errMoveNumber
	case from.Exists && (!ours || from.Sponsor == s.book.sponsor):
		return nil
	case late && !ours:
		return nil
	case !late:
		return errMoveEmpty
	}
	seen, err := ask(t, "move "+e.Hash, func(ctx context.Context) (*relay.Sighting, error) { return s.cfg.Ledger.Sight(ctx, e.Hash) })
	if err == nil && (seen == nil || !seen.Success) {
		err = errMoveEmpty
	}
	return err
}
