package horizon

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/stellar/go-stellar-sdk/support/render/hal"
	"github.com/stellar/go-stellar-sdk/toid"
)

const (
	defaultLimit = 10
	maxLimit     = 200
)

// paging is which part of a list is asked for.
type paging struct {
	cursor     string
	descending bool
	limit      int
}

func (p paging) order() string {
	if p.descending {
		return "desc"
	}
	return "asc"
}

// pagingOf reads cursor, order and limit. A reader that comes back to a stream says by a header where it was.
func pagingOf(r *http.Request, latest uint32) (paging, error) {
	q := r.URL.Query()
	p := paging{cursor: q.Get("cursor"), limit: defaultLimit}
	if p.cursor == "now" {
		p.cursor = toid.AfterLedger(int32(latest)).String()
	}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		p.cursor = id
	}
	if !utf8.ValidString(p.cursor) {
		return p, invalidField("cursor", "invalid value")
	}
	switch q.Get("order") {
	case "", "asc":
	case "desc":
		p.descending = true
	default:
		return p, invalidField("order", "order: invalid value")
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			return p, invalidField("limit", "unparseable value")
		case n <= 0:
			return p, invalidField("limit", "invalid limit: non-positive value provided")
		case n > maxLimit:
			return p, invalidField("limit", "invalid limit: value provided that is over limit max of %d", maxLimit)
		}
		p.limit = int(n)
	}
	return p, nil
}

// position is the cursor of a list whose tokens are ids. A page that descends from before the recorded history is gone; one that ascends
// from there begins at the oldest ledger.
func (p paging) position(oldest uint32) (int64, error) {
	if p.cursor == "" {
		if p.descending {
			return math.MaxInt64, nil
		}
		return 0, nil
	}
	at, err := strconv.ParseInt(p.cursor, 10, 64)
	if err != nil || at < 0 {
		return 0, invalidField("cursor", "invalid value")
	}
	if p.descending && at <= toid.New(int32(oldest), 0, 0).ToInt64() {
		return 0, beforeHistory()
	}
	return at, nil
}

// record is one element of a list with its paging token.
type record struct {
	token string
	body  any
}

type listPage struct {
	Links    hal.Links `json:"_links"`
	Embedded struct {
		Records []any `json:"records"`
	} `json:"_embedded"`
}

// page puts records between links to their neighbors.
func (c *call) page(p paging, records []record) listPage {
	var out listPage
	out.Embedded.Records = make([]any, len(records))
	for i, r := range records {
		out.Embedded.Records[i] = r.body
	}
	next, previous := p, p
	previous.descending = !p.descending
	if len(records) > 0 {
		next.cursor, previous.cursor = records[len(records)-1].token, records[0].token
	}
	out.Links = hal.Links{Self: c.pageLink(p), Next: c.pageLink(next), Prev: c.pageLink(previous)}
	return out
}

func (c *call) pageLink(p paging) hal.Link {
	q := url.Values{}
	for name, values := range c.r.URL.Query() {
		q[name] = values
	}
	q.Set("cursor", p.cursor)
	q.Set("order", p.order())
	q.Set("limit", strconv.Itoa(p.limit))
	return hal.Link{Href: c.base + c.r.URL.EscapedPath() + "?" + q.Encode()}
}

// link is an address under this server; a template when it holds braces.
func (c *call) link(path string) hal.Link { return hal.NewLink(c.base + path) }

func (c *call) pagedLink(path string) hal.Link { return c.link(path + hal.StandardPagingOptions) }
