package relaytest

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
)

// questions are all that the port answers, but for submissions.
func (b *ledgerFixture) questions(f fundingRow) map[string]func(context.Context) error {
	l, c := b.ladder(f, 0, "sender"), b.claim(0, "sender", false, noMemo)
	h := b.head().Sequence
	return map[string]func(context.Context) error{
		"head":  func(ctx context.Context) error { _, err := b.Head(ctx); return err },
		"sight": func(ctx context.Context) error { _, err := b.Sight(ctx, f.Envelope.Hash); return err },
		"verdict": func(ctx context.Context) error {
			v, seen, err := b.Verdict(ctx, f.Envelope)
			if v != relay.Inconclusive || seen != nil {
				b.Errorf("verdict %d, seen %+v, with %v", v, seen, err)
			}
			return err
		},
		"sequence": func(ctx context.Context) error { _, err := b.Sequence(ctx, LedgerAccount("sender")); return err },
		"look": func(ctx context.Context) error {
			facts, asset, err := b.Look(ctx, "USD:"+LedgerAccount("sponsor"), LedgerAccount("sender"))
			if err != nil && (len(facts) > 0 || asset != relay.AssetFacts{}) {
				b.Errorf("facts %+v, %+v, with %v", facts, asset, err)
			}
			return err
		},
		"holdings": func(ctx context.Context) error {
			facts, err := b.Holdings(ctx, relay.HoldingQuery{Account: LedgerAccount("h0"), Asset: relay.Native})
			if err != nil && len(facts) > 0 {
				b.Errorf("facts %+v, with %v", facts, err)
			}
			return err
		},
		"balance": func(ctx context.Context) error {
			facts, err := b.Balance(ctx, "00000000"+f.Envelope.Hash)
			if facts != (relay.BalanceFacts{}) {
				b.Errorf("balance %+v, with %v", facts, err)
			}
			return err
		},
		"advise":   func(ctx context.Context) error { _, err := b.Advise(ctx, l.Payment, l.rungs); return err },
		"rehearse": func(ctx context.Context) error { _, err := b.Rehearse(ctx, c.Envelope); return err },
		"page": func(ctx context.Context) error {
			p, err := b.Page(ctx, h)
			if errors.Is(err, relay.ErrGap) || p != nil {
				b.Errorf("page %+v, with %v", p, err)
			}
			return err
		},
		"fee bid": func(ctx context.Context) error { _, err := b.FeeBid(ctx); return err },
	}
}

func failingSource(b *ledgerFixture) {
	f := b.funded(1)
	ask := b.questions(f)
	for _, m := range []Mode{Lost, Cut, Busy, Limited, TimedOut, Refusing, Nowhere, Website, Empty, Nonsense} {
		b.SetMode(b.T, m)
		for what, do := range ask {
			b.unavailable(what+", "+string(m), do(b.Context()))
		}
	}
	b.SetMode(b.T, Honest)
	for what, do := range ask {
		if what == "verdict" || what == "page" {
			continue // they have something to say now
		}
		if err := do(b.Context()); err != nil {
			b.Errorf("%s, honest again: %v", what, err)
		}
	}
}

func contexts(b *ledgerFixture) {
	f := b.funded(1)
	ask := b.questions(f)
	ask["submit"] = func(ctx context.Context) error { _, err := b.Submit(ctx, raw(f.outer)); return err }
	for what, do := range ask {
		if err := do(canceled()); !errors.Is(err, context.Canceled) {
			b.Errorf("%s, canceled before: %v", what, err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		b.Hang(b.T, cancel)
		if err := do(ctx); !errors.Is(err, context.Canceled) {
			b.Errorf("%s, canceled while it waits: %v", what, err)
		}
		b.SetMode(b.T, Honest)
	}
}
