package signer

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Bump wraps a recorded envelope in a fee bump that the sponsor pays, with the bid maxFee in stroops for the whole, or the
// policy's MaxFee, or what the app's budget covers, when that is less: refusing would keep money from going home just when the
// network is busy. What
// is wrapped is always the text from the log: of a claim the claimant's signatures are taken from envelope, if they are
// good, and nothing else of it; of a funding or a return envelope is not looked at. A rung that is not plain gets the sponsor's
// signature here, when it is due. The outer hash is in the log before the signature is made.
func (s *Signer) Bump(ctx context.Context, hash string, envelope []byte, maxFee relay.Stroops) (outer []byte, err error) {
	err = s.decide(ctx, func(t *told) (err error) { outer, err = s.bump(t, hash, envelope, maxFee); return err })
	return outer, err
}

func (s *Signer) bump(t *told, hash string, envelope []byte, maxFee relay.Stroops) ([]byte, error) {
	at, ok := s.book.envelopes[hash]
	if !ok {
		return nil, forbidden("envelope_unknown", "This envelope is none of the signer's.")
	}
	if at.funding.dead() {
		return nil, relay.NewFault(relay.Conflict, "funding_dead", "This funding was found unable to land.", nil)
	}
	e, err := s.recorded(at)
	if err != nil {
		return nil, err
	}
	inner, tx, err := s.complete(t, at, e, envelope)
	if err != nil {
		return nil, err
	}
	if e.OwnFee > 0 {
		return base64.StdEncoding.DecodeString(inner)
	}
	base, err := s.allowBid(t, at, hash, min(maxFee, s.cfg.Policy.MaxFee), tx.Ops+1)
	if err != nil {
		return nil, err
	}
	bump, err := stellar.BuildFeeBump(inner, s.cfg.Passphrase, s.book.sponsor, base)
	if err != nil {
		return nil, fmt.Errorf("bump %s: %w", hash, err)
	}
	if bump.Inner != hash {
		return nil, fmt.Errorf("bump of %s carries %s", hash, bump.Inner)
	}
	if s.book.lastBump[hash] != bump.Hash { // the same bid again needs no line
		if err := s.write(bumpKind, bumpLine{Hash: hash, Outer: bump.Hash, Fee: relay.Stroops(bump.Fee)}); err != nil {
			return nil, err
		}
	}
	outer, err := s.attach(bump.XDR, bump.Hash, s.book.sponsor)
	if err != nil {
		return nil, fmt.Errorf("sign the bump of %s: %w", hash, err)
	}
	return base64.StdEncoding.DecodeString(outer)
}

// complete adds to a recorded envelope the signatures it still needs, ours and the claimant's.
func (s *Signer) complete(t *told, at filed, e relay.Envelope, given []byte) (string, stellar.Tx, error) {
	text := base64.StdEncoding.EncodeToString(e.XDR)
	tx, err := stellar.Decode(text, s.cfg.Passphrase)
	if err != nil || tx.Hash != e.Hash {
		return "", tx, unavailable("log_altered", fmt.Errorf("recorded envelope %s: %v", e.Hash, err))
	}
	have, err := stellar.SignedBy(text, s.cfg.Passphrase, tx.Signers...)
	if err != nil {
		return "", tx, err
	}
	missing := slices.DeleteFunc(slices.Clone(tx.Signers), func(a string) bool { return slices.Contains(have, a) })
	if len(missing) == 0 {
		return text, tx, nil
	}
	if e.Kind == relay.ClaimEnvelope {
		text, err = s.claimants(text, tx, missing, given)
		return text, tx, err
	}
	if e.Kind == relay.FundingEnvelope && at.funding.kept {
		text, err = s.clients(at, text, tx, missing, given)
		return text, tx, err
	}
	if e.Kind != relay.ReturnEnvelope || !slices.Equal(missing, []string{s.book.sponsor}) {
		return "", tx, unavailable("log_altered", fmt.Errorf("recorded envelope %s lacks signatures of %v", e.Hash, missing))
	}
	if err := s.leadsHome(at, text); err != nil {
		return "", tx, unavailable("log_altered", fmt.Errorf("recorded envelope %s: %w", e.Hash, err))
	}
	if err := s.due(t, at, e.Hash); err != nil {
		return "", tx, err
	}
	text, err = s.attach(text, tx.Hash, s.book.sponsor)
	return text, tx, err
}

