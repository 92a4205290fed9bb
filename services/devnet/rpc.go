package devnet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
)

const (
	maxBody  = 512 << 10 // bytes of a request
	maxBatch = 50        // calls in a request
)

// Codes of JSON-RPC 2.0, section 5.1.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeNoMethod       = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603
)

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Message }

func badParams(format string, args ...any) error {
	return &rpcError{Code: codeInvalidParams, Message: fmt.Sprintf(format, args...)}
}

type rpcRequest struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

type rpcResponse struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

// errLost means that the answer shall not reach the client.
var errLost = errors.New("devnet: answer lost on purpose")

// Handler is the protocol port: JSON-RPC of Stellar RPC at its root, the friendbot at /friendbot, and at /second a second endpoint of
// Stellar RPC, which differs when a fault says so. It may be mounted under a prefix with http.StripPrefix. Browsers of any origin may
// call it.
func (n *Network) Handler() http.Handler {
	first, second := n.door(n.first), n.door(n.second)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.Trim(r.URL.Path, "/") {
		case "friendbot":
			if !answered(w, r) {
				n.serveFriendbot(w, r)
			}
		case "second":
			http.StripPrefix("/second", second).ServeHTTP(w, r)
		default:
			first.ServeHTTP(w, r)
		}
	})
}

func (n *Network) first() reader {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return reader{n, n.faults.Lag}
}

func (n *Network) second() reader {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.fork != nil {
		return reader{n.fork, n.faults.SecondLag}
	}
	return reader{n, n.faults.SecondLag}
}

// answered says what every path says to browsers, and whether that was all.
func answered(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Headers", "*")
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.WriteHeader(http.StatusNoContent)
		return true
	}
	return false
}

// door serves Stellar RPC at its root; which reader answers is asked for each request.
func (n *Network) door(from func() reader) http.Handler {
	return n.Unfriendly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case answered(w, r):
		case strings.Trim(r.URL.Path, "/") != "":
			writeProblem(w, http.StatusNotFound, "nothing here")
		case r.Method != http.MethodPost:
			writeProblem(w, http.StatusMethodNotAllowed, "use POST")
		default:
			from().serveRPC(w, r)
		}
	}))
}

func (n reader) serveRPC(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		writeProblem(w, http.StatusRequestEntityTooLarge, "the request is too large")
		return
	}
	raw := bytes.TrimSpace(body.Bytes())
	if len(raw) == 0 || raw[0] != '[' {
		if answer := n.call(r, raw); answer != nil {
			writeJSON(w, http.StatusOK, answer)
		} else {
			w.WriteHeader(http.StatusNoContent)
		}
		return
	}
	var calls []json.RawMessage
	if err := json.Unmarshal(raw, &calls); err != nil || len(calls) == 0 || len(calls) > maxBatch {
		writeJSON(w, http.StatusOK, failed(nil, &rpcError{Code: codeInvalidRequest, Message: "Invalid Request"}))
		return
	}
	answers := []*rpcResponse{}
	for _, c := range calls {
		if answer := n.call(r, c); answer != nil {
			answers = append(answers, answer)
		}
	}
	if len(answers) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	writeJSON(w, http.StatusOK, answers)
}

// call does one call; nil for a notification. A lost answer aborts the connection of the whole request.
func (n reader) call(r *http.Request, raw []byte) *rpcResponse {
	var req rpcRequest
	if err := json.Unmarshal(raw, &req); err != nil {
		if !json.Valid(raw) {
			return failed(nil, &rpcError{Code: codeParse, Message: "Parse error"})
		}
		return failed(nil, &rpcError{Code: codeInvalidRequest, Message: "Invalid Request"})
	}
	if req.Version != "2.0" || req.Method == "" {
		return failed(req.ID, &rpcError{Code: codeInvalidRequest, Message: "Invalid Request"})
	}
	result, err := n.dispatch(r, req.Method, req.Params)
	if errors.Is(err, errLost) {
		panic(http.ErrAbortHandler) // how net/http lets a handler drop its connection
	}
	if len(req.ID) == 0 {
		return nil
	}
	if err == nil {
		return &rpcResponse{Version: "2.0", ID: req.ID, Result: result}
	}
	var known *rpcError
	if !errors.As(err, &known) {
		n.log.Error("call failed", "method", req.Method, "error", err)
		known = &rpcError{Code: codeInternal, Message: "internal error"}
	}
	return failed(req.ID, known)
}

func failed(id json.RawMessage, err *rpcError) *rpcResponse {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	return &rpcResponse{Version: "2.0", ID: id, Error: err}
}

// dispatch calls a method. Nothing that a client sends may end the process: what went wrong inside becomes an internal error.
func (n reader) dispatch(r *http.Request, method string, params json.RawMessage) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, fmt.Errorf("devnet: panic in %s: %v", method, p)
		}
	}()
	switch method {
	case protocol.GetHealthMethodName:
		return n.getHealth()
	case protocol.GetNetworkMethodName:
		return n.getNetwork(r)
	case protocol.GetVersionInfoMethodName:
		return n.getVersionInfo()
	case protocol.GetFeeStatsMethodName:
		return n.getFeeStats()
	case protocol.GetLatestLedgerMethodName:
		return n.getLatestLedger()
	case protocol.GetLedgersMethodName:
		return withParams(params, n.getLedgers)
	case protocol.GetLedgerEntriesMethodName:
		return withParams(params, n.getLedgerEntries)
	case protocol.GetTransactionMethodName:
		return withParams(params, n.getTransaction)
	case protocol.GetTransactionsMethodName:
		return withParams(params, n.getTransactions)
	case protocol.SendTransactionMethodName:
		return withParams(params, n.sendTransaction)
	}
	return nil, &rpcError{Code: codeNoMethod, Message: "method not found"}
}

func withParams[In, Out any](raw json.RawMessage, do func(In) (Out, error)) (any, error) {
	var in In
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, badParams("invalid parameters")
		}
	}
	return do(in)
}

// xdrOnly refuses formats other than XDR.
func xdrOnly(format string) error {
	if err := protocol.IsValidFormat(format); err != nil {
		return badParams("%s", err.Error())
	}
	if format == protocol.FormatJSON {
		return badParams("xdrFormat json is not offered here")
	}
	return nil
}
