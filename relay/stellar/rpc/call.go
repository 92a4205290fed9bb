package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/restante/restante/relay/stellar/access"
)

type request struct {
	Version string `json:"jsonrpc"`
	ID      uint64 `json:"id"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   *fault          `json:"error"`
}

type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// call asks once. limit bounds the body in bytes.
func (c *Client) call(ctx context.Context, method string, params, result any, limit int64) error {
	id := c.ids.Add(1)
	body, err := json.Marshal(request{Version: "2.0", ID: id, Method: method, Params: params})
	if err != nil {
		return access.BadInput(err)
	}
	raw, err := c.post(ctx, method, body, limit)
	if err != nil {
		return err
	}
	var answer response
	if err := json.Unmarshal(raw, &answer); err != nil {
		return access.Nonsense("%s: not a JSON-RPC answer", method)
	}
	switch {
	case answer.Version != "2.0":
		return access.Nonsense("%s: version %q", method, answer.Version)
	case answer.Error != nil && string(answer.ID) == "null":
		// A server that could not read the request does not know its id.
		return answer.Error.as(method)
	case string(answer.ID) != strconv.FormatUint(id, 10):
		return access.Nonsense("%s: answer to another question", method)
	case answer.Error != nil:
		return answer.Error.as(method)
	case len(answer.Result) == 0 || string(answer.Result) == "null":
		return access.Nonsense("%s: neither result nor error", method)
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return access.Nonsense("%s: %v", method, err)
	}
	return nil
}

// as sorts the codes: what JSON-RPC calls the caller's fault is final, the rest is the server's trouble of the moment.
func (f *fault) as(method string) error {
	kind := access.ErrTransient
	switch f.Code {
	case -32700, -32600, -32601, -32602:
		kind = access.ErrRefused
	}
	message := f.Message
	if len(message) > 300 {
		message = message[:300]
	}
	return fmt.Errorf("%w: %s: %q (%d)", kind, method, message, f.Code)
}

func (c *Client) post(ctx context.Context, method string, body []byte, limit int64) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, access.BadInput(errors.New("address cannot be used"))
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, access.Unreachable(ctx, method, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		kind := access.ErrRefused
		if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusRequestTimeout {
			kind = access.ErrTransient
		}
		return nil, fmt.Errorf("%w: %s: HTTP status %d", kind, method, res.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, access.Unreachable(ctx, method, err)
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%s: %w", method, access.ErrTooLarge)
	}
	return raw, nil
}
