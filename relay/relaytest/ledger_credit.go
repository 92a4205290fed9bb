package relaytest

import (
	"reflect"
	"slices"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// The suite's holding accounts of a credit asset hold this much each, in stroops.
const creditAmount = 7 * relay.One

func (a issued) holding(purse relay.Stroops) stellar.Holding {
	return stellar.Holding{Asset: a.text, Amount: creditAmount, Purse: purse}
}

// many is n holding accounts alike.
func (a issued) many(n int) []stellar.Holding {
	return slices.Repeat([]stellar.Holding{a.holding(0)}, n)
}

// facts is what one holding account of a credit asset looks like.
func (b *ledgerFixture) facts(l ladderRow) relay.HoldingFacts {
	b.Helper()
	lowest := l.rungs[0].Sequence
	got, err := b.Holdings(b.Context(), l.Query(lowest), l.Query(lowest))
	b.ok(err)
	return got[l.Holding]
}

// creditFunding wants holding accounts that refuse every payment of the asset, and the payments told.
func creditFunding(b *ledgerFixture) {
	a := b.issue("issuer", "USDC")
	short := b.issue("other", "X")
	f := b.fundingOf(false, append(a.many(2), short.holding(0), stellar.Holding{Asset: relay.Native, Amount: relay.One})...)
	if f.Ops != 5+5+5+3 {
		b.Errorf("%d operations", f.Ops)
	}
	seq := b.CloseWith(b.T, f.outer)
	page := b.page(seq)
	var want []relay.Paid
	for i, asset := range []string{a.text, a.text, short.text} {
		want = append(want, relay.Paid{From: LedgerAccount("treasury"), To: LedgerAccount(holding(i)), Asset: asset, Amount: creditAmount})
	}
	want = append(want, relay.Paid{From: LedgerAccount("treasury"), To: LedgerAccount("h3"), Asset: relay.Native, Amount: relay.One})
	if len(page.Transactions) != 1 || !page.Transactions[0].Success || !slices.Equal(page.Transactions[0].Paid, want) {
		b.Fatalf("funding %+v, want %+v", page.Transactions, want)
	}
	l := b.ladder(f, 0, "sender")
	if got := b.facts(l); got != (relay.HoldingFacts{Exists: true, Held: creditAmount}) {
		b.Errorf("as made: %+v", got)
	}

	stray := b.byHand("sender", b.sequence("sender")+1, 100, []txnbuild.Operation{a.pay("sender", "h0", 1)})
	page = b.page(b.CloseWith(b.T, stray))
	if len(page.Transactions) != 1 || page.Transactions[0].Success || len(page.Transactions[0].Paid) != 0 {
		b.Errorf("a stray stroop of the asset: %+v", page.Transactions)
	}
	page = b.page(b.CloseWith(b.T, b.byHand("sender", b.sequence("sender")+1, 100, []txnbuild.Operation{gift("h0", 3)})))
	paid := []relay.Paid{{From: LedgerAccount("sender"), To: LedgerAccount("h0"), Asset: relay.Native, Amount: 3}}
	if len(page.Transactions) != 1 || !slices.Equal(page.Transactions[0].Paid, paid) {
		b.Errorf("stray lumens: %+v", page.Transactions)
	}
	if got := b.facts(l); got != (relay.HoldingFacts{Exists: true, Held: creditAmount, Balance: 3}) {
		b.Errorf("with stray lumens: %+v", got)
	}
	missing := l
	missing.Holding = LedgerAccount("h9")
	if got := b.facts(missing); got != (relay.HoldingFacts{}) {
		b.Errorf("never made: %+v", got)
	}
	otherwise := l
	otherwise.Amount++
	if got := b.facts(otherwise); got.Trouble != relay.KeyTakenOver {
		b.Errorf("of another limit: %+v", got)
	}
}

// creditCase is what happened to a holding account of a credit asset, and what is then to be said and done.
type creditCase struct {
	name    string
	home    string
	ops     func(b *ledgerFixture, a issued, h string) []txnbuild.Operation
	signers []string     // besides the sender; "h" is the holding account
	facts   relay.Reason // what is wrong with it; "" nothing
	use     int          // the rung to hand in; none: -1
	reason  relay.Reason // why none
	forced  []int        // rungs that are then handed in by force, and fail
}

const none = -1

func (a issued) raise(h string) txnbuild.Operation { return a.trust(h, "1000") }

var creditCases = []creditCase{
	{name: "well", home: "sender", use: 3},
	{name: "stray lumens", home: "sender", use: 3, ops: func(_ *ledgerFixture, _ issued, h string) []txnbuild.Operation {
		return []txnbuild.Operation{gift(h, 5)}
	}},
	{name: "home without a trustline", home: "lineless", use: 0, forced: []int{3, 2, 1}},
	{name: "home is full", home: "full", use: 0, forced: []int{3}},
	{name: "home may not hold it", home: "frozen", use: 0, forced: []int{3}},
	{name: "home may only keep its offers", home: "kept", use: 0, forced: []int{3}},
	{name: "home is gone", home: "absent", use: 0, forced: []int{3, 1}},
	{name: "home wants a memo", home: "exchange", use: 0}, // the ledger would let it through
	{name: "home is the issuer", home: "issuer", use: 3},
	{name: "clawed back", home: "sender", signers: []string{"issuer"}, facts: relay.ClawedBack, use: 1, forced: []int{3, 2},
		ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.clawback(h, creditAmount)}
		}},
	{name: "frozen and clawed back", home: "lineless", signers: []string{"issuer"}, facts: relay.ClawedBack, use: 1, forced: []int{3},
		ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.forbid(h, false), a.clawback(h, creditAmount)}
		}},
	{name: "partly clawed back", home: "sender", signers: []string{"issuer"}, facts: relay.ClawedBack, use: none, reason: relay.ClawedBack,
		forced: []int{3, 2, 1, 0}, ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.clawback(h, 1)}
		}},
	{name: "frozen", home: "sender", signers: []string{"issuer"}, facts: relay.Deauthorised, use: none, reason: relay.Deauthorised,
		forced: []int{3, 2, 1, 0}, ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.forbid(h, false)}
		}},
	{name: "may only keep its offers", home: "sender", signers: []string{"issuer"}, facts: relay.Deauthorised, use: none, reason: relay.Deauthorised,
		forced: []int{3, 0}, ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.forbid(h, true)}
		}},
	{name: "its key changed the limit", home: "sender", signers: []string{"h"}, facts: relay.KeyTakenOver, use: 3,
		ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.raise(h)}
		}},
	{name: "its key changed the limit, and a stroop came in", home: "sender", signers: []string{"h"}, facts: relay.KeyTakenOver,
		use: none, reason: relay.KeyTakenOver, forced: []int{3, 2, 1, 0}, ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.raise(h), a.pay("sender", h, 1)}
		}},
}

