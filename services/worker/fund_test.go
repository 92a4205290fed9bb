package worker_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/services/signer"
)

// Payments of one app share an envelope, those of another never do; every one of them gets its money, once.
func TestFundingInBatches(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	w.apps = append(w.apps, w.openApp())
	var all []relay.Payment
	for i := range 40 {
		all = append(all, w.open(w.apps[i%2], nil))
	}
	before := []relay.Stroops{w.has(w.apps[0].Treasury), w.has(w.apps[1].Treasury)}
	for _, p := range all {
		w.until(p.ID, relay.Pending)
	}
	carried := map[string]relay.AppID{}
	for _, p := range all {
		p = w.payment(p.ID)
		w.wantHas("a holding account", p.Holding, p.Amount)
		fs := w.fundings(p.ID)
		if len(fs) != 1 || len(fs[0].Payments) > 17 {
			t.Fatalf("%d fundings of %d", len(fs), len(fs[0].Payments))
		}
		if app, ok := carried[fs[0].Hash]; ok && app != p.App {
			t.Error("one envelope carries payments of two apps")
		}
		carried[fs[0].Hash] = p.App
	}
	if len(carried) > 6 {
		t.Errorf("%d envelopes for 40 payments", len(carried))
	}
	for i, app := range w.apps {
		w.wantHas("a treasury", app.Treasury, before[i]-20*25*relay.One)
	}
}

// A live funding keeps its channel busy; what comes later waits, and is funded when the channel is free.
func TestFundingWaitsForAChannel(t *testing.T) {
	d := &door{submit: dropped}
	w := newFixture(t, d.through(plan{channels: 1}))
	first := w.open(w.apps[0], nil)
	w.work()
	w.is(first.ID, relay.Funding, "")
	second := w.open(w.apps[0], nil)
	w.work()
	w.is(second.ID, relay.Created, "")
	if row, _ := w.row(second.ID, relay.DoFund); row.DoneAt != 0 || row.Note != "every channel is busy" {
		t.Errorf("the row says %+v", row)
	}
	d.submit = nil
	w.until(first.ID, relay.Pending)
	w.until(second.ID, relay.Pending)
}

// forgetful loses the answer of the next funding: it is signed and in the signer's log, and not written down.
type forgetful struct {
	desk.Signer
	lose   int
	before func() // runs after the signer has answered, before the worker has the answer
	asked  int
}

func (f *forgetful) Fund(ctx context.Context, in relay.FundIntent) (relay.FundAnswer, error) {
	f.asked++
	a, err := f.Signer.Fund(ctx, in)
	if f.lose > 0 {
		f.lose--
		return relay.FundAnswer{}, relay.NewFault(relay.Unavailable, "lost", "", nil)
	}
	if f.before != nil {
		f.before()
		f.before = nil
	}
	return a, err
}

func (f *forgetful) in(p plan) plan {
	p.signersHand = func(s desk.Signer) desk.Signer { f.Signer = s; return f }
	return p
}

// The signer answers a batch that overlaps an earlier funding with that funding, whole. The worker takes it as it is, and
// the rest comes in a funding of its own.
func TestStandingFundingForAnOverlappingBatch(t *testing.T) {
	f := &forgetful{lose: 1}
	w := newFixture(t, f.in(plan{}))
	a, b := w.open(w.apps[0], nil), w.open(w.apps[0], nil)
	w.work() // signed for a and b, and lost
	w.is(a.ID, relay.Created, "")
	c := w.open(w.apps[0], nil)
	for _, p := range []relay.Payment{a, b, c} {
		w.until(p.ID, relay.Pending)
	}
	fa, fb, fc := w.fundings(a.ID), w.fundings(b.ID), w.fundings(c.ID)
	if len(fa) != 1 || len(fb) != 1 || len(fc) != 1 || fa[0].Hash != fb[0].Hash || fa[0].Hash == fc[0].Hash {
		t.Errorf("fundings: %d of a, %d of b, %d of c", len(fa), len(fb), len(fc))
	}
	if len(fa[0].Payments) != 2 {
		t.Errorf("the standing funding carries %d", len(fa[0].Payments))
	}
	w.wantHas("the treasury", w.apps[0].Treasury, 10_000*relay.One-75*relay.One)
}

