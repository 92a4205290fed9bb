package signer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// book is what the log adds up to. It is rebuilt from the log at start and changed by the same lines afterwards, so that
// a restart comes to the same. Answers and envelopes stay in the file; the book knows where.
type book struct {
	network    string
	today      int64 // the newest day of a line
	sponsor    string
	channels   []string
	treasuries map[relay.AppID]string
	made       map[int64]int     // treasuries, by day
	roles      map[string]string // by account
	keyed      map[string]bool   // accounts whose line in the log has a mac

	deposits  map[relay.AppID][]*funding       // that clients minted, until they are long over
	proofs    bool                             // the log began when wallets had to prove themselves
	provenAt  uint32                           // ledger of the first deposit with a proof; 0 = none yet
	fundings  map[string]*funding              // by hash
	byPayment map[relay.PaymentID]*funding     // the newest
	byNumber  map[number]*funding              // the newest
	recent    []*funding                       // out of treasuries, that may not have landed yet, and some that have
	last      map[string]int64                 // the highest number signed, by channel
	holdings  map[string]*holding              // by account
	wallets   map[string]bool                  // accounts out of which clients fund, but for holding accounts
	envelopes map[string]filed                 // by inner hash: all that may be bumped
	plans     map[relay.AppID][]relay.PlanMade // claims planned
	bumps     map[string]bumps                 // by inner hash
	lines     map[relay.AppID]map[string]bool  // assets that a treasury was given a trustline for
	signed    map[appDay]relay.Stroops         // funded out of the treasury, less what was found dead
	makers    map[string][]maker               // claims that were planned to make an account, by account
	budgets                                    // what apps cost the sponsor

	withdrawals map[string]span // the last one, by treasury
}

type funding struct {
	hash     string
	app      relay.AppID
	number   number
	day      int64
	totals   map[string]relay.Stroops // by asset; empty of what a client funds
	kept     bool                     // a client made it
	moves    bool                     // out of the holding account of another payment
	makes    string                   // the holding account of what a client made
	used     bool                     // its wallet's number was seen to be used up: by it, or by something else
	span     span
	bound    uint32 // last ledger in which it may land
	fate     string // "" = it could still land; what line.go names
	payments []relay.PaymentID
	costs    []*cost // of its payments, in their order; of a client's those that go on
}

// dead says that its money did not move, as far as the log knows: of one that was proven unable to land, [Signer.look] asks again.
func (f *funding) dead() bool { return f.fate == failed || f.fate == cannotLand }

// number is a sequence number of a channel.
type number struct {
	channel  string
	sequence int64
}

type holding struct {
	payment relay.PaymentID
	funding *funding
	ladder  relay.Ladder
	relay.Terms
	cost *cost // nil when its sender's wallet pays
}

// maker is a claim of a payment that was planned to make an account.
type maker struct {
	cost *cost
	relay.GivingClaim
}

// filed is where an envelope is: in a line, and of a rung at which place.
type filed struct {
	kind         relay.EnvelopeKind
	span         span
	funding      *funding // that made its holding account, or itself
	minted, rung int
	holding      string // whose way back or claim it is
	resort       bool   // the last rung, which wants the sponsor's signature
}

type appDay struct {
	app   relay.AppID
	day   int64
	asset string
}

func newBook() *book {
	return &book{
		treasuries: map[relay.AppID]string{}, made: map[int64]int{}, roles: map[string]string{}, keyed: map[string]bool{},
		deposits: map[relay.AppID][]*funding{},
		fundings: map[string]*funding{}, byPayment: map[relay.PaymentID]*funding{}, byNumber: map[number]*funding{}, last: map[string]int64{},
		holdings: map[string]*holding{}, wallets: map[string]bool{}, envelopes: map[string]filed{}, plans: map[relay.AppID][]relay.PlanMade{},
		bumps: map[string]bumps{}, lines: map[relay.AppID]map[string]bool{}, signed: map[appDay]relay.Stroops{},
		makers:      map[string][]maker{},
		budgets:     newBudgets(),
		withdrawals: map[string]span{},
	}
}

