package stellar

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// Sighting is what a closed ledger says of one transaction: envelope and result, base64 XDR, as it landed.
func (v View) Sighting(envelopeXDR, resultXDR string, ledger uint32) (relay.Sighting, error) {
	env, err := decode(envelopeXDR)
	if err != nil {
		return relay.Sighting{}, err
	}
	inner, outer, err := hashes(env, v.Passphrase)
	if err != nil {
		return relay.Sighting{}, err
	}
	var r xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(resultXDR, &r); err != nil {
		return relay.Sighting{}, fmt.Errorf("result is not XDR: %v", err)
	}
	payer := env.SourceAccount()
	if env.IsFeeBump() {
		payer = env.FeeBumpAccount()
	}
	s := relay.Sighting{Hash: inner, Tx: outer, Ledger: ledger, Success: r.Successful(), Fee: relay.Stroops(r.FeeCharged), Payer: muxedAddress(payer)}
	s.Service = v.Sponsor != "" && s.Payer == v.Sponsor
	if s.Success {
		if s.Paid, err = paid(env, r); err == nil {
			s.Ended, err = balancesEnded(env)
		}
		return s, err
	}
	ops, _ := r.OperationResults()
	for _, op := range ops {
		w, err := operationWord(op)
		if err != nil {
			return relay.Sighting{}, err
		}
		s.Short = s.Short || strings.HasSuffix(w, "_low_reserve") || strings.HasSuffix(w, "_underfunded")
	}
	return s, nil
}

// paid is what the operations of a transaction that succeeded moved, in their order. What a merge and a path moved is in the
// results only. What a contract moves inside is in neither.
func paid(env xdr.TransactionEnvelope, r xdr.TransactionResult) (out []relay.Paid, err error) {
	results, _ := r.OperationResults()
	ops := env.Operations()
	if len(results) != len(ops) {
		return nil, fmt.Errorf("%d results of %d operations", len(results), len(ops))
	}
	for i, op := range ops {
		from := env.SourceAccount()
		if op.SourceAccount != nil {
			from = *op.SourceAccount
		}
		m, to, ok := moved(op.Body, results[i])
		if !ok {
			continue
		}
		m.From = muxedAddress(from)
		if to != nil {
			m.To = muxedAddress(*to)
			if text := to.Address(); text != m.To {
				m.Customer = text
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// moved is what one operation moved, and where; not ok: nothing.
func moved(b xdr.OperationBody, r xdr.OperationResult) (m relay.Paid, to *xdr.MuxedAccount, ok bool) {
	switch b.Type {
	case xdr.OperationTypeCreateAccount:
		op := b.CreateAccountOp
		made := op.Destination.ToMuxedAccount()
		return relay.Paid{Asset: relay.Native, Amount: relay.Stroops(op.StartingBalance)}, &made, op.StartingBalance > 0
	case xdr.OperationTypePayment:
		op := b.PaymentOp
		return relay.Paid{Asset: assetText(op.Asset), Amount: relay.Stroops(op.Amount)}, &op.Destination, true
	case xdr.OperationTypePathPaymentStrictReceive:
		op := b.PathPaymentStrictReceiveOp
		return relay.Paid{Asset: assetText(op.DestAsset), Amount: relay.Stroops(op.DestAmount)}, &op.Destination, true
	case xdr.OperationTypePathPaymentStrictSend:
		op := b.PathPaymentStrictSendOp
		if r.Tr == nil || r.Tr.PathPaymentStrictSendResult == nil {
			return m, nil, false
		}
		got, ok := r.Tr.PathPaymentStrictSendResult.GetSuccess()
		return relay.Paid{Asset: assetText(op.DestAsset), Amount: relay.Stroops(got.Last.Amount)}, &op.Destination, ok
	case xdr.OperationTypeAccountMerge:
		if r.Tr == nil || r.Tr.AccountMergeResult == nil {
			return m, nil, false
		}
		balance, ok := r.Tr.AccountMergeResult.GetSourceAccountBalance()
		return relay.Paid{Asset: relay.Native, Amount: relay.Stroops(balance)}, b.Destination, ok
	case xdr.OperationTypeCreateClaimableBalance:
		op := b.CreateClaimableBalanceOp
		m = relay.Paid{Asset: assetText(op.Asset), Amount: relay.Stroops(op.Amount), Claimable: true, Balance: balanceMade(r)}
		if len(op.Claimants) != 1 {
			return m, nil, true
		}
		claimant := op.Claimants[0].V0.Destination.ToMuxedAccount()
		return m, &claimant, true
	}
	return m, nil, false
}

// balanceMade is the id of the balance that an operation made, in hexadecimal XDR; "" when the result does not say it.
func balanceMade(r xdr.OperationResult) string {
	if r.Tr == nil || r.Tr.CreateClaimableBalanceResult == nil || r.Tr.CreateClaimableBalanceResult.BalanceId == nil {
		return ""
	}
	id, err := balanceText(*r.Tr.CreateClaimableBalanceResult.BalanceId)
	if err != nil {
		return ""
	}
	return id
}

func balanceText(id xdr.ClaimableBalanceId) (string, error) {
	raw, err := id.MarshalBinary()
	return hex.EncodeToString(raw), err
}

// balancesEnded are the balances that the operations of a transaction which succeeded claimed or clawed back.
func balancesEnded(env xdr.TransactionEnvelope) (ended []relay.BalanceEnd, err error) {
	for _, op := range env.Operations() {
		end, id := relay.BalanceEnd{}, xdr.ClaimableBalanceId{}
		switch op.Body.Type {
		case xdr.OperationTypeClaimClaimableBalance:
			id = op.Body.ClaimClaimableBalanceOp.BalanceId
		case xdr.OperationTypeClawbackClaimableBalance:
			id, end.Clawed = op.Body.ClawbackClaimableBalanceOp.BalanceId, true
		default:
			continue
		}
		if end.ID, err = balanceText(id); err != nil {
			return nil, err
		}
		ended = append(ended, end)
	}
	return ended, nil
}
