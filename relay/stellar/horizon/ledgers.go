package horizon

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar/access"
)

// Limits on the transactions of one ledger.
const (
	txsPerCall = 200  // Horizon's limit
	maxTxCalls = 2000 // before something must be wrong
)

// header is a ledger without its transactions.
type header struct {
	access.Reading
	count int64 // of transactions, as Horizon counts them; -1: not said
}

type ledgerBody struct {
	Sequence   uint32 `json:"sequence"`
	Hash       string `json:"hash"`
	Successful int64  `json:"successful_transaction_count"`
	Failed     *int64 `json:"failed_transaction_count"`
	HeaderXDR  string `json:"header_xdr"`
}

func (b *ledgerBody) read() (*header, error) {
	var h xdr.LedgerHeader
	if err := xdr.SafeUnmarshalBase64(b.HeaderXDR, &h); err != nil {
		return nil, access.Nonsense("header of ledger %d: %v", b.Sequence, err)
	}
	r, err := access.ReadHeader(h, b.Sequence, b.Hash)
	if err != nil {
		return nil, err
	}
	out := &header{Reading: r, count: -1}
	if b.Failed != nil {
		out.count = b.Successful + *b.Failed
	}
	return out, nil
}

// Latest is the newest ledger.
func (c *Client) Latest(ctx context.Context) (relay.Head, error) {
	var body struct {
		Embedded struct {
			Records []ledgerBody `json:"records"`
		} `json:"_embedded"`
	}
	query := url.Values{"order": {"desc"}, "limit": {"1"}}
	if _, err := c.get(ctx, "newest ledger", "/ledgers", query, &body, access.SmallBody); err != nil {
		return relay.Head{}, err
	}
	if n := len(body.Embedded.Records); n != 1 {
		return relay.Head{}, access.Nonsense("%d newest ledgers", n)
	}
	h, err := body.Embedded.Records[0].read()
	if err != nil {
		return relay.Head{}, err
	}
	return h.Head, nil
}

// headerOf reads the header of a ledger that the server has spoken of. The last one is remembered: what has closed does not
// change.
func (c *Client) headerOf(ctx context.Context, seq uint32) (*header, error) {
	if h := c.header.Load(); h != nil && h.Sequence == seq {
		return h, nil
	}
	h, err := c.freshHeader(ctx, seq)
	if errors.Is(err, errAbsent) {
		return nil, fmt.Errorf("%w: ledger %d is not there", access.ErrTransient, seq)
	}
	if err == nil {
		c.header.Store(h)
	}
	return h, err
}

func (c *Client) freshHeader(ctx context.Context, seq uint32) (*header, error) {
	var body ledgerBody
	what := "ledger " + strconv.FormatUint(uint64(seq), 10)
	if _, err := c.get(ctx, what, "/ledgers/"+strconv.FormatUint(uint64(seq), 10), nil, &body, access.SmallBody); err != nil {
		return nil, err
	}
	if body.Sequence != seq {
		return nil, access.Nonsense("asked for ledger %d, got %d", seq, body.Sequence)
	}
	return body.read()
}

// Closed returns a closed ledger, nil when it has not closed yet. access.ErrGap: the server no longer has it; access.ErrTransient: it has
// later ones, and not this one.
//
// Its transactions are held against its header; see [access.Reading].
func (c *Client) Closed(ctx context.Context, seq uint32) (*access.Ledger, error) {
	if seq == 0 {
		return nil, access.BadInput(errors.New("no ledger 0"))
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
		return fmt.Errorf("%w: ledger %d, the oldest is %d", access.ErrGap, seq, r.Oldest)
	case seq <= r.Latest:
		return fmt.Errorf("%w: ledger %d is not there, the latest is %d", access.ErrTransient, seq, r.Latest)
	}
	return nil
}

// fill reads the transactions of a ledger to their end, and holds them against its header.
func (c *Client) fill(ctx context.Context, h *header) error {
	if h.complete() == nil {
		return nil // an empty ledger: nothing needs to be asked for
	}
	limit, cursor := txsPerCall, ""
	for range maxTxCalls {
		page, err := c.transactions(ctx, fmt.Sprintf("/ledgers/%d/transactions", h.Sequence), cursor, "asc", limit)
		if errors.Is(err, access.ErrTooLarge) && limit > 1 {
			limit /= 2
			continue
		}
		if errors.Is(err, errAbsent) {
			return fmt.Errorf("%w: ledger %d is not there", access.ErrTransient, h.Sequence)
		}
		if err != nil {
			return err
		}
		for _, t := range page {
			if err := h.Add(t.Transaction, t.result); err != nil {
				return err
			}
			cursor = t.token
		}
		if len(page) < limit {
			return h.complete()
		}
	}
	return access.Nonsense("no end to the transactions of ledger %d", h.Sequence)
}

// complete wants as many transactions as Horizon counts, too.
func (h *header) complete() error {
	if h.count >= 0 && h.count != int64(len(h.Txs)) {
		return access.Nonsense("%d transactions shown for ledger %d, it has %d", len(h.Txs), h.Sequence, h.count)
	}
	return h.Complete()
}
