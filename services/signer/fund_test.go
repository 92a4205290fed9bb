package signer

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

func TestFundIsComplete(t *testing.T) {
	r := newFixture(t)
	var ids []relay.PaymentID
	for range 17 {
		ids = append(ids, payment())
	}
	in := r.intent(ids...)
	in.SignedAt += 3 // the caller's source is ahead of ours: what counts is what we know
	a := r.fund(in)
	e := a.Envelope
	if e.Kind != relay.FundingEnvelope || e.State != relay.Signed || e.Source != r.channel || e.Sequence != in.Sequence ||
		e.Bound != in.Bound || e.MaxTime != in.MaxTime || e.SignedAt != r.view.head.Sequence || !slices.Equal(e.Payments, ids) {
		t.Errorf("envelope %+v", e)
	}
	plan := stellar.FundingPlan{
		Passphrase: passphrase, Channel: r.channel, Sponsor: r.sponsor, Treasury: r.home, Sequence: in.Sequence,
		MaxTime: in.MaxTime, LastLedger: in.Bound,
	}
	for i, m := range a.Minted {
		plan.Payments = append(plan.Payments, stellar.Holding{Account: m.Account, Asset: relay.Native, Amount: in.Mints[i].Amount})
		if r.seed(m, r.sender).Address() != m.Account || r.seed(m, r.claim).Address() != m.Account {
			t.Error("the box does not hold the key of the account")
		}
		way := stellar.ReturnPlan{
			Passphrase: passphrase, Version: relay.LadderVersion, Holding: m.Account, ReturnTo: r.home, LastLedger: in.Bound, Sponsor: r.sponsor,
			Asset: relay.Native, Amount: in.Mints[i].Amount,
		}
		for j, rung := range m.Ladder {
			if _, err := stellar.CheckReturn(base64.StdEncoding.EncodeToString(rung.XDR), way, 2-j); err != nil || rung.Rung != 2-j {
				t.Errorf("rung %d: %v", j, err)
			}
			if (rung.State == relay.Signed) != (j < 2) || rung.Source != m.Account || rung.Bound != 0 {
				t.Errorf("rung %+v", rung)
			}
		}
		if len(m.Ladder) != 3 {
			t.Errorf("%d rungs", len(m.Ladder))
		}
	}
	signed := base64.StdEncoding.EncodeToString(e.XDR)
	tx, err := stellar.CheckFunding(signed, plan)
	if err != nil {
		t.Fatal(err)
	}
	if by, err := stellar.SignedBy(signed, passphrase, tx.Signers...); err != nil || len(by) != 20 || tx.Hash != e.Hash {
		t.Errorf("signed by %d, %v", len(by), err)
	}
}

// A repeated intent gets the first answer, to the byte, before and after a restart, however the ledger went on.
func TestRepeatedIntent(t *testing.T) {
	r := newFixture(t)
	in := r.intent(payment(), payment())
	first := text(t, r.fund(in))
	lines := r.lines()
	for range 3 {
		if again := text(t, r.fund(in)); again != first {
			t.Error("another answer")
		}
		r.view.head.Sequence += 600
		r.view.head.CloseTime += 3000
		r.reopen()
	}
	if r.lines() != lines {
		t.Error("repeats grew the log")
	}
}

// An intent that names a payment which is funded, or may be, gets that funding whole; the other payments wait.
func TestOverlappingIntents(t *testing.T) {
	r := newFixture(t)
	a, b, c := payment(), payment(), payment()
	first := r.fund(r.intent(a, b))
	for _, in := range []relay.FundIntent{r.intent(b, c), r.intent(c, a), r.intent(b)} {
		if text(t, r.fund(in)) != text(t, first) {
			t.Error("a payment was funded while its first funding could still land")
		}
	}
	second := r.fund(r.intent(c))
	if second.Envelope.Hash == first.Envelope.Hash || len(second.Minted) != 1 {
		t.Error("the payment left over is not funded by itself")
	}
	if text(t, r.fund(r.intent(c, a))) != text(t, second) {
		t.Error("the first payment named does not decide")
	}
}