// apply takes one line in. It judges only what lines mean together; what may be signed was judged before.
func (b *book) apply(e entry) error {
	if (e.N == 1) != (e.Kind == beginKind) {
		return errors.New("a log begins with its network, once")
	}
	switch e.Kind {
	case beginKind:
		return read(e, b.begin)
	case keyKind:
		return read(e, func(l keyLine) error { b.keyed[l.Account] = e.MAC != ""; return b.key(l) })
	case fundingKind:
		return read(e, func(l fundingLine) error { return b.fund(e.span, l, false) })
	case keepKind:
		return read(e, func(l fundingLine) error { return b.fund(e.span, l, true) })
	case trustKind:
		return read(e, b.trust)
	case channelsKind:
		return read(e, func(channelsLine) error { return nil })
	case withdrawKind:
		return read(e, func(l withdrawLine) error { b.withdrawals[l.From] = e.span; return nil })
	case fateKind:
		return read(e, b.decide)
	case claimKind:
		return read(e, func(l claimLine) error { return b.plan(e.span, l) })
	case bumpKind:
		return read(e, func(l bumpLine) error { b.bumped(l); return nil })
	case costsKind:
		return read(e, b.endCosts)
	case reclaimKind:
		return read(e, func(l reclaimLine) error { return b.reclaim(e.span, l) })
	case reclaimEndKind:
		return read(e, b.endReclaim)
	case collectKind:
		return read(e, func(l collectLine) error { return b.collect(e.span, l) })
	case collectEndKind:
		return read(e, b.endCollect)
	}
	return fmt.Errorf("unknown kind %q: written by a newer program", e.Kind)
}

func read[L any](e entry, apply func(L) error) error {
	var l L
	if err := strictly(e.Body, &l); err != nil {
		return err
	}
	return apply(l)
}

func (b *book) begin(l beginLine) error {
	if l.V != logVersion {
		return fmt.Errorf("version %d is not known", l.V)
	}
	b.network, b.proofs = l.Network, l.Proofs
	return nil
}

func (b *book) key(l keyLine) error {
	if b.roles[l.Account] != "" {
		return fmt.Errorf("key %s was made twice", l.Account)
	}
	b.roles[l.Account] = l.Role
	app, treasury := strings.CutPrefix(l.Role, treasuryRole)
	switch {
	case l.Role == sponsorRole && b.sponsor == "":
		b.sponsor = l.Account
	case l.Role == channelRole:
		b.channels = append(b.channels, l.Account)
	case treasury && b.treasuries[relay.AppID(app)] == "":
		b.treasuries[relay.AppID(app)] = l.Account
		b.made[l.Day]++
		b.today = max(b.today, l.Day)
	default:
		return fmt.Errorf("a second key in the role %q", l.Role)
	}
	return nil
}

func (b *book) fund(at span, l fundingLine, kept bool) error {
	f := &funding{
		hash: l.Envelope.Hash, app: l.App, day: l.Day, span: at, payments: l.Envelope.Payments, kept: kept,
		number: number{l.Envelope.Source, l.Envelope.Sequence}, totals: map[string]relay.Stroops{}, bound: l.Envelope.Bound,
	}
	if b.fundings[f.hash] != nil {
		return fmt.Errorf("funding %s twice", f.hash)
	}
	b.fundings[f.hash] = f
	b.today = max(b.today, l.Day)
	if kept { // a wallet's numbers are its owner's business
		for _, m := range l.Minted {
			f.makes = m.Account
			if !m.IsMove() {
				b.wallets[m.From] = true
			}
		}
		f.moves = len(l.Minted) > 0 && l.Minted[0].IsMove()
		b.deposits[f.app] = append(b.deposits[f.app], f)
		if b.provenAt == 0 && len(l.Minted) > 0 && l.Minted[0].Proof != nil {
			b.provenAt = l.Envelope.SignedAt
		}
	} else {
		b.byNumber[f.number] = f
		b.recent = append(b.recent, f)
		b.last[f.number.channel] = max(b.last[f.number.channel], f.number.sequence)
	}
	b.envelopes[f.hash] = filed{kind: relay.FundingEnvelope, span: at, funding: f}
	for i, m := range l.Minted {
		b.byPayment[m.Payment] = f
		if !kept {
			f.totals[m.Asset] += m.Amount
		}
		c := b.count(f, m)
		if c != nil {
			f.costs = append(f.costs, c)
		}
		if m.IsDirect() {
			continue
		}
		h := &holding{payment: m.Payment, funding: f, Terms: m.terms(), cost: c, ladder: m.ladder(l.Envelope.Bound)}
		if !h.ladder.Known() {
			return fmt.Errorf("a way back of version %d: written by a newer program", m.LadderVersion)
		}
		for j, rung := range m.Ladder {
			b.envelopes[rung.Hash] = filed{relay.ReturnEnvelope, at, f, i, j, m.Account, h.ladder.Role(rung.Rung) == relay.LastResort}
		}
		b.holdings[m.Account] = h
	}
	for asset, total := range f.totals {
		b.signed[appDay{f.app, f.day, asset}] += total
	}
	return nil
}

