package rpc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar"
)

// Limits on one Ledgers call.
const (
	ledgersPerPage = 100  // most ledgers
	txsPerCall     = 100  // transactions asked for at once; servers allow 200
	maxTxCalls     = 2000 // calls for the transactions of one page, before something must be wrong
)

// LedgerTx is one transaction of a ledger; stellar.Touched and stellar.DecodeResult read its texts.
type LedgerTx struct {
	Inner       string // hash of the transaction
	Outer       string // hash as it landed: a fee bump's own, otherwise the same
	Index       int32  // order of application in its ledger, from 1
	Success     bool
	EnvelopeXDR string
	ResultXDR   string
}

// Ledger is a closed ledger with all its transactions, in the order in which they were applied.
type Ledger struct {
	Sequence  uint32
	CloseTime int64  // unix seconds
	Hash      string // hex
	Previous  string // hash of the ledger before
	Txs       []LedgerTx
}

// Page is a run of closed ledgers without a gap, each complete. Empty: none has closed yet.
type Page struct {
	Ledgers []Ledger
	Range
}

// Ledgers returns the ledgers from the given one on, at most max (1 to 100) of them, fewer if they are large or not
// closed yet. ErrGap: the server no longer has the first one.
//
// Headers are checked against their hashes and against each other, and the transactions with their results against the
// header: none can be missing, added, or told otherwise than the network closed it. Whether the first ledger continues
// what the caller saw before is for the caller to check, by Previous; who closed it, nobody checks here.
func (c *Client) Ledgers(ctx context.Context, from uint32, max int) (Page, error) {
	if from == 0 || max < 1 || max > ledgersPerPage {
		return Page{}, badInput(fmt.Errorf("no page of %d ledgers from %d", max, from))
	}
	r, err := c.Range(ctx)
	if err != nil {
		return Page{}, err
	}
	switch {
	case from < r.Oldest:
		return Page{Range: r}, fmt.Errorf("%w: ledger %d, the oldest is %d", ErrGap, from, r.Oldest)
	case from > r.Latest:
		return Page{Range: r}, nil
	}
	open, err := c.headers(ctx, from, min(uint(max), uint(r.Latest-from)+1))
	if err != nil {
		return Page{}, err
	}
	if err := c.fill(ctx, open); err != nil {
		return Page{}, err
	}
	page := Page{Range: r}
	for i := range open {
		l := &open[i]
		if err := l.complete(); err != nil {
			return Page{}, err
		}
		page.Ledgers = append(page.Ledgers, l.Ledger)
	}
	return page, nil
}

// openLedger is a ledger while its transactions are being read.
type openLedger struct {
	Ledger
	results []xdr.TransactionResultPair
	want    xdr.Hash // of all results, from the header
}

func (l *openLedger) add(tx protocol.TransactionInfo, passphrase string) error {
	read, pair, err := readTx(tx, passphrase)
	if err != nil {
		return err
	}
	if tx.LedgerCloseTime != l.CloseTime {
		return nonsense("transaction %s closed at %d, its ledger %d at %d", read.Outer, tx.LedgerCloseTime, l.Sequence, l.CloseTime)
	}
	l.Txs, l.results = append(l.Txs, read), append(l.results, pair)
	return nil
}

// complete compares the hash over all results, in the order of application, with the header's. The very first ledger
// of a network has none.
func (l *openLedger) complete() error {
	if l.Sequence == 1 && len(l.results) == 0 {
		return nil
	}
	raw, err := xdr.TransactionResultSet{Results: l.results}.MarshalBinary()
	if err != nil {
		return nonsense("results of ledger %d: %v", l.Sequence, err)
	}
	if sha256.Sum256(raw) != l.want {
		return nonsense("the transactions shown for ledger %d are not those of its header", l.Sequence)
	}
	return nil
}

// LedgerHash returns the hash of a closed ledger. ErrGap: the server no longer has it; ErrTransient: not closed yet.
func (c *Client) LedgerHash(ctx context.Context, seq uint32) (string, error) {
	r, err := c.Range(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case seq < r.Oldest:
		return "", fmt.Errorf("%w: ledger %d, the oldest is %d", ErrGap, seq, r.Oldest)
	case seq > r.Latest:
		return "", fmt.Errorf("%w: ledger %d has not closed, the latest is %d", ErrTransient, seq, r.Latest)
	}
	ledgers, err := c.headers(ctx, seq, 1)
	if err != nil {
		return "", err
	}
	return ledgers[0].Hash, nil
}

// headers reads n ledgers without their transactions, fewer if their metadata (which comes along unasked) is larger
// than one answer may be.
func (c *Client) headers(ctx context.Context, from uint32, n uint) ([]openLedger, error) {
	var r protocol.GetLedgersResponse
	for {
		err := c.call(ctx, protocol.GetLedgersMethodName, protocol.GetLedgersRequest{
			StartLedger: from, Pagination: &protocol.LedgerPaginationOptions{Limit: n},
		}, &r, pageBody)
		if err == nil {
			break
		}
		if !errors.Is(err, errTooLarge) || n == 1 {
			return nil, err
		}
		n /= 2
	}
	if len(r.Ledgers) == 0 || uint(len(r.Ledgers)) > n {
		return nil, nonsense("%d ledgers for %d asked", len(r.Ledgers), n)
	}
	out := make([]openLedger, 0, len(r.Ledgers))
	for i, info := range r.Ledgers {
		l, err := readHeader(info)
		if err != nil {
			return nil, err
		}
		if l.Sequence != from+uint32(i) {
			return nil, nonsense("ledger %d in the place of %d", l.Sequence, from+uint32(i))
		}
		if i > 0 && l.Previous != out[i-1].Hash {
			return nil, nonsense("ledger %d does not follow ledger %d", l.Sequence, l.Sequence-1)
		}
		out = append(out, l)
	}
	return out, nil
}

