package engine

import (
	"crypto/sha256"
	"math"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// maxPredicateDepth is how deep a claim predicate may nest; the outermost counts 1.
const maxPredicateDepth = 4

type createBalance struct {
	plainOp
	xdr.CreateClaimableBalanceOp
}

func (o createBalance) check(ID) outcome {
	bad := fail(xdr.CreateClaimableBalanceResultCodeCreateClaimableBalanceMalformed)
	if !validAsset(o.Asset) || o.Amount <= 0 || len(o.Claimants) == 0 {
		return bad
	}
	seen := map[ID]bool{}
	for _, c := range o.Claimants {
		id := IDOf(c.V0.Destination)
		if seen[id] || !validPredicate(&c.V0.Predicate, 1) {
			return bad
		}
		seen[id] = true
	}
	return done()
}

func validPredicate(p *xdr.ClaimPredicate, depth int) bool {
	if depth > maxPredicateDepth {
		return false
	}
	switch p.Type {
	case xdr.ClaimPredicateTypeClaimPredicateUnconditional:
		return true
	case xdr.ClaimPredicateTypeClaimPredicateAnd:
		return validPair(*p.AndPredicates, depth)
	case xdr.ClaimPredicateTypeClaimPredicateOr:
		return validPair(*p.OrPredicates, depth)
	case xdr.ClaimPredicateTypeClaimPredicateNot:
		return *p.NotPredicate != nil && validPredicate(*p.NotPredicate, depth+1)
	case xdr.ClaimPredicateTypeClaimPredicateBeforeAbsoluteTime:
		return *p.AbsBefore >= 0
	case xdr.ClaimPredicateTypeClaimPredicateBeforeRelativeTime:
		return *p.RelBefore >= 0
	}
	return false
}

func validPair(p []xdr.ClaimPredicate, depth int) bool {
	return len(p) == 2 && validPredicate(&p[0], depth+1) && validPredicate(&p[1], depth+1)
}

// absolute turns relative times into absolute ones, which is how a balance is stored. It saturates at the end of time.
func absolute(p xdr.ClaimPredicate, now uint64) xdr.ClaimPredicate {
	both := func(in []xdr.ClaimPredicate) *[]xdr.ClaimPredicate {
		return &[]xdr.ClaimPredicate{absolute(in[0], now), absolute(in[1], now)}
	}
	switch p.Type {
	case xdr.ClaimPredicateTypeClaimPredicateAnd:
		p.AndPredicates = both(*p.AndPredicates)
	case xdr.ClaimPredicateTypeClaimPredicateOr:
		p.OrPredicates = both(*p.OrPredicates)
	case xdr.ClaimPredicateTypeClaimPredicateNot:
		inner := absolute(**p.NotPredicate, now)
		at := &inner
		p.NotPredicate = &at
	case xdr.ClaimPredicateTypeClaimPredicateBeforeRelativeTime:
		at := xdr.Int64(math.MaxInt64)
		if rel := *p.RelBefore; now <= uint64(math.MaxInt64-rel) {
			at = xdr.Int64(now) + rel
		}
		p = xdr.ClaimPredicate{Type: xdr.ClaimPredicateTypeClaimPredicateBeforeAbsoluteTime, AbsBefore: &at}
	}
	return p
}

func (o createBalance) apply(x *running) outcome {
	source := x.account(x.source)
	balance := &xdr.ClaimableBalanceEntry{Asset: o.Asset, Amount: o.Amount}
	if out := o.take(x, source, balance); !out.ok() {
		return out
	}
	id, ok := balanceID(x)
	if !ok {
		return refuse(xdr.OperationResultCodeOpNotSupported)
	}
	balance.BalanceId = id
	for _, c := range o.Claimants {
		v0 := xdr.ClaimantV0{Destination: c.V0.Destination, Predicate: absolute(c.V0.Predicate, uint64(x.header.ScpValue.CloseTime))}
		balance.Claimants = append(balance.Claimants, xdr.Claimant{Type: c.Type, V0: &v0})
	}
	entry := &xdr.LedgerEntry{Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeClaimableBalance, ClaimableBalance: balance}}
	low := fail(xdr.CreateClaimableBalanceResultCodeCreateClaimableBalanceLowReserve)
	if out := x.reserveForBalance(entry, x.source).outcome(low); !out.ok() {
		return out
	}
	x.create(entry)
	body, err := id.MarshalBinary()
	if err != nil {
		return refuse(xdr.OperationResultCodeOpNotSupported)
	}
	return outcome{body: body}
}

