package signer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
)

// hanging is a ledger that answers when a test says so: its first question of a kind says that it was asked, and waits.
type hanging struct {
	*view
	mu    sync.Mutex
	kind  string // of the question that waits: head, verdict, number or look
	asked chan struct{}
	reply chan struct{}
}

func (h *hanging) wait(kind string) {
	h.mu.Lock()
	waits := h.kind == kind
	if waits {
		h.kind = ""
	}
	h.mu.Unlock()
	if waits {
		close(h.asked)
		<-h.reply
	}
}

func (h *hanging) Head(ctx context.Context) (relay.Head, error) {
	h.wait("head")
	return h.view.Head(ctx)
}

func (h *hanging) Sequence(ctx context.Context, account string) (int64, error) {
	h.wait("number")
	return h.view.Sequence(ctx, account)
}

func (h *hanging) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	h.wait("verdict")
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view.Verdict(ctx, e)
}

func (h *hanging) Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	h.wait("look")
	return h.view.Look(ctx, asset, accounts...)
}

// hangs has the signer opened on a ledger whose next question of the kind waits.
func (r *fixture) hangs(kind string) *hanging {
	r.t.Helper()
	h := &hanging{view: r.view, kind: kind, asked: make(chan struct{}), reply: make(chan struct{})}
	if err := r.s.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.cfg.Ledger = h
	r.open()
	return h
}

// outcome is what a call in the background came to.
type outcome struct {
	answer relay.FundAnswer
	err    error
}

func (r *fixture) inBackground(in relay.FundIntent) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		a, err := r.s.Fund(r.t.Context(), in)
		done <- outcome{a, err}
	}()
	return done
}

// While the ledger does not answer one intent, everything else goes on: what needs no ledger, and the intents of others.
func TestTurnIsNotHeldForTheLedger(t *testing.T) {
	for _, kind := range []string{"head", "number", "verdict", "look"} {
		t.Run(kind, func(t *testing.T) {
			r := newFixture(t)
			first := r.fund(r.intent(payment()))
			undecided := r.fund(r.intent(payment()))
			r.view.seen[first.Envelope.Hash] = relay.Sighting{Hash: first.Envelope.Hash, Tx: "outer", Ledger: 5001, Success: true}
			r.fund(r.intent(first.Minted[0].Payment)) // its fate is in the log from here on
			h := r.hangs(kind)
			in := r.intent(payment())
			if kind == "verdict" {
				in = r.intent(undecided.Minted[0].Payment)
			}
			waits := r.inBackground(in)
			<-h.asked
			ctx := t.Context()
			if again := r.fund(r.intent(first.Minted[0].Payment)); again.Envelope.Hash != first.Envelope.Hash {
				t.Error("a decided funding is answered otherwise")
			}
			if _, _, err := r.s.Accounts(ctx); err != nil {
				t.Error(err)
			}
			if _, err := r.s.Log(ctx, r.mark()); err != nil {
				t.Error(err)
			}
			if _, err := r.s.Fundings(ctx); err != nil {
				t.Error(err)
			}
			if _, err := r.s.Bump(ctx, first.Minted[0].Ladder[0].Hash, nil, 10_000); err != nil {
				t.Error(err)
			}
			claimed := r.claimIntent(first.Minted[0], keypair.MustRandom().Address())
			if _, err := r.s.Claim(ctx, claimed); err != nil {
				t.Error(err)
			}
			home, err := r.s.Treasury(ctx, "app_other")
			if err != nil {
				t.Fatal(err)
			}
			other := r.intent(payment())
			other.App, other.Mints[0].ReturnTo, other.Channel = "app_other", home, r.s.book.channels[1]
			r.fund(other)
			select {
			case o := <-waits:
				t.Fatalf("it did not wait: %v", o.err)
			default:
			}
			close(h.reply)
			if o := <-waits; o.err != nil || len(o.answer.Minted) != 1 {
				t.Error(o.err)
			}
			r.reopen()
		})
	}
}

