package horizon

import (
	"encoding/binary"
	"fmt"

	"github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// txCodes spells the results of transactions as Horizon does.
var txCodes = map[xdr.TransactionResultCode]string{
	xdr.TransactionResultCodeTxFeeBumpInnerSuccess: "tx_fee_bump_inner_success", xdr.TransactionResultCodeTxSuccess: "tx_success",
	xdr.TransactionResultCodeTxFailed: "tx_failed", xdr.TransactionResultCodeTxTooEarly: "tx_too_early",
	xdr.TransactionResultCodeTxTooLate: "tx_too_late", xdr.TransactionResultCodeTxMissingOperation: "tx_missing_operation",
	xdr.TransactionResultCodeTxBadSeq: "tx_bad_seq", xdr.TransactionResultCodeTxBadAuth: "tx_bad_auth",
	xdr.TransactionResultCodeTxInsufficientBalance: "tx_insufficient_balance", xdr.TransactionResultCodeTxNoAccount: "tx_no_source_account",
	xdr.TransactionResultCodeTxInsufficientFee: "tx_insufficient_fee", xdr.TransactionResultCodeTxBadAuthExtra: "tx_bad_auth_extra",
	xdr.TransactionResultCodeTxInternalError: "tx_internal_error", xdr.TransactionResultCodeTxNotSupported: "tx_not_supported",
	xdr.TransactionResultCodeTxFeeBumpInnerFailed: "tx_fee_bump_inner_failed", xdr.TransactionResultCodeTxBadSponsorship: "tx_bad_sponsorship",
	xdr.TransactionResultCodeTxBadMinSeqAgeOrGap: "tx_bad_minseq_age_or_gap", xdr.TransactionResultCodeTxMalformed: "tx_malformed",
	xdr.TransactionResultCodeTxSorobanInvalid: "tx_soroban_invalid", xdr.TransactionResultCodeTxFrozenKeyAccessed: "tx_frozen_key_accessed",
}

// outerCodes spells what may befall any operation; the place is the negated code.
var outerCodes = []string{"op_inner", "op_bad_auth", "op_no_source_account", "op_not_supported", "op_too_many_subentries",
	"op_exceeded_work_limit", "op_too_many_sponsoring"}

// opCodes spells the results of each kind of operation that this network does, as Horizon does; the place is the negated code.
var opCodes = map[xdr.OperationType][]string{
	xdr.OperationTypeCreateAccount: {"op_success", "op_malformed", "op_underfunded", "op_low_reserve", "op_already_exists"},
	xdr.OperationTypePayment: {"op_success", "op_malformed", "op_underfunded", "op_src_no_trust", "op_src_not_authorized",
		"op_no_destination", "op_no_trust", "op_not_authorized", "op_line_full", "op_no_issuer"},
	xdr.OperationTypeSetOptions: {"op_success", "op_low_reserve", "op_too_many_signers", "op_bad_flags", "op_invalid_inflation",
		"op_cant_change", "op_unknown_flag", "op_threshold_out_of_range", "op_bad_signer", "op_invalid_home_domain",
		"op_auth_revocable_required"},
	xdr.OperationTypeChangeTrust: {"op_success", "op_malformed", "op_no_issuer", "op_invalid_limit", "op_low_reserve",
		"op_self_not_allowed", "op_trust_line_missing", "op_cannot_delete", "op_not_aut_maintain_liabilities"},
	xdr.OperationTypeAllowTrust: {"op_success", "op_malformed", "op_no_trust", "op_not_required", "op_cant_revoke",
		"op_self_not_allowed", "op_low_reserve"},
	xdr.OperationTypeAccountMerge: {"op_success", "op_malformed", "op_no_account", "op_immutable_set", "op_has_sub_entries",
		"op_seq_num_too_far", "op_dest_full", "op_is_sponsor"},
	xdr.OperationTypeInflation:    {"op_success", "op_not_time"},
	xdr.OperationTypeManageData:   {"op_success", "op_not_supported_yet", "op_data_name_not_found", "op_low_reserve", "op_data_invalid_name"},
	xdr.OperationTypeBumpSequence: {"op_success", "op_bad_seq"},
	xdr.OperationTypeCreateClaimableBalance: {"op_success", "op_malformed", "op_low_reserve", "op_no_trust", "op_not_authorized",
		"op_underfunded"},
	xdr.OperationTypeClaimClaimableBalance: {"op_success", "op_does_not_exist", "op_cannot_claim", "op_line_full", "op_no_trust",
		"op_not_authorized", "op_trustline_frozen"},
	xdr.OperationTypeBeginSponsoringFutureReserves: {"op_success", "op_malformed", "op_already_sponsored", "op_recursive"},
	xdr.OperationTypeEndSponsoringFutureReserves:   {"op_success", "op_not_sponsored"},
	xdr.OperationTypeRevokeSponsorship: {"op_success", "op_does_not_exist", "op_not_sponsor", "op_low_reserve", "op_only_transferable",
		"op_malformed"},
	xdr.OperationTypeClawback:                 {"op_success", "op_malformed", "op_not_clawback_enabled", "op_no_trust", "op_underfunded"},
	xdr.OperationTypeClawbackClaimableBalance: {"op_success", "op_does_not_exist", "op_no_issuer", "op_not_clawback_enabled"},
	xdr.OperationTypeSetTrustLineFlags: {"op_success", "op_malformed", "op_no_trust", "op_cant_revoke", "op_invalid_state",
		"op_low_reserve"},
}

func spell(codes []string, code int32) string {
	if at := -int64(code); at >= 0 && at < int64(len(codes)) {
		return codes[at]
	}
	return fmt.Sprintf("op_unknown_%d", code)
}

// opCode spells the result of one operation.
func opCode(r xdr.OperationResult) string {
	if r.Code != xdr.OperationResultCodeOpInner || r.Tr == nil {
		return spell(outerCodes, int32(r.Code))
	}
	// Every union of results begins with its code.
	raw, err := r.Tr.MarshalBinary()
	if err != nil || len(raw) < 8 {
		return "op_inner"
	}
	code := int32(binary.BigEndian.Uint32(raw[4:]))
	if names := opCodes[r.Tr.Type]; names != nil {
		return spell(names, code)
	}
	if code == 0 {
		return "op_success"
	}
	return spell(nil, code)
}

// resultCodes spells a result for the submitter of the transaction with this hash. The submitter of the inner transaction of a fee bump
// reads its part only.
func resultCodes(r xdr.TransactionResult, hash xdr.Hash) horizon.TransactionResultCodes {
	out := horizon.TransactionResultCodes{TransactionCode: txCodes[r.Result.Code]}
	if pair := r.Result.InnerResultPair; pair != nil {
		inner := txCodes[pair.Result.Result.Code]
		if pair.TransactionHash == hash {
			out.TransactionCode = inner
		} else {
			out.InnerTransactionCode = inner
		}
	}
	if results, ok := r.OperationResults(); ok {
		for _, op := range results {
			out.OperationCodes = append(out.OperationCodes, opCode(op))
		}
	}
	return out
}
