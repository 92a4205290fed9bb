package rpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Config of a client.
type Config struct {
	URL        string        // http or https
	Passphrase string        // of the network that the server must serve
	Timeout    time.Duration // of one call; 0 means 15 seconds
	HTTP       *http.Client  // nil means one of its own; its redirects are switched off
}

// Client asks one Stellar RPC server.
type Client struct {
	url, host  string
	passphrase string
	timeout    time.Duration
	http       *http.Client
	ids        atomic.Uint64
}

// Dial makes a client and asks the server for its network. ErrWrongNetwork is final; ErrTransient is not.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, badInput(errors.New("address is not an http or https URL"))
	}
	if cfg.Passphrase == "" {
		return nil, badInput(errors.New("no network passphrase"))
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 15 * time.Second
	}
	own := newHTTP()
	if cfg.HTTP != nil {
		*own = *cfg.HTTP
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{url: cfg.URL, host: u.Host, passphrase: cfg.Passphrase, timeout: cfg.Timeout, http: own}
	var network protocol.GetNetworkResponse
	if err := c.call(ctx, protocol.GetNetworkMethodName, nil, &network, smallBody); err != nil {
		return nil, err
	}
	if network.Passphrase != cfg.Passphrase {
		return nil, fmt.Errorf("%w: %s serves %q, configured is %q", ErrWrongNetwork, u.Host, network.Passphrase, cfg.Passphrase)
	}
	return c, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Head is the newest ledger that the server has.
type Head struct {
	Sequence    uint32
	CloseTime   int64  // unix seconds
	Hash        string // hex
	BaseReserve int64  // stroops; 0 if the server does not show the header
}

// Range is what the server can answer about.
type Range struct {
	Oldest, Latest  uint32
	LatestCloseTime int64 // unix seconds
}

// Latest returns the newest ledger.
func (c *Client) Latest(ctx context.Context) (Head, error) {
	var r protocol.GetLatestLedgerResponse
	if err := c.call(ctx, protocol.GetLatestLedgerMethodName, nil, &r, pageBody); err != nil {
		return Head{}, err
	}
	if r.Sequence == 0 || r.LedgerCloseTime <= 0 || !isHash(r.Hash) {
		return Head{}, nonsense("latest ledger is %d, closed at %d, with hash %q", r.Sequence, r.LedgerCloseTime, r.Hash)
	}
	head := Head{Sequence: r.Sequence, CloseTime: r.LedgerCloseTime, Hash: r.Hash}
	if r.LedgerHeader != "" {
		var h xdr.LedgerHeader
		if err := xdr.SafeUnmarshalBase64(r.LedgerHeader, &h); err != nil || uint32(h.LedgerSeq) != r.Sequence {
			return Head{}, nonsense("header of ledger %d is another's", r.Sequence)
		}
		head.BaseReserve = int64(h.BaseReserve)
	}
	return head, nil
}

// Range returns the ledgers that the server holds. A server that has fallen behind the network says so by an error.
func (c *Client) Range(ctx context.Context) (Range, error) {
	var r protocol.GetHealthResponse
	if err := c.call(ctx, protocol.GetHealthMethodName, nil, &r, smallBody); err != nil {
		return Range{}, err
	}
	switch {
	case r.Status != "healthy":
		return Range{}, fmt.Errorf("%w: server says it is %q", ErrTransient, r.Status)
	case r.OldestLedger == 0 || r.OldestLedger > r.LatestLedger:
		return Range{}, nonsense("history from ledger %d to %d", r.OldestLedger, r.LatestLedger)
	}
	return Range{Oldest: r.OldestLedger, Latest: r.LatestLedger, LatestCloseTime: r.LatestLedgerCloseTime}, nil
}

// Fees are what transactions of the last ledgers paid per operation, in stroops.
type Fees struct {
	Ledger                             uint32
	Min, Mode, P50, P90, P95, P99, Max int64
}

// FeeStats returns what classic transactions paid of late.
func (c *Client) FeeStats(ctx context.Context) (Fees, error) {
	var r protocol.GetFeeStatsResponse
	if err := c.call(ctx, protocol.GetFeeStatsMethodName, nil, &r, smallBody); err != nil {
		return Fees{}, err
	}
	d := r.InclusionFee
	out := Fees{Ledger: r.LatestLedger}
	for _, f := range []struct {
		to   *int64
		from uint64
	}{{&out.Min, d.Min}, {&out.Mode, d.Mode}, {&out.P50, d.P50}, {&out.P90, d.P90}, {&out.P95, d.P95}, {&out.P99, d.P99}, {&out.Max, d.Max}} {
		if f.from > math.MaxInt64 {
			return Fees{}, nonsense("a fee of %d stroops", f.from)
		}
		*f.to = int64(f.from)
	}
	return out, nil
}

func isHash(s string) bool {
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
