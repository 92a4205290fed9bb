package rpc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Port is the domain's ledger ([relay.Ledger]) on Stellar RPC. It translates and judges; asking is the Client's.
type Port struct {
	*Client
	Sponsor string        // account that keeps the reserves of holding accounts
	MaxBid  relay.Stroops // most to bid per operation; 0 = 1,000,000 stroops
}

var _ relay.Ledger = (*Port)(nil)

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
	return relay.Answer{Word: a.Word, Code: a.Code, Later: a.Word == TryLater}, ctx.Err()
}

// Sight looks an envelope up by its inner hash.
func (p *Port) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	l, err := p.Transaction(ctx, hash)
	if err != nil || !l.Found {
		return nil, port(err)
	}
	result, err := stellar.DecodeResult(l.ResultXDR)
	if err != nil {
		return nil, port(nonsense("%v", err))
	}
	return &relay.Sighting{Hash: l.Inner, Tx: l.Outer, Ledger: l.Ledger, Success: l.Success, Fee: relay.Stroops(result.FeePaid)}, nil
}

// Verdict gathers the evidence about an envelope and judges it.
func (p *Port) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	tx, err := stellar.Decode(base64.StdEncoding.EncodeToString(e.XDR), p.passphrase)
	if err != nil {
		return relay.Inconclusive, nil, err
	}
	if tx.Hash != e.Hash {
		return relay.Inconclusive, nil, fmt.Errorf("envelope %s hashes to %s: %w", e.Hash, tx.Hash, relay.ErrContradiction)
	}
	ev, err := p.Evidence(ctx, tx, e.SignedAt)
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

func (p *Port) account(ctx context.Context, id string) (*stellar.Account, stellar.Snapshot, error) {
	s, err := p.Accounts(ctx, id)
	if err != nil {
		return nil, s, port(err)
	}
	if s.Accounts[id] == nil {
		return nil, s, relay.ErrNotFound
	}
	return s.Accounts[id], s, nil
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
	a, s, err := p.account(ctx, account)
	if err != nil {
		return 0, 0, err
	}
	return relay.Stroops(a.Balance), relay.Stroops(a.Free(s.BaseReserve)), nil
}

// MemoRequired says whether the account asks for a memo on what is paid to it (SEP-29).
func (p *Port) MemoRequired(ctx context.Context, account string) (bool, error) {
	a, _, err := p.account(ctx, account)
	if err != nil {
		return false, err
	}
	return a.MemoRequired, nil
}

// Holdings looks at holding accounts; ladder maps each to the number of its lowest rung.
func (p *Port) Holdings(ctx context.Context, ladder map[string]int64) (map[string]relay.HoldingFacts, error) {
	ids := make([]string, 0, len(ladder))
	for id := range ladder {
		ids = append(ids, id)
	}
	s, err := p.Accounts(ctx, ids...)
	if err != nil {
		return nil, port(err)
	}
	out := make(map[string]relay.HoldingFacts, len(ids))
	for id, lowest := range ladder {
		a := s.Accounts[id]
		if a == nil {
			out[id] = relay.HoldingFacts{}
			continue
		}
		f := relay.HoldingFacts{Exists: true, Balance: relay.Stroops(a.Balance)}
		if why := stellar.Takeover(a, stellar.Made{Sponsor: p.Sponsor, Lowest: lowest}); len(why) > 0 {
			f.Trouble, f.Detail = relay.KeyTakenOver, fmt.Sprint(why)
		}
		out[id] = f
	}
	return out, nil
}

// Advise dry-runs a ladder.
func (p *Port) Advise(ctx context.Context, pay relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	s, err := p.Accounts(ctx, pay.Holding, pay.ReturnTo, p.Sponsor)
	if err != nil {
		return relay.RungAdvice{}, port(err)
	}
	plan := stellar.ReturnPlan{Passphrase: p.passphrase, Holding: pay.Holding, ReturnTo: pay.ReturnTo, LastLedger: pay.Bound,
		Sponsor: p.Sponsor, Amount: int64(pay.Amount)}
	byRung, left := map[int]string{}, []int{}
	for _, e := range ladder {
		byRung[e.Rung] = e.Hash
		left = append(left, e.Rung)
	}
	k, why := stellar.Advise(s, plan, left)
	if why == nil {
		return relay.RungAdvice{Use: byRung[k]}, nil
	}
	var refusal *stellar.Refusal
	if !errors.As(why, &refusal) {
		return relay.RungAdvice{}, port(why)
	}
	advice := relay.RungAdvice{Detail: refusal.Error()}
	switch refusal.Reason {
	case stellar.TooEarly, stellar.SequenceTooFar:
		advice.Wait = true
	case stellar.HoldingMissing:
		advice.Reason = relay.HoldingAbsent
	case stellar.SponsorMissing, stellar.SponsorShort:
		advice.Wait = true // the operator fills the sponsor up; the money stays where it is
	case stellar.HasSubEntries, stellar.IsSponsor, stellar.Immutable, stellar.SignersChanged, stellar.SponsorChanged, stellar.HoldingShort:
		advice.Reason = relay.KeyTakenOver
	default:
		advice.Reason = relay.NoWayBack
	}
	return advice, nil
}

// Rehearse dry-runs a claim.
func (p *Port) Rehearse(ctx context.Context, e relay.Envelope) (string, error) {
	s, err := p.Accounts(ctx, e.Source, e.Destination, p.Sponsor)
	if err != nil {
		return "", port(err)
	}
	plan := stellar.ClaimPlan{Passphrase: p.passphrase, Holding: e.Source, Destination: e.Destination, NewAccount: e.NewAccount,
		Sequence: e.Sequence, MaxTime: e.MaxTime, LastLedger: e.Bound}
	if e.NewAccount {
		plan.Sponsor = p.Sponsor
	}
	why := stellar.DryRunClaim(s, plan)
	if refusal := stellar.IsRefusal(why); refusal != "" && refusal != stellar.MemoRequired { // the plan saw to the memo
		return why.Error(), nil
	} else if refusal == "" && why != nil {
		return "", why
	}
	return "", nil
}

// Page is the closed ledger seq; nil when it has not closed yet.
func (p *Port) Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error) {
	page, err := p.Ledgers(ctx, seq, 1)
	if err != nil {
		return nil, port(err)
	}
	if len(page.Ledgers) == 0 {
		return nil, nil
	}
	l := page.Ledgers[0]
	out := &relay.LedgerPage{Head: relay.Head{Sequence: l.Sequence, CloseTime: l.CloseTime, Hash: l.Hash}, Previous: l.Previous}
	for _, t := range l.Txs {
		touched, err := stellar.Touched(t.EnvelopeXDR, p.passphrase)
		if err != nil {
			return nil, port(nonsense("ledger %d: %v", seq, err))
		}
		result, err := stellar.DecodeResult(t.ResultXDR)
		if err != nil {
			return nil, port(nonsense("ledger %d: %v", seq, err))
		}
		s := relay.Sighting{Hash: touched.Inner, Tx: touched.Outer, Ledger: seq, Success: result.Success, Fee: relay.Stroops(result.FeePaid)}
		pt := relay.PageTransaction{Sighting: s, Touched: touched.Accounts, Merges: map[string]string{}}
		if result.Success {
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
	most := p.MaxBid
	if most == 0 {
		most = 1_000_000
	}
	return min(max(relay.Stroops(f.P90), 100), most), nil
}
