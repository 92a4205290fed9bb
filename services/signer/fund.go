package signer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
)

// Fund answers a funding intent as [desk.Signer] says. The order keeps a payment from being made twice: first the
// standing fundings of every payment named, then policy, then the sequence number, then keys and signatures, then the
// log, and only then the answer. A standing funding is answered before policy is asked: it may have landed, and the worker must
// learn of it whatever the limits are by now.
func (s *Signer) Fund(ctx context.Context, in relay.FundIntent) (a relay.FundAnswer, err error) {
	if err := shape(in); err != nil {
		return a, err
	}
	err = s.withinBudget(ctx, in.App, func() error {
		return s.decide(ctx, func(t *told) (err error) { a, err = s.fund(ctx, t, in); return err })
	})
	return a, err
}

func (s *Signer) fund(ctx context.Context, t *told, in relay.FundIntent) (relay.FundAnswer, error) {
	first, err := s.standing(t, in)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	if first != nil {
		return s.answer(first)
	}
	head, err := s.head(t)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	if err := s.allowFunding(in, head); err != nil {
		return relay.FundAnswer{}, err
	}
	if err := s.allowCarry(t, in, head); err != nil { // before the budget: a share of a sponsor that runs short says nothing
		return relay.FundAnswer{}, err
	}
	if err := s.allowCost(t, in.App, costOf(in.Mints)); err != nil {
		return relay.FundAnswer{}, err
	}
	if err := s.freeNumber(t, number{in.Channel, in.Sequence}); err != nil {
		return relay.FundAnswer{}, err
	}
	if err := s.withinLog(t, in.Channel); err != nil {
		return relay.FundAnswer{}, err
	}
	plan := mint.Plan{
		Passphrase: s.cfg.Passphrase, App: in.App, Channel: in.Channel, Sponsor: s.book.sponsor,
		Treasury: s.book.treasuries[in.App], Sequence: in.Sequence, SignedAt: min(in.SignedAt, head.Sequence),
		Bound: in.Bound, MaxTime: in.MaxTime,
	}
	answer, err := mint.Fund(ctx, rand.Reader, plan, in.Mints, s.cosigners(plan.Channel, plan.Sponsor, plan.Treasury)...)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	if err := s.write(fundingKind, fundingLineOf(dayOf(head), answer)); err != nil {
		return relay.FundAnswer{}, err
	}
	return s.answer(s.book.fundings[answer.Envelope.Hash])
}

// standing is the funding that answers the intent instead of a new one: the first that a payment of it has and that
// landed or could still land. nil when every payment may be funded.
func (s *Signer) standing(t *told, in relay.FundIntent) (*funding, error) {
	for _, m := range in.Mints {
		if f := s.book.byPayment[m.Payment]; f != nil && f.app != in.App {
			return nil, forbidden("foreign_payment", "This payment belongs to another app.")
		}
	}
	for _, m := range in.Mints {
		f := s.book.byPayment[m.Payment]
		if f == nil {
			continue
		}
		if err := s.look(t, f); err != nil {
			return nil, err
		}
		if !f.dead() {
			return f, nil
		}
	}
	return nil, nil
}

