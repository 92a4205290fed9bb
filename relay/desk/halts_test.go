package desk_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// The money of a payment that is stopped is not moved into another one's holding account: not at the deposit, not at the signature,
// and not by handing in what was signed before.
func TestNoMoveOfStoppedMoney(t *testing.T) {
	for step := range 3 {
		r := newFixture(t)
		old := r.create(nil)
		r.funded(old)
		p := r.create(moving(r.is(old.ID, relay.Pending, "")))
		a := r.answer(relay.Planned, p)
		stop := func() {
			_, err := r.Desk.Halt(t.Context(), relay.AboutPayments("doubt", fmt.Errorf("in doubt: %w", relay.ErrContradiction), old.ID))
			r.ok(err)
		}
		if step == 0 {
			stop()
			r.code("the deposit", r.CommitFunding(t.Context(), a), "halted")
			continue
		}
		r.ok(r.CommitFunding(t.Context(), a))
		if step == 1 {
			stop()
		}
		_, err := r.SignFunding(t.Context(), p.ID, a.Envelope.Hash, []byte("whole"))
		if step == 1 {
			r.code("the signature", err, "halted")
			continue
		}
		r.ok(err)
		stop()
		e, err := r.Envelope(t.Context(), a.Envelope.Hash)
		r.ok(err)
		r.code("handing it in", r.MayHandIn(t.Context(), e), "halted")
	}
}

// A funding of several payments landed, and one of them cannot take it in. The envelope stays live, so that it is resolved again once a
// person has mended the row and lifted the halt; the other goes on meanwhile, and says it once only.
func TestAStoppedPaymentIsToldAgain(t *testing.T) {
	r := newFixture(t)
	p, q := r.create(nil), r.create(nil)
	a := r.answer(relay.Signed, p, q)
	r.ok(r.CommitFunding(t.Context(), a))
	spoil := func(funding string) {
		row, err := r.Payment(t.Context(), q.ID)
		r.ok(err)
		row.Funding = funding
		r.update(func(tx desk.Tx) error { return tx.SavePayment(&row) })
	}
	spoil("another")
	r.seq++
	g := landed(a.Envelope.Hash, nil)
	g.Ledger = r.seq
	err := r.Witness(t.Context(), relay.LedgerPage{Head: r.head(), Previous: hashOf(r.seq - 1), Transactions: []relay.PageTransaction{g}})
	if said := relay.Contradictions(err); len(said) != 1 || said[0].Payments[0] != q.ID {
		t.Fatal(err)
	}
	r.is(p.ID, relay.Pending, "")
	r.ok(r.Sighted(t.Context(), g.Sighting)) // no news
	if e, err := r.Envelope(t.Context(), a.Envelope.Hash); err != nil || !e.Live() {
		t.Fatalf("the envelope is %s, %v", e.State, err)
	}
	spoil(a.Envelope.Hash)
	_, err = r.Lift(t.Context(), a.Envelope.Hash)
	r.ok(err)
	r.ok(r.Sighted(t.Context(), g.Sighting))
	r.is(p.ID, relay.Pending, "")
	r.is(q.ID, relay.Pending, "")
	if e, err := r.Envelope(t.Context(), a.Envelope.Hash); err != nil || e.State != relay.Landed {
		t.Fatalf("the envelope is %s, %v", e.State, err)
	}
}

// A restored database says that a payment was canceled whose funding landed with others. It is stopped; the others go on, and the
// funding stays live, with a row of work, until a person has lifted that.
func TestAdoptedBesideACanceledOne(t *testing.T) {
	r := newFixture(t)
	p, q := r.create(nil), r.create(nil)
	a := r.answer(relay.Signed, p, q)
	_, err := r.Apply(t.Context(), q.ID, relay.CancelAsked{})
	r.ok(err)
	r.seq++
	s := &relay.Sighting{Hash: a.Envelope.Hash, Tx: "outer", Ledger: r.seq, Success: true, Fee: 400}
	err = r.Adopt(t.Context(), a, s, true, relay.App{Treasury: "GT"})
	if said := relay.Contradictions(err); len(said) != 1 || said[0].Payments[0] != q.ID {
		t.Fatal(err)
	}
	r.is(p.ID, relay.Pending, "")
	r.is(q.ID, relay.Canceled, relay.ByCancel)
	live, err := r.LiveEnvelopes(t.Context(), relay.FundingEnvelope)
	if err != nil || len(live) != 1 {
		t.Errorf("%d fundings are live, %v", len(live), err)
	}
	if h, err := r.HaltOf(t.Context(), r.is(q.ID, relay.Canceled, relay.ByCancel)); err != nil || h == nil {
		t.Errorf("it is not stopped: %v", err)
	}
	_, err = r.Lift(t.Context(), a.Envelope.Hash)
	r.ok(err)
	r.ok(r.Sighted(t.Context(), *s))
	if e, err := r.Envelope(t.Context(), a.Envelope.Hash); err != nil || e.State != relay.Landed {
		t.Errorf("the envelope is %s, %v", e.State, err)
	}
}

// asked is a log in which something happens after it was asked for a funding that it does not have.
type asked struct {
	desk.Signer
	then func()
}

func (s asked) Funding(context.Context, string) (relay.FundAnswer, error) {
	defer s.then()
	return relay.FundAnswer{}, relay.ErrNotFound
}

// A Keep was refused; another caller's of the same deposit is kept, and answered so, before the first one takes the plan back. It
// stays.
func TestKeptMeanwhileStays(t *testing.T) {
	r := newFixture(t)
	p := r.create(own)
	a := r.answer(relay.Planned, p)
	r.ok(r.CommitFunding(t.Context(), a))
	_, err := r.Refused(t.Context(), asked{then: func() {
		_, err := r.Kept(t.Context(), a)
		r.ok(err)
	}}, a)
	r.ok(err)
	if got := r.is(p.ID, relay.Funding, ""); got.Funding != a.Envelope.Hash {
		t.Errorf("its funding is %q", got.Funding)
	}
}
