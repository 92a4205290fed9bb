package access

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Limits on the body of an answer, in bytes. Pages carry transactions with their metadata, asked for or not.
const (
	SmallBody = 8 << 20
	PageBody  = 64 << 20
)

// Config of a client of one server.
type Config struct {
	URL        string        // http or https
	Passphrase string        // of the network that the server must serve
	Timeout    time.Duration // of one call; 0 means 15 seconds. A submission to a Horizon before 2.31 may take 40.
	HTTP       *http.Client  // nil means one of its own; its redirects are switched off
}

// Check fills the defaults in. The client never follows a redirect: an answer from elsewhere is not the configured server's.
func (c *Config) Check() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, BadInput(errors.New("address is not an http or https URL"))
	}
	if c.Passphrase == "" {
		return nil, BadInput(errors.New("no network passphrase"))
	}
	if c.Timeout <= 0 {
		c.Timeout = 15 * time.Second
	}
	own := &http.Client{}
	if c.HTTP != nil {
		*own = *c.HTTP
	} else {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 16
		t.ResponseHeaderTimeout = time.Minute
		own.Transport = t
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.HTTP = own
	return u, nil
}
