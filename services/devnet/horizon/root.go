package horizon

import (
	"net/http"

	"github.com/stellar/go-stellar-sdk/protocols/horizon"
)

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
	list := c.link("/accounts{?signer,sponsor,asset,cursor,limit,order}")
	claimable := c.link("/claimable_balances{?asset,sponsor,claimant,cursor,limit,order}")
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
