package horizon

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// balanceParam reads the id of a claimable balance: hexadecimal XDR, or an address that begins with B.
func balanceParam(name, text string) (id xdr.ClaimableBalanceId, err error) {
	raw, err := hex.DecodeString(text)
	if strings.HasPrefix(text, "B") {
		if raw, err = strkey.Decode(strkey.VersionByteClaimableBalance, text); err == nil {
			raw = append([]byte{0, 0, 0}, raw...)
		}
	}
	if err == nil {
		err = xdr.SafeUnmarshal(raw, &id)
	}
	if err != nil {
		return id, invalidField(name, "Claimable Balance ID must be the hex-encoded XDR representation of a Claimable Balance ID")
	}
	return id, nil
}

func (c *call) balance(e *xdr.LedgerEntry) horizon.ClaimableBalance {
	b := e.Data.ClaimableBalance
	id := balanceID(b.BalanceId)
	out := horizon.ClaimableBalance{BalanceID: id, Asset: b.Asset.StringCanonical(), Amount: amount.String(b.Amount),
		LastModifiedLedger: uint32(e.LastModifiedLedgerSeq), LastModifiedTime: c.closedAt(uint32(e.LastModifiedLedgerSeq)),
		Claimants: claimants(b.Claimants), PT: fmt.Sprintf("%d-%s", e.LastModifiedLedgerSeq, id)}
	if s := e.SponsoringID(); s != nil {
		out.Sponsor = s.Address()
	}
	if b.Ext.V1 != nil {
		out.Flags.ClawbackEnabled = xdr.ClaimableBalanceFlags(b.Ext.V1.Flags).IsClawbackEnabled()
	}
	self := "/claimable_balances/" + id
	out.Links.Self, out.Links.Transactions = c.link(self), c.pagedLink(self+"/transactions")
	out.Links.Operations = c.pagedLink(self + "/operations")
	return out
}

func claimants(list []xdr.Claimant) []horizon.Claimant {
	out := make([]horizon.Claimant, len(list))
	for i, c := range list {
		out[i] = horizon.Claimant{Destination: c.V0.Destination.Address(), Predicate: c.V0.Predicate}
	}
	return out
}

func oneBalance(c *call) (any, error) {
	id, err := balanceParam("id", c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	k, err := engine.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeClaimableBalance,
		ClaimableBalance: &xdr.LedgerKeyClaimableBalance{BalanceId: id}})
	if err != nil {
		return nil, err
	}
	e := c.State().Entry(k)
	if e == nil {
		return nil, notFound()
	}
	return c.balance(e), nil
}

// balances lists by any of asset, sponsor and claimant, in the order of the ledger that last changed them.
func balances(c *call, p paging) ([]record, error) {
	wants, err := c.balanceFilter()
	if err != nil {
		return nil, err
	}
	after, err := balanceCursor(p.cursor)
	if err != nil {
		return nil, err
	}
	type found struct {
		token string // sorts as text: the number in full width
		entry *xdr.LedgerEntry
	}
	var all []found
	inText := paging{cursor: after, descending: p.descending}
	for k := range c.index.open {
		e := c.State().Entry(k)
		if e == nil || !wants(e) {
			continue
		}
		token := sortable(uint32(e.LastModifiedLedgerSeq), balanceID(e.Data.ClaimableBalance.BalanceId))
		if inText.beyond(token) {
			all = append(all, found{token, e})
		}
	}
	slices.SortFunc(all, func(a, b found) int { return inText.compare(a.token, b.token) })
	var out []record
	for _, f := range all[:min(len(all), p.limit)] {
		b := c.balance(f.entry)
		out = append(out, record{token: b.PT, body: b})
	}
	return out, nil
}

func sortable(ledger uint32, id string) string { return fmt.Sprintf("%010d-%s", ledger, id) }

func balanceCursor(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	ledger, text, _ := strings.Cut(cursor, "-")
	seq, err := strconv.ParseUint(ledger, 10, 32)
	if err == nil {
		var id xdr.ClaimableBalanceId
		if id, err = balanceParam("cursor", text); err == nil {
			return sortable(uint32(seq), balanceID(id)), nil
		}
	}
	return "", invalidField("cursor", "The first part should be a number higher than 0 and "+
		"the second part should be a valid claimable balance ID")
}

func (c *call) balanceFilter() (func(*xdr.LedgerEntry) bool, error) {
	q := c.r.URL.Query()
	var asset *xdr.Asset
	var sponsor, claimant *engine.ID
	if text := q.Get("asset"); text != "" {
		a, err := assetParam("asset", text)
		if err != nil {
			return nil, err
		}
		asset = &a
	}
	for name, into := range map[string]**engine.ID{"sponsor": &sponsor, "claimant": &claimant} {
		if text := q.Get(name); text != "" {
			id, err := addressOf(name, text)
			if err != nil {
				return nil, err
			}
			*into = &id
		}
	}
	return func(e *xdr.LedgerEntry) bool {
		b := e.Data.ClaimableBalance
		s := e.SponsoringID()
		return (asset == nil || b.Asset.Equals(*asset)) && (sponsor == nil || s != nil && engine.IDOf(*s) == *sponsor) &&
			(claimant == nil || slices.ContainsFunc(b.Claimants, func(c xdr.Claimant) bool { return engine.IDOf(c.V0.Destination) == *claimant }))
	}, nil
}
