package signer

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Claim plans a claim of a holding account that this signer minted for the payment. The same intent gets the same
// envelope, also when its end is past. Only the holding account's key can complete it, so the destination is the
// claimant's choice; what the signer adds is, for a new account, the sponsor's signature for its reserve.
//
// The memo is for an account that exists.
func (s *Signer) Claim(ctx context.Context, in relay.ClaimIntent) (e relay.Envelope, err error) {
	app, err := s.appOf(ctx, in.Holding)
	if err != nil {
		return e, err
	}
	err = s.withinBudget(ctx, app, func() error {
		return s.decide(ctx, func(t *told) (err error) { e, err = s.claim(t, in); return err })
	})
	return e, err
}

// appOf is whose holding account it is; "" when it is none.
func (s *Signer) appOf(ctx context.Context, account string) (relay.AppID, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	if h := s.book.holdings[account]; h != nil {
		return h.funding.app, nil
	}
	return "", nil
}

func (s *Signer) claim(t *told, in relay.ClaimIntent) (relay.Envelope, error) {
	h := s.book.holdings[in.Holding]
	if h == nil || h.payment != in.Payment {
		return relay.Envelope{}, forbidden("holding_unknown", "This is no holding account of the payment.")
	}
	if dead, err := s.stillDead(t, h.funding); err != nil || dead {
		if err != nil {
			return relay.Envelope{}, err
		}
		return relay.Envelope{}, relay.NewFault(relay.Conflict, "holding_dead", "This holding account was never funded.", nil)
	}
	if h.FromWallet() {
		return relay.Envelope{}, forbidden("pays_for_itself", "The purse of this holding account pays for its claim, not the sponsor.")
	}
	if h.cost != nil && h.cost.end != "" { // an account at this address was made anew, and not by us
		return relay.Envelope{}, relay.NewFault(relay.Conflict, "holding_absent", "The money has left this holding account.", nil)
	}
	tx, err := s.buildClaim(in, h)
	if err != nil {
		return relay.Envelope{}, err
	}
	if at, ok := s.book.envelopes[tx.Hash]; ok {
		return s.recorded(at)
	}
	head, err := s.head(t)
	if err != nil {
		return relay.Envelope{}, err
	}
	if err := s.allowClaim(in, h, head); err != nil {
		return relay.Envelope{}, err
	}
	if err := s.allowAnother(t, in, h); err != nil {
		return relay.Envelope{}, err
	}
	text := tx.XDR
	if in.NewAccount {
		if text, err = s.attach(text, tx.Hash, s.book.sponsor); err != nil {
			return relay.Envelope{}, err
		}
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return relay.Envelope{}, fmt.Errorf("planned claim: %v", err)
	}
	e := relay.Envelope{
		Hash: tx.Hash, Kind: relay.ClaimEnvelope, State: relay.Planned, Network: s.network, Source: tx.Source,
		Sequence: tx.Sequence, SignedAt: min(in.SignedAt, head.Sequence), Bound: in.Bound, MaxTime: in.MaxTime, XDR: raw,
		Payments: []relay.PaymentID{in.Payment}, Destination: in.Destination, NewAccount: in.NewAccount, NewLine: in.NewLine,
		Asset: h.Asset, Amount: h.Amount,
	}
	if err := s.write(claimKind, claimLineOf(in.Holding, head, e)); err != nil {
		return relay.Envelope{}, err
	}
	return s.recorded(s.book.envelopes[tx.Hash])
}

