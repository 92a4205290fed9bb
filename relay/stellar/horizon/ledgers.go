package horizon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Limits on the transactions of one ledger.
const (
	txsPerCall = 200  // Horizon's limit
	maxTxCalls = 2000 // before something must be wrong
)

// Ledger is a closed ledger with all its transactions, in the order in which they were applied.
type Ledger struct {
	Sequence  uint32
	CloseTime int64  // unix seconds
	Hash      string // hex
	Previous  string // hash of the ledger before
	Txs       []Lookup
}

// header is a ledger without its transactions.
type header struct {
	Ledger
	baseReserve int64
	results     xdr.Hash // of all results
	count       int64    // of transactions, as Horizon counts them; -1: not said
}

type ledgerBody struct {
	Sequence   uint32 `json:"sequence"`
	Hash       string `json:"hash"`
	Successful int64  `json:"successful_transaction_count"`
	Failed     *int64 `json:"failed_transaction_count"`
	HeaderXDR  string `json:"header_xdr"`
}

// read trusts the hash only if it is that of the header.
func (b *ledgerBody) read() (*header, error) {
	var h xdr.LedgerHeader
	if err := xdr.SafeUnmarshalBase64(b.HeaderXDR, &h); err != nil {
		return nil, nonsense("header of ledger %d: %v", b.Sequence, err)
	}
	raw, err := h.MarshalBinary()
	if err != nil {
		return nil, nonsense("header of ledger %d: %v", b.Sequence, err)
	}
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:])
	if hash != b.Hash || uint32(h.LedgerSeq) != b.Sequence {
		return nil, nonsense("header of ledger %d (%s) is of ledger %d (%s)", b.Sequence, b.Hash, h.LedgerSeq, hash)
	}
	out := &header{baseReserve: int64(h.BaseReserve), results: h.TxSetResultHash, count: -1, Ledger: Ledger{
		Sequence: b.Sequence, CloseTime: int64(h.ScpValue.CloseTime), Hash: hash, Previous: hex.EncodeToString(h.PreviousLedgerHash[:]),
	}}
	if b.Failed != nil {
		out.count = b.Successful + *b.Failed
	}
	return out, nil
}

// latest is the newest ledger.
func (c *Client) latest(ctx context.Context) (*header, error) {
	var body struct {
		Embedded struct {
			Records []ledgerBody `json:"records"`
		} `json:"_embedded"`
	}
	query := url.Values{"order": {"desc"}, "limit": {"1"}}
	if _, err := c.get(ctx, "newest ledger", "/ledgers", query, &body, smallBody); err != nil {
		return nil, err
	}
	if n := len(body.Embedded.Records); n != 1 {
		return nil, nonsense("%d newest ledgers", n)
	}
	return body.Embedded.Records[0].read()
}

// headerOf reads the header of a ledger that the server has spoken of. The last one is remembered: what has closed does not
// change.
func (c *Client) headerOf(ctx context.Context, seq uint32) (*header, error) {
	if h := c.header.Load(); h != nil && h.Sequence == seq {
		return h, nil
	}
	h, err := c.freshHeader(ctx, seq)
	if errors.Is(err, errAbsent) {
		return nil, fmt.Errorf("%w: ledger %d is not there", ErrTransient, seq)
	}
	if err == nil {
		c.header.Store(h)
	}
	return h, err
}

func (c *Client) freshHeader(ctx context.Context, seq uint32) (*header, error) {
	var body ledgerBody
	what := "ledger " + strconv.FormatUint(uint64(seq), 10)
	if _, err := c.get(ctx, what, "/ledgers/"+strconv.FormatUint(uint64(seq), 10), nil, &body, smallBody); err != nil {
		return nil, err
	}
	if body.Sequence != seq {
		return nil, nonsense("asked for ledger %d, got %d", seq, body.Sequence)
	}
	return body.read()
}

// Ledger returns a closed ledger, nil when it has not closed yet. ErrGap: the server no longer has it; ErrTransient: it has
// later ones, and not this one.
//
// The header is checked against the ledger's hash, and the transactions with their results against the header: none can be
// missing, added, or told otherwise than the network closed it. Whether the ledger continues what the caller saw before is
// for the caller to check, by Previous; who closed it, nobody checks here.
func (c *Client) Ledger(ctx context.Context, seq uint32) (*Ledger, error) {
	if seq == 0 {
		return nil, badInput(errors.New("no ledger 0"))
	}
	if seq > c.known.Load() { // a watcher at the tip asks for one ledger many times: that costs one call
		if r, err := c.Range(ctx); err != nil || seq > r.Latest {
			return nil, err
		}
	}
	h, err := c.freshHeader(ctx, seq)
	if errors.Is(err, errAbsent) {
		return nil, c.whyAbsent(ctx, seq)
	}
	if err != nil {
		return nil, err
	}
	if err := c.fill(ctx, h); err != nil {
		return nil, err
	}
	return &h.Ledger, nil
}

// whyAbsent tells a ledger that has not closed, which is no error, from one that should be there.
func (c *Client) whyAbsent(ctx context.Context, seq uint32) error {
	r, err := c.Range(ctx)
	switch {
	case err != nil:
		return err
	case seq < r.Oldest:
		return fmt.Errorf("%w: ledger %d, the oldest is %d", ErrGap, seq, r.Oldest)
	case seq <= r.Latest:
		return fmt.Errorf("%w: ledger %d is not there, the latest is %d", ErrTransient, seq, r.Latest)
	}
	return nil
}

// fill reads the transactions of a ledger to their end, and holds them against its header.
func (c *Client) fill(ctx context.Context, h *header) error {
	var results []xdr.TransactionResultPair
	if h.complete(results) == nil {
		return nil // an empty ledger: nothing needs to be asked for
	}
	limit, cursor := txsPerCall, ""
	for range maxTxCalls {
		page, err := c.transactions(ctx, fmt.Sprintf("/ledgers/%d/transactions", h.Sequence), cursor, "asc", limit)
		if errors.Is(err, errTooLarge) && limit > 1 {
			limit /= 2
			continue
		}
		if errors.Is(err, errAbsent) {
			return fmt.Errorf("%w: ledger %d is not there", ErrTransient, h.Sequence)
		}
		if err != nil {
			return err
		}
		for _, t := range page {
			if t.Ledger != h.Sequence || t.CloseTime != h.CloseTime {
				return nonsense("transaction %s of ledger %d, closed at %d, in the place of one of ledger %d", t.Outer, t.Ledger, t.CloseTime, h.Sequence)
			}
			h.Txs, results = append(h.Txs, t), append(results, t.pair)
			cursor = t.token
		}
		if len(page) < limit {
			return h.complete(results)
		}
	}
	return nonsense("no end to the transactions of ledger %d", h.Sequence)
}

// complete compares the hash over all results, in the order of application, with the header's. The very first ledger of a
// network has none.
func (h *header) complete(results []xdr.TransactionResultPair) error {
	if h.count >= 0 && h.count != int64(len(results)) {
		return nonsense("%d transactions shown for ledger %d, it has %d", len(results), h.Sequence, h.count)
	}
	if h.Sequence == 1 && len(results) == 0 {
		return nil
	}
	raw, err := xdr.TransactionResultSet{Results: results}.MarshalBinary()
	if err != nil {
		return nonsense("results of ledger %d: %v", h.Sequence, err)
	}
	if sha256.Sum256(raw) != h.results {
		return nonsense("the transactions shown for ledger %d are not those of its header", h.Sequence)
	}
	return nil
}
