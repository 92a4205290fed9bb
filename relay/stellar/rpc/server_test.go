package rpc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

const testnet = "Test SDF Network ; September 2015"

func key(name string) *keypair.Full {
	k, err := keypair.FromRawSeed(sha256.Sum256([]byte(name)))
	if err != nil {
		panic(err)
	}
	return k
}

func addr(name string) string { return key(name).Address() }

// server is a Stellar RPC server over ledgers made by hand. It is honest until a hook makes it lie, and stateless
// between calls but for what the hooks do.
type server struct {
	t          *testing.T
	mu         sync.Mutex
	passphrase string
	oldest     uint32
	ledgers    []closed                       // from ledger 1 on
	accounts   map[string]*xdr.AccountEntry   // by address
	data       map[string]string              // config.memo_required by address
	lines      map[string]*xdr.TrustLineEntry // by key
	sent       []string

	before func(s *server, method string, n int)                        // called before the nth call of a method, from 1
	answer func(method string, n int, honest any) (any, *fault)         // replaces a result
	raw    func(w http.ResponseWriter, method string, body []byte) bool // true: it has answered
	calls  map[string]int
}

type closed struct {
	info protocol.LedgerInfo
	txs  []protocol.TransactionInfo
}

func newServer(t *testing.T) *server {
	s := &server{
		t: t, passphrase: testnet, oldest: 1, accounts: map[string]*xdr.AccountEntry{}, data: map[string]string{}, lines: map[string]*xdr.TrustLineEntry{}, calls: map[string]int{},
	}
	s.close()
	return s
}

func (s *server) dial() *Client {
	s.t.Helper()
	h := httptest.NewServer(s)
	s.t.Cleanup(h.Close)
	c, err := Dial(s.t.Context(), access.Config{URL: h.URL, Passphrase: testnet, Timeout: 10 * time.Second})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// close closes a ledger with the envelopes, all of which succeed.
func (s *server) close(envelopes ...string) {
	seq := uint32(len(s.ledgers) + 1)
	header := xdr.LedgerHeader{LedgerSeq: xdr.Uint32(seq), BaseReserve: 5_000_000}
	header.ScpValue.CloseTime = xdr.TimePoint(closeTime(seq))
	if seq > 1 {
		prev, _ := hex.DecodeString(s.ledgers[seq-2].info.Hash)
		copy(header.PreviousLedgerHash[:], prev)
	}
	var set xdr.TransactionResultSet
	var txs []protocol.TransactionInfo
	for i, text := range envelopes {
		_, outer, err := stellar.Hashes(text, testnet)
		if err != nil {
			s.t.Fatal(err)
		}
		result := xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxSuccess, Results: &[]xdr.OperationResult{}}}
		pair := xdr.TransactionResultPair{Result: result}
		raw, _ := hex.DecodeString(outer)
		copy(pair.TransactionHash[:], raw)
		set.Results = append(set.Results, pair)
		txs = append(txs, protocol.TransactionInfo{LedgerCloseTime: closeTime(seq), TransactionDetails: protocol.TransactionDetails{
			Status: protocol.TransactionStatusSuccess, TransactionHash: outer, ApplicationOrder: int32(i + 1), EnvelopeXDR: text,
			ResultXDR: b64(result), Ledger: seq,
		}})
	}
	if seq > 1 {
		raw, _ := set.MarshalBinary()
		header.TxSetResultHash = sha256.Sum256(raw)
	}
	raw, _ := header.MarshalBinary()
	hash := sha256.Sum256(raw)
	s.ledgers = append(s.ledgers, closed{txs: txs, info: protocol.LedgerInfo{
		Hash: hex.EncodeToString(hash[:]), Sequence: seq, LedgerCloseTime: closeTime(seq), LedgerHeader: b64(xdr.LedgerHeaderHistoryEntry{Hash: hash, Header: header}),
	}})
}

func closeTime(seq uint32) int64 { return 1_700_000_000 + 5*int64(seq) }

