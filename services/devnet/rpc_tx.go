package devnet

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

func (n *Network) sendTransaction(in protocol.SendTransactionRequest) (out protocol.SendTransactionResponse, err error) {
	if err := xdrOnly(in.Format); err != nil {
		return out, err
	}
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64WithOptions(in.Transaction, &env, decodeLimits()); err != nil {
		return out, badParams("invalid_xdr")
	}
	tx, err := engine.NewTx(n.networkID, env)
	if err != nil {
		return out, badParams("invalid_hash")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return out, errClosed
	}
	a := n.submit(tx)
	h := n.state.Header()
	out = protocol.SendTransactionResponse{Status: a.status, Hash: hexHash(tx.Hash()), LatestLedger: uint32(h.LedgerSeq),
		LatestLedgerCloseTime: int64(h.ScpValue.CloseTime)}
	n.log.Debug("transaction submitted", "hash", out.Hash, "status", a.status)
	if a.result != nil {
		if out.ErrorResultXDR, err = xdr.MarshalBase64(*a.result); err != nil {
			return out, fmt.Errorf("devnet: encode a result: %v", err)
		}
	}
	if a.status == statusPending && n.loses() {
		n.log.Info("answer lost on purpose", "hash", out.Hash)
		return out, errLost
	}
	return out, nil
}

// sendTransaction submits at once; only what the answer says of the ledger lags.
func (n reader) sendTransaction(in protocol.SendTransactionRequest) (protocol.SendTransactionResponse, error) {
	out, err := n.Network.sendTransaction(in)
	n.mu.RLock()
	defer n.mu.RUnlock()
	if h := n.header(); err == nil && out.LatestLedger > uint32(h.LedgerSeq) {
		out.LatestLedger, out.LatestLedgerCloseTime = uint32(h.LedgerSeq), int64(h.ScpValue.CloseTime)
	}
	return out, err
}

func (n reader) getTransaction(in protocol.GetTransactionRequest) (out protocol.GetTransactionResponse, err error) {
	if err := xdrOnly(in.Format); err != nil {
		return out, err
	}
	raw, err := hex.DecodeString(in.Hash)
	if hex.DecodedLen(len(in.Hash)) != 32 {
		return out, badParams("unexpected hash length (%d)", len(in.Hash))
	}
	if err != nil {
		return out, badParams("incorrect hash: %v", err)
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	s, err := n.span()
	if err != nil {
		return out, err
	}
	out = protocol.GetTransactionResponse{LatestLedger: s.latest, LatestLedgerCloseTime: s.latestTime, OldestLedger: s.oldest,
		OldestLedgerCloseTime: s.oldestTime}
	t, err := n.store.transaction([32]byte(raw))
	if errors.Is(err, errNoTransaction) || err == nil && t.ledger > s.latest {
		out.TransactionDetails = protocol.TransactionDetails{Status: protocol.TransactionStatusNotFound, TransactionHash: in.Hash}
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.TransactionDetails, out.LedgerCloseTime = t.details(), t.closeTime
	out.TransactionHash = in.Hash // as asked for: of a fee bump it may be the inner one
	return out, nil
}

func (t *txRow) details() protocol.TransactionDetails {
	status := protocol.TransactionStatusFailed
	if t.successful {
		status = protocol.TransactionStatusSuccess
	}
	return protocol.TransactionDetails{Status: status, TransactionHash: hexHash(t.hash), ApplicationOrder: t.place, FeeBump: t.bump,
		EnvelopeXDR: encode64(t.envelope), ResultXDR: encode64(t.result), ResultMetaXDR: encode64(t.meta), Ledger: t.ledger}
}

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// getTransactions pages through transactions. Like Stellar RPC, whose cursor goes back to the head of the last ledger when a page
// finds nothing new there, it may show transactions again: readers have to know what they have seen.
func (n reader) getTransactions(in protocol.GetTransactionsRequest) (out protocol.GetTransactionsResponse, err error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	s, err := n.span()
	if err != nil {
		return out, err
	}
	if err := in.IsValid(maxPage, protocol.LedgerSeqRange{FirstLedger: s.oldest, LastLedger: s.latest}); err != nil {
		return out, &rpcError{Code: codeInvalidRequest, Message: err.Error()}
	}
	if err := xdrOnly(in.Format); err != nil {
		return out, err
	}
	start, limit, err := pageOf(in)
	if err != nil {
		return out, err
	}
	if uint32(start.LedgerSequence) < s.oldest {
		return out, badParams("database does not contain metadata for ledger: %d", start.LedgerSequence)
	}
	rows, err := n.store.transactions(uint32(start.LedgerSequence), start.TransactionOrder, s.latest, limit)
	if err != nil {
		return out, err
	}
	out = protocol.GetTransactionsResponse{Transactions: make([]protocol.TransactionInfo, 0, len(rows)), LatestLedger: s.latest,
		LatestLedgerCloseTime: s.latestTime, OldestLedger: s.oldest, OldestLedgerCloseTime: s.oldestTime}
	at := toid.New(0, 0, 0) // where Stellar RPC's cursor is when the start lies beyond the last ledger
	if uint32(start.LedgerSequence) <= s.latest {
		at = toid.New(int32(s.latest), 0, 1)
	}
	for i := range rows {
		t := &rows[i]
		out.Transactions = append(out.Transactions, protocol.TransactionInfo{TransactionDetails: t.details(), LedgerCloseTime: t.closeTime})
		if len(rows) == limit || t.ledger == s.latest {
			at = toid.New(int32(t.ledger), t.place, 1)
		}
	}
	out.Cursor = at.String()
	return out, nil
}

func pageOf(in protocol.GetTransactionsRequest) (toid.ID, int, error) {
	if in.StartLedger > math.MaxInt32 {
		return toid.ID{}, 0, badParams("startLedger exceeds supported range")
	}
	start, limit := *toid.New(int32(in.StartLedger), 1, 1), defaultPage
	if p := in.Pagination; p != nil {
		if p.Cursor != "" {
			after, err := strconv.ParseInt(p.Cursor, 10, 64)
			if err != nil || after < 0 {
				return start, 0, badParams("the cursor is not one of ours")
			}
			start = toid.Parse(after)
			start.TransactionOrder++
		}
		if p.Limit > 0 {
			limit = int(p.Limit)
		}
	}
	return start, limit, nil
}
