package devnet

import (
	"errors"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
)

// Submit hands in an envelope (base64 XDR) as sendTransaction does, with the same faults. lost means that the envelope was accepted
// but its answer must not reach the client. An error is about the request or the network, not about the transaction.
func (n *Network) Submit(envelope string) (answer protocol.SendTransactionResponse, lost bool, err error) {
	answer, err = n.sendTransaction(protocol.SendTransactionRequest{Transaction: envelope})
	if errors.Is(err, errLost) {
		return answer, true, nil
	}
	return answer, false, err
}