// readHeader trusts the hash only if it is that of the header.
func readHeader(info protocol.LedgerInfo) (openLedger, error) {
	var entry xdr.LedgerHeaderHistoryEntry
	if err := xdr.SafeUnmarshalBase64(info.LedgerHeader, &entry); err != nil {
		return openLedger{}, nonsense("header of ledger %d: %v", info.Sequence, err)
	}
	raw, err := entry.Header.MarshalBinary()
	if err != nil {
		return openLedger{}, nonsense("header of ledger %d: %v", info.Sequence, err)
	}
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:])
	if hash != info.Hash || uint32(entry.Header.LedgerSeq) != info.Sequence {
		return openLedger{}, nonsense("header of ledger %d (%s) is of ledger %d (%s)", info.Sequence, info.Hash, entry.Header.LedgerSeq, hash)
	}
	return openLedger{want: entry.Header.TxSetResultHash, Ledger: Ledger{
		Sequence: info.Sequence, CloseTime: int64(entry.Header.ScpValue.CloseTime), Hash: hash,
		Previous: hex.EncodeToString(entry.Header.PreviousLedgerHash[:]),
	}}, nil
}

// fill reads the transactions of the ledgers. It goes on until the server shows one of a later ledger, or a page that
// is not full, which the server has only when there is nothing more up to its latest ledger.
func (c *Client) fill(ctx context.Context, ledgers []openLedger) error {
	first, last := ledgers[0].Sequence, ledgers[len(ledgers)-1].Sequence
	req := protocol.GetTransactionsRequest{StartLedger: first, Pagination: &protocol.LedgerPaginationOptions{Limit: txsPerCall}}
	at, index := first, int32(0)
	for range maxTxCalls {
		var r protocol.GetTransactionsResponse
		if err := c.call(ctx, protocol.GetTransactionsMethodName, req, &r, pageBody); err != nil {
			if errors.Is(err, errTooLarge) && req.Pagination.Limit > 1 {
				req.Pagination.Limit /= 2
				continue
			}
			return err
		}
		if r.OldestLedger > first {
			return fmt.Errorf("%w: ledger %d, the oldest is %d by now", ErrGap, first, r.OldestLedger)
		}
		for _, tx := range r.Transactions {
			if tx.Ledger > last {
				return nil
			}
			if tx.Ledger < at || tx.Ledger == at && tx.ApplicationOrder <= index || tx.ApplicationOrder < 1 {
				return nonsense("transaction %d of ledger %d after %d of %d", tx.ApplicationOrder, tx.Ledger, index, at)
			}
			at, index = tx.Ledger, tx.ApplicationOrder
			if err := ledgers[at-first].add(tx, c.passphrase); err != nil {
				return err
			}
		}
		if uint(len(r.Transactions)) < req.Pagination.Limit {
			if r.LatestLedger < last {
				return fmt.Errorf("%w: transactions only to ledger %d, headers to %d", ErrTransient, r.LatestLedger, last)
			}
			return nil
		}
		if r.Cursor == "" || req.Pagination.Cursor == r.Cursor {
			return nonsense("a full page without a way on")
		}
		req = protocol.GetTransactionsRequest{Pagination: &protocol.LedgerPaginationOptions{Limit: txsPerCall, Cursor: r.Cursor}}
	}
	return nonsense("no end to the transactions of ledgers %d to %d", first, last)
}

// readTx wants envelope, hash, status and result to be of one transaction. The result's hash in the header binds them
// to the ledger.
func readTx(tx protocol.TransactionInfo, passphrase string) (out LedgerTx, pair xdr.TransactionResultPair, err error) {
	inner, outer, err := stellar.Hashes(tx.EnvelopeXDR, passphrase)
	if err != nil {
		return out, pair, nonsense("transaction %q of ledger %d: %v", tx.TransactionHash, tx.Ledger, err)
	}
	if outer != tx.TransactionHash {
		return out, pair, nonsense("transaction %q of ledger %d is %s", tx.TransactionHash, tx.Ledger, outer)
	}
	raw, err := hex.DecodeString(outer)
	if err != nil {
		return out, pair, nonsense("hash %q", outer)
	}
	copy(pair.TransactionHash[:], raw)
	if err := xdr.SafeUnmarshalBase64(tx.ResultXDR, &pair.Result); err != nil {
		return out, pair, nonsense("result of transaction %s: %v", outer, err)
	}
	success := tx.Status == protocol.TransactionStatusSuccess
	if success != pair.Result.Successful() || !success && tx.Status != protocol.TransactionStatusFailed {
		return out, pair, nonsense("transaction %s: status %q does not fit its result", outer, tx.Status)
	}
	return LedgerTx{
		Inner: inner, Outer: outer, Index: tx.ApplicationOrder, Success: success, EnvelopeXDR: tx.EnvelopeXDR, ResultXDR: tx.ResultXDR,
	}, pair, nil
}
