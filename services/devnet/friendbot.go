package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

const (
	friendbotFunds = 100_000_000_000_000_000 // stroops the friendbot begins with
	friendbotGift  = 100_000_000_000         // stroops a new account gets: 10000 lumens
	friendbotFee   = 1_000_000               // stroops, so that a surge does not shut it out
	wishesALedger  = 400
	closesForAWish = 100 // at most, where ledgers close on demand: their sets may be dropped
)

// wish is an account that the friendbot was asked for. It is kept until a ledger holds it.
type wish struct {
	address string
	id      engine.ID
	hash    [32]byte
	done    chan granted // buffered
}

type granted struct {
	hash       string
	ledger     uint32
	successful bool
	err        error
}

var errFunded = errors.New("account already exists")

// Fund creates the account with 10000 lumens, and returns when that is in a closed ledger: the hash of the transaction. Where ledgers
// close on demand it closes one. It fails when the account exists.
func (n *Network) Fund(ctx context.Context, address string) (hash string, err error) {
	g, err := n.fund(ctx, address)
	return g.hash, err
}

func (n *Network) fund(ctx context.Context, address string) (granted, error) {
	raw, err := strkey.Decode(strkey.VersionByteAccountID, address)
	if err != nil {
		return granted{}, fmt.Errorf("devnet: not an account address: %w", errBadAddress)
	}
	w := &wish{address: address, id: engine.ID(raw), done: make(chan granted, 1)}
	if err := n.addWish(w); err != nil {
		return granted{}, err
	}
	select {
	case g := <-w.done:
		if g.err == nil && !g.successful {
			g.err = errFunded
		}
		return g, g.err
	case <-ctx.Done():
		return granted{}, ctx.Err()
	}
}

var errBadAddress = errors.New("addr is not a G address")

func (n *Network) addWish(w *wish) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return errClosed
	}
	if n.state.Account(w.id) != nil {
		return errFunded
	}
	n.wishes = append(n.wishes, w)
	if n.cfg.Interval != 0 {
		return nil
	}
	for range closesForAWish {
		if _, err := n.closeLocked(); err != nil || len(w.done) > 0 {
			return err
		}
	}
	n.wishes = slices.DeleteFunc(n.wishes, func(x *wish) bool { return x == w })
	return errors.New("devnet: every set was dropped")
}

// wishTxs makes the friendbot's transactions of the next ledger, numbered one after the other, and says which number is next.
func (n *Network) wishTxs() ([]*engine.Tx, int64, error) {
	var out []*engine.Tx
	byID := map[engine.ID]*wish{}
	seq := int64(0)
	if bot := n.state.Account(engine.IDOf(xdr.MustAddress(n.friendbot.Address()))); bot != nil {
		seq = int64(bot.SeqNum)
	}
	for _, w := range n.wishes[:min(len(n.wishes), wishesALedger)] {
		if twin := byID[w.id]; twin != nil {
			w.hash = twin.hash
			continue
		}
		seq++
		tx, err := n.createTx(n.friendbot, w.address, friendbotGift, seq)
		if err != nil {
			return nil, 0, err
		}
		w.hash, byID[w.id] = tx.Hash(), w
		out = append(out, tx)
	}
	return out, seq + 1, nil
}

// settleWishes tells those whose transaction the ledger holds.
func (n *Network) settleWishes(c *engine.Closed) {
	landed := map[[32]byte]bool{}
	for _, t := range c.Txs {
		landed[t.Tx.Hash()] = engine.Accepted(t.Result.Result)
	}
	var left []*wish
	for _, w := range n.wishes {
		if successful, ok := landed[w.hash]; ok {
			w.done <- granted{hash: hexHash(w.hash), ledger: uint32(c.Header.LedgerSeq), successful: successful}
		} else {
			left = append(left, w)
		}
	}
	n.wishes = left
}

func (n *Network) dropWishes(why error) {
	for _, w := range n.wishes {
		w.done <- granted{err: why}
	}
	n.wishes = nil
}

// createTx is a signed transaction that creates an account with amount stroops.
func (n *Network) createTx(from *keypair.Full, address string, amount, seq int64) (*engine.Tx, error) {
	source, err := xdr.AddressToMuxedAccount(from.Address())
	if err != nil {
		return nil, fmt.Errorf("devnet: %v", err)
	}
	dest, err := xdr.AddressToAccountId(address)
	if err != nil {
		return nil, fmt.Errorf("devnet: %v", err)
	}
	plain := xdr.Transaction{SourceAccount: source, Fee: friendbotFee, SeqNum: xdr.SequenceNumber(seq),
		Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypeCreateAccount,
			CreateAccountOp: &xdr.CreateAccountOp{Destination: dest, StartingBalance: xdr.Int64(amount)}}}}}
	return n.signTx(from, plain)
}

// signTx makes an envelope with one signature.
func (n *Network) signTx(by *keypair.Full, plain xdr.Transaction) (*engine.Tx, error) {
	v1 := &xdr.TransactionV1Envelope{Tx: plain}
	env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: v1}
	tx, err := engine.NewTx(n.networkID, env)
	if err != nil {
		return nil, err
	}
	hash := tx.Hash()
	sig, err := by.SignDecorated(hash[:])
	if err != nil {
		return nil, fmt.Errorf("devnet: sign: %v", err)
	}
	v1.Signatures = []xdr.DecoratedSignature{sig}
	return engine.NewTx(n.networkID, env)
}

// serveFriendbot answers GET|POST /friendbot?addr=G….
func (n *Network) serveFriendbot(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		writeProblem(w, http.StatusMethodNotAllowed, "use GET or POST")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<12)
	g, err := n.fund(r.Context(), r.FormValue("addr"))
	switch {
	case errors.Is(err, errFunded):
		writeProblem(w, http.StatusBadRequest, errFunded.Error())
	case errors.Is(err, errBadAddress):
		writeProblem(w, http.StatusBadRequest, errBadAddress.Error())
	case err != nil:
		n.log.Warn("friendbot failed", "error", err)
		writeProblem(w, http.StatusServiceUnavailable, "not now")
	default:
		writeJSON(w, http.StatusOK, map[string]any{"hash": g.hash, "successful": true, "ledger": g.ledger})
	}
}

func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
