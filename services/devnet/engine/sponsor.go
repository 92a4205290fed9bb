package engine

import (
	"math"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"
)

const maxSubEntries = 1000

// verdict says whether a reserve can be taken, moved or given back (CAP-33).
type verdict int

const (
	granted verdict = iota
	lowReserve
	tooManySubEntries
	tooManySponsoring
)

// outcome is what an operation answers to a reserve that was judged so; low is its own code for too few lumens.
func (v verdict) outcome(low outcome) outcome {
	switch v {
	case granted:
		return done()
	case tooManySubEntries:
		return refuse(xdr.OperationResultCodeOpTooManySubentries)
	case tooManySponsoring:
		return refuse(xdr.OperationResultCodeOpTooManySponsoring)
	}
	return low
}

// units is how many base reserves an entry locks.
func units(e *xdr.LedgerEntry) uint32 {
	switch e.Data.Type {
	case xdr.LedgerEntryTypeAccount:
		return 2
	case xdr.LedgerEntryTypeClaimableBalance:
		return uint32(len(e.Data.ClaimableBalance.Claimants))
	}
	return 1
}

// canSponsor asks whether an account can carry n more reserves for others.
func canSponsor(h *xdr.LedgerHeader, sponsor *xdr.AccountEntry, n uint32) verdict {
	if available(h, sponsor) < int64(n)*int64(h.BaseReserve) {
		return lowReserve
	}
	if uint64(sponsor.NumSponsoring())+uint64(sponsor.NumSubEntries)+uint64(n) > math.MaxUint32 {
		return tooManySponsoring
	}
	return granted
}

// canCarry asks whether an account can take back n reserves that another account carried.
func canCarry(h *xdr.LedgerHeader, a *xdr.AccountEntry, n uint32) verdict {
	if available(h, a) < int64(n)*int64(h.BaseReserve) {
		return lowReserve
	}
	return granted
}

func addSubEntries(a *xdr.AccountEntry, n uint32) bool {
	if uint64(a.NumSubEntries)+uint64(n) > maxSubEntries ||
		uint64(a.NumSponsoring())+uint64(a.NumSubEntries)+uint64(n) > math.MaxUint32 {
		return false
	}
	a.NumSubEntries += xdr.Uint32(n)
	return true
}

// reserveFor takes the reserve for a new subentry of owner, or for a signer (e nil), from its sponsor of the moment or from owner
// itself, and counts it. The layer may be left half changed when it does not grant: the operation fails then.
func (l *layer) reserveFor(e *xdr.LedgerEntry, owner *xdr.AccountEntry) (sponsor ID, sponsored bool, v verdict) {
	n := uint32(1)
	if e != nil {
		n = units(e)
	}
	before := available(l.header, owner)
	if !addSubEntries(owner, n) {
		return sponsor, false, tooManySubEntries
	}
	sponsor, sponsored = l.sponsorOf(IDOf(owner.AccountId))
	if !sponsored {
		if before < int64(n)*int64(l.header.BaseReserve) {
			return sponsor, false, lowReserve
		}
		return sponsor, false, granted
	}
	payer := l.account(sponsor)
	if v := canSponsor(l.header, payer, n); v != granted {
		return sponsor, true, v
	}
	if e != nil {
		setEntrySponsor(e, sponsor)
	}
	extV2(payer).NumSponsoring += xdr.Uint32(n)
	extV2(owner).NumSponsored += xdr.Uint32(n)
	return sponsor, true, granted
}

// reserveForAccount takes the reserve for a new account from its sponsor of the moment or from its own balance.
func (l *layer) reserveForAccount(e *xdr.LedgerEntry) verdict {
	a := e.Data.Account
	sponsor, sponsored := l.sponsorOf(IDOf(a.AccountId))
	if !sponsored {
		if int64(a.Balance) < minBalance(l.header, a) {
			return lowReserve
		}
		return granted
	}
	payer := l.account(sponsor)
	if v := canSponsor(l.header, payer, units(e)); v != granted {
		return v
	}
	setEntrySponsor(e, sponsor)
	extV2(payer).NumSponsoring += xdr.Uint32(units(e))
	extV2(a).NumSponsored += xdr.Uint32(units(e))
	return granted
}

// reserveForBalance takes the reserves of a claimable balance from the sponsor of its creator's moment, else from the creator, as
// a sponsorship in either case: a claimable balance is no account's subentry.
func (l *layer) reserveForBalance(e *xdr.LedgerEntry, creator ID) verdict {
	payerID := creator
	if s, ok := l.sponsorOf(creator); ok {
		payerID = s
	}
	payer := l.account(payerID)
	if v := canSponsor(l.header, payer, units(e)); v != granted {
		return v
	}
	setEntrySponsor(e, payerID)
	extV2(payer).NumSponsoring += xdr.Uint32(units(e))
	return granted
}

// release gives back the reserve of an entry that is about to be erased. owner is nil for claimable balances.
func (l *layer) release(e *xdr.LedgerEntry, owner *xdr.AccountEntry) {
	n := xdr.Uint32(units(e))
	if owner != nil && e.Data.Type != xdr.LedgerEntryTypeAccount {
		owner.NumSubEntries -= n
	}
	sponsor, sponsored := sponsorOfEntry(e)
	if !sponsored {
		return
	}
	extV2(l.account(sponsor)).NumSponsoring -= n
	if owner != nil {
		extV2(owner).NumSponsored -= n
	}
}

// findSigner is a signer's place among an account's signers, and whether it is there.
func findSigner(a *xdr.AccountEntry, key xdr.SignerKey) (int, bool) {
	return slices.BinarySearchFunc(a.Signers, key, func(s xdr.Signer, k xdr.SignerKey) int { return compareSigners(s.Key, k) })
}

// insertSigner puts a new signer in its place, paid by sponsor when there is one.
func insertSigner(a *xdr.AccountEntry, at int, s xdr.Signer, sponsor *ID) {
	a.Signers = slices.Insert(a.Signers, at, s)
	if sponsor == nil && (a.Ext.V1 == nil || a.Ext.V1.Ext.V2 == nil) {
		return
	}
	v2 := extV2(a)
	if len(v2.SignerSponsoringIDs) < len(a.Signers) {
		v2.SignerSponsoringIDs = slices.Insert(v2.SignerSponsoringIDs, at, xdr.SponsorshipDescriptor(nil))
	}
	if sponsor != nil {
		id := sponsor.AccountID()
		v2.SignerSponsoringIDs[at] = &id
	}
}

// removeSigner takes a signer away and gives its reserve back.
func (l *layer) removeSigner(a *xdr.AccountEntry, at int) {
	if sponsor, ok := signerSponsor(a, at); ok {
		extV2(l.account(sponsor)).NumSponsoring--
		extV2(a).NumSponsored--
	}
	a.NumSubEntries--
	if a.Ext.V1 != nil && a.Ext.V1.Ext.V2 != nil {
		v2 := a.Ext.V1.Ext.V2
		v2.SignerSponsoringIDs = slices.Delete(v2.SignerSponsoringIDs, at, at+1)
	}
	a.Signers = slices.Delete(a.Signers, at, at+1)
}

func signerSponsor(a *xdr.AccountEntry, at int) (ID, bool) {
	ids := a.SignerSponsoringIDs()
	if at >= len(ids) || ids[at] == nil {
		return ID{}, false
	}
	return IDOf(*ids[at]), true
}
