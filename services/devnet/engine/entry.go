package engine

import (
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// cloneEntry copies an entry as deep as the engine ever changes one. Account ids, assets and predicates are replaced and
// never written through, so they are shared.
func cloneEntry(e *xdr.LedgerEntry) *xdr.LedgerEntry {
	c := *e
	if e.Ext.V1 != nil {
		v1 := *e.Ext.V1
		c.Ext.V1 = &v1
	}
	switch e.Data.Type {
	case xdr.LedgerEntryTypeAccount:
		c.Data.Account = cloneAccount(e.Data.Account)
	case xdr.LedgerEntryTypeTrustline:
		t := *e.Data.TrustLine
		c.Data.TrustLine = &t
	case xdr.LedgerEntryTypeData:
		d := *e.Data.Data
		c.Data.Data = &d
	case xdr.LedgerEntryTypeClaimableBalance:
		b := *e.Data.ClaimableBalance
		c.Data.ClaimableBalance = &b
	}
	return &c
}

func cloneAccount(a *xdr.AccountEntry) *xdr.AccountEntry {
	c := *a
	c.Signers = slices.Clone(a.Signers)
	if a.Ext.V1 == nil {
		return &c
	}
	v1 := *a.Ext.V1
	c.Ext.V1 = &v1
	if v1.Ext.V2 == nil {
		return &c
	}
	v2 := *v1.Ext.V2
	v2.SignerSponsoringIDs = slices.Clone(v2.SignerSponsoringIDs)
	v1.Ext.V2 = &v2
	if v2.Ext.V3 != nil {
		v3 := *v2.Ext.V3
		v2.Ext.V3 = &v3
	}
	return &c
}

// extV2 makes sure that an account has the extension which counts sponsorships, and returns it.
func extV2(a *xdr.AccountEntry) *xdr.AccountEntryExtensionV2 {
	if a.Ext.V1 == nil {
		a.Ext = xdr.AccountEntryExt{V: 1, V1: &xdr.AccountEntryExtensionV1{}}
	}
	v1 := a.Ext.V1
	if v1.Ext.V2 == nil {
		v1.Ext = xdr.AccountEntryExtensionV1Ext{V: 2, V2: &xdr.AccountEntryExtensionV2{
			SignerSponsoringIDs: make([]xdr.SponsorshipDescriptor, len(a.Signers))}}
	}
	return v1.Ext.V2
}

// touchSequence notes when the sequence number was last set (CAP-21).
func touchSequence(h *xdr.LedgerHeader, a *xdr.AccountEntry) {
	v2 := extV2(a)
	if v2.Ext.V3 == nil {
		v2.Ext = xdr.AccountEntryExtensionV2Ext{V: 3, V3: &xdr.AccountEntryExtensionV3{}}
	}
	v2.Ext.V3.SeqLedger, v2.Ext.V3.SeqTime = h.LedgerSeq, h.ScpValue.CloseTime
}

// sponsorOfEntry is who pays an entry's reserve, if not its owner.
func sponsorOfEntry(e *xdr.LedgerEntry) (ID, bool) {
	if e.Ext.V1 == nil || e.Ext.V1.SponsoringId == nil {
		return ID{}, false
	}
	return IDOf(*e.Ext.V1.SponsoringId), true
}

func setEntrySponsor(e *xdr.LedgerEntry, sponsor ID) {
	if e.Ext.V1 == nil {
		e.Ext = xdr.LedgerEntryExt{V: 1, V1: &xdr.LedgerEntryExtensionV1{}}
	}
	id := sponsor.AccountID()
	e.Ext.V1.SponsoringId = &id
}

// minBalance is what an account must keep for its reserves, in stroops.
func minBalance(h *xdr.LedgerHeader, a *xdr.AccountEntry) int64 {
	units := 2 + int64(a.NumSubEntries) + int64(a.NumSponsoring()) - int64(a.NumSponsored())
	return units * int64(h.BaseReserve)
}

// available is what an account may spend, in stroops; negative when it is below its reserve.
func available(h *xdr.LedgerHeader, a *xdr.AccountEntry) int64 {
	l := a.Liabilities()
	return int64(a.Balance) - minBalance(h, a) - int64(l.Selling)
}

// credit adds amount ≥ 0 stroops; false when the sum does not fit.
func credit(a *xdr.AccountEntry, amount int64) bool {
	sum := int64(a.Balance) + amount
	if sum < 0 {
		return false
	}
	a.Balance = xdr.Int64(sum)
	return true
}

func creditLine(t *xdr.TrustLineEntry, amount int64) bool {
	if amount > int64(t.Limit)-int64(t.Balance) {
		return false
	}
	t.Balance += xdr.Int64(amount)
	return true
}

func debitLine(t *xdr.TrustLineEntry, amount int64) bool {
	if amount > int64(t.Balance) {
		return false
	}
	t.Balance -= xdr.Int64(amount)
	return true
}
