package access

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// Port is the domain's ledger on one Source. It is safe for concurrent use.
type Port struct {
	Source  Source
	Sponsor string        // account that keeps the reserves of holding accounts
	MaxBid  relay.Stroops // most to bid per operation; 0 = 1,000,000 stroops
}

var _ desk.Ledger = (*Port)(nil)

func (p *Port) view() stellar.View {
	return stellar.View{Passphrase: p.Source.Network(), Sponsor: p.Sponsor}
}

// Head is the newest ledger.
func (p *Port) Head(ctx context.Context) (relay.Head, error) {
	h, err := p.Source.Latest(ctx)
	return h, fault(err)
}

// Submit hands an outer envelope in.
func (p *Port) Submit(ctx context.Context, envelope []byte) (relay.Answer, error) {
	return p.Source.Submit(ctx, base64.StdEncoding.EncodeToString(envelope)), ctx.Err()
}

// Sight looks an envelope up by its inner hash.
func (p *Port) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	t, err := p.Source.Transaction(ctx, hash)
	if err != nil || t == nil {
		return nil, fault(err)
	}
	return p.sighting(*t)
}

func (p *Port) sighting(t Transaction) (*relay.Sighting, error) {
	s, err := p.view().Sighting(t.EnvelopeXDR, t.ResultXDR, t.Ledger)
	if err != nil {
		return nil, fault(Nonsense("transaction %s: %v", t.Outer, err))
	}
	return &s, nil
}

// Verdict gathers the evidence about an envelope and judges it.
//
// Contradicted does not say who used a number that the envelope should have used. Whether that was one of ours, the caller
// knows; a transaction of another holder of a channel's key must come out as [relay.Contradicted] however well it is visible.
func (p *Port) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	tx, err := p.view().DecodeEnvelope(e)
	if err != nil {
		return relay.Inconclusive, nil, err
	}
	ev, found, err := p.Source.Evidence(ctx, tx, e.SignedAt)
	if err != nil {
		return relay.Inconclusive, nil, fault(err)
	}
	if found != nil {
		seen, err := p.sighting(*found)
		return relay.Inconclusive, seen, err
	}
	dead, why := stellar.CannotLand(tx, ev)
	if dead {
		return relay.CannotLand, nil, nil
	}
	if !errors.Is(why, stellar.ErrContradiction) {
		return relay.Inconclusive, nil, nil
	}
	certain, found, err := p.Source.Contradicts(ctx, tx, e.SignedAt)
	switch {
	case err != nil:
		return relay.Inconclusive, nil, fault(err)
	case found != nil:
		seen, err := p.sighting(*found)
		return relay.Inconclusive, seen, err
	case !certain:
		return relay.Inconclusive, nil, nil
	}
	return relay.Contradicted, nil, nil
}

// Sequence is an account's sequence number.
func (p *Port) Sequence(ctx context.Context, account string) (int64, error) {
	s, err := p.Source.Each(ctx, []string{account}, nil)
	switch {
	case err != nil:
		return 0, fault(err)
	case s.Accounts[account] == nil:
		return 0, relay.ErrNotFound
	}
	return s.Accounts[account].Sequence, nil
}

// Look is what the ledger says of accounts, and of one asset in them, after one ledger.
func (p *Port) Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	ids, lines := p.view().LookNeeds(asset, accounts...)
	s, err := p.Source.Snapshot(ctx, ids, lines)
	if err != nil {
		return nil, relay.AssetFacts{}, fault(err)
	}
	return p.view().Look(s, asset, accounts...)
}

// Balance looks at one claimable balance.
func (p *Port) Balance(ctx context.Context, id string) (relay.BalanceFacts, error) {
	b, err := p.Source.Balance(ctx, id)
	return b, fault(err)
}

// Holdings looks at holding accounts. Each is judged by itself, account and trustline from one answer, so they need not all be
// of one ledger.
func (p *Port) Holdings(ctx context.Context, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error) {
	ids, lines := p.view().HoldingsNeeds(asked...)
	s, err := p.Source.Each(ctx, ids, lines)
	if err != nil {
		return nil, fault(err)
	}
	return p.view().Holdings(s, asked...)
}

// Advise dry-runs a ladder.
func (p *Port) Advise(ctx context.Context, pay relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	ids, lines := p.view().AdviceNeeds(pay, ladder)
	s, err := p.Source.Snapshot(ctx, ids, lines)
	if err != nil {
		return relay.RungAdvice{}, fault(err)
	}
	return p.view().Advice(s, pay, ladder)
}

// Rehearse dry-runs a claim, with the memo that its envelope carries.
func (p *Port) Rehearse(ctx context.Context, e relay.Envelope) (string, error) {
	ids, lines := p.view().RehearsalNeeds(e)
	s, err := p.Source.Snapshot(ctx, ids, lines)
	if err != nil {
		return "", fault(err)
	}
	return p.view().Rehearsal(s, e)
}

// Gather completes an envelope with signatures out of others of the same transaction. Signatures on another transaction are the
// fault "envelope_differs" (Invalid).
func (p *Port) Gather(ctx context.Context, envelope []byte, given ...[]byte) (relay.Gathered, error) {
	tx, err := stellar.Decode(base64.StdEncoding.EncodeToString(envelope), p.Source.Network())
	if err != nil {
		return relay.Gathered{}, err
	}
	s, err := p.Source.Snapshot(ctx, tx.Signers, nil)
	if err != nil {
		return relay.Gathered{}, fault(err)
	}
	out, err := p.view().Gather(s, envelope, given...)
	if errors.Is(err, stellar.ErrOtherEnvelope) {
		err = relay.NewFault(relay.Invalid, "envelope_differs", "This is not the envelope that was planned.", err)
	}
	return out, err
}

// Page is the closed ledger seq; nil when it has not closed yet.
func (p *Port) Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error) {
	l, err := p.Source.Closed(ctx, seq)
	if err != nil || l == nil {
		return nil, fault(err)
	}
	out := &relay.LedgerPage{Head: l.Head, Previous: l.Previous}
	for _, t := range l.Txs {
		touched, err := stellar.Touched(t.EnvelopeXDR)
		if err != nil {
			return nil, fault(Nonsense("ledger %d: %v", seq, err))
		}
		seen, err := p.sighting(t)
		if err != nil {
			return nil, err
		}
		out.Transactions = append(out.Transactions, p.view().Seen(*seen, touched))
	}
	return out, nil
}

// FeeBid is what to bid per operation: what nine in ten paid of late, at least the network's minimum, at most MaxBid.
func (p *Port) FeeBid(ctx context.Context) (relay.Stroops, error) {
	f, err := p.Source.FeeStats(ctx)
	if err != nil {
		return 0, fault(err)
	}
	most := cmp.Or(p.MaxBid, 1_000_000)
	return min(max(f.P90, stellar.MinBaseFee), most), nil
}
