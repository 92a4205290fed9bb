package devnet

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// opsOfLoad is how many operations one transaction of the background load has.
const opsOfLoad = 100

// loadTxs fills room (in operations) with payments of the friendbot to itself that bid the surge fee, numbered from seq on. They cost
// its lumens and change nothing else, but the set is full, and every transaction in it pays the lowest bid (engine.BaseFee).
func (n *Network) loadTxs(room, seq int64) ([]*engine.Tx, error) {
	var out []*engine.Tx
	for ; n.faults.Surge > 0 && room > 0; seq++ {
		ops := min(room, opsOfLoad)
		room -= ops
		self := xdr.MustMuxedAddress(n.friendbot.Address())
		tx := xdr.Transaction{SourceAccount: self, Fee: xdr.Uint32(n.faults.Surge * ops), SeqNum: xdr.SequenceNumber(seq)}
		for range ops {
			tx.Operations = append(tx.Operations, xdr.Operation{Body: xdr.OperationBody{Type: xdr.OperationTypePayment,
				PaymentOp: &xdr.PaymentOp{Destination: self, Asset: xdr.Asset{Type: xdr.AssetTypeAssetTypeNative}, Amount: 1}}})
		}
		signed, err := n.signTx(n.friendbot, tx)
		if err != nil {
			return nil, err
		}
		out = append(out, signed)
	}
	return out, nil
}

// opsOf is how many operations of a set's room transactions take.
func opsOf(txs []*engine.Tx) (ops int64) {
	for _, t := range txs {
		ops += t.Ops()
	}
	return ops
}
