package signer

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/restante/restante/relay"
)

// Costs are settled when an app's budget runs low, not before: that is when what came back has to be known. The ledger is
// asked without holding others up.
const (
	settleChunk = 90              // costs looked at with one question
	settleFor   = 5 * time.Second // one settling; the next goes on behind it
)

// looked is a cost as it was when the ledger was asked about it.
type looked struct {
	cost *cost
	relay.OpenCost
}

// settleAll settles the costs of an app, and then those of the others, which have out what all have together: the most first.
func (s *Signer) settleAll(ctx context.Context, app relay.AppID) (moved bool, err error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return false, err
	}
	out := maps.Clone(s.book.out)
	leave()
	out[app] = math.MaxInt64
	apps := slices.SortedFunc(maps.Keys(out), func(a, b relay.AppID) int { return cmp.Compare(out[b], out[a]) })
	ctx, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	for _, other := range apps {
		if out[other] == 0 || ctx.Err() != nil {
			break
		}
		back, failed := s.settle(ctx, other)
		if moved = moved || back; failed != nil {
			return moved, failed
		}
	}
	return moved, nil
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
	o := relay.OpenCost{Funding: c.funding.hash, Bound: c.funding.bound, Part: slices.Index(c.funding.costs, c), Of: len(c.funding.costs),
		Holdings: slices.Clone(c.holdings), Alive: map[string]uint32{}, Bids: maps.Clone(c.bids), Claims: slices.Clone(c.claims), Resort: c.resort}
	for account := range c.alive {
		o.Alive[account] = s.book.holdings[account].funding.bound
	}
	for hash := range c.bids {
		if s.book.envelopes[hash].kind != relay.FundingEnvelope {
			o.Ways = append(o.Ways, hash)
		}
	}
	return looked{c, o}
}

// lookAt finds those that came to an end, or count less than before ([relay.OpenCost.Settle]).
func (s *Signer) lookAt(ctx context.Context, all []looked, head relay.Head) (ends []looked, lines []costEnd, err error) {
	var accounts []string
	for _, l := range all {
		accounts = append(accounts, l.Holdings...)
	}
	facts := map[string]relay.AccountFacts{}
	if len(accounts) > 0 {
		if facts, _, err = s.cfg.Ledger.Look(ctx, relay.Native, accounts...); err != nil {
			return nil, nil, err
		}
	}
	for _, l := range all {
		seen := sights{}
		for _, hash := range l.Asks(facts, head) {
			if err := seen.look(ctx, s.cfg.Ledger, hash); err != nil {
				return nil, nil, err
			}
		}
		if end := l.Settle(facts, seen, head); end.End != "" || end.GoesOn() {
			ends, lines = append(ends, l), append(lines, costEnd{Funding: l.Funding, Index: l.Part, CostEnd: end})
		}
	}
	return ends, lines, nil
}

// sights is what the ledger showed of envelopes, by inner hash.
type sights map[string]*relay.Sighting

func (a sights) landed(hash string) bool { return a[hash] != nil && a[hash].Success }

func (a sights) look(ctx context.Context, ledger Ledger, hash string) (err error) {
	if _, asked := a[hash]; !asked {
		a[hash], err = ledger.Sight(ctx, hash)
	}
	return err
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
		if c := e.cost; c.end == "" && len(c.claims) == len(e.Claims) && c.resort == e.Resort && len(c.holdings) == len(e.Holdings) {
			l.Ends = append(l.Ends, lines[i])
		}
	}
	if len(l.Ends) == 0 {
		return nil
	}
	return s.write(costsKind, l)
}
