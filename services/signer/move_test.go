package signer

import (
	"bytes"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
)

// A move carries the next number of the account that was funded. One with a number of an account that is made anew at its address
// is not kept, nor is one out of such an account, and the sponsor does not sign one that was kept before.
func TestMoveCarriesTheNextNumber(t *testing.T) {
	const at = int64(4000)<<32 + 7 // on the ledger
	gone, made := relay.AccountFacts{}, relay.AccountFacts{Exists: true, Sequence: int64(4900) << 32}
	for name, c := range map[string]struct {
		number   int64
		of       func(sponsor string) relay.AccountFacts
		managed  string // code of a move at the service's cost; "" = kept
		own      string // of one at the wallet's
		late     string // code of a managed one that was committed before
		lateOwn  string
		unsigned string // code at which the sponsor does not sign it any more
	}{
		"the next":                {at + 1, func(s string) relay.AccountFacts { return relay.AccountFacts{Exists: true, Sequence: at, Sponsor: s} }, "", "", "", "", ""},
		"one that is used":        {at, func(s string) relay.AccountFacts { return relay.AccountFacts{Exists: true, Sequence: at, Sponsor: s} }, "sequence_used", "sequence_used", "", "", "sequence_used"},
		"the one after it":        {at + 2, func(s string) relay.AccountFacts { return relay.AccountFacts{Exists: true, Sequence: at, Sponsor: s} }, "sequence_used", "sequence_used", "sequence_used", "sequence_used", "sequence_used"},
		"of a ledger to come":     {int64(5003)<<32 + 1, func(s string) relay.AccountFacts { return relay.AccountFacts{Exists: true, Sequence: at, Sponsor: s} }, "sequence_used", "sequence_used", "sequence_used", "sequence_used", "sequence_used"},
		"of an account made anew": {made.Sequence + 1, func(string) relay.AccountFacts { return made }, "holding_absent", "", "holding_absent", "", "holding_absent"},
		"of one that is gone":     {at + 1, func(string) relay.AccountFacts { return gone }, "holding_absent", "holding_absent", "holding_absent", "", "holding_absent"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			wants := func(what, code string, in relay.KeepIntent) {
				t.Helper()
				if code != "" {
					r.unkept(what, in, code)
					return
				}
				r.keep(in)
			}
			managed := func() relay.Minted { return r.fund(r.intent(payment())).Minted[0] }
			own := func() relay.Minted { return r.keep(r.wallet(relay.Native).minted()).Minted[0] }
			move := func(m relay.Minted, fee uint32, late bool) relay.KeepIntent {
				w := r.moving(m, fee)
				w.plan.Sequence = c.number
				r.view.there[m.Account] = c.of(w.plan.Sponsor)
				in := w.minted()
				in.Late = late
				return in
			}
			wants("managed", c.managed, move(managed(), 0, false))
			wants("own", c.own, move(own(), ownFee, false))
			wants("managed, late", c.late, move(managed(), 0, true))
			wants("own, late", c.lateOwn, move(own(), ownFee, true))

			landed := move(managed(), 0, true)
			r.landed(landed.Funded.Envelope.Hash, 0)
			if c.late == "holding_absent" {
				r.keep(landed)
			}

			m := managed()
			w := r.moving(m, 0)
			w.plan.Sequence = c.number
			r.view.there[m.Account] = relay.AccountFacts{Exists: true, Sequence: c.number - 1, Sponsor: r.sponsor}
			kept := r.keep(w.minted()) // by a program that did not look, say
			r.view.there[m.Account] = c.of(r.sponsor)
			lines := r.lines()
			_, err := r.s.Bump(t.Context(), kept.Envelope.Hash, r.sign(kept.Envelope.XDR, r.seedOf(m, r.sender)), 9000)
			if relay.CodeOf(err) != c.unsigned || c.unsigned != "" && r.lines() != lines {
				t.Errorf("the sponsor's signature: %v, want %q", err, c.unsigned)
			}
		})
	}
}

// Money is not sent into a holding account, by a claim or directly.
func TestHoldingAccountTakesNoMoney(t *testing.T) {
	r := newFixture(t)
	m := r.fund(r.intent(payment(), payment())).Minted
	in := r.mintOf(relay.Native)
	in.Mints[0].PayTo = m[0].Account
	r.refused(in, "destination_refused")
	for _, fresh := range []bool{true, false} {
		claim := r.claimIntent(m[1], m[0].Account)
		claim.NewAccount = fresh
		_, err := r.s.Claim(t.Context(), claim)
		wantCode(t, err, "destination_refused")
	}
	if _, err := r.s.Claim(t.Context(), r.claimIntent(m[1], keypair.MustRandom().Address())); err != nil {
		t.Error(err)
	}
}

// A holding account is no wallet: what waits in it goes on by a move, and by nothing that its payment is not told of. Nor does a
// wallet become one.
func TestHoldingAccountIsNoWallet(t *testing.T) {
	r := newFixture(t)
	w := r.wallet(relay.Native)
	w.from(r.fund(r.intent(payment())).Minted[0].Account)
	for _, late := range []bool{false, true} {
		in := w.minted()
		in.Late = late
		r.unkept("a holding account as a wallet", in, "wallet_ours")
	}
	seed := [32]byte{1, 2, 3}
	key, err := keypair.FromRawSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	w = r.wallet(relay.Native)
	w.key, w.mint.ReturnTo = key, key.Address()
	w.from(key.Address())
	w.kept(key.Address())
	r.keep(w.minted())
	w = r.wallet(relay.Native)
	a, err := mint.Own(bytes.NewReader(seed[:]), w.plan, w.mint)
	if err != nil {
		t.Fatal(err)
	}
	a.Minted[0].Proof = w.proof(w.key)
	for range 2 {
		r.unkept("a wallet as a holding account", relay.KeepIntent{App: r.app, Funded: a}, "holding_known")
		r.reopen()
	}
}
