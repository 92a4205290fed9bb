package engine

import "github.com/stellar/go-stellar-sdk/xdr"

type beginSponsoring struct {
	plainOp
	sponsored ID
}

func (o beginSponsoring) check(source ID) outcome {
	if o.sponsored == source {
		return fail(xdr.BeginSponsoringFutureReservesResultCodeBeginSponsoringFutureReservesMalformed)
	}
	return done()
}

func (o beginSponsoring) apply(x *running) outcome {
	if _, already := x.sponsorOf(o.sponsored); already {
		return fail(xdr.BeginSponsoringFutureReservesResultCodeBeginSponsoringFutureReservesAlreadySponsored)
	}
	if _, sponsored := x.sponsorOf(x.source); sponsored || x.isSponsoring(o.sponsored) {
		return fail(xdr.BeginSponsoringFutureReservesResultCodeBeginSponsoringFutureReservesRecursive)
	}
	x.setSponsor(o.sponsored, x.source)
	return done()
}

type endSponsoring struct{ plainOp }

func (endSponsoring) apply(x *running) outcome {
	if _, sponsored := x.sponsorOf(x.source); !sponsored {
		return fail(xdr.EndSponsoringFutureReservesResultCodeEndSponsoringFutureReservesNotSponsored)
	}
	x.endSponsor(x.source)
	return done()
}

type revokeSponsorship struct {
	plainOp
	xdr.RevokeSponsorshipOp
}

func (o revokeSponsorship) check(ID) outcome {
	bad := fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipMalformed)
	if o.LedgerKey == nil {
		return done()
	}
	switch k := o.LedgerKey; k.Type {
	case xdr.LedgerEntryTypeAccount, xdr.LedgerEntryTypeClaimableBalance:
	case xdr.LedgerEntryTypeTrustline:
		asset, ok := lineAsset(k.TrustLine.Asset)
		if k.TrustLine.Asset.Type == xdr.AssetTypeAssetTypePoolShare {
			return done()
		}
		if !ok || !validCredit(asset) || issuer(asset) == IDOf(k.TrustLine.AccountId) {
			return bad
		}
	case xdr.LedgerEntryTypeOffer:
		if k.Offer.OfferId <= 0 {
			return bad
		}
	case xdr.LedgerEntryTypeData:
		if k.Data.DataName == "" || !printable(string(k.Data.DataName)) {
			return bad
		}
	default:
		return bad
	}
	return done()
}

func (o revokeSponsorship) apply(x *running) outcome {
	if o.Signer != nil {
		return o.applySigner(x)
	}
	entry := x.load(mustKey(*o.LedgerKey))
	if entry == nil {
		return fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipDoesNotExist)
	}
	old, was := sponsorOfEntry(entry)
	owner := ownerOf(entry)
	if was && old != x.source || !was && owner != x.source {
		return fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipNotSponsor)
	}
	next, will := x.sponsorOf(x.source)
	will = will && next != owner
	if !will && entry.Data.Type == xdr.LedgerEntryTypeClaimableBalance {
		return fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipOnlyTransferable)
	}
	n := units(entry)
	var owning *xdr.AccountEntry
	if was != will { // a claimable balance can only move, so there is an owner
		owning = x.account(owner)
	}
	v := x.moveReserve(n, was, will, old, next, owning)
	if v == granted && will {
		setEntrySponsor(entry, next)
	} else if v == granted && was {
		entry.Ext.V1.SponsoringId = nil
	}
	return v.outcome(fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipLowReserve))
}

// moveReserve moves n reserves from one account to another.
func (x *running) moveReserve(n uint32, was, will bool, old, next ID, owning *xdr.AccountEntry) verdict {
	if !was && !will {
		return granted
	}
	if will {
		if v := canSponsor(x.header, x.account(next), n); v != granted {
			return v
		}
	} else if v := canCarry(x.header, owning, n); v != granted {
		return v
	}
	if was {
		extV2(x.account(old)).NumSponsoring -= xdr.Uint32(n)
	}
	if will {
		extV2(x.account(next)).NumSponsoring += xdr.Uint32(n)
	}
	switch {
	case was && !will:
		extV2(owning).NumSponsored -= xdr.Uint32(n)
	case will && !was:
		extV2(owning).NumSponsored += xdr.Uint32(n)
	}
	return granted
}

func (o revokeSponsorship) applySigner(x *running) outcome {
	owner := IDOf(o.Signer.AccountId)
	a := x.account(owner)
	if a == nil {
		return fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipDoesNotExist)
	}
	at, found := findSigner(a, o.Signer.SignerKey)
	if !found {
		return fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipDoesNotExist)
	}
	old, was := signerSponsor(a, at)
	if was && old != x.source || !was && owner != x.source {
		return fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipNotSponsor)
	}
	next, will := x.sponsorOf(x.source)
	will = will && next != owner
	v := x.moveReserve(1, was, will, old, next, a)
	if v == granted && (was || will) {
		ids := extV2(a).SignerSponsoringIDs
		if ids[at] = nil; will {
			id := next.AccountID()
			ids[at] = &id
		}
	}
	return v.outcome(fail(xdr.RevokeSponsorshipResultCodeRevokeSponsorshipLowReserve))
}

// ownerOf is who would carry the reserve if no other did; of a claimable balance, who carries it.
func ownerOf(e *xdr.LedgerEntry) ID {
	switch e.Data.Type {
	case xdr.LedgerEntryTypeAccount:
		return IDOf(e.Data.Account.AccountId)
	case xdr.LedgerEntryTypeTrustline:
		return IDOf(e.Data.TrustLine.AccountId)
	case xdr.LedgerEntryTypeData:
		return IDOf(e.Data.Data.AccountId)
	}
	id, _ := sponsorOfEntry(e)
	return id
}
