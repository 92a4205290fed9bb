package verify

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// compare holds a closed ledger against the recorded one.
func (r *Replay) compare(v0 *xdr.LedgerCloseMetaV0, metas []xdr.TransactionMetaV2, touched map[engine.Key]bool, closed *engine.Closed) {
	seq := uint32(v0.LedgerHeader.Header.LedgerSeq)
	for i, p := range v0.TxProcessing {
		got := closed.Txs[i]
		same := equal(p.Result, got.Result)
		if r.Results.note(same); !same {
			r.differ(seq, fmt.Sprintf("transaction %d %s result", i+1, p.Result.TransactionHash.HexString()[:8]), p.Result.Result, got.Result.Result)
		}
		r.compareMeta(seq, i, p.FeeProcessing, metas[i], got)
	}
	r.compareEntries(seq, touched, closed)
	r.compareHeader(v0.LedgerHeader.Header, closed.Header)
}

func (r *Replay) compareOrder(seq uint32, recorded []*engine.Tx, setHash [32]byte) {
	same := slices.Equal(recorded, engine.Order(recorded, setHash))
	if r.Orders.note(same); !same {
		r.differ(seq, "apply order", "as recorded", "another one")
	}
}

// compareHeader leaves out what belongs to core's own storage and messages: the previous hash follows from those.
func (r *Replay) compareHeader(want, got xdr.LedgerHeader) {
	got.PreviousLedgerHash, got.BucketListHash, got.SkipList = want.PreviousLedgerHash, want.BucketListHash, want.SkipList
	got.ScpValue.Ext, got.Ext = want.ScpValue.Ext, want.Ext
	same := equal(want, got)
	if r.Headers.note(same); !same {
		r.differ(uint32(want.LedgerSeq), "header", want, got)
	}
}

// compareEntries looks at every entry that the recording or the engine touched.
func (r *Replay) compareEntries(seq uint32, touched map[engine.Key]bool, closed *engine.Closed) {
	changed := map[engine.Key]*xdr.LedgerEntry{}
	for _, c := range closed.Changed {
		changed[c.Key] = c.Entry
		touched[c.Key] = true
	}
	for k := range touched {
		want := r.mirror[k]
		got, ok := changed[k]
		if !ok {
			got = r.state.Entry(k)
		}
		same := bytes.Equal(encodeEntry(want), encodeEntry(got))
		if r.Entries.note(same); !same {
			r.differ(seq, "entry "+nameOf(want, got), want, got)
		}
	}
}

func (r *Replay) compareMeta(seq uint32, i int, fee xdr.LedgerEntryChanges, want xdr.TransactionMetaV2, got engine.Landed) {
	name := fmt.Sprintf("transaction %d ", i+1)
	r.compareChanges(seq, name+"changes by its fee", fee, got.Fee)
	r.compareChanges(seq, name+"changes before its operations", want.TxChangesBefore, slices.Concat(got.Before...))
	for j := range max(len(want.Operations), len(got.Ops)) {
		var w, g xdr.LedgerEntryChanges
		if j < len(want.Operations) {
			w = want.Operations[j].Changes
		}
		if j < len(got.Ops) {
			g = got.Ops[j]
		}
		r.compareChanges(seq, fmt.Sprintf("%schanges by operation %d", name, j+1), w, g)
	}
}

// compareChanges compares as sets: stellar-core lists changes in the order of a hash table.
func (r *Replay) compareChanges(seq uint32, what string, want, got xdr.LedgerEntryChanges) {
	left := map[string]int{}
	for _, c := range want {
		left[string(encode(c))]++
	}
	for _, c := range got {
		left[string(encode(c))]--
	}
	for _, n := range left {
		if n != 0 {
			r.Changes.note(false)
			r.differ(seq, what, want, got)
			return
		}
	}
	r.Changes.note(true)
}
