package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// outcome of one operation: either a code that concerns any operation, or one of its own kind with what follows it.
type outcome struct {
	op   xdr.OperationResultCode // not opINNER: nothing else counts
	code int32                   // 0 is success, in every kind
	body []byte                  // XDR that follows the code
}

func done() outcome                            { return outcome{} }
func fail[C ~int32](c C) outcome               { return outcome{code: int32(c)} }
func (o outcome) ok() bool                     { return o.op == xdr.OperationResultCodeOpInner && o.code == 0 }
func refuse(c xdr.OperationResultCode) outcome { return outcome{op: c} }

// result puts an outcome into XDR. All unions of results begin with their code, and a success that carries a body is all
// zeros by default: that is also how stellar-core reports operations it did not judge.
func (o outcome) result(kind xdr.OperationType) xdr.OperationResult {
	if o.op != xdr.OperationResultCodeOpInner {
		return xdr.OperationResult{Code: o.op}
	}
	raw := make([]byte, 8, 8+len(o.body)+128)
	binary.BigEndian.PutUint32(raw, uint32(kind))
	binary.BigEndian.PutUint32(raw[4:], uint32(o.code))
	raw = append(append(raw, o.body...), make([]byte, 128)...)
	var tr xdr.OperationResultTr
	if _, err := xdr.Unmarshal(bytes.NewReader(raw), &tr); err != nil {
		// Every kind that XDR can decode has these codes; the test of this file goes through them all.
		panic(fmt.Sprintf("engine: result %d of operation kind %d: %v", o.code, kind, err))
	}
	return xdr.OperationResult{Code: xdr.OperationResultCodeOpInner, Tr: &tr}
}

// judged is the result of a transaction while it is being judged.
type judged struct {
	tx   *Tx
	code xdr.TransactionResultCode
	fee  int64
	ops  []xdr.OperationResult // listed with txSUCCESS and txFAILED only; the zero value was not judged
}

func (t *Tx) unjudged(fee int64) *judged {
	return &judged{tx: t, fee: fee, ops: make([]xdr.OperationResult, len(t.ops))}
}

// listsOps says whether operations are listed, and makes successes of those that were not judged, as stellar-core does.
func (j *judged) listsOps() bool {
	if j.code != xdr.TransactionResultCodeTxSuccess && j.code != xdr.TransactionResultCodeTxFailed {
		return false
	}
	for i := range j.ops {
		if r := &j.ops[i]; r.Code == xdr.OperationResultCodeOpInner && r.Tr == nil {
			*r = outcome{}.result(j.tx.tx.Operations[i].Body.Type)
		}
	}
	return true
}

// result is the XDR of a plain transaction's result.
func (j *judged) result() xdr.TransactionResult {
	r := xdr.TransactionResult{FeeCharged: xdr.Int64(j.fee), Result: xdr.TransactionResultResult{Code: j.code}}
	if j.listsOps() {
		r.Result.Results = &j.ops
	}
	return r
}

// bumped is the XDR of a fee bump's result around the result of its inner transaction.
func (j *judged) bumped(inner [32]byte, fee int64) xdr.TransactionResult {
	code := xdr.TransactionResultCodeTxFeeBumpInnerFailed
	if j.code == xdr.TransactionResultCodeTxSuccess {
		code = xdr.TransactionResultCodeTxFeeBumpInnerSuccess
	}
	pair := xdr.InnerTransactionResultPair{TransactionHash: inner, Result: xdr.InnerTransactionResult{
		FeeCharged: xdr.Int64(j.fee), Result: xdr.InnerTransactionResultResult{Code: j.code}}}
	if j.listsOps() {
		pair.Result.Result.Results = &j.ops
	}
	return xdr.TransactionResult{FeeCharged: xdr.Int64(fee),
		Result: xdr.TransactionResultResult{Code: code, InnerResultPair: &pair}}
}

func plainResult(code xdr.TransactionResultCode, fee int64) xdr.TransactionResult {
	return (&judged{code: code, fee: fee}).result()
}
