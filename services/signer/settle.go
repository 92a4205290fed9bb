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
	gives  relay.Stroops
	alive  map[string]uint32 // holding accounts that count, and the last ledger in which each could be made
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
	l := looked{cost: c, index: slices.Index(c.funding.costs, c), about: slices.Clone(c.holdings), claims: slices.Clone(c.claims),
		resort: c.resort, bids: map[string]relay.Stroops{}, gives: c.gives(), alive: map[string]uint32{}}
	for account := range c.alive {
		l.alive[account] = s.book.holdings[account].funding.bound
	}
	for hash, bid := range c.bids {
		l.bids[hash] = bid
		if s.book.envelopes[hash].kind != relay.FundingEnvelope {
			l.ways = append(l.ways, hash)
		}
	}
	return l
}

// lookAt finds those whose holding accounts are gone for good: none is there, and the funding cannot make one any more. Of those
// that go on it finds the claims that are over, where more than one could have made an account, and which of several holding
// accounts are gone.
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
		find := s.endOf
		switch {
		case head.Sequence <= l.cost.funding.bound+settleMargin:
			continue
		case slices.ContainsFunc(l.about, there):
			find = s.goesOn
		}
		end, err := find(ctx, l, head)
		if err != nil {
			return nil, nil, err
		}
		if end.End == "" && len(l.alive) > 1 {
			for account, bound := range l.alive {
				if !there(account) && bound+settleMargin < head.Sequence {
					end.Gone = append(end.Gone, account)
				}
			}
			slices.Sort(end.Gone)
		}
		if end.End != "" || end.goesOn() {
			ends, lines = append(ends, l), append(lines, end)
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

// outcomes is what became of claims that make accounts. open are those that could still land: not what had the number of one that
// did land.
func (s *Signer) outcomes(ctx context.Context, claims []given, seen sights, head relay.Head) (made []given, open bool, err error) {
	taken := map[number]bool{}
	for _, c := range claims {
		if c.bound+settleHistory <= head.Sequence {
			continue
		}
		if err := seen.look(ctx, s.cfg.Ledger, c.hash); err != nil {
			return nil, false, err
		}
		if seen.landed(c.hash) && !taken[c.number] {
			made, taken[c.number] = append(made, c), true
		}
	}
	open = slices.ContainsFunc(claims, func(c given) bool { return c.bound+settleMargin >= head.Sequence && !taken[c.number] })
	return made, open, nil
}

// goesOn finds the claims of a payment under way that did not land and never will, where they count besides another one.
func (s *Signer) goesOn(ctx context.Context, l looked, head relay.Head) (costEnd, error) {
	e := costEnd{Funding: l.cost.funding.hash, Index: l.index}
	if l.gives < 2 {
		return e, nil
	}
	seen := sights{}
	made, _, err := s.outcomes(ctx, l.claims, seen, head)
	for _, c := range l.claims {
		if c.bound+settleMargin < head.Sequence && !slices.Contains(made, c) {
			e.Over = append(e.Over, c.hash)
		}
	}
	return e, err
}

// endOf finds out which envelopes emptied the holding account, and what the network charged. What the ledger does not tell
// counts at the most: reserves that may have been given away as given, a fee as it was bid. End is "" while it may tell yet, and
// while a claim could land in an account that the key holder makes anew.
func (s *Signer) endOf(ctx context.Context, l looked, head relay.Head) (costEnd, error) {
	f, seen := l.cost.funding, sights{}
	e := costEnd{Funding: f.hash, Index: l.index, End: costHome}
	for hash, bid := range l.bids {
		if err := seen.look(ctx, s.cfg.Ledger, hash); err != nil {
			return e, err
		}
		fee := bid
		if at := seen[hash]; at != nil {
			fee = at.Fee
			if hash == f.hash {
				fee = relay.FeePart(at.Fee, l.index, len(f.costs))
			}
		}
		e.Fees += fee
	}
	made, open, err := s.outcomes(ctx, l.claims, seen, head)
	resort := l.resort != "" && seen.landed(l.resort)
	switch {
	case err != nil:
		return e, err
	case open:
		e.End = ""
	case len(made) > 0:
		e.End, e.Made, e.Account = costGiven, len(made), made[0].account
		if resort { // before the account was made anew
			e.Made++
		}
	case resort:
		e.End = costLeft
	case slices.ContainsFunc(l.ways, seen.landed):
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
