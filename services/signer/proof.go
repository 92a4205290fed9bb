package signer

import (
	"context"

	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// allowProof wants a current signer of the wallet to have agreed, by the signer's own ledger, before its caps and before a line is
// written: else a caller with a key or a token could name a wallet and use its room up. A move needs none: it empties a holding
// account, by that account's signature.
//
// A late one was committed before. If it has landed, the wallet has signed the funding itself, and the log must have it, whatever
// its signers are by now: the ledger shows this very funding, or a holding account whose reserve the wallet keeps. One that was
// planned before proofs were asked for has none, see [book.before].
func (s *Signer) allowProof(t *told, in relay.KeepIntent) error {
	m, e := in.Funded.Minted[0], in.Funded.Envelope
	from := m.From
	switch {
	case m.IsMove() && m.Proof != (relay.WalletProof{}):
		return forbidden("proof_unexpected", "A move is proven by the holding account that it empties.")
	case m.IsMove():
		return nil
	case !strkey.IsValidEd25519PublicKey(from) || !strkey.IsValidEd25519PublicKey(m.Account):
		return errTerms
	case s.book.roles[from] != "" || s.book.holdings[from] != nil: // out of a holding account money goes by a move
		return errOurs
	}
	facts, err := s.facts(t, "wallet", relay.Native, from, m.Account)
	if err != nil {
		return err
	}
	refused := stellar.CheckWalletProof(m.Proof, from, m.Payment, s.cfg.Passphrase, facts[from].Signers)
	if refused == nil || !in.Late {
		return refused
	}
	made := facts[m.Account]
	if made.Exists && made.Sponsor == from || m.Proof == (relay.WalletProof{}) && s.book.before(e.Bound) {
		return nil // to keep an account's reserve takes the wallet's signature; an account made otherwise shows nothing
	}
	seen, err := ask(t, "funding", func(ctx context.Context) (*relay.Sighting, error) { return s.cfg.Ledger.Sight(ctx, e.Hash) })
	switch {
	case err != nil:
		return err
	case seen != nil && seen.Success:
		return nil
	}
	return refused
}

// before says whether a deposit with this bound may have been planned before proofs were asked for: the log began without them,
// and the bound is not beyond what was allowed when the first proven deposit was written.
func (b *book) before(bound uint32) bool {
	return !b.proofs && (b.provenAt == 0 || uint64(bound) <= uint64(b.provenAt)+relay.MostKeptLedgers)
}
