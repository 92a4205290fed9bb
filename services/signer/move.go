package signer

import (
	"context"

	"github.com/restante/restante/relay"
)

// allowMove wants the money of a holding account of the same app, as it is ([relay.Terms.MovedBy]).
func (s *Signer) allowMove(t *told, in relay.KeepIntent, m mintedLine) error {
	old := s.book.holdings[m.From]
	if old == nil || old.funding.app != in.App || old.payment != m.Replaces {
		return errNotItsHolding
	}
	dead, err := s.stillDead(t, old.funding)
	switch {
	case err != nil:
		return err
	case dead:
		return errNotItsHolding
	case !old.MovedBy(m.terms(), old.payment, m.From):
		return forbidden("replaced_otherwise", "The money moves as it is, or not at all.")
	}
	return old.ladder.CheckNumber(in.Funded.Envelope.Sequence)
}

var errNotItsHolding = forbidden("holding_unknown", "This is no holding account of that payment.")

// allowNext wants a move to carry the next number of the account that it empties, by the signer's own ledger. Where the sponsor has to
// sign, that account is the one that was funded, or the move, a late one, is in the ledger.
func (s *Signer) allowNext(t *told, m mintedLine, e envelopeLine, late bool) error {
	from, err := s.holds(t, "", relay.Native, m.From)
	if err != nil {
		return err
	}
	if err := m.FundingNumber(e.Sequence, from, late); err != nil || !m.Emptied(from, s.book.sponsor) {
		return err
	}
	if !late {
		return relay.ErrMoneyLeft
	}
	seen, err := ask(t, "move "+e.Hash, func(ctx context.Context) (*relay.Sighting, error) { return s.cfg.Ledger.Sight(ctx, e.Hash) })
	if err == nil && (seen == nil || !seen.Success) {
		err = relay.ErrMoneyLeft
	}
	return err
}
