package rpc

import (
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stellar/go-stellar-sdk/network"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// What Ledgers holds against a header must hold for ledgers that stellar-core closed.
func TestRecordedLedgersAreComplete(t *testing.T) {
	const passphrase = "Standalone Network ; February 2017"
	file, err := os.Open(filepath.Join("..", "..", "..", "services", "devnet", "testdata", "recordings", "coverage-a.xdr.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stream, err := xdr.NewGzStream(file)
	if err != nil {
		t.Fatal(err)
	}
	count, previous := 0, ""
	for {
		var meta xdr.LedgerCloseMeta
		if err := stream.ReadOne(&meta); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		v0 := meta.MustV0()
		l, err := readHeader(protocol.LedgerInfo{
			Sequence: meta.LedgerSequence(), Hash: hex.EncodeToString(v0.LedgerHeader.Hash[:]), LedgerHeader: b64(v0.LedgerHeader),
		})
		if err != nil {
			t.Fatal(err)
		}
		if previous != "" && l.Previous != previous {
			t.Errorf("ledger %d does not follow", l.Sequence)
		}
		previous = l.Hash
		byHash := map[xdr.Hash]xdr.TransactionEnvelope{}
		for _, env := range v0.TxSet.Txs {
			h, err := network.HashTransactionInEnvelope(env, passphrase)
			if err != nil {
				t.Fatal(err)
			}
			byHash[h] = env
		}
		for i, tp := range v0.TxProcessing {
			status := protocol.TransactionStatusFailed
			if tp.Result.Result.Successful() {
				status = protocol.TransactionStatusSuccess
			}
			err := add(&l, protocol.TransactionInfo{LedgerCloseTime: l.CloseTime, TransactionDetails: protocol.TransactionDetails{
				Status: status, TransactionHash: hex.EncodeToString(tp.Result.TransactionHash[:]), ApplicationOrder: int32(i + 1),
				EnvelopeXDR: b64(byHash[tp.Result.TransactionHash]), ResultXDR: b64(tp.Result.Result), Ledger: l.Sequence,
			}}, passphrase)
			if err != nil {
				t.Fatal(err)
			}
			count++
		}
		if err := l.Complete(); err != nil {
			t.Error(err)
		}
	}
	if count != 934 {
		t.Errorf("%d transactions", count)
	}
}
