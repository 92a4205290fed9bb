package horizon

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/restante/restante/relay/stellar/access"
)

// Whatever a server writes, reading it ends in a value that holds, or in an error.
func FuzzAnswers(f *testing.F) {
	f.Add(`{"account_id":"G","sequence":"1","balances":[{"balance":"1.0000000","asset_type":"native"}]}`)
	f.Add(`{"account_id":"G","balances":[{"balance":"1.0000000","limit":"2.0000000","buying_liabilities":"0.0000000","selling_liabilities":"0.0000000",` +
		`"asset_type":"credit_alphanum4","asset_code":"USD","asset_issuer":"GA366AI3DR2QEGQ633IROK6JD23FGQ7DDWXMW27XPQRZREYXXTYYZWLI","is_authorized":true}]}`)
	f.Add(`{"hash":"00","envelope_xdr":"AAAA","result_xdr":"AAAA","header_xdr":"AAAA","sequence":3}`)
	f.Fuzz(func(t *testing.T, text string) {
		var account accountBody
		if json.Unmarshal([]byte(text), &account) == nil {
			if a, err := account.read(); err == nil && (a.Balance < 0 || a.Selling < 0 || a.Buying < 0 || a.Sequence < 0) {
				t.Errorf("%+v", a)
			}
			lines, _ := account.readLines()
			for asset, l := range lines {
				if l.Asset != asset || l.Balance < 0 || l.Balance > l.Limit || l.Selling < 0 || l.Buying < 0 {
					t.Errorf("%+v", l)
				}
			}
		}
		var tx txBody
		if json.Unmarshal([]byte(text), &tx) == nil {
			if l, err := tx.read("p"); err == nil && (!access.IsHash(l.Inner) || !access.IsHash(l.Outer) || l.Ledger == 0) {
				t.Errorf("%+v", l)
			}
		}
		var ledger ledgerBody
		if json.Unmarshal([]byte(text), &ledger) == nil {
			if h, err := ledger.read(); err == nil && (!access.IsHash(h.Hash) || !access.IsHash(h.Previous)) {
				t.Errorf("%+v", h)
			}
		}
		_ = reply{status: 404, body: []byte(text)}.refusal("x")
		if a := (reply{status: 400, body: []byte(text)}).async("00"); a.Word == "" {
			t.Errorf("%+v", a)
		}
		if a := (reply{status: 200, body: []byte(text)}).sync("00", "p"); a.Word == "" {
			t.Errorf("%+v", a)
		}
	})
}

func FuzzStroops(f *testing.F) {
	f.Add("922337203685.4775807")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := stroops(text)
		if err != nil {
			return
		}
		digits := strings.TrimLeft(strings.Replace(text, ".", "", 1), "0")
		if back, _ := json.Marshal(n); n < 0 || n > 0 && string(back) != digits {
			t.Errorf("%q read as %d", text, n)
		}
	})
}
