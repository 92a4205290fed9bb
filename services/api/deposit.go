package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// deposit takes what the sender's client has minted, with the proof of a signer of the wallet. The signer judges it, building the
// funding and every rung again; then it is committed as planned, and from then on a cancel is a return asked, for the client may sign
// at any moment; then it is in the signer's log; and only then the answer says that it is kept. The same again goes the same way.
func (s *server) deposit(c *call) (reply, error) {
	var in wire.DepositRequest
	p, err := s.handedTo(c, &in)
	if err != nil {
		return reply{}, err
	}
	ctx := c.Context()
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.minted(p, in, head)
	if err != nil {
		return reply{}, err
	}
	again, err := s.committedBefore(ctx, p, &answer)
	if err != nil {
		return reply{}, err
	}
	if !again {
		err = s.planDeposit(ctx, p, answer, head)
	}
	over := errors.Is(err, relay.ErrNotCreated) // a cancel came first; what the client funds all the same goes home
	if err != nil && !over {
		return reply{}, err
	}
	if p, err = s.keepDeposit(ctx, answer, again); err != nil {
		return reply{}, err
	}
	if over || !again && p.Funding != answer.Envelope.Hash {
		return reply{}, conflict("funding_over", "The payment has ended a moment ago. Do not sign its funding.")
	}
	return s.shown(ctx, http.StatusOK, p)
}

