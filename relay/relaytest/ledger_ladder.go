package relaytest

import (
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

var noMemo stellar.Memo

// advice wants the rung at index i of the ladder to be advised, and returns what to hand in.
func (b *ledgerFixture) advice(when string, l ladderRow, i int) signed {
	b.Helper()
	a, err := b.Advise(b.Context(), l.Payment, l.rungs)
	b.ok(err)
	if a != (relay.RungAdvice{Use: l.rungs[i].Hash}) {
		b.Fatalf("%s: %+v, want rung %d", when, a, l.rungs[i].Rung)
	}
	return l.out[a.Use]
}

// noAdvice wants none, for a reason; "" wants to wait.
func (b *ledgerFixture) noAdvice(when string, l ladderRow, reason relay.Reason) {
	b.Helper()
	a, err := b.Advise(b.Context(), l.Payment, l.rungs)
	b.ok(err)
	if a.Use != "" || a.Wait != (reason == "") || a.Reason != reason || a.Detail == "" {
		b.Errorf("%s: %+v, want %q", when, a, reason)
	}
}

func adviceLife(b *ledgerFixture) {
	f := b.funded(2)
	l := b.ladder(f, 0, "sender")
	for at := b.head().Sequence; at < f.Bound; at = b.Truth.Close(b.T) {
		b.noAdvice("before it is valid", l, "")
	}
	use := b.advice("from then on", l, 0)
	before := b.lumens("sender").Balance
	b.CloseWith(b.T, use.outer)
	if s := b.sight(use.Hash); s == nil || !s.Success {
		b.Fatalf("the rung that was advised: %+v", s)
	}
	after := b.lumens("sender").Balance
	if after != before+l.Amount {
		b.Errorf("sender had %d, has %d", before, after)
	}
	b.noAdvice("once it has landed", l, relay.HoldingAbsent)
}

func adviceSpent(b *ledgerFixture) {
	f := b.funded(2)
	b.until(f.Bound)
	l := b.ladder(f, 1, "late")
	last := b.advice("with the home account absent", l, 2)
	b.CloseWith(b.T, l.out[l.rungs[0].Hash].outer) // against the advice
	if s := b.sight(l.rungs[0].Hash); s == nil || s.Success {
		b.Fatalf("merged into an absent account: %+v", s)
	}
	b.Fund(b.T, LedgerAccount("late"))
	b.advice("with the first rung spent", l, 1)
	b.CloseWith(b.T, b.byHand("late", b.sequence("late")+1, 100, []txnbuild.Operation{
		&txnbuild.ManageData{Name: stellar.MemoRequiredKey, Value: []byte("1")}}))
	b.advice("with a home that asks for a memo", l, 2)
	b.CloseWith(b.T, last.outer)
	if s := b.sight(last.Hash); s == nil || !s.Success {
		b.Errorf("the last resort: %+v", s)
	}
}

func adviceNone(b *ledgerFixture) {
	f := b.funded(4)
	b.until(f.Bound)
	l := b.ladder(f, 0, "absent")
	l.rungs = l.rungs[:2]
	b.noAdvice("with the home account absent and no last resort", l, relay.NoWayBack)
	l.rungs = nil
	b.noAdvice("with no rung left", l, relay.NoWayBack)

	l = b.ladder(f, 1, "sender")
	b.CloseWith(b.T, b.byHand("h1", b.sequence("h1")+1, 100, []txnbuild.Operation{
		&txnbuild.BumpSequence{BumpTo: l.rungs[2].Sequence + 10}}))
	b.noAdvice("with the number past the ladder", l, relay.NoWayBack)

	l = b.ladder(f, 2, "sender")
	b.CloseWith(b.T, b.byHand("h2", b.sequence("h2")+1, 100, []txnbuild.Operation{&txnbuild.SetOptions{
		HighThreshold: txnbuild.NewThreshold(200), Signer: &txnbuild.Signer{Address: LedgerAccount("thief"), Weight: 255}}}))
	b.noAdvice("with another's signer", l, relay.KeyTakenOver)

	l = b.ladder(f, 3, "sender")
	b.CloseWith(b.T, b.byHand("h3", b.sequence("h3")+1, 100, []txnbuild.Operation{&txnbuild.ManageData{Name: "mine", Value: []byte("now")}}))
	b.noAdvice("with another's data", l, relay.KeyTakenOver)
}

// rehearse wants trouble or none.
func (b *ledgerFixture) rehearse(when string, e relay.Envelope, well bool) {
	b.Helper()
	why, err := b.Rehearse(b.Context(), e)
	b.ok(err)
	if (why == "") != well {
		b.Errorf("%s: %q", when, why)
	}
}

func rehearsal(b *ledgerFixture) {
	b.funded(4)
	fresh, old := b.claim(0, "ana", true, noMemo), b.claim(1, "sender", false, noMemo)
	b.rehearse("into a new account", fresh.Envelope, true)
	b.rehearse("into an old account", old.Envelope, true)
	b.rehearse("into a new account that exists", b.claim(2, "sender", true, noMemo).Envelope, false)
	b.rehearse("into an old account that does not", b.claim(2, "bob", false, noMemo).Envelope, false)

	for _, c := range []claimRow{fresh, old} {
		b.CloseWith(b.T, c.outer)
		if s := b.sight(c.Envelope.Hash); s == nil || !s.Success {
			b.Errorf("rehearsed well, landed %+v", s)
		}
	}
	b.rehearse("once it has landed", fresh.Envelope, false)

	held := b.claim(2, "sender", false, noMemo)
	b.CloseWith(b.T, b.byHand("h2", held.Envelope.Sequence, 100, pay("sender", "1")))
	b.rehearse("with its number used", held.Envelope, false)
	late := b.claim(3, "sender", false, noMemo)
	b.until(late.Bound)
	b.rehearse("past its bound", late.Envelope, false)
}

func rehearsalMemo(b *ledgerFixture) {
	b.Fund(b.T, LedgerAccount("exchange"))
	b.CloseWith(b.T, b.byHand("exchange", b.sequence("exchange")+1, 100, []txnbuild.Operation{
		&txnbuild.ManageData{Name: stellar.MemoRequiredKey, Value: []byte("1")}}))
	b.funded(2)
	b.rehearse("with the memo that it asks for", b.claim(0, "exchange", false, stellar.Memo{Kind: stellar.MemoID, ID: 7}).Envelope, true)
	b.rehearse("without the memo that it asks for", b.claim(1, "exchange", false, noMemo).Envelope, false)
	b.CloseWith(b.T, b.byHand("exchange", b.sequence("exchange")+1, 100, []txnbuild.Operation{
		&txnbuild.ManageData{Name: stellar.MemoRequiredKey, Value: []byte("0")}}))
	b.rehearse("without a memo, as it no longer asks for one", b.claim(1, "exchange", false, noMemo).Envelope, true)
}
