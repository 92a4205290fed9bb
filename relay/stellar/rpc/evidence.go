package rpc

import (
	"context"

	"github.com/restante/restante/relay/stellar"
)

// Evidence gathers what stellar.CannotLand needs to know about an envelope that was signed after ledger signedAt.
// Whether it suffices is not said here; short of a failure to ask, it is returned however weak. UsedBy is left to the
// caller.
//
// The order matters. The server looks a hash up first and its range afterwards, so one answer "not found, ledger 600"
// may be a look into ledger 500 with 600 written beside it. Hence: (1) look the hash up, which shows how far the server
// is; (2) read the source account; (3) look the hash up again. The second look began after the server had shown the
// first range, so it covers at least that range: the evidence reports the first look's ledger (or the second's, should
// that be older) for the second look's finding. If that ledger is past the envelope's bound, nothing could land any
// more when the second look was made, and what it does not find is not there. The account's own ledger is judged by
// itself, so it does not matter that another part of the server reads it.
func (c *Client) Evidence(ctx context.Context, tx stellar.Tx, signedAt uint32) (stellar.Evidence, error) {
	ev := stellar.Evidence{Source: c.host, Hash: tx.Hash, SignedAt: signedAt}
	first, err := c.Transaction(ctx, tx.Hash)
	if err != nil {
		return ev, err
	}
	if first.Found {
		return found(ev, first), nil
	}
	s, err := c.Accounts(ctx, tx.Source)
	if err != nil {
		return ev, err
	}
	ev.Account, ev.AccountLedger = s.Accounts[tx.Source], s.Ledger
	ev.AccountCloseTime = s.CloseTime
	second, err := c.Transaction(ctx, tx.Hash)
	if err != nil {
		return ev, err
	}
	if second.Found {
		return found(ev, second), nil
	}
	ev.Oldest = second.Oldest
	ev.Latest, ev.LatestCloseTime = first.Latest, first.LatestCloseTime
	if second.Latest < first.Latest {
		ev.Latest, ev.LatestCloseTime = second.Latest, second.LatestCloseTime
	}
	return ev, nil
}

func found(ev stellar.Evidence, l Lookup) stellar.Evidence {
	ev.Found, ev.Latest, ev.LatestCloseTime, ev.Oldest = true, l.Latest, l.LatestCloseTime, l.Oldest
	return ev
}
