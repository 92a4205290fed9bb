package stellar

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// Outcome is a transaction's result in the words of the XDR, in snake case: tx_success, tx_bad_seq, tx_no_account
// (Horizon says tx_no_source_account), tx_fee_bump_inner_failed; for operations op_success, op_bad_auth, or the
// operation's own, as in account_merge_no_account.
type Outcome struct {
	Success   bool
	Code      string
	InnerHash string   // only of a fee bump
	InnerCode string   // only of a fee bump
	Ops       []string // empty when no operation was judged
}

// RefusalOf is what a transaction's code, as in [Outcome], means to our rules.
func RefusalOf(code string) relay.Refusal {
	switch code {
	case "tx_frozen_key_accessed":
		return relay.RefusedFrozen
	case "tx_insufficient_balance":
		return relay.RefusedShort
	case "tx_too_late":
		return relay.RefusedLate
	}
	return ""
}

// DecodeResult reads a TransactionResult, base64 XDR.
func DecodeResult(resultXDR string) (Outcome, error) {
	if len(resultXDR) > maxResult {
		return Outcome{}, fmt.Errorf("result of %d bytes is too large", len(resultXDR))
	}
	var r xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(resultXDR, &r); err != nil {
		return Outcome{}, fmt.Errorf("result is not XDR: %v", err)
	}
	out := Outcome{Success: r.Successful(), Code: word(r.Result.Code.String(), "TransactionResultCode")}
	if pair, ok := r.Result.GetInnerResultPair(); ok {
		out.InnerHash = hex.EncodeToString(pair.TransactionHash[:])
		out.InnerCode = word(pair.Result.Result.Code.String(), "TransactionResultCode")
	}
	ops, _ := r.OperationResults()
	for _, op := range ops {
		w, err := operationWord(op)
		if err != nil {
			return Outcome{}, err
		}
		out.Ops = append(out.Ops, w)
	}
	return out, nil
}

// maxResult bounds a result in base64, in bytes. A result can be far larger than its envelope: a payment over a path names
// every offer that it crossed, and a reader of all ledgers has to read those too.
const maxResult = 16 << 20

// operationWord takes the code of the one arm that is set.
func operationWord(op xdr.OperationResult) (string, error) {
	if op.Code != xdr.OperationResultCodeOpInner {
		return word(op.Code.String(), "OperationResultCode"), nil
	}
	if op.Tr == nil {
		return "", fmt.Errorf("operation result without its body")
	}
	name := innerCode(*op.Tr)
	if name == "" {
		return word(op.Tr.Type.String(), "OperationType") + "_other", nil
	}
	if strings.HasSuffix(name, "Success") {
		return "op_success", nil
	}
	_, code, _ := strings.Cut(name, "ResultCode")
	return word(code, ""), nil
}

// innerCode names the codes of the operations that move our payments; others are told apart by success only.
func innerCode(tr xdr.OperationResultTr) string {
	switch tr.Type {
	case xdr.OperationTypeCreateAccount:
		return tr.CreateAccountResult.Code.String()
	case xdr.OperationTypePayment:
		return tr.PaymentResult.Code.String()
	case xdr.OperationTypeAccountMerge:
		return tr.AccountMergeResult.Code.String()
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		return tr.BeginSponsoringFutureReservesResult.Code.String()
	case xdr.OperationTypeEndSponsoringFutureReserves:
		return tr.EndSponsoringFutureReservesResult.Code.String()
	case xdr.OperationTypeCreateClaimableBalance:
		return tr.CreateClaimableBalanceResult.Code.String()
	case xdr.OperationTypeChangeTrust:
		return tr.ChangeTrustResult.Code.String()
	}
	return ""
}

// word turns TransactionResultCodeTxBadSeq into tx_bad_seq.
func word(name, prefix string) string {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(name, prefix) {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
