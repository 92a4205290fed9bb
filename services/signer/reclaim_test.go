package signer

import (
	"encoding/base64"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

func (r *fixture) reclaimIntent(ids ...relay.PaymentID) relay.ReclaimIntent {
	return relay.ReclaimIntent{App: r.app, Payments: ids, Sequence: 7, SignedAt: r.view.head.Sequence, Bound: r.view.head.Sequence + 12,
		MaxTime: r.view.head.CloseTime + 300}
}

// given funds a payment that was claimed into a new account, which looks like facts now.
func (r *fixture) given(asset string, facts relay.AccountFacts) (id relay.PaymentID, account string) {
	r.t.Helper()
	a := r.fund(r.mintOf(asset))
	e := r.planned(a.Minted[0], true)
	r.landed(e.Hash, 0)
	r.view.there[e.Destination] = facts
	return a.Minted[0].Payment, e.Destination
}

// sponsored is an account whose reserves the sponsor keeps.
func (r *fixture) sponsored(free relay.Stroops, line bool) relay.AccountFacts {
	f := relay.AccountFacts{Exists: true, Free: free, Sponsor: r.sponsor}
	if line {
		f.LineSponsor = r.sponsor
	}
	return f
}

// Reserves come back from an account that can carry them: first looked at, signed by the sponsor alone, for these entries alone.
func TestReclaim(t *testing.T) {
	for name, c := range map[string]struct {
		credit  bool
		account func(r *fixture) relay.AccountFacts
		code    string
		entries int
		back    relay.Stroops
	}{
		"rich":                        {false, func(r *fixture) relay.AccountFacts { return r.sponsored(2*unit+relay.ReclaimSpare, false) }, "", 1, 2 * unit},
		"rich, with a line":           {true, func(r *fixture) relay.AccountFacts { return r.sponsored(3*unit+relay.ReclaimSpare, true) }, "", 2, 3 * unit},
		"the line is its own already": {true, func(r *fixture) relay.AccountFacts { return r.sponsored(10*relay.One, false) }, "", 1, 2 * unit},
		"poor":                        {false, func(r *fixture) relay.AccountFacts { return r.sponsored(2*unit+relay.ReclaimSpare-1, false) }, "nothing_to_reclaim", 0, 0},
		"poor, with a line":           {true, func(r *fixture) relay.AccountFacts { return r.sponsored(3*unit+relay.ReclaimSpare-1, true) }, "nothing_to_reclaim", 0, 0},
		"merged away":                 {false, func(*fixture) relay.AccountFacts { return relay.AccountFacts{} }, "nothing_to_reclaim", 0, 0},
		"carries itself":              {false, func(*fixture) relay.AccountFacts { return relay.AccountFacts{Exists: true, Free: 10 * relay.One} }, "nothing_to_reclaim", 0, 0},
		"another carries it": {false, func(r *fixture) relay.AccountFacts {
			f := r.sponsored(10*relay.One, false)
			f.Sponsor = r.home
			return f
		}, "nothing_to_reclaim", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			asset := relay.Native
			if c.credit {
				asset = r.credit()
			}
			id, account := r.given(asset, c.account(r))
			in := r.reclaimIntent(id)
			a, err := r.s.Reclaim(t.Context(), in)
			if relay.CodeOf(err) != c.code {
				t.Fatalf("%v, want %q", err, c.code)
			}
			if c.code != "" {
				return
			}
			r.takes(a.XDR, account, c.entries)
			r.reopen()
			if again, err := r.s.Reclaim(t.Context(), in); err != nil || text(t, again) != text(t, a) {
				t.Errorf("a repeat differs: %v", err)
			}
			used := r.allowance()
			r.landed(a.Hash, 200)
			r.settles()
			after := r.allowance()
			if got := used.Locked + used.Used - after.Locked - after.Used; got < c.back || got > c.back+relay.FeeReservePerPayment {
				t.Errorf("%d came back, not %d", got, c.back)
			}
			r.reopen()
			if again := r.allowance(); again != after {
				t.Errorf("after a restart %+v, before %+v", again, after)
			}
		})
	}
}

