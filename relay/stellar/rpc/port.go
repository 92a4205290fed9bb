package rpc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
)

// Port is the domain's ledger ([relay.Ledger]) on Stellar RPC. It translates and judges; asking is the Client's. It is safe
// for concurrent use and must not be copied once it is used.
type Port struct {
	*Client
	Sponsor string        // account that keeps the reserves of holding accounts
	MaxBid  relay.Stroops // most to bid per operation; 0 = 1,000,000 stroops

	ahead ahead
}

var _ desk.Ledger = (*Port)(nil)

// port turns this package's failures into the domain's.
func port(err error) error {
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrGap):
		return relay.ErrGap
	}
	return relay.NewFault(relay.Unavailable, "ledger_unavailable", "The ledger does not answer just now.", err)
}

// Head is the newest ledger.
func (p *Port) Head(ctx context.Context) (relay.Head, error) {
	h, err := p.Latest(ctx)
	return relay.Head{Sequence: h.Sequence, CloseTime: h.CloseTime, Hash: h.Hash}, port(err)
}

// Submit hands an outer envelope in.
func (p *Port) Submit(ctx context.Context, envelope []byte) (relay.Answer, error) {
	a := p.Client.Submit(ctx, base64.StdEncoding.EncodeToString(envelope))
	busy := a.Word == TryLater || a.Code == "tx_insufficient_fee" // a higher bid would get through
	return relay.Answer{Word: a.Word, Code: a.Code, Why: stellar.RefusalOf(a.Code), Later: busy}, ctx.Err()
}

// Sight looks an envelope up by its inner hash.
func (p *Port) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	l, err := p.Transaction(ctx, hash)
	if err != nil || !l.Found {
		return nil, port(err)
	}
	s, err := p.view().Sighting(l.EnvelopeXDR, l.ResultXDR, l.Ledger)
	if err != nil {
		return nil, port(nonsense("%v", err))
	}
	return &s, nil
}

// Verdict gathers the evidence about an envelope and judges it.
//
// Who used a number that the envelope should have used is not looked for: whether that was one of ours, the caller knows,
// and a stranger who signs with a channel's key must come out as [relay.Contradicted] however well he is visible.
func (p *Port) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	tx, err := p.view().DecodeEnvelope(e)
	if err != nil {
		return relay.Inconclusive, nil, err
	}
	ev, err := p.Evidence(ctx, tx, e.SignedAt)
	if err == nil {
		err = p.sameNetwork(ctx)
	}
	if err != nil {
		return relay.Inconclusive, nil, port(err)
	}
	dead, why := stellar.CannotLand(tx, ev)
	switch {
	case dead:
		return relay.CannotLand, nil, nil
	case errors.Is(why, stellar.ErrLanded):
		seen, err := p.Sight(ctx, e.Hash)
		return relay.Inconclusive, seen, err
	case errors.Is(why, stellar.ErrContradiction):
		return relay.Contradicted, nil, nil
	}
	return relay.Inconclusive, nil, nil
}

// sameNetwork asks again what Dial asked, after the evidence: an address that was pointed at another network since, or a test
// network that began anew under another name, must not testify.
func (p *Port) sameNetwork(ctx context.Context) error {
	var r protocol.GetNetworkResponse
	if err := p.call(ctx, protocol.GetNetworkMethodName, nil, &r, smallBody); err != nil {
		return err
	}
	if r.Passphrase != p.passphrase {
		return fmt.Errorf("%w: %s serves %q by now, configured is %q", ErrWrongNetwork, p.host, r.Passphrase, p.passphrase)
	}
	return nil
}

// Sequence is an account's sequence number.
func (p *Port) Sequence(ctx context.Context, account string) (int64, error) {
	s, err := p.Accounts(ctx, account)
	switch {
	case err != nil:
		return 0, port(err)
	case s.Accounts[account] == nil:
		return 0, relay.ErrNotFound
	}
	return s.Accounts[account].Sequence, nil
}

// Look is what the ledger says of accounts, and of one asset in them, after one ledger.
func (p *Port) Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	return p.asked().Look(ctx, asset, accounts...)
}

// Holdings looks at holding accounts.
func (p *Port) Holdings(ctx context.Context, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error) {
	ids, lines := p.view().HoldingsNeeds(asked...)
	s, err := p.Snapshot(ctx, ids, lines)
	if err != nil {
		return nil, port(err)
	}
	return p.view().Holdings(s, asked...)
}

// Advise dry-runs a ladder.
func (p *Port) Advise(ctx context.Context, pay relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	return p.asked().Advise(ctx, pay, ladder)
}

// Rehearse dry-runs a claim, with the memo that its envelope carries.
func (p *Port) Rehearse(ctx context.Context, e relay.Envelope) (string, error) {
	return p.asked().Rehearse(ctx, e)
}

// Gather completes an envelope with signatures out of others of the same transaction.
func (p *Port) Gather(ctx context.Context, envelope []byte, given ...[]byte) (relay.Gathered, error) {
	return p.asked().Gather(ctx, envelope, given...)
}

func (p *Port) asked() stellar.Asked {
	return stellar.Asked{View: p.view(), Ledger: p.Client, Fault: port}
}

func (p *Port) view() stellar.View { return stellar.View{Passphrase: p.passphrase, Sponsor: p.Sponsor} }

// FeeBid is what to bid per operation: what nine in ten paid of late, at least the network's minimum, at most MaxBid.
func (p *Port) FeeBid(ctx context.Context) (relay.Stroops, error) {
	f, err := p.FeeStats(ctx)
	if err != nil {
		return 0, port(err)
	}
	return stellar.Bid(f.P90, p.MaxBid), nil
}
