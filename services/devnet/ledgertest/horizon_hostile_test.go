package ledgertest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/horizon"
	"github.com/restante/restante/services/devnet"
)

func wantKind(t *testing.T, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: want %v, got %v", what, kind, err)
	}
	for _, other := range []error{access.ErrTransient, access.ErrRefused, access.ErrNonsense, access.ErrGap, access.ErrWrongNetwork} {
		if other != kind && errors.Is(err, other) {
			t.Errorf("%s: %v is also %v", what, err, other)
		}
	}
}

type object = map[string]any

// liar is a Horizon that changes its answers, once a test says how.
type liar struct {
	*Truth
	client *horizon.Client
	port   *access.Port
	lie    func(path string, body object, h http.Header)
}

func lying(t *testing.T) *liar {
	l := &liar{}
	l.Truth = Open(t, func(n *devnet.Network) http.Handler {
		honest := serve(n)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			honest.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			var body object
			d := json.NewDecoder(rec.Body)
			d.UseNumber()
			if err := d.Decode(&body); err != nil {
				t.Errorf("%s: %v", r.URL.Path, err)
			}
			if l.lie != nil {
				l.lie(r.URL.Path, body, w.Header())
			}
			w.WriteHeader(rec.Code)
			_ = json.NewEncoder(w).Encode(body)
		})
	})
	l.client, l.port = dial(t, l.URL)
	return l
}

func records(body object) []any { return body["_embedded"].(object)["records"].([]any) }

func setRecords(body object, r []any) { body["_embedded"].(object)["records"] = r }

