package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// How long a planned claim may land: long enough to sign it at leisure, short enough that a return is not held up.
const (
	planLedgers = 60
	planSeconds = 300
)

// proven checks the proof in the header Restante-Proof.
func (s *server) proven(c *call) error {
	return s.Desk.CheckProof(c.Context(), c.payment, hashOf(c.Header.Get("Restante-Proof")))
}

// plan builds a claim into the destination for the claimant to check and sign.
func (s *server) plan(c *call) (reply, error) {
	var in wire.PlanRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	if err := s.proven(c); err != nil {
		return reply{}, err
	}
	account, err := stellar.BaseAccount(in.Destination)
	held := false
	if err == nil {
		if held, err = s.Desk.Holds(c.Context(), account); err != nil {
			return reply{}, err
		}
	}
	if err != nil || held || account == c.payment.Holding {
		return reply{}, invalid("destination_malformed", "/destination", "a destination is the address of an account of yours: G…, or M… of one that exists")
	}
	signed := func() ([]relay.Envelope, error) { return s.Desk.EnvelopesOf(c.Context(), c.payment.ID) }
	if err := s.crowd.refuses(c.payment, in.Destination, s.now(), signed); err != nil {
		s.hold(c.Context())
		return reply{}, err
	}
	intent, head, err := s.claimIntent(c.Context(), c.payment, in, account)
	if err != nil {
		return reply{}, err
	}
	e, err := s.planned(c.Context(), c.payment, intent, head)
	if err == nil {
		err = s.Desk.Plan(c.Context(), e, head, hashOf(c.Header.Get("Restante-Proof")))
	}
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: wire.Plan{
		Envelope: base64.StdEncoding.EncodeToString(e.XDR), Hash: e.Hash, NewAccount: e.NewAccount, NewLine: e.NewLine, Fee: int64(e.OwnFee),
		Sequence: e.Sequence, MaxLedger: e.Bound + 1, ExpiresAt: relay.Seconds(e.MaxTime).Time(),
		LedgerTime: relay.Seconds(head.CloseTime).Time(),
	}}, nil
}

// planned is a plan for the intent: one that was made before and still has time, so that a client that asks again and again does
// not use up the plans that may be live at a time, or a new one, not yet written down.
func (s *server) planned(ctx context.Context, p relay.Payment, intent relay.ClaimIntent, head relay.Head) (relay.Envelope, error) {
	all, err := s.Desk.EnvelopesOf(ctx, intent.Payment)
	if err != nil {
		return relay.Envelope{}, err
	}
	for _, e := range all {
		if e.Kind == relay.ClaimEnvelope && e.State == relay.Planned && e.Source == intent.Holding && e.Sequence == intent.Sequence &&
			e.Destination == intent.Destination && e.NewAccount == intent.NewAccount && e.NewLine == intent.NewLine &&
			e.Bound > head.Sequence+planLedgers/2 && e.MaxTime > min(head.CloseTime+planSeconds/2, intent.MaxTime-1) && stellar.CarriesMemo(e.XDR, intent.Memo) {
			return unsigned(e)
		}
	}
	plan := s.Signer.Claim
	if p.FromWallet() { // the purse pays: there is nothing for the signer to sign, and nothing that it could count
		if _, err := p.Ladder().AllowPlan(intent.Sequence, countedPlans(all, head), p.ID, head, relay.PlanLimits{Payment: relay.MostPlans}); err != nil {
			return relay.Envelope{}, err
		}
		plan = func(ctx context.Context, in relay.ClaimIntent) (relay.Envelope, error) { return s.ownClaim(ctx, p, in) }
	}
	e, err := plan(ctx, intent)
	return e, s.crowd.note(p, head, s.now(), err)
}

// unsigned is a plan without what signers of an account that exists have signed so far: the caller signs it anew.
func unsigned(e relay.Envelope) (relay.Envelope, error) {
	if e.NewAccount {
		return e, nil // the sponsor has signed, and nothing is collected
	}
	raw, err := stellar.WithoutSignatures(e.XDR)
	e.XDR = raw
	return e, err
}

