package rpc

import (
	"context"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// Balance looks at one claimable balance.
func (c *Client) Balance(ctx context.Context, id string) (none relay.BalanceFacts, err error) {
	key, err := stellar.BalanceKey(id)
	if err != nil {
		return none, access.BadInput(err)
	}
	head, err := c.Latest(ctx) // an answer from before it is not what the ledger says now
	if err != nil {
		return none, err
	}
	var r protocol.GetLedgerEntriesResponse
	if err := c.call(ctx, protocol.GetLedgerEntriesMethodName, protocol.GetLedgerEntriesRequest{Keys: []string{key}}, &r, access.SmallBody); err != nil {
		return none, err
	}
	switch {
	case r.LatestLedger < head.Sequence:
		return none, fmt.Errorf("%w: claimable balance as of ledger %d, newest is %d", access.ErrTransient, r.LatestLedger, head.Sequence)
	case len(r.Entries) == 0:
		return none, nil
	case len(r.Entries) > 1 || r.Entries[0].KeyXDR != key:
		return none, access.Nonsense("an entry that was not asked for, or twice")
	}
	got, b, err := stellar.DecodeBalance(r.Entries[0].DataXDR)
	if err != nil || got != id {
		return none, access.Nonsense("claimable balance %s under the key of %s: %v", got, id, err)
	}
	return b, nil
}