func TestAccountsBelieveLittle(t *testing.T) {
	l := lying(t)
	id := relaytest.LedgerAccount("sender")
	l.Fund(t, id)
	if s, err := l.client.Snapshot(t.Context(), []string{id}, nil); err != nil || s.Accounts[id].Balance != 100_000_000_000 {
		t.Fatalf("%+v %v", s, err)
	}
	native := func(body object) object { return body["balances"].([]any)[0].(object) }
	signer := func(body object) object { return body["signers"].([]any)[0].(object) }
	for name, lie := range map[string]func(body object, h http.Header){
		"another's":            func(b object, _ http.Header) { b["account_id"] = relaytest.LedgerAccount("channel") },
		"no ledger":            func(_ object, h http.Header) { h.Del("Latest-Ledger") },
		"ledger 0":             func(_ object, h http.Header) { h.Set("Latest-Ledger", "0") },
		"ledger as text":       func(_ object, h http.Header) { h.Set("Latest-Ledger", "newest") },
		"changed later":        func(b object, _ http.Header) { b["last_modified_ledger"] = 1000 },
		"number below 0":       func(b object, _ http.Header) { b["sequence"] = "-1" },
		"number as number":     func(b object, _ http.Header) { b["sequence"] = 7 },
		"no number":            func(b object, _ http.Header) { b["sequence"] = "" },
		"time of number":       func(b object, _ http.Header) { b["sequence_time"] = "noon" },
		"no thresholds":        func(b object, _ http.Header) { delete(b, "thresholds") },
		"threshold too high":   func(b object, _ http.Header) { b["thresholds"].(object)["low_threshold"] = 256 },
		"entries below 0":      func(b object, _ http.Header) { b["subentry_count"] = -1 },
		"no lumens":            func(b object, _ http.Header) { b["balances"] = []any{} },
		"lumens twice":         func(b object, _ http.Header) { b["balances"] = []any{native(b), native(b)} },
		"short amount":         func(b object, _ http.Header) { native(b)["balance"] = "1.5" },
		"amount below 0":       func(b object, _ http.Header) { native(b)["balance"] = "-1.0000000" },
		"amount with exponent": func(b object, _ http.Header) { native(b)["balance"] = "1e9.0000000" },
		"amount too large":     func(b object, _ http.Header) { native(b)["balance"] = "922337203685.4775808" },
		"no liabilities":       func(b object, _ http.Header) { delete(native(b), "selling_liabilities") },
		"no own key":           func(b object, _ http.Header) { b["signers"] = []any{} },
		"own key twice":        func(b object, _ http.Header) { b["signers"] = []any{signer(b), signer(b)} },
		"own key too heavy":    func(b object, _ http.Header) { signer(b)["weight"] = 256 },
		"data not base64":      func(b object, _ http.Header) { b["data"] = object{"config.memo_required": "1"} },
	} {
		l.lie = func(path string, body object, h http.Header) {
			if strings.HasPrefix(path, "/accounts/") {
				lie(body, h)
			}
		}
		_, _, err := l.client.Account(t.Context(), id)
		wantKind(t, name, err, access.ErrNonsense)
		if _, err := l.port.Sequence(t.Context(), id); relay.KindOf(err) != relay.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A balance that is not as a Horizon writes it spoils the whole account, whichever balance was asked for.
func TestBalancesBelieveLittle(t *testing.T) {
	l := lying(t)
	id := relaytest.LedgerAccount("sender")
	l.Fund(t, id)
	asset := "USD:" + relaytest.LedgerAccount("issuer")
	honest := func() object {
		return object{"balance": "1.0000000", "limit": "2.0000000", "buying_liabilities": "0.5000000", "selling_liabilities": "0.2500000",
			"asset_type": "credit_alphanum4", "asset_code": "USD", "asset_issuer": relaytest.LedgerAccount("issuer"), "is_authorized": false,
			"is_authorized_to_maintain_liabilities": true, "is_clawback_enabled": true, "sponsor": relaytest.LedgerAccount("sponsor"),
			"last_modified_ledger": 2}
	}
	says := func(also ...any) {
		l.lie = func(path string, body object, _ http.Header) {
			if strings.HasPrefix(path, "/accounts/") {
				body["balances"] = append(also, body["balances"].([]any)...)
			}
		}
	}
	lines := []stellar.LineID{{Account: id, Asset: asset}, {Account: id, Asset: "EUR:" + relaytest.LedgerAccount("issuer")}}
	says(honest(), object{"asset_type": "liquidity_pool_shares", "balance": "1.0000000", "liquidity_pool_id": "00"})
	s, err := l.client.Snapshot(t.Context(), []string{id}, lines)
	want := stellar.Trustline{Account: id, Asset: asset, Balance: 1_0000000, Limit: 2_0000000, Buying: 5_000_000, Selling: 2_500_000, Flags: 2 | 4,
		Sponsor: relaytest.LedgerAccount("sponsor")}
	if err != nil || s.Lines[lines[0]] == nil || *s.Lines[lines[0]] != want {
		t.Fatalf("%+v %v", s.Lines[lines[0]], err)
	}
	if l, asked := s.Lines[lines[1]]; !asked || l != nil {
		t.Errorf("a trustline that is not there: %+v", l)
	}
	for name, lie := range map[string]func(b object){
		"no authorisation":    func(b object) { delete(b, "is_authorized") },
		"authorised as text":  func(b object) { b["is_authorized"] = "true" },
		"no limit":            func(b object) { delete(b, "limit") },
		"limit below 0":       func(b object) { b["limit"] = "-2.0000000" },
		"above its limit":     func(b object) { b["limit"] = "0.9999999" },
		"short amount":        func(b object) { b["balance"] = "1.5" },
		"no liabilities":      func(b object) { delete(b, "buying_liabilities") },
		"no code":             func(b object) { delete(b, "asset_code") },
		"code of another":     func(b object) { b["asset_code"] = "LONGER" },
		"short code in long":  func(b object) { b["asset_type"] = "credit_alphanum12" },
		"code with a space":   func(b object) { b["asset_code"] = "U D" },
		"no issuer":           func(b object) { delete(b, "asset_issuer") },
		"issuer's checksum":   func(b object) { b["asset_issuer"] = strings.Repeat("A", 56) },
		"of an unknown kind":  func(b object) { b["asset_type"] = "credit_alphanum32" },
		"of no kind":          func(b object) { delete(b, "asset_type") },
		"clawback as a count": func(b object) { b["is_clawback_enabled"] = 1 },
	} {
		b := honest()
		lie(b)
		says(b)
		_, err := l.client.Snapshot(t.Context(), []string{id}, nil)
		wantKind(t, name, err, access.ErrNonsense)
	}
	says(honest(), honest())
	_, err = l.client.Snapshot(t.Context(), []string{id}, lines)
	wantKind(t, "twice", err, access.ErrNonsense)
	l.lie = nil
	for _, bad := range []stellar.LineID{{Account: relaytest.LedgerAccount("sponsor"), Asset: asset}, {Account: id, Asset: "USD"}, {Account: id, Asset: relay.Native + ":"}} {
		_, err := l.client.Snapshot(t.Context(), []string{id}, []stellar.LineID{bad})
		wantKind(t, bad.Asset, err, access.ErrRefused)
	}
}

// Accounts that were read after different ledgers are read again, and given up in the end.
func TestTornAccounts(t *testing.T) {
	l := lying(t)
	ids := []string{relaytest.LedgerAccount("sender"), relaytest.LedgerAccount("sponsor"), relaytest.LedgerAccount("absent")}
	l.Fund(t, ids[0])
	l.Fund(t, ids[1])
	asked := 0
	l.lie = func(path string, _ object, _ http.Header) {
		if strings.HasPrefix(path, "/accounts/") {
			if asked++; asked == 2 {
				l.Close(t)
			}
		}
	}
	s, err := l.client.Snapshot(t.Context(), ids, nil)
	head, herr := l.port.Head(t.Context())
	if err != nil || herr != nil || s.Ledger != head.Sequence || s.CloseTime != head.CloseTime || s.BaseReserve != 5_000_000 || asked != 5 {
		t.Errorf("%+v after %d questions, %v, head %+v", s, asked, err, head)
	}
	l.lie = func(path string, _ object, _ http.Header) {
		if strings.HasPrefix(path, "/accounts/") {
			l.Close(t)
		}
	}
	_, err = l.client.Snapshot(t.Context(), ids, nil)
	wantKind(t, "always torn", err, access.ErrTransient)
}

// pays is n payments of 1 stroop, each of another account.
func pays(t *testing.T, l *liar, n int) []string {
	t.Helper()
	var out []string
	for range n {
		kp := keypair.MustRandom()
		l.Fund(t, kp.Address())
		seq, err := l.port.Sequence(t.Context(), kp.Address())
		if err != nil {
			t.Fatal(err)
		}
		tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
			SourceAccount: &txnbuild.SimpleAccount{AccountID: kp.Address(), Sequence: seq + 1}, BaseFee: 100,
			Operations:    []txnbuild.Operation{&txnbuild.Payment{Destination: kp.Address(), Amount: "0.0000001", Asset: txnbuild.NativeAsset{}}},
			Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if tx, err = tx.Sign(Passphrase, kp); err != nil {
			t.Fatal(err)
		}
		text, err := tx.Base64()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	return out
}

func TestLedgersBelieveLittle(t *testing.T) {
	l := lying(t)
	at := l.CloseWith(t, pays(t, l, 3)...)
	good, err := l.client.Closed(t.Context(), at)
	if err != nil || len(good.Txs) != 3 {
		t.Fatalf("%+v %v", good, err)
	}
	first := func(b object) object { return records(b)[0].(object) }
	second := func(b object) object { return records(b)[1].(object) }
	for name, lie := range map[string]struct{ ledger, list func(object) }{
		"another's hash":      {ledger: func(b object) { b["hash"] = strings.Repeat("0", 64) }},
		"another's number":    {ledger: func(b object) { b["sequence"] = at - 1 }},
		"no header":           {ledger: func(b object) { b["header_xdr"] = "" }},
		"header of nothing":   {ledger: func(b object) { b["header_xdr"] = "AAAA" }},
		"one too few counted": {ledger: func(b object) { b["successful_transaction_count"] = 2 }},
		"one left out":        {list: func(b object) { setRecords(b, records(b)[:2]) }},
		"first left out":      {list: func(b object) { setRecords(b, records(b)[1:]) }},
		"all left out":        {list: func(b object) { setRecords(b, nil) }},
		"one twice":           {list: func(b object) { setRecords(b, append(records(b), first(b))) }},
		"backwards": {list: func(b object) {
			r := records(b)
			setRecords(b, []any{r[2], r[1], r[0]})
		}},
		"swapped": {list: func(b object) {
			a, c := first(b), second(b)
			a["paging_token"], c["paging_token"] = c["paging_token"], a["paging_token"]
			setRecords(b, []any{c, a, records(b)[2]})
		}},
		"of another ledger": {list: func(b object) { first(b)["ledger"] = at - 1 }},
		"at another time":   {list: func(b object) { first(b)["created_at"] = "2020-01-01T00:00:00Z" }},
		"without a place":   {list: func(b object) { first(b)["paging_token"] = "" }},
		"failed":            {list: func(b object) { first(b)["successful"] = false }},
		"another's result": {list: func(b object) {
			first(b)["result_xdr"] = strings.Replace(first(b)["result_xdr"].(string), "AAAAAAAAAGQ", "AAAAAAAAAGU", 1)
		}},
		"another's hash in":  {list: func(b object) { first(b)["hash"] = second(b)["hash"] }},
		"another's envelope": {list: func(b object) { first(b)["envelope_xdr"] = second(b)["envelope_xdr"] }},
		"no envelope":        {list: func(b object) { first(b)["envelope_xdr"] = "" }},
	} {
		l.lie = func(path string, body object, _ http.Header) {
			switch list := strings.HasSuffix(path, "/transactions"); {
			case list && lie.list != nil:
				lie.list(body)
			case !list && strings.HasPrefix(path, "/ledgers/") && lie.ledger != nil:
				lie.ledger(body)
			}
		}
		got, err := l.client.Closed(t.Context(), at)
		wantKind(t, name, err, access.ErrNonsense)
		if page, err := l.port.Page(t.Context(), at); got != nil || page != nil || relay.KindOf(err) != relay.Unavailable {
			t.Errorf("%s: %+v %+v %v", name, got, page, err)
		}
	}
	// A hole in what the server has taken in is not the end of the ledger.
	l.lie = func(path string, body object, _ http.Header) {
		if path == "/" {
			body["history_latest_ledger"] = at + 5
		}
	}
	_, err = l.client.Closed(t.Context(), at+2)
	wantKind(t, "hole", err, access.ErrTransient)
}

func TestTransactionsBelieveLittle(t *testing.T) {
	l := lying(t)
	all := pays(t, l, 2)
	at := l.CloseWith(t, all...)
	good, err := l.client.Closed(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	hash := good.Txs[0].Inner
	for name, lie := range map[string]func(object){
		"another's":          func(b object) { b["hash"], b["envelope_xdr"] = good.Txs[1].Outer, good.Txs[1].EnvelopeXDR },
		"another's envelope": func(b object) { b["envelope_xdr"] = good.Txs[1].EnvelopeXDR },
		"failed":             func(b object) { b["successful"] = false },
		"no result":          func(b object) { delete(b, "result_xdr") },
		"no ledger":          func(b object) { delete(b, "ledger") },
		"no time":            func(b object) { delete(b, "created_at") },
	} {
		l.lie = func(path string, body object, _ http.Header) {
			if strings.HasPrefix(path, "/transactions/") {
				lie(body)
			}
		}
		_, err := l.client.Transaction(t.Context(), hash)
		wantKind(t, name, err, access.ErrNonsense)
		if s, err := l.port.Sight(t.Context(), hash); s != nil || relay.KindOf(err) != relay.Unavailable {
			t.Errorf("%s: %+v %v", name, s, err)
		}
	}
	_, err = l.client.Transaction(t.Context(), "../root")
	wantKind(t, "no hash", err, access.ErrRefused)
}

func TestRootsAndFeesBelieveLittle(t *testing.T) {
	l := lying(t)
	for name, lie := range map[string]func(object){
		"no network": func(b object) { delete(b, "network_passphrase") },
		"inside out": func(b object) { b["history_elder_ledger"] = 1_000_000 },
		"no time":    func(b object) { delete(b, "history_latest_ledger_closed_at") },
		"below 0":    func(b object) { b["history_latest_ledger"] = -1 },
	} {
		l.lie = func(_ string, body object, _ http.Header) { lie(body) }
		_, err := l.client.Range(t.Context())
		wantKind(t, name, err, access.ErrNonsense)
	}
	l.lie = func(_ string, body object, _ http.Header) { delete(body, "history_latest_ledger") }
	_, err := l.client.Range(t.Context())
	wantKind(t, "still taking in", err, access.ErrTransient)
	for name, value := range map[string]any{"number": 100, "below 0": "-100", "text": "much"} {
		l.lie = func(_ string, body object, _ http.Header) { body["fee_charged"].(object)["p90"] = value }
		_, err := l.client.FeeStats(t.Context())
		wantKind(t, name, err, access.ErrNonsense)
	}
}