func b64(v any) string {
	text, err := xdr.MarshalBase64(v)
	if err != nil {
		panic(err)
	}
	return text
}

// count is how many submissions arrived, also those whose answer was lost.
func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

func (s *server) latest() closed { return s.ledgers[len(s.ledgers)-1] }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[req.Method]++
	n := s.calls[req.Method]
	if s.before != nil {
		s.before(s, req.Method, n)
	}
	result, fail := s.honest(req.Method, req.Params)
	if s.answer != nil {
		if lie, f := s.answer(req.Method, n, result); lie != nil || f != nil {
			result, fail = lie, f
		}
	}
	body := map[string]any{"jsonrpc": "2.0", "id": req.ID, "result": result}
	if fail != nil {
		body = map[string]any{"jsonrpc": "2.0", "id": req.ID, "error": fail}
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	if s.raw != nil && s.raw(w, req.Method, text) {
		return
	}
	_, _ = w.Write(text)
}

func (s *server) honest(method string, params json.RawMessage) (any, *fault) {
	latest := s.latest().info
	switch method {
	case "getNetwork":
		return protocol.GetNetworkResponse{Passphrase: s.passphrase, ProtocolVersion: 23}, nil
	case "getHealth":
		return protocol.GetHealthResponse{Status: "healthy", LatestLedger: latest.Sequence, LatestLedgerCloseTime: latest.LedgerCloseTime, OldestLedger: s.oldest}, nil
	case "getLatestLedger":
		var e xdr.LedgerHeaderHistoryEntry
		_ = xdr.SafeUnmarshalBase64(latest.LedgerHeader, &e)
		return protocol.GetLatestLedgerResponse{Hash: latest.Hash, Sequence: latest.Sequence, LedgerCloseTime: latest.LedgerCloseTime, LedgerHeader: b64(e.Header)}, nil
	case "getFeeStats":
		return protocol.GetFeeStatsResponse{InclusionFee: protocol.FeeDistribution{Min: 100, P50: 200, P90: 300, Max: 400}, LatestLedger: latest.Sequence}, nil
	case "getLedgerEntries":
		return s.entries(params), nil
	case "getTransaction":
		return s.transaction(params), nil
	case "getLedgers":
		return s.page(params)
	case "getTransactions":
		return s.transactions(params)
	case "sendTransaction":
		var req protocol.SendTransactionRequest
		_ = json.Unmarshal(params, &req)
		s.sent = append(s.sent, req.Transaction)
		_, outer, _ := stellar.Hashes(req.Transaction, testnet)
		return protocol.SendTransactionResponse{Status: "PENDING", Hash: outer, LatestLedger: latest.Sequence}, nil
	}
	return nil, &fault{-32601, "no such method"}
}

func (s *server) entries(params json.RawMessage) any {
	var req protocol.GetLedgerEntriesRequest
	_ = json.Unmarshal(params, &req)
	out := protocol.GetLedgerEntriesResponse{LatestLedger: s.latest().info.Sequence, Entries: []protocol.LedgerEntryResult{}}
	for _, text := range req.Keys {
		var k xdr.LedgerKey
		_ = xdr.SafeUnmarshalBase64(text, &k)
		var data xdr.LedgerEntryData
		switch k.Type {
		case xdr.LedgerEntryTypeAccount:
			a := s.accounts[k.Account.AccountId.Address()]
			if a == nil {
				continue
			}
			data = xdr.LedgerEntryData{Type: k.Type, Account: a}
		case xdr.LedgerEntryTypeTrustline:
			l := s.lines[text]
			if l == nil {
				continue
			}
			data = xdr.LedgerEntryData{Type: k.Type, TrustLine: l}
		case xdr.LedgerEntryTypeData:
			v, ok := s.data[k.Data.AccountId.Address()]
			if !ok {
				continue
			}
			data = xdr.LedgerEntryData{Type: k.Type, Data: &xdr.DataEntry{AccountId: k.Data.AccountId, DataName: k.Data.DataName, DataValue: []byte(v)}}
		}
		out.Entries = append(out.Entries, protocol.LedgerEntryResult{KeyXDR: text, DataXDR: b64(data), LastModifiedLedger: 1})
	}
	return out
}

