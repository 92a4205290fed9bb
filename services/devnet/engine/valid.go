package engine

import (
	"cmp"
	"math"
	"math/bits"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// reach is how far a transaction got through the checks that come before its operations.
type reach int

const (
	stopped    reach = iota // nothing is kept
	sequenced               // the sequence number is used up all the same
	authorised              // the transaction's own signatures suffice
	maybeValid              // operations may be looked at
)

// common judges a plain transaction up to its operations. payFee: this transaction itself bids for its fee; applying: the fee is
// already taken.
func (t *Tx) common(l *layer, s *signatures, m moment, base int64, payFee, applying bool) (xdr.TransactionResultCode, reach) {
	c := conditionsOf(t.tx)
	if code := t.beforeSequence(l, &c, m, base, payFee); code != xdr.TransactionResultCodeTxSuccess {
		return code, stopped
	}
	source := l.peekAccount(t.source)
	switch {
	case badSeq(t.tx, &c, m, source.SeqNum):
		return xdr.TransactionResultCodeTxBadSeq, stopped
	case c.tooEarlyFor(m, source):
		return xdr.TransactionResultCodeTxBadMinSeqAgeOrGap, sequenced
	case !s.satisfyAccount(source, low), !s.satisfyExtra(c.extra):
		return xdr.TransactionResultCodeTxBadAuth, sequenced
	case payFee && !applying && available(l.header, source) < t.feeBid:
		return xdr.TransactionResultCodeTxInsufficientBalance, authorised
	case payFee && applying && available(l.header, source) < 0:
		return xdr.TransactionResultCodeTxInsufficientBalance, authorised
	}
	return xdr.TransactionResultCodeTxSuccess, maybeValid
}

func (t *Tx) beforeSequence(l *layer, c *conditions, m moment, base int64, payFee bool) xdr.TransactionResultCode {
	switch {
	case c.malformedSigners():
		return xdr.TransactionResultCodeTxMalformed
	case len(t.ops) == 0:
		return xdr.TransactionResultCodeTxMissingOperation
	case c.tooEarly(m):
		return xdr.TransactionResultCodeTxTooEarly
	case c.tooLate(m):
		return xdr.TransactionResultCodeTxTooLate
	case payFee && t.feeBid < t.asked(base):
		return xdr.TransactionResultCodeTxInsufficientFee
	case l.peekAccount(t.source) == nil:
		return xdr.TransactionResultCodeTxNoAccount
	case t.touchesFrozen(l):
		return xdr.TransactionResultCodeTxFrozenKeyAccessed
	}
	return xdr.TransactionResultCodeTxSuccess
}

// authorise checks the signatures of one operation. A missing source is accepted when its own key signed, since an
// earlier operation may create it.
func (t *Tx) authorise(l *layer, s *signatures, at int) xdr.OperationResultCode {
	id := t.auth[at]
	if a := l.peekAccount(id); a != nil {
		if !s.satisfyAccount(a, t.ops[at].level()) {
			return xdr.OperationResultCodeOpBadAuth
		}
		return xdr.OperationResultCodeOpInner
	}
	if t.tx.Operations[at].SourceAccount == nil {
		return xdr.OperationResultCodeOpNoAccount
	}
	if !s.satisfyMissing(id) {
		return xdr.OperationResultCodeOpBadAuth
	}
	return xdr.OperationResultCodeOpInner
}

// checkPlain is the submission check of a plain transaction: it stops at the first bad operation, and lists the others as
// they would be if they had succeeded.
func (t *Tx) checkPlain(l *layer, m moment, payFee bool) *judged {
	base := int64(l.header.BaseFee)
	fee := int64(0)
	if payFee {
		fee = t.asked(base)
	}
	j := t.unjudged(fee)
	s := t.signatures()
	var at reach
	if j.code, at = t.common(l, s, m, base, payFee, false); at != maybeValid {
		return j
	}
	for i, op := range t.ops {
		out := outcome{op: xdr.OperationResultCodeOpNotSupported}
		if op.supported() {
			if out.op = t.authorise(l, s, i); out.op == xdr.OperationResultCodeOpInner {
				out = op.check(t.auth[i])
			}
		}
		if !out.ok() {
			j.ops[i] = out.result(t.tx.Operations[i].Body.Type)
			j.code = xdr.TransactionResultCodeTxFailed
			return j
		}
	}
	if !s.allUsed() {
		j.code = xdr.TransactionResultCodeTxBadAuthExtra
	}
	return j
}

// check is the submission check.
func (t *Tx) check(l *layer, m moment) xdr.TransactionResult {
	if t.inner == nil {
		return t.checkPlain(l, m, true).result()
	}
	base := int64(l.header.BaseFee)
	fee := t.asked(base)
	if t.feeBid < fee {
		return plainResult(xdr.TransactionResultCodeTxInsufficientFee, fee)
	}
	if needed, ok := t.Outbids(t.inner, 1); !ok {
		return plainResult(xdr.TransactionResultCodeTxInsufficientFee, needed)
	}
	payer := l.peekAccount(t.feeSource)
	if payer == nil {
		return plainResult(xdr.TransactionResultCodeTxNoAccount, fee)
	}
	if l.frozen[AccountKey(t.feeSource)] {
		return plainResult(xdr.TransactionResultCodeTxFrozenKeyAccessed, fee)
	}
	s := t.signatures()
	switch {
	case !s.satisfyAccount(payer, low):
		return plainResult(xdr.TransactionResultCodeTxBadAuth, fee)
	case available(l.header, payer) < t.feeBid:
		return plainResult(xdr.TransactionResultCodeTxInsufficientBalance, fee)
	case !s.allUsed():
		return plainResult(xdr.TransactionResultCodeTxBadAuthExtra, fee)
	}
	return t.inner.checkPlain(l, m, false).bumped(t.inner.hash, fee)
}

// Outbids asks whether t bids at least factor times old's bid for each operation, and else what t would have to bid, in stroops
// (CAP-15; the network asks for a factor when one waiting transaction shall replace another).
func (t *Tx) Outbids(old *Tx, factor int64) (needed int64, ok bool) {
	mine, its := uint64(max(1, t.Ops())), uint64(max(1, old.Ops()))
	hi1, lo1 := bits.Mul64(uint64(t.feeBid), its)
	hi2, lo2 := bits.Mul64(uint64(old.feeBid), mine*uint64(factor))
	if hi1 > hi2 || hi1 == hi2 && lo1 >= lo2 {
		return t.feeBid, true
	}
	return ceilDiv(hi2, lo2, its), false
}

// CompareRates compares two bids for each operation.
func CompareRates(a, b *Tx) int {
	hiA, loA := bits.Mul64(uint64(a.feeBid), uint64(max(1, b.Ops())))
	hiB, loB := bits.Mul64(uint64(b.feeBid), uint64(max(1, a.Ops())))
	return cmp.Or(cmp.Compare(hiA, hiB), cmp.Compare(loA, loB))
}

// ceilDiv divides a 128-bit number and rounds up; it saturates at the greatest int64.
func ceilDiv(hi, lo, by uint64) int64 {
	if hi >= by {
		return math.MaxInt64
	}
	q, rest := bits.Div64(hi, lo, by)
	if rest != 0 {
		q++
	}
	if q > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(q)
}
