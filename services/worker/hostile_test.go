package worker_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/signer"
)

// hostile is a ledger that fails in every way in which a source may fail without lying about what is in a ledger: not
// done, done but the answer lost, an answer from some ledgers ago, a hash not found that is there, no opinion where there
// is one, and for a claim a number whose user is unknown.
type hostile struct {
	desk.Ledger
	r     *rand.Rand
	heads []relay.Head
	seqs  map[string][]int64
	facts map[string][]relay.HoldingFacts
	calls map[string]int
}

func newHostile(seed uint64) *hostile {
	return &hostile{r: rand.New(rand.NewPCG(seed, 3)), seqs: map[string][]int64{}, facts: map[string][]relay.HoldingFacts{}, calls: map[string]int{}}
}

var errAway = relay.NewFault(relay.Unavailable, "ledger_unavailable", "", nil)

// mood says how a call goes wrong; "" is not at all.
func (h *hostile) mood(method string, moods ...string) string {
	if h.r == nil || h.r.IntN(3) != 0 {
		return ""
	}
	m := moods[h.r.IntN(len(moods))]
	h.calls[method+" "+m]++
	return m
}

func (h *hostile) calm() { h.r = nil }

// older is one of the last few of xs.
func older[T any](r *rand.Rand, xs []T) T { return xs[max(0, len(xs)-1-r.IntN(5))] }

func (h *hostile) Head(ctx context.Context) (relay.Head, error) {
	head, err := h.Ledger.Head(ctx)
	if n := len(h.heads); err == nil && (n == 0 || h.heads[n-1] != head) {
		h.heads = append(h.heads, head)
	}
	switch h.mood("head", "away", "lags", "lags") {
	case "away":
		return relay.Head{}, errAway
	case "lags":
		return older(h.r, h.heads), err
	}
	return head, err
}

func (h *hostile) Submit(ctx context.Context, envelope []byte) (relay.Answer, error) {
	switch h.mood("submit", "away", "lost", "refused", "refused and done") {
	case "away":
		return relay.Answer{}, errAway
	case "lost":
		_, _ = h.Ledger.Submit(ctx, envelope)
		return relay.Answer{}, errAway
	case "refused":
		return relay.Answer{Word: "refused", Code: "tx_no_account"}, nil
	case "refused and done":
		_, _ = h.Ledger.Submit(ctx, envelope)
		return relay.Answer{Word: "refused", Code: "tx_bad_seq"}, nil
	}
	return h.Ledger.Submit(ctx, envelope)
}

func (h *hostile) Sight(ctx context.Context, hash string) (*relay.Sighting, error) {
	switch h.mood("sight", "away", "blind") {
	case "away":
		return nil, errAway
	case "blind":
		return nil, nil
	}
	return h.Ledger.Sight(ctx, hash)
}

func (h *hostile) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	switch h.mood("verdict", "away", "no opinion", "contradicted") {
	case "away":
		return relay.CannotLand, nil, errAway // the verdict beside an error means nothing
	case "no opinion":
		return relay.Inconclusive, nil, nil
	case "contradicted":
		head, err := h.Ledger.Head(ctx)
		if err == nil && e.Kind == relay.ClaimEnvelope && head.Sequence > e.Bound {
			return relay.Contradicted, nil, nil
		}
	}
	return h.Ledger.Verdict(ctx, e)
}

func (h *hostile) Sequence(ctx context.Context, account string) (int64, error) {
	n, err := h.Ledger.Sequence(ctx, account)
	if err == nil {
		h.seqs[account] = append(h.seqs[account], n)
	}
	switch h.mood("sequence", "away", "lags") {
	case "away":
		return 0, errAway
	case "lags":
		if len(h.seqs[account]) > 0 {
			return older(h.r, h.seqs[account]), nil
		}
	}
	return n, err
}

func (h *hostile) Holdings(ctx context.Context, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error) {
	out, err := h.Ledger.Holdings(ctx, asked...)
	mood := h.mood("holdings", "away", "lags", "absent")
	if err != nil || mood == "away" {
		return nil, errors.Join(err, errAway)
	}
	for _, id := range slices.Sorted(maps.Keys(out)) {
		h.facts[id] = append(h.facts[id], out[id])
		switch mood {
		case "lags":
			out[id] = older(h.r, h.facts[id])
		case "absent": // from before it was funded
			out[id] = relay.HoldingFacts{}
		}
	}
	return out, nil
}

func (h *hostile) Advise(ctx context.Context, p relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	switch h.mood("advise", "away", "early", "absent") {
	case "away":
		return relay.RungAdvice{}, errAway
	case "early":
		return relay.RungAdvice{Wait: true}, nil
	case "absent":
		return relay.RungAdvice{Reason: relay.HoldingAbsent}, nil
	}
	return h.Ledger.Advise(ctx, p, ladder)
}

func (h *hostile) Rehearse(ctx context.Context, claim relay.Envelope) (string, error) {
	switch h.mood("rehearse", "away", "refuses", "agrees blindly") {
	case "away":
		return "", errAway
	case "refuses":
		return "from some ledgers ago", nil
	case "agrees blindly":
		return "", nil
	}
	return h.Ledger.Rehearse(ctx, claim)
}

func (h *hostile) Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error) {
	switch h.mood("page", "away", "not yet") {
	case "away":
		return nil, errAway
	case "not yet":
		return nil, nil
	}
	return h.Ledger.Page(ctx, seq)
}

// weary is the signer's view, which fails at times.
type weary struct {
	signer.Ledger
	r *rand.Rand
}

func (v *weary) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	switch v.r.IntN(4) {
	case 0:
		return relay.CannotLand, nil, errAway
	case 1:
		return relay.Inconclusive, nil, nil
	}
	return v.Ledger.Verdict(ctx, e)
}

