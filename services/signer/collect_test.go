package signer

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// left is what the signer's ledger shows after the last resort of a payment has landed.
func (r *fixture) left(m relay.Minted) (id string) {
	r.t.Helper()
	id, b, err := stellar.BalanceLeft(m.Ladder[len(m.Ladder)-1].XDR)
	if err != nil {
		r.t.Fatal(err)
	}
	r.view.balances[id] = b
	return id
}

func (r *fixture) collectIntent(m relay.Minted) relay.CollectIntent {
	return relay.CollectIntent{App: r.app, Payment: m.Payment, Sequence: 7, SignedAt: r.view.head.Sequence, Bound: r.view.head.Sequence + 12,
		MaxTime: r.view.head.CloseTime + 300, Bid: 200}
}

// The balance of either ladder is claimed for the treasury, after its trustline is restored where it lacks one; the log has it
// before it leaves, a repeat gets the first, and one with another number waits until that cannot land.
func TestCollect(t *testing.T) {
	for name, c := range map[string]struct {
		old, credit bool
		home        relay.AccountFacts
		operations  int
	}{
		"lumens":                   {false, false, relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: 1 << 60}, 1},
		"credit":                   {false, true, relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: 1 << 60}, 1},
		"credit, no trustline":     {false, true, relay.AccountFacts{Exists: true}, 4},
		"credit, no room":          {false, true, relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: 5}, 4},
		"old ladder":               {true, true, relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: 1 << 60}, 1},
		"old ladder, no trustline": {true, true, relay.AccountFacts{Exists: true}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			asset := relay.Native
			if c.credit {
				asset = r.credit()
			}
			var m relay.Minted
			if c.old {
				m = r.old(asset)
			} else {
				m = r.fund(r.mintOf(asset)).Minted[0]
			}
			id := r.left(m)
			r.view.there[r.home] = c.home
			in, lines := r.collectIntent(m), r.lines()
			a, err := r.s.Collect(t.Context(), in)
			if err != nil || a.Balance != id || r.lines() != lines+1 {
				t.Fatal(a, err, r.lines()-lines)
			}
			used := r.allowance().Used
			r.reopen()
			if got := r.allowance().Used; got != used || c.operations == 4 && used < stellar.BaseReserve {
				t.Errorf("used is %s, after a start %s", used, got)
			}
			in.Sequence++
			if again, err := r.s.Collect(t.Context(), in); err != nil || text(t, again) != text(t, a) {
				t.Errorf("again: %v", err)
			}
			inner, outer, err := stellar.Hashes(base64.StdEncoding.EncodeToString(a.XDR), passphrase)
			if err != nil || inner != a.Hash || outer == inner {
				t.Error(inner, outer, err)
			}
			// It did not land: well past its bound another one is signed, and when the balance is gone that one is answered.
			r.view.head.Sequence += 12 + relay.SourcesApart + 1
			r.view.head.CloseTime += 100
			next := r.collectIntent(m)
			next.Sequence = 8
			b, err := r.s.Collect(t.Context(), next)
			if err != nil || b.Hash == a.Hash || r.lines() != lines+2 {
				t.Error(b.Hash, err)
			}
			delete(r.view.balances, id)
			r.view.head.Sequence += 1000
			if gone, err := r.s.Collect(t.Context(), next); err != nil || gone.Hash != b.Hash {
				t.Error(gone.Hash, err)
			}
		})
	}
}

