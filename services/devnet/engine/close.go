package engine

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Input is one ledger to close.
type Input struct {
	CloseTime uint64 // seconds; greater than the last ledger's
	Txs       []*Tx  // in apply order, each valid against the state (Check)
	TxSetHash [32]byte
	Upgrades  []xdr.LedgerUpgrade // take effect after the transactions
	Freeze    []Key               // see Freezable; take effect after the transactions, since protocol 26 (CAP-77)
	Unfreeze  []Key
	// Dropped is set when the validators dropped a set of this hash: the ledger then has no transactions, and its header says so
	// (CAP-83, since protocol 28).
	Dropped *[32]byte
	Salt    []byte // mixed into the hash over the entries, so that two ledgers alike in all else differ
}

// Closed is a closed ledger, not yet part of the state: see State.Adopt.
type Closed struct {
	Header  xdr.LedgerHeader
	Hash    [32]byte
	BaseFee int64 // stroops for each operation, of this set
	Txs     []Landed
	Changed []Changed // in a fixed order
}

// Landed is one transaction of a closed ledger.
type Landed struct {
	Tx     *Tx
	Result xdr.TransactionResultPair
	Fee    xdr.LedgerEntryChanges   // the taking of the fee
	Before []xdr.LedgerEntryChanges // of the outer part of a fee bump, then of the transaction
	Ops    []xdr.LedgerEntryChanges // of each operation; none when the transaction failed
}

// Changed is an entry after the ledger; Entry is nil when it is gone.
type Changed struct {
	Key   Key
	Entry *xdr.LedgerEntry
}

// ErrCloseTime is returned for a close time that is not after the last one.
var ErrCloseTime = errors.New("engine: close time is not after the last ledger's")

// Close computes the next ledger. It leaves the state alone, so that a caller can make the outcome durable before it adopts it.
func (s *State) Close(in Input) (*Closed, error) {
	if in.CloseTime <= uint64(s.header.ScpValue.CloseTime) {
		return nil, ErrCloseTime
	}
	if s.header.LedgerSeq == math.MaxInt32 {
		return nil, errors.New("engine: no ledger numbers left")
	}
	header, err := s.next(in)
	if err != nil {
		return nil, err
	}
	led := &ledger{header: &header, maxSeq: map[ID]xdr.SequenceNumber{}, frozen: s.frozen}
	root := newLayer(led, s)
	base := BaseFee(s.header, in.Txs)
	out := &Closed{BaseFee: base, Txs: make([]Landed, len(in.Txs))}
	for i, t := range in.Txs {
		fee, err := takeFee(root, t, base)
		if err != nil {
			return nil, err
		}
		out.Txs[i].Tx, out.Txs[i].Fee = t, fee
	}
	for i, t := range in.Txs {
		a := t.apply(root, base)
		out.Txs[i].Result = xdr.TransactionResultPair{TransactionHash: t.hash, Result: a.result}
		out.Txs[i].Before, out.Txs[i].Ops = a.before, a.ops
	}
	for _, u := range in.Upgrades {
		upgrade(&header, u)
	}
	if err := freeze(root, in.Freeze, in.Unfreeze); err != nil {
		return nil, err
	}
	for _, x := range root.slots {
		if x.entry != nil || s.entries[x.key] != nil {
			out.Changed = append(out.Changed, Changed{Key: x.key, Entry: x.entry})
		}
	}
	return out, s.seal(out, &header, in.Salt)
}

func (s *State) next(in Input) (xdr.LedgerHeader, error) {
	h := s.header
	h.PreviousLedgerHash = s.hash
	h.LedgerSeq++
	h.ScpValue = xdr.StellarValue{TxSetHash: in.TxSetHash, CloseTime: xdr.TimePoint(in.CloseTime)}
	for _, u := range in.Upgrades {
		if b, err := u.MarshalBinary(); err == nil {
			h.ScpValue.Upgrades = append(h.ScpValue.Upgrades, b)
		}
	}
	if in.Dropped == nil {
		return h, nil
	}
	if h.LedgerVersion < droppingSince {
		return h, fmt.Errorf("%w: dropped sets came with %d", ErrProtocol, droppingSince)
	}
	if len(in.Txs) != 0 {
		return h, errors.New("engine: a ledger without its set has no transactions")
	}
	h.ScpValue.TxSetHash = xdr.Hash{}
	h.ScpValue.Ext = xdr.StellarValueExt{V: xdr.StellarValueTypeStellarValueEmptyTxSet, ProposedValue: &xdr.StellarValueProposedValue{
		TxSetHash: *in.Dropped, PreviousLedgerHash: s.hash, PreviousLedgerVersion: h.LedgerVersion,
		LcValueSignature: xdr.LedgerCloseValueSignature{NodeId: xdr.NodeId(ID{}.AccountID())}}}
	return h, nil
}

