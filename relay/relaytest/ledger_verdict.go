package relaytest

import (
	"errors"
	"reflect"

	"github.com/restante/restante/relay"
)

func verdictByLedger(b *ledgerFixture) {
	f := b.funding(1)
	for at := b.head().Sequence; at <= f.Bound; at = b.Truth.Close(b.T) {
		b.verdict("before it is past its bound", f.Envelope, relay.Inconclusive)
	}
	b.verdict("past its bound", f.Envelope, relay.CannotLand)
	unsigned := f.Envelope
	unsigned.SignedAt = 0
	b.verdict("signed at an unknown ledger", unsigned, relay.Inconclusive)
	// The network agrees.
	b.submit(f.outer, "refused", "tx_too_late")
}

func verdictByTime(b *ledgerFixture) {
	f := b.funding(1)
	b.Advance(b.T, 20_000)
	b.verdict("before a ledger says so", f.Envelope, relay.Inconclusive)
	b.Truth.Close(b.T)
	b.Truth.Close(b.T)
	if h := b.head(); h.Sequence > f.Bound || h.CloseTime <= f.MaxTime {
		b.Fatalf("head %+v, bound %d, %d", h, f.Bound, f.MaxTime)
	}
	b.verdict("past its time, within its ledgers", f.Envelope, relay.CannotLand)
}

func verdictLanded(b *ledgerFixture) {
	f := b.funded(1)
	want := b.sight(f.Envelope.Hash)
	for range 2 {
		v, seen, err := b.Verdict(b.Context(), f.Envelope)
		if err != nil || v != relay.Inconclusive || seen == nil || !reflect.DeepEqual(*seen, *want) {
			b.Errorf("verdict %d, seen %+v, %v, want %+v", v, seen, err, want)
		}
		b.until(f.Bound + 2)
	}
}

func verdictNumberUsed(b *ledgerFixture) {
	f := b.funding(1)
	b.CloseWith(b.T, b.byHand("channel", f.Envelope.Sequence, 100, pay("sender", "1")))
	b.verdict("its number used, its bound not passed", f.Envelope, relay.Inconclusive)
	b.until(f.Bound + 1)
	b.verdict("its number used by another", f.Envelope, relay.Contradicted)
}

func verdictBeaten(b *ledgerFixture) {
	f := b.funded(1)
	b.until(f.Bound)
	c := b.claim(0, "ana", true, noMemo)
	l := b.ladder(f, 0, "sender")
	b.CloseWith(b.T, l.out[l.rungs[0].Hash].outer)
	b.verdict("its account gone, its bound not passed", c.Envelope, relay.Inconclusive)
	b.until(c.Bound + 1)
	b.verdict("its account merged away by another", c.Envelope, relay.Contradicted)
}

func verdictReturn(b *ledgerFixture) {
	f := b.funded(1)
	b.until(f.Bound + 3)
	l := b.ladder(f, 0, "absent")
	b.verdict("a rung whose number is free", l.rungs[0], relay.Inconclusive)
	b.CloseWith(b.T, l.out[l.rungs[1].Hash].outer) // fails, and takes the numbers below along
	b.Truth.Close(b.T)
	b.verdict("a rung below a spent one", l.rungs[0], relay.Contradicted)
	b.verdict("a rung above a spent one", l.rungs[2], relay.Inconclusive)
	if v, seen, err := b.Verdict(b.Context(), l.rungs[1]); err != nil || v != relay.Inconclusive || seen == nil || seen.Success {
		b.Errorf("a spent rung: verdict %d, seen %+v, %v", v, seen, err)
	}
}

func verdictGap(b *ledgerFixture) {
	f := b.funding(1)
	b.until(f.SignedAt + b.Retention() + 5)
	b.verdict("with history that begins after it was signed", f.Envelope, relay.Inconclusive)
}

func verdictMismatch(b *ledgerFixture) {
	f, other := b.funding(1), b.funding(2)
	e := f.Envelope
	e.XDR = other.Envelope.XDR
	if v, seen, err := b.Verdict(b.Context(), e); v != relay.Inconclusive || seen != nil || !errors.Is(err, relay.ErrContradiction) {
		b.Errorf("an envelope under another's hash: %d %+v %v", v, seen, err)
	}
	e.XDR = []byte("no envelope")
	if v, seen, err := b.Verdict(b.Context(), e); v != relay.Inconclusive || seen != nil || err == nil {
		b.Errorf("no envelope: %d %+v %v", v, seen, err)
	}
}

func verdictLagging(b *ledgerFixture) {
	f := b.funding(1)
	b.SetMode(b.T, Frozen)
	b.CloseWith(b.T, f.outer)
	for at := uint32(0); at <= f.Bound+1; at = b.Truth.Close(b.T) {
	}
	if h := b.head(); h.Sequence > f.Bound {
		b.Fatalf("the source does not lag: %+v", h)
	}
	b.verdict("from a source that has not come so far", f.Envelope, relay.Inconclusive)
	b.SetMode(b.T, Honest)
	if _, seen, err := b.Verdict(b.Context(), f.Envelope); err != nil || seen == nil || !seen.Success {
		b.Errorf("from one that has: %+v %v", seen, err)
	}
}

// verdictTorn asks two servers behind one name, of which one lags, whichever of the first questions each of them gets. What
// landed may not be called dead, nor is it a contradiction that one of them does not know it.
func verdictTorn(b *ledgerFixture) {
	b.funded(2)
	landed, failed := b.claim(0, "sender", false, noMemo), b.claim(1, "absent", false, noMemo)
	b.SetMode(b.T, Frozen)
	b.CloseWith(b.T, landed.outer, failed.outer)
	for at := uint32(0); at <= landed.Bound+5; at = b.Truth.Close(b.T) {
	}
	for lagging := range 1 << 7 {
		for _, e := range []relay.Envelope{landed.Envelope, failed.Envelope} {
			b.Mix(b.T, func(question int) bool { return lagging>>question&1 == 1 })
			v, seen, err := b.Verdict(b.Context(), e)
			if err != nil {
				b.unavailable("verdict", err)
			}
			if v != relay.Inconclusive || seen != nil && seen.Hash != e.Hash {
				b.Fatalf("questions %b lag: verdict %d, seen %+v", lagging, v, seen)
			}
		}
	}
}

func verdictForeign(b *ledgerFixture) {
	f := b.funding(1)
	b.CloseWith(b.T, f.outer)
	b.until(f.Bound + 2)
	b.SetMode(b.T, Foreign)
	v, seen, err := b.Verdict(b.Context(), f.Envelope)
	if v != relay.Inconclusive || seen != nil {
		b.Errorf("verdict %d, seen %+v", v, seen)
	}
	b.unavailable("verdict", err)
}
