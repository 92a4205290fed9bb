package worker_test

import (
	"database/sql"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// The rules of evidence: upon what an envelope is taken for dead, and upon what it is not.

// TestOvertaken judges a claim past its bound that was not seen although its number is used up. It is dead once an envelope of ours
// with at least its number was seen in a ledger, or once every ledger in which it could have landed was watched: from the one in
// which it was signed to its bound, both included. Nothing less will do.
func TestOvertaken(t *testing.T) {
	type other struct {
		state  relay.EnvelopeState
		number int64 // beside the claim's
		source string
	}
	none := int64(1 << 40)
	for name, c := range map[string]struct {
		others []other
		missed int64 // the ledger nobody watched, beside the one that the claim was signed in; before 0, beside its bound plus one
		end    bool  // missed counts from the bound
		dead   bool
	}{
		"all was watched":                         {nil, none, false, true},
		"the ledger before it was missed":         {nil, -1, false, true},
		"the ledger it was signed in was missed":  {nil, 0, false, false},
		"the first it could land in was missed":   {nil, 1, false, false},
		"one between was missed":                  {nil, 2, false, false},
		"the last but one was missed":             {nil, -1, true, false},
		"the last it could land in was missed":    {nil, 0, true, false},
		"the ledger after its bound was missed":   {nil, 1, true, true},
		"missed, and a lower number failed":       {[]other{{relay.Spent, -1, ""}}, 2, false, false},
		"missed, and its own number failed":       {[]other{{relay.Spent, 0, ""}}, 2, false, true},
		"missed, and a higher number failed":      {[]other{{relay.Spent, 1, ""}}, 2, false, true},
		"missed, and a lower number landed":       {[]other{{relay.Landed, -1, ""}}, 2, false, false},
		"missed, and its own number landed":       {[]other{{relay.Landed, 0, ""}}, 2, false, true},
		"missed, and a higher number landed":      {[]other{{relay.Landed, 7, ""}}, 2, false, true},
		"missed, and its own number may land":     {[]other{{relay.Signed, 0, ""}}, 2, false, false},
		"missed, and its own number is planned":   {[]other{{relay.Planned, 0, ""}}, 2, false, false},
		"missed, and its own number is dead":      {[]other{{relay.Dead, 0, ""}}, 2, false, false},
		"missed, and another's number landed":     {[]other{{relay.Landed, 0, "G"}}, 2, false, false},
		"missed, a lower landed, a higher may":    {[]other{{relay.Spent, -1, ""}, {relay.Signed, 1, ""}}, 2, false, false},
		"missed, a lower landed, a higher landed": {[]other{{relay.Spent, -1, ""}, {relay.Spent, 1, ""}}, 2, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := &door{}
			w := newTown(t, d.through(plan{}))
			p := w.pending()
			w.round(1)
			d.submit = dropped
			e := w.claim(p, keypair.MustRandom(), 5)
			d.verdict = func(x relay.Envelope) (relay.Verdict, bool, error) { return relay.Contradicted, x.Hash == e.Hash, nil }
			for w.head().Sequence < e.Bound+2 {
				w.close(1)
			}
			w.watch()
			for i, o := range c.others {
				x := e
				x.Hash, x.State, x.Sequence, x.Version = e.Hash[:60]+"000"+string(rune('0'+i)), o.state, e.Sequence+o.number, 0
				if o.source != "" {
					x.Source = keypair.MustRandom().Address()
				}
				if o.state == relay.Landed || o.state == relay.Spent {
					x.Tx, x.Ledger = x.Hash, e.SignedAt+1
				}
				w.insert(x)
			}
			if c.missed != none {
				seq := int64(e.SignedAt) + c.missed
				if c.end {
					seq = int64(e.Bound) + c.missed
				}
				w.forget(uint32(seq))
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
			w := newTown(t, d.through(plan{}))
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

// TestEvident judges a funding past its bound of which nothing can be proven. Only where the history of it is gone, a holding account
// that is as we made it says that all of it landed.
func TestEvident(t *testing.T) {
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
			w := newTown(t, d.through(plan{retention: 12}))
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

func (w *town) envelope(hash string) relay.Envelope {
	w.Helper()
	e, err := w.desk.Envelope(w.Context(), hash)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

func (w *town) insert(e relay.Envelope) {
	w.Helper()
	if err := w.store.UpdateMany(w.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.InsertEnvelope(e) }); err != nil {
		w.Fatal(err)
	}
}

// forget has the database not know a ledger, as if a watcher had never been there.
func (w *town) forget(seq uint32) {
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
