package horizon

import (
	"math"
	"net/http"
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

func root(c *call) (any, error) {
	h := c.State().Header()
	out := horizon.Root{HorizonVersion: "devnet", StellarCoreVersion: "devnet engine", IngestSequence: c.span.Latest,
		HorizonSequence: int32(c.span.Latest), HorizonLatestClosedAt: timeOf(int64(h.ScpValue.CloseTime)),
		HistoryElderSequence: int32(c.span.Oldest), CoreSequence: int32(c.span.Latest), NetworkPassphrase: c.Passphrase(),
		CurrentProtocolVersion: int32(h.LedgerVersion), SupportedProtocolVersion: uint32(h.LedgerVersion),
		CoreSupportedProtocolVersion: int32(h.LedgerVersion)}
	l := &out.Links
	l.Self, l.FeeStats = c.link("/"), c.link("/fee_stats")
	l.Account, l.AccountTransactions = c.link("/accounts/{account_id}"), c.pagedLink("/accounts/{account_id}/transactions")
	list, claimable := c.link("/accounts{?signer,sponsor,asset,cursor,limit,order}"), c.link("/claimable_balances{?asset,sponsor,claimant,cursor,limit,order}")
	friendbot := c.link("/friendbot{?addr}")
	l.Accounts, l.ClaimableBalances, l.Friendbot = &list, &claimable, &friendbot
	l.Ledger, l.Ledgers = c.link("/ledgers/{sequence}"), c.pagedLink("/ledgers")
	l.Operation, l.Operations = c.link("/operations/{id}"), c.link("/operations{?cursor,limit,order,include_failed}")
	l.Payments = c.link("/payments{?cursor,limit,order,include_failed}")
	l.Transaction, l.Transactions = c.link("/transactions/{hash}"), c.pagedLink("/transactions")
	return out, nil
}

// friendbot funds an account, and answers with the transaction that did.
func (s *Server) friendbot(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		s.writeError(w, r, notFound())
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	address := r.FormValue("addr")
	id, err := addressOf("addr", address)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	hash, err := s.network.Fund(r.Context(), address)
	var body any
	viewErr := s.view(r, func(c *call) error {
		if err != nil {
			if c.State().Account(id) != nil {
				return badRequest("account already funded to starting balance")
			}
			return err
		}
		t, err := c.byText(hash)
		if err == nil {
			body = c.transaction(t, hash)
		}
		return err
	})
	if viewErr != nil {
		s.writeError(w, r, viewErr)
		return
	}
	writeHAL(w, body)
}