// takenCases are those in which a key holder did more. They have a funding of their own, since one takes 17 at most.
var takenCases = []creditCase{
	{name: "its key paid some out", home: "sender", signers: []string{"h"}, facts: relay.ClawedBack, use: none, reason: relay.ClawedBack,
		forced: []int{3, 2, 1, 0}, ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.pay(h, "sender", 1)} // it looks like a clawback
		}},
	{name: "its key added data", home: "sender", signers: []string{"h"}, facts: relay.KeyTakenOver, use: none, reason: relay.KeyTakenOver,
		forced: []int{3, 2, 1, 0}, ops: func(_ *ledgerFixture, _ issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{gift(h, relay.One), data(h, "mine")}
		}},
	{name: "its key added a trustline", home: "sender", signers: []string{"h"}, facts: relay.KeyTakenOver, use: none, reason: relay.KeyTakenOver,
		forced: []int{3, 2, 1, 0}, ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			other := a
			other.credit.Code = "OTHER"
			return []txnbuild.Operation{gift(h, relay.One), other.trust(h, "")}
		}},
	{name: "its key paid it out and gave up the trustline", home: "sender", signers: []string{"h"}, facts: relay.KeyTakenOver, use: none,
		reason: relay.KeyTakenOver, forced: []int{3, 2, 1, 0}, ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			return []txnbuild.Operation{a.pay(h, "sender", creditAmount), a.trust(h, "0")}
		}},
	{name: "its sponsor gave the trustline away", home: "sender", signers: []string{"sponsor"}, facts: relay.KeyTakenOver, use: 3,
		ops: func(_ *ledgerFixture, a issued, h string) []txnbuild.Operation {
			line := txnbuild.TrustLineID{Account: LedgerAccount(h), Asset: a.credit.MustToTrustLineAsset()}
			return []txnbuild.Operation{
				&txnbuild.BeginSponsoringFutureReserves{SponsoredID: LedgerAccount("sponsor"), SourceAccount: LedgerAccount("sender")},
				&txnbuild.RevokeSponsorship{SponsorshipType: txnbuild.RevokeSponsorshipTypeTrustLine, TrustLine: &line, SourceAccount: LedgerAccount("sponsor")},
				&txnbuild.EndSponsoringFutureReserves{SourceAccount: LedgerAccount("sponsor")},
			}
		}},
}

