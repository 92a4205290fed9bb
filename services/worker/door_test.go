package worker_test

import (
	"context"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// door is a ledger whose answers a test may take over, one method at a time.
type door struct {
	desk.Ledger
	submit  func(envelope []byte) (answer relay.Answer, done bool)
	sight   func(hash string) (seen *relay.Sighting, done bool, err error)
	verdict func(e relay.Envelope) (v relay.Verdict, done bool, err error)
	head    func() (h relay.Head, done bool)
	page    func(seq uint32) (p *relay.LedgerPage, done bool)
	facts   func() (all map[string]relay.HoldingFacts, done bool)
	sent    map[string]int // submissions by inner hash
	bumps   []string       // inner hashes in the order of submission
}

// through makes a plan whose worker looks at the ledger through d.
func (d *door) through(p plan) plan {
	d.sent = map[string]int{}
	p.ledger = func(l desk.Ledger) desk.Ledger { d.Ledger = l; return d }
	return p
}

func (d *door) Submit(ctx context.Context, envelope []byte) (relay.Answer, error) {
	inner, _, err := stellar.Hashes(text(envelope), passphrase)
	if err != nil {
		return relay.Answer{}, err
	}
	d.sent[inner]++
	d.bumps = append(d.bumps, inner)
	if d.submit != nil {
		if a, done := d.submit(envelope); done {
			return a, nil
		}
	}
	return d.Ledger.Submit(ctx, envelope)
}

func (d *door) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	if d.sight != nil {
		if s, done, err := d.sight(hash); done {
			return s, err
		}
	}
	return d.Ledger.Sight(ctx, hash)
}

func (d *door) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	if d.verdict != nil {
		if v, done, err := d.verdict(e); done {
			return v, nil, err
		}
	}
	return d.Ledger.Verdict(ctx, e)
}

func (d *door) Head(ctx context.Context) (relay.Head, error) {
	if d.head != nil {
		if h, done := d.head(); done {
			return h, nil
		}
	}
	return d.Ledger.Head(ctx)
}

func (d *door) Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error) {
	if d.page != nil {
		if p, done := d.page(seq); done {
			return p, nil
		}
	}
	return d.Ledger.Page(ctx, seq)
}

func (d *door) Holdings(ctx context.Context, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error) {
	if d.facts != nil {
		if f, done := d.facts(); done {
			return f, nil
		}
	}
	return d.Ledger.Holdings(ctx, asked...)
}

// dropped and lost are the two ways in which a submission fails without saying so.
func dropped([]byte) (relay.Answer, bool) { return relay.Answer{Word: "unknown"}, true }

func (d *door) lost(envelope []byte) (relay.Answer, bool) {
	_, _ = d.Ledger.Submit(context.Background(), envelope)
	return relay.Answer{Word: "unknown"}, true
}
