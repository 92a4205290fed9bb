package devnet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

func hexHash(h [32]byte) string { return hex.EncodeToString(h[:]) }

// txSet puts envelopes into a generalized transaction set: a classic phase, sorted by hash, and an empty contract phase.
func txSet(previous xdr.Hash, protocol uint32, fee int64, envelopes []xdr.TransactionEnvelope) (xdr.GeneralizedTransactionSet, error) {
	type hashed struct {
		hash [32]byte
		env  xdr.TransactionEnvelope
	}
	all := make([]hashed, len(envelopes))
	for i, env := range envelopes {
		raw, err := env.MarshalBinary()
		if err != nil {
			return xdr.GeneralizedTransactionSet{}, fmt.Errorf("devnet: encode an envelope: %v", err)
		}
		all[i] = hashed{sha256.Sum256(raw), env}
	}
	slices.SortFunc(all, func(a, b hashed) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	classic := []xdr.TxSetComponent{}
	if len(all) > 0 {
		base := xdr.Int64(fee)
		c := &xdr.TxSetComponentTxsMaybeDiscountedFee{BaseFee: &base}
		for _, h := range all {
			c.Txs = append(c.Txs, h.env)
		}
		classic = append(classic, xdr.TxSetComponent{Type: xdr.TxSetComponentTypeTxsetCompTxsMaybeDiscountedFee, TxsMaybeDiscountedFee: c})
	}
	contracts := xdr.TransactionPhase{V: 0, V0Components: &[]xdr.TxSetComponent{}}
	if protocol >= 23 {
		contracts = xdr.TransactionPhase{V: 1, ParallelTxsComponent: &xdr.ParallelTxsComponent{}}
	}
	return xdr.GeneralizedTransactionSet{V: 1, V1TxSet: &xdr.TransactionSetV1{PreviousLedgerHash: previous,
		Phases: []xdr.TransactionPhase{{V: 0, V0Components: &classic}, contracts}}}, nil
}

// setHash is the hash of the set that these transactions make after the state's last ledger.
func setHash(s *engine.State, txs []*engine.Tx) ([32]byte, error) {
	h := s.Header()
	envelopes := make([]xdr.TransactionEnvelope, len(txs))
	for i, t := range txs {
		envelopes[i] = t.Envelope()
	}
	set, err := txSet(s.Hash(), uint32(h.LedgerVersion), engine.BaseFee(h, txs), envelopes)
	if err != nil {
		return [32]byte{}, err
	}
	raw, err := set.MarshalBinary()
	if err != nil {
		return [32]byte{}, fmt.Errorf("devnet: encode a transaction set: %v", err)
	}
	return sha256.Sum256(raw), nil
}

// transactionMeta is what one transaction changed, in the version of XDR that the protocol writes.
func transactionMeta(protocol uint32, t *engine.Landed) xdr.TransactionMeta {
	var before xdr.LedgerEntryChanges
	for _, b := range t.Before {
		before = append(before, b...)
	}
	if protocol >= 23 {
		m := &xdr.TransactionMetaV4{TxChangesBefore: before}
		for _, c := range t.Ops {
			m.Operations = append(m.Operations, xdr.OperationMetaV2{Changes: c})
		}
		return xdr.TransactionMeta{V: 4, V4: m}
	}
	m := &xdr.TransactionMetaV3{TxChangesBefore: before}
	for _, c := range t.Ops {
		m.Operations = append(m.Operations, xdr.OperationMeta{Changes: c})
	}
	return xdr.TransactionMeta{V: 3, V3: m}
}

// closeMeta puts a stored ledger and its transactions, in apply order, into the form that ledgers are streamed in.
func closeMeta(l *ledgerRow, txs []txRow) (xdr.LedgerCloseMeta, error) {
	envelopes := make([]xdr.TransactionEnvelope, len(txs))
	results := make([]xdr.TransactionResultMetaV1, len(txs))
	fee := int64(l.header.BaseFee)
	for i := range txs {
		t := &txs[i]
		r := &results[i]
		r.Result.TransactionHash = t.hash
		for _, part := range []struct {
			raw  []byte
			into interface{ UnmarshalBinary([]byte) error }
		}{{t.envelope, &envelopes[i]}, {t.result, &r.Result.Result}, {t.meta, &r.TxApplyProcessing}} {
			if err := part.into.UnmarshalBinary(part.raw); err != nil {
				return xdr.LedgerCloseMeta{}, fmt.Errorf("devnet: stored transaction %x: %v", t.hash, err)
			}
		}
		if err := xdr.SafeUnmarshal(t.fee, &r.FeeProcessing); err != nil {
			return xdr.LedgerCloseMeta{}, fmt.Errorf("devnet: stored transaction %x: %v", t.hash, err)
		}
		fee = l.setFee
	}
	set, err := txSet(l.header.PreviousLedgerHash, uint32(l.header.LedgerVersion), fee, envelopes)
	if err != nil {
		return xdr.LedgerCloseMeta{}, err
	}
	header := xdr.LedgerHeaderHistoryEntry{Hash: l.hash, Header: l.header}
	if uint32(l.header.LedgerVersion) >= 23 {
		return xdr.LedgerCloseMeta{V: 2, V2: &xdr.LedgerCloseMetaV2{LedgerHeader: header, TxSet: set, TxProcessing: results}}, nil
	}
	v1 := &xdr.LedgerCloseMetaV1{LedgerHeader: header, TxSet: set}
	for _, r := range results {
		v1.TxProcessing = append(v1.TxProcessing, xdr.TransactionResultMeta{Result: r.Result, FeeProcessing: r.FeeProcessing,
			TxApplyProcessing: r.TxApplyProcessing})
	}
	return xdr.LedgerCloseMeta{V: 1, V1: v1}, nil
}
