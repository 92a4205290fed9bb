package horizon

import (
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar/access"
)

// What Ledger holds against a header must hold for ledgers that stellar-core closed.
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
		text, err := xdr.MarshalBase64(v0.LedgerHeader.Header)
		if err != nil {
			t.Fatal(err)
		}
		h, err := (&ledgerBody{Sequence: meta.LedgerSequence(), Hash: hex.EncodeToString(v0.LedgerHeader.Hash[:]), HeaderXDR: text}).read()
		if err != nil {
			t.Fatal(err)
		}
		if previous != "" && h.Previous != previous {
			t.Errorf("ledger %d does not follow", h.Sequence)
		}
		previous = h.Hash
		envelopes := map[xdr.Hash]string{}
		for _, env := range v0.TxSet.Txs {
			hash, err := network.HashTransactionInEnvelope(env, passphrase)
			if err != nil {
				t.Fatal(err)
			}
			if envelopes[hash], err = xdr.MarshalBase64(env); err != nil {
				t.Fatal(err)
			}
		}
		for _, tp := range v0.TxProcessing {
			text, err := xdr.MarshalBase64(tp.Result.Result)
			if err != nil {
				t.Fatal(err)
			}
			l, err := (&txBody{Hash: hex.EncodeToString(tp.Result.TransactionHash[:]), Ledger: h.Sequence, CreatedAt: time.Unix(h.CloseTime, 0),
				Successful: tp.Result.Result.Successful(), EnvelopeXDR: envelopes[tp.Result.TransactionHash], ResultXDR: text}).read(passphrase)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Add(l.Transaction, l.result); err != nil {
				t.Fatal(err)
			}
			count++
		}
		if err := h.complete(); err != nil {
			t.Error(err)
		}
		if n := len(h.Txs); n > 0 {
			less, err := access.ReadHeader(v0.LedgerHeader.Header, h.Sequence, h.Hash)
			if err != nil {
				t.Fatal(err)
			}
			for i, tp := range v0.TxProcessing[1:] {
				if err := less.Add(h.Txs[i+1], tp.Result.Result); err != nil {
					t.Fatal(err)
				}
			}
			if less.Complete() == nil {
				t.Errorf("ledger %d is complete without a transaction", h.Sequence)
			}
		}
	}
	if count != 934 {
		t.Errorf("%d transactions", count)
	}
}