// mark is the newest of the log, read in the signer's turn.
func (r *fixture) mark() relay.LogMark {
	r.t.Helper()
	m, err := r.s.Log(r.t.Context(), relay.LogMark{})
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// A payment that was funded while an earlier intent for it waited for the ledger is not funded twice: the one that waited
// gets the first answer. A number that was taken meanwhile is not signed twice either.
func TestJudgedAnewAfterTheLedgerAnswered(t *testing.T) {
	r := newFixture(t)
	h := r.hangs("head")
	id := payment()
	late := r.intent(id)
	waits := r.inBackground(late)
	<-h.asked
	first := r.fund(r.intent(id))
	close(h.reply)
	if o := <-waits; o.err != nil || text(t, o.answer) != text(t, first) {
		t.Errorf("another answer: %v", o.err)
	}

	h = r.hangs("number")
	late = r.intent(payment())
	waits = r.inBackground(late)
	<-h.asked
	same := r.intent(payment())
	same.Sequence = late.Sequence
	r.fund(same)
	close(h.reply)
	if o := <-waits; relay.CodeOf(o.err) != relay.ErrSequenceTaken.Code {
		t.Errorf("a number was signed twice: %v", o.err)
	}
	if n := len(r.s.book.fundings); n != 2 {
		t.Errorf("%d fundings", n)
	}
}

// Limits count what was signed while an intent waited.
func TestLimitsCountWhatWasSignedMeanwhile(t *testing.T) {
	r := newFixture(t)
	r.cfg.Policy.Apps = map[relay.AppID]Limits{r.app: {MaxDay: 40 * relay.One}}
	h := r.hangs("head")
	waits := r.inBackground(r.intent(payment()))
	<-h.asked
	r.fund(r.intent(payment())) // 25 of 40
	close(h.reply)
	if o := <-waits; relay.CodeOf(o.err) != "day_limit" {
		t.Errorf("more than a day's limit is signed: %v", o.err)
	}
}

// Many intents for a few payments, whose ledger all wait for one another: one funding for one payment, and one answer.
func TestFundConcurrentlyOnASlowLedger(t *testing.T) {
	r := newFixture(t)
	h := r.hangs("head")
	ids := []relay.PaymentID{payment(), payment()}
	var waits []<-chan outcome
	for i := range 8 {
		waits = append(waits, r.inBackground(r.intent(ids[i%2])))
	}
	<-h.asked
	close(h.reply)
	answers := map[string]bool{}
	for _, w := range waits {
		o := <-w
		answers[fmt.Sprint(o.answer.Envelope.Hash, o.err)] = true
	}
	if len(answers) != 2 || len(r.s.book.fundings) != 2 {
		t.Errorf("%d answers, %d fundings of 2 payments", len(answers), len(r.s.book.fundings))
	}
}

// A signer that is closed while an intent waits for the ledger signs nothing when the answer comes.
func TestClosedWhileTheLedgerIsAsked(t *testing.T) {
	r := newFixture(t)
	h := r.hangs("head")
	waits := r.inBackground(r.intent(payment()))
	<-h.asked
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	close(h.reply)
	if o := <-waits; relay.CodeOf(o.err) != "closed" {
		t.Error(o.err)
	}
}

// A channel whose number on the ledger is beyond what the log signed: nothing is signed on it.
func TestChannelBeyondTheLog(t *testing.T) {
	r := newFixture(t)
	ctx := t.Context()
	fresh := r.s.book.channels[1]
	r.view.numbers[fresh] = 4999 << 32
	first := r.fund(r.intent(payment()))
	r.view.numbers[r.channel] = first.Envelope.Sequence
	if err := r.s.CheckChannels(ctx); err != nil {
		t.Fatal(err)
	}
	r.fund(r.intent(payment()))
	for channel, number := range map[string]int64{r.channel: first.Envelope.Sequence + 2, fresh: 4999<<32 + 1} {
		was := r.view.numbers[channel]
		r.view.numbers[channel] = number
		lines := r.lines()
		in := r.intent(payment())
		in.Channel, in.Sequence = channel, number+1
		if _, err := r.s.Fund(ctx, in); !errors.Is(err, relay.ErrContradiction) {
			t.Errorf("signs on %s: %v", channel, err)
		}
		if err := r.s.CheckChannels(ctx); !errors.Is(err, relay.ErrContradiction) {
			t.Errorf("%s passes: %v", channel, err)
		}
		if r.lines() != lines {
			t.Error("a refusal wrote to the log")
		}
		r.view.numbers[channel] = was
	}
	r.view.err = errors.New("unreachable")
	wantCode(t, r.s.CheckChannels(ctx), "ledger_unavailable")
}
