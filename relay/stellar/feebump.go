package stellar

import (
	"errors"
	"fmt"
	"math"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// MinBaseFee is the network's least fee for one operation, in stroops.
const MinBaseFee = 100

// FeeBump is an unsigned fee bump around a signed transaction.
type FeeBump struct {
	XDR   string
	Hash  string        // outer hash
	Inner string        // inner hash: the one to look for
	Fee   relay.Stroops // stroops, the most that can be charged: base fee times (operations + 1)
}

// BuildFeeBump wraps a signed transaction so that feeSource pays for it (CAP-15). baseFee is the bid for one
// operation in stroops, at least 100; the bump itself counts as one operation. To replace a bump that waits in a
// queue, the network wants ten times its bid.
func BuildFeeBump(innerXDR, passphrase, feeSource string, baseFee relay.Stroops) (FeeBump, error) {
	source, err := accountID("fee source", feeSource)
	if err != nil {
		return FeeBump{}, err
	}
	inner, err := decode(innerXDR)
	if err != nil {
		return FeeBump{}, err
	}
	if inner.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return FeeBump{}, fmt.Errorf("envelope of type %d cannot be fee-bumped", inner.Type)
	}
	if len(inner.V1.Signatures) == 0 {
		return FeeBump{}, errors.New("inner transaction is not signed")
	}
	ops := relay.Stroops(len(inner.V1.Tx.Operations)) + 1
	if baseFee < MinBaseFee || baseFee > math.MaxInt64/ops {
		return FeeBump{}, fmt.Errorf("base fee of %d stroops is out of range", baseFee)
	}
	env := xdr.TransactionEnvelope{
		Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump,
		FeeBump: &xdr.FeeBumpTransactionEnvelope{
			Tx: xdr.FeeBumpTransaction{
				FeeSource: source.ToMuxedAccount(), Fee: xdr.Int64(baseFee * ops),
				InnerTx: xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: inner.V1},
			},
			Signatures: []xdr.DecoratedSignature{},
		},
	}
	text, err := encode(env)
	if err != nil {
		return FeeBump{}, err
	}
	in, out, err := hashes(env, passphrase)
	return FeeBump{XDR: text, Hash: out, Inner: in, Fee: baseFee * ops}, err
}
