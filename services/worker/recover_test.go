package worker_test

import (
	"context"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// forgotten has the payments funded by a worker whose database was lost right after: the funding is in the signer's log
// and on the ledger, and not in the database.
func (w *fixture) forgotten(f *forgetful, ps ...relay.Payment) relay.FundAnswer {
	w.Helper()
	f.lose = 1
	w.work(relay.DoFund)
	answer, err := w.signer.Fund(w.Context(), w.intent(ps[0])) // it stands
	if err != nil || len(answer.Minted) != len(ps) {
		w.Fatalf("%d payments in the funding, %v", len(answer.Minted), err)
	}
	outer, err := w.signer.Bump(w.Context(), answer.Envelope.Hash, answer.Envelope.XDR, 20_000)
	if err != nil {
		w.Fatal(err)
	}
	w.does(text(outer))
	w.watch()
	return answer
}

// A funding that landed and that the database has forgotten is taken in again; a second look changes nothing.
func TestForgottenFunding(t *testing.T) {
	f := &forgetful{}
	w := newFixture(t, f.in(plan{}))
	a, b := w.open(w.apps[0], nil), w.open(w.apps[0], nil)
	answer := w.forgotten(f, a, b)
	w.is(a.ID, relay.Created, "")
	for range 2 {
		if err := w.w.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, p := range []relay.Payment{a, b} {
			if got := w.is(p.ID, relay.Pending, ""); got.Holding != answer.Minted[i].Account {
				t.Errorf("the money is looked for at %s", got.Holding)
			}
		}
	}
	w.apply(a.ID, relay.CancelAsked{})
	w.until(a.ID, relay.Returned)
	w.round(bound + 2)
	w.is(b.ID, relay.Pending, "")
	w.wantHas("the treasury", w.apps[0].Treasury, full-b.Amount)
}

// The database says that no money moved, the ledger that it did: a person has to look.
func TestForgottenFundingOfACanceledPayment(t *testing.T) {
	f := &forgetful{}
	w := newFixture(t, f.in(plan{}))
	a, b := w.open(w.apps[0], nil), w.open(w.apps[0], nil)
	w.forgotten(f, a, b)
	w.apply(b.ID, relay.CancelAsked{})
	if err := w.w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.halted() == "" {
		t.Error("nothing stops")
	}
	w.is(b.ID, relay.Canceled, relay.ByCancel)
}

// What was signed and may still land is handed in as if it had just been committed, before anything may cancel it.
func TestForgottenFundingThatDidNotLand(t *testing.T) {
	f := &forgetful{lose: 1}
	w := newFixture(t, f.in(plan{}))
	p := w.open(w.apps[0], nil)
	w.work(relay.DoFund)
	if err := w.w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.is(p.ID, relay.Funding, "")
	w.until(p.ID, relay.Pending)
	if n := len(w.fundings(p.ID)); n != 1 {
		t.Errorf("%d fundings", n)
	}
	w.wantHas("the treasury", w.apps[0].Treasury, full-p.Amount)
}

// Past its bound it is left alone: the payment is funded anew.
func TestForgottenFundingThatCannotLand(t *testing.T) {
	f := &forgetful{lose: 1}
	w := newFixture(t, f.in(plan{}))
	p := w.open(w.apps[0], nil)
	w.work(relay.DoFund)
	w.close(bound + 2)
	if err := w.w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.is(p.ID, relay.Created, "")
	w.until(p.ID, relay.Pending)
	w.wantHas("the treasury", w.apps[0].Treasury, full-p.Amount)
}

// misled is a signer whose endpoint is on another chain: its log says that every funding is dead.
type misled struct{ desk.Signer }

func (m misled) Fundings(ctx context.Context) ([]relay.FundingFate, error) {
	fates, err := m.Signer.Fundings(ctx)
	for i := range fates {
		fates[i].Dead = true
	}
	return fates, err
}

// TestTheSignerIsMisled has the signer say of a funding that it is dead. Where our own ledger shows that it landed, the payment has its
// money and is stopped, whether the database knows of the funding or was restored; it is never funded again.
func TestTheSignerIsMisled(t *testing.T) {
	for name, c := range map[string]struct {
		forgets, lands bool
		state          relay.State
		halted         bool
	}{
		"known, and it landed":      {false, true, relay.Pending, true},
		"known, and it is dead":     {false, false, relay.Created, false},
		"forgotten, and it landed":  {true, true, relay.Pending, true},
		"forgotten, and it is dead": {true, false, relay.Created, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, d := &forgetful{}, &door{submit: dropped}
			p := d.through(f.in(plan{}))
			hand := p.signersHand
			p.signersHand = func(s desk.Signer) desk.Signer { return misled{hand(s)} }
			w := newFixture(t, p)
			a := w.open(w.apps[0], nil)
			if f.lose = 0; c.forgets {
				f.lose = 1
			}
			w.work(relay.DoFund)
			answer, err := w.signer.Fund(t.Context(), w.intent(a)) // it stands
			if err != nil {
				t.Fatal(err)
			}
			if c.lands {
				outer, err := w.signer.Bump(t.Context(), answer.Envelope.Hash, answer.Envelope.XDR, 20_000)
				if err != nil {
					t.Fatal(err)
				}
				w.does(text(outer))
			}
			for w.head().Sequence < answer.Envelope.Bound+2 {
				w.close(1)
			}
			if err := w.w.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.is(a.ID, c.state, "")
			if halted := w.halted() != ""; halted != c.halted {
				t.Errorf("halted: %q", w.halted())
			}
		})
	}
}
