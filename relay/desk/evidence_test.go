package desk_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
)

// TestPlanInTime: a plan is handed in before its last ledger and until its last second.
func TestPlanInTime(t *testing.T) {
	for _, c := range []struct {
		ledger, second int64 // after the plan's bound, and its last second
		code           string
	}{{-1, 0, ""}, {-1, -1, ""}, {0, 0, "plan_dead"}, {-1, 1, "plan_dead"}, {1, 1, "plan_dead"}} {
		r := newFixture(t)
		p := r.create(func(p *relay.Payment) { p.Policy = relay.Link })
		r.funded(p)
		plan := relaytest.ClaimOf("plan", p.ID)
		plan.State, plan.Source, plan.SignedAt, plan.Bound, plan.MaxTime = relay.Planned, r.is(p.ID, relay.Pending, "").Holding, r.seq, r.seq+10, r.now.Unix()+60
		r.ok(r.Plan(t.Context(), plan, r.head(), ""))
		at := relay.Head{Sequence: uint32(int64(plan.Bound) + c.ledger), CloseTime: plan.MaxTime + c.second}
		_, err := r.SubmitClaim(t.Context(), p.ID, "plan", []byte("signed"), at)
		if relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%d ledgers and %d s after: %v", c.ledger, c.second, err)
		}
	}
}

// TestPlanUntilTheEnd: a claim is planned until the second before the payment's end, by the ledger's clock.
func TestPlanUntilTheEnd(t *testing.T) {
	for second, code := range map[int64]string{-1: "", 0: "expired", 1: "expired"} {
		r := newFixture(t)
		p := r.create(func(p *relay.Payment) { p.Policy = relay.Link })
		r.funded(p)
		plan := relaytest.ClaimOf("plan", p.ID)
		plan.State, plan.Source = relay.Planned, r.is(p.ID, relay.Pending, "").Holding
		err := r.Plan(t.Context(), plan, relay.Head{Sequence: r.seq, CloseTime: int64(p.ExpiresAt/1_000_000) + second}, "")
		if relay.CodeOf(err) != code || (err == nil) != (code == "") {
			t.Errorf("%d s after: %v", second, err)
		}
	}
}

// TestFollows: the watcher takes in the ledger that follows the last one, again what it knows, and nothing else.
func TestFollows(t *testing.T) {
	for name, c := range map[string]struct {
		seq            uint32 // after the last one
		hash, previous string // "" is the right one
		want           error
	}{
		"the next":                       {1, "", "", nil},
		"the last again":                 {0, "", "", nil},
		"the last, with another hash":    {0, "other", "", relay.ErrContradiction},
		"the next of another history":    {1, "", "other", relay.ErrContradiction},
		"the next but one":               {2, "", "", relay.ErrStale},
		"one that is far ahead":          {1000, "", "", relay.ErrStale},
		"the last, of another history":   {0, "", "other", relay.ErrContradiction},
		"another next, the history same": {1, "other", "", nil},
	} {
		r := newFixture(t)
		for range 3 {
			r.ledger()
		}
		page := relay.LedgerPage{Head: relay.Head{Sequence: r.seq + c.seq, CloseTime: r.now.Unix(), Hash: hashOf(r.seq + c.seq)}, Previous: hashOf(r.seq + c.seq - 1)}
		if c.hash != "" {
			page.Head.Hash = c.hash
		}
		if c.previous != "" {
			page.Previous = c.previous
		}
		if err := r.Witness(t.Context(), page); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		cursor, err := r.Cursor(t.Context())
		r.ok(err)
		if want := r.seq + c.seq; c.want == nil && cursor != want || c.want != nil && cursor != r.seq {
			t.Errorf("%s: the cursor is at %d, it was at %d", name, cursor, r.seq)
		}
	}
}

// TestCommitFundingRefuses: a funding of what is over, or of other terms than were asked for, is not written down.
func TestCommitFundingRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *fixture, p relay.Payment, a *relay.FundAnswer)
		code   string
	}{
		"canceled since": {func(r *fixture, p relay.Payment, _ *relay.FundAnswer) {
			_, err := r.Apply(r.Context(), p.ID, relay.CancelAsked{})
			r.ok(err)
		}, "not_created"},
		"more than was asked for":  {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].Amount++ }, "funded_otherwise"},
		"less than was asked for":  {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].Amount-- }, "funded_otherwise"},
		"another asset":            {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].Asset = relaytest.Credit }, "funded_otherwise"},
		"home to another account":  {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].ReturnTo = "GTHIEF" }, "funded_otherwise"},
		"another end":              {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].ExpiresAt++ }, "funded_otherwise"},
		"without a box":            {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].Box = nil }, "answer_incomplete"},
		"without a way back":       {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].Ladder = nil }, "answer_incomplete"},
		"as it was asked for":      {func(*fixture, relay.Payment, *relay.FundAnswer) {}, ""},
		"of another payment's box": {func(_ *fixture, _ relay.Payment, a *relay.FundAnswer) { a.Minted[0].Payment = "pay_other" }, "answer_incomplete"},
	} {
		r := newFixture(t)
		p := r.create(nil)
		a := r.answer(relay.Signed, p)
		c.change(r, p, &a)
		err := r.CommitFunding(t.Context(), a)
		if relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if _, err := r.Envelope(t.Context(), a.Envelope.Hash); (err == nil) != (c.code == "") {
			t.Errorf("%s: the envelope: %v", name, err)
		}
	}
}

// TestGivenUpAccount: what happens to the holding account of a funding that was proven dead says nothing of the payment, whose money
// is in another one since.
func TestGivenUpAccount(t *testing.T) {
	r := newFixture(t)
	p := r.create(nil)
	for n := 1; n <= 2; n++ {
		a := r.answer(relay.Signed, p)
		a.Envelope.Hash, a.Envelope.Sequence, a.Minted[0].Account = fmt.Sprintf("funding %d", n), int64(5000+n), fmt.Sprintf("GH%d", n)
		for i := range a.Minted[0].Ladder {
			a.Minted[0].Ladder[i].Hash, a.Minted[0].Ladder[i].Source = fmt.Sprintf("rung %d of %d", i, n), a.Minted[0].Account
		}
		r.ok(r.CommitFunding(t.Context(), a))
		if n == 1 {
			r.ok(r.Died(t.Context(), a.Envelope.Hash))
		} else {
			r.ledger(landed(a.Envelope.Hash, nil))
		}
	}
	r.ledger(landed("rung 0 of 1", map[string]string{"GH1": "GANYBODY"})) // made anew by others, and merged by the old ladder
	if got := r.is(p.ID, relay.Pending, ""); got.Holding != "GH2" {
		t.Errorf("the money is said to be in %s", got.Holding)
	}
	r.ledger(landed("rung 0 of 2", map[string]string{"GH2": "GRETURN"}))
	if got, _ := r.Payment(t.Context(), p.ID); !got.State.Ended() {
		t.Errorf("control: its own account emptied, and it is %s", got.State)
	}
}