// ownClaim plans a claim whose fee, and whose new account, the holding account pays out of its purse.
func (s *server) ownClaim(ctx context.Context, p relay.Payment, in relay.ClaimIntent) (relay.Envelope, error) {
	bid, err := s.Ledger.FeeBid(ctx)
	if err != nil {
		return relay.Envelope{}, err
	}
	fee := p.PurseClaimBid(bid, prices)
	keeper := p.Sponsor
	if in.NewAccount {
		keeper = "" // she gets what is left, too
	}
	memo, err := stellar.MemoOf(in.Memo)
	if err != nil {
		return relay.Envelope{}, invalid("memo_malformed", "/memo", "this memo cannot be attached")
	}
	tx, err := stellar.BuildClaim(stellar.ClaimPlan{
		Passphrase: s.cfg.Network, Holding: p.Holding, Destination: in.Destination, Asset: p.Asset, Amount: p.Amount, NewAccount: in.NewAccount,
		NewLine: in.NewLine, Keeper: keeper, Sequence: in.Sequence, MaxTime: in.MaxTime, LastLedger: in.Bound, Fee: uint32(fee), Memo: memo,
	})
	if err != nil {
		return relay.Envelope{}, relay.NewFault(relay.Invalid, "claim_refused", "This claim cannot be built.", err)
	}
	raw, err := base64.StdEncoding.DecodeString(tx.XDR)
	return relay.Envelope{
		Hash: tx.Hash, Kind: relay.ClaimEnvelope, State: relay.Planned, Network: s.Desk.Network, Source: p.Holding, Sequence: in.Sequence,
		SignedAt: in.SignedAt, Bound: in.Bound, MaxTime: in.MaxTime, XDR: raw, Payments: []relay.PaymentID{p.ID}, Destination: in.Destination,
		NewAccount: in.NewAccount, NewLine: in.NewLine, Asset: p.Asset, Amount: p.Amount, OwnFee: fee,
	}, err
}

// claimIntent looks at the ledger for what the claim needs. What cannot be claimed now is refused before anything is
// signed; the Desk decides again when the plan is written down.
func (s *server) claimIntent(ctx context.Context, p relay.Payment, in wire.PlanRequest, account string) (relay.ClaimIntent, relay.Head, error) {
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return relay.ClaimIntent{}, head, err
	}
	// Step is pure: it says what would become of a claim that were submitted now.
	if _, _, err := relay.Step(p, relay.ClaimSubmitted{Hash: "planned", Destination: in.Destination, At: head}, s.now()); err != nil {
		return relay.ClaimIntent{}, head, err
	}
	memo, err := relay.ParseMemo(in.MemoType, in.Memo)
	if err != nil {
		return relay.ClaimIntent{}, head, err
	}
	intent := relay.ClaimIntent{
		Payment: p.ID, Holding: p.Holding, Destination: in.Destination, NewLine: in.NewLine, Memo: memo, SignedAt: head.Sequence,
		Bound: head.Sequence + planLedgers,
		// The last close time before the expiry, in whole seconds.
		MaxTime: min(head.CloseTime+planSeconds, int64((p.ExpiresAt-1)/1_000_000)),
	}
	if intent.MaxTime <= head.CloseTime {
		return intent, head, relay.NewFault(relay.Conflict, "expired", "The time to claim this payment has run out.", nil)
	}
	facts, asset, err := s.Ledger.Look(ctx, p.Asset, account, p.Holding)
	if err != nil {
		return intent, head, err
	}
	if !facts[p.Holding].Exists {
		return intent, head, relay.NewFault(relay.Conflict, "holding_absent", "The money has left its holding account a moment ago.", nil)
	}
	intent.Sequence, intent.NewAccount = facts[p.Holding].Sequence+1, !facts[account].Exists
	if intent.NewAccount && !p.FromWallet() {
		free, err := s.sponsorFree(ctx)
		if err == nil {
			err = p.ClaimHeld(free, prices)
		}
		if err != nil {
			return intent, head, err
		}
	}
	to := relay.Destination{Address: in.Destination, Account: account, Memo: memo, NewLine: in.NewLine}
	return intent, head, p.Receives(to, facts[account], asset, prices)
}

// submit takes a plan that the claimant signed.
func (s *server) submit(c *call) (reply, error) {
	var in wire.SubmitRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	if err := s.proven(c); err != nil {
		return reply{}, err
	}
	p, _, err := s.handIn(c, in.Envelope)
	if err != nil {
		return reply{}, err
	}
	return s.view(c, http.StatusAccepted, p)
}

// planOf finds the plan of the call's payment that an envelope is.
func (s *server) planOf(c *call, text string) (relay.Envelope, error) {
	tx, err := stellar.Decode(text, s.cfg.Network)
	if err != nil {
		return relay.Envelope{}, invalid("envelope_malformed", "/envelope", "this is not a signed transaction in base64 XDR")
	}
	e, err := s.Desk.Envelope(c.Context(), tx.Hash)
	if err != nil && !errors.Is(err, relay.ErrNotFound) {
		return e, err
	}
	if err != nil || e.Kind != relay.ClaimEnvelope || !slices.Contains(e.Payments, c.payment.ID) {
		return e, invalid("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
	}
	return e, nil
}

// missing says whose signatures an envelope still wants. A claim that cannot land would only hold the payment up.
func missing(short []relay.Shortfall, e relay.Envelope) error {
	whose := "the account that receives"
	if short[0].Account == e.Source {
		whose = "the holding account"
	}
	if short[0].Need > 1 {
		return invalid("signature_missing", "/envelope", fmt.Sprintf("the signatures of %s weigh %d of %d; signers of it are missing, or theirs do not fit",
			whose, short[0].Have, short[0].Need))
	}
	return invalid("signature_missing", "/envelope", "the signature of "+whose+" is missing or does not fit")
}
