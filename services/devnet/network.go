package devnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/services/devnet/engine"
)

// Network is one running network. All its methods may be called from anywhere.
type Network struct {
	cfg       Config
	log       *slog.Logger
	networkID [32]byte
	store     *store
	friendbot *keypair.Full
	root      *keypair.Full

	mu      sync.RWMutex // guards all below; written by submissions and closes, read by queries
	state   *engine.State
	offset  time.Duration // how far ledger time was moved ahead of the clock
	queue   queue
	wishes  []*wish
	fees    []ledgerFees
	faults  Faults
	lose    int // answers still to be lost
	dice    [dice]*rand.Rand
	freeze  []engine.Key // with the next ledger
	thaw    []engine.Key
	past    []undo   // of the last ledgers, the oldest first
	fork    *Network // what the second endpoint sees, when it is another chain
	salt    []byte   // of a fork: sets its hashes apart
	closing bool     // Close was called
}

// Open starts a new network, or continues the one in cfg.Path. A continued network keeps its protocol; another passphrase than
// the one it began with is refused.
func Open(cfg Config) (*Network, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	n := &Network{cfg: cfg, log: cfg.Logger, networkID: engine.NetworkID(cfg.Passphrase), queue: newQueue(), dice: newDice(1)}
	var err error
	if n.root, err = keypair.FromRawSeed(n.networkID); err != nil {
		return nil, fmt.Errorf("devnet: root key: %v", err)
	}
	if n.friendbot, err = keypair.FromRawSeed(engine.NetworkID(cfg.Passphrase + " friendbot")); err != nil {
		return nil, fmt.Errorf("devnet: friendbot key: %v", err)
	}
	if n.store, err = openStore(cfg.Path); err != nil {
		return nil, err
	}
	if err = n.begin([32]byte{}); err != nil {
		return nil, errors.Join(err, n.store.close())
	}
	return n, nil
}

// begin loads what the store holds, or writes the first two ledgers: genesis, whose hash depends on salt, and the funding of the
// friendbot.
func (n *Network) begin(salt [32]byte) error {
	state, offset, err := n.store.load(n.networkID)
	if err != nil {
		return err
	}
	if state != nil {
		n.state, n.offset = state, offset
	}
	if state != nil && state.Header().LedgerSeq > 1 {
		h := state.Header()
		n.log.Info("network continues", "ledger", h.LedgerSeq, "protocol", h.LedgerVersion)
		return nil
	}
	if n.state == nil {
		n.state, err = engine.Genesis(n.networkID, engine.Params{Protocol: n.cfg.Protocol, BaseFee: baseFee,
			BaseReserve: baseReserve, MaxTxSetSize: maxTxSetSize, Salt: salt})
		if err != nil {
			return err
		}
		if err = n.store.genesis(n.networkID, n.state); err != nil {
			return err
		}
	}
	tx, err := n.createTx(n.root, n.friendbot.Address(), friendbotFunds, 1)
	if err != nil {
		return err
	}
	if _, err = n.closeWith([]*engine.Tx{tx}, n.nextCloseTime()); err != nil {
		return err
	}
	n.log.Info("network begins", "protocol", n.cfg.Protocol)
	return nil
}