// faultFixture is one run: the worker, its hostile ports, and the payments in it.
type faultFixture struct {
	*fixture
	r        *rand.Rand
	h        *hostile
	payments []relay.PaymentID
	hers     map[string]relay.Stroops // claimants' accounts and what would be in them
}

// TestHostileLedger plays a crowd of payments, claimed and canceled at random, against a ledger that fails at every turn.
// All of them end, no two fundings of one could ever land, and every stroop is where the states say, as the ledger has it.
func TestHostileLedger(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h, v := newHostile(seed), &weary{r: rand.New(rand.NewPCG(seed, 5))}
			d := &faultFixture{r: rand.New(rand.NewPCG(seed, 1)), h: h, hers: map[string]relay.Stroops{}}
			d.fixture = newFixture(t, plan{
				ledger:      func(l desk.Ledger) desk.Ledger { h.Ledger = l; return h },
				signersView: func(l signer.Ledger) signer.Ledger { v.Ledger = l; return v },
			})
			d.net.SetFaults(devnet.Faults{LoseAnswer: 0.2, TryAgain: 0.1, LateInclusion: 2, Seed: seed + 1})
			d.apps = append(d.apps, d.openApp())
			for range 40 {
				d.act(5)
				d.turn()
			}
			d.net.AdvanceClock(2 * time.Hour) // the rest expires
			for range 20 {
				d.turn()
			}
			h.calm()
			for range 60 {
				if !d.ended() {
					d.turn()
				}
			}
			d.account()
		})
	}
}

// act is what people do in one round: up to n new payments, claims and cancels.
func (d *faultFixture) act(n int) {
	d.Helper()
	for range n {
		if len(d.payments) < 110 {
			p := d.open(d.apps[d.r.IntN(2)], soon)
			d.payments = append(d.payments, p.ID)
		}
		p := d.payment(d.payments[d.r.IntN(len(d.payments))])
		switch d.r.IntN(4) {
		case 0:
			_, err := d.desk.Apply(d.Context(), p.ID, relay.CancelAsked{})
			if err != nil && relay.KindOf(err) != relay.Conflict {
				d.Fatal(err)
			}
		case 1, 2:
			if p.State == relay.Pending {
				ana := keypair.MustRandom()
				if e, ok := d.tryClaim(p, ana, 3+uint32(d.r.IntN(8))); ok && e.NewAccount {
					d.hers[ana.Address()] = p.Amount
				}
			}
		}
	}
}

// tryClaim claims if the ledger lets her plan it: the database may be behind.
func (d *faultFixture) tryClaim(p relay.Payment, ana *keypair.Full, ledgers uint32) (relay.Envelope, bool) {
	d.Helper()
	if d.has(p.Holding) < 0 {
		return relay.Envelope{}, false
	}
	return d.claim(p, ana, ledgers), true
}

// turn is a round in which the watcher may fail.
func (d *faultFixture) turn() {
	d.Helper()
	d.close(1)
	for range 10 {
		moved, err := d.w.WatchOnce(d.Context())
		if errors.Is(err, relay.ErrContradiction) {
			d.Fatal(err)
		}
		if err == nil && !moved {
			break
		}
	}
	d.work()
	if why := d.halted(); why != "" {
		d.Fatal(why)
	}
	for _, id := range d.payments {
		if d.r.IntN(8) != 0 || d.payment(id).State.Ended() {
			continue
		}
		live := 0
		for _, e := range d.fundings(id) {
			if e.Live() {
				live++
			}
		}
		if live > 1 {
			d.Fatalf("%d fundings could land\n%s", live, d.story(id))
		}
	}
}

func (d *faultFixture) ended() bool {
	return !slices.ContainsFunc(d.payments, func(id relay.PaymentID) bool { return !d.payment(id).State.Ended() })
}

// account holds the ledger against the states.
func (d *faultFixture) account() {
	d.Helper()
	out, ends := map[relay.AppID]relay.Stroops{}, map[relay.State]int{}
	for _, id := range d.payments {
		p := d.payment(id)
		ends[p.State]++
		if entries, err := relaytest.History(d.Context(), d.store, id); err != nil || slices.ContainsFunc(entries, func(e relay.Entry) bool { return e.To == relay.Parked }) {
			ends[relay.Parked]++ // for a while
		}
		landed := 0
		for _, e := range d.envelopes(id) {
			if e.Kind == relay.FundingEnvelope && e.State == relay.Landed {
				landed++
			}
			if e.Kind == relay.ReturnEnvelope && d.has(e.Source) != -1 {
				d.Errorf("a holding account is left\n%s", d.story(id))
			}
		}
		switch {
		case !p.State.Ended():
			d.Errorf("has not ended\n%s", d.story(id))
		case p.State == relay.Claimed:
			out[p.App] += p.Amount
			d.wantHas("a claimant", p.Destination, d.hers[p.Destination])
			delete(d.hers, p.Destination)
		}
		if paid := p.State == relay.Claimed || p.State == relay.Returned; landed > 1 || paid != (landed == 1) {
			d.Errorf("%s, and %d fundings landed\n%s", p.State, landed, d.story(id))
		}
	}
	for account := range d.hers {
		d.wantHas("who did not claim", account, -1)
	}
	for _, app := range d.apps {
		d.wantHas("a treasury", app.Treasury, full-out[app.ID])
	}
	if ends[relay.Claimed] < 10 || ends[relay.Returned] < 10 || ends[relay.Canceled] < 3 {
		d.Errorf("the play was too tame: %v", ends)
	}
	d.Logf("ends: %v; trouble: %v", ends, d.h.calls)
}
