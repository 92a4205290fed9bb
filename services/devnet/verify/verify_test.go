package verify_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
	"github.com/restante/restante/services/devnet/verify"
)

// short is a recording of our own making: ledger 2 with one transaction, as the engine itself closes it.
func short(t testing.TB, change func(*xdr.LedgerCloseMetaV0)) []byte {
	t.Helper()
	s, err := engine.Genesis(engine.NetworkID(verify.Passphrase), engine.Params{BaseFee: 100, BaseReserve: 100_000_000, MaxTxSetSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	var root xdr.AccountId
	for _, e := range s.Entries {
		root = e.Data.Account.AccountId
	}
	env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{Tx: xdr.Transaction{
		SourceAccount: root.ToMuxedAccount(), Fee: 100, SeqNum: 1,
		Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypeInflation}}}}}}
	tx, err := engine.NewTx(s.NetworkID(), env)
	if err != nil {
		t.Fatal(err)
	}
	closed, err := s.Close(engine.Input{CloseTime: 5, Txs: []*engine.Tx{tx}})
	if err != nil {
		t.Fatal(err)
	}
	landed := closed.Txs[0]
	v0 := &xdr.LedgerCloseMetaV0{LedgerHeader: xdr.LedgerHeaderHistoryEntry{Hash: closed.Hash, Header: closed.Header},
		TxSet: xdr.TransactionSet{Txs: []xdr.TransactionEnvelope{env}},
		TxProcessing: []xdr.TransactionResultMeta{{Result: landed.Result, FeeProcessing: landed.Fee,
			TxApplyProcessing: xdr.TransactionMeta{V: 2, V2: &xdr.TransactionMetaV2{TxChangesBefore: landed.Before[0]}}}}}
	if change != nil {
		change(v0)
	}
	raw, err := xdr.LedgerCloseMeta{V0: v0}.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(raw))|1<<31), raw...)
}

func write(t testing.TB, name string, raw []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(raw)
		if err = errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		raw = b.Bytes()
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEachDifferenceIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*xdr.LedgerCloseMetaV0)
		want   string
		shows  string
	}{
		"none": {nil, "short results identical 1 of 1, entries identical 1 of 1", ""},
		"result": {func(v0 *xdr.LedgerCloseMetaV0) { v0.TxProcessing[0].Result.Result.FeeCharged = 101 },
			"short results identical 0 of 1, entries identical 1 of 1", "recorded  FeeCharged 101"},
		"entry": {func(v0 *xdr.LedgerCloseMetaV0) {
			changes := v0.TxProcessing[0].TxApplyProcessing.V2.TxChangesBefore
			changes[len(changes)-1].Updated.Data.Account.Balance--
		}, "short results identical 1 of 1, entries identical 0 of 1", "Data.Account.Balance 999999999999999899"},
		"an entry that only the recording changed": {func(v0 *xdr.LedgerCloseMetaV0) {
			id := engine.ID{7}.AccountID()
			v0.TxProcessing[0].TxApplyProcessing.V2.TxChangesAfter = xdr.LedgerEntryChanges{{
				Type: xdr.LedgerEntryChangeTypeLedgerEntryCreated, Created: &xdr.LedgerEntry{Data: xdr.LedgerEntryData{
					Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{AccountId: id}}}}}
		}, "short results identical 1 of 1, entries identical 1 of 2", "got       nothing"},
		"a transaction that is not in the set": {func(v0 *xdr.LedgerCloseMetaV0) { v0.TxSet.Txs = nil },
			"short results identical 0 of 1, entries identical 0 of 1", "not in the set"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "short.xdr.gz", short(t, c.change))
			got, err := verify.File(context.Background(), path, verify.Options{Differences: 10})
			if err != nil {
				t.Fatal(err)
			}
			var shown strings.Builder
			for _, d := range got.Differences {
				shown.WriteString(d.String())
			}
			if got.String() != c.want || got.Identical() != (c.shows == "") || !strings.Contains(shown.String(), c.shows) {
				t.Errorf("%s, identical %v\n%s", got, got.Identical(), shown.String())
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	path := write(t, "short.xdr.gz", short(t, nil))
	absent := engine.ID{}.AccountID()
	env, err := xdr.MarshalBase64(xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{
		Tx: xdr.Transaction{SourceAccount: absent.ToMuxedAccount(), Fee: 100, SeqNum: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	result, err := xdr.MarshalBase64(xdr.TransactionResult{FeeCharged: 100, Result: xdr.TransactionResultResult{
		Code: xdr.TransactionResultCodeTxMissingOperation}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, x := range []verify.Refusal{
		{Ledger: 2, CloseTime: 5, Envelope: env, Result: result},
		{Ledger: 2, CloseTime: 6, Envelope: env, Result: result},
		{Ledger: 9, CloseTime: 5, Envelope: env, Result: result},
		{Ledger: 2, CloseTime: 5, Envelope: "AAAA", Result: result},
		{Ledger: 2, CloseTime: 5, Envelope: env, Result: "AAAA"},
	} {
		if err := json.NewEncoder(&b).Encode(x); err != nil {
			t.Fatal(err)
		}
	}
	refused := filepath.Join(filepath.Dir(path), "short.rejected.jsonl")
	if err := os.WriteFile(refused, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := verify.File(context.Background(), refused, verify.Options{Differences: 10})
	if err != nil || got.String() != "short rejections identical 1 of 5" || got.Identical() || len(got.Differences) != 4 {
		t.Errorf("%s %v %v", got, got.Differences, err)
	}
}

// TestFilesThatAreNoRecordings: an error or a report, whatever the bytes.
func TestFilesThatAreNoRecordings(t *testing.T) {
	good := short(t, nil)
	for name, raw := range map[string][]byte{
		"cut.xdr.gz":            good[:len(good)-5],
		"mark.xdr.gz":           good[:3],
		"huge.xdr.gz":           {0xff, 0xff, 0xff, 0xff, 0},
		"zero.xdr":              {0x80, 0, 0, 0},
		"other.xdr":             append(bytes.Clone(good), good...), // ledger 2 twice
		"lines.rejected.jsonl":  []byte("{"),
		"orphan.rejected.jsonl": []byte("{}\n"),
	} {
		if got, err := verify.File(context.Background(), write(t, name, raw), verify.Options{}); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
	got, err := verify.File(context.Background(), write(t, "empty.xdr.gz", nil), verify.Options{})
	if err != nil || got.Identical() {
		t.Errorf("an empty recording: %s %v", got, err)
	}
}

func FuzzRecording(f *testing.F) {
	f.Add(short(f, nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := verify.New(verify.Passphrase)
		if err != nil {
			t.Fatal(err)
		}
		r.Differ = func(d verify.Difference) { _ = d.String() }
		for from := bytes.NewReader(raw); ; {
			lcm, err := verify.ReadFrame(from)
			if errors.Is(err, io.EOF) || err != nil || r.Ledger(lcm) != nil {
				return
			}
		}
	})
}
