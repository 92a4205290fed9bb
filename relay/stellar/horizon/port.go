package horizon

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// Port is the domain's ledger ([relay.Ledger]) on Horizon. It translates and judges; asking is the Client's.
type Port struct {
	*Client
	Sponsor string        // account that keeps the reserves of holding accounts
	MaxBid  relay.Stroops // most to bid per operation; 0 = 1,000,000 stroops
}

var _ desk.Ledger = (*Port)(nil)

// port turns this package's failures into the domain's. A pause that the server asked for becomes the fault's RetryAt.
func port(err error) error {
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrGap):
		return relay.ErrGap
	}
	f := relay.NewFault(relay.Unavailable, "ledger_unavailable", "The ledger does not answer just now.", err)
	var limited *Limited
	if errors.As(err, &limited) {
		f.RetryAt = relay.Micros(time.Now().Add(limited.Pause).UnixMicro())
	}
	return f
}

// Head is the newest ledger.
func (p *Port) Head(ctx context.Context) (relay.Head, error) {
	h, err := p.latest(ctx)
	if err != nil {
		return relay.Head{}, port(err)
	}
	return relay.Head{Sequence: h.Sequence, CloseTime: h.CloseTime, Hash: h.Hash}, nil
}

// Submit hands an outer envelope in.
func (p *Port) Submit(ctx context.Context, envelope []byte) (relay.Answer, error) {
	a := p.Client.Submit(ctx, base64.StdEncoding.EncodeToString(envelope))
	return relay.Answer{Word: a.Word, Code: a.Code, Why: stellar.RefusalOf(a.Code), Later: a.Busy}, ctx.Err()
}

// Sight looks an envelope up by its inner hash.
func (p *Port) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	l, _, err := p.Transaction(ctx, hash)
	if err != nil || l == nil {
		return nil, port(err)
	}
	return p.sighting(l)
}

func (p *Port) sighting(l *Lookup) (*relay.Sighting, error) {
	s, err := p.view().Sighting(l.EnvelopeXDR, l.ResultXDR, l.Ledger)
	if err != nil {
		return nil, port(nonsense("transaction %s: %v", l.Outer, err))
	}
	return &s, nil
}

// Verdict gathers the evidence about an envelope and judges it.
//
// Contradicted is said only with the transaction at hand that used the number. Whether that was one of ours, the caller
// knows; a stranger who signs with a channel's key must come out here however well he is visible.
func (p *Port) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	tx, err := p.view().DecodeEnvelope(e)
	if err != nil {
		return relay.Inconclusive, nil, err
	}
	ev, found, err := p.Evidence(ctx, tx, e.SignedAt)
	if err != nil {
		return relay.Inconclusive, nil, port(err)
	}
	if found != nil {
		seen, err := p.sighting(found)
		return relay.Inconclusive, seen, err
	}
	dead, why := stellar.CannotLand(tx, ev)
	if dead {
		return relay.CannotLand, nil, nil
	}
	if !errors.Is(why, stellar.ErrContradiction) {
		return relay.Inconclusive, nil, nil
	}
	by, err := p.UsedBy(ctx, tx, e.SignedAt)
	switch {
	case err != nil || by == nil:
		return relay.Inconclusive, nil, port(err)
	case by.Inner == tx.Hash:
		seen, err := p.sighting(by)
		return relay.Inconclusive, seen, err
	}
	return relay.Contradicted, nil, nil
}

// Sequence is an account's sequence number.
func (p *Port) Sequence(ctx context.Context, account string) (int64, error) {
	a, _, err := p.Account(ctx, account)
	switch {
	case err != nil:
		return 0, port(err)
	case a == nil:
		return 0, relay.ErrNotFound
	}
	return a.Sequence, nil
}

// Look is what the ledger says of accounts, and of one asset in them, after one ledger.
func (p *Port) Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	return p.asked().Look(ctx, asset, accounts...)
}

// Holdings looks at holding accounts. Each is judged by itself, account and trustline from one answer, so they need not all
// be of one ledger.
func (p *Port) Holdings(ctx context.Context, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error) {
	ids, lines := p.view().HoldingsNeeds(asked...)
	s, err := newSnapshot(ids, lines)
	for _, id := range ids {
		if _, twice := s.Accounts[id]; err == nil && !twice {
			_, err = p.readInto(ctx, s, id)
		}
	}
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

// Page is the closed ledger seq; nil when it has not closed yet.
func (p *Port) Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error) {
	l, err := p.Ledger(ctx, seq)
	if err != nil || l == nil {
		return nil, port(err)
	}
	out := &relay.LedgerPage{Head: relay.Head{Sequence: l.Sequence, CloseTime: l.CloseTime, Hash: l.Hash}, Previous: l.Previous}
	for _, t := range l.Txs {
		touched, err := stellar.Touched(t.EnvelopeXDR, p.passphrase)
		if err != nil {
			return nil, port(nonsense("ledger %d: %v", seq, err))
		}
		seen, err := p.sighting(&t)
		if err != nil {
			return nil, err
		}
		out.Transactions = append(out.Transactions, p.view().Seen(*seen, touched))
	}
	return out, nil
}

// FeeBid is what to bid per operation: what nine in ten paid of late, at least the network's minimum, at most MaxBid.
func (p *Port) FeeBid(ctx context.Context) (relay.Stroops, error) {
	f, err := p.FeeStats(ctx)
	if err != nil {
		return 0, port(err)
	}
	return stellar.Bid(f.P90, p.MaxBid), nil
}
