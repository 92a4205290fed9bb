package access

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Ledger is a closed ledger with all its transactions, in the order in which they were applied.
type Ledger struct {
	relay.Head
	Previous string // hash of the ledger before it
	Txs      []Transaction
}

// Reading is a ledger while its transactions are being read. Header and transactions are held against the ledger's hash: no
// transaction can be missing, added, or told otherwise than the network closed it. Whether the ledger continues what the caller
// saw before is for the caller to check, by Previous; who closed it is not checked.
type Reading struct {
	Ledger
	BaseReserve relay.Stroops

	results []xdr.TransactionResultPair
	want    xdr.Hash // of all results, from the header
}

// ReadHeader trusts number and hash only if they are those of the header.
func ReadHeader(h xdr.LedgerHeader, seq uint32, hash string) (Reading, error) {
	raw, err := h.MarshalBinary()
	if err != nil {
		return Reading{}, Nonsense("header of ledger %d: %v", seq, err)
	}
	sum := sha256.Sum256(raw)
	if own := hex.EncodeToString(sum[:]); own != hash || uint32(h.LedgerSeq) != seq {
		return Reading{}, Nonsense("header of ledger %d (%s) is of ledger %d (%s)", seq, hash, h.LedgerSeq, own)
	}
	return Reading{want: h.TxSetResultHash, BaseReserve: relay.Stroops(h.BaseReserve), Ledger: Ledger{
		Head:     relay.Head{Sequence: seq, CloseTime: int64(h.ScpValue.CloseTime), Hash: hash},
		Previous: hex.EncodeToString(h.PreviousLedgerHash[:]),
	}}, nil
}

// Add takes the next transaction, as [ReadTransaction] read it.
func (r *Reading) Add(tx Transaction, result xdr.TransactionResult) error {
	if tx.Ledger != r.Sequence || tx.CloseTime != r.CloseTime {
		return Nonsense("transaction %s of ledger %d, closed at %d, in the place of one of ledger %d", tx.Outer, tx.Ledger, tx.CloseTime, r.Sequence)
	}
	pair := xdr.TransactionResultPair{Result: result}
	raw, err := hex.DecodeString(tx.Outer)
	if err != nil {
		return Nonsense("hash %q", tx.Outer)
	}
	copy(pair.TransactionHash[:], raw)
	r.Txs, r.results = append(r.Txs, tx), append(r.results, pair)
	return nil
}

// Complete compares the hash over all results, in the order of application, with the header's. The very first ledger of a
// network has none.
func (r *Reading) Complete() error {
	if r.Sequence == 1 && len(r.results) == 0 {
		return nil
	}
	raw, err := xdr.TransactionResultSet{Results: r.results}.MarshalBinary()
	if err != nil {
		return Nonsense("results of ledger %d: %v", r.Sequence, err)
	}
	if sha256.Sum256(raw) != r.want {
		return Nonsense("the transactions shown for ledger %d are not those of its header", r.Sequence)
	}
	return nil
}

// ReadTransaction takes hashes and outcome of t from its XDR, and wants the hash and the outcome that a server said beside them
// to agree: said is t's inner or outer hash.
func ReadTransaction(t Transaction, said, passphrase string) (Transaction, xdr.TransactionResult, error) {
	var result xdr.TransactionResult
	inner, outer, err := stellar.Hashes(t.EnvelopeXDR, passphrase)
	if err != nil {
		return Transaction{}, result, Nonsense("transaction %q of ledger %d: %v", said, t.Ledger, err)
	}
	t.Inner, t.Outer = inner, outer
	if said != inner && said != outer {
		return Transaction{}, result, Nonsense("transaction %q of ledger %d is %s", said, t.Ledger, outer)
	}
	outcome, err := stellar.DecodeResult(t.ResultXDR)
	if err == nil {
		err = xdr.SafeUnmarshalBase64(t.ResultXDR, &result)
	}
	switch {
	case err != nil:
		return Transaction{}, result, Nonsense("result of transaction %s: %v", outer, err)
	case t.Ledger == 0 || t.CloseTime <= 0:
		return Transaction{}, result, Nonsense("transaction %s in ledger %d, closed at %d", outer, t.Ledger, t.CloseTime)
	case t.Success != outcome.Success:
		return Transaction{}, result, Nonsense("transaction %s: successful is %v, its result %s", outer, t.Success, outcome.Code)
	case outcome.InnerHash != "" && outcome.InnerHash != inner:
		return Transaction{}, result, Nonsense("transaction %s: its result is another's", outer)
	}
	return t, result, nil
}

// IsHash reports whether s is 64 lower-case hexadecimal digits.
func IsHash(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}
