package horizon

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// Submit hands in a signed envelope, base64 XDR, without waiting for its ledger. A Horizon before 2.31 can only wait: it is
// asked so from the first time that it does not know the other way.
func (c *Client) Submit(ctx context.Context, envelopeXDR string) relay.Answer {
	_, outer, err := stellar.Hashes(envelopeXDR, c.passphrase)
	if err != nil {
		return relay.Answer{Word: access.Refused, Code: "malformed"}
	}
	form := url.Values{"tx": {envelopeXDR}}.Encode()
	if !c.noAsync.Load() {
		r, err := c.post(ctx, "/transactions_async", form, c.timeout)
		if err != nil {
			return relay.Answer{Word: access.Unknown}
		}
		var p problem
		if r.status != http.StatusNotFound || json.Unmarshal(r.body, &p) != nil || !p.is("not_found") {
			return r.async(outer)
		}
		c.noAsync.Store(true)
	}
	r, err := c.post(ctx, "/transactions", form, c.slow)
	if err != nil {
		return relay.Answer{Word: access.Unknown}
	}
	return r.sync(outer, c.passphrase)
}

func (c *Client) post(ctx context.Context, path, form string, timeout time.Duration) (reply, error) {
	return c.send(ctx, "submission", http.MethodPost, path, nil, form, access.SmallBody, timeout)
}

// async reads the answer of transactions_async: the word of stellar-core, with a status of its own for each.
func (r reply) async(outer string) relay.Answer {
	var body struct {
		Status    string `json:"tx_status"`
		Hash      string `json:"hash"`
		ResultXDR string `json:"error_result_xdr"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil || body.Status == "" {
		return r.problem()
	}
	if body.Hash != outer {
		return relay.Answer{Word: access.Unknown}
	}
	return access.FromCore(body.Status, body.ResultXDR)
}

// sync reads the answer of transactions, which is the transaction itself once it has landed.
func (r reply) sync(outer, passphrase string) relay.Answer {
	if r.status != http.StatusOK {
		return r.problem()
	}
	var body txBody
	if err := json.Unmarshal(r.body, &body); err != nil {
		return relay.Answer{Word: access.Unknown}
	}
	l, err := body.read(passphrase)
	if err != nil || l.Outer != outer {
		return relay.Answer{Word: access.Unknown}
	}
	return relay.Answer{Word: access.Accepted}
}

// problem reads what either way answers otherwise.
func (r reply) problem() relay.Answer {
	var p problem
	if err := json.Unmarshal(r.body, &p); err != nil || p.Status != r.status {
		p = problem{}
	}
	switch {
	case p.is("transaction_failed"):
		return access.Refusal(p.Extras.ResultXDR)
	case p.is("transaction_malformed"):
		return relay.Answer{Word: access.Refused, Code: "malformed"}
	case p.is("transaction_submission_disabled"):
		return relay.Answer{Word: access.Refused}
	}
	busy := r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable
	return relay.Answer{Word: access.Unknown, Later: busy}
}