// committedBefore says whether the same deposit was. One with another box is refused: a caller who sent it would
// believe that box to be kept. The box of a payment that has ended is gone, and nothing hangs on it any more. A repeat was
// signed when it came first.
func (s *server) committedBefore(ctx context.Context, p relay.Payment, answer *relay.FundAnswer) (again bool, err error) {
	m := answer.Minted[0]
	err = s.Store.View(ctx, func(tx desk.Tx) error {
		e, err := tx.Envelope(answer.Envelope.Hash)
		if errors.Is(err, relay.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		again = slices.Contains(e.Payments, p.ID) && p.State != relay.Created
		answer.Envelope.SignedAt = e.SignedAt
		if again && p.Funding == e.Hash && p.Proof != (relay.WalletProof{}) {
			answer.Minted[0].Proof = p.Proof
		}
		for i := range m.Ladder {
			m.Ladder[i].SignedAt = e.SignedAt
		}
		if !again || p.Funding != e.Hash || p.State.Ended() {
			return nil
		}
		box, err := tx.Box(p.ID)
		if err == nil && (!bytes.Equal(box, m.Box) || p.BoxMAC != m.BoxMAC) {
			return desk.ErrKeptAlready
		}
		if errors.Is(err, relay.ErrNotFound) { // it came back from an end
			return nil
		}
		return err
	})
	return again, err
}

// planDeposit has a deposit judged, and commits it as planned.
func (s *server) planDeposit(ctx context.Context, p relay.Payment, answer relay.FundAnswer, head relay.Head) error {
	if err := p.Fundable(head); err != nil {
		return err
	}
	facts, _, err := s.Ledger.Look(ctx, relay.Native, p.From)
	if err != nil {
		return err
	}
	wallet := facts[p.From]
	if err := s.walletProven(p, answer.Minted[0].Proof, wallet); err != nil {
		return err
	}
	if err := p.FundingNumber(answer.Envelope.Sequence, wallet, false); err != nil {
		return err
	}
	kept, err := s.Signer.Keep(ctx, relay.KeepIntent{App: p.App, Funded: answer, Judge: true})
	if err != nil {
		return err
	}
	if err := sameBox(kept, answer); err != nil {
		return err
	}
	return s.Desk.CommitFunding(ctx, kept)
}

// walletProven wants the wallet's own word, before anything is asked of the signer or committed.
func (s *server) walletProven(p relay.Payment, proof relay.WalletProof, wallet relay.AccountFacts) error {
	switch {
	case !p.IsMove():
		return stellar.CheckWalletProof(proof, p.From, p.ID, s.cfg.Network, wallet.Signers)
	case proof != (relay.WalletProof{}):
		return invalid("proof_unexpected", "/proof", "a move is proven by the holding account that it empties")
	}
	return nil
}

func sameBox(kept, answer relay.FundAnswer) error {
	if !bytes.Equal(kept.Minted[0].Box, answer.Minted[0].Box) || kept.Minted[0].BoxMAC != answer.Minted[0].BoxMAC {
		return desk.ErrKeptAlready
	}
	return nil
}

// keepDeposit has a committed deposit kept by the signer. When the signer refuses, the plan is taken back, unless another caller has
// had it kept meanwhile; when it does not answer, the worker goes on. That another box is kept is no refusal of the signer's.
func (s *server) keepDeposit(ctx context.Context, answer relay.FundAnswer, again bool) (p relay.Payment, err error) {
	kept, err := s.Signer.Keep(ctx, relay.KeepIntent{App: answer.App, Funded: answer, Late: again})
	if relay.Refuses(err) {
		if _, undone := s.Desk.Refused(ctx, s.Signer, answer); undone != nil {
			return p, undone
		}
	}
	if err == nil {
		p, err = s.Desk.Kept(ctx, kept)
	}
	if err == nil && !again {
		err = sameBox(kept, answer)
	}
	return p, err
}

// minted turns a deposit into the answer that a signer of ours would have given.
func (s *server) minted(p relay.Payment, in wire.DepositRequest, head relay.Head) (relay.FundAnswer, error) {
	box, err := base64.StdEncoding.Strict().DecodeString(in.Box)
	if err != nil {
		return relay.FundAnswer{}, invalid("box_malformed", "/box", "a box is an age file in base64")
	}
	if _, err := seal.Inspect(box); err != nil {
		return relay.FundAnswer{}, invalid("box_malformed", "/box", "this is no box that sender and claimant could open")
	}
	if err := p.CheckFundingFee(relay.Stroops(in.Fee), prices); err != nil {
		return relay.FundAnswer{}, err
	}
	funding, raw, err := s.transaction(in.Funding, "/funding")
	if err != nil {
		return relay.FundAnswer{}, err
	}
	m := relay.Minted{Payment: p.ID, Account: in.HoldingAccount, Amount: p.Amount, Asset: p.Asset, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt,
		Box: box, BoxMAC: strings.ToLower(in.BoxMAC), Route: p.Route, ReturnMemo: p.ReturnMemo, LadderVersion: relay.LadderVersion}
	if in.Proof != nil {
		m.Proof = relay.WalletProof(*in.Proof)
	}
	for i, rung := range in.Ladder {
		e, err := s.rung(p, rung, i, head)
		if err != nil {
			return relay.FundAnswer{}, err
		}
		m.Ladder = append(m.Ladder, e)
	}
	return relay.FundAnswer{App: p.App, Minted: []relay.Minted{m}, Envelope: relay.Envelope{
		Hash: funding.Hash, Kind: relay.FundingEnvelope, State: relay.Planned, Network: s.Desk.Network, Source: funding.Source, Sequence: funding.Sequence,
		SignedAt: head.Sequence, Bound: p.FundBy, MaxTime: p.FundUntil, XDR: raw, Payments: []relay.PaymentID{p.ID}, OwnFee: relay.Stroops(in.Fee),
	}}, nil
}

// rung is the i-th rung of a deposited way back as it will be written down.
func (s *server) rung(p relay.Payment, in wire.ReceiptRung, i int, head relay.Head) (relay.Envelope, error) {
	at := "/ladder/" + strconv.Itoa(i)
	tx, raw, err := s.transaction(in.Envelope, at+"/envelope")
	if err != nil {
		return relay.Envelope{}, err
	}
	ladder := relay.LadderOf(relay.LadderVersion, p.Asset, p.FundBy, p.ReturnTo, p.ReturnMemo, p.Sponsor)
	e := relay.Envelope{Hash: tx.Hash, Kind: relay.ReturnEnvelope, State: ladder.StateOf(in.Rung), Network: s.Desk.Network, Source: tx.Source, Sequence: tx.Sequence,
		SignedAt: head.Sequence, Rung: in.Rung, XDR: raw, Payments: []relay.PaymentID{p.ID}, OwnFee: p.RungFee}
	if in.Hash != tx.Hash || in.LastResort != (ladder.Role(in.Rung) == relay.LastResort) || in.NeedsService != ladder.Cosigned(in.Rung) {
		return e, invalid("rung_differs", at, "number, hash, last_resort and needs_service of a rung are those of its envelope")
	}
	return e, nil
}

func (s *server) transaction(text, pointer string) (stellar.Tx, []byte, error) {
	tx, err := stellar.Decode(text, s.cfg.Network)
	if err != nil {
		return tx, nil, invalid("envelope_malformed", pointer, "this is not a transaction in base64 XDR")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	return tx, raw, err
}

// handedTo reads what a sender's client hands in, and finds the payment that it is for: one that the client funds.
func (s *server) handedTo(c *call, in any) (relay.Payment, error) {
	if err := s.read(c, in); err != nil {
		return relay.Payment{}, err
	}
	p, err := s.own(c)
	if err == nil && p.ByTreasury() {
		err = conflict("funded_by_service", "This payment is funded out of the app's treasury.")
	}
	return p, err
}

// fund takes the funding that the sender's wallet and its other signers have signed. Whether their signatures are enough, the
// ledger says: an account may have any signers. While it has not landed, better signatures may follow.
func (s *server) fund(c *call) (reply, error) {
	var in wire.SubmitRequest
	p, err := s.handedTo(c, &in)
	if err != nil {
		return reply{}, err
	}
	tx, raw, err := s.transaction(in.Envelope, "/envelope")
	if err != nil {
		return reply{}, err
	}
	if p.Funding != tx.Hash {
		return reply{}, invalid("funding_unknown", "/envelope", "this envelope is not the funding that was handed in with the box")
	}
	if _, err := s.Signer.Funding(c.Context(), tx.Hash); err != nil { // way back and box are in its log before anything is handed in
		if errors.Is(err, relay.ErrNotFound) {
			err = conflict("not_kept", "The deposit is not kept yet. Wait for its answer, or deposit the same again.")
		}
		return reply{}, err
	}
	if raw, err = s.signedToFund(c.Context(), p, tx.Hash, raw); err != nil {
		return reply{}, err
	}
	if p, err = s.Desk.SignFunding(c.Context(), p.ID, tx.Hash, raw); err != nil {
		return reply{}, err
	}
	return s.shown(c.Context(), http.StatusAccepted, p)
}

// signedToFund adds what was handed in to what is signed already, by the signers that the accounts have, and keeps exactly what
// the ledger's check consumes. It wants the holding accounts' signatures, and for a wallet one more of its signers at least;
// others of them may sign after that. The service's own is added when it is handed in.
func (s *server) signedToFund(ctx context.Context, p relay.Payment, hash string, raw []byte) ([]byte, error) {
	unsigned := invalid("signature_missing", "/envelope", "the funding is signed by the holding account, by the one it comes from, and by the wallet")
	own := []string{p.Holding} // accounts of one key each, which the client has
	if p.IsMove() {
		own = append(own, p.From)
	}
	if by, err := stellar.SignedBy(base64.StdEncoding.EncodeToString(raw), s.cfg.Network, own...); err != nil || len(by) < len(own) {
		return nil, unsigned
	}
	e, err := s.Desk.Envelope(ctx, hash)
	if err != nil {
		return nil, err
	}
	got, err := s.Ledger.Gather(ctx, e.XDR, raw)
	if err != nil {
		return nil, err
	}
	service, _, err := s.Signer.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	others := signatures(raw) > len(own)
	for _, m := range got.Missing {
		if !p.MayLack(m.Account, service, others) {
			return nil, unsigned
		}
	}
	return got.XDR, nil
}

// signatures counts those of an envelope.
func signatures(raw []byte) int {
	var env xdr.TransactionEnvelope
	if xdr.SafeUnmarshal(raw, &env) != nil {
		return 0
	}
	return len(env.Signatures())
}
