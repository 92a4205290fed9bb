package signer

import (
	"context"
	"slices"
	"time"

	"github.com/restante/restante/relay"
)

// Costs are settled when an app's budget runs low, not before: that is when what came back has to be known. The ledger is
// asked without holding anybody up.
const (
	settleChunk   = 90              // costs looked at with one question
	settleFor     = 5 * time.Second // one settling; the next goes on behind it
	settleMargin  = 10              // ledgers that one server of a source may be behind another
	settleHistory = 100_000         // ledgers after which the history of a claim is not asked for any more
)

// looked is a cost as it was when the ledger was asked about it.
type looked struct {
	cost   *cost
	index  int // in its funding
	about  []string
	claims []given
	resort string
	bids   map[string]relay.Stroops
	ways   []string // claims and rungs: one of them landed
}

// settle asks the signer's own ledger which costs of an app came to an end, and writes it down. It says whether anything did.
// It goes on where it stopped the last time, and not twice at one ledger.
func (s *Signer) settle(ctx context.Context, app relay.AppID) (moved bool, err error) {
	select {
	case s.settling <- struct{}{}:
	default:
		return false, nil // another call is at it
	}
	defer func() { <-s.settling }()
	ctx, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil || s.settledAt[app] == head.Sequence {
		return false, err
	}
	s.settledAt[app] = head.Sequence
	if moved, err = settleErrands(ctx, s, &s.book.reclaiming, reclaimEndKind, app, head); err != nil {
		return moved, err
	}
	collected, err := settleErrands(ctx, s, &s.book.collecting, collectEndKind, app, head)
	moved = moved || collected
	if err != nil {
		return moved, err
	}
	all, err := s.underWay(ctx, app)
	for len(all) > 0 && err == nil {
		n := min(len(all), settleChunk)
		var ends []looked
		var lines []costEnd
		if ends, lines, err = s.lookAt(ctx, all[:n], head); err == nil && len(ends) > 0 {
			err = s.writeEnds(ctx, ends, lines)
			moved = moved || err == nil
		}
		all = all[n:]
	}
	return moved, err
}

// underWay lists an app's open costs, those that were looked at longest ago first, and has the next call begin behind them.
func (s *Signer) underWay(ctx context.Context, app relay.AppID) ([]looked, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	open := slices.DeleteFunc(s.book.open[app], func(c *cost) bool { return c.end != "" })
	first := min(len(open), settleChunk*20) // as many as a settling gets through
	s.book.open[app] = append(slices.Clone(open[first:]), open[:first]...)
	var all []looked
	for _, c := range s.book.open[app][len(open)-first:] {
		all = append(all, s.snapshot(c))
	}
	return all, nil
}

func (s *Signer) snapshot(c *cost) looked {
	l := looked{cost: c, index: slices.Index(c.funding.costs, c), about: slices.Clone(c.holdings), claims: slices.Clone(c.claims),
		resort: c.resort, bids: map[string]relay.Stroops{}}
	for hash, bid := range c.bids {
		l.bids[hash] = bid
		if s.book.envelopes[hash].kind != relay.FundingEnvelope {
			l.ways = append(l.ways, hash)
		}
	}
	return l
}

// lookAt finds those whose holding accounts are gone for good: none is there, and the funding cannot make one any more.
func (s *Signer) lookAt(ctx context.Context, all []looked, head relay.Head) (ends []looked, lines []costEnd, err error) {
	var accounts []string
	for _, l := range all {
		accounts = append(accounts, l.about...)
	}
	facts := map[string]relay.AccountFacts{}
	if len(accounts) > 0 {
		if facts, _, err = s.cfg.Ledger.Look(ctx, relay.Native, accounts...); err != nil {
			return nil, nil, err
		}
	}
	for _, l := range all {
		there := func(a string) bool { return facts[a].Exists }
		if head.Sequence <= l.cost.funding.bound+settleMargin || slices.ContainsFunc(l.about, there) {
			continue
		}
		end, err := s.endOf(ctx, l, head)
		if err != nil {
			return nil, nil, err
		}
		if end.End != "" {
			ends, lines = append(ends, l), append(lines, end)
		}
	}
	return ends, lines, nil
}

// endOf finds out which envelope emptied the holding account, and what the network charged. What the ledger does not tell
// counts at the most: reserves that may have been given away as given, a fee as it was bid. End is "" while it may tell yet.
func (s *Signer) endOf(ctx context.Context, l looked, head relay.Head) (costEnd, error) {
	f := l.cost.funding
	e := costEnd{Funding: f.hash, Index: l.index, End: costHome}
	seen := map[string]*relay.Sighting{}
	look := func(hash string) error {
		if _, asked := seen[hash]; asked {
			return nil
		}
		var err error
		seen[hash], err = s.cfg.Ledger.Sight(ctx, hash)
		return err
	}
	for hash, bid := range l.bids {
		if err := look(hash); err != nil {
			return e, err
		}
		fee := bid
		if at := seen[hash]; at != nil {
			fee = at.Fee
			if hash == f.hash {
				fee = partOf(at.Fee, l.index, len(f.costs))
			}
		}
		e.Fees += fee
	}
	landed := func(hash string) bool { return seen[hash] != nil && seen[hash].Success }
	open := false
	for _, c := range l.claims {
		if c.bound+settleHistory > head.Sequence {
			if err := look(c.hash); err != nil {
				return e, err
			}
		}
		open = open || c.bound+settleMargin >= head.Sequence
		if landed(c.hash) {
			e.End, e.Account = costGiven, c.account
			return e, nil
		}
	}
	switch {
	case l.resort != "" && landed(l.resort):
		e.End = costLeft
	case slices.ContainsFunc(l.ways, landed):
	case open:
		e.End = ""
	case len(l.claims) > 0:
		e.End, e.Account = costGiven, l.claims[len(l.claims)-1].account
	case l.resort != "":
		e.End = costLeft
	}
	return e, nil
}

// writeEnds writes down what was found of costs that are still as they were when the ledger was asked.
func (s *Signer) writeEnds(ctx context.Context, ends []looked, lines []costEnd) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	var l costsLine
	for i, e := range ends {
		if c := e.cost; c.end == "" && len(c.claims) == len(e.claims) && c.resort == e.resort && len(c.holdings) == len(e.about) {
			l.Ends = append(l.Ends, lines[i])
		}
	}
	if len(l.Ends) == 0 {
		return nil
	}
	return s.write(costsKind, l)
}
