package devnet

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// CloseWith closes one ledger with exactly these envelopes (base64 XDR), applied in the order given, past the queue and
// its rules, and returns its number. The network's own order is drawn from hashes, and its queue takes one transaction an
// account; whoever relies on either is found out here. What cannot be in a ledger at all is an error, and nothing closes.
func (n *Network) CloseWith(envelopes ...string) (uint32, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return 0, errClosed
	}
	var txs []*engine.Tx
	for i, text := range envelopes {
		var env xdr.TransactionEnvelope
		if err := xdr.SafeUnmarshalBase64(text, &env); err != nil {
			return 0, fmt.Errorf("devnet: envelope %d: %w", i, err)
		}
		tx, err := engine.NewTx(n.networkID, env)
		if err != nil {
			return 0, fmt.Errorf("devnet: envelope %d: %w", i, err)
		}
		txs = append(txs, tx)
	}
	closed, err := n.closeInOrder(txs)
	if err != nil {
		return 0, err
	}
	return uint32(closed.Header.LedgerSeq), nil
}

// Waiting is how many transactions wait for the next ledger, friendbot's included.
func (n *Network) Waiting() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.queue.len() + len(n.wishes)
}
