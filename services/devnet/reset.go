package devnet

import (
	"crypto/sha256"
	"errors"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// errReset is what those hear who waited for the friendbot when the network began anew.
var errReset = errors.New("devnet: the network was reset")

// Reset begins everything anew, as test networks do now and then: ledger 1 with other hashes, no accounts, nothing waiting. The passphrase,
// the friendbot and the faults stay.
func (n *Network) Reset() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return errClosed
	}
	last := n.state.Hash()
	if err := errors.Join(n.setFork(false), n.store.wipe()); err != nil {
		return err
	}
	n.faults.SecondFork = false
	n.dropWishes(errReset)
	n.state, n.queue, n.fees, n.past, n.freeze, n.thaw = nil, newQueue(), nil, nil, nil, nil
	return n.begin(sha256.Sum256(append([]byte("reset"), last[:]...)))
}

// Freeze freezes accounts and trustlines and thaws others, with the next ledger (CAP-77). It fails before protocol 26, and for keys of
// other kinds.
func (n *Network) Freeze(freeze, thaw []xdr.LedgerKey) error {
	var keys [2][]engine.Key
	for i, list := range [][]xdr.LedgerKey{freeze, thaw} {
		for _, k := range list {
			key, err := engine.Freezable(k)
			if err != nil {
				return err
			}
			keys[i] = append(keys[i], key)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if uint32(n.state.Header().LedgerVersion) < 26 {
		return engine.ErrProtocol
	}
	n.freeze = append(n.freeze, keys[0]...)
	n.thaw = append(n.thaw, keys[1]...)
	return nil
}