func (s *Signer) buildClaim(in relay.ClaimIntent, h *holding) (stellar.Tx, error) {
	if to, err := stellar.BaseAccount(in.Destination); err != nil || s.book.holdings[to] != nil {
		return stellar.Tx{}, badDestination()
	}
	plan := stellar.ClaimPlan{
		Passphrase: s.cfg.Passphrase, Holding: in.Holding, Destination: in.Destination, Asset: h.Asset, Amount: h.Amount,
		NewAccount: in.NewAccount, NewLine: in.NewLine, Sequence: in.Sequence, MaxTime: in.MaxTime, LastLedger: in.Bound,
	}
	plan.Sponsor, plan.Keeper = relay.ClaimSides(in.NewAccount, s.book.sponsor)
	memo, err := stellar.MemoOf(in.Memo)
	if err != nil {
		return stellar.Tx{}, relay.NewFault(relay.Invalid, "memo_malformed", "This memo cannot be attached.", err)
	}
	plan.Memo = memo
	tx, err := stellar.BuildClaim(plan)
	if err != nil {
		return tx, relay.NewFault(relay.Invalid, "claim_refused", "This claim cannot be built.", err)
	}
	return tx, nil
}

func (s *Signer) allowClaim(in relay.ClaimIntent, h *holding, head relay.Head) error {
	plans, app := s.book.plans, h.funding.app
	counted, err := h.ladder.AllowPlan(in.Sequence, plans[app], in.Payment, head, relay.PlanLimits{Payment: s.cfg.Policy.Plans, App: s.cfg.Policy.AppPlans})
	if err != nil {
		return err
	}
	plans[app] = counted // what does not count now never will again
	return relay.CheckBounds(in.SignedAt, in.Bound, in.MaxTime, head)
}

// allowAnother is for a plan that could make a second account with the sponsor's reserve, since it has another number than those
// before: the app's budget has to cover it. While the holding account still has the reserve that it was funded with, the claim takes
// that one along, and a claimant whose number was used up by a claim that failed is not refused.
func (s *Signer) allowAnother(t *told, in relay.ClaimIntent, h *holding) error {
	c := h.cost
	if c == nil || !in.NewAccount || len(c.numbers) == 0 || c.numbers[number{in.Holding, in.Sequence}] {
		return nil
	}
	refused := s.allowCost(t, c.app, c.reserve+c.gift)
	if !errors.Is(refused, relay.ErrBudgetEmpty) && !errors.Is(refused, relay.ErrBudgetsEmpty) {
		return refused
	}
	facts, err := s.holds(t, "", relay.Native, in.Holding)
	if err != nil {
		return err
	}
	if facts.AsFunded(s.book.sponsor, in.Sequence) {
		return nil
	}
	return refused
}

// attach adds the signatures of our accounts to a transaction with this inner (or, for a fee bump, outer) hash.
func (s *Signer) attach(text, hash string, accounts ...string) (string, error) {
	sum, err := hashBytes(hash)
	if err != nil {
		return "", err
	}
	var sigs []stellar.Signature
	for _, a := range accounts {
		b, err := s.keys.Sign(a, sum)
		if err != nil {
			return "", err
		}
		sigs = append(sigs, stellar.Signature{Account: a, Bytes: b})
	}
	return stellar.AttachSignatures(text, s.cfg.Passphrase, sigs...)
}

func hashBytes(hash string) (sum [32]byte, err error) {
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) != len(sum) {
		return sum, fmt.Errorf("hash %q is not one", hash)
	}
	return [32]byte(raw), nil
}

// recorded reads an envelope from the log.
func (s *Signer) recorded(at filed) (e relay.Envelope, err error) {
	if at.kind == relay.ClaimEnvelope {
		var l claimLine
		mark, err := s.log.body(at.span, &l)
		if err != nil {
			return relay.Envelope{}, err
		}
		e = l.envelope(s.network, s.book.holdings[l.Holding])
		e.Log = mark
		return e, nil
	}
	var l fundingLine
	mark, err := s.log.body(at.span, &l)
	if err != nil {
		return relay.Envelope{}, err
	}
	e = l.Envelope.envelope()
	if at.kind == relay.ReturnEnvelope {
		e = l.Minted[at.minted].Ladder[at.rung].envelope()
	}
	e.Log = mark
	return e, nil
}
