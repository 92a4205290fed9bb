package horizon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// syncTimeout is how long a submission may take that answers only when its transaction has landed. Horizon gives up after
// 30 seconds and says so.
const syncTimeout = 40 * time.Second

// Config of a client.
type Config struct {
	URL        string        // http or https, of Horizon's root
	Passphrase string        // of the network that the server must serve
	Timeout    time.Duration // of one call; 0 means 15 seconds. A submission to a Horizon before 2.31 may take 40.
	HTTP       *http.Client  // nil means one of its own; its redirects are switched off
}

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
	c := &Client{base: u, passphrase: cfg.Passphrase, timeout: cfg.Timeout, slow: syncTimeout, http: own}
	if _, err := c.Range(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Range is what the server can answer about. Horizon refreshes these numbers about once a second: they are of the past when
// they arrive, and its database was at least as far.
type Range struct {
	Oldest, Latest  uint32
	LatestCloseTime int64 // unix seconds
}

// Range asks for the root, and with it which network this is, each time.
func (c *Client) Range(ctx context.Context) (Range, error) {
	var r struct {
		Passphrase string    `json:"network_passphrase"`
		Oldest     uint32    `json:"history_elder_ledger"`
		Latest     uint32    `json:"history_latest_ledger"`
		ClosedAt   time.Time `json:"history_latest_ledger_closed_at"`
	}
	if _, err := c.get(ctx, "root", "/", nil, &r, smallBody); err != nil {
		return Range{}, err
	}
	switch {
	case r.Passphrase == "":
		return Range{}, nonsense("root without a network")
	case r.Passphrase != c.passphrase:
		return Range{}, fmt.Errorf("%w: %s serves %q, configured is %q", ErrWrongNetwork, c.base.Host, r.Passphrase, c.passphrase)
	case r.Latest == 0 || r.Oldest == 0:
		return Range{}, fmt.Errorf("%w: the server has no history yet", ErrTransient)
	case r.Oldest > r.Latest || r.ClosedAt.Unix() <= 0:
		return Range{}, nonsense("history from ledger %d to %d, closed at %v", r.Oldest, r.Latest, r.ClosedAt)
	}
	c.known.Store(r.Latest)
	return Range{Oldest: r.Oldest, Latest: r.Latest, LatestCloseTime: r.ClosedAt.Unix()}, nil
}

// Fees are what transactions of the last ledgers paid per operation, in stroops.
type Fees struct {
	Ledger        uint32
	Min, P90, Max int64
}

// FeeStats returns what was charged of late.
func (c *Client) FeeStats(ctx context.Context) (Fees, error) {
	var r struct {
		Ledger  uint32 `json:"last_ledger,string"`
		Charged struct {
			Min int64 `json:"min,string"`
			P90 int64 `json:"p90,string"`
			Max int64 `json:"max,string"`
		} `json:"fee_charged"`
	}
	if _, err := c.get(ctx, "fee stats", "/fee_stats", nil, &r, smallBody); err != nil {
		return Fees{}, err
	}
	f := Fees{Ledger: r.Ledger, Min: r.Charged.Min, P90: r.Charged.P90, Max: r.Charged.Max}
	if f.Ledger == 0 || f.Min < 0 || f.Min > f.P90 || f.P90 > f.Max {
		return Fees{}, nonsense("fees %+v", f)
	}
	return f, nil
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
