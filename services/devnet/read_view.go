package devnet

import (
	"context"
	"errors"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// View is the network at rest between two ledgers, for protocols that are served from outside of this package. It is valid only
// inside the function that it was given to, and read-only.
type View struct{ n *Network }

// Span is the ledgers that can be asked for.
type Span struct{ Oldest, Latest uint32 }

// LedgerRecord is a closed ledger within the retention.
type LedgerRecord struct {
	Hash   xdr.Hash
	Header xdr.LedgerHeader
}

// TransactionRecord is a transaction within the retention. Place is its place in the ledger, from 1; CloseTime is in seconds. The byte
// slices are XDR: TransactionEnvelope, TransactionResult, TransactionMeta, and the LedgerEntryChanges of the fee.
type TransactionRecord struct {
	Hash                        xdr.Hash
	FeeBump, Successful         bool
	Ledger                      uint32
	Place                       int32
	CloseTime                   int64
	Envelope, Result, Meta, Fee []byte
}

// View calls read while no ledger closes and nothing is submitted, so it must be quick and must not call the network itself. It returns
// what read returns, and an error of its own once the network is closed.
func (n *Network) View(read func(View) error) error {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.closing {
		return errClosed
	}
	return read(View{n})
}

// State is the ledger after its last close.
func (v View) State() *engine.State { return v.n.state }

// Passphrase is the network's.
func (v View) Passphrase() string { return v.n.cfg.Passphrase }

// Span is the ledgers within the retention.
func (v View) Span() (Span, error) {
	s, err := v.n.store.span()
	return Span{Oldest: s.oldest, Latest: s.latest}, err
}

// Ledgers returns ledgers from a number on, at most limit, in order.
func (v View) Ledgers(from uint32, limit uint) ([]LedgerRecord, error) {
	rows, err := v.n.store.ledgers(from, limit)
	out := make([]LedgerRecord, len(rows))
	for i := range rows {
		out[i] = LedgerRecord{Hash: rows[i].hash, Header: rows[i].header}
	}
	return out, err
}

// Transactions returns transactions in order of application, from a place in a ledger on, at most limit, up to the last ledger that
// counts.
func (v View) Transactions(from uint32, place int32, upTo uint32, limit int) ([]TransactionRecord, error) {
	rows, err := v.n.store.transactions(from, place, upTo, limit)
	out := make([]TransactionRecord, len(rows))
	for i := range rows {
		out[i] = rows[i].record()
	}
	return out, err
}

// Transaction finds a transaction by its hash, a fee bump also by its inner one; found is false when there is none.
func (v View) Transaction(hash [32]byte) (t TransactionRecord, found bool, err error) {
	row, err := v.n.store.transaction(hash)
	if errors.Is(err, errNoTransaction) {
		return t, false, nil
	}
	if err != nil {
		return t, false, err
	}
	return row.record(), true, nil
}

func (t *txRow) record() TransactionRecord {
	return TransactionRecord{Hash: t.hash, FeeBump: t.bump, Successful: t.successful, Ledger: t.ledger, Place: t.place,
		CloseTime: t.closeTime, Envelope: t.envelope, Result: t.result, Meta: t.meta, Fee: t.fee}
}

// lookAgain is how often Await looks for a new ledger.
const lookAgain = 10 * time.Millisecond

// Await returns the hash of the last ledger as soon as it is another one than seen, and an error when ctx ends or the network is
// closed before.
func (n *Network) Await(ctx context.Context, seen [32]byte) ([32]byte, error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		hash, err := n.lastHash()
		if err != nil || hash != seen {
			return hash, err
		}
		select {
		case <-ctx.Done():
			return seen, ctx.Err()
		case <-tick.C:
		}
	}
}

func (n *Network) lastHash() ([32]byte, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.closing {
		return [32]byte{}, errClosed
	}
	return n.state.Hash(), nil
}
