package signer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Bump wraps a recorded envelope in a fee bump that the sponsor pays, with the bid maxFee in stroops for the whole, or the
// policy's MaxFee, or what the app's budget covers, when that is less: refusing would keep money from going home just when the
// network is busy. After many bids for one envelope the newest of them is made again, unless the new one is much higher.
//
// What is wrapped is always the text from the log. Of envelope, only the signatures of others that count are used, and only for a
// claim and for a funding that a client made. A rung that is not plain gets the sponsor's signature here, when it is due. The outer
// hash is in the log before the signature is made.
func (s *Signer) Bump(ctx context.Context, hash string, envelope []byte, maxFee relay.Stroops) (outer []byte, err error) {
	err = s.decide(ctx, func(t *told) (err error) { outer, err = s.bump(t, hash, envelope, maxFee); return err })
	return outer, err
}

func (s *Signer) bump(t *told, hash string, envelope []byte, maxFee relay.Stroops) ([]byte, error) {
	at, ok := s.book.envelopes[hash]
	if !ok {
		return nil, forbidden("envelope_unknown", "This envelope is none of the signer's.")
	}
	if dead, err := s.stillDead(t, at.funding); err != nil || dead {
		if err != nil {
			return nil, err
		}
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
	base = s.book.bumps[hash].Next(base*relay.Stroops(tx.Ops+1)) / relay.Stroops(tx.Ops+1)
	bump, err := stellar.BuildFeeBump(inner, s.cfg.Passphrase, s.book.sponsor, base)
	if err != nil {
		return nil, fmt.Errorf("bump %s: %w", hash, err)
	}
	if bump.Inner != hash {
		return nil, fmt.Errorf("bump of %s carries %s", hash, bump.Inner)
	}
	if s.book.bumps[hash].outer != bump.Hash { // the same bid again needs no line
		day, err := s.today(t)
		if err != nil {
			return nil, err
		}
		if err := s.write(bumpKind, bumpLine{Hash: hash, Outer: bump.Hash, Fee: bump.Fee, Day: day}); err != nil {
			return nil, err
		}
	}
	outer, err := s.attachRaw(bump.XDR, bump.Hash, s.book.sponsor)
	if err != nil {
		err = fmt.Errorf("sign the bump of %s: %w", hash, err)
	}
	return outer, err
}

// stillDead says whether a funding is dead, and looks at the ledger again before it says so.
func (s *Signer) stillDead(t *told, f *funding) (bool, error) {
	if !f.dead() {
		return false, nil
	}
	err := s.look(t, f)
	return f.dead(), err
}

// today is the day on which a bid or a treasury counts: without an answer of the ledger, the newest that the log knows. Money comes
// home then too, and a first start needs no ledger.
func (s *Signer) today(t *told) (int64, error) {
	head, err := s.head(t)
	if u := (*unasked)(nil); errors.As(err, &u) {
		return 0, err
	}
	if err != nil {
		return s.book.today, nil
	}
	return max(dayOf(head), s.book.today), nil
}

// gather takes the signatures of others out of the envelope that was handed in. Which of them count, the signer's own ledger
// says.
func (s *Signer) gather(t *told, e relay.Envelope, given []byte) (relay.Gathered, error) {
	if len(given) == 0 {
		return relay.Gathered{}, invalid("envelope_missing", "It is handed in with the signatures of the others who have to sign.")
	}
	theirs, err := stellar.Decode(base64.StdEncoding.EncodeToString(given), s.cfg.Passphrase)
	if err != nil || theirs.Hash != e.Hash {
		return relay.Gathered{}, invalid("envelope_differs", "This is not the envelope that was planned.")
	}
	return ask(t, "signatures of "+e.Hash, func(ctx context.Context) (relay.Gathered, error) { return s.cfg.Ledger.Gather(ctx, e.XDR, given) })
}

// complete adds to a recorded envelope the signatures it still needs: ours, and of a claim and of a funding that a client made
// those of others.
func (s *Signer) complete(t *told, at filed, e relay.Envelope, given []byte) (string, stellar.Tx, error) {
	text := base64.StdEncoding.EncodeToString(e.XDR)
	tx, err := stellar.Decode(text, s.cfg.Passphrase)
	if err != nil || tx.Hash != e.Hash {
		return "", tx, unavailable("log_altered", fmt.Errorf("recorded envelope %s: %v", e.Hash, err))
	}
	if kept := e.Kind == relay.FundingEnvelope && at.funding.kept; kept || e.Kind == relay.ClaimEnvelope {
		theirs, err := s.gather(t, e, given)
		if err != nil {
			return "", tx, err
		}
		if kept {
			text, err = s.clients(t, at, tx, theirs)
			return text, tx, err
		}
		return base64.StdEncoding.EncodeToString(theirs.XDR), tx, lacking(theirs.Missing)
	}
	have, err := stellar.SignedBy(text, s.cfg.Passphrase, tx.Signers...) // our own accounts, whose master keys sign
	if err != nil {
		return "", tx, err
	}
	missing := slices.DeleteFunc(slices.Clone(tx.Signers), func(a string) bool { return slices.Contains(have, a) })
	if len(missing) == 0 {
		return text, tx, nil
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
		ReturnMemo: m.ReturnMemo, LadderVersion: m.LadderVersion, Route: m.Route,
		ExpiresAt: m.ExpiresAt, Holding: m.Account, Funding: l.Envelope.Hash, Bound: l.Envelope.Bound}
	var ladder []relay.Envelope
	for _, rung := range m.Ladder {
		ladder = append(ladder, rung.envelope())
	}
	advice, err := ask(t, "advice on "+hash, func(ctx context.Context) (relay.RungAdvice, error) { return s.cfg.Ledger.Advise(ctx, p, ladder) })
	switch {
	case err != nil:
		return err
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
	if !m.FromWallet() && m.ReturnTo != s.book.treasuries[l.App] { // of a sender's own wallet, home is where the sender said
		return fmt.Errorf("way back to %s", m.ReturnTo)
	}
	_, err := stellar.CheckReturn(text, s.wayOf(m, l.Envelope.Bound), m.Ladder[at.rung].Rung)
	return err
}

func (s *Signer) wayOf(m mintedLine, bound uint32) stellar.ReturnPlan {
	return stellar.ReturnPlan{
		Passphrase: s.cfg.Passphrase, Version: m.LadderVersion, Holding: m.Account, ReturnTo: m.ReturnTo, Memo: m.ReturnMemo, LastLedger: bound,
		Asset: m.Asset, Amount: m.Amount, Fee: uint32(m.RungFee), Sponsor: s.book.sponsor, Wallet: m.Sponsor,
	}
}

// clients completes a funding that a client made: the sponsor's own signature comes last, where the service keeps the reserve, and
// only while the account that it empties is the one that was funded ([Signer.allowNext]). By then all others are bound by it.
func (s *Signer) clients(t *told, at filed, tx stellar.Tx, theirs relay.Gathered) (string, error) {
	ours := slices.IndexFunc(theirs.Missing, func(m relay.Shortfall) bool { return m.Account == s.book.sponsor })
	others := slices.DeleteFunc(slices.Clone(theirs.Missing), func(m relay.Shortfall) bool { return m.Account == s.book.sponsor })
	text := base64.StdEncoding.EncodeToString(theirs.XDR)
	if err := lacking(others); err != nil || ours < 0 {
		return text, err
	}
	var l fundingLine
	if _, err := s.log.body(at.span, &l); err != nil {
		return "", err
	}
	m := l.Minted[0]
	if m.FromWallet() || !m.IsMove() { // the sponsor is in no other funding of a client's
		return "", unavailable("log_altered", fmt.Errorf("kept funding %s wants the sponsor's signature", tx.Hash))
	}
	if _, err := stellar.CheckFunding(text, s.fundingOf(l.Envelope, m)); err != nil {
		return "", unavailable("log_altered", fmt.Errorf("kept funding %s: %w", tx.Hash, err))
	}
	if err := s.allowNext(t, m, l.Envelope, false); err != nil {
		return "", err
	}
	return s.attach(text, tx.Hash, s.book.sponsor)
}

// lacking says whose signatures an envelope still wants; nil when it has all.
func lacking(missing []relay.Shortfall) error {
	if len(missing) == 0 {
		return nil
	}
	return invalid("signature_missing", "It is not signed by "+missing[0].Account+", or not with enough weight.")
}