// Nothing less than the signer's own proof lets a payment be funded anew.
func TestSecondFundingNeedsProof(t *testing.T) {
	r := newFixture(t)
	id := payment()
	first := r.fund(r.intent(id))
	hash := first.Envelope.Hash
	r.view.head.Sequence += 500 // long past its bound, which proves nothing
	r.view.head.CloseTime += 3000
	if text(t, r.fund(r.intent(id))) != text(t, first) {
		t.Fatal("funded twice without a proof")
	}
	r.view.err = errors.New("unreachable")
	if text(t, r.fund(r.intent(id))) != text(t, first) {
		t.Fatal("funded twice because the ledger did not answer")
	}
	r.view.err = nil
	r.view.verdicts[hash] = relay.Contradicted
	if _, err := r.s.Fund(t.Context(), r.intent(id)); !errors.Is(err, relay.ErrContradiction) {
		t.Fatal(err)
	}
	r.view.verdicts[hash] = relay.CannotLand
	second := r.fund(r.intent(id))
	if second.Envelope.Hash == hash || second.Minted[0].Account == first.Minted[0].Account {
		t.Fatal("no new funding after the proof")
	}
	r.view.verdicts[hash] = relay.Inconclusive // what was found stays found
	r.reopen()
	if text(t, r.fund(r.intent(id))) != text(t, second) {
		t.Error("after a restart another funding answers")
	}
	if _, err := r.s.Bump(t.Context(), hash, nil, relay.One); relay.CodeOf(err) != "funding_dead" {
		t.Errorf("a dead funding can be bumped: %v", err)
	}
	if _, err := r.s.Claim(t.Context(), r.claimIntent(first.Minted[0], r.home)); relay.CodeOf(err) != "holding_dead" {
		t.Errorf("a claim of an account that was never funded: %v", err)
	}
}

// TestAProofOfAnotherChain has the endpoint show another chain, on which a funding cannot land, and then the one on which it has landed:
// the payment is not funded anew, and its money can be claimed and sent home again. Day limit and budget are as if it had never been
// thought dead.
func TestAProofOfAnotherChain(t *testing.T) {
	r := newFixture(t)
	id := payment()
	first := r.fund(r.intent(id))
	hash := first.Envelope.Hash
	before := r.s.book.out[r.app]
	r.view.verdicts[hash] = relay.CannotLand
	r.view.head.Sequence += 500
	if _, err := r.s.Claim(t.Context(), r.claimIntent(first.Minted[0], r.home)); err != nil {
		t.Fatal(err)
	}
	if err := r.s.decide(t.Context(), func(q *told) error { return r.s.look(q, r.s.book.fundings[hash]) }); err != nil || !r.s.book.fundings[hash].dead() {
		t.Fatalf("it is not proven dead: %v", err)
	}
	r.view.seen[hash] = relay.Sighting{Hash: hash, Tx: hash, Ledger: 5001, Success: true}
	if text(t, r.fund(r.intent(id))) != text(t, first) {
		t.Error("it is funded a second time")
	}
	r.reopen()
	if out := r.s.book.out[r.app]; out != before {
		t.Errorf("the app has %v out, not %v", out, before)
	}
	if _, err := r.s.Bump(t.Context(), first.Minted[0].Ladder[0].Hash, nil, relay.One); err != nil {
		t.Errorf("its way home cannot be paid for: %v", err)
	}
	if _, err := r.s.Claim(t.Context(), r.claimIntent(first.Minted[0], r.home)); err != nil {
		t.Errorf("it cannot be claimed: %v", err)
	}
}

func TestLandedIsForever(t *testing.T) {
	r := newFixture(t)
	id := payment()
	first := r.fund(r.intent(id))
	hash := first.Envelope.Hash
	r.view.seen[hash] = relay.Sighting{Hash: hash, Tx: hash, Ledger: 5001, Success: true}
	if text(t, r.fund(r.intent(id))) != text(t, first) {
		t.Error("a landed funding does not answer")
	}
	delete(r.view.seen, hash)
	r.view.verdicts[hash] = relay.CannotLand // a ledger that forgot, or lies now
	r.reopen()
	asked := r.view.asked.Load()
	if text(t, r.fund(r.intent(id))) != text(t, first) || r.view.asked.Load() != asked {
		t.Error("what landed was put in question again")
	}
}

func TestSeenToFail(t *testing.T) {
	r := newFixture(t)
	id := payment()
	in := r.intent(id)
	hash := r.fund(in).Envelope.Hash
	r.view.seen[hash] = relay.Sighting{Hash: hash, Tx: "outer", Ledger: 5002}
	if _, err := r.s.Fund(t.Context(), in); !errors.Is(err, relay.ErrSequenceTaken) {
		t.Errorf("a number that is used up was signed again: %v", err)
	}
	if r.fund(r.intent(id)).Envelope.Hash == hash {
		t.Error("not funded anew")
	}
}

