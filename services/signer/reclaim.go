package signer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// reclaim is an envelope that takes reserves back.
type reclaim struct {
	errand
	parts []reclaimPart
}

type reclaimPart struct {
	account string
	cost    *cost
	amount  relay.Stroops
}

// reclaimBid is what is bid for one operation, in stroops: it is not urgent, so it is never more.
const reclaimBid = relay.PatientBid * stellar.MinBaseFee

type reclaimLine struct {
	App      relay.AppID   `json:"app"`
	Day      int64         `json:"day"` // as fundingLine.Day
	Hash     string        `json:"hash"`
	Sequence int64         `json:"sequence"`
	Bound    uint32        `json:"bound"`
	Fee      relay.Stroops `json:"fee"` // the most that can be charged
	Parts    []reclaimed   `json:"parts"`
	XDR      []byte        `json:"xdr"`
}

type reclaimed struct {
	Payment relay.PaymentID `json:"payment"`
	Account string          `json:"account"`
	Units   int             `json:"units"`
}

// reclaimEnd tells whether the envelope landed with success; if it did, the reserves are back.
type reclaimEnd struct {
	Hash   string `json:"hash"`
	Landed bool   `json:"landed"`
}

// Reclaim signs what takes the sponsor's reserves back from accounts that claims of payments made. Only accounts are touched that a
// claim of the payment was planned to make and, by the signer's own ledger, did, and only entries that it shows the sponsor to
// keep, whose owner can carry them. The same number gets the first answer while that could land.
func (s *Signer) Reclaim(ctx context.Context, in relay.ReclaimIntent) (a relay.ReclaimAnswer, err error) {
	if len(in.Payments) == 0 || len(in.Payments) > relay.MostReclaims {
		return a, invalid("batch_size", fmt.Sprintf("Reserves are taken back from 1 to %d accounts at a time.", relay.MostReclaims))
	}
	err = s.decide(ctx, func(t *told) (err error) { a, err = s.reclaim(t, in); return err })
	return a, err
}

func (s *Signer) reclaim(t *told, in relay.ReclaimIntent) (none relay.ReclaimAnswer, err error) {
	costs, err := s.givenBy(in)
	if err != nil {
		return none, err
	}
	head, err := s.head(t)
	if err != nil {
		return none, err
	}
	if first := s.book.reclaims[in.Sequence]; first != nil && relay.CouldLand(first.bound, head, 0) {
		return s.firstReclaim(first, in.App)
	}
	if in.Sequence <= 0 {
		return none, invalid("sequence_out_of_range", "A sequence number is positive.")
	}
	if err := relay.CheckBounds(in.SignedAt, in.Bound, in.MaxTime, head); err != nil {
		return none, err
	}
	parts, entries, err := s.reclaimable(t, costs, head)
	if err != nil {
		return none, err
	}
	if len(entries) == 0 {
		return none, relay.ErrNothingToReclaim
	}
	tx, err := stellar.BuildReclaim(stellar.ReclaimPlan{
		Passphrase: s.cfg.Passphrase, Sponsor: s.book.sponsor, Sequence: in.Sequence, MaxTime: in.MaxTime, LastLedger: in.Bound,
		Fee: uint32(reclaimBid * len(entries)), Entries: entries,
	})
	if err != nil {
		return none, fmt.Errorf("reclaim: %w", err)
	}
	line := reclaimLine{App: in.App, Day: dayOf(head), Hash: tx.Hash, Sequence: in.Sequence, Bound: in.Bound,
		Fee: relay.Stroops(reclaimBid * len(entries)), Parts: parts}
	if line.XDR, err = s.attachRaw(tx.XDR, tx.Hash, s.book.sponsor); err != nil {
		return none, err
	}
	if err := s.write(reclaimKind, line); err != nil {
		return none, err
	}
	return s.firstReclaim(s.book.reclaims[in.Sequence], in.App)
}