func (s *server) transaction(params json.RawMessage) any {
	var req protocol.GetTransactionRequest
	_ = json.Unmarshal(params, &req)
	latest := s.latest().info
	out := protocol.GetTransactionResponse{
		LatestLedger: latest.Sequence, LatestLedgerCloseTime: latest.LedgerCloseTime, OldestLedger: s.oldest,
		TransactionDetails: protocol.TransactionDetails{Status: "NOT_FOUND", TransactionHash: req.Hash},
	}
	for _, l := range s.ledgers {
		for _, tx := range l.txs {
			inner, outer, _ := stellar.Hashes(tx.EnvelopeXDR, testnet)
			if l.info.Sequence >= s.oldest && (req.Hash == inner || req.Hash == outer) {
				out.TransactionDetails, out.LedgerCloseTime = tx.TransactionDetails, l.info.LedgerCloseTime
			}
		}
	}
	return out
}

func (s *server) page(params json.RawMessage) (any, *fault) {
	var req protocol.GetLedgersRequest
	_ = json.Unmarshal(params, &req)
	latest := s.latest().info
	if req.StartLedger < s.oldest || req.StartLedger > latest.Sequence || req.Pagination.Limit > 200 {
		return nil, &fault{-32600, "start ledger out of range"}
	}
	out := protocol.GetLedgersResponse{LatestLedger: latest.Sequence, OldestLedger: s.oldest}
	for seq := req.StartLedger; seq <= latest.Sequence && uint(len(out.Ledgers)) < req.Pagination.Limit; seq++ {
		out.Ledgers = append(out.Ledgers, s.ledgers[seq-1].info)
	}
	return out, nil
}

// transactions uses cursors as the real server does: a number that orders all transactions.
func (s *server) transactions(params json.RawMessage) (any, *fault) {
	var req protocol.GetTransactionsRequest
	_ = json.Unmarshal(params, &req)
	latest := s.latest().info
	start := int64(req.StartLedger) << 32
	if req.Pagination.Cursor != "" {
		start, _ = strconv.ParseInt(req.Pagination.Cursor, 10, 64)
	} else if req.StartLedger < s.oldest || req.StartLedger > latest.Sequence {
		return nil, &fault{-32600, "start ledger out of range"}
	}
	out := protocol.GetTransactionsResponse{LatestLedger: latest.Sequence, OldestLedger: s.oldest, Transactions: []protocol.TransactionInfo{}}
	for _, l := range s.ledgers {
		for _, tx := range l.txs {
			at := int64(tx.Ledger)<<32 | int64(tx.ApplicationOrder)
			if at > start && uint(len(out.Transactions)) < req.Pagination.Limit {
				out.Transactions, out.Cursor = append(out.Transactions, tx), fmt.Sprint(at)
			}
		}
	}
	return out, nil
}

func account(name string, balance int64, sequence int64) *xdr.AccountEntry {
	return &xdr.AccountEntry{AccountId: xdr.MustAddress(addr(name)), Balance: xdr.Int64(balance), SeqNum: xdr.SequenceNumber(sequence), Thresholds: xdr.Thresholds{1}}
}

// claim is a signed envelope; different n, different hash.
func claim(t *testing.T, n int) (stellar.Tx, string) {
	t.Helper()
	tx, err := stellar.BuildClaim(stellar.ClaimPlan{
		Passphrase: testnet, Holding: addr("h"), Destination: addr("ana"), Asset: relay.Native, Amount: 1, Keeper: addr("sponsor"), Sequence: int64(n), MaxTime: closeTime(1000), LastLedger: 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := stellar.Sign(tx.XDR, testnet, key("h"))
	if err != nil {
		t.Fatal(err)
	}
	return tx, text
}
