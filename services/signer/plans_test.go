package signer

import (
	"errors"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
)

// plan plans a claim of a payment into another account each time.
func (r *fixture) plan(m relay.Minted) error {
	_, err := r.s.Claim(r.t.Context(), r.claimIntent(m, keypair.MustRandom().Address()))
	return err
}

// Plans are counted for an app too, in the log: so the claims of one app do not fill it. Those of a payment's own are never refused
// for what was planned for others of its app, nor any for what another app does.
func TestPlansOfAnAppAreCounted(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Plans, r.cfg.Policy.AppPlans = 20, 5
	r.open()
	all := r.fund(r.intent(many(4)...)).Minted
	for range 2 {
		for range relay.PlansPerPayment + 2 {
			if err := r.plan(all[0]); err != nil {
				t.Fatal(err)
			}
		}
		all[0], all[1] = all[1], all[0]
	}
	if err := r.plan(all[0]); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		lines := r.lines()
		for _, m := range all[:2] {
			err := r.plan(m)
			var f *relay.Fault
			if errors.As(err, &f); relay.CodeOf(err) != relay.ErrTooManyAppPlans.Code || f.RetryAt != relay.Seconds(r.view.head.CloseTime+301) || r.lines() != lines {
				t.Errorf("%v", err)
			}
		}
		r.reopen()
	}
	for range relay.PlansPerPayment {
		if err := r.plan(all[2]); err != nil {
			t.Errorf("a payment's own: %v", err)
		}
	}
	wantCode(t, r.plan(all[2]), relay.ErrTooManyAppPlans.Code)
	other := r.fund(r.intentOf("app_other", 1)).Minted[0]
	for range relay.PlansPerPayment + 5 {
		if err := r.plan(other); err != nil {
			t.Errorf("another app: %v", err)
		}
	}
	r.view.head.Sequence += 100
	r.view.head.CloseTime += 400
	if err := r.plan(all[0]); err != nil {
		t.Errorf("the others cannot land any more: %v", err)
	}
}

// One app's claims, however many payments it has and however often they are asked for, make so many lines an hour.
func TestPlansDoNotFillTheLog(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.AppPlans = 10
	r.open()
	all := r.fund(r.intent(many(17)...)).Minted
	before, size, made := r.lines(), len(r.readLog()), int64(0)
	for range 12 { // an hour
		for _, m := range all {
			for range 8 {
				if err := r.plan(m); err == nil {
					made++
				} else if relay.CodeOf(err) != relay.ErrTooManyAppPlans.Code {
					t.Fatal(err)
				}
			}
		}
		r.view.head.Sequence += 60
		r.view.head.CloseTime += 299
	}
	if most := int64(17*relay.PlansPerPayment + 4*10); made != r.lines()-before || made > most || made < most/2 {
		t.Errorf("%d plans, %d lines more; at most %d", made, r.lines()-before, most)
	}
	if each := (len(r.readLog()) - size) / int(made); each > 1350 {
		t.Errorf("%d bytes a plan", each)
	}
}

// Bids for one envelope do not fill the log either: after some, only one that is half as much again is new, and the newest is signed
// again in place of any other, so that nothing is held up.
func TestBidsDoNotFillTheLog(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.mintOf(relay.Native))
	hash, before := a.Minted[0].Ladder[0].Hash, r.lines()
	for i := range 200 {
		r.bump(hash, nil, 1000+relay.Stroops(i%97)*200) // two operations
		if i == 100 {
			r.reopen()
		}
	}
	if n := r.lines() - before; n != relay.MostBids+3 { // up to 4800, then 7200, 10,800 and 16,200
		t.Errorf("%d lines", n)
	}
	raw, err := r.s.Bump(t.Context(), hash, nil, 700)
	if err != nil {
		t.Fatal(err)
	}
	r.outer(raw, hash, 16_200, a.Minted[0].Account)
	for _, bid := range []relay.Stroops{100_000, 1_000_000, 1_400_000} {
		r.bump(hash, nil, bid)
	}
	if n := r.lines() - before; n != relay.MostBids+5 {
		t.Errorf("%d lines", n)
	}
}

// A claim's line leaves out what the line, its holding account and the log say already; one that an older program wrote has it.
func TestOlderClaimLine(t *testing.T) {
	r := newFixture(t)
	m := r.fund(r.mintOf(r.credit())).Minted[0]
	e := r.planned(m, true)
	if e.Network != r.s.network || e.Source != m.Account || e.Kind != relay.ClaimEnvelope || e.State != relay.Planned || e.Asset != r.credit() ||
		e.Amount != 25*relay.One || len(e.Payments) != 1 || e.Payments[0] != m.Payment {
		t.Errorf("%+v", e)
	}
	in := r.claimIntent(m, keypair.MustRandom().Address())
	tx, err := r.s.buildClaim(in, r.s.book.holdings[m.Account])
	if err != nil {
		t.Fatal(err)
	}
	old := e
	old.Hash, old.Destination, old.XDR = tx.Hash, in.Destination, []byte("as it was")
	if err := r.s.write(claimKind, claimLine{Payment: m.Payment, Holding: m.Account, At: r.view.head.CloseTime, Envelope: lineOf(old)}); err != nil {
		t.Fatal(err)
	}
	r.reopen()
	got, err := r.s.Claim(t.Context(), in)
	if old.Log = got.Log; err != nil || text(t, got) != text(t, old) {
		t.Errorf("%v: %+v, was %+v", err, got, old)
	}
}
