package devnet

import (
	"slices"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/restante/restante/services/devnet/engine"
)

// feeWindow is how many ledgers the fee statistics look back. They begin anew with the process.
const feeWindow = 10

// ledgerFees is what each transaction of one ledger paid for an operation, in stroops.
type ledgerFees []uint64

func (n *Network) noteFees(c *engine.Closed) {
	fees := make(ledgerFees, 0, len(c.Txs))
	for _, t := range c.Txs {
		fees = append(fees, uint64(t.Result.Result.FeeCharged)/uint64(max(1, t.Tx.Ops())))
	}
	n.fees = append(n.fees[max(0, len(n.fees)+1-feeWindow):], fees)
}

func (n reader) getFeeStats() (protocol.GetFeeStatsResponse, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var all []uint64
	for _, f := range n.fees {
		all = append(all, f...)
	}
	return protocol.GetFeeStatsResponse{LatestLedger: uint32(n.header().LedgerSeq),
		InclusionFee: distribution(all, uint32(len(n.fees))), SorobanInclusionFee: distribution(nil, uint32(len(n.fees)))}, nil
}

func distribution(fees []uint64, ledgers uint32) protocol.FeeDistribution {
	d := protocol.FeeDistribution{TransactionCount: uint32(len(fees)), LedgerCount: ledgers}
	if len(fees) == 0 {
		return d
	}
	slices.Sort(fees)
	at := func(percent int) uint64 { return fees[(len(fees)*percent+99)/100-1] } // nearest rank
	d.Min, d.Max, d.Mode = fees[0], fees[len(fees)-1], Mode(fees)
	d.P10, d.P20, d.P30, d.P40, d.P50 = at(10), at(20), at(30), at(40), at(50)
	d.P60, d.P70, d.P80, d.P90, d.P95, d.P99 = at(60), at(70), at(80), at(90), at(95), at(99)
	return d
}

// Mode is the most frequent of sorted values, the least of several.
func Mode[T comparable](sorted []T) (best T) {
	most, run := 0, 0
	for i, v := range sorted {
		if run++; i > 0 && sorted[i-1] != v {
			run = 1
		}
		if run > most {
			most, best = run, v
		}
	}
	return best
}
