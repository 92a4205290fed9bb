package horizon

import (
	"math"
	"strconv"

	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
)

// ledgerParam reads the number of a ledger that is kept.
func (c *call) ledgerParam() (int32, error) {
	seq, err := strconv.ParseUint(c.r.PathValue("ledger_id"), 10, 32)
	switch {
	case err != nil:
		return 0, invalidField("ledger_id", "Ledger ID must be an integer higher than 0")
	case seq == 0:
		return 0, invalidField("ledger_id", "Ledger ID must be an integer higher than 0")
	case seq < uint64(c.span.Oldest):
		return 0, beforeHistory()
	case seq > uint64(c.span.Latest) || seq > math.MaxInt32:
		return 0, notFound()
	}
	return int32(seq), nil
}

func (c *call) ledger(row *devnet.LedgerRecord) (horizon.Ledger, error) {
	h := &row.Header
	seq := int32(h.LedgerSeq)
	header, err := xdr.MarshalBase64(h)
	if err != nil {
		return horizon.Ledger{}, err
	}
	out := horizon.Ledger{ID: row.Hash.HexString(), PT: toid.New(seq, 0, 0).String(), Hash: row.Hash.HexString(),
		PrevHash: h.PreviousLedgerHash.HexString(), Sequence: seq, ClosedAt: timeOf(int64(h.ScpValue.CloseTime)),
		TotalCoins: amount.String(h.TotalCoins), FeePool: amount.String(h.FeePool), BaseFee: int32(h.BaseFee),
		BaseReserve: int32(h.BaseReserve), MaxTxSetSize: int32(h.MaxTxSetSize), ProtocolVersion: int32(h.LedgerVersion), HeaderXDR: header}
	var failed, all int32
	low, high := toid.New(seq, 0, 0).ToInt64(), toid.AfterLedger(seq).ToInt64()
	for _, tx := range between(c.index.all.txs, low, high) {
		if tx.failed {
			failed++
		} else {
			out.SuccessfulTransactionCount++
		}
	}
	for _, op := range between(c.index.all.ops, low, high) {
		if all++; !op.failed {
			out.OperationCount++
		}
	}
	out.FailedTransactionCount, out.TxSetOperationCount = &failed, &all
	self, l := "/ledgers/"+strconv.Itoa(int(seq)), &out.Links
	l.Self, l.Transactions, l.Operations = c.link(self), c.pagedLink(self+"/transactions"), c.pagedLink(self+"/operations")
	l.Payments, l.Effects = c.pagedLink(self+"/payments"), c.pagedLink(self+"/effects")
	return out, nil
}

// between is the items from low to below high.
func between(list []item, low, high int64) []item { return list[at(list, low):at(list, high)] }

func oneLedger(c *call) (any, error) {
	seq, err := c.ledgerParam()
	if err != nil {
		return nil, err
	}
	rows, err := c.Ledgers(uint32(seq), 1)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, notFound()
	}
	return c.ledger(&rows[0])
}

func ledgers(c *call, p paging) ([]record, error) {
	cursor, err := p.position(c.span.Oldest)
	if err != nil {
		return nil, err
	}
	// The token of a ledger is its number and zeros.
	first := max(int64(c.span.Oldest), cursor>>32+1)
	last := int64(c.span.Latest)
	if p.descending {
		last = min(last, (cursor-1)>>32)
		first = max(int64(c.span.Oldest), last-int64(p.limit)+1)
	}
	last = min(last, first+int64(p.limit)-1)
	if first > last {
		return nil, nil
	}
	rows, err := c.Ledgers(uint32(first), uint(last-first+1))
	if err != nil {
		return nil, err
	}
	out := make([]record, len(rows))
	for i := range rows {
		body, err := c.ledger(&rows[i])
		if err != nil {
			return nil, err
		}
		at := i
		if p.descending {
			at = len(rows) - 1 - i
		}
		out[at] = record{token: body.PT, body: body}
	}
	return out, nil
}
