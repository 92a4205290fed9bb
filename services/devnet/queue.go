package devnet

import (
	"cmp"
	"maps"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// bumpFactor is how many times the fee rate of a waiting transaction its replacement must bid.
const bumpFactor = 10

// Words of an answer to a submission.
const (
	statusPending   = "PENDING"
	statusDuplicate = "DUPLICATE"
	statusTryAgain  = "TRY_AGAIN_LATER"
	statusError     = "ERROR"
)

// waiting is a transaction that was accepted and is in no ledger yet.
type waiting struct {
	tx    *engine.Tx
	delay int  // ledgers it is still kept back, by a fault
	drop  bool // it is forgotten at the next ledger, by a fault
	order int  // of arrival
}

// queue holds at most one transaction for each source account.
type queue struct {
	bySource map[engine.ID]*waiting
	arrivals int
}

func newQueue() queue { return queue{bySource: map[engine.ID]*waiting{}} }

func (q *queue) len() int { return len(q.bySource) }

func (q *queue) ops() (n int64) {
	for _, w := range q.bySource {
		n += w.tx.Ops()
	}
	return n
}

// bids is what waiting transactions, but for the one of source except, may cost a fee source.
func (q *queue) bids(payer, except engine.ID) (sum int64) {
	for source, w := range q.bySource {
		if w.tx.FeeSource() == payer && source != except {
			sum += w.tx.FeeBid()
		}
	}
	return sum
}

// answer is what a submission is told.
type answer struct {
	status string
	result *xdr.TransactionResult // with ERROR
}

func refused(code xdr.TransactionResultCode, fee int64) answer {
	return answer{status: statusError, result: &xdr.TransactionResult{FeeCharged: xdr.Int64(fee),
		Result: xdr.TransactionResultResult{Code: code}}}
}

// submit judges a transaction and queues it when it could land. The order of the questions is stellar-core's: first what waits
// for the same source account, then the transaction itself, then whether its payer can pay for all that waits.
func (n *Network) submit(tx *engine.Tx) answer {
	if n.hits(dieTryAgain, n.faults.TryAgain) {
		return answer{status: statusTryAgain}
	}
	if old := n.queue.bySource[tx.Source()]; old != nil {
		if a, ok := n.mayReplace(tx, old.tx); !ok {
			return a
		}
	} else if n.queue.ops()+tx.Ops() > queueFactor*int64(n.state.Header().MaxTxSetSize) {
		return answer{status: statusTryAgain}
	}
	if r := n.state.Check(tx, n.latestLanding()); !engine.Accepted(r) {
		return answer{status: statusError, result: &r}
	}
	if n.state.Available(tx.FeeSource())-tx.FeeBid() < n.queue.bids(tx.FeeSource(), tx.Source()) {
		return refused(xdr.TransactionResultCodeTxInsufficientBalance, tx.Ops()*int64(n.state.Header().BaseFee))
	}
	w := &waiting{tx: tx, order: n.queue.arrivals, drop: n.hits(dieDrop, n.faults.Drop)}
	n.queue.arrivals++
	if n.faults.LateInclusion > 0 {
		w.delay = n.dice[dieLate].IntN(n.faults.LateInclusion + 1)
	}
	n.queue.bySource[tx.Source()] = w
	return answer{status: statusPending}
}

// latestLanding is a time by which a transaction accepted now should have landed, in seconds.
func (n *Network) latestLanding() uint64 {
	return n.nextCloseTime() + uint64(2*n.cfg.Interval.Seconds())
}

// mayReplace says what becomes of a transaction whose source account has another one waiting.
func (n *Network) mayReplace(tx, old *engine.Tx) (answer, bool) {
	if tx.Hash() == old.Hash() || tx.Inner() == nil && old.Inner() != nil && old.Inner().Hash() == tx.Hash() {
		return answer{status: statusDuplicate}, false
	}
	fee := max(1, tx.Ops()) * int64(n.state.Header().BaseFee)
	switch {
	case tx.SeqNum() < old.SeqNum():
		return refused(xdr.TransactionResultCodeTxBadSeq, fee), false
	case tx.Inner() == nil || tx.SeqNum() > old.SeqNum():
		return answer{status: statusTryAgain}, false
	}
	if fee, ok := tx.Outbids(old, bumpFactor); !ok {
		return refused(xdr.TransactionResultCodeTxInsufficientFee, fee), false
	}
	return answer{}, true
}

// candidates picks the set of the next ledger: what is still valid, the best bids first, as far as there is room and as far as
// the payers can pay. What has become invalid is dropped; what found no room keeps waiting.
func (n *Network) candidates(closeTime uint64) ([]*engine.Tx, queue) {
	left := queue{bySource: maps.Clone(n.queue.bySource), arrivals: n.queue.arrivals}
	var ready []*waiting
	for source, w := range n.queue.bySource {
		if w.drop {
			delete(left.bySource, source)
			n.log.Info("transaction dropped on purpose", "hash", hexHash(w.tx.Hash()))
		} else if !engine.Accepted(n.state.Check(w.tx, closeTime)) {
			delete(left.bySource, source)
			n.log.Debug("waiting transaction became invalid", "hash", hexHash(w.tx.Hash()))
		} else if w.delay > 0 {
			left.bySource[source] = &waiting{tx: w.tx, delay: w.delay - 1, order: w.order}
		} else {
			ready = append(ready, w)
		}
	}
	slices.SortFunc(ready, func(a, b *waiting) int {
		return cmp.Or(engine.CompareRates(b.tx, a.tx), cmp.Compare(a.order, b.order))
	})
	room := int64(n.state.Header().MaxTxSetSize) - int64(min(len(n.wishes), wishesALedger))
	spent := map[engine.ID]int64{}
	var set []*engine.Tx
	for _, w := range ready {
		payer := w.tx.FeeSource()
		if w.tx.Ops() > room || w.tx.FeeBid() < n.faults.Surge*max(1, w.tx.Ops()) {
			continue
		}
		delete(left.bySource, w.tx.Source())
		if spent[payer]+w.tx.FeeBid() > n.state.Available(payer) {
			continue
		}
		spent[payer] += w.tx.FeeBid()
		room -= w.tx.Ops()
		set = append(set, w.tx)
	}
	return set, left
}
