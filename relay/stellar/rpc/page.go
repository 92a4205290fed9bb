package rpc

import (
	"context"
	"errors"
	"sync"

	"github.com/restante/restante/relay/stellar/access"
)

// pagesAhead is how many ledgers are read at once when that many have closed already. Their metadata comes along: on a busy
// network 20 are near the limit of one answer.
const pagesAhead = 20

// ahead keeps the closed ledgers that follow the one last shown, for a watcher that was away. A watcher asks for one after
// the other; any other order empties it, so that a caller that asks for a ledger again gets a fresh look. What was read ahead can be
// of another history than what comes after: that is for the watcher to see, by Previous.
type ahead struct {
	sync.Mutex
	ledgers []access.Ledger // a run without a gap
}

func (a *ahead) take(seq uint32) *access.Ledger {
	a.Lock()
	defer a.Unlock()
	if len(a.ledgers) == 0 || a.ledgers[0].Sequence != seq {
		a.ledgers = nil
		return nil
	}
	l := a.ledgers[0]
	a.ledgers = a.ledgers[1:]
	return &l
}

func (a *ahead) keep(ledgers []access.Ledger) {
	a.Lock()
	defer a.Unlock()
	a.ledgers = ledgers
}

// Closed is the closed ledger seq; nil when it has not closed yet.
func (c *Client) Closed(ctx context.Context, seq uint32) (*access.Ledger, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l := c.ahead.take(seq); l != nil {
		return l, nil
	}
	ledgers, err := c.Ledgers(ctx, seq, pagesAhead)
	if err != nil && !errors.Is(err, access.ErrGap) && ctx.Err() == nil {
		// One ledger that cannot be read must not hold up those before it.
		ledgers, err = c.Ledgers(ctx, seq, 1)
	}
	if err != nil || len(ledgers) == 0 {
		return nil, err
	}
	c.ahead.keep(ledgers[1:])
	return &ledgers[0], nil
}
