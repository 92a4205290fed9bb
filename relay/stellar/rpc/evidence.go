package rpc

import (
	"context"

	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// Evidence gathers what stellar.CannotLand needs to know about an envelope; see [access.Source].
//
// The order matters. The server looks a hash up first and its range afterwards, so one answer "not found, ledger 600"
// may be a look into ledger 500 with 600 written beside it. Hence: (1) look the hash up, which shows how far the server
// is; (2) read the source account; (3) look the hash up again; (4) ask again which network this is. The second look began after
// the server had shown the first range, so it covers at least that range: the evidence reports the first look's ledger (or the
// second's, should that be older) for the second look's finding. If that ledger is past the envelope's bound, nothing could land
// any more when the second look was made, and what it does not find is not there. The account's own ledger is judged by
// itself, so it does not matter that another part of the server reads it.
func (c *Client) Evidence(ctx context.Context, tx stellar.Tx, signedAt uint32) (stellar.Evidence, *access.Transaction, error) {
	ev := stellar.Evidence{Hash: tx.Hash, SignedAt: signedAt}
	found, err := c.gather(ctx, tx, &ev)
	if err != nil {
		return ev, nil, err
	}
	return ev, found, c.sameNetwork(ctx)
}

func (c *Client) gather(ctx context.Context, tx stellar.Tx, ev *stellar.Evidence) (*access.Transaction, error) {
	first, err := c.look(ctx, tx.Hash)
	if err != nil {
		return nil, err
	}
	ev.Latest, ev.LatestCloseTime, ev.Oldest = first.Latest, first.LatestCloseTime, first.Oldest
	if ev.Found = first.found != nil; ev.Found {
		return first.found, nil
	}
	s, err := c.Snapshot(ctx, []string{tx.Source}, nil)
	if err != nil {
		return nil, err
	}
	ev.Account, ev.AccountLedger, ev.AccountCloseTime = s.Accounts[tx.Source], s.Ledger, s.CloseTime
	second, err := c.look(ctx, tx.Hash)
	if err != nil {
		return nil, err
	}
	ev.Found, ev.Oldest = second.found != nil, second.Oldest
	if ev.Found || second.Latest < first.Latest {
		ev.Latest, ev.LatestCloseTime = second.Latest, second.LatestCloseTime
	}
	return second.found, nil
}

// Contradicts needs no further question: the account and the hash were answered by one server, in an order that lets neither be older
// than the other.
func (c *Client) Contradicts(context.Context, stellar.Tx, uint32) (certain bool, found *access.Transaction, err error) {
	return true, nil, nil
}
