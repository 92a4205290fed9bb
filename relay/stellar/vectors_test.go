package stellar

import (
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"
)

const recorded = "Standalone Network ; February 2017"

// Every transaction of the recorded ledgers must be read: hashes as the network has them, the outcome in words, and
// every account that appeared or went among the accounts touched.
func TestRecordedLedgers(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "..", "services", "devnet", "testdata", "recordings", "coverage-a.xdr.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stream, err := xdr.NewGzStream(file)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]int{}
	for {
		var meta xdr.LedgerCloseMeta
		if err := stream.ReadOne(&meta); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		ledger := meta.MustV0()
		byHash := map[xdr.Hash]xdr.TransactionEnvelope{}
		for _, env := range ledger.TxSet.Txs {
			h, err := network.HashTransactionInEnvelope(env, recorded)
			if err != nil {
				t.Fatal(err)
			}
			byHash[h] = env
		}
		for _, tp := range ledger.TxProcessing {
			recordedTransaction(t, byHash[tp.Result.TransactionHash], tp, words)
		}
	}
	for _, w := range []string{"tx_success", "tx_bad_seq", "tx_no_account", "tx_fee_bump_inner_failed", "op_bad_auth",
		"account_merge_seqnum_too_far", "account_merge_is_sponsor", "create_account_already_exist"} {
		if words[w] == 0 {
			t.Errorf("%s was never said; words: %v", w, words)
		}
	}
}

func recordedTransaction(t *testing.T, env xdr.TransactionEnvelope, tp xdr.TransactionResultMeta, words map[string]int) {
	t.Helper()
	text, err := xdr.MarshalBase64(env)
	if err != nil {
		t.Fatal(err)
	}
	inner, outer, err := Hashes(text, recorded)
	if err != nil {
		t.Fatal(err)
	}
	touches, err := Touched(text)
	if err != nil {
		t.Fatal(err)
	}
	if outer != hex.EncodeToString(tp.Result.TransactionHash[:]) {
		t.Error("outer hash differs from the network's")
	}
	result, err := xdr.MarshalBase64(tp.Result.Result)
	if err != nil {
		t.Fatal(err)
	}
	out, err := DecodeResult(result)
	if err != nil {
		t.Fatal(err)
	}
	if out.InnerHash != "" && out.InnerHash != inner {
		t.Error("inner hash differs from the network's")
	}
	words[out.Code]++
	for _, op := range out.Ops {
		words[op]++
		if strings.ToLower(op) != op || op == "" {
			t.Errorf("word %q", op)
		}
	}
	for _, op := range tp.TxApplyProcessing.MustV2().Operations {
		for _, c := range op.Changes {
			// An account that is made or merged away is named in the envelope; others may change as sponsors only.
			id := ""
			if e, ok := c.GetCreated(); ok && e.Data.Type == xdr.LedgerEntryTypeAccount {
				id = e.Data.Account.AccountId.Address()
			}
			if k, ok := c.GetRemoved(); ok && k.Type == xdr.LedgerEntryTypeAccount {
				id = k.Account.AccountId.Address()
			}
			if id != "" && !slices.Contains(touches.Accounts, id) {
				t.Errorf("%s is not among the accounts of %s", id, outer)
			}
			if e, ok := c.GetUpdated(); ok && e.Data.Type == xdr.LedgerEntryTypeAccount {
				if _, err := AccountFromEntry(e); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
