package relaytest

import (
	"errors"
	"reflect"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

func headMoves(b *ledgerFixture) {
	before := b.head()
	seq := b.Truth.Close(b.T)
	after := b.head()
	if after.Sequence != seq || before.Sequence >= seq || after.CloseTime <= before.CloseTime || len(after.Hash) != 64 || after.Hash == before.Hash {
		b.Errorf("head %+v, then %+v, ledger %d closed", before, after, seq)
	}
	if p := b.page(seq); p == nil || p.Head != after {
		b.Errorf("page %+v, head %+v", p, after)
	}
}

func accountsRead(b *ledgerFixture) {
	first := b.sequence("sender")
	b.CloseWith(b.T, b.byHand("sender", first+1, 100, pay("sponsor", "3")))
	if got := b.sequence("sender"); got != first+1 {
		b.Errorf("sequence %d after %d and one transaction", got, first)
	}
	const gift = 100_000_000_000
	if f := b.lumens("sender"); f.Balance != gift-3_0000000-100 || f.Free != f.Balance-2*5_000_000 {
		b.Errorf("%+v", f)
	}
	// What is reserved for others is not free.
	before := b.lumens("sponsor").Free
	b.funded(2)
	after := b.lumens("sponsor").Free
	if fee := before - after - 4*5_000_000; fee <= 0 || fee > 10_000 {
		b.Errorf("free %d, after two holding accounts %d", before, after)
	}
	_, err := b.Sequence(b.Context(), LedgerAccount("absent"))
	if !errors.Is(err, relay.ErrNotFound) {
		b.Errorf("sequence of an absent account: %v", err)
	}
	if f := b.lumens("absent"); !reflect.DeepEqual(f, relay.AccountFacts{}) {
		b.Errorf("looked at an absent account: %+v", f)
	}
	if _, err := b.Sequence(b.Context(), "GABSENT"); err == nil || errors.Is(err, relay.ErrNotFound) {
		b.Errorf("sequence of what is no address: %v", err)
	}
}

func (b *ledgerFixture) submit(envelope string, word, code string) {
	b.Helper()
	a, err := b.Submit(b.Context(), raw(envelope))
	b.ok(err)
	if a.Word != word || a.Code != code || a.Later != (word == "try_later" || code == "tx_insufficient_fee") {
		b.Errorf("answer %+v, want %s %s", a, word, code)
	}
}

func submitWords(b *ledgerFixture) {
	f := b.funding(1)
	b.submit(f.outer, "accepted", "")
	b.submit(f.outer, "duplicate", "")
	b.submit(b.byHand("channel", f.Envelope.Sequence+1, 100, pay("sender", "1")), "try_later", "")
	b.submit(b.byHand("sender", b.sequence("sender")+1, 1, pay("channel", "1")), "refused", "tx_insufficient_fee")
	b.Truth.Close(b.T)
	b.submit(f.outer, "refused", "tx_bad_seq") // it has landed
	c := b.claim(0, "sender", false, noMemo)
	b.submit(c.outer, "accepted", "")
	b.Truth.Close(b.T)
	b.submit(c.outer, "refused", "tx_no_account") // landed too, and took its source along
	if a, err := b.Submit(b.Context(), []byte("no envelope")); err != nil || a.Word != "refused" {
		b.Errorf("no envelope: %+v %v", a, err)
	}
}

func submitLost(b *ledgerFixture) {
	f := b.funding(1)
	for _, m := range []Mode{Busy, Limited, Website, Empty, Nonsense} {
		b.SetMode(b.T, m)
		b.submitUnknown(m, f.outer)
	}
	b.SetMode(b.T, Lost)
	b.submitUnknown(Lost, f.outer)
	b.SetMode(b.T, Honest)
	if s := b.sight(f.Envelope.Hash); s != nil {
		b.Errorf("before its ledger: %+v", s)
	}
	b.Truth.Close(b.T)
	if s := b.sight(f.Envelope.Hash); s == nil || !s.Success {
		b.Errorf("handed in, and the answer lost: %+v", s)
	}
}

func (b *ledgerFixture) submitUnknown(m Mode, envelope string) {
	b.Helper()
	a, err := b.Submit(b.Context(), raw(envelope))
	if err != nil {
		b.unavailable("submission, "+string(m), err)
	} else if a.Word != "unknown" && a.Word != "try_later" || a.Code != "" || m == Lost && a.Word != "unknown" {
		b.Errorf("submission, %s: %+v", m, a)
	}
}

func sightSuccess(b *ledgerFixture) {
	f := b.funding(2)
	if s := b.sight(f.Envelope.Hash); s != nil {
		b.Errorf("never handed in: %+v", s)
	}
	seq := b.CloseWith(b.T, f.outer)
	want := f.seen(seq)
	if s := b.sight(f.Envelope.Hash); s == nil || !reflect.DeepEqual(*s, want) {
		b.Errorf("saw %+v, want %+v", s, want)
	}
	b.Truth.Close(b.T)
	if s := b.sight(f.Envelope.Hash); s == nil || !reflect.DeepEqual(*s, want) {
		b.Errorf("a ledger later: %+v", s)
	}
	plain := b.byHand("sender", b.sequence("sender")+1, 100, pay("channel", "1"))
	seq = b.CloseWith(b.T, plain)
	p := b.page(seq)
	if len(p.Transactions) != 1 {
		b.Fatalf("%+v", p)
	}
	hash := p.Transactions[0].Hash
	if s := b.sight(hash); s == nil || s.Hash != hash || s.Tx != hash || s.Fee != 100 {
		b.Errorf("without a fee bump: %+v", s)
	}
}

func sightFailure(b *ledgerFixture) {
	f := b.funding(1)
	// Another account makes the holding account first.
	made := b.byHand("sender", b.sequence("sender")+1, 100, []txnbuild.Operation{
		&txnbuild.CreateAccount{Destination: LedgerAccount("h0"), Amount: "2"}})
	seq := b.CloseWith(b.T, made, f.outer)
	s := b.sight(f.Envelope.Hash)
	if s == nil || s.Success || s.Ledger != seq || s.Tx != f.outerHash || s.Fee <= 0 {
		b.Errorf("saw %+v", s)
	}
	// Its number is used up all the same: it has landed, and no verdict calls it dead.
	b.until(f.Bound + 1)
	v, seen, err := b.Verdict(b.Context(), f.Envelope)
	if err != nil || v != relay.Inconclusive || seen == nil || !reflect.DeepEqual(*seen, *s) {
		b.Errorf("verdict %d, seen %+v, %v", v, seen, err)
	}
}

func feeBids(b *ledgerFixture) {
	bid := func() relay.Stroops {
		b.Helper()
		n, err := b.FeeBid(b.Context())
		b.ok(err)
		return n
	}
	if n := bid(); n != 100 {
		b.Errorf("on a quiet network: %d", n)
	}
	// More than a ledger holds, all at ten times the most that we bid: what lands pays that.
	names := make([]string, 11)
	for i := range names {
		names[i] = "crowd" + holding(i)
		b.Fund(b.T, LedgerAccount(names[i]))
	}
	for range 2 {
		for _, name := range names {
			var ops []txnbuild.Operation
			for range 100 {
				ops = append(ops, pay("sender", "0.0000001")...)
			}
			_, err := b.Submit(b.Context(), raw(b.byHand(name, b.sequence(name)+1, int64(MostBid)*10, ops)))
			b.ok(err)
		}
		b.Truth.Close(b.T)
	}
	if n := bid(); n != MostBid {
		b.Errorf("on a crowded network: %d, at most %d", n, MostBid)
	}
}