func TestForeignSighting(t *testing.T) {
	r := newFixture(t)
	id := payment()
	hash := r.fund(r.intent(id)).Envelope.Hash
	r.view.seen[hash] = relay.Sighting{Hash: strings.Repeat("a", 64), Success: false}
	if _, err := r.s.Fund(t.Context(), r.intent(id)); !errors.Is(err, relay.ErrContradiction) {
		t.Error(err)
	}
}

// A channel's number is signed for a second envelope only after the first one's death.
func TestNumberIsSignedOnce(t *testing.T) {
	r := newFixture(t)
	in := r.intent(payment())
	hash := r.fund(in).Envelope.Hash
	other := r.intent(payment())
	other.Sequence = in.Sequence
	r.refused(other, "sequence_taken")
	r.reopen()
	r.refused(other, "sequence_taken")
	r.view.verdicts[hash] = relay.Contradicted // by whatever used the number: that stops the first one's payment alone
	r.refused(other, "sequence_taken")
	var c *relay.Contradiction
	if _, err := r.s.Fund(t.Context(), in); !errors.As(err, &c) || c.Scope != relay.HaltPayment || c.Hash != hash || !slices.Equal(c.Payments, []relay.PaymentID{in.Mints[0].Payment}) {
		t.Errorf("the contradiction is about %+v: %v", c, err)
	}
	r.view.verdicts[hash] = relay.CannotLand
	if r.fund(other).Envelope.Sequence != in.Sequence {
		t.Error("a free number is refused")
	}
	third := r.intent(payment())
	third.Sequence = in.Sequence
	r.refused(third, "sequence_taken")
}

func TestFundPolicy(t *testing.T) {
	r := newFixture(t)
	foreign := r.s.book.channels[1]
	for name, c := range map[string]struct {
		code   string
		change func(*relay.FundIntent)
	}{
		"empty":               {"batch_size", func(in *relay.FundIntent) { in.Mints = nil }},
		"payment id":          {"id_malformed", func(in *relay.FundIntent) { in.Mints[0].Payment = "pay_x" }},
		"payment twice":       {"payment_repeated", func(in *relay.FundIntent) { in.Mints = append(in.Mints, in.Mints[0]) }},
		"18 payments":         {"batch_size", func(in *relay.FundIntent) { *in = r.intent(many(18)...) }},
		"21 payments":         {"batch_size", func(in *relay.FundIntent) { *in = r.intent(many(21)...) }},
		"app":                 {"app_unknown", func(in *relay.FundIntent) { in.App = "app_other" }},
		"channel":             {"channel_unknown", func(in *relay.FundIntent) { in.Channel = r.sponsor }},
		"treasury as channel": {"channel_unknown", func(in *relay.FundIntent) { in.Channel = r.home }},
		"sequence":            {"sequence_out_of_range", func(in *relay.FundIntent) { in.Sequence = 0 }},
		"signed at":           {"signed_at_missing", func(in *relay.FundIntent) { in.SignedAt = 0 }},
		"bound past":          {"bound_past", func(in *relay.FundIntent) { in.Bound = r.view.head.Sequence }},
		"time past":           {"bound_past", func(in *relay.FundIntent) { in.MaxTime = r.view.head.CloseTime }},
		"no bound":            {"bound_past", func(in *relay.FundIntent) { in.Bound = 0 }},
		"no time":             {"bound_past", func(in *relay.FundIntent) { in.MaxTime = 0 }},
		"bound far":           {"bound_too_far", func(in *relay.FundIntent) { in.Bound = r.view.head.Sequence + 1001 }},
		"time far":            {"bound_too_far", func(in *relay.FundIntent) { in.MaxTime = r.view.head.CloseTime + 3601 }},
		"time overflow":       {"bound_too_far", func(in *relay.FundIntent) { in.MaxTime = 1<<63 - 1 }},
		"amount zero":         {"amount_zero", func(in *relay.FundIntent) { in.Mints[0].Amount = 0 }},
		"amount negative":     {"amount_zero", func(in *relay.FundIntent) { in.Mints[0].Amount = -1 }},
		"amount":              {"payment_limit", func(in *relay.FundIntent) { in.Mints[0].Amount = DefaultMaxPayment + 1 }},
		"asset":               {"asset_malformed", func(in *relay.FundIntent) { in.Mints[0].Asset = "USDC" }},
		"asset of no issuer":  {"asset_malformed", func(in *relay.FundIntent) { in.Mints[0].Asset = "USDC:" + foreign[:55] + "A" }},
		"asset code":          {"asset_malformed", func(in *relay.FundIntent) { in.Mints[0].Asset = "DOLLARDOLLARS:" + foreign }},
		"return elsewhere":    {"foreign_return", func(in *relay.FundIntent) { in.Mints[0].ReturnTo = foreign }},
		"return to sponsor":   {"foreign_return", func(in *relay.FundIntent) { in.Mints[0].ReturnTo = r.sponsor }},
		"return nowhere":      {"foreign_return", func(in *relay.FundIntent) { in.Mints[0].ReturnTo = "" }},
		"expired":             {"expired", func(in *relay.FundIntent) { in.Mints[0].ExpiresAt = relay.Seconds(r.view.head.CloseTime) }},
		"expires late":        {"expiry_out_of_range", func(in *relay.FundIntent) { in.Mints[0].ExpiresAt += relay.MostExpiry }},
		"note":                {"note_too_long", func(in *relay.FundIntent) { in.Mints[0].Note = strings.Repeat("x", 501) }},
		"note not UTF-8":      {"box_refused", func(in *relay.FundIntent) { in.Mints[0].Note = "\xff" }},
		"no sender":           {"recipient_missing", func(in *relay.FundIntent) { in.Mints[0].SenderRecipients = nil }},
		"no claimant":         {"recipient_missing", func(in *relay.FundIntent) { in.Mints[0].ClaimRecipient = "" }},
		"recipient":           {"recipient_malformed", func(in *relay.FundIntent) { in.Mints[0].ClaimRecipient = "age1x" }},
		"passphrase":          {"recipient_malformed", func(in *relay.FundIntent) { in.Mints[0].SenderRecipients[0] = "hunter2" }},
		"sender claims":       {"box_refused", func(in *relay.FundIntent) { in.Mints[0].ClaimRecipient = in.Mints[0].SenderRecipients[0] }},
	} {
		t.Run(name, func(t *testing.T) {
			in := r.intent(payment())
			c.change(&in)
			r.refused(in, c.code)
		})
	}
	in := r.intent(many(3)...)
	in.Mints[2].Amount = 0
	var f *relay.Fault
	if _, err := r.s.Fund(t.Context(), in); !errors.As(err, &f) || f.Pointer != "/mints/2" {
		t.Errorf("the payment at fault is not named: %+v", f)
	}
	r.view.err = errors.New("unreachable")
	r.refused(r.intent(payment()), "ledger_unavailable")
}

