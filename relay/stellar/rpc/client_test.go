package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

func wantKind(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("want %v, got %v", kind, err)
	}
	for _, other := range []error{access.ErrTransient, access.ErrRefused, access.ErrNonsense, access.ErrGap, access.ErrWrongNetwork} {
		if other != kind && errors.Is(err, other) {
			t.Errorf("%v is also %v", err, other)
		}
	}
}

func TestDialWantsTheNetwork(t *testing.T) {
	s := newServer(t)
	s.passphrase = "another"
	h := httptest.NewServer(s)
	defer h.Close()
	_, err := Dial(t.Context(), access.Config{URL: h.URL, Passphrase: testnet})
	wantKind(t, err, access.ErrWrongNetwork)
	for _, bad := range []access.Config{{URL: "ftp://host", Passphrase: testnet}, {URL: h.URL}, {URL: "://", Passphrase: testnet}} {
		_, err := Dial(t.Context(), bad)
		wantKind(t, err, access.ErrRefused)
	}
}

func TestHostileAnswers(t *testing.T) {
	write := func(text string) func(http.ResponseWriter, string, []byte) bool {
		return func(w http.ResponseWriter, _ string, _ []byte) bool { _, _ = w.Write([]byte(text)); return true }
	}
	status := func(code int) func(http.ResponseWriter, string, []byte) bool {
		return func(w http.ResponseWriter, _ string, body []byte) bool {
			w.WriteHeader(code)
			_, _ = w.Write(body)
			return true
		}
	}
	for name, tc := range map[string]struct {
		raw  func(http.ResponseWriter, string, []byte) bool
		want error
	}{
		"lost answer": {func(http.ResponseWriter, string, []byte) bool { panic(http.ErrAbortHandler) }, access.ErrTransient},
		"cut answer": {func(w http.ResponseWriter, _ string, b []byte) bool {
			w.Header().Set("Content-Length", "99999")
			_, _ = w.Write(b)
			return true
		}, access.ErrTransient},
		"unavailable": {status(503), access.ErrTransient},
		"too many":    {status(429), access.ErrTransient},
		"not here":    {status(404), access.ErrRefused},
		"moved": {func(w http.ResponseWriter, _ string, _ []byte) bool {
			w.Header().Set("Location", "/other")
			w.WriteHeader(307)
			return true
		}, access.ErrRefused},
		"huge": {func(w http.ResponseWriter, _ string, _ []byte) bool {
			_, _ = w.Write(make([]byte, access.SmallBody+1))
			return true
		}, access.ErrTransient},
		"not JSON":         {write("<html>"), access.ErrNonsense},
		"empty":            {write(""), access.ErrNonsense},
		"another's id":     {write(`{"jsonrpc":"2.0","id":9999,"result":{"status":"healthy","latestLedger":5,"oldestLedger":1}}`), access.ErrNonsense},
		"id as text":       {write(`{"jsonrpc":"2.0","id":"2","result":{"status":"healthy","latestLedger":5,"oldestLedger":1}}`), access.ErrNonsense},
		"no id":            {write(`{"jsonrpc":"2.0","result":{"status":"healthy","latestLedger":5,"oldestLedger":1}}`), access.ErrNonsense},
		"no version":       {write(`{"id":2,"result":{"status":"healthy","latestLedger":5,"oldestLedger":1}}`), access.ErrNonsense},
		"no result":        {write(`{"jsonrpc":"2.0","id":2}`), access.ErrNonsense},
		"null result":      {write(`{"jsonrpc":"2.0","id":2,"result":null}`), access.ErrNonsense},
		"result of a kind": {write(`{"jsonrpc":"2.0","id":2,"result":[1]}`), access.ErrNonsense},
		"no history":       {write(`{"jsonrpc":"2.0","id":2,"result":{"status":"healthy"}}`), access.ErrNonsense},
		"inside out":       {write(`{"jsonrpc":"2.0","id":2,"result":{"status":"healthy","latestLedger":5,"oldestLedger":6}}`), access.ErrNonsense},
		"behind":           {write(`{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"latency is too high"}}`), access.ErrTransient},
		"bad parameters":   {write(`{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"no"}}`), access.ErrRefused},
		"not understood":   {write(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}`), access.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := s.dial()
			s.raw = tc.raw
			_, err := c.Range(t.Context())
			wantKind(t, err, tc.want)
		})
	}
}

func TestCallsEnd(t *testing.T) {
	release := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-release
	}))
	defer h.Close()
	defer close(release)
	c := &Client{url: h.URL, http: http.DefaultClient, timeout: 1 << 40}
	if _, err := c.Range(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, access.ErrTransient) {
		t.Errorf("the caller gave up: %v", err)
	}
	c.timeout = 1
	_, err := c.Range(t.Context())
	wantKind(t, err, access.ErrTransient)
}

func TestErrorsDoNotNameTheAddress(t *testing.T) {
	h := httptest.NewServer(http.NotFoundHandler())
	h.Close()
	_, err := Dial(t.Context(), access.Config{URL: h.URL + "/v1/SECRET?key=SECRET", Passphrase: testnet})
	wantKind(t, err, access.ErrTransient)
	if strings.Contains(err.Error(), "SECRET") {
		t.Errorf("credential in %v", err)
	}
}

func TestAccounts(t *testing.T) {
	s := newServer(t)
	c := s.dial()
	s.close()
	var ids []string
	for i := range 250 {
		name := fmt.Sprint("a", i)
		ids = append(ids, addr(name))
		if i%2 == 0 {
			s.accounts[addr(name)] = account(name, int64(i), 7)
		}
	}
	s.data[addr("a0")], s.data[addr("a2")], s.data[addr("a1")] = "1", "0", "1"
	// A ledger closes between the first and the second chunk, once.
	s.before = func(s *server, method string, n int) {
		if method == "getLedgerEntries" && n == 2 {
			s.close()
		}
	}
	snap, err := c.Snapshot(t.Context(), append(ids, ids[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	if snap.Ledger != 3 || snap.CloseTime != closeTime(3) || snap.BaseReserve != 5_000_000 || len(snap.Accounts) != 250 {
		t.Errorf("ledger %d at %d, %d accounts", snap.Ledger, snap.CloseTime, len(snap.Accounts))
	}
	for i, id := range ids {
		a, asked := snap.Accounts[id]
		if !asked || (a != nil) != (i%2 == 0) || a != nil && (a.Balance != relay.Stroops(i) || a.MemoRequired != (i == 0)) {
			t.Errorf("account %d: %+v", i, a)
		}
	}
	if s.calls["getLedgerEntries"] != 2+3 {
		t.Errorf("%d calls", s.calls["getLedgerEntries"])
	}
	s.before = func(s *server, method string, n int) {
		if method == "getLedgerEntries" {
			s.close()
		}
	}
	_, err = c.Snapshot(t.Context(), ids, nil)
	wantKind(t, err, access.ErrTransient)
	_, err = c.Snapshot(t.Context(), []string{"GNOBODY"}, nil)
	wantKind(t, err, access.ErrRefused)
}

func TestAccountsBelieveLittle(t *testing.T) {
	key, _ := stellar.AccountKey(addr("a"))
	other, _ := stellar.AccountKey(addr("b"))
	data := b64(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: account("a", 1, 1)})
	entry := func(k, d string) protocol.LedgerEntryResult { return protocol.LedgerEntryResult{KeyXDR: k, DataXDR: d} }
	for name, tc := range map[string]struct {
		latest  uint32
		entries []protocol.LedgerEntryResult
		want    error
	}{
		"not asked":     {1, []protocol.LedgerEntryResult{entry(other, data)}, access.ErrNonsense},
		"twice":         {1, []protocol.LedgerEntryResult{entry(key, data), entry(key, data)}, access.ErrNonsense},
		"another's":     {1, []protocol.LedgerEntryResult{entry(key, b64(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: account("b", 1, 1)}))}, access.ErrNonsense},
		"no XDR":        {1, []protocol.LedgerEntryResult{entry(key, "AAAA")}, access.ErrNonsense},
		"older than it": {0, []protocol.LedgerEntryResult{entry(key, data)}, access.ErrTransient},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := s.dial()
			s.answer = func(method string, _ int, _ any) (any, *fault) {
				if method != "getLedgerEntries" {
					return nil, nil
				}
				return protocol.GetLedgerEntriesResponse{LatestLedger: tc.latest, Entries: tc.entries}, nil
			}
			_, err := c.Snapshot(t.Context(), []string{addr("a")}, nil)
			wantKind(t, err, tc.want)
		})
	}
}

func TestTransaction(t *testing.T) {
	s := newServer(t)
	c := s.dial()
	tx, text := claim(t, 1)
	bump, err := stellar.BuildFeeBump(text, testnet, addr("sponsor"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := c.look(t.Context(), tx.Hash); err != nil || l.found != nil || l.Latest != 1 {
		t.Errorf("%+v %v", l, err)
	}
	s.close(bump.XDR)
	for _, hash := range []string{tx.Hash, bump.Hash} {
		l, err := c.Transaction(t.Context(), hash)
		if err != nil || l == nil || !l.Success || l.Inner != tx.Hash || l.Outer != bump.Hash || l.Ledger != 2 || l.CloseTime != closeTime(2) {
			t.Errorf("%+v %v", l, err)
		}
	}
	_, elsewhere := claim(t, 2)
	for name, lie := range map[string]func(*protocol.GetTransactionResponse){
		"another":      func(r *protocol.GetTransactionResponse) { r.EnvelopeXDR = elsewhere },
		"no envelope":  func(r *protocol.GetTransactionResponse) { r.EnvelopeXDR = "" },
		"status":       func(r *protocol.GetTransactionResponse) { r.Status = "FAILED" },
		"unknown word": func(r *protocol.GetTransactionResponse) { r.Status = "MAYBE" },
		"future":       func(r *protocol.GetTransactionResponse) { r.Ledger = 3 },
		"no history":   func(r *protocol.GetTransactionResponse) { r.OldestLedger = 0 },
		"no result":    func(r *protocol.GetTransactionResponse) { r.ResultXDR = "" },
	} {
		s.answer = func(_ string, _ int, honest any) (any, *fault) {
			r := honest.(protocol.GetTransactionResponse)
			lie(&r)
			return r, nil
		}
		_, err := c.Transaction(t.Context(), tx.Hash)
		if !errors.Is(err, access.ErrNonsense) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = c.Transaction(t.Context(), strings.ToUpper(tx.Hash))
	wantKind(t, err, access.ErrRefused)
}

func TestSubmitAnswers(t *testing.T) {
	tx, text := claim(t, 1)
	refused := b64(xdr.TransactionResult{FeeCharged: 200, Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxBadSeq}})
	inner := b64(xdr.TransactionResult{Result: xdr.TransactionResultResult{
		Code: xdr.TransactionResultCodeTxFeeBumpInnerFailed,
		InnerResultPair: &xdr.InnerTransactionResultPair{Result: xdr.InnerTransactionResult{
			Result: xdr.InnerTransactionResultResult{Code: xdr.TransactionResultCodeTxNoAccount}}},
	}})
	for name, tc := range map[string]struct {
		answer protocol.SendTransactionResponse
		fail   *fault
		word   string
		code   string
	}{
		"pending":    {protocol.SendTransactionResponse{Status: "PENDING", Hash: tx.Hash}, nil, access.Accepted, ""},
		"duplicate":  {protocol.SendTransactionResponse{Status: "DUPLICATE", Hash: tx.Hash}, nil, access.Duplicate, ""},
		"busy":       {protocol.SendTransactionResponse{Status: "TRY_AGAIN_LATER", Hash: tx.Hash}, nil, access.TryLater, ""},
		"refused":    {protocol.SendTransactionResponse{Status: "ERROR", Hash: tx.Hash, ErrorResultXDR: refused}, nil, access.Refused, "tx_bad_seq"},
		"inner":      {protocol.SendTransactionResponse{Status: "ERROR", Hash: tx.Hash, ErrorResultXDR: inner}, nil, access.Refused, "tx_no_account"},
		"no reason":  {protocol.SendTransactionResponse{Status: "ERROR", Hash: tx.Hash}, nil, access.Refused, ""},
		"other hash": {protocol.SendTransactionResponse{Status: "PENDING", Hash: "00"}, nil, access.Unknown, ""},
		"other word": {protocol.SendTransactionResponse{Status: "SURE", Hash: tx.Hash}, nil, access.Unknown, ""},
		"parameters": {protocol.SendTransactionResponse{}, &fault{-32602, "invalid_xdr"}, access.Refused, ""},
		"trouble":    {protocol.SendTransactionResponse{}, &fault{-32603, "core is away"}, access.Unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := s.dial()
			s.answer = func(string, int, any) (any, *fault) { return tc.answer, tc.fail }
			if got := c.Submit(t.Context(), text); got.Word != tc.word || got.Code != tc.code {
				t.Errorf("%+v", got)
			}
		})
	}
	s := newServer(t)
	c := s.dial()
	s.raw = func(http.ResponseWriter, string, []byte) bool { panic(http.ErrAbortHandler) }
	if got := c.Submit(t.Context(), text); got.Word != access.Unknown || s.count() != 1 {
		t.Errorf("done, but the answer was lost: %+v", got)
	}
	if got := c.Submit(t.Context(), "nothing"); got.Word != access.Refused || s.count() != 1 {
		t.Errorf("%+v", got)
	}
}

func TestFeeStats(t *testing.T) {
	s := newServer(t)
	fees, err := s.dial().FeeStats(t.Context())
	if err != nil || fees != (access.Fees{Ledger: 1, Min: 100, P90: 300, Max: 400}) {
		t.Errorf("%+v %v", fees, err)
	}
}