func (b *book) decide(l fateLine) error {
	f := b.fundings[l.Hash]
	back := f != nil && f.fate == cannotLand && l.Fate == landed // the proof was of another chain
	if f == nil || f.fate != "" && !back {
		return fmt.Errorf("a fate of %s, which is no open funding", l.Hash)
	}
	if f.fate = l.Fate; back {
		for asset, total := range f.totals {
			b.signed[appDay{f.app, f.day, asset}] += total
		}
		for _, c := range f.costs {
			b.reopen(c)
		}
		return nil
	}
	if f.dead() { // no money moved: the day has it back
		for asset, total := range f.totals {
			b.signed[appDay{f.app, f.day, asset}] -= total
		}
	} else if f.fate != landed {
		return fmt.Errorf("unknown fate %q", l.Fate)
	}
	if f.kept || !f.dead() {
		return nil
	}
	for _, c := range f.costs {
		fees := relay.Stroops(0) // what never landed was charged nothing
		if f.fate == failed {
			fees = c.bid()
		}
		if err := b.finish(c, relay.CostEnd{End: relay.CostVoid, Fees: fees}); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) trust(l trustLine) error {
	if b.lines[l.App] == nil {
		b.lines[l.App] = map[string]bool{}
	}
	if !b.lines[l.App][l.Asset] {
		b.used[appAndDay{l.App, l.Day}] += stellar.BaseReserve
	}
	b.used[appAndDay{l.App, l.Day}] += l.Fee
	b.lines[l.App][l.Asset] = true
	return nil
}

func (b *book) plan(at span, l claimLine) error {
	h := b.holdings[l.Holding]
	if h == nil || h.payment != l.Payment {
		return fmt.Errorf("a claim of %s, which is no holding account of the payment", l.Holding)
	}
	b.today = max(b.today, l.Day)
	app := h.funding.app
	b.plans[app] = append(b.plans[app], relay.PlanMade{Payment: l.Payment, Bound: l.Envelope.Bound, MaxTime: l.Envelope.MaxTime, At: l.At})
	b.envelopes[l.Envelope.Hash] = filed{kind: relay.ClaimEnvelope, span: at, funding: h.funding, holding: l.Holding}
	if c := h.cost; c != nil && l.Envelope.NewAccount {
		g := relay.GivingClaim{Hash: l.Envelope.Hash, Holding: l.Holding, Sequence: l.Envelope.Sequence, Account: l.Envelope.Destination, Bound: l.Envelope.Bound}
		b.makers[g.Account] = append(b.makers[g.Account], maker{c, g})
		if c.end != "" { // planned after the end, by an older program
			b.used[appAndDay{c.app, l.Day}] += c.reserve + c.gift
		}
		b.change(c, func() {
			if c.end == "" {
				c.day = max(c.day, l.Day)
			}
			c.plan(g)
		})
	}
	return nil
}
