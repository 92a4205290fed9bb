// Package bareledger reads a Stellar ledger over RPC and imports nothing of ours: what it says of a balance is evidence
// about us, not from us. The demonstration and the fault tests account for the money with it.
package bareledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Account is what a ledger says of one account; Balance is stroops.
type Account struct {
	Exists        bool
	Balance       int64
	Sequence      int64
	NumSponsoring uint32
}

// Reader asks one RPC server.
type Reader struct{ URL string }

// Account reads one account.
func (r Reader) Account(ctx context.Context, address string) (Account, error) {
	id, err := accountID(address)
	if err != nil {
		return Account{}, err
	}
	data, ok, err := r.entry(ctx, xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: id}})
	if err != nil || !ok {
		return Account{}, err
	}
	a := data.MustAccount()
	return Account{Exists: true, Balance: int64(a.Balance), Sequence: int64(a.SeqNum), NumSponsoring: uint32(a.NumSponsoring())}, nil
}

// Line is what an account holds of an asset, CODE:ISSUER with a code of 1 to 4, in stroops; false when it has no trustline.
func (r Reader) Line(ctx context.Context, address, asset string) (balance int64, exists bool, err error) {
	id, err := accountID(address)
	if err != nil {
		return 0, false, err
	}
	code, issuer, _ := strings.Cut(asset, ":")
	by, err := accountID(issuer)
	if err != nil {
		return 0, false, err
	}
	of := xdr.TrustLineAsset{Type: xdr.AssetTypeAssetTypeCreditAlphanum4, AlphaNum4: &xdr.AlphaNum4{Issuer: by}}
	if len(code) == 0 || copy(of.AlphaNum4.AssetCode[:], code) != len(code) {
		return 0, false, fmt.Errorf("asset code %q", code)
	}
	data, ok, err := r.entry(ctx, xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: id, Asset: of}})
	if err != nil || !ok {
		return 0, false, err
	}
	return int64(data.MustTrustLine().Balance), true, nil
}

func accountID(address string) (xdr.AccountId, error) {
	raw, err := strkey.Decode(strkey.VersionByteAccountID, address)
	if err != nil {
		return xdr.AccountId{}, err
	}
	var key xdr.Uint256
	copy(key[:], raw)
	return xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &key}, nil
}

// entry reads one entry; false when it is not there.
func (r Reader) entry(ctx context.Context, key xdr.LedgerKey) (data xdr.LedgerEntryData, ok bool, err error) {
	ask, err := xdr.MarshalBase64(key)
	if err != nil {
		return data, false, err
	}
	var answer struct {
		Entries []struct{ XDR string }
	}
	if err := r.Call(ctx, "getLedgerEntries", map[string]any{"keys": []string{ask}}, &answer); err != nil || len(answer.Entries) == 0 {
		return data, false, err
	}
	return data, true, xdr.SafeUnmarshalBase64(answer.Entries[0].XDR, &data)
}

// Latest is the newest ledger's number.
func (r Reader) Latest(ctx context.Context) (uint32, error) {
	var answer struct{ Sequence uint32 }
	err := r.Call(ctx, "getLatestLedger", nil, &answer)
	return answer.Sequence, err
}

// Lookup is what became of a transaction: "SUCCESS", "FAILED" or "NOT_FOUND", and its ledger.
func (r Reader) Lookup(ctx context.Context, hash string) (status string, ledger uint32, err error) {
	var answer struct {
		Status string
		Ledger uint32
	}
	err = r.Call(ctx, "getTransaction", map[string]any{"hash": hash}, &answer)
	return answer.Status, answer.Ledger, err
}

// Fee is what the network took for a transaction that is in a ledger, in stroops.
func (r Reader) Fee(ctx context.Context, hash string) (int64, error) {
	var answer struct{ Status, ResultXDR string }
	if err := r.Call(ctx, "getTransaction", map[string]any{"hash": hash}, &answer); err != nil {
		return 0, err
	}
	if answer.ResultXDR == "" {
		return 0, fmt.Errorf("transaction %s is %s", hash, answer.Status)
	}
	var result xdr.TransactionResult
	err := xdr.SafeUnmarshalBase64(answer.ResultXDR, &result)
	return int64(result.FeeCharged), err
}

// Submit hands a signed envelope in and says the server's word for it.
func (r Reader) Submit(ctx context.Context, envelope string) (string, error) {
	status, _, err := r.Try(ctx, envelope)
	return status, err
}

// Try is Submit that says why, "TxBadAuth", when the envelope was refused.
func (r Reader) Try(ctx context.Context, envelope string) (status, refusal string, err error) {
	var answer struct{ Status, ErrorResultXDR string }
	err = r.Call(ctx, "sendTransaction", map[string]any{"transaction": envelope}, &answer)
	if err != nil || answer.ErrorResultXDR == "" {
		return answer.Status, "", err
	}
	var result xdr.TransactionResult
	err = xdr.SafeUnmarshalBase64(answer.ErrorResultXDR, &result)
	return answer.Status, strings.TrimPrefix(result.Result.Code.String(), "TransactionResultCode"), err
}

// Call makes one JSON-RPC call.
func (r Reader) Call(ctx context.Context, method string, params, answer any) error {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	var out struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return fmt.Errorf("%s: %s: %w", method, resp.Status, err)
	}
	if out.Error != nil {
		return fmt.Errorf("%s: %s", method, out.Error.Message)
	}
	return json.Unmarshal(out.Result, answer)
}