// due wants the rung to be the one that the signer's own ledger would use now: it would succeed, and no plain one would. Once
// it is complete it stays valid for ever, and one that fails on the ledger spends the numbers of all plain rungs.
func (s *Signer) due(t *told, at filed, hash string) error {
	var l fundingLine
	if _, err := s.log.body(at.span, &l); err != nil {
		return err
	}
	m := l.Minted[at.minted]
	p := relay.Payment{ID: m.Payment, App: l.App, State: relay.Returning, Amount: m.Amount, Asset: m.Asset, ReturnTo: m.ReturnTo,
		ReturnMemo: m.ReturnMemo, LadderVersion: m.LadderVersion, From: m.From, Sponsor: m.Sponsor, Purse: m.Purse, RungFee: m.RungFee,
		ExpiresAt: m.ExpiresAt, Holding: m.Account, Funding: l.Envelope.Hash, Bound: l.Envelope.Bound}
	var ladder []relay.Envelope
	for _, rung := range m.Ladder {
		ladder = append(ladder, rung.envelope())
	}
	advice, err := tell(t, "advice on "+hash, func(ctx context.Context) (relay.RungAdvice, error) { return s.cfg.Ledger.Advise(ctx, p, ladder) })
	switch {
	case err != nil:
		return unavailable("ledger_unavailable", err)
	case advice.Use != hash:
		return relay.NewFault(relay.Conflict, "rung_not_due", "This rung of the way back is not completed now: another one would bring the money home, or it would fail.",
			fmt.Errorf("advised is %q: %s", advice.Use, advice.Detail))
	}
	return nil
}

// leadsHome builds a rung again from the facts of its funding and wants the same: the sponsor's key signs no transaction
// only because the log has it.
func (s *Signer) leadsHome(at filed, text string) error {
	var l fundingLine
	if _, err := s.log.body(at.span, &l); err != nil {
		return err
	}
	m := l.Minted[at.minted]
	if m.Sponsor == "" && m.ReturnTo != s.book.treasuries[l.App] { // of a sender's own wallet, home is where he said
		return fmt.Errorf("way back to %s", m.ReturnTo)
	}
	_, err := stellar.CheckReturn(text, s.wayOf(m, l.Envelope.Bound), m.Ladder[at.rung].Rung)
	return err
}

func (s *Signer) wayOf(m mintedLine, bound uint32) stellar.ReturnPlan {
	return stellar.ReturnPlan{
		Passphrase: s.cfg.Passphrase, Version: m.LadderVersion, Holding: m.Account, ReturnTo: m.ReturnTo, Memo: m.ReturnMemo, LastLedger: bound,
		Asset: m.Asset, Amount: int64(m.Amount), Fee: uint32(m.RungFee), Sponsor: s.book.sponsor, Wallet: m.Sponsor,
	}
}

// clients takes the missing signatures of a funding that a client made, and adds the sponsor's own last, where the service
// keeps the reserve: by then everybody else is bound by it.
func (s *Signer) clients(at filed, text string, tx stellar.Tx, missing []string, given []byte) (string, error) {
	var l fundingLine
	if _, err := s.log.body(at.span, &l); err != nil {
		return "", err
	}
	theirs := slices.DeleteFunc(slices.Clone(missing), func(a string) bool { return a == s.book.sponsor })
	if len(theirs) > 0 {
		var err error
		if text, err = s.claimants(text, tx, theirs, given); err != nil {
			return "", err
		}
	}
	if len(theirs) == len(missing) {
		return text, nil
	}
	m := l.Minted[0]
	if m.Sponsor != "" || m.Replaces == "" { // the sponsor is in no other funding of a client's
		return "", unavailable("log_altered", fmt.Errorf("kept funding %s wants the sponsor's signature", tx.Hash))
	}
	if _, err := stellar.CheckFunding(text, s.fundingOf(l.Envelope, m)); err != nil {
		return "", unavailable("log_altered", fmt.Errorf("kept funding %s: %w", tx.Hash, err))
	}
	return s.attach(text, tx.Hash, s.book.sponsor)
}

// claimants takes the missing signatures from the envelope that the claimant, or the sender, completed. Others in it are
// dropped: one that the network does not need spoils an envelope.
func (s *Signer) claimants(text string, tx stellar.Tx, missing []string, given []byte) (string, error) {
	if len(given) == 0 {
		return "", invalid("envelope_missing", "It is handed in with the signatures of whoever else has to sign.")
	}
	foreign := invalid("envelope_differs", "This is not the envelope that was planned.")
	theirs := base64.StdEncoding.EncodeToString(given)
	got, err := stellar.Decode(theirs, s.cfg.Passphrase)
	if err != nil || got.Hash != tx.Hash {
		return "", foreign
	}
	var env xdr.TransactionEnvelope
	if xdr.SafeUnmarshal(given, &env) != nil || env.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return "", foreign
	}
	sum, err := hashBytes(tx.Hash)
	if err != nil {
		return "", err
	}
	var sigs []stellar.Signature
	for _, account := range missing {
		key, err := keypair.ParseAddress(account)
		if err != nil {
			return "", fmt.Errorf("signer %q of a claim: %v", account, err)
		}
		i := slices.IndexFunc(env.V1.Signatures, func(d xdr.DecoratedSignature) bool {
			return d.Hint == xdr.SignatureHint(key.Hint()) && key.Verify(sum[:], d.Signature) == nil
		})
		if i < 0 {
			return "", invalid("signature_missing", "It is not signed by "+account+".")
		}
		sigs = append(sigs, stellar.Signature{Account: account, Bytes: env.V1.Signatures[i].Signature})
	}
	return stellar.AttachSignatures(text, s.cfg.Passphrase, sigs...)
}