// takeFee takes one transaction's fee. All fees of a set go before its first operation, whatever comes of the transactions.
func takeFee(root *layer, t *Tx, base int64) (xdr.LedgerEntryChanges, error) {
	l := root.child()
	payer := l.account(t.feeSource)
	if payer == nil {
		return nil, fmt.Errorf("engine: transaction %x was never valid: its fee source does not exist", t.hash)
	}
	fee := min(int64(payer.Balance), t.charged(base))
	payer.Balance -= xdr.Int64(fee)
	root.header.FeePool += xdr.Int64(fee)
	source := t.Source()
	root.maxSeq[source] = max(root.maxSeq[source], t.plain().tx.SeqNum)
	changes := l.changes()
	l.commit()
	return changes, nil
}

// BaseFee is the fee per operation of a set, in stroops: the header's, until the set comes within 100 operations of its limit; then
// the lowest bid per operation in the set, rounded up.
func BaseFee(h xdr.LedgerHeader, txs []*Tx) int64 {
	var ops int64
	lowest := int64(math.MaxInt64)
	for _, t := range txs {
		ops += t.Ops()
		n := max(1, t.Ops())
		lowest = min(lowest, (t.feeBid+n-1)/n)
	}
	if ops > max(0, int64(h.MaxTxSetSize)-100) {
		return lowest
	}
	return int64(h.BaseFee)
}

func upgrade(h *xdr.LedgerHeader, u xdr.LedgerUpgrade) {
	switch u.Type {
	case xdr.LedgerUpgradeTypeLedgerUpgradeVersion:
		h.LedgerVersion = *u.NewLedgerVersion
	case xdr.LedgerUpgradeTypeLedgerUpgradeBaseFee:
		h.BaseFee = *u.NewBaseFee
	case xdr.LedgerUpgradeTypeLedgerUpgradeMaxTxSetSize:
		h.MaxTxSetSize = *u.NewMaxTxSetSize
	case xdr.LedgerUpgradeTypeLedgerUpgradeBaseReserve:
		h.BaseReserve = *u.NewBaseReserve
	}
}

// seal hashes results and changed entries into the header, and the header into the ledger's hash.
func (s *State) seal(out *Closed, h *xdr.LedgerHeader, salt []byte) error {
	set := xdr.TransactionResultSet{}
	for _, t := range out.Txs {
		set.Results = append(set.Results, t.Result)
	}
	results, err := set.MarshalBinary()
	if err != nil {
		return fmt.Errorf("engine: encode results: %v", err)
	}
	h.TxSetResultHash = sha256.Sum256(results)
	running, buffer := sha256.New(), xdr.NewEncodingBuffer()
	running.Write(h.BucketListHash[:])
	running.Write(salt)
	for _, c := range out.Changed {
		running.Write([]byte(c.Key))
		if c.Entry == nil {
			continue
		}
		b, err := buffer.UnsafeMarshalBinary(c.Entry)
		if err != nil {
			return fmt.Errorf("engine: encode an entry: %v", err)
		}
		running.Write(b)
	}
	h.BucketListHash = xdr.Hash(running.Sum(nil))
	out.Header = *h
	out.Hash, err = HashHeader(*h)
	return err
}

// HashHeader is a ledger's hash: the SHA-256 of its header.
func HashHeader(h xdr.LedgerHeader) ([32]byte, error) {
	b, err := h.MarshalBinary()
	if err != nil {
		return [32]byte{}, fmt.Errorf("engine: encode a header: %v", err)
	}
	return sha256.Sum256(b), nil
}

// Order puts a set into its apply order: rounds of one transaction of each source account, by their numbers, and each
// round shuffled by the set's hash and the hash of each whole envelope, signatures included.
func Order(txs []*Tx, setHash [32]byte) []*Tx {
	queues := map[ID][]*Tx{}
	for _, t := range txs {
		queues[t.source] = append(queues[t.source], t)
	}
	for _, q := range queues {
		slices.SortFunc(q, func(a, b *Tx) int { return cmp.Compare(a.SeqNum(), b.SeqNum()) })
	}
	out := make([]*Tx, 0, len(txs))
	for at := 0; len(out) < len(txs); at++ {
		begin := len(out)
		for _, q := range queues {
			if at < len(q) {
				out = append(out, q[at])
			}
		}
		slices.SortFunc(out[begin:], func(a, b *Tx) int { return bytes.Compare(mix(a, setHash), mix(b, setHash)) })
	}
	return out
}

func mix(t *Tx, setHash [32]byte) []byte {
	out := make([]byte, 32)
	for i := range out {
		out[i] = t.whole[i] ^ setHash[i]
	}
	return out
}
