package rpc

import (
	"context"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar"
)

// keysPerCall is the server's limit on one getLedgerEntries.
const keysPerCall = 200

// tornReads is how often a read of several calls is begun again when a ledger closes between them.
const tornReads = 5

// Accounts reads accounts, and whether each asks for a memo (SEP-29), as they were after one ledger. Any number may be
// asked for; beyond 100 the read takes several calls and is begun again when a ledger closes in between. An account
// that does not exist is nil in the snapshot.
func (c *Client) Accounts(ctx context.Context, ids ...string) (stellar.Snapshot, error) {
	keys, owners, err := entryKeys(ids)
	if err != nil {
		return stellar.Snapshot{}, badInput(err)
	}
	for range tornReads {
		s, whole, err := c.accountsOnce(ctx, keys, owners)
		if err != nil || whole {
			return s, err
		}
	}
	return stellar.Snapshot{}, fmt.Errorf("%w: ledgers closed between the calls of a read, %d times", ErrTransient, tornReads)
}

// entryKeys returns two keys an account, and whose each is.
func entryKeys(ids []string) (keys []string, owners map[string]string, err error) {
	owners = map[string]string{}
	for _, id := range ids {
		account, err := stellar.AccountKey(id)
		if err != nil {
			return nil, nil, err
		}
		memo, err := stellar.MemoKey(id)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := owners[account]; !twice {
			owners[account], owners[memo] = id, id
			keys = append(keys, account, memo)
		}
	}
	return keys, owners, nil
}

// accountsOnce asks for the head first, so that its close time is not later than that of the ledger that the entries
// are of. whole is false if the calls were answered from different ledgers, or from one before the head.
func (c *Client) accountsOnce(ctx context.Context, keys []string, owners map[string]string) (s stellar.Snapshot, whole bool, err error) {
	head, err := c.Latest(ctx)
	if err != nil {
		return s, false, err
	}
	s = stellar.Snapshot{Ledger: head.Sequence, CloseTime: head.CloseTime, BaseReserve: head.BaseReserve, Accounts: map[string]*stellar.Account{}}
	memos := map[string]bool{}
	for _, id := range owners {
		s.Accounts[id] = nil
	}
	for start := 0; start < len(keys); start += keysPerCall {
		chunk := keys[start:min(start+keysPerCall, len(keys))]
		var r protocol.GetLedgerEntriesResponse
		if err := c.call(ctx, protocol.GetLedgerEntriesMethodName, protocol.GetLedgerEntriesRequest{Keys: chunk}, &r, smallBody); err != nil {
			return s, false, err
		}
		if r.LatestLedger < head.Sequence || start > 0 && r.LatestLedger != s.Ledger {
			return s, false, nil
		}
		s.Ledger = r.LatestLedger
		if err := readEntries(r, chunk, owners, s.Accounts, memos); err != nil {
			return s, false, err
		}
	}
	for id, required := range memos {
		if a := s.Accounts[id]; a != nil {
			a.MemoRequired = required
		}
	}
	return s, true, nil
}

// readEntries takes only what was asked for in this call, once, and wants key and data to agree.
func readEntries(r protocol.GetLedgerEntriesResponse, chunk []string, owners map[string]string, accounts map[string]*stellar.Account, memos map[string]bool) error {
	asked := map[string]bool{}
	for _, k := range chunk {
		asked[k] = true
	}
	for _, e := range r.Entries {
		if !asked[e.KeyXDR] {
			return nonsense("an entry that was not asked for, or twice")
		}
		asked[e.KeyXDR] = false
		var key xdr.LedgerKey
		if err := xdr.SafeUnmarshalBase64(e.KeyXDR, &key); err != nil {
			return nonsense("key of an entry: %v", err)
		}
		id := owners[e.KeyXDR]
		if key.Type == xdr.LedgerEntryTypeAccount {
			a, err := stellar.DecodeAccount(e.DataXDR, e.ExtensionXDR, e.LastModifiedLedger)
			if err != nil {
				return nonsense("account %s: %v", id, err)
			}
			if a.ID != id {
				return nonsense("account %s under the key of %s", a.ID, id)
			}
			accounts[id] = &a
			continue
		}
		required, err := memoRequired(e.DataXDR, id)
		if err != nil {
			return err
		}
		memos[id] = required
	}
	return nil
}

// memoRequired reads the data entry of SEP-29: the value must be 1.
func memoRequired(dataXDR, id string) (bool, error) {
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(dataXDR, &data); err != nil {
		return false, nonsense("data entry of %s: %v", id, err)
	}
	d, ok := data.GetData()
	if !ok || d.AccountId.Address() != id || string(d.DataName) != stellar.MemoRequiredKey {
		return false, nonsense("another entry under the key of a data entry of %s", id)
	}
	return string(d.DataValue) == "1", nil
}
