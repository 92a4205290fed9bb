package desk_test

import (
	"reflect"
	"testing"

	"github.com/restante/restante/relay"
)

// Step would charge for a rung or a claim that failed each time it is given. The envelope's row gives it once, however often, and in
// whatever way, the Desk hears of the same transaction.
func TestAFailedTransactionIsChargedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		begin func(r *fixture, p relay.Payment) (hash string) // of the envelope that fails
		then  relay.State
	}{
		"a rung": {func(r *fixture, p relay.Payment) string {
			_, err := r.Apply(r.Context(), p.ID, relay.CancelAsked{})
			r.ok(err)
			return "r1" + string(p.ID)
		}, relay.Returning},
		"a claim": {func(r *fixture, p relay.Payment) string {
			u := &usage{fixture: r, p: p}
			e := u.plan()
			r.plans(e)
			_, err := r.SubmitClaim(r.Context(), p.ID, e.Hash, []byte("signed"), r.head())
			r.ok(err)
			return e.Hash
		}, relay.Pending},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			p := r.create(nil)
			r.funded(p)
			p = r.is(p.ID, relay.Pending, "")
			before := p.FeePaid
			x := landed(c.begin(r, p), nil)
			x.Success, x.Fee, x.Ledger = false, 100, r.seq+1
			r.ok(r.Sighted(t.Context(), x.Sighting))
			once, err := r.Payment(t.Context(), p.ID)
			r.ok(err)
			if once.State != c.then || once.FeePaid != before+100 {
				t.Fatalf("it is %s, and has paid %d after %d", once.State, once.FeePaid, before)
			}
			r.ok(r.Sighted(t.Context(), x.Sighting))
			r.ledger(x)
			r.seq--
			r.ledger(x) // the ledger again
			r.ok(r.Died(t.Context(), x.Hash))
			if again, err := r.Payment(t.Context(), p.ID); err != nil || !reflect.DeepEqual(again, once) {
				t.Errorf("the second time it is %+v, want %+v; %v", again, once, err)
			}
		})
	}
}

// A fee that a holding account paid for a transaction of its key holder's is charged by the ledger that shows it, which is witnessed
// once.
func TestAFeeIsTakenOnce(t *testing.T) {
	r := newFixture(t)
	p := r.create(nil)
	r.funded(p)
	p = r.is(p.ID, relay.Pending, "")
	x := landed("its key holder's", nil)
	x.Payer, x.Fee = p.Holding, 300
	x.Touched = []string{p.Holding}
	r.ledger(x)
	r.seq--
	r.ledger(x)
	if again := r.is(p.ID, relay.Pending, ""); again.FeeHolding != p.FeeHolding+300 {
		t.Errorf("it has paid %d, after %d", again.FeeHolding, p.FeeHolding)
	}
}
