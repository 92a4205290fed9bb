package rpc

import (
	"context"
	"errors"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/restante/restante/relay/stellar"
)

// Lookup is the server's answer about one hash. Found is what it says; not found proves nothing by itself: the server
// looks the hash up first and its range afterwards, so the answer can be older than the range beside it.
type Lookup struct {
	Found       bool
	Success     bool
	Inner       string // inner hash
	Outer       string // outer hash, as it landed
	Ledger      uint32
	CloseTime   int64 // unix seconds
	EnvelopeXDR string
	ResultXDR   string

	Latest          uint32
	LatestCloseTime int64
	Oldest          uint32
}

// Transaction looks up a hash, inner or outer.
func (c *Client) Transaction(ctx context.Context, hash string) (Lookup, error) {
	if !isHash(hash) {
		return Lookup{}, badInput(errors.New("not a transaction hash"))
	}
	var r protocol.GetTransactionResponse
	err := c.call(ctx, protocol.GetTransactionMethodName, protocol.GetTransactionRequest{Hash: hash}, &r, smallBody)
	if err != nil {
		return Lookup{}, err
	}
	out := Lookup{Latest: r.LatestLedger, LatestCloseTime: r.LatestLedgerCloseTime, Oldest: r.OldestLedger}
	if r.LatestLedger == 0 || r.OldestLedger == 0 || r.OldestLedger > r.LatestLedger {
		return Lookup{}, nonsense("history from ledger %d to %d", r.OldestLedger, r.LatestLedger)
	}
	switch r.Status {
	case protocol.TransactionStatusNotFound:
		return out, nil
	case protocol.TransactionStatusSuccess, protocol.TransactionStatusFailed:
	default:
		return Lookup{}, nonsense("status %q", r.Status)
	}
	out.Inner, out.Outer, err = stellar.Hashes(r.EnvelopeXDR, c.passphrase)
	if err != nil {
		return Lookup{}, nonsense("transaction %s: %v", hash, err)
	}
	result, err := stellar.DecodeResult(r.ResultXDR)
	success := r.Status == protocol.TransactionStatusSuccess
	switch {
	case err != nil:
		return Lookup{}, nonsense("transaction %s: %v", hash, err)
	case hash != out.Inner && hash != out.Outer:
		return Lookup{}, nonsense("asked for %s, got %s", hash, out.Inner)
	case r.Ledger == 0 || r.Ledger > r.LatestLedger:
		return Lookup{}, nonsense("transaction in ledger %d, the latest is %d", r.Ledger, r.LatestLedger)
	case success != result.Success:
		return Lookup{}, nonsense("status %s, result %s", r.Status, result.Code)
	}
	out.Found, out.Success, out.Ledger, out.CloseTime = true, success, r.Ledger, r.LedgerCloseTime
	out.EnvelopeXDR, out.ResultXDR = r.EnvelopeXDR, r.ResultXDR
	return out, nil
}

// Words for what a server said to a submission.
const (
	Accepted  = "accepted"  // waiting in a queue
	Duplicate = "duplicate" // was waiting already
	TryLater  = "try_later" // busy, or another transaction of the source is waiting
	Refused   = "refused"   // Code says why; may mean that it has landed
	Unknown   = "unknown"   // no answer: it may be waiting all the same
)

// Answer to a submission proves nothing, not even a refusal: tx_bad_seq and tx_no_account may mean that the envelope
// has landed. It serves back-off and logs.
type Answer struct {
	Word   string
	Code   string   // of a refusal, e.g. tx_bad_seq; of a fee bump the inner code if there is one
	Ops    []string // of a refusal, as far as they were judged
	Detail string   // for the log
}

// Submit hands in a signed envelope, base64 XDR.
func (c *Client) Submit(ctx context.Context, envelopeXDR string) Answer {
	_, outer, err := stellar.Hashes(envelopeXDR, c.passphrase)
	if err != nil {
		return Answer{Word: Refused, Code: "malformed", Detail: err.Error()}
	}
	var r protocol.SendTransactionResponse
	err = c.call(ctx, protocol.SendTransactionMethodName, protocol.SendTransactionRequest{Transaction: envelopeXDR}, &r, smallBody)
	switch {
	case errors.Is(err, ErrRefused):
		return Answer{Word: Refused, Detail: err.Error()}
	case err != nil:
		return Answer{Word: Unknown, Detail: err.Error()}
	case r.Hash != outer:
		return Answer{Word: Unknown, Detail: fmt.Sprintf("sent %s, the answer is about %q", outer, r.Hash)}
	}
	switch r.Status {
	case "PENDING":
		return Answer{Word: Accepted}
	case "DUPLICATE":
		return Answer{Word: Duplicate}
	case "TRY_AGAIN_LATER":
		return Answer{Word: TryLater}
	case "ERROR":
		return refusal(r.ErrorResultXDR)
	}
	return Answer{Word: Unknown, Detail: fmt.Sprintf("status %q", r.Status)}
}

func refusal(resultXDR string) Answer {
	result, err := stellar.DecodeResult(resultXDR)
	if err != nil {
		return Answer{Word: Refused, Detail: err.Error()}
	}
	code := result.Code
	if result.InnerCode != "" {
		code = result.InnerCode
	}
	return Answer{Word: Refused, Code: code, Ops: result.Ops}
}