// Run closes a ledger at every interval until ctx ends or the network is closed, and returns nil then. A network without an interval only waits. An
// error means that a ledger could not be made durable; the network then stays at the ledger before.
func (n *Network) Run(ctx context.Context) error {
	if n.cfg.Interval == 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(n.cfg.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if _, err := n.CloseLedger(); errors.Is(err, errClosed) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

// errClosed is returned after Close.
var errClosed = errors.New("devnet: the network is closed")

// CloseLedger closes one ledger with what waits, empty or not, and returns its number. The ledger is durable when it returns.
func (n *Network) CloseLedger() (uint32, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return 0, errClosed
	}
	return n.closeLocked()
}

// closeLocked builds the set from wishes and queue, closes the ledger, and tells those who wait. On failure everything stays as
// it was.
func (n *Network) closeLocked() (uint32, error) {
	closeTime := n.nextCloseTime() // read once: what is valid at this time must not be judged at a later one
	set, left := n.candidates(closeTime)
	wished, next, err := n.wishTxs()
	if err != nil {
		return 0, err
	}
	set = append(set, wished...)
	load, err := n.loadTxs(int64(n.state.Header().MaxTxSetSize)-opsOf(set), next)
	if err != nil {
		return 0, err
	}
	set = append(set, load...)
	dropped := n.hits(dieDropSet, n.faults.DropSet)
	var closed *engine.Closed
	if dropped {
		closed, err = n.closeWithout(set, closeTime)
	} else {
		closed, err = n.closeWith(set, closeTime)
	}
	if err != nil {
		return 0, err
	}
	if !dropped {
		n.queue = left
	}
	n.settleWishes(closed)
	n.closeFork()
	h := closed.Header
	n.log.Debug("ledger closed", "ledger", h.LedgerSeq, "transactions", len(closed.Txs), "waiting", n.queue.len())
	return uint32(h.LedgerSeq), nil
}

// closeWith closes a ledger with these transactions in the network's own order.
func (n *Network) closeWith(txs []*engine.Tx, closeTime uint64) (*engine.Closed, error) {
	hash, err := setHash(n.state, txs)
	if err != nil {
		return nil, err
	}
	return n.closeAt(engine.Input{CloseTime: closeTime, Txs: engine.Order(txs, hash), TxSetHash: hash})
}

// closeInOrder closes a ledger with these transactions, applied as they stand.
func (n *Network) closeInOrder(txs []*engine.Tx, closeTime uint64) (*engine.Closed, error) {
	hash, err := setHash(n.state, txs)
	if err != nil {
		return nil, err
	}
	return n.closeAt(engine.Input{CloseTime: closeTime, Txs: txs, TxSetHash: hash})
}

// closeWithout closes a ledger whose set, which was this one, was dropped.
func (n *Network) closeWithout(txs []*engine.Tx, closeTime uint64) (*engine.Closed, error) {
	hash, err := setHash(n.state, txs)
	if err != nil {
		return nil, err
	}
	n.log.Info("set dropped on purpose", "transactions", len(txs))
	return n.closeAt(engine.Input{CloseTime: closeTime, Dropped: &hash})
}

// closeAt closes a ledger: computed, then durable, then adopted.
func (n *Network) closeAt(in engine.Input) (*engine.Closed, error) {
	in.Freeze, in.Unfreeze, in.Salt = n.freeze, n.thaw, n.salt
	closed, err := n.state.Close(in)
	if err != nil {
		return nil, err
	}
	if err := n.store.save(closed, n.offset, n.cfg.Retention); err != nil {
		return nil, err
	}
	before := n.remember(closed)
	if err := n.state.Adopt(closed); err != nil {
		return nil, err
	}
	n.past = append(n.past[max(0, len(n.past)+1-maxLag):], before)
	n.freeze, n.thaw = nil, nil
	n.noteFees(closed)
	return closed, nil
}

// nextCloseTime is the clock moved by the offset, but always after the last ledger. In seconds.
func (n *Network) nextCloseTime() uint64 {
	h := n.state.Header()
	now := n.cfg.Now().Add(n.offset).Unix()
	return max(uint64(h.ScpValue.CloseTime)+1, uint64(max(now, 0)))
}

// AdvanceClock moves the close times of later ledgers ahead by d, at most some 290 years in all; it never moves them back.
func (n *Network) AdvanceClock(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if d > 0 && n.offset+d > n.offset {
		n.offset += d
	}
}

// Close ends the network. What still waits for a ledger is lost.
func (n *Network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return nil
	}
	n.closing = true
	n.dropWishes(errClosed)
	return errors.Join(n.setFork(false), n.store.close())
}

// Root is the key that all lumens began with. Its seed is the network id, so it is no secret.
func (n *Network) Root() *keypair.Full { return n.root }
