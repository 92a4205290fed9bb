package horizon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/restante/restante/relay/stellar"
)

// Words for what a server said to a submission.
const (
	Accepted  = "accepted"  // waiting in a queue, or landed
	Duplicate = "duplicate" // was waiting already
	TryLater  = "try_later" // busy, or another transaction of the source is waiting
	Refused   = "refused"   // Code says why; may mean that it has landed
	Unknown   = "unknown"   // no answer: it may be waiting all the same
)

// Answer to a submission proves nothing, not even a refusal: tx_bad_seq and tx_no_account may mean that the envelope has
// landed. It serves back-off and logs.
type Answer struct {
	Word   string
	Code   string   // of a refusal, e.g. tx_bad_seq; of a fee bump the inner code if there is one
	Ops    []string // of a refusal, as far as they were judged
	Busy   bool     // the server or the network asks to be left alone for a while
	Detail string   // for the log
}

// Submit hands in a signed envelope, base64 XDR, without waiting for its ledger. A Horizon before 2.31 can only wait: it is
// asked so from the first time that it does not know the other way.
func (c *Client) Submit(ctx context.Context, envelopeXDR string) Answer {
	_, outer, err := stellar.Hashes(envelopeXDR, c.passphrase)
	if err != nil {
		return Answer{Word: Refused, Code: "malformed", Detail: err.Error()}
	}
	form := url.Values{"tx": {envelopeXDR}}.Encode()
	if !c.noAsync.Load() {
		r, err := c.post(ctx, "/transactions_async", form, c.timeout)
		if err != nil {
			return Answer{Word: Unknown, Detail: err.Error()}
		}
		var p problem
		if r.status != http.StatusNotFound || json.Unmarshal(r.body, &p) != nil || !p.is("not_found") {
			return r.async(outer)
		}
		c.noAsync.Store(true)
	}
	r, err := c.post(ctx, "/transactions", form, c.slow)
	if err != nil {
		return Answer{Word: Unknown, Detail: err.Error()}
	}
	return r.sync(outer, c.passphrase)
}

func (c *Client) post(ctx context.Context, path, form string, timeout time.Duration) (reply, error) {
	return c.send(ctx, "submission", http.MethodPost, path, nil, form, smallBody, timeout)
}

// async reads the answer of transactions_async: the word of stellar-core, with a status of its own for each.
func (r reply) async(outer string) Answer {
	var body struct {
		Status    string `json:"tx_status"`
		Hash      string `json:"hash"`
		ResultXDR string `json:"error_result_xdr"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil || body.Status == "" {
		return r.problem()
	}
	if body.Hash != outer {
		return Answer{Word: Unknown, Detail: fmt.Sprintf("sent %s, the answer is about %q", outer, body.Hash)}
	}
	switch body.Status {
	case "PENDING":
		return Answer{Word: Accepted}
	case "DUPLICATE":
		return Answer{Word: Duplicate}
	case "TRY_AGAIN_LATER":
		return Answer{Word: TryLater, Busy: true}
	case "ERROR":
		return refusal(body.ResultXDR)
	}
	return Answer{Word: Unknown, Detail: fmt.Sprintf("status %q", body.Status)}
}

// sync reads the answer of transactions, which is the transaction itself once it has landed.
func (r reply) sync(outer, passphrase string) Answer {
	if r.status != http.StatusOK {
		return r.problem()
	}
	var body txBody
	if err := json.Unmarshal(r.body, &body); err != nil {
		return Answer{Word: Unknown, Detail: "not an answer to a submission"}
	}
	l, err := body.read(passphrase)
	if err != nil || l.Outer != outer {
		return Answer{Word: Unknown, Detail: "the answer is about another transaction"}
	}
	return Answer{Word: Accepted}
}

// problem reads what either way answers otherwise.
func (r reply) problem() Answer {
	var p problem
	if err := json.Unmarshal(r.body, &p); err != nil || p.Status != r.status {
		p = problem{}
	}
	switch {
	case p.is("transaction_failed"):
		return refusal(p.Extras.ResultXDR)
	case p.is("transaction_malformed"):
		return Answer{Word: Refused, Code: "malformed", Detail: "the server cannot read it"}
	case p.is("transaction_submission_disabled"):
		return Answer{Word: Refused, Detail: "the server takes no transactions"}
	}
	busy := r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable
	return Answer{Word: Unknown, Busy: busy, Detail: fmt.Sprintf("HTTP status %d, problem %q", r.status, p.Type)}
}

func refusal(resultXDR string) Answer {
	result, err := stellar.DecodeResult(resultXDR)
	if err != nil {
		return Answer{Word: Refused, Detail: err.Error()}
	}
	code := result.Code
	if result.InnerCode != "" {
		code = result.InnerCode
	}
	return Answer{Word: Refused, Code: code, Ops: result.Ops, Busy: code == "tx_insufficient_fee"} // a higher bid would get through
}