// takes wants an envelope that takes n entries of an account back, and nothing else, signed by the sponsor.
func (r *fixture) takes(raw []byte, account string, n int) {
	r.t.Helper()
	text := base64.StdEncoding.EncodeToString(raw)
	tx, err := stellar.Decode(text, passphrase)
	if err != nil {
		r.t.Fatal(err)
	}
	if by, err := stellar.SignedBy(text, passphrase, r.sponsor); err != nil || len(by) != 1 || tx.Source != r.sponsor || tx.Ops != n || !tx.Bounds.Ends() {
		r.t.Errorf("%+v, signed by %v, %v", tx, by, err)
	}
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(raw, &env); err != nil {
		r.t.Fatal(err)
	}
	for _, op := range env.V1.Tx.Operations {
		if op.Body.Type != xdr.OperationTypeRevokeSponsorship {
			r.t.Fatalf("operation %v", op.Body.Type)
		}
		key := op.Body.RevokeSponsorshipOp.LedgerKey
		owner := key.Account
		if key.Type == xdr.LedgerEntryTypeTrustline {
			owner = &xdr.LedgerKeyAccount{AccountId: key.TrustLine.AccountId}
		}
		if owner.AccountId.Address() != account {
			r.t.Errorf("an entry of %s", owner.AccountId.Address())
		}
	}
}

