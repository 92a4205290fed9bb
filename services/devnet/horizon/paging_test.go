package horizon_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/clients/horizonclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// walk follows next links until a page is empty, and returns the paging tokens.
func (w *fixture) walk(path string) (tokens []string, previous string) {
	w.Helper()
	for range 100 {
		status, body := w.get(path)
		if status == 410 { // beyond the oldest ledger, downwards
			return tokens, previous
		}
		var page struct {
			Links struct {
				Next, Prev, Self struct{ Href string }
			} `json:"_links"`
			Embedded struct {
				Records []struct {
					PT string `json:"paging_token"`
				}
			} `json:"_embedded"`
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 {
			w.Fatalf("%s: %d %s", path, status, body)
		}
		if len(page.Embedded.Records) == 0 {
			return tokens, previous
		}
		for _, r := range page.Embedded.Records {
			tokens = append(tokens, r.PT)
		}
		base := w.server.URL + "/horizon"
		if !strings.HasPrefix(page.Links.Next.Href, base+"/") || !strings.HasPrefix(page.Links.Self.Href, base+"/") {
			w.Fatalf("links of %s: %+v", path, page.Links)
		}
		path, previous = strings.TrimPrefix(page.Links.Next.Href, base), strings.TrimPrefix(page.Links.Prev.Href, base)
	}
	w.Fatal("the pages never end")
	return nil, ""
}

// TestPages: in both orders every list has each record once, and the way back leads over the same records.
func TestPages(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, bob := w.account(), w.account()
	for range 7 {
		w.do([]txnbuild.Operation{pay(bob.Address(), "1"), &txnbuild.BumpSequence{BumpTo: 0}}, ana)
	}
	last := w.do([]txnbuild.Operation{pay(bob.Address(), "1"), pay(bob.Address(), "1"), pay(bob.Address(), "1")}, ana)
	for path, want := range map[string]int{
		"/accounts/" + ana.Address() + "/transactions": 9,
		"/accounts/" + bob.Address() + "/transactions": 9,
		"/accounts/" + ana.Address() + "/operations":   18,
		"/accounts/" + bob.Address() + "/operations":   11,
		"/accounts/" + bob.Address() + "/payments":     11,
		"/transactions": 11, // friendbot's own funding too
		"/operations":   20,
		"/payments":     13,
		"/transactions/" + last.Hash + "/operations":         3,
		"/transactions/" + last.Hash + "/payments":           3,
		fmt.Sprintf("/ledgers/%d/transactions", last.Ledger): 1,
		fmt.Sprintf("/ledgers/%d/operations", last.Ledger):   3,
	} {
		forth, back := w.walk(path + "?limit=2")
		if len(forth) != want || !slices.IsSortedFunc(forth, compareTokens) || len(slices.Compact(slices.Clone(forth))) != want {
			t.Errorf("%s: %v, want %d", path, forth, want)
		}
		descending, _ := w.walk(path + "?limit=2&order=desc")
		slices.Reverse(descending)
		if !slices.Equal(forth, descending) {
			t.Errorf("%s, descending: %v, want %v", path, descending, forth)
		}
		before, _ := w.walk(back)
		if lastPage := 2 - want%2; len(before) != want-lastPage {
			t.Errorf("%s, back: %d of %d", path, len(before), want-lastPage)
		}
	}
}

// compareTokens orders numbers in decimal.
func compareTokens(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func TestLedgers(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	w.account()
	for range 6 {
		if _, err := w.net.CloseLedger(); err != nil {
			t.Fatal(err)
		}
	}
	forth, _ := w.walk("/ledgers?limit=4")
	back, _ := w.walk("/ledgers?limit=4&order=desc")
	slices.Reverse(back)
	if len(forth) != 9 || !slices.Equal(forth, back) {
		t.Errorf("ledgers: %v and %v", forth, back)
	}
	three, err := w.client.LedgerDetail(3)
	if err != nil || three.Sequence != 3 || three.SuccessfulTransactionCount != 1 || three.OperationCount != 1 || three.BaseFee != 100 {
		t.Errorf("ledger 3: %+v %v", three, err)
	}
	four, err := w.client.LedgerDetail(4)
	if err != nil || four.PrevHash != three.Hash || !four.ClosedAt.After(three.ClosedAt) {
		t.Errorf("ledger 4: %+v %v", four, err)
	}
	root, err := w.client.Root()
	if err != nil || root.NetworkPassphrase != passphrase || root.HorizonSequence != 9 || root.HistoryElderSequence != 1 || root.Links.Friendbot == nil {
		t.Errorf("root: %+v %v", root, err)
	}
	fees, err := w.client.FeeStats()
	if err != nil || fees.LastLedger != 9 || fees.LastLedgerBaseFee != 100 || fees.FeeCharged.P99 != 100 || fees.MaxFee.Max != 100 {
		t.Errorf("fees: %+v %v", fees, err)
	}
}

// TestRetention: what fell out of the retention is gone, and a client is told so.
func TestRetention(t *testing.T) {
	w := open(t, devnet.Config{Retention: 3}, horizon.Config{})
	ana := w.account()
	for range 6 {
		if _, err := w.net.CloseLedger(); err != nil {
			t.Fatal(err)
		}
	}
	if page, err := w.client.Transactions(horizonclient.TransactionRequest{ForAccount: ana.Address()}); err != nil || len(page.Embedded.Records) != 0 {
		t.Errorf("transactions: %+v %v", page.Embedded.Records, err)
	}
	for path, want := range map[string]int{"/ledgers/3": 410, "/ledgers/7": 200, "/ledgers/99": 404,
		"/operations?order=desc&cursor=12884905985": 410, "/operations?cursor=12884905985": 200, "/operations/12884905985": 410} {
		if status, body := w.get(path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestProblems(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	ana, absent := w.account().Address(), keypair.MustRandom().Address()
	zeros := strings.Repeat("0", 64)
	for path, want := range map[string]string{
		"/nothing":  "404 not_found ",
		"/effects":  "404 not_found ",
		"/accounts": "400 invalid_accounts_params ",
		"/accounts?signer=" + ana + "&sponsor=" + ana: "400 invalid_accounts_params ",
		"/accounts?asset=native":                      "400 bad_request asset",
		"/accounts?asset=X:Y":                         "400 bad_request asset",
		"/accounts?signer=x":                          "400 bad_request signer",
		"/accounts/" + absent:                         "404 not_found ",
		"/accounts/absent":                            "400 bad_request account_id",
		"/accounts/" + ana + "/data/x":                "404 not_found ",
		"/accounts/" + absent + "/transactions":       "404 not_found ",
		"/transactions/" + zeros:                      "404 not_found ",
		"/transactions/xyz":                           "400 bad_request tx_id",
		"/transactions/" + zeros + "/operations":      "404 not_found ",
		"/transactions?cursor=x":                      "400 bad_request cursor",
		"/transactions?cursor=-1":                     "400 bad_request cursor",
		"/transactions?limit=0":                       "400 bad_request limit",
		"/transactions?limit=201":                     "400 bad_request limit",
		"/transactions?limit=x":                       "400 bad_request limit",
		"/transactions?order=up":                      "400 bad_request order",
		"/transactions?include_failed=maybe":          "400 bad_request include_failed",
		"/operations?join=effects":                    "400 bad_request join",
		"/operations?order=desc&cursor=1":             "410 before_history ",
		"/operations/7":                               "410 before_history ",
		"/operations/12884905987":                     "404 not_found ",
		"/ledgers/0":                                  "400 bad_request ledger_id",
		"/ledgers/x":                                  "400 bad_request ledger_id",
		"/ledgers/99":                                 "404 not_found ",
		"/claimable_balances/xyz":                     "400 bad_request id",
		"/claimable_balances/00000000" + zeros:        "404 not_found ",
		"/claimable_balances?cursor=x":                "400 bad_request cursor",
		"/claimable_balances?claimant=x":              "400 bad_request claimant",
		"/friendbot?addr=x":                           "400 bad_request addr",
		"/friendbot?addr=" + ana:                      "400 bad_request ",
	} {
		status, body := w.get(path)
		var p struct {
			Type, Title string
			Status      int
			Extras      struct {
				Field string `json:"invalid_field"`
			}
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatalf("%s: %s", path, body)
		}
		if got := fmt.Sprintf("%d %s %s", p.Status, p.Type[strings.LastIndex(p.Type, "/")+1:], p.Extras.Field); got != want || status != p.Status || p.Title == "" {
			t.Errorf("%s: %d %q, want %q", path, status, got, want)
		}
	}
}
