package relaytest

import (
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

func pageEmpty(b *ledgerFixture) {
	seq := b.Truth.Close(b.T)
	p := b.page(seq)
	if p == nil || p.Head != b.head() || len(p.Transactions) != 0 {
		b.Fatalf("an empty ledger: %+v", p)
	}
	if before := b.page(seq - 1); before == nil || before.Head.Hash != p.Previous || before.Head.Sequence != seq-1 {
		b.Errorf("ledger before: %+v, previous is %s", before, p.Previous)
	}
	for _, ahead := range []uint32{1, 2, 1000} {
		if p := b.page(seq + ahead); p != nil {
			b.Errorf("not closed: %+v", p)
		}
	}
	if p := b.page(b.Truth.Close(b.T)); p == nil || p.Previous != b.page(seq).Head.Hash {
		b.Errorf("closed by now: %+v", p)
	}
}

func pageOrder(b *ledgerFixture) {
	f := b.funding(2)
	at := b.CloseWith(b.T, f.outer)
	p := b.page(at)
	if len(p.Transactions) != 1 {
		b.Fatalf("%+v", p)
	}
	t := p.Transactions[0]
	if want := f.seen(at); !reflect.DeepEqual(t.Sighting, want) || len(t.Merges) != 0 {
		b.Errorf("funding %+v, want %+v", t, want)
	}
	for _, name := range []string{"h0", "h1", "channel", "sponsor", "treasury"} {
		if !slices.Contains(t.Touched, LedgerAccount(name)) {
			b.Errorf("%s is not among %v", name, t.Touched)
		}
	}

	b.until(f.Bound)
	l := b.ladder(f, 0, "sender")
	claim, rung := b.claim(0, "ana", true, noMemo), l.out[l.rungs[0].Hash]
	stray := b.byHand("treasury", b.sequence("treasury")+1, 100, pay("h1", "1"))
	at = b.CloseWith(b.T, stray, claim.outer, rung.outer)
	txs := b.page(at).Transactions
	if len(txs) != 3 || txs[1].Hash != claim.Envelope.Hash || txs[2].Hash != rung.Hash {
		b.Fatalf("%+v", txs)
	}
	if !txs[0].Success || txs[0].Hash != txs[0].Tx || len(txs[0].Merges) != 0 || !slices.Contains(txs[0].Touched, LedgerAccount("h1")) {
		b.Errorf("stray payment: %+v", txs[0])
	}
	gift := relay.Paid{From: LedgerAccount("treasury"), To: LedgerAccount("h1"), Asset: relay.Native, Amount: relay.One}
	whole := relay.Paid{From: LedgerAccount("h0"), To: LedgerAccount("ana"), Asset: relay.Native, Amount: 5 * relay.One}
	if !slices.Equal(txs[0].Paid, []relay.Paid{gift}) || !slices.Equal(txs[1].Paid, []relay.Paid{whole}) || len(txs[2].Paid) != 0 {
		b.Errorf("moved %+v, %+v and %+v", txs[0].Paid, txs[1].Paid, txs[2].Paid)
	}
	if txs[0].Payer != LedgerAccount("treasury") || txs[0].Service || txs[1].Payer != LedgerAccount("sponsor") || !txs[1].Service {
		b.Errorf("paid for by %s and %s", txs[0].Payer, txs[1].Payer)
	}
	if !txs[1].Success || !maps.Equal(txs[1].Merges, map[string]string{LedgerAccount("h0"): LedgerAccount("ana")}) {
		b.Errorf("winner: %+v", txs[1])
	}
	if txs[2].Success || len(txs[2].Merges) != 0 || txs[2].Tx != rung.outerHash {
		b.Errorf("loser: %+v", txs[2])
	}
	for _, t := range txs {
		if s := b.sight(t.Hash); s == nil || !reflect.DeepEqual(*s, t.Sighting) {
			b.Errorf("looked up %+v, paged %+v", s, t.Sighting)
		}
	}
}

// pageMany fills a ledger with more transactions than any source shows in one answer.
func pageMany(b *ledgerFixture) {
	const n = 430
	born := make([]int64, n) // the numbers that accounts begin with
	for i := 0; i < n; i += 100 {
		var ops []txnbuild.Operation
		for k := i; k < min(i+100, n); k++ {
			ops = append(ops, &txnbuild.CreateAccount{Destination: LedgerAccount(holding(k)), Amount: "2"})
		}
		seq := b.CloseWith(b.T, b.byHand("sender", b.sequence("sender")+1, 100, ops))
		for k := i; k < min(i+100, n); k++ {
			born[k] = int64(seq) << 32
		}
	}
	var all []string
	for i, from := range born {
		all = append(all, b.byHand(holding(i), from+1, 100, pay("sponsor", "0.0000001")))
	}
	p := b.page(b.CloseWith(b.T, all...))
	hashes := map[string]bool{}
	for _, t := range p.Transactions {
		hashes[t.Hash] = true
	}
	if len(p.Transactions) != n || len(hashes) != n {
		b.Errorf("%d transactions, %d different ones, want %d", len(p.Transactions), len(hashes), n)
	}
}

// pagesInARow reads history as a watcher does that was away, beside one that reads it backwards.
func pagesInARow(b *ledgerFixture) {
	f := b.funded(1)
	b.until(f.Bound + 70)
	c := b.claim(0, "sender", false, noMemo)
	landed := b.CloseWith(b.T, c.outer)
	var row []relay.LedgerPage
	previous := ""
	for seq := uint32(2); ; seq++ {
		p := b.page(seq)
		if p == nil {
			break
		}
		if p.Head.Sequence != seq || previous != "" && p.Previous != previous {
			b.Fatalf("ledger %d: %+v", seq, p)
		}
		previous = p.Head.Hash
		row = append(row, *p)
		if seq == landed && len(p.Transactions) != 1 {
			b.Errorf("the claim is not in ledger %d", seq)
		}
		if seq == landed/2 {
			b.Truth.Close(b.T)
		}
	}
	if last := row[len(row)-1].Head; last != b.head() {
		b.Errorf("came to %+v, head is %+v", last, b.head())
	}
	for _, want := range slices.Backward(row) {
		if p := b.page(want.Head.Sequence); p == nil || p.Head != want.Head || len(p.Transactions) != len(want.Transactions) {
			b.Fatalf("again %+v, first %+v", p, want)
		}
	}
}

func pageGap(b *ledgerFixture) {
	at := b.Truth.Close(b.T)
	b.until(at + b.Retention() + 5)
	if p, err := b.Page(b.Context(), at); !errors.Is(err, relay.ErrGap) || p != nil {
		b.Errorf("page %+v, %v", p, err)
	}
	if p := b.page(b.head().Sequence); p == nil {
		b.Error("the newest ledger is gone too")
	}
}

func pageLagging(b *ledgerFixture) {
	b.SetMode(b.T, Frozen)
	seq := b.Truth.Close(b.T)
	if p := b.page(seq); p != nil {
		b.Errorf("from a source that has not come so far: %+v", p)
	}
	b.SetMode(b.T, Honest)
	if p := b.page(seq); p == nil {
		b.Error("not there")
	}
}
