package devnet

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// CloseWith closes one ledger with exactly these envelopes (base64 XDR), applied in the order given, past the rules of the queue, and
// returns its number. The network's own order is drawn from hashes, and its queue takes one transaction an account; a caller that relies on
// either is found out here. What could be in no ledger is refused, and nothing closes: each envelope must be valid when the ledger begins,
// as in Check; the set must not be larger than the ledger, hold nothing twice, or ask a payer for more than there is. Those among them that
// wait in the queue leave it.
func (n *Network) CloseWith(envelopes ...string) (uint32, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return 0, errClosed
	}
	closeTime := n.nextCloseTime()
	txs, err := n.judged(envelopes, closeTime)
	if err != nil {
		return 0, err
	}
	closed, err := n.closeInOrder(txs, closeTime)
	if err != nil {
		return 0, err
	}
	for _, tx := range txs {
		if w := n.queue.bySource[tx.Source()]; w != nil && w.tx.Hash() == tx.Hash() {
			delete(n.queue.bySource, tx.Source())
		}
	}
	n.settleWishes(closed)
	n.closeFork()
	return uint32(closed.Header.LedgerSeq), nil
}

// judged decodes envelopes and refuses what cannot be in the next ledger.
func (n *Network) judged(envelopes []string, closeTime uint64) ([]*engine.Tx, error) {
	var txs []*engine.Tx
	seen := map[[32]byte]bool{}
	spent := map[engine.ID]int64{}
	for i, text := range envelopes {
		var env xdr.TransactionEnvelope
		if err := xdr.SafeUnmarshalBase64WithOptions(text, &env, decodeLimits()); err != nil {
			return nil, fmt.Errorf("devnet: envelope %d: %w", i, err)
		}
		tx, err := engine.NewTx(n.networkID, env)
		if err != nil {
			return nil, fmt.Errorf("devnet: envelope %d: %w", i, err)
		}
		if r := n.state.Check(tx, closeTime); !engine.Accepted(r) {
			return nil, fmt.Errorf("devnet: envelope %d is not valid: %s", i, resultCodes(r))
		}
		if seen[tx.Hash()] {
			return nil, fmt.Errorf("devnet: envelope %d is there twice", i)
		}
		seen[tx.Hash()] = true
		if spent[tx.FeeSource()] += tx.FeeBid(); spent[tx.FeeSource()] > n.state.Available(tx.FeeSource()) {
			return nil, fmt.Errorf("devnet: envelope %d: its payer cannot pay for all of them", i)
		}
		txs = append(txs, tx)
	}
	if ops, room := opsOf(txs), int64(n.state.Header().MaxTxSetSize); ops > room {
		return nil, fmt.Errorf("devnet: %d operations are more than the %d of a ledger", ops, room)
	}
	return txs, nil
}

// resultCodes names the code of a refusal, and the inner one of a fee bump.
func resultCodes(r xdr.TransactionResult) string {
	text := r.Result.Code.String()
	if p := r.Result.InnerResultPair; p != nil {
		text += ", " + p.Result.Result.Code.String()
	}
	return text
}

// Waiting is how many transactions wait for the next ledger, friendbot's included.
func (n *Network) Waiting() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.queue.len() + len(n.wishes)
}
