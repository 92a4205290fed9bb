package devnet_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/restante/restante/services/devnet"
)

// FuzzRequest sends anything to the protocol port: the answer is JSON-RPC, and the network goes on.
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
	h := n.Handler()
	f.Fuzz(func(t *testing.T, body []byte) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)))
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
	})
}