// firstReclaim is an envelope as it was signed first.
func (s *Signer) firstReclaim(r *reclaim, app relay.AppID) (relay.ReclaimAnswer, error) {
	if r.app != app {
		return relay.ReclaimAnswer{}, relay.ErrSequenceTaken
	}
	var l reclaimLine
	if _, err := s.log.body(r.span, &l); err != nil {
		return relay.ReclaimAnswer{}, err
	}
	a := relay.ReclaimAnswer{Hash: l.Hash, XDR: l.XDR}
	for _, p := range l.Parts {
		if !slices.Contains(a.Payments, p.Payment) {
			a.Payments = append(a.Payments, p.Payment)
		}
	}
	return a, nil
}

// wanted is an account that a claim of a payment was to make with the sponsor's reserve.
type wanted struct {
	payment relay.PaymentID
	cost    *cost
	asset   string
	account string
}

// givenBy finds the accounts in the log.
func (s *Signer) givenBy(in relay.ReclaimIntent) (all []wanted, err error) {
	for _, id := range in.Payments {
		f := s.book.byPayment[id]
		if f == nil || f.app != in.App {
			return nil, forbidden("foreign_payment", "This payment belongs to another app.")
		}
		c, asset := s.book.costOf(f, id)
		if c == nil || len(c.claims) == 0 {
			return nil, forbidden("not_sponsored", "No claim of this payment made an account with the service's reserve.")
		}
		var seen []string
		for _, g := range c.claims {
			if !slices.Contains(seen, g.Account) {
				seen = append(seen, g.Account)
				all = append(all, wanted{id, c, asset, g.Account})
			}
		}
	}
	return all, nil
}

// costOf is the cost of one payment of a funding, and its asset.
func (b *book) costOf(f *funding, id relay.PaymentID) (*cost, string) {
	i := slices.Index(f.payments, id)
	if i < 0 || i >= len(f.costs) {
		return nil, ""
	}
	c := f.costs[i]
	for _, account := range c.holdings {
		if h := b.holdings[account]; h != nil {
			return c, h.Asset
		}
	}
	return c, ""
}

// reclaimable looks on the signer's own ledger for entries that the sponsor keeps and whose owner can carry them.
func (s *Signer) reclaimable(t *told, all []wanted, head relay.Head) (parts []reclaimed, entries []stellar.SponsoredEntry, err error) {
	byAsset := map[string][]string{}
	for _, w := range all {
		byAsset[w.asset] = append(byAsset[w.asset], w.account)
	}
	facts := map[string]map[string]relay.AccountFacts{}
	for asset, accounts := range byAsset {
		// The accounts are a part of the question: a claim that was planned meanwhile adds one, and then it is asked anew.
		about := fmt.Sprintf("%s of %s", asset, strings.Join(accounts, " "))
		if facts[asset], err = s.facts(t, about, asset, accounts...); err != nil {
			return nil, nil, err
		}
	}
	all = slices.DeleteFunc(all, func(w wanted) bool {
		r := relay.ReclaimOf(facts[w.asset][w.account], s.book.sponsor, prices)
		return r.Poor || r.Units() == 0 || s.book.roles[w.account] != "" || s.book.isTaken(w.account, head)
	})
	made, err := s.madeBy(t, all, head)
	if err != nil {
		return nil, nil, err
	}
	done := map[string]bool{}
	for _, w := range all {
		r := relay.ReclaimOf(facts[w.asset][w.account], s.book.sponsor, prices)
		units := r.Units()
		switch m := made[w.account]; {
		case done[w.account] || len(entries)+2 > stellar.MaxOperations:
			continue
		case m.forgotten:
			units = 0
		case m.cost != w.cost:
			continue
		}
		done[w.account] = true // what two payments left in one account, the next envelope takes
		if r.Account {
			entries = append(entries, stellar.SponsoredEntry{Account: w.account, Asset: relay.Native})
		}
		if r.Line {
			entries = append(entries, stellar.SponsoredEntry{Account: w.account, Asset: w.asset})
		}
		parts = append(parts, reclaimed{Payment: w.payment, Account: w.account, Units: units})
	}
	return parts, entries, nil
}

