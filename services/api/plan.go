package api

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

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
	if !strkey.IsValidEd25519PublicKey(in.Destination) || in.Destination == c.payment.Holding {
		return reply{}, invalid("destination_malformed", "/destination", "a destination is the address of an account of yours, G…")
	}
	intent, head, err := s.claimIntent(c.Context(), c.payment, in)
	if err != nil {
		return reply{}, err
	}
	e, err := s.planned(c.Context(), intent, head)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: wire.Plan{
		Envelope: base64.StdEncoding.EncodeToString(e.XDR), Hash: e.Hash, NewAccount: e.NewAccount, Sequence: e.Sequence,
		MaxLedger: e.Bound + 1, ExpiresAt: relay.Seconds(e.MaxTime).Time(),
	}}, nil
}

// planned is a plan for the intent: one that was made before and still has time, so that patient retries do not use up the
// plans that the signer makes for a payment, or a new one, written down.
func (s *server) planned(ctx context.Context, intent relay.ClaimIntent, head relay.Head) (relay.Envelope, error) {
	all, err := s.Desk.EnvelopesOf(ctx, intent.Payment)
	if err != nil {
		return relay.Envelope{}, err
	}
	for _, e := range all {
		if e.Kind == relay.ClaimEnvelope && e.State == relay.Planned && e.Source == intent.Holding && e.Sequence == intent.Sequence &&
			e.Destination == intent.Destination && e.NewAccount && intent.NewAccount && // an existing account may want another memo
			e.Bound > head.Sequence+planLedgers/2 && e.MaxTime > head.CloseTime+planSeconds/2 {
			return e, nil
		}
	}
	e, err := s.Signer.Claim(ctx, intent)
	if err != nil {
		return e, err
	}
	return e, s.Desk.Plan(ctx, e, head)
}

// claimIntent looks at the ledger for what the claim needs. What cannot be claimed now is refused before anything is
// signed; the Desk decides again when the plan is written down.
func (s *server) claimIntent(ctx context.Context, p relay.Payment, in wire.PlanRequest) (relay.ClaimIntent, relay.Head, error) {
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return relay.ClaimIntent{}, head, err
	}
	// Step is pure: it says what would become of a claim that were submitted now.
	if _, _, err := relay.Step(p, relay.ClaimSubmitted{Hash: "planned", Destination: in.Destination, At: head}, s.now()); err != nil {
		return relay.ClaimIntent{}, head, err
	}
	intent := relay.ClaimIntent{
		Payment: p.ID, Holding: p.Holding, Destination: in.Destination, Memo: in.Memo, SignedAt: head.Sequence, Bound: head.Sequence + planLedgers,
		// The last close time before the expiry, in whole seconds.
		MaxTime: min(head.CloseTime+planSeconds, int64((p.ExpiresAt-1)/1_000_000)),
	}
	if intent.MaxTime <= head.CloseTime {
		return intent, head, relay.NewFault(relay.Conflict, "expired", "The time to claim this payment has run out.", nil)
	}
	if intent.NewAccount, err = s.isNew(ctx, in); err != nil {
		return intent, head, err
	}
	at, err := s.Ledger.Sequence(ctx, p.Holding)
	if relay.CodeOf(err) == relay.ErrNotFound.Code {
		return intent, head, relay.NewFault(relay.Conflict, "holding_absent", "The money has left its holding account a moment ago.", nil)
	}
	intent.Sequence = at + 1
	return intent, head, err
}

// isNew says whether the destination has to be made, and refuses one that wants a memo and gets none (SEP-29).
func (s *server) isNew(ctx context.Context, in wire.PlanRequest) (bool, error) {
	_, err := s.Ledger.Sequence(ctx, in.Destination)
	if relay.CodeOf(err) == relay.ErrNotFound.Code {
		if in.Memo != "" {
			return false, invalid("memo_unexpected", "/memo", "an account that is made by the claim takes no memo")
		}
		return true, nil
	}
	memos, ok := s.Ledger.(Memos)
	if err != nil || !ok || in.Memo != "" {
		return false, err
	}
	required, err := memos.MemoRequired(ctx, in.Destination)
	if err == nil && required {
		err = invalid("memo_required", "/memo", "this account asks for a memo on everything it receives; without it the money would be lost")
	}
	return false, err
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
	tx, err := stellar.Decode(in.Envelope, s.cfg.Network)
	if err != nil {
		return reply{}, invalid("envelope_malformed", "/envelope", "this is not a signed transaction in base64 XDR")
	}
	e, err := s.Desk.Envelope(c.Context(), tx.Hash)
	if err != nil && relay.CodeOf(err) != relay.ErrNotFound.Code {
		return reply{}, err
	}
	if err != nil || e.Kind != relay.ClaimEnvelope || !slices.Contains(e.Payments, c.payment.ID) {
		return reply{}, invalid("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
	}
	complete, err := s.complete(e, in.Envelope)
	if err != nil {
		return reply{}, err
	}
	head, err := s.Ledger.Head(c.Context())
	if err != nil {
		return reply{}, err
	}
	p, err := s.Desk.SubmitClaim(c.Context(), c.payment.ID, e.Hash, complete, head)
	if err != nil {
		return reply{}, err
	}
	return s.view(c, http.StatusAccepted, p)
}

// complete adds the claimant's signatures to the envelope as it was planned. Each must be there and fit: a claim that
// cannot land would only hold the payment up. Whatever else was attached is left out, for the network refuses signatures
// that it did not need.
func (s *server) complete(e relay.Envelope, given string) ([]byte, error) {
	needed := []string{e.Source}
	if e.NewAccount {
		needed = append(needed, e.Destination)
	}
	text := base64.StdEncoding.EncodeToString(e.XDR)
	have, err := stellar.SignedBy(text, s.cfg.Network, needed...)
	if err != nil {
		return nil, err
	}
	for _, account := range needed {
		if slices.Contains(have, account) {
			continue // the same plan, handed in before
		}
		if text, err = s.addSignature(text, given, account); err != nil {
			return nil, missing(account, e)
		}
	}
	return base64.StdEncoding.DecodeString(text)
}

// addSignature takes account's signature over from given. Others may carry the same hint, which is four bytes of a key;
// only one that fits attaches.
func (s *server) addSignature(text, given, account string) (string, error) {
	err := errNoSignature
	for _, sig := range signaturesOf(given, account) {
		var next string
		if next, err = stellar.AttachSignatures(text, s.cfg.Network, sig); err == nil {
			return next, nil
		}
	}
	return "", err
}

var errNoSignature = errors.New("api: no signature with the hint of the account")

func missing(account string, e relay.Envelope) error {
	whose := "the holding account"
	if account == e.Destination {
		whose = "the new account"
	}
	return invalid("signature_missing", "/envelope", "the signature of "+whose+" is missing or does not fit")
}

// signaturesOf lists the signatures of an envelope that carry the hint of an account's key.
func signaturesOf(text, account string) (out []stellar.Signature) {
	var env xdr.TransactionEnvelope
	key, err := keypair.ParseAddress(account)
	if err != nil || xdr.SafeUnmarshalBase64(text, &env) != nil {
		return nil
	}
	for _, sig := range env.Signatures() {
		if sig.Hint == xdr.SignatureHint(key.Hint()) {
			out = append(out, stellar.Signature{Account: account, Bytes: sig.Signature})
		}
	}
	return out
}
