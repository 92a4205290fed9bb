package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/signer"
)

// drain pays all but left of what an account of ours has free to another account, and refill pays it lumens.
func (w *fixture) drain(account string, left relay.Stroops) {
	w.Helper()
	free := w.lumens(account).Free
	w.does(w.own(w.treasuryKey(relay.App{Treasury: account}), nil, &txnbuild.Payment{Destination: w.payer.Address(),
		Amount: (free - left - 100).String(), Asset: txnbuild.NativeAsset{}}))
	w.watch()
}

func (w *fixture) refill(account string, amount relay.Stroops) {
	w.Helper()
	w.does(w.own(w.payer, nil, &txnbuild.Payment{Destination: account, Amount: amount.String(), Asset: txnbuild.NativeAsset{}}))
	w.watch()
}

func (w *fixture) lumens(account string) relay.AccountFacts {
	w.Helper()
	facts, _, err := w.port.Look(w.Context(), relay.Native, account)
	if err != nil {
		w.Fatal(err)
	}
	return facts[account]
}

func (w *fixture) pauses() []relay.Pause {
	w.Helper()
	all, err := w.desk.Pauses(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func (w *fixture) count(ps []relay.Payment, state relay.State) (n int) {
	w.Helper()
	for _, p := range ps {
		if w.payment(p.ID).State == state {
			n++
		}
	}
	return n
}

// The sponsor runs dry while two apps have payments on their way. New fundings wait, with no failed transaction and no
// attempt counted; the money that is in flight goes home or is claimed all the same; and when lumens are paid in, all of it
// goes on by itself.
func TestTheSponsorRunsDry(t *testing.T) {
	w := newFixture(t, plan{policy: signer.Policy{Limits: signer.Limits{Budget: 5000 * relay.One}}})
	w.apps = append(w.apps, w.openApp())
	var first, later []relay.Payment
	for i := range 6 {
		first = append(first, w.open(w.apps[i%2], nil))
	}
	for _, p := range first {
		w.until(p.ID, relay.Pending)
	}
	w.drain(w.sponsor, 8*relay.One)
	for i := range 30 {
		later = append(later, w.open(w.apps[i%2], nil))
	}
	w.round(3 * bound)
	funded := 30 - w.count(later, relay.Created)
	if funded == 0 || funded > 6 || w.count(later, relay.Pending) != funded {
		t.Fatalf("with 8 lumens %d were funded, %d of them wait", funded, w.count(later, relay.Pending))
	}
	if ps := w.pauses(); len(ps) != 1 || ps[0].App != "" || ps[0].Cause != relay.ErrSponsorShort.Code || ps[0].Detail == "" {
		t.Fatalf("pauses %+v", ps)
	}
	attempts := 0
	for _, p := range later {
		p = w.payment(p.ID)
		if p.State != relay.Created {
			continue
		}
		row, _ := w.row(p.ID, relay.DoFund)
		attempts += row.Attempts
		if why, err := w.desk.Paused(t.Context(), p); p.Fundings != 0 || len(w.fundings(p.ID)) != 0 || err != nil || why == nil {
			t.Errorf("%d fundings, paused %v, %v\n%s", p.Fundings, why, err, w.story(p.ID))
		}
	}
	if attempts != 0 {
		t.Errorf("%d attempts are counted", attempts)
	}
	w.apply(first[0].ID, relay.CancelAsked{})
	w.until(first[0].ID, relay.Returned)
	w.claim(w.payment(first[1].ID), keypair.MustRandom(), 20)
	w.until(first[1].ID, relay.Claimed)

	w.refill(w.sponsor, 100*relay.One)
	for _, p := range later {
		if got := w.until(p.ID, relay.Pending); got.Fundings != 1 {
			t.Errorf("%d fundings", got.Fundings)
		}
	}
	if ps := w.pauses(); len(ps) != 0 {
		t.Errorf("pauses %+v", ps)
	}
	for _, p := range append(first[2:], later...) {
		for _, e := range w.envelopes(p.ID) {
			if e.State == relay.Spent {
				t.Errorf("an envelope failed on the ledger\n%s", w.story(p.ID))
			}
		}
		w.apply(p.ID, relay.CancelAsked{})
	}
	for _, p := range append(first[2:], later...) {
		w.until(p.ID, relay.Returned)
	}
}

// A treasury that is short pauses its app alone, and goes on when it is paid in.
func TestATreasuryIsShort(t *testing.T) {
	w := newFixture(t, plan{})
	w.apps = append(w.apps, w.openApp())
	w.drain(w.apps[0].Treasury, 60*relay.One)
	var short []relay.Payment
	for range 5 {
		short = append(short, w.open(w.apps[0], nil))
	}
	other := w.open(w.apps[1], nil)
	w.until(other.ID, relay.Pending)
	w.round(2 * bound)
	if w.count(short, relay.Pending) != 2 || w.count(short, relay.Created) != 3 {
		t.Errorf("of 60 lumens %d payments of 25 wait, %d are funded", w.count(short, relay.Created), w.count(short, relay.Pending))
	}
	if ps := w.pauses(); len(ps) != 1 || ps[0].App != w.apps[0].ID || ps[0].Cause != relay.ErrTreasuryShort.Code {
		t.Fatalf("pauses %+v", ps)
	}
	w.until(w.open(w.apps[1], nil).ID, relay.Pending)
	w.refill(w.apps[0].Treasury, 1000*relay.One)
	for _, p := range short {
		if got := w.until(p.ID, relay.Pending); got.Fundings != 1 {
			t.Errorf("%d fundings", got.Fundings)
		}
	}
	if ps := w.pauses(); len(ps) != 0 {
		t.Errorf("pauses %+v", ps)
	}
}

// The lumens leave between signature and ledger, again and again: the funding fails there, for no fault of the payment's, which
// goes on when they are back however often that was.
func TestLumensLeaveBeforeTheFundingLands(t *testing.T) {
	for name, account := range map[string]func(w *fixture) string{
		"the sponsor's":  func(w *fixture) string { return w.sponsor },
		"the treasury's": func(w *fixture) string { return w.apps[0].Treasury },
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, plan{policy: signer.Policy{Limits: signer.Limits{Budget: 5000 * relay.One}}})
			p := w.open(w.apps[0], nil)
			for range relay.MostFundings + 1 {
				for w.payment(p.ID).State != relay.Funding { // signed, and not handed in yet
					w.work(relay.DoFund)
					w.close(1)
					w.watch()
				}
				w.drain(account(w), relay.One/10)
				w.until(p.ID, relay.Created)
				if got := w.payment(p.ID); got.Fundings != 0 {
					t.Fatalf("%d tries are counted\n%s", got.Fundings, w.story(p.ID))
				}
				w.refill(account(w), 200*relay.One)
			}
			w.until(p.ID, relay.Pending)
		})
	}
}
