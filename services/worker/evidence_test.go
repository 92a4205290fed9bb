package worker_test

import (
	"database/sql"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// What the worker does upon the evidence; what proves what is held to tables beside [relay.Judge].

// TestNumberUsed: a claim past its bound that was not seen although its number is used up. An envelope of ours that has the number,
// or having watched every ledger in which it could have landed, proves it dead.
func TestNumberUsed(t *testing.T) {
	for name, c := range map[string]struct {
		other  relay.EnvelopeState // of another envelope of its number; "" = there is none
		missed bool                // a ledger in which it could have landed was not watched
		dead   bool
	}{
		"all was watched":                     {"", false, true},
		"one was missed":                      {"", true, false},
		"missed, and its own number failed":   {relay.Spent, true, true},
		"missed, and its own number may land": {relay.Signed, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := &door{}
			w := newFixture(t, d.through(plan{}))
			p := w.pending()
			w.round(1)
			d.submit = dropped
			e := w.claim(p, keypair.MustRandom(), 5)
			d.verdict = func(x relay.Envelope) (relay.Verdict, bool, error) { return relay.Contradicted, x.Hash == e.Hash, nil }
			for w.head().Sequence < e.Bound+2 {
				w.close(1)
			}
			w.watch()
			if c.other != "" {
				x := e
				x.Hash, x.State, x.Version = e.Hash[:60]+"0000", c.other, 0
				if c.other == relay.Spent {
					x.Tx, x.Ledger = x.Hash, e.SignedAt+1
				}
				w.insert(x)
			}
			if c.missed {
				w.forget(e.SignedAt + 2)
			}
			w.work(relay.DoSubmit)
			got, want := w.envelope(e.Hash).State, relay.Signed
			state := relay.Claiming
			if c.dead {
				want, state = relay.Dead, relay.Pending
			}
			if got != want {
				t.Errorf("the claim is %s, not %s\n%s", got, want, w.story(p.ID))
			}
			w.is(p.ID, state, "")
		})
	}
}

// TestJudge judges fundings and claims at their bound and past it, upon each answer that a source may give.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		claim   bool
		past    int // ledgers past the bound
		verdict relay.Verdict
		err     error
		state   relay.EnvelopeState
		halted  bool
	}{
		"a funding before its bound":                  {false, -1, relay.CannotLand, nil, relay.Signed, false},
		"a claim before its bound":                    {true, -1, relay.CannotLand, nil, relay.Signed, false},
		"a funding that cannot land":                  {false, 2, relay.CannotLand, nil, relay.Dead, false},
		"a claim that cannot land":                    {true, 2, relay.CannotLand, nil, relay.Dead, false},
		"a funding, and the source does not answer":   {false, 2, relay.CannotLand, errAway, relay.Signed, false},
		"a claim, and the source does not answer":     {true, 2, relay.CannotLand, errAway, relay.Signed, false},
		"a funding of which the source has no idea":   {false, 2, relay.Inconclusive, nil, relay.Signed, false},
		"a claim of which the source has no idea":     {true, 2, relay.Inconclusive, nil, relay.Signed, false},
		"a funding whose channel's number is used up": {false, 2, relay.Contradicted, nil, relay.Signed, true},
		"a claim whose number is used up":             {true, 2, relay.Contradicted, nil, relay.Dead, false}, // all was watched
	} {
		t.Run(name, func(t *testing.T) {
			d := &door{}
			w := newFixture(t, d.through(plan{}))
			var p relay.Payment
			var e relay.Envelope
			if d.submit = dropped; c.claim {
				d.submit = nil
				p = w.pending()
				d.submit = dropped
				e = w.claim(p, keypair.MustRandom(), 5)
			} else {
				p = w.until(w.open(w.apps[0], nil).ID, relay.Funding)
				e = w.fundings(p.ID)[0]
			}
			d.verdict = func(x relay.Envelope) (relay.Verdict, bool, error) { return c.verdict, x.Hash == e.Hash, c.err }
			for int64(w.head().Sequence) < int64(e.Bound)+int64(c.past) {
				w.close(1)
			}
			w.watch()
			w.work(relay.DoSubmit)
			if got := w.envelope(e.Hash).State; got != c.state {
				t.Errorf("it is %s, not %s\n%s", got, c.state, w.story(p.ID))
			}
			if halted := w.halted() != ""; halted != c.halted {
				t.Errorf("halted: %q", w.halted())
			}
		})
	}
}