// Nothing is signed, and nothing written, but for a balance of the log's that the signer's own ledger shows.
func TestCollectRefuses(t *testing.T) {
	r := newFixture(t)
	well := relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: 1 << 60}
	a := r.fund(r.intent(payment(), payment()))
	m, other := a.Minted[0], a.Minted[1]
	r.view.there[r.home] = well
	id := r.left(m)
	left := r.view.balances[id]
	for name, c := range map[string]struct {
		code   string
		change func(in *relay.CollectIntent, b *relay.BalanceFacts, home *relay.AccountFacts)
	}{
		"never seen":       {"foreign_payment", func(in *relay.CollectIntent, _ *relay.BalanceFacts, _ *relay.AccountFacts) { in.Payment = payment() }},
		"another app's":    {"foreign_payment", func(in *relay.CollectIntent, _ *relay.BalanceFacts, _ *relay.AccountFacts) { in.App = "app_other" }},
		"not there":        {"balance_absent", func(_ *relay.CollectIntent, b *relay.BalanceFacts, _ *relay.AccountFacts) { *b = relay.BalanceFacts{} }},
		"another claimant": {"foreign_balance", func(_ *relay.CollectIntent, b *relay.BalanceFacts, _ *relay.AccountFacts) { b.Claimant = r.sponsor }},
		"another amount":   {"foreign_balance", func(_ *relay.CollectIntent, b *relay.BalanceFacts, _ *relay.AccountFacts) { b.Amount++ }},
		"no treasury":      {"cannot_collect", func(_ *relay.CollectIntent, _ *relay.BalanceFacts, h *relay.AccountFacts) { h.Exists = false }},
		"forbidden":        {"cannot_collect", func(_ *relay.CollectIntent, _ *relay.BalanceFacts, h *relay.AccountFacts) { h.Authorized = false }},
		"no number":        {"sequence_out_of_range", func(in *relay.CollectIntent, _ *relay.BalanceFacts, _ *relay.AccountFacts) { in.Sequence = 0 }},
		"no end":           {"bound_past", func(in *relay.CollectIntent, _ *relay.BalanceFacts, _ *relay.AccountFacts) { in.Bound = 0 }},
		"too long":         {"bound_too_far", func(in *relay.CollectIntent, _ *relay.BalanceFacts, _ *relay.AccountFacts) { in.Bound += 2000 }},
	} {
		in, b, home, lines := r.collectIntent(m), left, well, r.lines()
		c.change(&in, &b, &home)
		r.view.balances[id], r.view.there[r.home] = b, home
		if got, err := r.s.Collect(t.Context(), in); relay.CodeOf(err) != c.code || got.XDR != nil || r.lines() != lines {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	r.view.balances[id], r.view.there[r.home] = left, well
	if _, err := r.s.Collect(t.Context(), r.collectIntent(m)); err != nil {
		t.Fatal(err)
	}
	r.left(other) // with the number of the one that could still land
	if _, err := r.s.Collect(t.Context(), r.collectIntent(other)); !errors.Is(err, relay.ErrSequenceTaken) {
		t.Error(err)
	}
}

// What the claim of a balance bids is within the app's budget; beyond it, the money comes home at the network's least fee.
func TestCollectBidsWithinTheBudget(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Apps = map[relay.AppID]Limits{r.app: {Budget: 2*unit + relay.FeeReservePerPayment + 5000}}
	r.open()
	m := r.fund(r.mintOf(relay.Native)).Minted[0]
	r.left(m)
	r.view.there[r.home] = relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: 1 << 60}
	for i, want := range []relay.Stroops{5000, 200} {
		before := r.allowance().Used
		in := r.collectIntent(m)
		in.Bid, in.Sequence = relay.One, in.Sequence+int64(i)
		if _, err := r.s.Collect(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if got := r.allowance().Used - before; got != want {
			t.Errorf("bids %d, want %d", got, want)
		}
		r.view.head.Sequence += 12 + relay.SourcesApart + 1
	}
}

// The reserve of the balance counts back once the claim of it has landed, before or after the way back was settled.
func TestCollectCountsBack(t *testing.T) {
	for _, settledFirst := range []bool{true, false} {
		r := newFixture(t)
		m := r.fund(r.mintOf(relay.Native)).Minted[0]
		last := m.Ladder[len(m.Ladder)-1]
		r.view.advice.Use = last.Hash
		r.bump(last.Hash, nil, 1000)
		r.landed(last.Hash, 1000)
		r.left(m)
		r.view.there[r.home] = relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: 1 << 60}
		if settledFirst {
			r.settles()
		}
		before := r.allowance()
		a, err := r.s.Collect(t.Context(), r.collectIntent(m))
		if err != nil {
			t.Fatal(err)
		}
		r.landed(a.Hash, 400)
		r.settles()
		after := r.allowance()
		if settledFirst && after.Used != before.Used-stellar.BaseReserve+2*200 || after.Locked != 0 || after.Used >= stellar.BaseReserve {
			t.Errorf("settled first %t: used %s, then %s; locked %s", settledFirst, before.Used, after.Used, after.Locked)
		}
		r.reopen()
		if again := r.allowance(); again != after {
			t.Errorf("after a start %+v, not %+v", again, after)
		}
	}
}
