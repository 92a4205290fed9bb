package verify

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// Passphrase is that of the network on which the recordings were made.
const Passphrase = "Standalone Network ; February 2017"

// Count is how many of all were the recorded bytes.
type Count struct{ Same, All int }

func (c *Count) note(same bool) {
	if c.All++; same {
		c.Same++
	}
}

// Counts is what a replay found. Entries are the states after each ledger of all entries that it touched; Changes the lists of
// changes in the metadata of each fee, transaction and operation, as sets; Orders the apply order of each ledger; Headers all
// that is in a header but the hashes of core's own buckets and messages.
type Counts struct {
	Ledgers                                              int
	Results, Entries, Refusals, Changes, Orders, Headers Count
}

// Replay replays one recording.
type Replay struct {
	Counts
	// Differ gets every difference. It may be nil.
	Differ func(Difference)

	state  *engine.State
	mirror map[engine.Key]*xdr.LedgerEntry // the entries as recorded
	lost   error                           // why later ledgers cannot be replayed any more
}

// New is a replay at genesis (ledger 1) of the network with this passphrase.
func New(passphrase string) (*Replay, error) {
	s, err := engine.Genesis(engine.NetworkID(passphrase), engine.Params{BaseFee: 100, BaseReserve: 100_000_000, MaxTxSetSize: 100})
	if err != nil {
		return nil, err
	}
	r := &Replay{state: s, mirror: map[engine.Key]*xdr.LedgerEntry{}}
	for k, e := range s.Entries {
		r.mirror[k] = e
	}
	return r, nil
}

// State is the state after the last ledger that was replayed.
func (r *Replay) State() *engine.State { return r.state }

// Ledger replays one ledger. An error is a frame that is no ledger of this recording; a ledger that the engine cannot close at all
// counts as different in everything, and so do all later ones.
func (r *Replay) Ledger(lcm xdr.LedgerCloseMeta) error {
	v0, ok := lcm.GetV0()
	if !ok {
		return fmt.Errorf("verify: ledger metadata of version %d, not 0", lcm.V)
	}
	h := v0.LedgerHeader.Header
	if want := r.state.Header().LedgerSeq + 1; r.lost == nil && h.LedgerSeq != want {
		return fmt.Errorf("verify: ledger %d where %d should follow", h.LedgerSeq, want)
	}
	metas := make([]xdr.TransactionMetaV2, len(v0.TxProcessing))
	for i, p := range v0.TxProcessing {
		if metas[i], ok = p.TxApplyProcessing.GetV2(); !ok {
			return fmt.Errorf("verify: ledger %d: transaction metadata of version %d, not 2", h.LedgerSeq, p.TxApplyProcessing.V)
		}
	}
	touched, err := r.record(&v0, metas)
	if err != nil {
		return err
	}
	r.Ledgers++
	var closed *engine.Closed
	if r.lost == nil {
		closed, r.lost = r.close(&v0)
	}
	if r.lost != nil {
		r.countAsLost(&v0, metas, len(touched))
		return nil
	}
	r.compare(&v0, metas, touched, closed)
	return r.state.Adopt(closed)
}

// close has the engine close the recorded ledger, in the recorded order.
func (r *Replay) close(v0 *xdr.LedgerCloseMetaV0) (*engine.Closed, error) {
	h := v0.LedgerHeader.Header
	byHash := make(map[[32]byte]*engine.Tx, len(v0.TxSet.Txs))
	for _, env := range v0.TxSet.Txs {
		tx, err := engine.NewTx(r.state.NetworkID(), env)
		if err != nil {
			return nil, err
		}
		byHash[tx.Hash()] = tx
	}
	in := engine.Input{CloseTime: uint64(h.ScpValue.CloseTime), TxSetHash: h.ScpValue.TxSetHash}
	for _, p := range v0.TxProcessing {
		tx := byHash[p.Result.TransactionHash]
		if tx == nil {
			return nil, fmt.Errorf("verify: ledger %d: transaction %s is not in the set (another passphrase?)", h.LedgerSeq,
				p.Result.TransactionHash.HexString())
		}
		in.Txs = append(in.Txs, tx)
	}
	r.compareOrder(uint32(h.LedgerSeq), in.Txs, h.ScpValue.TxSetHash)
	for _, u := range v0.UpgradesProcessing {
		in.Upgrades = append(in.Upgrades, u.Upgrade)
	}
	return r.state.Close(in)
}

// countAsLost keeps the totals true when there is nothing to compare.
func (r *Replay) countAsLost(v0 *xdr.LedgerCloseMetaV0, metas []xdr.TransactionMetaV2, touched int) {
	r.Results.All += len(metas)
	r.Entries.All += touched
	r.Orders.All++
	r.Headers.All++
	for _, m := range metas {
		r.Changes.All += 2 + len(m.Operations)
	}
	r.differ(uint32(v0.LedgerHeader.Header.LedgerSeq), "the whole ledger", errors.New("as recorded"), r.lost)
}

// record carries the recorded changes of a ledger into the mirror, and returns the keys that it touched.
func (r *Replay) record(v0 *xdr.LedgerCloseMetaV0, metas []xdr.TransactionMetaV2) (map[engine.Key]bool, error) {
	var lists []xdr.LedgerEntryChanges
	for _, p := range v0.TxProcessing {
		lists = append(lists, p.FeeProcessing)
	}
	for _, m := range metas {
		lists = append(lists, m.TxChangesBefore)
		for _, op := range m.Operations {
			lists = append(lists, op.Changes)
		}
		lists = append(lists, m.TxChangesAfter)
	}
	for _, u := range v0.UpgradesProcessing {
		lists = append(lists, u.Changes)
	}
	touched := map[engine.Key]bool{}
	for _, list := range lists {
		for _, c := range list {
			k, e, ok, err := after(c)
			if err != nil {
				return nil, fmt.Errorf("verify: ledger %d: %v", v0.LedgerHeader.Header.LedgerSeq, err)
			}
			if !ok {
				continue
			}
			if touched[k] = true; e == nil {
				delete(r.mirror, k)
			} else {
				r.mirror[k] = e
			}
		}
	}
	return touched, nil
}

// after is what a change leaves behind: an entry, or nil where it removed one. ok is false for a state before a change.
func after(c xdr.LedgerEntryChange) (k engine.Key, e *xdr.LedgerEntry, ok bool, err error) {
	var key xdr.LedgerKey
	switch c.Type {
	case xdr.LedgerEntryChangeTypeLedgerEntryCreated:
		e = c.Created
	case xdr.LedgerEntryChangeTypeLedgerEntryUpdated:
		e = c.Updated
	case xdr.LedgerEntryChangeTypeLedgerEntryRemoved:
		key = *c.Removed
	case xdr.LedgerEntryChangeTypeLedgerEntryState:
		return "", nil, false, nil
	default:
		return "", nil, false, fmt.Errorf("a change of kind %d", c.Type)
	}
	if e != nil {
		if key, err = e.LedgerKey(); err != nil {
			return "", nil, false, err
		}
	}
	k, err = engine.KeyOf(key)
	return k, e, true, err
}

type encodable interface{ MarshalBinary() ([]byte, error) }

// encode is the XDR of v; nil where it has none, which is equal to nothing that was decoded.
func encode(v encodable) []byte {
	b, err := v.MarshalBinary()
	if err != nil {
		return nil
	}
	return b
}

func encodeEntry(e *xdr.LedgerEntry) []byte {
	if e == nil {
		return nil
	}
	return encode(e)
}

func equal(want, got encodable) bool { return bytes.Equal(encode(want), encode(got)) }
