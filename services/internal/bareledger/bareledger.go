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

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Account is what a ledger says of one account; Balance is stroops.
type Account struct {
	Exists        bool
	Balance       int64
	Sequence      int64
	NumSponsoring uint32
	NumSponsored  uint32
}

// Reader asks one RPC server.
type Reader struct{ URL string }

// Account reads one account.
func (r Reader) Account(ctx context.Context, address string) (Account, error) {
	raw, err := strkey.Decode(strkey.VersionByteAccountID, address)
	if err != nil {
		return Account{}, err
	}
	var key xdr.Uint256
	copy(key[:], raw)
	id := xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &key}
	ask, err := xdr.MarshalBase64(xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: id}})
	if err != nil {
		return Account{}, err
	}
	var answer struct {
		Entries []struct{ XDR string }
	}
	if err := r.Call(ctx, "getLedgerEntries", map[string]any{"keys": []string{ask}}, &answer); err != nil {
		return Account{}, err
	}
	if len(answer.Entries) == 0 {
		return Account{}, nil
	}
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(answer.Entries[0].XDR, &data); err != nil {
		return Account{}, err
	}
	a := data.MustAccount()
	return Account{Exists: true, Balance: int64(a.Balance), Sequence: int64(a.SeqNum),
		NumSponsoring: uint32(a.NumSponsoring()), NumSponsored: uint32(a.NumSponsored())}, nil
}

// Holds is what an account has of a credit asset of up to four letters, in stroops; -1 without a trustline.
func (r Reader) Holds(ctx context.Context, address, code, issuer string) (int64, error) {
	var key xdr.LedgerKey
	asset, err := xdr.NewCreditAsset(code, issuer)
	if err != nil {
		return 0, err
	}
	if err := key.SetTrustline(xdr.MustAddress(address), asset.ToTrustLineAsset()); err != nil {
		return 0, err
	}
	ask, err := xdr.MarshalBase64(key)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Entries []struct{ XDR string }
	}
	if err := r.Call(ctx, "getLedgerEntries", map[string]any{"keys": []string{ask}}, &answer); err != nil || len(answer.Entries) == 0 {
		return -1, err
	}
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(answer.Entries[0].XDR, &data); err != nil {
		return 0, err
	}
	return int64(data.MustTrustLine().Balance), nil
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

// Submit hands a signed envelope in and says the server's word for it.
func (r Reader) Submit(ctx context.Context, envelope string) (string, error) {
	var answer struct{ Status, ErrorResultXDR string }
	err := r.Call(ctx, "sendTransaction", map[string]any{"transaction": envelope}, &answer)
	return answer.Status, err
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
