package signer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// collect is an envelope that claims, for a treasury, the balance that a payment's last resort left.
type collect struct {
	errand
	cost *cost
}

type collectLine struct {
	App      relay.AppID     `json:"app"`
	Payment  relay.PaymentID `json:"payment"`
	Balance  string          `json:"balance"`        // its id
	Line     string          `json:"line,omitempty"` // asset of the trustline that it restores
	Day      int64           `json:"day"`            // as fundingLine.Day
	Hash     string          `json:"hash"`           // inner
	Sequence int64           `json:"sequence"`       // the treasury's
	Bound    uint32          `json:"bound"`
	Fee      relay.Stroops   `json:"fee"` // the most that can be charged
	XDR      []byte          `json:"xdr"`
}

// Collect signs what claims the balance that a payment's last resort left to its app's treasury. The balance is the one that the
// rung in the log makes, and the signer's own ledger must show it with that treasury as its claimant. The treasury is its own
// channel, as in Trust. One envelope of a payment can land at a time: until it is well past its bound, and when the balance is
// gone, a repeat gets it again.
func (s *Signer) Collect(ctx context.Context, in relay.CollectIntent) (a relay.CollectAnswer, err error) {
	err = s.withinBudget(ctx, in.App, func() error {
		return s.decide(ctx, func(t *told) (err error) { a, err = s.collect(t, in); return err })
	})
	return a, err
}

func (s *Signer) collect(t *told, in relay.CollectIntent) (none relay.CollectAnswer, err error) {
	id, want, err := s.leftBy(in)
	if err != nil {
		return none, err
	}
	head, err := s.head(t)
	if err != nil {
		return none, err
	}
	there, err := ask(t, "balance", func(ctx context.Context) (relay.BalanceFacts, error) { return s.cfg.Ledger.Balance(ctx, id) })
	if err != nil {
		return none, err
	}
	first := s.book.collects[in.Payment]
	switch {
	case first != nil && (!there.Exists || relay.CouldLand(first.bound, head, relay.SourcesApart)):
		return s.firstCollect(first)
	case !there.Exists:
		return none, relay.ErrBalanceAbsent
	case there != want:
		return none, forbidden("foreign_balance", "This balance is not as the last resort leaves it.")
	}
	for _, c := range s.book.collecting {
		if c.app == in.App && c.sequence == in.Sequence && relay.CouldLand(c.bound, head, 0) {
			return none, relay.ErrSequenceTaken
		}
	}
	if err := relay.CheckBounds(in.SignedAt, in.Bound, in.MaxTime, head); err != nil {
		return none, err
	}
	return s.collectNow(t, in, id, want, head)
}

// leftBy is the balance that the last resort of a payment makes: out of the log's envelope, which is built again first.
func (s *Signer) leftBy(in relay.CollectIntent) (id string, b relay.BalanceFacts, err error) {
	f := s.book.byPayment[in.Payment]
	if f == nil || f.app != in.App {
		return "", b, forbidden("foreign_payment", "This payment belongs to another app.")
	}
	var l fundingLine
	if _, err := s.log.body(f.span, &l); err != nil {
		return "", b, err
	}
	treasury := s.book.treasuries[in.App]
	i := slices.IndexFunc(l.Minted, func(m mintedLine) bool { return m.Payment == in.Payment })
	if i < 0 || l.Minted[i].FromWallet() || l.Minted[i].IsDirect() || l.Minted[i].ReturnTo != treasury || f.dead() {
		return "", b, forbidden("not_the_treasurys", "Nothing of this payment is ever left to the treasury.")
	}
	ladder := l.Minted[i].ladder(l.Envelope.Bound)
	for j, rung := range l.Minted[i].Ladder {
		if ladder.Role(rung.Rung) != relay.LastResort {
			continue
		}
		at := filed{span: f.span, funding: f, minted: i, rung: j}
		if err := s.leadsHome(at, base64.StdEncoding.EncodeToString(rung.XDR)); err != nil {
			return "", b, unavailable("log_altered", fmt.Errorf("recorded envelope %s: %w", rung.Hash, err))
		}
		if id, b, err = stellar.BalanceLeft(rung.XDR); err == nil && b.Claimant != treasury {
			err = fmt.Errorf("recorded envelope %s leaves a balance to %s", rung.Hash, b.Claimant)
		}
		return id, b, err
	}
	return "", b, unavailable("log_altered", fmt.Errorf("payment %s has no last resort", in.Payment))
}

