package devnet

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// maxLag is how many ledgers an endpoint can lag behind.
const maxLag = 64

// EndpointOptions say how an endpoint differs from the one of Handler.
type EndpointOptions struct {
	Lag  uint32 // ledgers that it is behind, at most 64; less right after a start, when that past is not known
	Fork bool   // it sees a chain of its own from now on: the same past and ledger numbers, other hashes, its own transactions
}

// Endpoint is another protocol port of the network: Stellar RPC at its root. What a lagging endpoint is handed in reaches the network at
// once, and only its reading lags. A fork closes a ledger whenever the network does; what is handed in there stays there. It ends with the
// network. There is one fork at a time, and all endpoints that ask for one share it.
func (n *Network) Endpoint(o EndpointOptions) (http.Handler, error) {
	if o.Lag > maxLag {
		return nil, fmt.Errorf("devnet: an endpoint lags at most %d ledgers", maxLag)
	}
	if !o.Fork {
		return n.door(func() reader { return reader{n, o.Lag} }), nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return nil, errClosed
	}
	if err := n.setFork(true); err != nil {
		return nil, err
	}
	n.faults.SecondFork = true
	fork := n.fork
	return fork.door(func() reader { return reader{fork, o.Lag} }), nil
}

// undo is what a ledger changed, as it was before.
type undo struct {
	header xdr.LedgerHeader
	hash   [32]byte
	before map[engine.Key]*xdr.LedgerEntry
}

// remember keeps what a ledger that is about to be adopted will overwrite. Entries are never written to, so pointers are enough.
func (n *Network) remember(c *engine.Closed) undo {
	u := undo{header: n.state.Header(), hash: n.state.Hash(), before: make(map[engine.Key]*xdr.LedgerEntry, len(c.Changed))}
	for _, ch := range c.Changed {
		u.before[ch.Key] = n.state.Entry(ch.Key)
	}
	return u
}

// reader reads the network as it was lag ledgers ago.
type reader struct {
	*Network
	lag uint32
}

// undone is what must be undone to get there, the oldest first.
func (n reader) undone() []undo {
	return n.past[len(n.past)-min(int(n.lag), len(n.past)):]
}

func (n reader) header() xdr.LedgerHeader {
	if u := n.undone(); len(u) > 0 {
		return u[0].header
	}
	return n.state.Header()
}

func (n reader) entry(k engine.Key) *xdr.LedgerEntry {
	for _, u := range n.undone() {
		if e, changed := u.before[k]; changed {
			return e
		}
	}
	return n.state.Entry(k)
}

// span is the ledgers that can be asked for.
func (n reader) span() (span, error) {
	s, err := n.store.span()
	if u := n.undone(); len(u) > 0 {
		h := u[0].header
		s.latest, s.latestTime = uint32(h.LedgerSeq), int64(h.ScpValue.CloseTime)
		if s.oldest > s.latest {
			s.oldest, s.oldestTime = s.latest, s.latestTime
		}
	}
	return s, err
}

// setFork begins or ends the other chain.
func (n *Network) setFork(on bool) error {
	if on == (n.fork != nil) {
		return nil
	}
	if !on {
		fork := n.fork
		n.fork = nil
		return fork.Close()
	}
	fork := &Network{cfg: n.cfg, log: n.log.With("chain", "fork"), networkID: n.networkID, friendbot: n.friendbot, root: n.root,
		queue: newQueue(), dice: newDice(1), offset: n.offset, salt: []byte("fork")}
	fork.cfg.Path = ""
	var err error
	if fork.store, err = n.store.copied(); err != nil {
		return err
	}
	if fork.state, _, err = fork.store.load(n.networkID); err != nil {
		return errors.Join(err, fork.store.close())
	}
	n.fork = fork
	return nil
}

// closeFork has the other chain close its ledger too. When it cannot, it ends.
func (n *Network) closeFork() {
	if n.fork == nil {
		return
	}
	n.fork.mu.Lock()
	n.fork.offset = n.offset
	_, err := n.fork.closeLocked()
	n.fork.mu.Unlock()
	if err != nil {
		n.log.Error("the fork ends", "error", err)
		_ = n.setFork(false)
	}
}
