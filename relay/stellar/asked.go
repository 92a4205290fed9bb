package stellar

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/restante/restante/relay"
)

// Accounts reads accounts and trustlines of one ledger.
type Accounts interface {
	Accounts(ctx context.Context, ids ...string) (Snapshot, error)
	Snapshot(ctx context.Context, accounts []string, lines []LineID) (Snapshot, error)
}

// Asked answers, of [relay.Ledger], what every way to a ledger answers alike: what it needs is read, and the View judges it.
type Asked struct {
	View   View
	Ledger Accounts
	Fault  func(error) error // a failure of Ledger as the domain's
}

// Look is [relay.Ledger]'s.
func (a Asked) Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	ids, lines := a.View.LookNeeds(asset, accounts...)
	s, err := a.Ledger.Snapshot(ctx, ids, lines)
	if err != nil {
		return nil, relay.AssetFacts{}, a.Fault(err)
	}
	return a.View.Look(s, asset, accounts...)
}

// Advise is [relay.Ledger]'s.
func (a Asked) Advise(ctx context.Context, pay relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	ids, lines := a.View.AdviceNeeds(pay, ladder)
	s, err := a.Ledger.Snapshot(ctx, ids, lines)
	if err != nil {
		return relay.RungAdvice{}, a.Fault(err)
	}
	return a.View.Advice(s, pay, ladder)
}

// Rehearse is [relay.Ledger]'s.
func (a Asked) Rehearse(ctx context.Context, e relay.Envelope) (string, error) {
	ids, lines := a.View.RehearsalNeeds(e)
	s, err := a.Ledger.Snapshot(ctx, ids, lines)
	if err != nil {
		return "", a.Fault(err)
	}
	return a.View.Rehearsal(s, e)
}

// Gather is [relay.Ledger]'s. Signatures on another transaction are the fault "envelope_differs" (Invalid).
func (a Asked) Gather(ctx context.Context, envelope []byte, given ...[]byte) (relay.Gathered, error) {
	tx, err := Decode(base64.StdEncoding.EncodeToString(envelope), a.View.Passphrase)
	if err != nil {
		return relay.Gathered{}, err
	}
	s, err := a.Ledger.Accounts(ctx, tx.Signers...)
	if err != nil {
		return relay.Gathered{}, a.Fault(err)
	}
	out, err := a.View.Gather(s, envelope, given...)
	if errors.Is(err, ErrOtherEnvelope) {
		err = relay.NewFault(relay.Invalid, "envelope_differs", "This is not the envelope that was planned.", err)
	}
	return out, err
}
