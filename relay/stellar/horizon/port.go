package horizon

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Port is the domain's ledger ([relay.Ledger]) on Horizon. It translates and judges; asking is the Client's.
type Port struct {
	*Client
	Sponsor string        // account that keeps the reserves of holding accounts
	MaxBid  relay.Stroops // most to bid per operation; 0 = 1,000,000 stroops
}

var _ relay.Ledger = (*Port)(nil)

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
	return relay.Answer{Word: a.Word, Code: a.Code, Later: a.Busy}, ctx.Err()
}

// Sight looks an envelope up by its inner hash.
func (p *Port) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	l, _, err := p.Transaction(ctx, hash)
	if err != nil || l == nil {
		return nil, port(err)
	}
	return l.sighting(), nil
}

func (l *Lookup) sighting() *relay.Sighting {
	return &relay.Sighting{Hash: l.Inner, Tx: l.Outer, Ledger: l.Ledger, Success: l.Success, Fee: relay.Stroops(l.Fee), Merged: relay.Stroops(l.Merged)}
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
		return relay.Inconclusive, found.sighting(), nil
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
		return relay.Inconclusive, by.sighting(), nil
	}
	return relay.Contradicted, nil, nil
}

func (p *Port) account(ctx context.Context, id string) (*stellar.Account, uint32, error) {
	a, ledger, err := p.Account(ctx, id)
	if err != nil {
		return nil, 0, port(err)
	}
	if a == nil {
		return nil, 0, relay.ErrNotFound
	}
	return a, ledger, nil
}

// Sequence is an account's sequence number.
func (p *Port) Sequence(ctx context.Context, account string) (int64, error) {
	a, _, err := p.account(ctx, account)
	if err != nil {
		return 0, err
	}
	return a.Sequence, nil
}

// Balance is an account's lumens, and what of it is free to spend.
func (p *Port) Balance(ctx context.Context, account string) (total, free relay.Stroops, err error) {
	a, ledger, err := p.account(ctx, account)
	if err != nil {
		return 0, 0, err
	}
	h, err := p.headerOf(ctx, ledger)
	if err != nil {
		return 0, 0, port(err)
	}
	return relay.Stroops(a.Balance), relay.Stroops(a.Free(h.baseReserve)), nil
}

// MemoRequired says whether the account asks for a memo on what is paid to it (SEP-29).
func (p *Port) MemoRequired(ctx context.Context, account string) (bool, error) {
	a, _, err := p.account(ctx, account)
	if err != nil {
		return false, err
	}
	return a.MemoRequired, nil
}

// Holdings looks at holding accounts; ladder maps each to the number of its lowest rung. Each is judged by itself, so they
// need not be of one ledger.
func (p *Port) Holdings(ctx context.Context, ladder map[string]int64) (map[string]relay.HoldingFacts, error) {
	out := make(map[string]relay.HoldingFacts, len(ladder))
	for id, lowest := range ladder {
		a, _, err := p.Account(ctx, id)
		if err != nil {
			return nil, port(err)
		}
		out[id] = p.view().Facts(a, lowest)
	}
	return out, nil
}

// Advise dry-runs a ladder.
func (p *Port) Advise(ctx context.Context, pay relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	s, err := p.Accounts(ctx, pay.Holding, pay.ReturnTo, p.Sponsor)
	if err != nil {
		return relay.RungAdvice{}, port(err)
	}
	return p.view().Advice(s, pay, ladder)
}

// Rehearse dry-runs a claim, with the memo that its envelope carries.
func (p *Port) Rehearse(ctx context.Context, e relay.Envelope) (string, error) {
	s, err := p.Accounts(ctx, e.Source, e.Destination, p.Sponsor)
	if err != nil {
		return "", port(err)
	}
	return p.view().Rehearsal(s, e)
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
		pt := relay.PageTransaction{Sighting: *t.sighting(), Touched: touched.Accounts, Merges: map[string]string{}}
		if t.Success {
			for _, m := range touched.Merges {
				pt.Merges[m.Source] = m.Destination
			}
		}
		out.Transactions = append(out.Transactions, pt)
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
