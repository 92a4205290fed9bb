package rpc

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar/access"
)

// Client asks one Stellar RPC server.
type Client struct {
	url, host  string
	passphrase string
	timeout    time.Duration
	http       *http.Client
	ids        atomic.Uint64
	ahead      ahead
}

// Dial makes a client and asks the server for its network. access.ErrWrongNetwork is final; access.ErrTransient is not.
func Dial(ctx context.Context, cfg access.Config) (*Client, error) {
	u, err := cfg.Check()
	if err != nil {
		return nil, err
	}
	c := &Client{url: cfg.URL, host: u.Host, passphrase: cfg.Passphrase, timeout: cfg.Timeout, http: cfg.HTTP}
	if err := c.sameNetwork(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// sameNetwork asks which network the server serves: at Dial, and again after evidence. An address that was pointed at another
// network since, or a test network that began anew under another name, must not testify.
func (c *Client) sameNetwork(ctx context.Context) error {
	var r protocol.GetNetworkResponse
	if err := c.call(ctx, protocol.GetNetworkMethodName, nil, &r, access.SmallBody); err != nil {
		return err
	}
	if r.Passphrase != c.passphrase {
		return access.WrongNetwork(c.host, r.Passphrase, c.passphrase)
	}
	return nil
}

// Network is the passphrase of the network that the server must serve.
func (c *Client) Network() string { return c.passphrase }

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Latest is the newest ledger.
func (c *Client) Latest(ctx context.Context) (relay.Head, error) {
	h, _, err := c.latest(ctx)
	return h, err
}

// latest is Latest, with the base reserve in stroops; 0 if the server does not show the header.
func (c *Client) latest(ctx context.Context) (relay.Head, relay.Stroops, error) {
	var r protocol.GetLatestLedgerResponse
	if err := c.call(ctx, protocol.GetLatestLedgerMethodName, nil, &r, access.PageBody); err != nil {
		return relay.Head{}, 0, err
	}
	if r.Sequence == 0 || r.LedgerCloseTime <= 0 || !access.IsHash(r.Hash) {
		return relay.Head{}, 0, access.Nonsense("latest ledger is %d, closed at %d, with hash %q", r.Sequence, r.LedgerCloseTime, r.Hash)
	}
	head := relay.Head{Sequence: r.Sequence, CloseTime: r.LedgerCloseTime, Hash: r.Hash}
	if r.LedgerHeader == "" {
		return head, 0, nil
	}
	var h xdr.LedgerHeader
	if err := xdr.SafeUnmarshalBase64(r.LedgerHeader, &h); err != nil || uint32(h.LedgerSeq) != r.Sequence {
		return relay.Head{}, 0, access.Nonsense("header of ledger %d is another's", r.Sequence)
	}
	return head, relay.Stroops(h.BaseReserve), nil
}

// Range returns the ledgers that the server holds. A server that has fallen behind the network says so by an error.
func (c *Client) Range(ctx context.Context) (access.Range, error) {
	var r protocol.GetHealthResponse
	if err := c.call(ctx, protocol.GetHealthMethodName, nil, &r, access.SmallBody); err != nil {
		return access.Range{}, err
	}
	switch {
	case r.Status != "healthy":
		return access.Range{}, fmt.Errorf("%w: server says it is %q", access.ErrTransient, r.Status)
	case r.OldestLedger == 0 || r.OldestLedger > r.LatestLedger:
		return access.Range{}, access.Nonsense("history from ledger %d to %d", r.OldestLedger, r.LatestLedger)
	}
	return access.Range{Oldest: r.OldestLedger, Latest: r.LatestLedger, LatestCloseTime: r.LatestLedgerCloseTime}, nil
}

// FeeStats returns what classic transactions paid of late.
func (c *Client) FeeStats(ctx context.Context) (access.Fees, error) {
	var r protocol.GetFeeStatsResponse
	if err := c.call(ctx, protocol.GetFeeStatsMethodName, nil, &r, access.SmallBody); err != nil {
		return access.Fees{}, err
	}
	d := r.InclusionFee
	if most := max(d.Min, d.P90, d.Max); most > math.MaxInt64 {
		return access.Fees{}, access.Nonsense("a fee of %d stroops", most)
	}
	return access.Fees{Ledger: r.LatestLedger, Min: relay.Stroops(d.Min), P90: relay.Stroops(d.P90), Max: relay.Stroops(d.Max)}, nil
}
