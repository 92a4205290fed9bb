package rpc

import (
	"context"
	"errors"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// lookup is the server's answer about one hash. found is what it says; not found proves nothing by itself: the server looks
// the hash up first and its range afterwards, so the answer can be older than the range beside it.
type lookup struct {
	access.Range
	found *access.Transaction // nil: it does not have it
}

// Transaction looks up a hash, inner or outer.
func (c *Client) Transaction(ctx context.Context, hash string) (*access.Transaction, error) {
	l, err := c.look(ctx, hash)
	return l.found, err
}

func (c *Client) look(ctx context.Context, hash string) (lookup, error) {
	if !access.IsHash(hash) {
		return lookup{}, access.BadInput(errors.New("not a transaction hash"))
	}
	var r protocol.GetTransactionResponse
	err := c.call(ctx, protocol.GetTransactionMethodName, protocol.GetTransactionRequest{Hash: hash}, &r, access.SmallBody)
	if err != nil {
		return lookup{}, err
	}
	out := lookup{Range: access.Range{Latest: r.LatestLedger, LatestCloseTime: r.LatestLedgerCloseTime, Oldest: r.OldestLedger}}
	if r.LatestLedger == 0 || r.OldestLedger == 0 || r.OldestLedger > r.LatestLedger {
		return lookup{}, access.Nonsense("history from ledger %d to %d", r.OldestLedger, r.LatestLedger)
	}
	if r.Status == protocol.TransactionStatusNotFound {
		return out, nil
	}
	tx, _, err := read(r.TransactionDetails, r.LedgerCloseTime, hash, c.passphrase)
	if err == nil && tx.Ledger > r.LatestLedger {
		err = access.Nonsense("transaction in ledger %d, the latest is %d", tx.Ledger, r.LatestLedger)
	}
	if err != nil {
		return lookup{}, err
	}
	out.found = &tx
	return out, nil
}

// Submit hands in a signed envelope, base64 XDR.
func (c *Client) Submit(ctx context.Context, envelopeXDR string) relay.Answer {
	_, outer, err := stellar.Hashes(envelopeXDR, c.passphrase)
	if err != nil {
		return relay.Answer{Word: access.Refused, Code: "malformed"}
	}
	var r protocol.SendTransactionResponse
	err = c.call(ctx, protocol.SendTransactionMethodName, protocol.SendTransactionRequest{Transaction: envelopeXDR}, &r, access.SmallBody)
	switch {
	case errors.Is(err, access.ErrRefused):
		return relay.Answer{Word: access.Refused}
	case err != nil || r.Hash != outer: // no answer, or one about another transaction
		return relay.Answer{Word: access.Unknown}
	}
	return access.FromCore(r.Status, r.ErrorResultXDR)
}
