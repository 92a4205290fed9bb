package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
)

// lifetimes are the times after which something is over that a bearer or a caller has. The numbers are those that are promised, not
// those of the code. begin starts it; holds says whether it still holds, and nothing else of the payment stands in its way.
var lifetimes = map[string]struct {
	last  time.Duration // it holds until just before this
	begin func(r *fixture) (holds func() error)
	code  string // when it is over
}{
	"a mailed code": {10 * time.Minute, func(r *fixture) func() error {
		p := r.guarded()
		r.ok(r.AskCode(r.Context(), p.ID, relay.Code{Session: "s", MAC: []byte("mac")}))
		return func() error { _, err := r.TryCode(r.Context(), p.ID, "s"); return err }
	}, "code_expired"},
	"a mailed code, in the mailer's hand": {10 * time.Minute, func(r *fixture) func() error {
		p := r.guarded()
		r.ok(r.AskCode(r.Context(), p.ID, relay.Code{Session: "s", MAC: []byte("mac"), Sealed: []byte("sealed")}))
		return func() error {
			c, _, err := r.TakeCode(r.Context(), "s")
			if err == nil && c.Sealed == nil {
				err = relay.NewFault(relay.Denied, "code_expired", "", nil)
			}
			return err
		}
	}, "code_expired"},
	"an app's voucher": {10 * time.Minute, func(r *fixture) func() error {
		p := r.guarded()
		until, err := r.Vouch(r.Context(), r.app, p.ID, "voucher")
		r.ok(err)
		if want := relay.At(r.now.Add(10 * time.Minute)); until != want {
			r.Errorf("a voucher is said to be good until %d, not %d", until, want)
		}
		return func() error {
			_, err := r.Prove(r.Context(), p.ID, desk.Credential{Voucher: "voucher"}, "proof")
			return err
		}
	}, "proof_invalid"},
	"a proof": {30 * time.Minute, func(r *fixture) func() error {
		p := r.guarded()
		_, err := r.Vouch(r.Context(), r.app, p.ID, "voucher")
		r.ok(err)
		_, err = r.Prove(r.Context(), p.ID, desk.Credential{Voucher: "voucher"}, "proof")
		r.ok(err)
		return func() error { return r.CheckProof(r.Context(), p, "proof") }
	}, "proof_invalid"},
	"a proof, for an account on file": {30 * time.Minute, func(r *fixture) func() error {
		p := r.guarded()
		_, err := r.Vouch(r.Context(), r.app, p.ID, "voucher")
		r.ok(err)
		_, err = r.Prove(r.Context(), p.ID, desk.Credential{Voucher: "voucher"}, "proof")
		r.ok(err)
		return func() error { return r.Agree(r.Context(), p.ID, "proof", "GHERS") }
	}, "proof_invalid"},
}

// TestLifetimes looks just before each lifetime ends, at its end, and just after.
func TestLifetimes(t *testing.T) {
	for name, c := range lifetimes {
		for off, code := range map[time.Duration]string{-time.Microsecond: "", 0: c.code, time.Microsecond: c.code} {
			t.Run(fmt.Sprintf("%s %v", name, off), func(t *testing.T) {
				r := newFixture(t)
				holds := c.begin(r)
				r.now = r.now.Add(c.last + off)
				if err := holds(); relay.CodeOf(err) != code || (err == nil) != (code == "") {
					t.Errorf("%v after %v, want %q", err, c.last+off, code)
				}
			})
		}
	}
}

// guarded is a payment that waits, and whose handle has to be proven.
func (r *fixture) guarded() relay.Payment {
	r.Helper()
	p := r.create(nil)
	r.funded(p)
	return r.is(p.ID, relay.Pending, "")
}

// TestExpiryAtCreation: 1 hour to 180 days, both included, judged to the microsecond.
func TestExpiryAtCreation(t *testing.T) {
	const us = time.Microsecond
	for in, good := range map[time.Duration]bool{
		time.Hour - us: false, time.Hour: true, time.Hour + us: true, 30 * 24 * time.Hour: true,
		180*24*time.Hour - us: true, 180 * 24 * time.Hour: true, 180*24*time.Hour + us: false, 0: false, -time.Hour: false,
	} {
		r := newFixture(t)
		o := r.opening(func(p *relay.Payment) { p.ExpiresAt = relay.At(r.now.Add(in)) })
		_, err := r.Create(t.Context(), o, nil)
		if (err == nil) != good || err != nil && relay.CodeOf(err) != "expiry_out_of_range" {
			t.Errorf("expires in %v: %v", in, err)
		}
	}
}

