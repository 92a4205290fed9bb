package engine_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// The recordings are ledgers of a real stellar-core; their README says how they were made. Every number here is all there is:
// results, entries after each ledger and refusals must be the recorded bytes.
var recordings = []struct {
	name              string
	results, refusals int
}{
	{"coverage-a", 934, 215},
	{"random-1", 8116, 1540},
	{"random-2", 7202, 1214},
}

const recordedPassphrase = "Standalone Network ; February 2017"

func vectors(t *testing.T) string {
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "vectors")
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("RESTANTE_REQUIRE_SERVICES") == "1" {
			t.Fatalf("the recordings are missing: %v", err)
		}
		t.Skip("the recordings are not here")
	}
	return path
}

type refusal struct {
	Ledger    uint32 `json:"ledger"`
	CloseTime uint64 `json:"close_time"`
	Envelope  string `json:"envelope_xdr"`
	Result    string `json:"result_xdr"`
}

func readRefusals(t *testing.T, path string) map[uint32][]refusal {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[uint32][]refusal{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r refusal
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out[r.Ledger] = append(out[r.Ledger], r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReplay(t *testing.T) {
	dir := vectors(t)
	for _, rec := range recordings {
		t.Run(rec.name, func(t *testing.T) {
			t.Parallel()
			r := newReplay(t, readRefusals(t, filepath.Join(dir, rec.name+".rejected.jsonl.gz")))
			f, err := os.Open(filepath.Join(dir, rec.name+".xdr.gz"))
			if err != nil {
				t.Fatal(err)
			}
			stream, err := xdr.NewGzStream(f)
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			r.refuse()
			for {
				var lcm xdr.LedgerCloseMeta
				if err := stream.ReadOne(&lcm); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				r.ledger(lcm.MustV0())
				r.refuse()
			}
			t.Logf("results identical %d of %d, changed entries %d of %d, lists of changes %d of %d, refusals %d of %d",
				r.results.same, r.results.all, r.entries.same, r.entries.all, r.changes.same, r.changes.all,
				r.refusals.same, r.refusals.all)
			if r.results != (count{rec.results, rec.results}) || r.refusals != (count{rec.refusals, rec.refusals}) ||
				r.entries.same != r.entries.all || r.changes.same != r.changes.all {
				t.Error("not the recorded ledger")
			}
		})
	}
}

type count struct{ same, all int }

type replay struct {
	*testing.T
	state    *engine.State
	mirror   map[engine.Key]*xdr.LedgerEntry // the entries as recorded
	refused  map[uint32][]refusal
	results  count
	changes  count
	entries  count
	refusals count
	shown    int
}

func newReplay(t *testing.T, refused map[uint32][]refusal) *replay {
	id := engine.NetworkID(recordedPassphrase)
	s, err := engine.Genesis(id, engine.Params{BaseFee: 100, BaseReserve: 100000000, MaxTxSetSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{T: t, state: s, mirror: map[engine.Key]*xdr.LedgerEntry{}, refused: refused}
	for k, e := range s.Entries {
		r.mirror[k] = e
	}
	return r
}

// differ reports the first differences only.
func (r *replay) differ(format string, args ...any) {
	if r.shown++; r.shown <= 5 {
		r.Logf("%.4000s", fmt.Sprintf(format, args...))
	}
}

func (r *replay) ledger(v0 xdr.LedgerCloseMetaV0) {
	envelopes := map[[32]byte]*engine.Tx{}
	for _, env := range v0.TxSet.Txs {
		tx, err := engine.NewTx(r.state.NetworkID(), env)
		if err != nil {
			r.Fatal(err)
		}
		envelopes[tx.Hash()] = tx
	}
	h := v0.LedgerHeader.Header
	in := engine.Input{CloseTime: uint64(h.ScpValue.CloseTime), TxSetHash: h.ScpValue.TxSetHash}
	for _, p := range v0.TxProcessing {
		in.Txs = append(in.Txs, envelopes[p.Result.TransactionHash])
	}
	for i, tx := range engine.Order(in.Txs, h.ScpValue.TxSetHash) {
		if tx != in.Txs[i] {
			r.Errorf("ledger %d: another apply order from place %d on", h.LedgerSeq, i)
			break
		}
	}
	for _, u := range v0.UpgradesProcessing {
		in.Upgrades = append(in.Upgrades, u.Upgrade)
	}
	closed, err := r.state.Close(in)
	if err != nil {
		r.Fatal(err)
	}
	for i, p := range v0.TxProcessing {
		r.results.all++
		want, got := encode(r.T, &p.Result), encode(r.T, &closed.Txs[i].Result)
		if bytes.Equal(want, got) {
			r.results.same++
		} else {
			r.differ("ledger %d tx %d: got %s want %s", h.LedgerSeq, i, show(closed.Txs[i].Result), show(p.Result))
		}
	}
	r.compareEntries(v0, closed)
	r.compareHeader(h, closed.Header)
	if err := r.state.Adopt(closed); err != nil {
		r.Fatal(err)
	}
	checkInvariants(r.T, r.state)
}

func (r *replay) compareHeader(want, got xdr.LedgerHeader) {
	got.PreviousLedgerHash, got.BucketListHash, got.SkipList = want.PreviousLedgerHash, want.BucketListHash, want.SkipList
	got.ScpValue.Ext = want.ScpValue.Ext
	got.Ext = want.Ext
	if !bytes.Equal(encode(r.T, &want), encode(r.T, &got)) {
		r.Errorf("ledger %d: header differs: got %+v want %+v", want.LedgerSeq, got, want)
	}
}

func (r *replay) compareEntries(v0 xdr.LedgerCloseMetaV0, closed *engine.Closed) {
	touched := map[engine.Key]bool{}
	for _, p := range v0.TxProcessing {
		r.record(p.FeeProcessing, touched)
	}
	for i, p := range v0.TxProcessing {
		m := p.TxApplyProcessing.MustV2()
		r.record(m.TxChangesBefore, touched)
		for _, op := range m.Operations {
			r.record(op.Changes, touched)
		}
		r.record(m.TxChangesAfter, touched)
		r.compareMeta(uint32(v0.LedgerHeader.Header.LedgerSeq), i, p, closed.Txs[i])
	}
	for _, u := range v0.UpgradesProcessing {
		r.record(u.Changes, touched)
	}
	got := map[engine.Key]*xdr.LedgerEntry{}
	for _, c := range closed.Changed {
		got[c.Key] = c.Entry
		touched[c.Key] = true
	}
	for k := range touched {
		r.entries.all++
		want, mine := r.mirror[k], got[k]
		if _, changed := got[k]; !changed {
			mine = r.state.Entry(k)
		}
		if bytes.Equal(encodeEntry(r.T, want), encodeEntry(r.T, mine)) {
			r.entries.same++
		} else {
			r.differ("ledger %d entry: got %s want %s", v0.LedgerHeader.Header.LedgerSeq, showJSON(mine), showJSON(want))
		}
	}
}

// compareMeta holds every list of changes against the recorded one, as a set: stellar-core lists them in the order of a hash table.
func (r *replay) compareMeta(seq uint32, i int, p xdr.TransactionResultMeta, got engine.Landed) {
	m := p.TxApplyProcessing.MustV2()
	r.compareChanges(seq, i, "fee", p.FeeProcessing, got.Fee)
	var before xdr.LedgerEntryChanges
	for _, b := range got.Before {
		before = append(before, b...)
	}
	r.compareChanges(seq, i, "before", m.TxChangesBefore, before)
	if len(m.Operations) != len(got.Ops) {
		r.Errorf("ledger %d tx %d: changes of %d operations, want %d", seq, i, len(got.Ops), len(m.Operations))
		return
	}
	for j, op := range m.Operations {
		r.compareChanges(seq, i, fmt.Sprint("operation ", j), op.Changes, got.Ops[j])
	}
}

func (r *replay) compareChanges(seq uint32, i int, what string, want, got xdr.LedgerEntryChanges) {
	r.changes.all++
	left := map[string]int{}
	for _, c := range want {
		left[string(encode(r.T, &c))]++
	}
	for _, c := range got {
		left[string(encode(r.T, &c))]--
	}
	for _, n := range left {
		if n != 0 {
			r.differ("ledger %d tx %d %s: changes got %s want %s", seq, i, what, showJSON(got), showJSON(want))
			return
		}
	}
	r.changes.same++
}

func (r *replay) record(changes xdr.LedgerEntryChanges, touched map[engine.Key]bool) {
	for _, c := range changes {
		var e *xdr.LedgerEntry
		var key xdr.LedgerKey
		var err error
		switch c.Type {
		case xdr.LedgerEntryChangeTypeLedgerEntryState:
			continue
		case xdr.LedgerEntryChangeTypeLedgerEntryCreated:
			e = c.Created
		case xdr.LedgerEntryChangeTypeLedgerEntryUpdated:
			e = c.Updated
		case xdr.LedgerEntryChangeTypeLedgerEntryRemoved:
			key = *c.Removed
		}
		if e != nil {
			if key, err = e.LedgerKey(); err != nil {
				r.Fatal(err)
			}
		}
		k, err := engine.KeyOf(key)
		if err != nil {
			r.Fatal(err)
		}
		touched[k] = true
		if e == nil {
			delete(r.mirror, k)
		} else {
			r.mirror[k] = e
		}
	}
}

// refuse holds what was refused after the last ledger against the state.
func (r *replay) refuse() {
	h := r.state.Header()
	for _, x := range r.refused[uint32(h.LedgerSeq)] {
		r.refusals.all++
		var env xdr.TransactionEnvelope
		if err := xdr.SafeUnmarshalBase64(x.Envelope, &env); err != nil {
			r.Fatal(err)
		}
		tx, err := engine.NewTx(r.state.NetworkID(), env)
		if err != nil {
			r.Fatal(err)
		}
		if x.CloseTime != uint64(h.ScpValue.CloseTime) {
			r.Errorf("ledger %d: recorded at close time %d, replayed at %d", h.LedgerSeq, x.CloseTime, h.ScpValue.CloseTime)
		}
		res := r.state.Check(tx, uint64(h.ScpValue.CloseTime)+10)
		got, err := xdr.MarshalBase64(res)
		if err != nil {
			r.Fatal(err)
		}
		if got == x.Result {
			r.refusals.same++
			continue
		}
		var want xdr.TransactionResult
		if err := xdr.SafeUnmarshalBase64(x.Result, &want); err != nil {
			r.Fatal(err)
		}
		r.differ("refusal at ledger %d: got %s want %s", h.LedgerSeq, showJSON(res), showJSON(want))
	}
}

func encode(t *testing.T, v interface{ MarshalBinary() ([]byte, error) }) []byte {
	b, err := v.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encodeEntry(t *testing.T, e *xdr.LedgerEntry) []byte {
	if e == nil {
		return nil
	}
	return encode(t, e)
}

func show(p xdr.TransactionResultPair) string { return showJSON(p.Result) }

func showJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
