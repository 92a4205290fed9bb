package horizon

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar/access"
)

// syncTimeout is how long a submission may take that answers only when its transaction has landed. Horizon gives up after
// 30 seconds and says so.
const syncTimeout = 40 * time.Second

// Client asks one Horizon server.
type Client struct {
	base       *url.URL
	passphrase string
	timeout    time.Duration
	slow       time.Duration // of a submission that waits for its ledger
	http       *http.Client
	noAsync    atomic.Bool   // the server has no transactions_async
	known      atomic.Uint32 // newest ledger that the root has shown
	header     atomic.Pointer[header]
}

// Dial makes a client and asks the server for its network. access.ErrWrongNetwork is final; access.ErrTransient is not.
func Dial(ctx context.Context, cfg access.Config) (*Client, error) {
	u, err := cfg.Check()
	if err != nil {
		return nil, err
	}
	c := &Client{base: u, passphrase: cfg.Passphrase, timeout: cfg.Timeout, slow: syncTimeout, http: cfg.HTTP}
	if _, err := c.Range(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Network is the passphrase of the network that the server must serve.
func (c *Client) Network() string { return c.passphrase }

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Range asks for the root, and with it which network this is, each time. Horizon refreshes these numbers about once a second:
// they are of the past when they arrive, and its database was at least as far.
func (c *Client) Range(ctx context.Context) (access.Range, error) {
	var r struct {
		Passphrase string    `json:"network_passphrase"`
		Oldest     uint32    `json:"history_elder_ledger"`
		Latest     uint32    `json:"history_latest_ledger"`
		ClosedAt   time.Time `json:"history_latest_ledger_closed_at"`
	}
	if _, err := c.get(ctx, "root", "/", nil, &r, access.SmallBody); err != nil {
		return access.Range{}, err
	}
	switch {
	case r.Passphrase == "":
		return access.Range{}, access.Nonsense("root without a network")
	case r.Passphrase != c.passphrase:
		return access.Range{}, access.WrongNetwork(c.base.Host, r.Passphrase, c.passphrase)
	case r.Latest == 0 || r.Oldest == 0:
		return access.Range{}, fmt.Errorf("%w: the server has no history yet", access.ErrTransient)
	case r.Oldest > r.Latest || r.ClosedAt.Unix() <= 0:
		return access.Range{}, access.Nonsense("history from ledger %d to %d, closed at %v", r.Oldest, r.Latest, r.ClosedAt)
	}
	c.known.Store(r.Latest)
	return access.Range{Oldest: r.Oldest, Latest: r.Latest, LatestCloseTime: r.ClosedAt.Unix()}, nil
}

// FeeStats returns what was charged of late.
func (c *Client) FeeStats(ctx context.Context) (access.Fees, error) {
	var r struct {
		Ledger  uint32 `json:"last_ledger,string"`
		Charged struct {
			Min relay.Stroops `json:"min,string"`
			P90 relay.Stroops `json:"p90,string"`
			Max relay.Stroops `json:"max,string"`
		} `json:"fee_charged"`
	}
	if _, err := c.get(ctx, "fee stats", "/fee_stats", nil, &r, access.SmallBody); err != nil {
		return access.Fees{}, err
	}
	f := access.Fees{Ledger: r.Ledger, Min: r.Charged.Min, P90: r.Charged.P90, Max: r.Charged.Max}
	if f.Ledger == 0 || f.Min < 0 || f.Min > f.P90 || f.P90 > f.Max {
		return access.Fees{}, access.Nonsense("fees %+v", f)
	}
	return f, nil
}