// A payment canceled between signature and commit fails the commit of its whole batch: nothing of it is ever sent, and
// once the bound has passed the others are funded anew, exactly once. No other payment waits for that.
func TestCanceledBetweenSigningAndCommit(t *testing.T) {
	d, f := &door{}, &forgetful{}
	w := newFixture(t, d.through(f.in(plan{})))
	a, b := w.open(w.apps[0], nil), w.open(w.apps[0], nil)
	f.before = func() { w.apply(b.ID, relay.CancelAsked{}) }
	w.work(relay.DoFund)
	w.is(b.ID, relay.Canceled, relay.ByCancel)
	w.is(a.ID, relay.Created, "")
	if len(d.sent) != 0 || len(w.fundings(a.ID)) != 0 {
		t.Fatal("a funding that was never committed was sent")
	}
	w.apps = append(w.apps, w.openApp())
	other := w.open(w.apps[1], nil)
	w.round(1)
	w.work()
	if w.payment(other.ID).State == relay.Created {
		row, _ := w.row(other.ID, relay.DoFund)
		t.Errorf("another app waits for a bound that is not its own: %s", row.Note)
	}
	a = w.until(a.ID, relay.Pending)
	w.until(other.ID, relay.Pending)
	if len(w.fundings(a.ID)) != 1 || a.Fundings != 1 {
		t.Errorf("%d fundings committed", len(w.fundings(a.ID)))
	}
	w.round(bound + 2)
	w.wantHas("the holding account", a.Holding, a.Amount)
	w.wantHas("the treasury", w.apps[0].Treasury, 10_000*relay.One-25*relay.One)
	answer, err := w.signer.Fund(t.Context(), w.intent(a)) // what the signer thinks stands
	if err != nil || answer.Envelope.Hash != a.Funding {
		t.Errorf("signer and database disagree: %s, %s, %v", answer.Envelope.Hash, a.Funding, err)
	}
}

// intent asks for a funding of p as a worker that forgot everything would.
func (w *fixture) intent(p relay.Payment) relay.FundIntent {
	head := w.head()
	_, channels, err := w.signer.Accounts(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	sequence, err := w.port.Sequence(w.Context(), channels[0])
	if err != nil {
		w.Fatal(err)
	}
	return relay.FundIntent{App: p.App, Channel: channels[0], Sequence: sequence + 1, SignedAt: head.Sequence, Bound: head.Sequence + bound,
		MaxTime: head.CloseTime + 600, Mints: []relay.Mint{{Payment: p.ID, Amount: p.Amount, Asset: p.Asset, ReturnTo: p.ReturnTo,
			ExpiresAt: p.ExpiresAt, SenderRecipients: p.SenderRecipients.List(), ClaimRecipient: p.ClaimRecipient}}}
}

// A funding whose submissions never arrive is proven dead past its bound, not before; then the payment is funded anew.
func TestFundingThatNeverGetsIn(t *testing.T) {
	d := &door{submit: dropped}
	w := newFixture(t, d.through(plan{}))
	p := w.open(w.apps[0], nil)
	w.work()
	p = w.is(p.ID, relay.Funding, "")
	first := w.fundings(p.ID)[0]
	for w.head().Sequence < first.Bound {
		w.round(1)
		if got := w.is(p.ID, relay.Funding, ""); got.Funding != first.Hash {
			t.Fatal("funded anew while the first could land")
		}
	}
	if d.sent[first.Hash] < 2 {
		t.Fatal("handed in once only")
	}
	d.submit = nil
	sent := d.sent[first.Hash]
	w.round(1) // a ledger beyond the last one in which it may land
	p = w.until(p.ID, relay.Pending)
	if d.sent[first.Hash] != sent {
		t.Error("handed in past its bound")
	}
	fs := w.fundings(p.ID)
	if len(fs) != 2 || fs[0].State != relay.Dead || fs[1].State != relay.Landed || p.Fundings != 2 || p.Holding == first.Source {
		t.Fatalf("%s", w.story(p.ID))
	}
	w.wantHas("the treasury", w.apps[0].Treasury, 10_000*relay.One-p.Amount)
	w.wantHas("the holding account", p.Holding, p.Amount)
}

// Answers that are lost change nothing: the funding lands once.
func TestFundingWhoseAnswersAreLost(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	d.submit = d.lost
	p := w.open(w.apps[0], nil)
	p = w.until(p.ID, relay.Pending)
	w.round(bound + 2)
	if len(w.fundings(p.ID)) != 1 {
		t.Error(w.story(p.ID))
	}
	w.wantHas("the treasury", w.apps[0].Treasury, 10_000*relay.One-p.Amount)
}

// Another account sees the funding on its way and makes the holding account first: the funding fails, and the payment is funded
// anew into another account. What becomes of the first one, our own way back from it included, is nothing of the payment's.
func TestAnotherAccountMakesTheHoldingAccountFirst(t *testing.T) {
	d := &door{}
	w := newFixture(t, d.through(plan{}))
	var outer string
	d.submit = func(envelope []byte) (relay.Answer, bool) { outer = text(envelope); return dropped(envelope) }
	p := w.until(w.open(w.apps[0], nil).ID, relay.Funding)
	w.work(relay.DoSubmit)
	first, rung := p.Holding, w.rungs(p)[0]
	made := w.own(w.payer, nil, &txnbuild.CreateAccount{Destination: first, Amount: "1"})
	if _, err := w.net.CloseWith(made, outer); err != nil {
		t.Fatal(err)
	}
	w.watch()
	w.is(p.ID, relay.Created, "")
	d.submit = nil
	p = w.until(p.ID, relay.Pending)
	if p.Holding == first {
		t.Fatal("funded into an account that another made")
	}
	w.round(bound + 1)
	w.does(w.bumped(rung.XDR))
	w.watch()
	w.is(p.ID, relay.Pending, "")
	if w.halted() != "" {
		t.Error(w.halted())
	}
	w.apply(p.ID, relay.CancelAsked{})
	p = w.until(p.ID, relay.Returned)
	w.wantHas("the holding account", p.Holding, -1)
	w.wantHas("the treasury", w.apps[0].Treasury, full+relay.One)
}

// However often fundings are lost, a payment never has two that could land, and after the last try it fails.
func TestFundingGivesUp(t *testing.T) {
	d := &door{submit: dropped}
	w := newFixture(t, d.through(plan{}))
	p := w.open(w.apps[0], nil)
	for range relay.MostFundings * (bound + 4) {
		w.round(1)
		live := 0
		for _, e := range w.fundings(p.ID) {
			if e.Live() {
				live++
			}
		}
		if live > 1 {
			t.Fatalf("%d fundings could land", live)
		}
		if w.payment(p.ID).State.Ended() {
			break
		}
	}
	w.is(p.ID, relay.Failed, relay.FundingFailed)
	if n := len(w.fundings(p.ID)); n != relay.MostFundings {
		t.Errorf("%d fundings were signed", n)
	}
	w.wantHas("the treasury", w.apps[0].Treasury, 10_000*relay.One)
}

// A worker that comes to an envelope only when its bound has passed, however often, costs its payment no try.
func TestFundingThatIsHandedInTooLate(t *testing.T) {
	for name, late := range map[string]bool{"not handed in": false, "handed in too late": true} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, plan{})
			p := w.open(w.apps[0], nil)
			for range relay.MostFundings + 1 {
				for w.payment(p.ID).State != relay.Funding {
					w.work(relay.DoFund)
					w.close(1)
					w.watch()
				}
				if w.close(bound - 1); late {
					w.work(relay.DoSubmit)
				}
				w.close(2)
				w.watch()
				w.until(p.ID, relay.Created)
				if got := w.payment(p.ID); got.Fundings != 0 {
					t.Fatalf("%d tries are counted\n%s", got.Fundings, w.story(p.ID))
				}
			}
			w.until(p.ID, relay.Pending)
		})
	}
}