// take moves the amount out of its creator; the reserve is looked at afterwards.
func (o createBalance) take(x *running, source *xdr.AccountEntry, balance *xdr.ClaimableBalanceEntry) outcome {
	under := fail(xdr.CreateClaimableBalanceResultCodeCreateClaimableBalanceUnderfunded)
	clawable := false
	if isNative(o.Asset) {
		if available(x.header, source) < int64(o.Amount) {
			return under
		}
		source.Balance -= o.Amount
		return done()
	}
	switch line, state := x.line(x.source, o.Asset); state {
	case lineMissing:
		return fail(xdr.CreateClaimableBalanceResultCodeCreateClaimableBalanceNoTrust)
	case lineClosed:
		return fail(xdr.CreateClaimableBalanceResultCodeCreateClaimableBalanceNotAuthorized)
	case lineIssuer:
		clawable = source.Flags&xdr.Uint32(xdr.AccountFlagsAuthClawbackEnabledFlag) != 0
	default:
		if !debitLine(line, int64(o.Amount)) {
			return under
		}
		clawable = line.Flags&lineClawback != 0
	}
	if clawable {
		balance.Ext = xdr.ClaimableBalanceEntryExt{V: 1, V1: &xdr.ClaimableBalanceEntryExtensionV1{
			Flags: xdr.Uint32(xdr.ClaimableBalanceFlagsClaimableBalanceClawbackEnabledFlag)}}
	}
	return done()
}

// balanceID names a balance after the transaction's source, its number and the operation's index, never after the
// operation's own source.
func balanceID(x *running) (xdr.ClaimableBalanceId, bool) {
	b, err := xdr.HashIdPreimage{Type: xdr.EnvelopeTypeEnvelopeTypeOpId, OperationId: &xdr.HashIdPreimageOperationId{
		SourceAccount: x.tx.source.AccountID(), SeqNum: x.tx.tx.SeqNum, OpNum: xdr.Uint32(x.at)}}.MarshalBinary()
	hash := xdr.Hash(sha256.Sum256(b))
	return xdr.ClaimableBalanceId{Type: xdr.ClaimableBalanceIdTypeClaimableBalanceIdTypeV0, V0: &hash}, err == nil
}

type claimBalance struct {
	plainOp
	id xdr.ClaimableBalanceId
}

func (claimBalance) level() level { return low }

func (o claimBalance) apply(x *running) outcome {
	key := balanceKey(o.id)
	entry := x.load(key)
	if entry == nil {
		return fail(xdr.ClaimClaimableBalanceResultCodeClaimClaimableBalanceDoesNotExist)
	}
	b := entry.Data.ClaimableBalance
	if !mayClaim(b, x.source, uint64(x.header.ScpValue.CloseTime)) {
		return fail(xdr.ClaimClaimableBalanceResultCodeClaimClaimableBalanceCannotClaim)
	}
	full := fail(xdr.ClaimClaimableBalanceResultCodeClaimClaimableBalanceLineFull)
	source := x.account(x.source)
	if isNative(b.Asset) {
		if !credit(source, int64(b.Amount)) {
			return full
		}
	} else {
		if x.frozen[trustKey(x.source, b.Asset)] {
			return fail(xdr.ClaimClaimableBalanceResultCodeClaimClaimableBalanceTrustlineFrozen)
		}
		switch line, state := x.line(x.source, b.Asset); {
		case state == lineMissing:
			return fail(xdr.ClaimClaimableBalanceResultCodeClaimClaimableBalanceNoTrust)
		case state == lineClosed:
			return fail(xdr.ClaimClaimableBalanceResultCodeClaimClaimableBalanceNotAuthorized)
		case state == lineOpen && !creditLine(line, int64(b.Amount)):
			return full
		}
	}
	x.release(entry, nil)
	x.erase(key)
	return done()
}

func mayClaim(b *xdr.ClaimableBalanceEntry, id ID, now uint64) bool {
	for _, c := range b.Claimants {
		if IDOf(c.V0.Destination) == id {
			return holds(&c.V0.Predicate, now)
		}
	}
	return false
}

func holds(p *xdr.ClaimPredicate, now uint64) bool {
	switch p.Type {
	case xdr.ClaimPredicateTypeClaimPredicateAnd:
		return holds(&(*p.AndPredicates)[0], now) && holds(&(*p.AndPredicates)[1], now)
	case xdr.ClaimPredicateTypeClaimPredicateOr:
		return holds(&(*p.OrPredicates)[0], now) || holds(&(*p.OrPredicates)[1], now)
	case xdr.ClaimPredicateTypeClaimPredicateNot:
		return !holds(*p.NotPredicate, now)
	case xdr.ClaimPredicateTypeClaimPredicateBeforeAbsoluteTime:
		return uint64(*p.AbsBefore) > now
	}
	return true
}

type clawbackBalance struct {
	plainOp
	id xdr.ClaimableBalanceId
}

func (o clawbackBalance) apply(x *running) outcome {
	key := balanceKey(o.id)
	entry := x.load(key)
	if entry == nil {
		return fail(xdr.ClawbackClaimableBalanceResultCodeClawbackClaimableBalanceDoesNotExist)
	}
	b := entry.Data.ClaimableBalance
	switch {
	case isNative(b.Asset), issuer(b.Asset) != x.source:
		return fail(xdr.ClawbackClaimableBalanceResultCodeClawbackClaimableBalanceNotIssuer)
	case b.Ext.V1 == nil || b.Ext.V1.Flags&xdr.Uint32(xdr.ClaimableBalanceFlagsClaimableBalanceClawbackEnabledFlag) == 0:
		return fail(xdr.ClawbackClaimableBalanceResultCodeClawbackClaimableBalanceNotClawbackEnabled)
	}
	x.account(x.source)
	x.release(entry, nil)
	x.erase(key)
	return done()
}
