package desk_test

import (
	"errors"
	"testing"

	"github.com/restante/restante/relay"
)

// What one payment cannot take in of a ledger stops that payment, by the hash of what it was, and nothing else: the ledger is taken in
// for all others, with the cursor.
func TestALedgerIsTakenInForAllOthers(t *testing.T) {
	for name, c := range map[string]struct {
		version int // of the first one's way back
		tx      func(p relay.Payment, rung string) relay.PageTransaction
	}{
		"a rung that its way back does not have": {
			99,
			func(_ relay.Payment, rung string) relay.PageTransaction { return landed(rung, nil) },
		},
		"an end that a rule about its row refuses": {
			relay.LadderVersion,
			func(p relay.Payment, _ string) relay.PageTransaction {
				x := landed("another's", map[string]string{p.Holding: ""})
				x.Touched = []string{p.Holding}
				return x
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			p, q := r.create(nil), r.create(nil)
			a := r.answer(relay.Signed, p)
			a.Minted[0].LadderVersion = c.version
			r.ok(r.CommitFunding(t.Context(), a))
			r.ledger(landed(a.Envelope.Hash, nil))
			b := r.answer(relay.Signed, q)
			r.ok(r.CommitFunding(t.Context(), b))
			row := r.is(p.ID, relay.Pending, "")
			r.seq++
			bad, good := c.tx(row, a.Minted[0].Ladder[len(a.Minted[0].Ladder)-1].Hash), landed(b.Envelope.Hash, nil)
			bad.Ledger, good.Ledger = r.seq, r.seq
			page := relay.LedgerPage{Head: r.head(), Previous: hashOf(r.seq - 1), Transactions: []relay.PageTransaction{bad, good}}
			err := r.Witness(t.Context(), page)
			said := relay.Contradictions(err)
			if len(said) != 1 || said[0].Scope != relay.HaltPayment || said[0].Payments[0] != p.ID || said[0].Hash != bad.Hash {
				t.Fatalf("it says %v: %+v", err, said)
			}
			r.is(p.ID, relay.Pending, "")
			r.is(q.ID, relay.Pending, "")
			if seq, err := r.Cursor(t.Context()); err != nil || seq != r.seq {
				t.Errorf("the cursor is at %d of %d, %v", seq, r.seq, err)
			}
			r.ledger() // and goes on
			halts, err := r.Halts(t.Context())
			if err != nil || len(halts) != 1 || halts[0].Payment != p.ID {
				t.Errorf("%+v %v", halts, err)
			}
		})
	}
}

// A client's holding account is one payment's alone, also of one that is over: what lands in it can be of one row only.
func TestAHoldingAccountIsOnePayments(t *testing.T) {
	r := newFixture(t)
	p, q, canceled := r.create(own), r.create(own), r.create(own)
	a := r.answer(relay.Planned, p)
	r.ok(r.CommitFunding(t.Context(), a))
	_, err := r.Apply(t.Context(), canceled.ID, relay.CancelAsked{})
	r.ok(err)
	for name, other := range map[string]relay.Payment{"another payment": q, "one that is over": canceled} {
		b := r.answer(relay.Planned, other)
		b.Minted[0].Account = a.Minted[0].Account
		for i := range b.Minted[0].Ladder {
			b.Minted[0].Ladder[i].Source = a.Minted[0].Account
		}
		r.code(name, r.CommitFunding(t.Context(), b), "holding_known")
		if _, err := r.Envelope(t.Context(), b.Envelope.Hash); !errors.Is(err, relay.ErrNotFound) {
			t.Errorf("%s: it is written down: %v", name, err)
		}
	}
}
