package devnet_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/restante/restante/services/devnet"
)

// FuzzRequest sends anything to the protocol port, and to a second endpoint that is a fork and lags: the answer is JSON-RPC, and the
// network goes on.
func FuzzRequest(f *testing.F) {
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := n.Close(); err != nil {
			f.Error(err)
		}
	})
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"getHealth"}`,
		`{"jsonrpc":"2.0","id":"a","method":"getLedgers","params":{"startLedger":1,"pagination":{"limit":3}}}`,
		`{"jsonrpc":"2.0","id":null,"method":"getTransactions","params":{"pagination":{"cursor":"8589938689","limit":1}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getLedgerEntries","params":{"keys":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="]}}`,
		`{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":{"transaction":"AAAAAgAAAAA="}}`,
		`[{"jsonrpc":"2.0","id":1,"method":"getNetwork"},{"jsonrpc":"2.0","method":"getFeeStats"}]`,
		`{"jsonrpc":"2.0","id":1,"method":"getTransaction","params":{"hash":"00"}}`,
	} {
		f.Add([]byte(seed))
	}
	if err := n.SetFaults(devnet.Faults{SecondFork: true, SecondLag: 2}); err != nil {
		f.Fatal(err)
	}
	for range 4 {
		if _, err := n.CloseLedger(); err != nil {
			f.Fatal(err)
		}
	}
	h := n.Handler()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{"/", "/second"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body)))
			checkAnswer(t, body, w)
		}
	})
}

func checkAnswer(t *testing.T, body []byte, w *httptest.ResponseRecorder) {
	t.Helper()
	switch w.Code {
	case http.StatusOK:
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("no JSON: %s", w.Body)
		}
		if bytes.Contains(w.Body.Bytes(), []byte("-32603")) && !bytes.Contains(body, []byte("-32603")) {
			t.Errorf("an internal error: %s", w.Body)
		}
	case http.StatusNoContent, http.StatusRequestEntityTooLarge:
	default:
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// FuzzControl sends anything to the control port, but for closing ledgers by the thousand: done, or refused as a problem, and the next
// ledger closes.
func FuzzControl(f *testing.F) {
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := n.Close(); err != nil {
			f.Error(err)
		}
	})
	paths := []string{"/faults", "/clock", "/freeze", "/reset", "/nothing"}
	for at, seed := range []string{`{"seed":1,"drop":0.5,"surge":200,"second_fork":true,"lag":2}`, `{"add_seconds":3153600000}`,
		`{"freeze":["` + n.Root().Address() + `"],"thaw":["AAAAAAAAAAA="]}`, ``, `{}`} {
		f.Add(uint8(at), []byte(seed))
	}
	h := n.Control()
	f.Fuzz(func(t *testing.T, at uint8, body []byte) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, paths[int(at)%len(paths)], bytes.NewReader(body)))
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if _, err := n.CloseLedger(); err != nil {
			t.Fatal(err)
		}
	})
}
