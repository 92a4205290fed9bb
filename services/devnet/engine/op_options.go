package engine

import "github.com/stellar/go-stellar-sdk/xdr"

const (
	accountFlags = xdr.Uint32(xdr.AccountFlagsAuthRequiredFlag | xdr.AccountFlagsAuthRevocableFlag |
		xdr.AccountFlagsAuthImmutableFlag | xdr.AccountFlagsAuthClawbackEnabledFlag)
	maxSigners = 20
)

type setOptions struct {
	plainOp
	xdr.SetOptionsOp
}

func (o setOptions) level() level {
	if o.MasterWeight != nil || o.LowThreshold != nil || o.MedThreshold != nil || o.HighThreshold != nil || o.Signer != nil {
		return high
	}
	return medium
}

func (o setOptions) check(source ID) outcome {
	if o.SetFlags != nil && *o.SetFlags&^accountFlags != 0 || o.ClearFlags != nil && *o.ClearFlags&^accountFlags != 0 {
		return fail(xdr.SetOptionsResultCodeSetOptionsUnknownFlag)
	}
	if o.SetFlags != nil && o.ClearFlags != nil && *o.SetFlags&*o.ClearFlags != 0 {
		return fail(xdr.SetOptionsResultCodeSetOptionsBadFlags)
	}
	for _, w := range []*xdr.Uint32{o.MasterWeight, o.LowThreshold, o.MedThreshold, o.HighThreshold} {
		if w != nil && *w > 255 {
			return fail(xdr.SetOptionsResultCodeSetOptionsThresholdOutOfRange)
		}
	}
	if o.Signer != nil && badSigner(*o.Signer, source) {
		return fail(xdr.SetOptionsResultCodeSetOptionsBadSigner)
	}
	if o.HomeDomain != nil && !printable(string(*o.HomeDomain)) {
		return fail(xdr.SetOptionsResultCodeSetOptionsInvalidHomeDomain)
	}
	return done()
}

func badSigner(s xdr.Signer, source ID) bool {
	switch {
	case s.Weight > 255:
		return true
	case s.Key.Ed25519 != nil && ID(*s.Key.Ed25519) == source:
		return true
	}
	return s.Key.Ed25519SignedPayload != nil && len(s.Key.Ed25519SignedPayload.Payload) == 0
}

func (o setOptions) apply(x *running) outcome {
	a := x.account(x.source)
	if o.InflationDest != nil {
		if id := IDOf(*o.InflationDest); id != x.source && x.peekAccount(id) == nil {
			return fail(xdr.SetOptionsResultCodeSetOptionsInvalidInflation)
		}
		a.InflationDest = o.InflationDest
	}
	if out := o.changeFlags(a); !out.ok() {
		return out
	}
	if o.HomeDomain != nil {
		a.HomeDomain = *o.HomeDomain
	}
	for i, w := range []*xdr.Uint32{o.MasterWeight, o.LowThreshold, o.MedThreshold, o.HighThreshold} {
		if w != nil {
			a.Thresholds[i] = byte(*w)
		}
	}
	if o.Signer != nil {
		return o.changeSigner(x, a)
	}
	return done()
}

func (o setOptions) changeFlags(a *xdr.AccountEntry) outcome {
	fixed := func() bool { return a.Flags&xdr.Uint32(xdr.AccountFlagsAuthImmutableFlag) != 0 }
	if o.ClearFlags != nil {
		if *o.ClearFlags != 0 && fixed() {
			return fail(xdr.SetOptionsResultCodeSetOptionsCantChange)
		}
		a.Flags &^= *o.ClearFlags
	}
	if o.SetFlags != nil {
		if *o.SetFlags != 0 && fixed() {
			return fail(xdr.SetOptionsResultCodeSetOptionsCantChange)
		}
		a.Flags |= *o.SetFlags
	}
	if a.Flags&xdr.Uint32(xdr.AccountFlagsAuthClawbackEnabledFlag) != 0 &&
		a.Flags&xdr.Uint32(xdr.AccountFlagsAuthRevocableFlag) == 0 {
		return fail(xdr.SetOptionsResultCodeSetOptionsAuthRevocableRequired)
	}
	return done()
}

func (o setOptions) changeSigner(x *running, a *xdr.AccountEntry) outcome {
	at, found := findSigner(a, o.Signer.Key)
	switch {
	case o.Signer.Weight == 0:
		if found {
			x.removeSigner(a, at)
		}
		return done()
	case found:
		a.Signers[at].Weight = o.Signer.Weight
		return done()
	case len(a.Signers) == maxSigners:
		return fail(xdr.SetOptionsResultCodeSetOptionsTooManySigners)
	}
	sponsor, sponsored, v := x.reserveFor(nil, a)
	if out := v.outcome(fail(xdr.SetOptionsResultCodeSetOptionsLowReserve)); !out.ok() {
		return out
	}
	if sponsored {
		insertSigner(a, at, *o.Signer, &sponsor)
	} else {
		insertSigner(a, at, *o.Signer, nil)
	}
	return done()
}
