package access

import (
	"context"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Source is one server of a Stellar network. Every call ends, no answer is larger than a limit, and an answer that does not fit
// its question or itself is an error and not data. It is safe for concurrent use. Its errors are those of this package.
type Source interface {
	// Network is the passphrase of the network that the server must serve.
	Network() string
	// Latest is the newest ledger.
	Latest(ctx context.Context) (relay.Head, error)
	// Snapshot reads accounts, whether each asks for a memo (SEP-29), and trustlines, as they were after one ledger. Any number
	// may be asked for, also twice; trustlines must be of accounts asked for. What does not exist is nil in the snapshot.
	Snapshot(ctx context.Context, accounts []string, lines []stellar.LineID) (stellar.Snapshot, error)
	// Each is Snapshot without one ledger for all: each account and its trustlines are of one answer.
	Each(ctx context.Context, accounts []string, lines []stellar.LineID) (stellar.Snapshot, error)
	// Balance reads one claimable balance, by its id in hexadecimal XDR. One that does not exist is the zero value.
	Balance(ctx context.Context, id string) (relay.BalanceFacts, error)
	// Transaction looks up a hash, inner or outer; nil when the server does not have it, which proves nothing by itself.
	Transaction(ctx context.Context, hash string) (*Transaction, error)
	// Evidence gathers what [stellar.CannotLand] needs to know about an envelope that was signed after ledger signedAt. Whether
	// it suffices is not said here; short of a failure to ask, it is returned however weak. UsedBy is left to the caller. found is
	// the envelope's landing, if the server has it.
	Evidence(ctx context.Context, tx stellar.Tx, signedAt uint32) (ev stellar.Evidence, found *Transaction, err error)
	// Contradicts is asked when Evidence contradicts itself: does the ledger, or only what was put together from servers of which
	// one lags? found is the envelope's landing, if it shows after all.
	Contradicts(ctx context.Context, tx stellar.Tx, signedAt uint32) (certain bool, found *Transaction, err error)
	// Closed is the closed ledger seq with all its transactions, held against the hashes in its header; nil when it has not closed
	// yet. [ErrGap]: the server no longer has it.
	Closed(ctx context.Context, seq uint32) (*Ledger, error)
	// FeeStats is what transactions of the last ledgers paid.
	FeeStats(ctx context.Context) (Fees, error)
	// Submit hands in a signed envelope, base64 XDR. The answer proves nothing, not even a refusal: tx_bad_seq and tx_no_account
	// may mean that the envelope has landed.
	Submit(ctx context.Context, envelopeXDR string) relay.Answer
}

// Transaction is one that a ledger holds; [stellar.Touched] and [stellar.DecodeResult] read its texts.
type Transaction struct {
	Inner       string // hash of the transaction
	Outer       string // hash as it landed: a fee bump's own, otherwise the same
	Ledger      uint32
	CloseTime   int64 // Unix seconds
	Success     bool
	EnvelopeXDR string
	ResultXDR   string
}

// Range is what a server can answer about.
type Range struct {
	Oldest, Latest  uint32
	LatestCloseTime int64 // Unix seconds
}

// Fees are what transactions of the last ledgers paid per operation.
type Fees struct {
	Ledger        uint32
	Min, P90, Max relay.Stroops
}

// Words of a server's answer to a submission ([relay.Answer]).
const (
	Accepted  = "accepted"  // waiting in a queue, or landed
	Duplicate = "duplicate" // was waiting already
	TryLater  = "try_later" // busy, or another transaction of the source is waiting
	Refused   = "refused"   // Code says why; may mean that it has landed
	Unknown   = "unknown"   // no answer: it may be waiting all the same
)

// FromCore is the answer in a status of stellar-core's, with the result that comes with ERROR.
func FromCore(status, resultXDR string) relay.Answer {
	switch status {
	case "PENDING":
		return relay.Answer{Word: Accepted}
	case "DUPLICATE":
		return relay.Answer{Word: Duplicate}
	case "TRY_AGAIN_LATER":
		return relay.Answer{Word: TryLater, Later: true}
	case "ERROR":
		return Refusal(resultXDR)
	}
	return relay.Answer{Word: Unknown}
}

// Refusal is the answer in the result of a transaction that was refused; of a fee bump, the inner code if there is one.
func Refusal(resultXDR string) relay.Answer {
	result, err := stellar.DecodeResult(resultXDR)
	if err != nil {
		return relay.Answer{Word: Refused}
	}
	code := result.Code
	if result.InnerCode != "" {
		code = result.InnerCode
	}
	return relay.Answer{Word: Refused, Code: code, Why: stellar.RefusalOf(code), Later: code == "tx_insufficient_fee"} // a higher bid would get through
}
