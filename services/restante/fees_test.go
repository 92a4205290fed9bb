package main

import (
	"context"
	"errors"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/internal/bareledger"
)

// feesSince is what the network took of each account for the transactions after a ledger, in stroops: of the payer of the fee, who in
// a fee bump is not the one whose transaction it is.
func feesSince(ctx context.Context, r bareledger.Reader, after uint32) (map[string]int64, error) {
	latest, err := r.Latest(ctx)
	if err != nil || latest <= after {
		return nil, err
	}
	fees, seen, cursor := map[string]int64{}, map[string]bool{}, ""
	for {
		params := map[string]any{"startLedger": after + 1, "pagination": map[string]any{"limit": 200}}
		if cursor != "" {
			params = map[string]any{"pagination": map[string]any{"cursor": cursor, "limit": 200}}
		}
		var answer struct {
			Cursor       string
			Transactions []struct{ TxHash, EnvelopeXDR, ResultXDR string }
		}
		if err := r.Call(ctx, "getTransactions", params, &answer); err != nil {
			return nil, err
		}
		fresh := false
		for _, t := range answer.Transactions {
			if seen[t.TxHash] { // a page may begin with what the one before ended with
				continue
			}
			seen[t.TxHash], fresh = true, true
			var envelope xdr.TransactionEnvelope
			var result xdr.TransactionResult
			if err := errors.Join(xdr.SafeUnmarshalBase64(t.EnvelopeXDR, &envelope), xdr.SafeUnmarshalBase64(t.ResultXDR, &result)); err != nil {
				return nil, err
			}
			payer := envelope.SourceAccount()
			if envelope.IsFeeBump() {
				payer = envelope.FeeBumpAccount()
			}
			id := payer.ToAccountId()
			fees[id.Address()] += int64(result.FeeCharged)
		}
		if cursor = answer.Cursor; !fresh {
			return fees, nil
		}
	}
}