// TestTwoWorkersJudge has another worker prove a funding dead while the ledger is asked about it: the number that the ledger shows as
// used is then that of the next funding, and contradicts nothing.
func TestTwoWorkersJudge(t *testing.T) {
	d := &door{submit: dropped}
	w := newFixture(t, d.through(plan{}))
	p := w.until(w.open(w.apps[0], nil).ID, relay.Funding)
	e := w.fundings(p.ID)[0]
	d.verdict = func(x relay.Envelope) (relay.Verdict, bool, error) {
		if err := w.desk.Died(t.Context(), e.Hash); err != nil {
			t.Error(err)
		}
		return relay.Contradicted, x.Hash == e.Hash, nil
	}
	for w.head().Sequence < e.Bound+2 {
		w.close(1)
	}
	w.watch()
	w.work(relay.DoSubmit)
	if halted := w.halted(); halted != "" {
		t.Errorf("halted: %s\n%s", halted, w.story(p.ID))
	}
	w.is(p.ID, relay.Created, "")
}

// TestAskAccounts: a funding past its bound of which nothing can be proven. Only where the history of it is gone, a holding account
// that is as we made it says that all of it landed.
func TestAskAccounts(t *testing.T) {
	asMade := relay.HoldingFacts{Exists: true, Held: 25 * relay.One}
	for name, c := range map[string]struct {
		gone  bool // its history
		facts relay.HoldingFacts
		state relay.State
	}{
		"its history is there, and the account": {false, asMade, relay.Funding},
		"its history is gone, and no account":   {true, relay.HoldingFacts{}, relay.Funding},
		"an account that is not as we made it":  {true, relay.HoldingFacts{Exists: true, Trouble: relay.KeyTakenOver}, relay.Funding},
		"an account as we made it":              {true, asMade, relay.Pending},
	} {
		t.Run(name, func(t *testing.T) {
			d := &door{submit: dropped}
			w := newFixture(t, d.through(plan{retention: 12}))
			p := w.until(w.open(w.apps[0], nil).ID, relay.Funding)
			e := w.fundings(p.ID)[0]
			d.verdict = func(x relay.Envelope) (relay.Verdict, bool, error) { return relay.Inconclusive, x.Hash == e.Hash, nil }
			d.facts = func() (map[string]relay.HoldingFacts, bool) {
				return map[string]relay.HoldingFacts{p.Holding: c.facts}, true
			}
			w.close(bound + 2)
			if c.gone {
				w.close(14)
			}
			w.work(relay.DoSubmit)
			if got := w.payment(p.ID).State; got != c.state {
				t.Errorf("the payment is %s, not %s\n%s", got, c.state, w.story(p.ID))
			}
			if got := w.envelope(e.Hash); got.State != relay.Signed {
				t.Errorf("the envelope, which was not seen, is %s", got.State)
			}
		})
	}
}

func (w *fixture) envelope(hash string) relay.Envelope {
	w.Helper()
	e, err := w.desk.Envelope(w.Context(), hash)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

func (w *fixture) insert(e relay.Envelope) {
	w.Helper()
	if err := w.store.UpdateMany(w.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.InsertEnvelope(e) }); err != nil {
		w.Fatal(err)
	}
}

// forget has the database not know a ledger, as if a watcher had never been there.
func (w *fixture) forget(seq uint32) {
	w.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.Fatal(err)
	}
	defer db.Close()
	if n, err := db.ExecContext(w.Context(), `DELETE FROM ledgers WHERE sequence = $1`, seq); err != nil {
		w.Fatal(err)
	} else if rows, _ := n.RowsAffected(); rows != 1 {
		w.Fatalf("ledger %d was not remembered", seq)
	}
}
