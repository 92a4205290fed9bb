package signer

import (
	"context"
	"encoding/base64"
	"fmt"
	"reflect"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Keep records what a client minted: box, way back and the funding to come. It builds the funding and every rung again out of
// the facts and wants the same, each rung signed by the holding account; only then the line is written, and only after that
// the client signs. The same again gets the first answer. A payment whose earlier funding could still land keeps that. A late
// one is judged by all but its bounds: it may have landed by now, and the log must have it.
func (s *Signer) Keep(ctx context.Context, in relay.KeepIntent) (a relay.FundAnswer, err error) {
	if len(in.Funded.Minted) != 1 || len(in.Funded.Envelope.Payments) != 1 || in.Funded.Envelope.Payments[0] != in.Funded.Minted[0].Payment {
		return relay.FundAnswer{}, invalid("batch_size", "One payment is kept at a time.")
	}
	if _, err := relay.ParsePaymentID(string(in.Funded.Minted[0].Payment)); err != nil {
		return relay.FundAnswer{}, err
	}
	err = s.decide(ctx, func(t *told) (err error) { a, err = s.keep(t, in); return err })
	return a, err
}

func (s *Signer) keep(t *told, in relay.KeepIntent) (relay.FundAnswer, error) {
	if f := s.book.byPayment[in.Funded.Minted[0].Payment]; f != nil {
		if f.app != in.App || f.hash != in.Funded.Envelope.Hash {
			return relay.FundAnswer{}, relay.NewFault(relay.Conflict, "kept_already", "Another funding of this payment was handed in.", nil)
		}
		return s.answer(f)
	}
	head, err := s.head(t)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	line := fundingLineOf(dayOf(head), in.Funded)
	line.App = in.App
	line.Envelope.State, line.Envelope.SignedAt = string(relay.Planned), min(in.Funded.Envelope.SignedAt, head.Sequence)
	if first := line.Envelope.Bound - min(line.Envelope.Bound, relay.MostFundLedgers); in.Late && line.Envelope.SignedAt > 0 {
		line.Envelope.SignedAt = max(min(line.Envelope.SignedAt, first), 1) // when it was handed in first cannot be shown
	}
	for i := range line.Minted[0].Ladder {
		line.Minted[0].Ladder[i].SignedAt = line.Envelope.SignedAt
	}
	if err := s.allowProof(t, in); err != nil {
		return relay.FundAnswer{}, err
	}
	if err := s.allowOpen(t, in.App, line.Minted[0].From, line.Minted[0].IsMove(), head); err != nil { // first: it costs next to nothing
		return relay.FundAnswer{}, err
	}
	if err := s.allowKept(t, in, line, head); err != nil {
		return relay.FundAnswer{}, err
	}
	if line.Minted[0].IsMove() {
		if err := s.allowNext(t, line.Minted[0], line.Envelope, in.Late); err != nil {
			return relay.FundAnswer{}, err
		}
	}
	if in.Judge {
		return in.Funded, nil
	}
	if err := s.write(keepKind, line); err != nil {
		return relay.FundAnswer{}, err
	}
	return s.answer(s.book.fundings[line.Envelope.Hash])
}

var (
	errTerms = forbidden("terms_missing", "Who funds a payment out of a wallet keeps its reserve and pays its fees.")
	errOurs  = forbidden("wallet_ours", "An account of the service cannot be the wallet.")
)

func (s *Signer) allowKept(t *told, in relay.KeepIntent, line fundingLine, head relay.Head) error {
	m, e := line.Minted[0], line.Envelope
	if f := relay.FundedExpiry(m.ExpiresAt, head, in.Late); f != nil {
		return f
	}
	if err := relay.CheckKeptBounds(e.SignedAt, e.Bound, e.MaxTime, head, in.Late); err != nil {
		return err
	}
	switch {
	case m.Amount <= 0:
		return invalid("amount_zero", "An amount is more than zero.")
	case stellar.CheckAsset(m.Asset) != nil:
		return invalid("asset_malformed", "This is no asset.")
	case len(m.Box) == 0:
		return invalid("box_missing", "There is no box.")
	case s.book.holdings[m.Account] != nil || s.book.roles[m.Account] != "" || s.book.wallets[m.Account]:
		return forbidden("holding_known", "This account is in use already.")
	case !m.PaysFor(m.ladder(e.Bound), e.OwnFee, prices):
		return errTerms
	case m.Sponsor == s.book.sponsor || s.book.roles[m.From] != "" || s.book.roles[m.Sponsor] != "":
		return errOurs
	}
	if m.IsMove() {
		if err := s.allowMove(t, in, m); err != nil {
			return err
		}
	}
	text := base64.StdEncoding.EncodeToString(e.XDR)
	tx, err := stellar.CheckFunding(text, s.fundingOf(e, m))
	want := envelopeLine{Hash: tx.Hash, Kind: string(relay.FundingEnvelope), State: e.State, Network: s.network, Source: m.From,
		Sequence: tx.Sequence, SignedAt: e.SignedAt, Bound: e.Bound, MaxTime: e.MaxTime, Payments: []relay.PaymentID{m.Payment},
		OwnFee: e.OwnFee, XDR: e.XDR}
	if err == nil {
		err = signedOnlyBy(text, s.cfg.Passphrase, m.Account)
	}
	if err != nil || !reflect.DeepEqual(e, want) {
		return relay.NewFault(relay.Invalid, "funding_differs", "This is not the funding that was agreed.", err)
	}
	return s.allowLadder(m, e)
}

// signedOnlyBy wants one signature and no other: one that the network does not need spoils an envelope.
func signedOnlyBy(text, passphrase, account string) error {
	by, err := stellar.SignedBy(text, passphrase, account)
	if err != nil {
		return err
	}
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(text, &env); err != nil {
		return err
	}
	if len(by) != 1 || len(env.Signatures()) != 1 {
		return fmt.Errorf("%d signatures, wanted is that of %s alone", len(env.Signatures()), account)
	}
	return nil
}

// fundingOf is the plan of a kept funding.
func (s *Signer) fundingOf(e envelopeLine, m mintedLine) stellar.FundingPlan {
	plan := stellar.FundingPlan{
		Passphrase: s.cfg.Passphrase, Channel: m.From, Sponsor: m.Sponsor, Treasury: m.From, Sequence: e.Sequence,
		MaxTime: e.MaxTime, LastLedger: e.Bound, Fee: uint32(e.OwnFee), Move: m.IsMove(),
		Payments: []stellar.Holding{{Account: m.Account, Asset: m.Asset, Amount: m.Amount, Purse: m.Purse}},
	}
	if plan.Sponsor == "" {
		plan.Sponsor = s.book.sponsor
	}
	return plan
}

// allowLadder wants the whole way back, each rung as it would have been built here and signed by the holding account.
func (s *Signer) allowLadder(m mintedLine, e envelopeLine) error {
	differs := func(k int, err error) error {
		return relay.NewFault(relay.Invalid, "rung_differs", fmt.Sprintf("Rung %d of the way back is not the one that was agreed.", k), err)
	}
	if m.LadderVersion != relay.LadderVersion {
		return relay.NewFault(relay.Invalid, "ladder_version", "This is not the way back that is made now. Update the client.", nil)
	}
	ladder := m.ladder(e.Bound)
	if len(m.Ladder) != ladder.Rungs() {
		return relay.NewFault(relay.Invalid, "ladder_incomplete", "The way back is not whole.", nil)
	}
	for i, rung := range m.Ladder {
		k := len(m.Ladder) - 1 - i
		text := base64.StdEncoding.EncodeToString(rung.XDR)
		r, err := stellar.CheckReturn(text, s.wayOf(m, e.Bound), k)
		want := envelopeLine{Hash: r.Hash, Kind: string(relay.ReturnEnvelope), State: string(ladder.StateOf(k)), Network: s.network, Source: m.Account,
			Sequence: r.Sequence, SignedAt: e.SignedAt, Rung: k, Payments: []relay.PaymentID{m.Payment}, OwnFee: m.RungFee, XDR: rung.XDR}
		if err == nil {
			err = signedOnlyBy(text, s.cfg.Passphrase, m.Account)
		}
		if err != nil || !reflect.DeepEqual(rung, want) {
			return differs(k, err)
		}
	}
	return nil
}
