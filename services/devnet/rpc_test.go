package devnet_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/network"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/engine"
)

// TestLedgersFormAChain reads all ledgers in pages, and their transactions with the reader that indexers use.
func TestLedgersFormAChain(t *testing.T) {
	for _, version := range []uint32{20, 22, 23} {
		w := open(t, devnet.Config{Protocol: version})
		sponsor, treasury, h := w.account(), w.account(), keypair.MustRandom()
		w.land(w.holding(sponsor, treasury, h, "3"))
		w.land(w.bump(w.merge(h, treasury, 0), 200, sponsor))
		w.closeLedger()
		var previous *xdr.LedgerHeaderHistoryEntry
		found := 0
		in := protocol.GetLedgersRequest{StartLedger: 1, Pagination: &protocol.LedgerPaginationOptions{Limit: 2}}
		for {
			page, err := w.client.GetLedgers(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.Ledgers {
				previous = checkLedger(t, l, previous)
				found += countTransactions(t, l)
			}
			if page.Ledgers[len(page.Ledgers)-1].Sequence == page.LatestLedger {
				break
			}
			in = protocol.GetLedgersRequest{Pagination: &protocol.LedgerPaginationOptions{Limit: 2, Cursor: page.Cursor}}
		}
		if found != 5 {
			t.Errorf("protocol %d: %d transactions, want 5", version, found)
		}
	}
}

func checkLedger(t *testing.T, l protocol.LedgerInfo, previous *xdr.LedgerHeaderHistoryEntry) *xdr.LedgerHeaderHistoryEntry {
	t.Helper()
	var h xdr.LedgerHeaderHistoryEntry
	if err := xdr.SafeUnmarshalBase64(l.LedgerHeader, &h); err != nil {
		t.Fatal(err)
	}
	if hash, err := engine.HashHeader(h.Header); err != nil || hash != h.Hash || h.Hash.HexString() != l.Hash {
		t.Errorf("ledger %d: the hash is not the header's", l.Sequence)
	}
	if previous != nil && (h.Header.PreviousLedgerHash != previous.Hash || h.Header.ScpValue.CloseTime <= previous.Header.ScpValue.CloseTime) {
		t.Errorf("ledger %d does not follow ledger %d", l.Sequence, previous.Header.LedgerSeq)
	}
	return &h
}

func countTransactions(t *testing.T, l protocol.LedgerInfo) int {
	t.Helper()
	var meta xdr.LedgerCloseMeta
	if err := xdr.SafeUnmarshalBase64(l.LedgerMetadata, &meta); err != nil {
		t.Fatal(err)
	}
	hashes := map[[32]byte]bool{}
	for _, env := range meta.TransactionEnvelopes() {
		hash, err := network.HashTransactionInEnvelope(env, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		hashes[hash] = true
	}
	n := meta.CountTransactions()
	for i := range n {
		if hash := meta.TransactionHash(i); !hashes[hash] {
			t.Errorf("ledger %d: transaction %s is not in its set", l.Sequence, hash.HexString())
		}
		if len(meta.FeeProcessing(i)) != 2 {
			t.Errorf("ledger %d: the fee makes %d changes", l.Sequence, len(meta.FeeProcessing(i)))
		}
		applied := meta.TxApplyProcessing(i)
		if applied.V == 4 && len(applied.V4.Operations) == 0 || applied.V == 3 && len(applied.V3.Operations) == 0 || applied.V < 3 {
			t.Errorf("ledger %d: no changes of operations", l.Sequence)
		}
	}
	return n
}

func TestPagesOfTransactions(t *testing.T) {
	w := open(t, devnet.Config{})
	for range 5 {
		w.account()
	}
	in := protocol.GetTransactionsRequest{StartLedger: 1, Pagination: &protocol.LedgerPaginationOptions{Limit: 2}}
	seen := map[string]bool{}
	for range 3 {
		page, err := w.client.GetTransactions(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Transactions) != 2 || page.LatestLedger != 7 || page.OldestLedger != 1 || page.OldestLedgerCloseTime != 0 {
			t.Errorf("page: %d transactions, %+v", len(page.Transactions), page)
		}
		for _, tx := range page.Transactions {
			if seen[tx.TransactionHash] || tx.Status != "SUCCESS" || tx.LedgerCloseTime == 0 || tx.ApplicationOrder != 1 {
				t.Errorf("transaction: %+v", tx)
			}
			seen[tx.TransactionHash] = true
		}
		in = protocol.GetTransactionsRequest{Pagination: &protocol.LedgerPaginationOptions{Limit: 2, Cursor: page.Cursor}}
	}
	page, err := w.client.GetTransactions(context.Background(), in)
	if err != nil || len(page.Transactions) != 0 {
		t.Errorf("after the last one: %+v %v", page, err)
	}
	stats, err := w.client.GetFeeStats(context.Background())
	if err != nil || stats.InclusionFee.TransactionCount != 6 || stats.InclusionFee.Max != 100 || stats.InclusionFee.P99 != 100 {
		t.Errorf("fees: %+v %v", stats, err)
	}
}

func TestRetention(t *testing.T) {
	w := open(t, devnet.Config{Retention: 3})
	kp := keypair.MustRandom()
	hash, err := w.net.Fund(context.Background(), kp.Address())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.closeLedger()
	}
	health, err := w.client.GetHealth(context.Background())
	if err != nil || health.OldestLedger != 4 || health.LatestLedger != 6 || health.LedgerRetentionWindow != 3 || health.Status != "healthy" {
		t.Errorf("health: %+v %v", health, err)
	}
	if got := w.get(hash); got.Status != "NOT_FOUND" || got.OldestLedger != 4 || w.balance(kp) < 0 {
		t.Errorf("a forgotten transaction: %+v", got)
	}
}

// TestBrowser asks as a page of another origin would.
func TestBrowser(t *testing.T) {
	w := open(t, devnet.Config{})
	for method, status := range map[string]int{http.MethodOptions: http.StatusNoContent, http.MethodGet: http.StatusMethodNotAllowed} {
		req, err := http.NewRequest(method, w.server.URL+"/rpc", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := w.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != status || res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v", method, res.StatusCode, res.Header)
		}
	}
}

// TestHostileRequests sends what no client of good will sends.
func TestHostileRequests(t *testing.T) {
	w := open(t, devnet.Config{})
	deep := strings.Repeat("AAAAAw", 4000) // claim predicates, one inside the other
	call := func(method, params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
	}
	many := `{"keys":["` + strings.Repeat(`AAAA","`, 200) + `AAAA"]}`
	for _, x := range []struct{ body, want string }{
		{``, `-32700`},
		{`{`, `-32700`},
		{`[]`, `-32600`},
		{`7`, `-32600`},
		{`{"id":1,"method":"getHealth"}`, `-32600`},
		{call("getEverything", `{}`), `-32601`},
		{call("getTransaction", `{"hash":7}`), `-32602`},
		{call("getTransaction", `{"hash":"zz"}`), `unexpected hash length`},
		{call("getTransaction", `{"hash":"`+strings.Repeat("z", 64)+`"}`), `incorrect hash`},
		{call("getTransaction", `{"hash":"`+strings.Repeat("0", 64)+`","xdrFormat":"json"}`), `-32602`},
		{call("sendTransaction", `{}`), `invalid_xdr`},
		{call("sendTransaction", `{"transaction":"%%%"}`), `invalid_xdr`},
		{call("sendTransaction", `{"transaction":"`+deep+`"}`), `invalid_xdr`},
		{call("sendTransaction", `[1,2]`), `-32602`},
		{call("getLedgerEntries", `{"keys":["AAAA"]}`), `cannot unmarshal`},
		{call("getLedgerEntries", many), `exceeds maximum`},
		{call("getLedgers", `{"startLedger":99}`), `-32600`},
		{call("getLedgers", `{"startLedger":1,"pagination":{"limit":201}}`), `limit must not exceed`},
		{call("getLedgers", `{"pagination":{"cursor":"-1"}}`), `-32602`},
		{call("getLedgers", `{"pagination":{"cursor":"4294967295"}}`), `-32602`},
		{call("getTransactions", `{"startLedger":4294967295}`), `-32600`},
		{call("getTransactions", `{"pagination":{"cursor":"-5"}}`), `-32602`},
		{call("getTransactions", `{"pagination":{"cursor":"9223372036854775807"}}`), `"transactions":[]`},
		{`[` + call("getHealth", `{}`) + `,` + call("x", `{}`) + `]`, `-32601`},
	} {
		res, err := w.server.Client().Post(w.server.URL+"/rpc", "application/json", strings.NewReader(x.body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), x.want) {
			t.Errorf("%.80s: %d %s", x.body, res.StatusCode, body)
		}
	}
	if w.closeLedger() != 3 {
		t.Error("something was queued")
	}
}