// What the log does not show to be sponsored, what is another app's, and a number that may still land are refused.
func TestReclaimRefuses(t *testing.T) {
	r := newFixture(t)
	rich := r.sponsored(100*relay.One, false)
	id, _ := r.given(relay.Native, rich)
	waiting := r.fund(r.mintOf(relay.Native))
	existing := r.fund(r.mintOf(relay.Native))
	e := r.planned(existing.Minted[0], false)
	r.view.there[e.Destination] = rich
	wallet := r.wallet(relay.Native)
	own := r.keep(wallet.minted()).Minted[0].Payment
	r.view.there[waiting.Minted[0].Account] = rich
	if _, err := r.s.Treasury(t.Context(), "app_other"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		code   string
		change func(*relay.ReclaimIntent)
	}{
		"none":                 {"batch_size", func(in *relay.ReclaimIntent) { in.Payments = nil }},
		"too many":             {"batch_size", func(in *relay.ReclaimIntent) { in.Payments = many(41) }},
		"never seen":           {"foreign_payment", func(in *relay.ReclaimIntent) { in.Payments = many(1) }},
		"another app's":        {"foreign_payment", func(in *relay.ReclaimIntent) { in.App = "app_other" }},
		"never claimed":        {"not_sponsored", func(in *relay.ReclaimIntent) { in.Payments = waiting.Envelope.Payments }},
		"claimed where it was": {"not_sponsored", func(in *relay.ReclaimIntent) { in.Payments = existing.Envelope.Payments }},
		"out of a wallet":      {"not_sponsored", func(in *relay.ReclaimIntent) { in.Payments = []relay.PaymentID{own} }},
		"no number":            {"sequence_out_of_range", func(in *relay.ReclaimIntent) { in.Sequence = 0 }},
		"no end":               {"bound_past", func(in *relay.ReclaimIntent) { in.Bound = 0 }},
		"too long":             {"bound_too_far", func(in *relay.ReclaimIntent) { in.Bound += 2000 }},
	} {
		in, lines := r.reclaimIntent(id), r.lines()
		c.change(&in)
		if a, err := r.s.Reclaim(t.Context(), in); relay.CodeOf(err) != c.code || a.XDR != nil || r.lines() != lines {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.s.Reclaim(t.Context(), r.reclaimIntent(id)); err != nil {
		t.Fatal(err)
	}
	other := r.reclaimIntent(id)
	other.App = "app_other"
	if _, err := r.s.Reclaim(t.Context(), other); err == nil {
		t.Error("another app gets it")
	}
}

// Reserves of one account are never counted back twice.
func TestReclaimCountsOnce(t *testing.T) {
	r := newFixture(t)
	id, account := r.given(relay.Native, r.sponsored(100*relay.One, false))
	r.settles()
	r.counts("given", 0, 2*unit)
	for i := range int64(3) { // as if the account had been made anew each time
		in := r.reclaimIntent(id)
		in.Sequence += i
		a, err := r.s.Reclaim(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		r.landed(a.Hash, 100)
		r.settles()
		r.view.there[account] = r.sponsored(100*relay.One, false)
	}
	if a := r.allowance(); a.Used != 3*reclaimBid || a.Locked != 0 {
		t.Errorf("%+v", a)
	}
}

// While the ledger leaves a reclaim without an answer, no other intent waits for it. Then it is judged anew: a number that another
// reclaim took meanwhile gets that one's answer, and an account that was taken back in between is not taken twice.
func TestReclaimDoesNotHoldTheTurn(t *testing.T) {
	for _, kind := range []string{"head", "look"} {
		t.Run(kind, func(t *testing.T) {
			r := newFixture(t)
			id, _ := r.given(relay.Native, r.sponsored(10*relay.One, false))
			standing := r.fund(r.intent(payment()))
			h := r.hangs(kind)
			in := r.reclaimIntent(id)
			type ended struct {
				answer relay.ReclaimAnswer
				err    error
			}
			waits := make(chan ended, 1)
			go func() {
				a, err := r.s.Reclaim(t.Context(), in)
				waits <- ended{a, err}
			}()
			<-h.asked
			if _, _, err := r.s.Accounts(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := r.s.Claim(t.Context(), r.claimIntent(standing.Minted[0], keypair.MustRandom().Address())); err != nil {
				t.Error(err)
			}
			r.fund(r.intent(payment()))
			first, err := r.s.Reclaim(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			lines := r.lines()
			close(h.reply)
			if o := <-waits; o.err != nil || text(t, o.answer) != text(t, first) {
				t.Errorf("judged by what was: %v", o.err)
			}
			if r.lines() != lines {
				t.Error("the same reserves are taken twice")
			}
			r.reopen()
		})
	}
}

// Only what a claim of its own payment made comes back to an app. One that is planned into another app's claimant shows nothing,
// nor one that was planned into an account of ours.
func TestReclaimOfAnotherAppsClaimant(t *testing.T) {
	r := newFixture(t)
	rich := r.sponsored(10*relay.One, false)
	id, account := r.given(relay.Native, rich)
	const other = relay.AppID("app_other")
	in := r.intentOf(other, 1)
	in.Mints[0].Asset = relay.Native
	b := r.fund(in).Minted[0]
	if _, err := r.s.Claim(t.Context(), r.claimIntent(b, account)); err != nil { // it can never land
		t.Fatal(err)
	}
	if _, err := r.s.Claim(t.Context(), r.claimIntent(b, r.home)); err != nil { // nor this
		t.Fatal(err)
	}
	r.view.there[r.home] = rich
	own := r.planned(b, true)
	r.landed(own.Hash, 0)
	theirs := r.reclaimIntent(b.Payment)
	theirs.App = other
	lines := r.lines()
	if _, err := r.s.Reclaim(t.Context(), theirs); relay.CodeOf(err) != "nothing_to_reclaim" || r.lines() != lines {
		t.Errorf("another app's claimant: %v", err)
	}
	a, err := r.s.Reclaim(t.Context(), r.reclaimIntent(id))
	if err != nil {
		t.Fatal(err)
	}
	r.takes(a.XDR, account, 1)
	r.landed(a.Hash, 100)
	r.view.there[account] = relay.AccountFacts{Exists: true, Free: 10 * relay.One}
	used := func(app relay.AppID) relay.Stroops {
		r.view.head.Sequence += 100
		if _, err := r.s.settle(t.Context(), app); err != nil {
			t.Fatal(err)
		}
		a, err := r.s.Allowance(t.Context(), app, relay.Native)
		if err != nil {
			t.Fatal(err)
		}
		return a.Locked + a.Used
	}
	if ours, theirs := used(r.app), used(other); ours != reclaimBid || theirs != 2*unit {
		t.Errorf("the app that has its lumen back counts %s, the one whose lumen is out %s", ours, theirs)
	}
	theirs.Sequence++
	r.view.there[own.Destination] = rich
	if a, err = r.s.Reclaim(t.Context(), r.until(theirs)); err != nil {
		t.Fatal(err)
	}
	r.takes(a.XDR, own.Destination, 1)
}

// The reserves of an account are taken back by one envelope at a time, whatever numbers a caller names: those that would fail cost the
// sponsor their fees.
func TestReclaimOnceAtATime(t *testing.T) {
	r := newFixture(t)
	id, _ := r.given(relay.Native, r.sponsored(10*relay.One, false))
	if _, err := r.s.Reclaim(t.Context(), r.reclaimIntent(id)); err != nil {
		t.Fatal(err)
	}
	used := r.allowance().Used
	for i := range int64(3) {
		r.reopen()
		in := r.reclaimIntent(id)
		in.Sequence += i + 1
		lines := r.lines()
		if _, err := r.s.Reclaim(t.Context(), in); relay.CodeOf(err) != "nothing_to_reclaim" || r.lines() != lines || r.allowance().Used != used {
			t.Errorf("%v", err)
		}
	}
	r.view.head.Sequence += 13
	if _, err := r.s.Reclaim(t.Context(), r.until(r.reclaimIntent(id))); err != nil {
		t.Error(err)
	}
}

// until gives an intent an end that is ahead.
func (r *fixture) until(in relay.ReclaimIntent) relay.ReclaimIntent {
	in.SignedAt, in.Bound, in.MaxTime = r.view.head.Sequence, r.view.head.Sequence+12, r.view.head.CloseTime+300
	return in
}

// An account that two payments planned is the one's whose claim landed, the newest of them. What the ledger does not remember any
// more is taken back, and counted to no app.
func TestReclaimBelongsToTheNewestClaim(t *testing.T) {
	r := newFixture(t)
	id, account := r.given(relay.Native, r.sponsored(10*relay.One, false))
	next := r.fund(r.mintOf(relay.Native)).Minted[0]
	e, err := r.s.Claim(t.Context(), r.claimIntent(next, account))
	if err != nil {
		t.Fatal(err)
	}
	r.view.head.Sequence += 100
	r.landed(e.Hash, 0) // it was merged away in between
	if _, err := r.s.Reclaim(t.Context(), r.until(r.reclaimIntent(id))); relay.CodeOf(err) != "nothing_to_reclaim" {
		t.Errorf("the older claim: %v", err)
	}
	clear(r.view.seen)
	if _, err := r.s.Reclaim(t.Context(), r.until(r.reclaimIntent(next.Payment))); relay.CodeOf(err) != "nothing_to_reclaim" {
		t.Errorf("not seen to have landed: %v", err)
	}
	r.view.head.Sequence += relay.ClaimHistory + 100
	before := r.allowance()
	a, err := r.s.Reclaim(t.Context(), r.until(r.reclaimIntent(next.Payment)))
	if err != nil {
		t.Fatal(err)
	}
	r.landed(a.Hash, 100)
	delete(r.view.there, account)
	r.settles()
	if after := r.allowance(); after.Locked+after.Used < before.Used+before.Locked-2*relay.FeeReservePerPayment {
		t.Errorf("counted back to an app: %+v, before %+v", after, before)
	}
}
