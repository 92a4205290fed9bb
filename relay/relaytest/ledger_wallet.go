package relaytest

import (
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// purse is what the sender's own wallet gives a holding account on top, in stroops.
const purse = 3 * relay.One

// ownFee is what a claim of such a holding account bids, in stroops.
const ownFee = 1000

// balanceOf is what an account holds of lumens and of the asset.
func (b *ledgerFixture) balanceOf(a issued, name string) (lumens, credit relay.Stroops) {
	b.Helper()
	f := b.look(a.text, name)
	return f.Balance, f.Spendable
}

// ownHome brings everything home without a fee bump, less the fee.
func ownHome(b *ledgerFixture) {
	a := b.issue("issuer", "USDC", "other")
	lumens := stellar.Holding{Asset: relay.Native, Amount: relay.One, Purse: purse}
	f := b.landed(b.fundingOf(true, lumens, lumens, a.holding(purse), a.holding(purse), a.holding(purse), a.holding(purse)))
	if s := b.sight(f.Envelope.Hash); s.Tx != s.Hash || s.Fee != relay.Stroops(100*f.Ops) {
		b.Errorf("funding: %+v", s)
	}
	ladders := make([]ladderRow, 6)
	for i := range ladders {
		ladders[i] = b.ladder(f, i, "other")
		want := relay.HoldingFacts{Exists: true, Balance: purse + relay.One, Held: purse + relay.One}
		if i > 1 {
			want = relay.HoldingFacts{Exists: true, Balance: purse, Held: creditAmount}
		}
		if got := b.facts(ladders[i]); got != want {
			b.Errorf("holding account %d: %+v, want %+v", i, got, want)
		}
		theService := ladders[i]
		theService.Sponsor = ""
		if got := b.facts(theService); got.Trouble != relay.KeyTakenOver {
			b.Errorf("sponsored by the service: %+v", got)
		}
	}
	b.noAdvice("before it is valid", ladders[0], "")
	b.until(f.Bound)

	land := func(l ladderRow, index int) relay.Stroops {
		b.Helper()
		use := b.advice("own wallet", l, index)
		b.CloseWith(b.T, use.outer)
		s := b.sight(use.Hash)
		if s == nil || !s.Success || s.Tx != use.Hash || s.Fee != relay.Stroops(100*use.Ops) {
			b.Fatalf("rung %d: %+v", l.rungs[index].Rung, s)
		}
		return s.Fee
	}
	// Home is not the wallet: it gets the whole amount by a payment, and the wallet what is left.
	wallet := func() relay.Stroops { return b.lumens("sender").Balance }
	before, credit := b.balanceOf(a, "other")
	sender := wallet()
	fee := land(ladders[0], 0) + land(ladders[2], 0)
	after, more := b.balanceOf(a, "other")
	if after != before+relay.One || more != credit+creditAmount || wallet() != sender+2*purse-fee {
		b.Errorf("home had %s and %s, has %s and %s; the wallet had %s, has %s, fees %s", before, credit, after, more, sender, wallet(), fee)
	}

	// The issuer took it back: the purse goes to the wallet.
	b.act([]txnbuild.Operation{a.clawback("h3", creditAmount)}, "issuer")
	sender = wallet()
	fee = land(ladders[3], 3)
	if now := wallet(); now != sender+purse-fee {
		b.Errorf("after a clawback: the wallet had %s, has %s", sender, now)
	}

	// The home account is absent: everything goes into the wallet.
	for i, want := range map[int]relay.Stroops{1: purse + relay.One, 4: purse} {
		sender := wallet()
		_, had := b.balanceOf(a, "sender")
		l := b.ladder(f, i, "absent")
		fee := land(l, 2)
		if _, has := b.balanceOf(a, "sender"); wallet() != sender+want-fee || l.Asset != relay.Native && has != had+creditAmount {
			b.Errorf("into the wallet: it had %s, has %s", sender, wallet())
		}
	}

	// The wallet itself cannot take it: the amount waits for it. The sponsor gets what that locks, and the wallet what is left.
	b.act([]txnbuild.Operation{data("sender", stellar.MemoRequiredKey)})
	sponsor, sender := b.lumens("sponsor"), wallet()
	fee = land(b.ladder(f, 5, "sender"), 3)
	now := b.lumens("sponsor")
	if now.Balance != sponsor.Balance+stellar.BaseReserve || now.Free != sponsor.Free || wallet() != sender+purse-stellar.BaseReserve-fee {
		b.Errorf("last resort: the sponsor had %+v, has %+v; the wallet had %s, has %s", sponsor, now, sender, wallet())
	}
}

// ownClaims pay their own fee, and what a new account costs, out of the purse.
func ownClaims(b *ledgerFixture) {
	a := b.issue("issuer", "USDC", "holder")
	lumens, credit := stellar.Holding{Asset: relay.Native, Amount: relay.One, Purse: purse}, a.holding(purse)
	b.Fund(b.T, LedgerAccount("lineless"))
	b.landed(b.fundingOf(true, lumens, lumens, credit, credit, credit, credit))
	own := func(to string, fresh, line bool) stellar.ClaimPlan {
		return stellar.ClaimPlan{Destination: to, NewAccount: fresh, NewLine: line, Fee: ownFee}
	}
	all, kept := purse+relay.One, b.lumens("sponsor").Balance
	b.lands("lumens, new account", b.claimOf(0, lumens, own(LedgerAccount("ana"), true, false)), "ana", 0, all-200)
	b.refuses("lumens, new account that exists", b.claimOf(1, lumens, own(LedgerAccount("ana"), true, false)), stellar.DestinationExists)
	b.lands("lumens, after one that failed", b.claimOf(1, lumens, own(LedgerAccount("holder"), false, false)), "holder", 0, relay.One)
	b.lands("new account", b.claimOf(2, credit, own(LedgerAccount("bob"), true, false), "bob"), "bob", creditAmount, purse-500)
	b.lands("trustline is there", b.claimOf(3, credit, own(multiplexed("holder", 3), false, false)), "holder", creditAmount, 0)
	b.lands("new trustline", b.claimOf(4, credit, own(LedgerAccount("lineless"), false, true), "lineless"), "lineless", creditAmount, 0)
	if now := b.lumens("sponsor").Balance; now != kept+(purse-200-200)+(purse-300)+(purse-400) {
		b.Errorf("what is left of three purses: the keeper had %s, has %s", kept, now)
	}
	if f := b.look(a.text, "bob"); f.Free != f.Balance-3*stellar.BaseReserve {
		b.Errorf("the new account does not carry its own reserve: %+v", f)
	}
	// A fee bump of the service's may go around it, too, when it bids as much: then the purse pays nothing.
	c := b.claimOf(5, credit, stellar.ClaimPlan{Destination: LedgerAccount("holder"), Fee: 300})
	c.signed = b.sign(c.signed.Tx, "h5")
	b.lands("inside a fee bump", c, "holder", creditAmount, 0)
}

// ownPurse wants no envelope to be handed in that the purse cannot pay for.
func ownPurse(b *ledgerFixture) {
	a := b.issue("issuer", "USDC", "other")
	cost := stellar.Prices.NewAccount(a.text)
	lumens := stellar.Holding{Asset: relay.Native, Amount: 1, Purse: ownFee}
	f := b.landed(b.fundingOf(true, a.holding(ownFee-1), a.holding(ownFee), a.holding(ownFee+cost-1), a.holding(ownFee+cost), lumens,
		a.holding(ownFee+relay.Stroops(stellar.BaseReserve)-1), a.holding(ownFee+relay.Stroops(stellar.BaseReserve))))
	b.until(f.Bound)
	claim := func(i int, to string, fresh bool, signers ...string) claimRow {
		b.Helper()
		return b.claimOf(i, f.plan.Payments[i], stellar.ClaimPlan{Destination: LedgerAccount(to), NewAccount: fresh, Fee: ownFee}, signers...)
	}
	short := claim(0, "other", false)
	b.doubts("a stroop short of the fee", short, stellar.PurseEmpty)
	b.submit(short.outer, "refused", "tx_insufficient_balance")
	l := b.ladder(f, 0, "other")
	b.noAdvice("a stroop short of the fee", l, relay.NoWayBack)
	b.submit(l.out[l.rungs[0].Hash].outer, "refused", "tx_insufficient_balance")
	b.lands("just the fee", claim(1, "other", false), "other", creditAmount, 0)

	// The ledger takes less than the whole bid, and knows that only afterwards; what is bid counts here.
	b.doubts("a stroop short of the new account", claim(2, "ana", true, "ana"), stellar.PurseEmpty)
	b.lands("just the new account", claim(3, "ana", true, "ana"), "ana", creditAmount, cost+ownFee-500)
	b.refuses("lumens, and no account from them", claim(4, "bob", true), stellar.PurseEmpty)

	b.act([]txnbuild.Operation{data("sender", stellar.MemoRequiredKey)})
	l = b.ladder(f, 5, "sender")
	b.noAdvice("a stroop short of the last resort", l, relay.NoWayBack)
	last := b.advice("just the last resort", b.ladder(f, 6, "sender"), 3)
	b.CloseWith(b.T, last.outer)
	if s := b.sight(last.Hash); s == nil || !s.Success {
		b.Errorf("the last resort: %+v", s)
	}
}

// move empties a holding account of the sender's own wallet into a new one: nothing is lost but the fee, and the old one is
// gone.
func move(b *ledgerFixture) {
	a := b.issue("issuer", "USDC")
	lumens := stellar.Holding{Asset: relay.Native, Amount: relay.One, Purse: purse}
	f := b.landed(b.fundingOf(true, lumens, a.holding(purse)))
	for i, h := range f.plan.Payments {
		from, head := holding(i), b.head()
		to := "n" + from
		p := stellar.FundingPlan{
			Passphrase: b.Passphrase(), Channel: LedgerAccount(from), Sponsor: LedgerAccount("sender"), Treasury: LedgerAccount(from),
			Sequence: b.sequence(from) + 1, MaxTime: head.CloseTime + 10_000, LastLedger: head.Sequence + 3, Fee: ownFee, Move: true,
			Payments: []stellar.Holding{{Account: LedgerAccount(to), Asset: h.Asset, Amount: h.Amount}},
		}
		m := b.fundingRow(p, from, "sender", to)
		seq := b.CloseWith(b.T, m.outer)
		page := b.page(seq)
		if len(page.Transactions) != 1 || !page.Transactions[0].Success || page.Transactions[0].Merges[p.Treasury] != LedgerAccount(to) {
			b.Fatalf("move: %+v", page.Transactions)
		}
		rest := purse - relay.Stroops(100*m.Ops)
		want := relay.HoldingFacts{Exists: true, Balance: rest + relay.One, Held: rest + relay.One}
		if h.Asset != relay.Native {
			want = relay.HoldingFacts{Exists: true, Balance: rest, Held: creditAmount}
		}
		ladder := relay.LadderOf(relay.LadderVersion, h.Asset, p.LastLedger, p.Sponsor, relay.Memo{}, p.Sponsor)
		lowest := ladder.Sequence(ladder.Rungs() - 1)
		q := relay.HoldingQuery{Account: LedgerAccount(to), Asset: h.Asset, Amount: relay.Stroops(h.Amount), Sponsor: p.Sponsor, Lowest: lowest}
		got, err := b.Holdings(b.Context(), q)
		b.ok(err)
		if got[q.Account] != want {
			b.Errorf("moved to %+v, want %+v", got[q.Account], want)
		}
		if b.lumens(from).Exists {
			b.Errorf("%s is still there", from)
		}
		// The way home of the new one goes on as ever.
		m.own = true
		m.plan.Payments[0].Purse = rest
		b.homeOf(m, to)
	}
}

// homeOf lands the first rung of a moved holding account, which is not called as others are.
func (b *ledgerFixture) homeOf(f fundingRow, name string) {
	b.Helper()
	h := f.plan.Payments[0]
	b.until(f.Bound)
	plan := stellar.ReturnPlan{Passphrase: b.Passphrase(), Version: relay.LadderVersion, Holding: h.Account, ReturnTo: LedgerAccount("sender"),
		LastLedger: f.plan.LastLedger, Sponsor: LedgerAccount("sponsor"), Wallet: LedgerAccount("sender"), Asset: h.Asset, Amount: h.Amount, Fee: ownRungFee}
	r, err := stellar.BuildReturn(plan, plan.Ladder().Rungs()-1)
	b.ok(err)
	s := b.sign(r.Tx, name).bare()
	b.CloseWith(b.T, s.outer)
	if seen := b.sight(r.Hash); seen == nil || !seen.Success {
		b.Errorf("home from %s: %+v", name, seen)
	}
}