// creditHome takes holding accounts of a credit asset through all that can happen to them. What Advise names is handed in
// and lands, after what it does not name was handed in by force and failed.
func creditHome(b *ledgerFixture) {
	a := b.issue("issuer", "USDC", "full", "frozen", "kept", "exchange")
	b.Fund(b.T, LedgerAccount("lineless"))
	b.act([]txnbuild.Operation{a.pay("issuer", "full", 1000*relay.One-creditAmount+1), a.forbid("frozen", false), a.forbid("kept", true),
		data("exchange", stellar.MemoRequiredKey)}, "issuer", "exchange")
	f := b.landed(b.fundingOf(false, a.many(len(creditCases))...))
	b.until(f.Bound)
	for i, c := range creditCases {
		b.returnsCredit(a, c, b.ladder(f, i, c.home), holding(i))
	}
}

// creditTaken is creditHome for what a key holder does.
func creditTaken(b *ledgerFixture) {
	a := b.issue("issuer", "USDC")
	f := b.landed(b.fundingOf(false, a.many(len(takenCases))...))
	b.until(f.Bound)
	for i, c := range takenCases {
		b.returnsCredit(a, c, b.ladder(f, i, c.home), holding(i))
	}
}

func (b *ledgerFixture) returnsCredit(a issued, c creditCase, l ladderRow, h string) {
	b.Helper()
	if c.ops != nil {
		signers := slices.Clone(c.signers)
		for i := range signers {
			if signers[i] == "h" {
				signers[i] = h
			}
		}
		b.act(c.ops(b, a, h), signers...)
	}
	if got := b.facts(l); !got.Exists || got.Trouble != c.facts || (got.Detail == "") != (c.facts == "") {
		b.Errorf("%s: %+v, want %q", c.name, got, c.facts)
	}
	ask := func() relay.RungAdvice {
		b.Helper()
		got, err := b.Advise(b.Context(), l.Payment, l.rungs)
		b.ok(err)
		return got
	}
	rung := func(k int) relay.Envelope { return l.rungs[len(l.rungs)-1-k] }
	want := relay.RungAdvice{Reason: c.reason}
	if c.use != none {
		want.Use = rung(c.use).Hash
	}
	got := ask()
	if got.Detail == "" && c.use == none {
		b.Errorf("%s: no detail", c.name)
	}
	if got.Detail = ""; got != want {
		b.Errorf("%s: %+v, want rung %d, %q", c.name, got, c.use, c.reason)
		return
	}
	for _, k := range c.forced {
		b.CloseWith(b.T, l.out[rung(k).Hash].outer)
		if s := b.sight(rung(k).Hash); s == nil || s.Success {
			b.Fatalf("%s: rung %d by force: %+v", c.name, k, s)
		}
	}
	if c.use == none {
		return
	}
	if again := ask(); again != want {
		b.Errorf("%s, with others spent: %+v", c.name, again)
	}
	before := b.look(a.text, c.home)
	b.CloseWith(b.T, l.out[want.Use].outer)
	if s := b.sight(want.Use); s == nil || !s.Success {
		b.Fatalf("%s: the rung that was advised: %+v", c.name, s)
	}
	if left := b.lumens(h); !reflect.DeepEqual(left, relay.AccountFacts{}) {
		b.Errorf("%s: the holding account is still there", c.name)
	}
	came := b.look(a.text, c.home).Spendable - before.Spendable
	if home := c.use > stellar.BareRung && c.home != a.issuer; home && came != creditAmount || !home && came != 0 {
		b.Errorf("%s: %s came home", c.name, came)
	}
}
