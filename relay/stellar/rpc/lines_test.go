package rpc

import (
	"fmt"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// line is a trustline of the server's, and its key.
func line(name, code string, balance int64) (string, *xdr.TrustLineEntry) {
	key, err := stellar.LineKey(stellar.LineID{Account: addr(name), Asset: code + ":" + addr("issuer")})
	if err != nil {
		panic(err)
	}
	asset := xdr.MustNewCreditAsset(code, addr("issuer"))
	return key, &xdr.TrustLineEntry{AccountId: xdr.MustAddress(addr(name)), Asset: asset.ToTrustLineAsset(), Balance: xdr.Int64(balance), Limit: 1000, Flags: 1}
}

// Accounts and their trustlines are of one ledger, however many calls it takes, and each is asked for once.
func TestSnapshot(t *testing.T) {
	s := newServer(t)
	c := s.dial()
	var ids []string
	var lines []stellar.LineID
	for i := range 100 {
		name := fmt.Sprint("a", i)
		s.accounts[addr(name)] = account(name, 1, 7)
		ids = append(ids, addr(name), addr(name))
		id := stellar.LineID{Account: addr(name), Asset: "USD:" + addr("issuer")}
		lines = append(lines, id, id)
		if key, l := line(name, "USD", int64(i)); i%2 == 0 {
			s.lines[key] = l
		}
	}
	// Between the calls a ledger closes, once, in which the first trustline changes.
	s.before = func(s *server, method string, n int) {
		if method == "getLedgerEntries" && n == 2 {
			key, l := line("a0", "USD", 500)
			s.lines[key] = l
			s.accounts[addr("a0")] = account("a0", 2, 8)
			s.close()
		}
	}
	snap, err := c.Snapshot(t.Context(), ids, lines)
	if err != nil {
		t.Fatal(err)
	}
	if snap.Ledger != 2 || len(snap.Accounts) != 100 || len(snap.Lines) != 100 || s.calls["getLedgerEntries"] != 4 {
		t.Errorf("ledger %d, %d accounts, %d trustlines, %d calls", snap.Ledger, len(snap.Accounts), len(snap.Lines), s.calls["getLedgerEntries"])
	}
	if a, l := snap.Accounts[addr("a0")], snap.Lines[lines[0]]; a.Balance != 2 || l.Balance != 500 {
		t.Errorf("account %+v and trustline %+v are not of one ledger", a, l)
	}
	for i := 1; i < 100; i++ {
		l, asked := snap.Lines[lines[2*i]]
		if !asked || (l != nil) != (i%2 == 0) || l != nil && (l.Balance != relay.Stroops(i) || l.Limit != 1000 || !l.Authorized()) {
			t.Errorf("trustline %d: %+v", i, l)
		}
	}
	for _, bad := range []stellar.LineID{{Account: "GNOBODY", Asset: lines[0].Asset}, {Account: ids[0], Asset: "USD"}, {Account: ids[0], Asset: ""}} {
		_, err := c.Snapshot(t.Context(), ids[:1], []stellar.LineID{bad})
		wantKind(t, err, access.ErrRefused)
	}
}

func TestLinesBelieveLittle(t *testing.T) {
	key, honest := line("a", "USD", 1)
	otherKey, other := line("b", "USD", 1)
	_, code := line("a", "EUR", 1)
	accountKey, _ := stellar.AccountKey(addr("a"))
	data := func(l *xdr.TrustLineEntry) string {
		return b64(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: l})
	}
	pool := b64(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.TrustLineEntry{AccountId: honest.AccountId,
		Asset: xdr.TrustLineAsset{Type: xdr.AssetTypeAssetTypePoolShare, LiquidityPoolId: &xdr.PoolId{}}}})
	entry := func(k, d string) []protocol.LedgerEntryResult {
		return []protocol.LedgerEntryResult{{KeyXDR: k, DataXDR: d}}
	}
	for name, entries := range map[string][]protocol.LedgerEntryResult{
		"not asked":        entry(otherKey, data(other)),
		"twice":            append(entry(key, data(honest)), entry(key, data(honest))...),
		"another's":        entry(key, data(other)),
		"another asset":    entry(key, data(code)),
		"share of a pool":  entry(key, pool),
		"account":          entry(key, b64(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: account("a", 1, 1)})),
		"where an account": entry(accountKey, data(honest)),
		"no XDR":           entry(key, "AAAA"),
	} {
		s := newServer(t)
		c := s.dial()
		s.answer = func(method string, _ int, _ any) (any, *fault) {
			if method != "getLedgerEntries" {
				return nil, nil
			}
			return protocol.GetLedgerEntriesResponse{LatestLedger: 1, Entries: entries}, nil
		}
		_, err := c.Snapshot(t.Context(), []string{addr("a")}, []stellar.LineID{{Account: addr("a"), Asset: "USD:" + addr("issuer")}})
		if err == nil {
			t.Errorf("%s was believed", name)
			continue
		}
		wantKind(t, err, access.ErrNonsense)
	}
}
