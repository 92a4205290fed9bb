package engine

import "github.com/stellar/go-stellar-sdk/xdr"

const (
	lineAuthorized = xdr.Uint32(xdr.TrustLineFlagsAuthorizedFlag)
	lineMaintain   = xdr.Uint32(xdr.TrustLineFlagsAuthorizedToMaintainLiabilitiesFlag)
	lineClawback   = xdr.Uint32(xdr.TrustLineFlagsTrustlineClawbackEnabledFlag)
	lineAuth       = lineAuthorized | lineMaintain
)

type changeTrust struct {
	plainOp
	xdr.ChangeTrustOp
}

func (o changeTrust) asset() xdr.Asset {
	return xdr.Asset{Type: o.Line.Type, AlphaNum4: o.Line.AlphaNum4, AlphaNum12: o.Line.AlphaNum12}
}

func (o changeTrust) check(source ID) outcome {
	if o.Limit < 0 || !validCredit(o.asset()) || issuer(o.asset()) == source {
		return fail(xdr.ChangeTrustResultCodeChangeTrustMalformed)
	}
	return done()
}

func (o changeTrust) apply(x *running) outcome {
	asset := o.asset()
	key := trustKey(x.source, asset)
	entry := x.load(key)
	if entry == nil {
		return o.open(x, asset)
	}
	switch {
	case o.Limit < entry.Data.TrustLine.Balance:
		return fail(xdr.ChangeTrustResultCodeChangeTrustInvalidLimit)
	case o.Limit == 0:
		x.release(entry, x.account(x.source))
		x.erase(key)
	case x.peekAccount(issuer(asset)) == nil:
		return fail(xdr.ChangeTrustResultCodeChangeTrustNoIssuer)
	default:
		entry.Data.TrustLine.Limit = o.Limit
	}
	return done()
}

func (o changeTrust) open(x *running, asset xdr.Asset) outcome {
	if o.Limit == 0 {
		return fail(xdr.ChangeTrustResultCodeChangeTrustInvalidLimit)
	}
	by := x.peekAccount(issuer(asset))
	if by == nil {
		return fail(xdr.ChangeTrustResultCodeChangeTrustNoIssuer)
	}
	line := &xdr.TrustLineEntry{AccountId: x.source.AccountID(), Asset: asset.ToTrustLineAsset(), Limit: o.Limit}
	if by.Flags&xdr.Uint32(xdr.AccountFlagsAuthRequiredFlag) == 0 {
		line.Flags |= lineAuthorized
	}
	if by.Flags&xdr.Uint32(xdr.AccountFlagsAuthClawbackEnabledFlag) != 0 {
		line.Flags |= lineClawback
	}
	entry := &xdr.LedgerEntry{Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: line}}
	_, _, v := x.reserveFor(entry, x.account(x.source))
	if out := v.outcome(fail(xdr.ChangeTrustResultCodeChangeTrustLowReserve)); !out.ok() {
		return out
	}
	x.create(entry)
	return done()
}

type allowTrust struct {
	plainOp
	xdr.AllowTrustOp
}

func (allowTrust) level() level { return low }

func (o allowTrust) check(source ID) outcome {
	asset := assetOfCode(o.Asset, source)
	if !validCredit(asset) || o.Authorize > lineMaintain || IDOf(o.Trustor) == source {
		return fail(xdr.AllowTrustResultCodeAllowTrustMalformed)
	}
	return done()
}

// apply asks whether the issuer may revoke before it looks for the line.
func (o allowTrust) apply(x *running) outcome {
	revocable := x.revocable()
	if !revocable && o.Authorize == 0 {
		return fail(xdr.AllowTrustResultCodeAllowTrustCantRevoke)
	}
	entry := x.load(trustKey(IDOf(o.Trustor), assetOfCode(o.Asset, x.source)))
	if entry == nil {
		return fail(xdr.AllowTrustResultCodeAllowTrustNoTrustLine)
	}
	line := entry.Data.TrustLine
	if !revocable && line.Flags&lineAuthorized != 0 && o.Authorize&lineMaintain != 0 {
		return fail(xdr.AllowTrustResultCodeAllowTrustCantRevoke)
	}
	line.Flags = line.Flags&^lineAuth | o.Authorize
	return done()
}

func (x *running) revocable() bool {
	return x.peekAccount(x.source).Flags&xdr.Uint32(xdr.AccountFlagsAuthRevocableFlag) != 0
}

type setTrustLineFlags struct {
	plainOp
	xdr.SetTrustLineFlagsOp
}

func (setTrustLineFlags) level() level { return low }

func (o setTrustLineFlags) check(source ID) outcome {
	if !validCredit(o.Asset) || issuer(o.Asset) != source || IDOf(o.Trustor) == source ||
		o.SetFlags&o.ClearFlags != 0 || o.SetFlags&^lineAuth != 0 || o.SetFlags == lineAuth ||
		o.ClearFlags&^(lineAuth|lineClawback) != 0 {
		return fail(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsMalformed)
	}
	return done()
}

// apply refuses a revocation before it looks for the line. Clearing any right without giving the full one counts as a
// revocation even when the line never had it.
func (o setTrustLineFlags) apply(x *running) outcome {
	if !x.revocable() && o.ClearFlags&lineAuth != 0 && o.SetFlags&lineAuthorized == 0 {
		return fail(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsCantRevoke)
	}
	entry := x.load(trustKey(IDOf(o.Trustor), o.Asset))
	if entry == nil {
		return fail(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsNoTrustLine)
	}
	flags := entry.Data.TrustLine.Flags&^o.ClearFlags | o.SetFlags
	if flags&lineAuth == lineAuth {
		return fail(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsInvalidState)
	}
	entry.Data.TrustLine.Flags = flags
	return done()
}

type clawback struct {
	plainOp
	xdr.ClawbackOp
}

// check compares the address as written: the issuer's own muxed address passes, and finds no line later.
func (o clawback) check(source ID) outcome {
	self := o.From.Type == xdr.CryptoKeyTypeKeyTypeEd25519 && muxedID(o.From) == source
	if self || o.Amount < 1 || !validCredit(o.Asset) || issuer(o.Asset) != source {
		return fail(xdr.ClawbackResultCodeClawbackMalformed)
	}
	return done()
}

func (o clawback) apply(x *running) outcome {
	entry := x.load(trustKey(muxedID(o.From), o.Asset))
	switch {
	case entry == nil:
		return fail(xdr.ClawbackResultCodeClawbackNoTrust)
	case entry.Data.TrustLine.Flags&lineClawback == 0:
		return fail(xdr.ClawbackResultCodeClawbackNotClawbackEnabled)
	case !debitLine(entry.Data.TrustLine, int64(o.Amount)):
		return fail(xdr.ClawbackResultCodeClawbackUnderfunded)
	}
	return done()
}
