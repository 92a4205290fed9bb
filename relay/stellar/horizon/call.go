package horizon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/restante/restante/relay/stellar/access"
)

// longestPause is the most that a server's Retry-After is believed.
const longestPause = time.Hour

// errAbsent is Horizon's own word that there is no such thing. It never leaves the package.
var errAbsent = fmt.Errorf("%w: not found", access.ErrRefused)

// problem is how Horizon says no (RFC 7807).
type problem struct {
	Type   string `json:"type"`
	Status int    `json:"status"`
	Extras struct {
		ResultXDR string `json:"result_xdr"`
	} `json:"extras"`
}

// is reports whether the problem is of a kind. Kinds are spelled as a URL or bare.
func (p problem) is(kind string) bool { return p.Type == kind || strings.HasSuffix(p.Type, "/"+kind) }

// reply is an answer of any status.
type reply struct {
	status int
	ledger uint32 // newest ledger that the answer took into account; 0: not said
	pause  time.Duration
	body   []byte
}

// get asks for a resource and reads it. what names the question in errors. The ledger is that of the answer, also when the
// error is errAbsent.
func (c *Client) get(ctx context.Context, what, path string, query url.Values, into any, limit int64) (ledger uint32, err error) {
	r, err := c.send(ctx, what, http.MethodGet, path, query, "", limit, c.timeout)
	if err != nil {
		return 0, err
	}
	if r.status != http.StatusOK {
		return r.ledger, r.refusal(what)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return 0, access.Nonsense("%s: not what was asked for", what)
	}
	return r.ledger, nil
}

// refusal sorts the answers that are not 200. Only Horizon's own problem says that something is not there: a 404 of
// anything in between says nothing about the ledger.
func (r reply) refusal(what string) error {
	var p problem
	if err := json.Unmarshal(r.body, &p); err != nil || p.Status != r.status {
		p = problem{}
	}
	switch {
	case r.status == http.StatusNotFound && p.is("not_found"):
		return fmt.Errorf("%s: %w", what, errAbsent)
	case r.status == http.StatusGone && p.is("before_history"):
		return fmt.Errorf("%w: %s", access.ErrGap, what)
	case r.status >= 500 || r.status == http.StatusTooManyRequests || r.status == http.StatusRequestTimeout:
		err := fmt.Errorf("%w: %s: HTTP status %d", access.ErrTransient, what, r.status)
		if r.pause > 0 {
			err = &access.Limited{Pause: r.pause, Cause: err}
		}
		return err
	}
	return fmt.Errorf("%w: %s: HTTP status %d", access.ErrRefused, what, r.status)
}

// send asks once. form, when not empty, is the body.
func (c *Client) send(ctx context.Context, what, method, path string, query url.Values, form string, limit int64, timeout time.Duration) (reply, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	u := *c.base
	u.Path = strings.TrimRight(u.Path, "/") + path
	if len(query) > 0 {
		q := u.Query() // a credential, perhaps
		for name, values := range query {
			q[name] = values
		}
		u.RawQuery = q.Encode()
	}
	req, err := http.NewRequestWithContext(limited, method, u.String(), strings.NewReader(form))
	if err != nil {
		return reply{}, access.BadInput(errors.New("address cannot be used"))
	}
	req.Header.Set("Accept", "application/json")
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return reply{}, access.Unreachable(ctx, what, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return reply{}, access.Unreachable(ctx, what, err)
	}
	if int64(len(body)) > limit {
		return reply{}, fmt.Errorf("%s: %w", what, access.ErrTooLarge)
	}
	out := reply{status: res.StatusCode, body: body}
	if n, err := strconv.ParseUint(res.Header.Get("Latest-Ledger"), 10, 31); err == nil {
		out.ledger = uint32(n)
	}
	if n, err := strconv.ParseUint(res.Header.Get("Retry-After"), 10, 31); err == nil {
		out.pause = min(time.Duration(n)*time.Second, longestPause)
	}
	return out, nil
}
