package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/restante/restante/crypto/secret"
)

// Options say how to reach a relay. The zero value serves claimants.
type Options struct {
	Key   secret.Bytes // API key of an app, "rst_test_…" or "rst_live_…"; empty for claimants
	Token secret.Bytes // management token of one payment, in place of a key: for senders who are no app

	// Network insists on the Stellar network with this passphrase. Empty: the relay says which one it is on. A relay that
	// says a wrong one gains nothing: links and boxes are bound to the network, and do not open.
	Network string

	HTTPClient *http.Client // nil: one of its own. Its policy on redirects is replaced in a copy
	AllowHTTP  bool         // speak plain http with other machines too: for a trusted network in development
	Attempts   int          // how often a call is made at most; 0: as often as fits before the context's deadline, or into 2 minutes
	// Slow hears, once for each call that takes longer than a moment, what it waits for. It may be called from another goroutine.
	// May be nil.
	Slow func(Slow)
	Now  func() time.Time // nil is time.Now; judges how far off the end of a claim is
}

// Client speaks with one relay. It is safe for concurrent use.
type Client struct {
	base     *url.URL
	key      secret.Bytes
	token    secret.Bytes
	http     http.Client
	attempts int
	now      func() time.Time
	slow     func(Slow)
	network  networkName
}

// Slow is a call that has no answer yet.
type Slow struct {
	Holding bool  // the relay was asked to hold its answer back until the payment changes
	Last    error // how the last attempt ended; nil when there was none yet
}

// ErrPlainHTTP says that a relay on another machine was named with http://, without Options.AllowHTTP.
var ErrPlainHTTP = errors.New("plain http: anyone on the way could read along and change answers; use https")

// New makes a client of the relay at server, "https://host[:port][/path]". It does not connect yet.
func New(server string, o Options) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(server, "/"))
	switch {
	case server == "":
		return nil, errors.New("the address of the relay is missing")
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("the address of the relay is not like https://relay.example.com")
	case base.Scheme == "http" && !o.AllowHTTP && !loopback(base.Hostname()):
		return nil, fmt.Errorf("%s is %w", base.Host, ErrPlainHTTP)
	case base.Scheme != "https" && base.Scheme != "http":
		return nil, fmt.Errorf("the address of the relay begins with https://, not %s://", base.Scheme)
	}
	c := &Client{base: base, key: o.Key, token: o.Token, attempts: o.Attempts, now: o.Now, slow: o.Slow}
	c.network.set(o.Network)
	if o.HTTPClient != nil {
		c.http = *o.HTTPClient
	}
	c.http.CheckRedirect = c.stayHome
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// managing is the same client with the token of another payment.
func (c *Client) managing(token secret.Bytes, network string) *Client {
	n := &Client{base: c.base, token: token, http: c.http, attempts: c.attempts, now: c.now, slow: c.slow}
	n.network.set(network)
	return n
}

// Server is the address of the relay as it was given.
func (c *Client) Server() string { return c.base.String() }

// loopback accepts what can only be this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

var errRedirect = errors.New("the relay sends us to another host; that is refused")

// stayHome follows redirects within the relay's own address only: credentials go nowhere else.
func (c *Client) stayHome(next *http.Request, via []*http.Request) error {
	if next.URL.Scheme != c.base.Scheme || next.URL.Host != c.base.Host || len(via) > 3 {
		return errRedirect
	}
	return nil
}
