package rpc

import (
	"context"
	"errors"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar/access"
)

// Limits on one Ledgers call.
const (
	ledgersPerPage = 100  // most ledgers
	txsPerCall     = 100  // transactions asked for at once; servers allow 200
	maxTxCalls     = 2000 // calls for the transactions of one page, before something must be wrong
)

// Ledgers returns the ledgers from the given one on, at most max (1 to 100) of them, fewer if they are large or not
// closed yet. access.ErrGap: the server no longer has the first one.
//
// Headers are checked against their hashes and against each other, and the transactions with their results against the
// header: none can be missing, added, or told otherwise than the network closed it. Whether the first ledger continues
// what the caller saw before is for the caller to check, by Previous; who closed it is not checked.
func (c *Client) Ledgers(ctx context.Context, from uint32, max int) ([]access.Ledger, error) {
	if from == 0 || max < 1 || max > ledgersPerPage {
		return nil, access.BadInput(fmt.Errorf("no page of %d ledgers from %d", max, from))
	}
	r, err := c.Range(ctx)
	switch {
	case err != nil:
		return nil, err
	case from < r.Oldest:
		return nil, fmt.Errorf("%w: ledger %d, the oldest is %d", access.ErrGap, from, r.Oldest)
	case from > r.Latest:
		return nil, nil
	}
	reading, err := c.headers(ctx, from, min(uint(max), uint(r.Latest-from)+1))
	if err != nil {
		return nil, err
	}
	if err := c.fill(ctx, reading); err != nil {
		return nil, err
	}
	var out []access.Ledger
	for i := range reading {
		if err := reading[i].Complete(); err != nil {
			return nil, err
		}
		out = append(out, reading[i].Ledger)
	}
	return out, nil
}

// headers reads n ledgers without their transactions, fewer if their metadata (which comes along unasked) is larger
// than one answer may be.
func (c *Client) headers(ctx context.Context, from uint32, n uint) ([]access.Reading, error) {
	var r protocol.GetLedgersResponse
	for {
		err := c.call(ctx, protocol.GetLedgersMethodName, protocol.GetLedgersRequest{
			StartLedger: from, Pagination: &protocol.LedgerPaginationOptions{Limit: n},
		}, &r, access.PageBody)
		if err == nil {
			break
		}
		if !errors.Is(err, access.ErrTooLarge) || n == 1 {
			return nil, err
		}
		n /= 2
	}
	if len(r.Ledgers) == 0 || uint(len(r.Ledgers)) > n {
		return nil, access.Nonsense("%d ledgers for %d asked", len(r.Ledgers), n)
	}
	out := make([]access.Reading, 0, len(r.Ledgers))
	for i, info := range r.Ledgers {
		l, err := readHeader(info)
		if err != nil {
			return nil, err
		}
		if l.Sequence != from+uint32(i) {
			return nil, access.Nonsense("ledger %d in the place of %d", l.Sequence, from+uint32(i))
		}
		if i > 0 && l.Previous != out[i-1].Hash {
			return nil, access.Nonsense("ledger %d does not follow ledger %d", l.Sequence, l.Sequence-1)
		}
		out = append(out, l)
	}
	return out, nil
}

func readHeader(info protocol.LedgerInfo) (access.Reading, error) {
	var entry xdr.LedgerHeaderHistoryEntry
	if err := xdr.SafeUnmarshalBase64(info.LedgerHeader, &entry); err != nil {
		return access.Reading{}, access.Nonsense("header of ledger %d: %v", info.Sequence, err)
	}
	return access.ReadHeader(entry.Header, info.Sequence, info.Hash)
}

// fill reads the transactions of the ledgers. It goes on until the server shows one of a later ledger, or a page that
// is not full, which the server has only when there is nothing more up to its latest ledger.
func (c *Client) fill(ctx context.Context, ledgers []access.Reading) error {
	first, last := ledgers[0].Sequence, ledgers[len(ledgers)-1].Sequence
	req := protocol.GetTransactionsRequest{StartLedger: first, Pagination: &protocol.LedgerPaginationOptions{Limit: txsPerCall}}
	at, index := first, int32(0)
	for range maxTxCalls {
		var r protocol.GetTransactionsResponse
		if err := c.call(ctx, protocol.GetTransactionsMethodName, req, &r, access.PageBody); err != nil {
			if errors.Is(err, access.ErrTooLarge) && req.Pagination.Limit > 1 {
				req.Pagination.Limit /= 2
				continue
			}
			return err
		}
		if r.OldestLedger > first {
			return fmt.Errorf("%w: ledger %d, the oldest is %d by now", access.ErrGap, first, r.OldestLedger)
		}
		for _, tx := range r.Transactions {
			if tx.Ledger > last {
				return nil
			}
			if tx.Ledger < at || tx.Ledger == at && tx.ApplicationOrder <= index || tx.ApplicationOrder < 1 {
				return access.Nonsense("transaction %d of ledger %d after %d of %d", tx.ApplicationOrder, tx.Ledger, index, at)
			}
			at, index = tx.Ledger, tx.ApplicationOrder
			if err := add(&ledgers[at-first], tx, c.passphrase); err != nil {
				return err
			}
		}
		if uint(len(r.Transactions)) < req.Pagination.Limit {
			if r.LatestLedger < last {
				return fmt.Errorf("%w: transactions only to ledger %d, headers to %d", access.ErrTransient, r.LatestLedger, last)
			}
			return nil
		}
		if r.Cursor == "" || req.Pagination.Cursor == r.Cursor {
			return access.Nonsense("a full page without a way on")
		}
		req = protocol.GetTransactionsRequest{Pagination: &protocol.LedgerPaginationOptions{Limit: txsPerCall, Cursor: r.Cursor}}
	}
	return access.Nonsense("no end to the transactions of ledgers %d to %d", first, last)
}

// add wants envelope, hash, status and result to be of one transaction. The result's hash in the header binds them to the ledger.
func add(l *access.Reading, info protocol.TransactionInfo, passphrase string) error {
	tx, result, err := read(info.TransactionDetails, info.LedgerCloseTime, info.TransactionHash, passphrase)
	if err == nil && tx.Outer != info.TransactionHash {
		err = access.Nonsense("transaction %q of ledger %d is %s", info.TransactionHash, info.Ledger, tx.Outer)
	}
	if err != nil {
		return err
	}
	return l.Add(tx, result)
}

func read(d protocol.TransactionDetails, closeTime int64, hash, passphrase string) (access.Transaction, xdr.TransactionResult, error) {
	success := d.Status == protocol.TransactionStatusSuccess
	if !success && d.Status != protocol.TransactionStatusFailed {
		return access.Transaction{}, xdr.TransactionResult{}, access.Nonsense("transaction %s: status %q", hash, d.Status)
	}
	return access.ReadTransaction(access.Transaction{Ledger: d.Ledger, CloseTime: closeTime, Success: success,
		EnvelopeXDR: d.EnvelopeXDR, ResultXDR: d.ResultXDR}, hash, passphrase)
}
