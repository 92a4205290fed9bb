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

// planned is a plan for the intent: one that was made before, or a new one, not yet written down.
func (s *server) planned(ctx context.Context, p relay.Payment, intent relay.ClaimIntent, head relay.Head) (relay.Envelope, error) {
	all, err := s.Desk.EnvelopesOf(ctx, intent.Payment)
	if err != nil {
		return relay.Envelope{}, err
	}
	for _, e := range all {
		if intent.Repeats(e, head) && stellar.CarriesMemo(e.XDR, intent.Memo) {
			return unsigned(e)
		}
	}
	if p.FromWallet() {
		if err := p.AllowPurseClaim(intent.Sequence, all, head); err != nil { // first: it costs nothing
			return relay.Envelope{}, err
		}
		return s.purseClaim(ctx, p, intent, head)
	}
	e, err := s.Signer.Claim(ctx, intent)
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

// purseClaim plans a claim that the holding account pays for out of its purse: there is nothing for the signer to sign.
func (s *server) purseClaim(ctx context.Context, p relay.Payment, in relay.ClaimIntent, head relay.Head) (relay.Envelope, error) {
	bid, err := s.Ledger.FeeBid(ctx)
	if err != nil {
		return relay.Envelope{}, err
	}
	e, keeper := p.PurseClaim(in, head, bid, prices)
	memo, err := stellar.MemoOf(in.Memo)
	if err != nil {
		return relay.Envelope{}, invalid("memo_malformed", "/memo", "this memo cannot be attached")
	}
	tx, err := stellar.BuildClaim(stellar.ClaimPlan{
		Passphrase: s.cfg.Network, Holding: e.Source, Destination: e.Destination, Asset: e.Asset, Amount: e.Amount, NewAccount: e.NewAccount,
		NewLine: e.NewLine, Keeper: keeper, Sequence: e.Sequence, MaxTime: e.MaxTime, LastLedger: e.Bound, Fee: uint32(e.OwnFee), Memo: memo,
	})
	if err != nil {
		return relay.Envelope{}, relay.NewFault(relay.Invalid, "claim_refused", "This claim cannot be built.", err)
	}
	e.Network, e.Hash = s.Desk.Network, tx.Hash
	e.XDR, err = base64.StdEncoding.DecodeString(tx.XDR)
	return e, err
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
	facts, asset, err := s.Ledger.Look(ctx, p.Asset, account, p.Holding)
	if err != nil {
		return relay.ClaimIntent{}, head, err
	}
	to := relay.Destination{Address: in.Destination, Account: account, Memo: memo, NewLine: in.NewLine}
	intent, err := p.PlanClaim(to, head, facts[p.Holding], facts[account])
	if err != nil {
		return intent, head, err
	}
	if intent.NewAccount && !p.FromWallet() {
		free, err := s.sponsorFree(ctx)
		if err == nil {
			err = p.ClaimHeld(free, prices)
		}
		if err != nil {
			return intent, head, err
		}
	}
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