func many(n int) (ids []relay.PaymentID) {
	for range n {
		ids = append(ids, payment())
	}
	return ids
}

// The limit of a day counts what was signed, over restarts, by the ledger's day, and gives back what was found dead.
func TestDayLimit(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Apps = map[relay.AppID]Limits{r.app: {MaxPayment: 30 * relay.One, MaxDay: 100 * relay.One}}
	r.open()
	dead := r.fund(r.intent(many(2)...)).Envelope
	r.fund(r.intent(payment()))
	r.reopen()
	r.refused(r.intent(many(2)...), "day_limit")
	r.fund(r.intent(payment()))
	r.refused(r.intent(payment()), "day_limit")
	r.view.verdicts[dead.Hash] = relay.CannotLand
	r.fund(r.intent(dead.Payments...))
	r.refused(r.intent(payment()), "day_limit")
	r.reopen()
	r.refused(r.intent(payment()), "day_limit")
	r.view.head.CloseTime += 86400
	r.fund(r.intent(payment()))
	big := r.intent(payment())
	big.Mints[0].Amount = 31 * relay.One
	r.refused(big, "payment_limit")
}

func TestForeignPayment(t *testing.T) {
	r := newFixture(t)
	mine := payment()
	r.fund(r.intent(mine))
	treasury, err := r.s.Treasury(t.Context(), "app_other")
	if err != nil {
		t.Fatal(err)
	}
	in := r.intent(payment(), mine)
	in.App = "app_other"
	for i := range in.Mints {
		in.Mints[i].ReturnTo = treasury
	}
	r.refused(in, "foreign_payment")
}

// Intents that arrive at once are answered one after the other: one funding for one payment.
func TestFundConcurrently(t *testing.T) {
	r := newFixture(t)
	id := payment()
	var wg sync.WaitGroup
	answers := make([]string, 8)
	for i := range answers {
		in := r.intent(id)
		wg.Go(func() {
			a, err := r.s.Fund(t.Context(), in)
			answers[i] = fmt.Sprint(a.Envelope.Hash, err)
		})
	}
	wg.Wait()
	if slices.Sort(answers); answers[0] != answers[7] {
		t.Errorf("answers differ: %v", answers)
	}
}
