package horizon

import (
	"context"
	"errors"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// Limits on the search for who used a number.
const (
	usersPerCall = 50
	userCalls    = 4
)

// Evidence gathers what stellar.CannotLand needs to know about an envelope; see [access.Source].
//
// A "not found" of Horizon does not say up to which ledger it looked, and what the root says is up to a second old. Hence, in
// this order: (1) the root, which shows how far the server's database has come at the least; (2) the source account, with
// the ledger after which it was read, in one answer; (3) the hash, so that what landed before (2) is seen now; (4) the root
// again, which shows that history still reaches back, and that this is still the same network. The evidence reports the
// older of both roots; and when (3) does say how far it looked, no more than that.
//
// That a name may stand for several databases is why (2) counts by its own ledger: a number below the envelope's, read
// beyond its bound, is evidence enough even if (3) was answered by a server that lags. Only a number that is used up leans on (3)
// alone; see Contradicts.
func (c *Client) Evidence(ctx context.Context, tx stellar.Tx, signedAt uint32) (ev stellar.Evidence, found *access.Transaction, err error) {
	ev = stellar.Evidence{Hash: tx.Hash, SignedAt: signedAt}
	first, err := c.Range(ctx)
	if err != nil {
		return ev, nil, err
	}
	ev.Account, ev.AccountLedger, err = c.Account(ctx, tx.Source)
	if err != nil {
		return ev, nil, err
	}
	if ev.AccountLedger >= first.Latest {
		ev.AccountCloseTime = first.LatestCloseTime // of that ledger or of one before it
	}
	found, looked, err := c.look(ctx, tx.Hash)
	if err != nil {
		return ev, nil, err
	}
	second, err := c.Range(ctx)
	if err != nil {
		return ev, nil, err
	}
	ev.Found, ev.Oldest = found != nil, max(first.Oldest, second.Oldest)
	ev.Latest, ev.LatestCloseTime = first.Latest, first.LatestCloseTime
	if second.Latest < ev.Latest {
		ev.Latest, ev.LatestCloseTime = second.Latest, second.LatestCloseTime
	}
	if looked != 0 && looked < ev.Latest {
		ev.Latest, ev.LatestCloseTime = looked, 0
	}
	return ev, found, nil
}

// Contradicts wants to see the transaction that used the envelope's number.
//
// It is what makes a contradiction one: the account says that its number is used up, the hash is not found, and here is who
// did it. Without it, the account and the hash may have been answered by two servers of which one lags.
func (c *Client) Contradicts(ctx context.Context, tx stellar.Tx, signedAt uint32) (certain bool, found *access.Transaction, err error) {
	by, err := c.usedBy(ctx, tx, signedAt)
	switch {
	case err != nil || by == nil:
		return false, nil, err
	case by.Inner == tx.Hash:
		return false, &by.Transaction, nil
	}
	return true, nil, nil
}

// usedBy looks for the transaction that used the envelope's number or a higher one of its source, or merged the source away,
// since the envelope was signed. nil: the server shows none.
func (c *Client) usedBy(ctx context.Context, tx stellar.Tx, signedAt uint32) (*listed, error) {
	cursor := ""
	for range userCalls {
		page, err := c.transactions(ctx, "/accounts/"+tx.Source+"/transactions", cursor, "desc", usersPerCall)
		if errors.Is(err, errAbsent) || errors.Is(err, access.ErrGap) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			if l.Ledger < signedAt {
				return nil, nil
			}
			uses, err := c.uses(l, tx)
			if err != nil {
				return nil, err
			}
			if uses {
				return &l, nil
			}
			cursor = l.token
		}
		if len(page) < usersPerCall {
			return nil, nil
		}
	}
	return nil, nil
}

func (c *Client) uses(l listed, tx stellar.Tx) (bool, error) {
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(l.EnvelopeXDR, &env); err != nil {
		return false, access.Nonsense("transaction %s: %v", l.Outer, err)
	}
	source := env.SourceAccount().ToAccountId()
	if source.Address() == tx.Source && env.SeqNum() >= tx.Sequence {
		return true, nil
	}
	touched, err := stellar.Touched(l.EnvelopeXDR)
	if err != nil {
		return false, access.Nonsense("transaction %s: %v", l.Outer, err)
	}
	for _, m := range touched.Merges {
		if l.Success && m.Source == tx.Source {
			return true, nil
		}
	}
	return false, nil
}
