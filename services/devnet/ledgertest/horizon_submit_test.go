package ledgertest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// A server that only knows how to wait is asked to wait, from then on.
func TestSubmissionToAnOldServer(t *testing.T) {
	envelope := pays(t, lying(t), 1)[0]
	_, outer, err := stellar.Hashes(envelope, Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	c, answer := answering(t, 0)
	var asked []string
	var status int
	var body any
	*answer = func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		out, code := body, status
		if r.Method != http.MethodPost || r.FormValue("tx") != envelope {
			t.Errorf("%s %s: %q", r.Method, r.URL, r.FormValue("tx"))
		}
		if r.URL.Path == "/transactions_async" {
			out, code = object{"type": "https://stellar.org/horizon-errors/not_found", "status": 404}, 404
		}
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(out)
	}
	problem := func(kind string, code int, extras object) object {
		return object{"type": "https://stellar.org/horizon-errors/" + kind, "status": code, "extras": extras}
	}
	landed := object{"hash": outer, "ledger": 7, "created_at": "2026-01-01T00:00:00Z", "successful": true, "envelope_xdr": envelope,
		"result_xdr": result(t, xdr.TransactionResultCodeTxSuccess)}
	for name, tc := range map[string]struct {
		status int
		body   any
		want   relay.Answer
	}{
		"landed":    {200, landed, relay.Answer{Word: access.Accepted}},
		"another":   {200, object{"hash": outer}, relay.Answer{Word: access.Unknown}},
		"failed":    {400, problem("transaction_failed", 400, object{"result_xdr": result(t, xdr.TransactionResultCodeTxBadSeq)}), relay.Answer{Word: access.Refused, Code: "tx_bad_seq"}},
		"poor":      {400, problem("transaction_failed", 400, object{"result_xdr": result(t, xdr.TransactionResultCodeTxInsufficientFee)}), relay.Answer{Word: access.Refused, Code: "tx_insufficient_fee", Later: true}},
		"unsaid":    {400, problem("transaction_failed", 400, nil), relay.Answer{Word: access.Refused}},
		"malformed": {400, problem("transaction_malformed", 400, nil), relay.Answer{Word: access.Refused, Code: "malformed"}},
		"disabled":  {403, problem("transaction_submission_disabled", 403, nil), relay.Answer{Word: access.Refused}},
		"timeout":   {504, problem("timeout", 504, nil), relay.Answer{Word: access.Unknown}},
		"stale":     {503, problem("stale_history", 503, nil), relay.Answer{Word: access.Unknown, Later: true}},
		"limited":   {429, problem("rate_limit_exceeded", 429, nil), relay.Answer{Word: access.Unknown, Later: true}},
	} {
		status, body = tc.status, tc.body
		got := c.Submit(t.Context(), envelope)
		if got.Word != tc.want.Word || got.Code != tc.want.Code || got.Later != tc.want.Later {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
	if len(asked) != 11 || asked[0] != "/transactions_async" || asked[1] != "/transactions" || asked[2] != "/transactions" {
		t.Errorf("asked %v", asked)
	}
}

func TestAnswersAboutAnotherTransaction(t *testing.T) {
	envelope := pays(t, lying(t), 1)[0]
	c, answer := answering(t, 0)
	for _, body := range []string{`{"tx_status":"PENDING","hash":"00"}`, `{"tx_status":"FINE"}`, `{"tx_status":"ERROR","hash":"00"}`} {
		*answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
		if got := c.Submit(t.Context(), envelope); got.Word != access.Unknown {
			t.Errorf("%s: %+v", body, got)
		}
	}
	// A 404 of something in between does not make the server an old one.
	*answer = func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
	c.Submit(t.Context(), envelope)
	var path string
	*answer = func(_ http.ResponseWriter, r *http.Request) { path = r.URL.Path }
	if c.Submit(t.Context(), envelope); path != "/transactions_async" {
		t.Errorf("asked %s", path)
	}
}

func result(t *testing.T, code xdr.TransactionResultCode) string {
	t.Helper()
	r := xdr.TransactionResult{FeeCharged: 100, Result: xdr.TransactionResultResult{Code: code}}
	if code == xdr.TransactionResultCodeTxSuccess {
		r.Result.Results = &[]xdr.OperationResult{}
	}
	text, err := xdr.MarshalBase64(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