// isTaken says that an envelope which takes the reserves of an account back could still land: of several, the others would fail, and
// each costs the sponsor its fee.
func (b *book) isTaken(account string, head relay.Head) bool {
	return slices.ContainsFunc(b.reclaiming, func(r *reclaim) bool {
		return relay.CouldLand(r.bound, head, 0) && slices.ContainsFunc(r.parts, func(p reclaimPart) bool { return p.account == account })
	})
}

// madeBy is whose claim made each account: the newest one that the signer's own ledger shows to have landed, of all payments. A plan
// alone shows nothing: it may name any account.
func (s *Signer) madeBy(t *told, all []wanted, head relay.Head) (map[string]origin, error) {
	planned, about := map[string][]maker{}, "what made"
	for _, w := range all {
		if _, listed := planned[w.account]; !listed {
			planned[w.account] = slices.Clone(s.book.makers[w.account])
			about = fmt.Sprintf("%s %s %d", about, w.account, len(planned[w.account])) // as above
		}
	}
	return ask(t, about, func(ctx context.Context) (map[string]origin, error) {
		made, seen := map[string]origin{}, sights{}
		for account, makers := range planned {
			o, newest := origin{forgotten: true}, uint32(0)
			for _, m := range makers {
				if m.Bound+relay.ClaimHistory <= head.Sequence {
					continue
				}
				o.forgotten = false
				if err := seen.look(ctx, s.cfg.Ledger, m.Hash); err != nil {
					return nil, err
				}
				if seen.landed(m.Hash) && seen[m.Hash].Ledger >= newest {
					o.cost, newest = m.cost, seen[m.Hash].Ledger
				}
			}
			made[account] = o
		}
		return made, nil
	})
}

// origin is whose claim made an account.
type origin struct {
	cost      *cost // nil: none of those that the ledger shows
	forgotten bool  // it is so long ago that the ledger is not asked: what is taken back counts to no app
}

func (b *book) reclaim(at span, l reclaimLine) error {
	r := &reclaim{errand: errand{l.App, l.Hash, l.Sequence, l.Bound, at}}
	for _, p := range l.Parts {
		f := b.byPayment[p.Payment]
		if f == nil {
			return fmt.Errorf("a reclaim of payment %s, which was never funded", p.Payment)
		}
		c, _ := b.costOf(f, p.Payment)
		if c == nil {
			return fmt.Errorf("a reclaim of payment %s, which cost nothing", p.Payment)
		}
		r.parts = append(r.parts, reclaimPart{p.Account, c, relay.Stroops(p.Units) * stellar.BaseReserve})
	}
	b.reclaims[l.Sequence] = r
	b.reclaiming = append(b.reclaiming, r)
	b.used[appAndDay{l.App, l.Day}] += l.Fee
	return nil
}

func (b *book) endReclaim(l reclaimEnd) error {
	r, err := ended(&b.reclaiming, l.Hash)
	if err != nil || !l.Landed {
		return err
	}
	for _, p := range r.parts {
		b.cameBack(p.cost, p.amount)
	}
	return nil
}

// cameBack takes reserves off what a cost counts, never more than it has: on the day on which they were given away, also when
// it is not known yet that they were.
func (b *budgets) cameBack(c *cost, amount relay.Stroops) {
	out := c.counts().Gives() * c.reserve
	switch c.end {
	case relay.CostGiven:
		out = relay.Stroops(c.made) * c.reserve
	case relay.CostLeft:
		out = stellar.BaseReserve
	}
	amount = max(min(amount, out-c.back), 0)
	c.back += amount
	if c.end == relay.CostGiven || c.end == relay.CostLeft {
		c.kept -= amount
		b.used[appAndDay{c.app, c.day}] -= amount
	}
}
