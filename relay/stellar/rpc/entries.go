package rpc

import (
	"context"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// keysPerCall is the server's limit on one getLedgerEntries.
const keysPerCall = 200

// tornReads is how often a read of several calls is begun again when a ledger closes between them.
const tornReads = 5

// Snapshot reads accounts, whether each asks for a memo (SEP-29), and trustlines, as they were after one ledger. Any number
// may be asked for, also twice; beyond 200 entries (an account is two) the read takes several calls and is begun again when
// a ledger closes in between. What does not exist is nil in the snapshot.
func (c *Client) Snapshot(ctx context.Context, accounts []string, lines []stellar.LineID) (stellar.Snapshot, error) {
	q, err := question(accounts, lines)
	if err != nil {
		return stellar.Snapshot{}, access.BadInput(err)
	}
	for range tornReads {
		s, whole, err := c.readOnce(ctx, q)
		if err != nil || whole {
			return s, err
		}
	}
	return stellar.Snapshot{}, fmt.Errorf("%w: ledgers closed between the calls of a read, %d times", access.ErrTransient, tornReads)
}

// Each is Snapshot: one call answers about many accounts.
func (c *Client) Each(ctx context.Context, accounts []string, lines []stellar.LineID) (stellar.Snapshot, error) {
	return c.Snapshot(ctx, accounts, lines)
}

// wanted is what to ask for: keys in order, once each, and what the entry under each of them is about.
type wanted struct {
	keys  []string
	about map[string]subject
}

// subject is an account, whether it asks for a memo, or one of its trustlines.
type subject struct {
	kind xdr.LedgerEntryType
	line stellar.LineID // without an asset but for trustlines
}

func (w *wanted) add(key string, kind xdr.LedgerEntryType, line stellar.LineID) {
	if _, twice := w.about[key]; !twice {
		w.about[key] = subject{kind, line}
		w.keys = append(w.keys, key)
	}
}

func question(accounts []string, lines []stellar.LineID) (wanted, error) {
	w := wanted{about: map[string]subject{}}
	for _, id := range accounts {
		account, err := stellar.AccountKey(id)
		if err != nil {
			return w, err
		}
		memo, err := stellar.MemoKey(id)
		if err != nil {
			return w, err
		}
		w.add(account, xdr.LedgerEntryTypeAccount, stellar.LineID{Account: id})
		w.add(memo, xdr.LedgerEntryTypeData, stellar.LineID{Account: id})
	}
	for _, id := range lines {
		key, err := stellar.LineKey(id)
		if err != nil {
			return w, err
		}
		w.add(key, xdr.LedgerEntryTypeTrustline, id)
	}
	return w, nil
}

// none is a snapshot of what was asked for, with nothing found yet.
func (w wanted) none(head relay.Head, reserve relay.Stroops) stellar.Snapshot {
	s := stellar.Snapshot{Ledger: head.Sequence, CloseTime: head.CloseTime, BaseReserve: reserve,
		Accounts: map[string]*stellar.Account{}, Lines: map[stellar.LineID]*stellar.Trustline{}}
	for _, of := range w.about {
		if of.kind == xdr.LedgerEntryTypeTrustline {
			s.Lines[of.line] = nil
		} else {
			s.Accounts[of.line.Account] = nil
		}
	}
	return s
}

// readOnce asks for the head first, so that its close time is not later than that of the ledger that the entries are of.
// whole is false if the calls were answered from different ledgers, or from one before the head.
func (c *Client) readOnce(ctx context.Context, w wanted) (s stellar.Snapshot, whole bool, err error) {
	head, reserve, err := c.latest(ctx)
	if err != nil {
		return s, false, err
	}
	s = w.none(head, reserve)
	memos := map[string]bool{}
	for start := 0; start < len(w.keys); start += keysPerCall {
		chunk := w.keys[start:min(start+keysPerCall, len(w.keys))]
		var r protocol.GetLedgerEntriesResponse
		if err := c.call(ctx, protocol.GetLedgerEntriesMethodName, protocol.GetLedgerEntriesRequest{Keys: chunk}, &r, access.SmallBody); err != nil {
			return s, false, err
		}
		if r.LatestLedger < head.Sequence || start > 0 && r.LatestLedger != s.Ledger {
			return s, false, nil
		}
		s.Ledger = r.LatestLedger
		if err := w.read(r, chunk, s, memos); err != nil {
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

// read takes only what was asked for in this call, once, and wants key and data to agree.
func (w wanted) read(r protocol.GetLedgerEntriesResponse, chunk []string, s stellar.Snapshot, memos map[string]bool) error {
	asked := map[string]bool{}
	for _, k := range chunk {
		asked[k] = true
	}
	for _, e := range r.Entries {
		if !asked[e.KeyXDR] {
			return access.Nonsense("an entry that was not asked for, or twice")
		}
		asked[e.KeyXDR] = false
		of := w.about[e.KeyXDR]
		id := of.line.Account
		switch of.kind {
		case xdr.LedgerEntryTypeAccount:
			a, err := stellar.DecodeAccount(e.DataXDR, e.ExtensionXDR)
			if err != nil {
				return access.Nonsense("account %s: %v", id, err)
			}
			if a.ID != id {
				return access.Nonsense("account %s under the key of %s", a.ID, id)
			}
			s.Accounts[id] = &a
		case xdr.LedgerEntryTypeTrustline:
			l, err := stellar.DecodeLine(e.DataXDR, e.ExtensionXDR)
			if err != nil {
				return access.Nonsense("trustline of %s: %v", id, err)
			}
			if (stellar.LineID{Account: l.Account, Asset: l.Asset}) != of.line {
				return access.Nonsense("trustline of %s for %s under the key of that of %s for %s", l.Account, l.Asset, id, of.line.Asset)
			}
			s.Lines[of.line] = &l
		default:
			required, err := memoRequired(e.DataXDR, id)
			if err != nil {
				return err
			}
			memos[id] = required
		}
	}
	return nil
}

// memoRequired reads the data entry of SEP-29: the value must be 1.
func memoRequired(dataXDR, id string) (bool, error) {
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(dataXDR, &data); err != nil {
		return false, access.Nonsense("data entry of %s: %v", id, err)
	}
	d, ok := data.GetData()
	if !ok || d.AccountId.Address() != id || string(d.DataName) != stellar.MemoRequiredKey {
		return false, access.Nonsense("another entry under the key of a data entry of %s", id)
	}
	return string(d.DataValue) == "1", nil
}
