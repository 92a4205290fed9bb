package rpc

import (
	"context"
	"errors"
	"sync"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// pagesAhead is how many ledgers are read at once when that many have closed already. Their metadata comes along: on a busy
// network 20 are near the limit of one answer.
const pagesAhead = 20

// ahead keeps the closed ledgers that follow the one last shown, for a watcher that was away. A watcher asks for one after
// the other; any other order empties it, so that whoever asks for a ledger again gets a fresh look. What was read ahead can be
// of another history than what comes after: that is for the watcher to see, by Previous.
type ahead struct {
	sync.Mutex
	pages []*relay.LedgerPage // a run without a gap
}

func (a *ahead) take(seq uint32) *relay.LedgerPage {
	a.Lock()
	defer a.Unlock()
	if len(a.pages) == 0 || a.pages[0].Head.Sequence != seq {
		a.pages = nil
		return nil
	}
	page := a.pages[0]
	a.pages = a.pages[1:]
	return page
}

func (a *ahead) keep(pages []*relay.LedgerPage) {
	a.Lock()
	defer a.Unlock()
	a.pages = pages
}

// Page is the closed ledger seq; nil when it has not closed yet.
func (p *Port) Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if page := p.ahead.take(seq); page != nil {
		return page, nil
	}
	pages, err := p.pages(ctx, seq, pagesAhead)
	if err != nil && !errors.Is(err, ErrGap) && ctx.Err() == nil {
		// One ledger that cannot be read must not hold up those before it.
		pages, err = p.pages(ctx, seq, 1)
	}
	if err != nil || len(pages) == 0 {
		return nil, port(err)
	}
	p.ahead.keep(pages[1:])
	return pages[0], nil
}

func (p *Port) pages(ctx context.Context, from uint32, most int) ([]*relay.LedgerPage, error) {
	read, err := p.Ledgers(ctx, from, most)
	if err != nil {
		return nil, err
	}
	out := make([]*relay.LedgerPage, 0, len(read.Ledgers))
	for _, l := range read.Ledgers {
		page, err := p.translate(l)
		if err != nil {
			return nil, err
		}
		out = append(out, page)
	}
	return out, nil
}

func (p *Port) translate(l Ledger) (*relay.LedgerPage, error) {
	out := &relay.LedgerPage{Head: relay.Head{Sequence: l.Sequence, CloseTime: l.CloseTime, Hash: l.Hash}, Previous: l.Previous}
	for _, t := range l.Txs {
		touched, err := stellar.Touched(t.EnvelopeXDR, p.passphrase)
		if err != nil {
			return nil, nonsense("ledger %d: %v", l.Sequence, err)
		}
		s, err := p.view().Sighting(t.EnvelopeXDR, t.ResultXDR, l.Sequence)
		if err != nil {
			return nil, nonsense("ledger %d: %v", l.Sequence, err)
		}
		out.Transactions = append(out.Transactions, p.view().Seen(s, touched))
	}
	return out, nil
}