// look asks the signer's own ledger what became of a funding, unless that is decided, and writes a decision down before
// it is acted on. No answer is no decision: the funding could still land. One that was proven unable to land is asked for again,
// because the proof may be of another chain: only that it landed changes anything.
func (s *Signer) look(t *told, f *funding) error {
	if f.fate == landed || f.fate == failed {
		return nil
	}
	first, err := s.answer(f)
	if err != nil {
		return err
	}
	type shown struct {
		verdict relay.Verdict
		seen    *relay.Sighting
	}
	said, err := tell(t, f.hash, func(ctx context.Context) (a shown, err error) {
		a.verdict, a.seen, err = s.cfg.Ledger.Verdict(ctx, first.Envelope)
		if err != nil && !errors.Is(err, relay.ErrContradiction) {
			s.cfg.Log.Warn("signer: the ledger does not answer about a funding; it stands", "hash", f.hash, "err", err)
			return shown{}, nil
		}
		return a, err
	})
	verdict, seen := said.verdict, said.seen
	switch {
	case err != nil && errors.As(err, new(*unasked)):
		return err
	case f.fate == cannotLand && (err != nil || seen == nil || !seen.Success || seen.Hash != f.hash):
		return nil
	case err != nil: // the envelope in the log is not the one that its line says
		return f.contradicted(err)
	case seen != nil && seen.Hash != f.hash:
		return f.contradicted(fmt.Errorf("ledger answers about %s when asked about %s: %w", seen.Hash, f.hash, relay.ErrContradiction))
	case seen != nil && seen.Success:
		if f.dead() {
			s.cfg.Log.Error("signer: a funding landed that was proven unable to: the endpoint showed another chain", "hash", f.hash, "ledger", seen.Ledger)
		}
		return s.write(fateKind, fateLine{Hash: f.hash, Fate: landed, Tx: seen.Tx, Ledger: seen.Ledger})
	case seen != nil:
		return s.write(fateKind, fateLine{Hash: f.hash, Fate: failed, Tx: seen.Tx, Ledger: seen.Ledger})
	case verdict == relay.CannotLand:
		return s.write(fateKind, fateLine{Hash: f.hash, Fate: cannotLand})
	case verdict == relay.Contradicted && f.kept: // its wallet, or a claim of what it was to move, used the number
		return nil
	case verdict == relay.Contradicted:
		return f.contradicted(fmt.Errorf("funding %s: its number is used up, and not by it: %w", f.hash, relay.ErrContradiction))
	}
	return nil
}

// contradicted says of a contradiction about a funding that it stops the payments of that one.
func (f *funding) contradicted(err error) error {
	return relay.AboutPayments(f.hash, err, f.payments...)
}

// lookAtOthers is look at a funding that the intent is not about. What contradicts it is reported by an intent about it, and stops no
// other one: it counts as one that could still land.
func (s *Signer) lookAtOthers(t *told, f *funding) error {
	err := s.look(t, f)
	var c *relay.Contradiction
	if errors.As(err, &c) && c.Scope == relay.HaltPayment {
		s.cfg.Log.Error("signer: the ledger contradicts the log about a funding", "hash", f.hash, "err", err)
		return nil
	}
	return err
}

// freeNumber refuses a channel's sequence number that an earlier funding holds or has used up.
func (s *Signer) freeNumber(t *told, n number) error {
	f := s.book.byNumber[n]
	if f == nil {
		return nil
	}
	if err := s.lookAtOthers(t, f); err != nil {
		return err
	}
	if f.fate != cannotLand {
		return relay.ErrSequenceTaken
	}
	return nil
}

// answer is a funding as it was answered first, read from the log: so it is the same every time.
func (s *Signer) answer(f *funding) (relay.FundAnswer, error) {
	var l fundingLine
	mark, err := s.log.body(f.span, &l)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	a := l.answer()
	a.Envelope.Log = mark
	for _, m := range a.Minted {
		for i := range m.Ladder {
			m.Ladder[i].Log = mark
		}
	}
	return a, nil
}

func (s *Signer) cosigners(accounts ...string) (all []mint.Cosigner) {
	for _, a := range accounts {
		all = append(all, mint.Cosigner{Account: a, Sign: func(_ context.Context, hash [32]byte) ([]byte, error) {
			return s.keys.Sign(a, hash)
		}})
	}
	return all
}

var errBatch = invalid("batch_size", fmt.Sprintf("A funding has 1 to %d payments.", relay.Batch))

// shape refuses an intent that names no payment, one twice, or more than one envelope takes.
func shape(in relay.FundIntent) error {
	if len(in.Mints) == 0 || len(in.Mints) > relay.Batch {
		return errBatch
	}
	seen := map[relay.PaymentID]bool{}
	for _, m := range in.Mints {
		if _, err := relay.ParsePaymentID(string(m.Payment)); err != nil {
			return err
		}
		if seen[m.Payment] {
			return invalid("payment_repeated", "A funding names a payment once.")
		}
		seen[m.Payment] = true
	}
	return nil
}