// collectNow builds, signs and writes down. The caller has its turn.
func (s *Signer) collectNow(t *told, in relay.CollectIntent, id string, b relay.BalanceFacts, head relay.Head) (none relay.CollectAnswer, err error) {
	treasury := s.book.treasuries[in.App]
	type look struct {
		home  relay.AccountFacts
		asset relay.AssetFacts
	}
	l, err := ask(t, "treasury", func(ctx context.Context) (look, error) {
		facts, asset, err := s.cfg.Ledger.Look(ctx, b.Asset, treasury)
		return look{facts[treasury], asset}, err
	})
	if err != nil {
		return none, err
	}
	way := relay.CollectOf(b, l.home, l.asset)
	if way.Wait != "" {
		return none, fmt.Errorf("%w: %s", relay.ErrCannotCollect, way.Wait)
	}
	if in.Sequence <= 0 {
		return none, invalid("sequence_out_of_range", "A sequence number is positive.")
	}
	tx, err := stellar.BuildCollect(stellar.CollectPlan{Passphrase: s.cfg.Passphrase, Account: treasury, Balance: id, Asset: b.Asset,
		Line: way.Line, Sponsor: s.book.sponsor, Sequence: in.Sequence, MaxTime: in.MaxTime, LastLedger: in.Bound})
	if err != nil {
		return none, fmt.Errorf("collect: %w", err)
	}
	inner, err := s.attach(tx.XDR, tx.Hash, tx.Signers...)
	if err != nil {
		return none, err
	}
	a, err := s.askLeft(t, in.App)
	if errors.As(err, new(*unasked)) { // without an answer nothing is left, and the bid is the least
		return none, err
	}
	bid := prices.BidWithin(in.Bid, min(s.cfg.Policy.MaxFee, a.Left()), tx.Ops+1)
	bump, err := stellar.BuildFeeBump(inner, s.cfg.Passphrase, s.book.sponsor, bid)
	if err != nil {
		return none, fmt.Errorf("bump %s: %w", tx.Hash, err)
	}
	line := collectLine{App: in.App, Payment: in.Payment, Balance: id, Day: dayOf(head), Hash: tx.Hash, Sequence: in.Sequence,
		Bound: in.Bound, Fee: bump.Fee}
	if way.Line { // a fee alone is never refused to money that comes home
		line.Line = b.Asset
		if err := s.allowCost(t, in.App, line.Fee+stellar.BaseReserve); err != nil {
			return none, err
		}
		if err := s.sponsorCarries(t, "", relay.Load{Unmade: 1, UnmadeUnits: 1}, head); err != nil {
			return none, err
		}
	}
	if line.XDR, err = s.attachRaw(bump.XDR, bump.Hash, s.book.sponsor); err != nil {
		return none, err
	}
	if err := s.write(collectKind, line); err != nil {
		return none, err
	}
	return relay.CollectAnswer{Balance: id, Hash: line.Hash, XDR: line.XDR}, nil
}

// firstCollect is an envelope as it was signed first.
func (s *Signer) firstCollect(c *collect) (relay.CollectAnswer, error) {
	var l collectLine
	_, err := s.log.body(c.span, &l)
	return relay.CollectAnswer{Balance: l.Balance, Hash: l.Hash, XDR: l.XDR}, err
}

func (b *book) collect(at span, l collectLine) error {
	f := b.byPayment[l.Payment]
	if f == nil || f.app != l.App {
		return fmt.Errorf("a balance of payment %s, which was never funded", l.Payment)
	}
	c := &collect{errand: errand{l.App, l.Hash, l.Sequence, l.Bound, at}}
	c.cost, _ = b.costOf(f, l.Payment)
	b.collects[l.Payment] = c
	b.collecting = append(b.collecting, c)
	b.used[appAndDay{l.App, l.Day}] += l.Fee
	if l.Line != "" {
		b.used[appAndDay{l.App, l.Day}] += stellar.BaseReserve
		if b.lines[l.App] == nil {
			b.lines[l.App] = map[string]bool{}
		}
		b.lines[l.App][l.Line] = true
	}
	return nil
}

// endCollect ends an envelope. One that landed gave the balance's reserve back.
func (b *book) endCollect(l reclaimEnd) error {
	c, err := ended(&b.collecting, l.Hash)
	if err == nil && l.Landed && c.cost != nil {
		b.cameBack(c.cost, stellar.BaseReserve)
	}
	return err
}
