package engine

import "github.com/stellar/go-stellar-sdk/xdr"

type payment struct {
	plainOp
	xdr.PaymentOp
}

func (o payment) check(ID) outcome {
	if o.Amount <= 0 || !validAsset(o.Asset) {
		return fail(xdr.PaymentResultCodePaymentMalformed)
	}
	return done()
}

// apply judges the destination before the source, as stellar-core does; in a payment to oneself the credit comes first.
func (o payment) apply(x *running) outcome {
	to, amount := muxedID(o.Destination), int64(o.Amount)
	if isNative(o.Asset) {
		return o.native(x, to, amount)
	}
	// Paying an asset back to its issuer asks for no account there.
	if issuer(o.Asset) != to && x.peekAccount(to) == nil {
		return fail(xdr.PaymentResultCodePaymentNoDestination)
	}
	switch line, state := x.line(to, o.Asset); {
	case state == lineMissing:
		return fail(xdr.PaymentResultCodePaymentNoTrust)
	case state == lineClosed:
		return fail(xdr.PaymentResultCodePaymentNotAuthorized)
	case state == lineOpen && !creditLine(line, amount):
		return fail(xdr.PaymentResultCodePaymentLineFull)
	}
	switch line, state := x.line(x.source, o.Asset); {
	case state == lineMissing:
		return fail(xdr.PaymentResultCodePaymentSrcNoTrust)
	case state == lineClosed:
		return fail(xdr.PaymentResultCodePaymentSrcNotAuthorized)
	case state == lineOpen && !debitLine(line, amount):
		return fail(xdr.PaymentResultCodePaymentUnderfunded)
	}
	return done()
}

func (o payment) native(x *running, to ID, amount int64) outcome {
	if to == x.source {
		return done()
	}
	dest := x.account(to)
	if dest == nil {
		return fail(xdr.PaymentResultCodePaymentNoDestination)
	}
	if !credit(dest, amount) {
		return fail(xdr.PaymentResultCodePaymentLineFull)
	}
	source := x.account(x.source)
	if available(x.header, source) < amount {
		return fail(xdr.PaymentResultCodePaymentUnderfunded)
	}
	source.Balance -= xdr.Int64(amount)
	return done()
}

// lineState says what an account may do with a credit asset.
type lineState int

const (
	lineMissing lineState = iota
	lineClosed            // not authorised
	lineOpen
	lineIssuer // the issuer has any amount and no entry
)

func (l *layer) line(id ID, asset xdr.Asset) (*xdr.TrustLineEntry, lineState) {
	if issuer(asset) == id {
		return nil, lineIssuer
	}
	e := l.load(trustKey(id, asset))
	switch {
	case e == nil:
		return nil, lineMissing
	case e.Data.TrustLine.Flags&lineAuthorized == 0:
		return nil, lineClosed
	}
	return e.Data.TrustLine, lineOpen
}