// TestExpiryByTheLedger: a payment ends when a ledger closes at its end, not a second before; and a claim is taken in until then. The
// clock of the machine, a year ahead or behind, has no say.
func TestExpiryByTheLedger(t *testing.T) {
	for _, year := range []time.Duration{-365 * 24 * time.Hour, 0, 365 * 24 * time.Hour} {
		for off, over := range map[int64]bool{-1: false, 0: true, 1: true} {
			r := newFixture(t)
			r.now = r.now.Truncate(time.Second)
			p := r.create(func(p *relay.Payment) { p.ExpiresAt = relay.At(r.now.Add(time.Hour)); p.Policy = relay.Link })
			q := r.create(func(q *relay.Payment) { q.ExpiresAt, q.Policy = p.ExpiresAt, relay.Link })
			r.funded(p)
			r.funded(q)
			at := relay.Head{Sequence: 200, CloseTime: int64(p.ExpiresAt/1e6) + off}
			r.now = r.now.Add(year)
			plan := relaytest.ClaimOf("plan", p.ID)
			plan.State, plan.Source, plan.SignedAt, plan.Bound, plan.MaxTime = relay.Planned, r.is(p.ID, relay.Pending, "").Holding, 199, 300, at.CloseTime+60
			err := r.Plan(t.Context(), plan, at, "")
			if err == nil {
				_, err = r.SubmitClaim(t.Context(), p.ID, "plan", []byte("signed"), at)
			}
			if (err != nil) != over || over && relay.CodeOf(err) != "expired" {
				t.Errorf("a claim %d s after its end: %v", off, err)
			}
			got, err := r.Apply(t.Context(), q.ID, relay.LedgerClosed{At: at})
			if err != nil || (got.State == relay.Returning) != over {
				t.Errorf("a ledger %d s after the end: %s %v", off, got.State, err)
			}
		}
	}
}

// TestFundingInTime: a sender funds in ledgers before FundBy, and by FundUntil: there the time is over.
func TestFundingInTime(t *testing.T) {
	for _, c := range []struct {
		ledger, seconds int64 // after the last that counts
		over            bool
	}{{-1, 0, false}, {0, -1, true}, {-1, 1, true}, {0, 0, true}, {-1, -1, false}, {1, 1, true}} {
		r := newFixture(t)
		p := r.create(own)
		got, err := r.Apply(t.Context(), p.ID, relay.LedgerClosed{At: relay.Head{Sequence: uint32(int64(p.FundBy) + c.ledger), CloseTime: p.FundUntil + c.seconds}})
		if err != nil || (got.State == relay.Failed) != c.over {
			t.Errorf("%d ledgers and %d s after: %s %v", c.ledger, c.seconds, got.State, err)
		}
	}
}

// TestPausesAndTries: how often codes are mailed, and compared, for any caller. 30 s to the second, doubling, a day at the most; 5 tries
// of a code, 50 in a payment's life.
func TestPausesAndTries(t *testing.T) {
	book, at := relay.CodeBook{}, relaytest.Start
	pause := 30 * time.Second
	for n := range 15 {
		var err error
		if book, err = book.Ask(at); err != nil {
			t.Fatalf("code %d: %v", n+1, err)
		}
		if _, err = book.Ask(at + relay.Micros(pause.Microseconds()) - 1); relay.CodeOf(err) != "code_too_soon" {
			t.Errorf("after code %d, a microsecond before %v are over: %v", n+1, pause, err)
		}
		at += relay.Micros(pause.Microseconds())
		pause = min(2*pause, 24*time.Hour)
	}
	code := relay.Code{IssuedAt: at}
	for n := 1; n <= 6; n++ {
		var err error
		if book, code, err = book.Try(code, at); (err == nil) != (n <= 5) || n > 5 && relay.CodeOf(err) != "code_spent" {
			t.Errorf("try %d of a code: %v", n, err)
		}
	}
	for n := 6; n <= 51; n++ {
		var err error
		if book, _, err = book.Try(relay.Code{IssuedAt: at}, at); (err == nil) != (n <= 50) || n > 50 && relay.CodeOf(err) != "code_locked" {
			t.Errorf("try %d of a payment: %v", n, err)
		}
	}
	if _, err := book.Ask(at + relay.LongestPause); relay.CodeOf(err) != "code_locked" {
		t.Errorf("another code after 50 tries: %v", err)
	}
}

// TestSizes: a note has 500 bytes at the most, and a payment 5 fundings.
func TestSizes(t *testing.T) {
	r := newFixture(t)
	for n, good := range map[int]bool{499: true, 500: true, 501: false} {
		_, err := r.Create(t.Context(), r.opening(func(p *relay.Payment) { p.Note = strings.Repeat("x", n) }), nil)
		if (err == nil) != good {
			t.Errorf("a note of %d bytes: %v", n, err)
		}
	}
	p := r.create(nil)
	for n := 1; n <= 5; n++ {
		a := r.answer(relay.Signed, p)
		a.Envelope.Hash, a.Envelope.Sequence = fmt.Sprintf("funding %d", n), int64(5000+n)
		a.Minted[0].Account = fmt.Sprintf("GH%d", n)
		for i := range a.Minted[0].Ladder {
			a.Minted[0].Ladder[i].Hash, a.Minted[0].Ladder[i].Source = fmt.Sprintf("rung %d of %d", i, n), a.Minted[0].Account
		}
		r.ok(r.CommitFunding(t.Context(), a))
		r.ok(r.Died(t.Context(), a.Envelope.Hash))
		if n < 5 {
			r.is(p.ID, relay.Created, "")
		}
	}
	r.is(p.ID, relay.Failed, relay.FundingFailed)
}