// A payment above the signer's limit fails alone.
func TestTheSignerRefusesOneForGood(t *testing.T) {
	w := newFixture(t, plan{policy: signer.Policy{Limits: signer.Limits{MaxPayment: 30 * relay.One}}})
	first := w.open(w.apps[0], nil)
	big := w.open(w.apps[0], func(p *relay.Payment) { p.Amount = 31 * relay.One })
	last := w.open(w.apps[0], nil)
	w.until(first.ID, relay.Pending)
	w.until(last.ID, relay.Pending)
	w.is(big.ID, relay.Failed, relay.Refused)
	history, err := relaytest.History(t.Context(), w.store, big.ID)
	if last := history[len(history)-1]; err != nil || last.Input != "funding_refused" || !strings.Contains(last.Detail, "payment_limit") {
		t.Errorf("why it was refused is lost: %+v, %v", last, err)
	}
}

// A limit of the whole app counts against no payment: what fits into the day is funded, the rest waits for the next.
func TestTheSignersDayLimitFailsNoPayment(t *testing.T) {
	w := newFixture(t, plan{policy: signer.Policy{Limits: signer.Limits{MaxPayment: 30 * relay.One, MaxDay: 80 * relay.One}}})
	var all []relay.Payment
	for range 5 {
		all = append(all, w.open(w.apps[0], nil))
	}
	w.round(2*bound + 2)
	waits := 0
	for _, p := range all {
		switch got := w.payment(p.ID); got.State {
		case relay.Pending:
		case relay.Created:
			waits++
		default:
			t.Errorf("%s %s", got.State, got.Reason)
		}
	}
	if waits != 2 {
		t.Errorf("%d of 5 wait, and 3 fit into the day", waits)
	}
	w.net.AdvanceClock(24 * time.Hour)
	for _, p := range all {
		w.until(p.ID, relay.Pending)
	}
}

// deaf is a signer's view that does not answer.
type deaf struct {
	signer.Ledger
	off bool
}

func (d *deaf) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	if d.off {
		return relay.Inconclusive, nil, relay.ErrGap
	}
	return d.Ledger.Verdict(ctx, e)
}

// The worker has proven a funding dead, the signer has not yet: it answers with the same funding again. That funds
// nothing, so the payment goes on asking.
func TestTheSignerIsConvincedLater(t *testing.T) {
	v, d := &deaf{off: true}, &door{submit: dropped}
	p := d.through(plan{})
	p.signersView = func(l signer.Ledger) signer.Ledger { v.Ledger = l; return v }
	w := newFixture(t, p)
	pay := w.open(w.apps[0], nil)
	w.until(pay.ID, relay.Funding)
	w.until(pay.ID, relay.Created)
	w.round(3)
	w.is(pay.ID, relay.Created, "")
	v.off, d.submit = false, nil
	if got := w.until(pay.ID, relay.Pending); got.Fundings != 2 {
		t.Errorf("%d fundings", got.Fundings)
	}
	w.wantHas("the treasury", w.apps[0].Treasury, 10_000*relay.One-pay.Amount)
}
