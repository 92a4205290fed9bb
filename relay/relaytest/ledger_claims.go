package relaytest

import (
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// multiplexed is an address of one customer of the account (SEP-23).
func multiplexed(name string, id uint64) string {
	var m strkey.MuxedAccount
	if err := m.SetAccountID(LedgerAccount(name)); err != nil {
		panic(err) // an actor's address always is one
	}
	m.SetID(id)
	text, err := m.Address()
	if err != nil {
		panic(err)
	}
	return text
}

// refuses wants a claim to be refused for a reason, which is in the text, and to fail when it is handed in by force.
func (b *ledgerFixture) refuses(when string, c claimRow, why stellar.Reason) {
	b.Helper()
	b.doubts(when, c, why)
	b.CloseWith(b.T, c.outer)
	if s := b.sight(c.Envelope.Hash); s == nil || s.Success {
		b.Errorf("%s: refused, and by force %+v", when, s)
	}
}

// doubts wants a claim to be refused for a reason; the ledger may think otherwise.
func (b *ledgerFixture) doubts(when string, c claimRow, why stellar.Reason) {
	b.Helper()
	got, err := b.Rehearse(b.Context(), c.Envelope)
	b.ok(err)
	if !strings.Contains(got, string(why)) {
		b.Errorf("%s: %q, want %q", when, got, why)
	}
}

// lands wants a claim to be rehearsed well, and to land; the destination then has more.
func (b *ledgerFixture) lands(when string, c claimRow, to string, asset, lumens relay.Stroops) {
	b.Helper()
	b.rehearse(when, c.Envelope, true)
	before := b.look(c.Asset, to)
	b.CloseWith(b.T, c.outer)
	if s := b.sight(c.Envelope.Hash); s == nil || !s.Success {
		b.Fatalf("%s: rehearsed well, landed %+v", when, s)
	}
	after := b.look(c.Asset, to)
	spendable := after.Spendable - before.Spendable
	if c.Asset == relay.Native {
		spendable = asset // free is not all that it holds
	}
	if spendable != asset || after.Balance-before.Balance != lumens || to != "issuer" && !after.Line {
		b.Errorf("%s: before %+v, after %+v", when, before, after)
	}
	if got, err := b.Sequence(b.Context(), c.Source); err == nil {
		b.Errorf("%s: the holding account is still there, at %d", when, got)
	}
}

// fresh is a claim into a new account, which the service sponsors.
func (b *ledgerFixture) fresh(i int, h stellar.Holding, to string) claimRow {
	b.Helper()
	return b.claimOf(i, h, stellar.ClaimPlan{Destination: LedgerAccount(to), NewAccount: true, Sponsor: LedgerAccount("sponsor")}, to, "sponsor")
}

// old is a claim into an account that exists and has what it needs.
func (b *ledgerFixture) old(i int, h stellar.Holding, to string) claimRow {
	b.Helper()
	return b.claimOf(i, h, stellar.ClaimPlan{Destination: LedgerAccount(to)})
}

// line is a claim into an account that makes its trustline with it.
func (b *ledgerFixture) line(i int, h stellar.Holding, to string) claimRow {
	b.Helper()
	return b.claimOf(i, h, stellar.ClaimPlan{Destination: LedgerAccount(to), NewLine: true}, to)
}

func creditClaims(b *ledgerFixture) {
	a := b.issue("issuer", "USDC", "holder", "full", "frozen", "exchange")
	b.act([]txnbuild.Operation{a.pay("issuer", "full", 1000*relay.One-creditAmount+1), a.forbid("frozen", false),
		data("exchange", stellar.MemoRequiredKey)}, "issuer", "exchange")
	b.Fund(b.T, LedgerAccount("lineless"))
	h := a.holding(0)
	b.landed(b.fundingOf(false, a.many(16)...))

	b.refuses("into a new account that exists", b.fresh(0, h, "holder"), stellar.DestinationExists)
	b.refuses("into an account that does not exist", b.old(0, h, "ana"), stellar.DestinationMissing)
	b.refuses("into an account without a trustline", b.old(0, h, "lineless"), stellar.LineMissing)
	b.refuses("into an account that is full", b.old(0, h, "full"), stellar.LineFull)
	b.refuses("into an account that may not hold it", b.old(0, h, "frozen"), stellar.LineForbidden)
	b.lands("into a new account", b.fresh(0, h, "ana"), "ana", creditAmount, relay.FirstFees)
	b.lands("into an account that has a trustline", b.old(1, h, "holder"), "holder", creditAmount, 0)
	b.lands("into the issuer", b.old(2, h, "issuer"), "issuer", 0, 0)

	b.doubts("without the memo that it asks for", b.old(3, h, "exchange"), stellar.MemoRequired)
	i := 3
	for _, memo := range []stellar.Memo{{Kind: stellar.MemoText, Text: "seven ½"}, {Kind: stellar.MemoID, ID: 1 << 63},
		{Kind: stellar.MemoHash, Text: strings.Repeat("0f", 32)}} {
		b.lands("with a memo, "+memo.Kind, b.claimOf(i, h, stellar.ClaimPlan{Destination: LedgerAccount("exchange"), Memo: memo}), "exchange", creditAmount, 0)
		i++
	}
	for _, to := range []string{"holder", "exchange"} {
		b.lands("into one customer of "+to, b.claimOf(i, h, stellar.ClaimPlan{Destination: multiplexed(to, 7)}), to, creditAmount, 0)
		i++
	}
	b.refuses("into one customer of an account that is full", b.claimOf(i, h, stellar.ClaimPlan{Destination: multiplexed("full", 7)}), stellar.LineFull)

	b.act([]txnbuild.Operation{a.forbid(holding(i), false)}, "issuer")
	b.refuses("of what is frozen", b.old(i, h, "holder"), stellar.Deauthorised)
	b.act([]txnbuild.Operation{a.clawback(holding(i), 1)}, "issuer")
	b.refuses("of what was clawed back in part", b.old(i, h, "holder"), stellar.ClawedBack)
	i++
	b.act([]txnbuild.Operation{a.raise(holding(i)), a.pay("sender", holding(i), 1)}, holding(i))
	b.refuses("of more than was put in", b.old(i, h, "holder"), stellar.LineChanged)
	i++
	b.act([]txnbuild.Operation{gift(holding(i), relay.One)})
	kept := b.lumens("sponsor").Balance
	stray := b.old(i, h, "holder")
	b.lands("with stray lumens", stray, "holder", creditAmount, 0)
	if now := b.lumens("sponsor").Balance; now != kept+relay.One-b.sight(stray.Envelope.Hash).Fee {
		b.Errorf("stray lumens: the keeper had %s, has %s", kept, now)
	}
}

// creditLines wants a trustline to be made only where the ledger lets it be.
func creditLines(b *ledgerFixture) {
	a := b.issue("issuer", "LONGERCODE", "holder")
	b.Fund(b.T, LedgerAccount("lineless"))
	b.act([]txnbuild.Operation{&txnbuild.CreateAccount{Destination: LedgerAccount("poor"), Amount: "1.4999999", SourceAccount: LedgerAccount("sender")}})
	h := a.holding(0)
	b.landed(b.fundingOf(false, a.many(6)...))
	b.refuses("into an account that does not exist", b.line(0, h, "bob"), stellar.DestinationMissing)
	b.refuses("into an account that cannot carry it", b.line(0, h, "poor"), stellar.DestinationShort)
	b.act([]txnbuild.Operation{gift("poor", 1)})
	b.lands("into an account that just can", b.line(0, h, "poor"), "poor", creditAmount, 0)
	b.lands("into one customer of an account", b.claimOf(1, h, stellar.ClaimPlan{Destination: multiplexed("lineless", 9), NewLine: true}, "lineless"),
		"lineless", creditAmount, 0)
	b.doubts("into an account that has one", b.line(2, h, "holder"), stellar.DestinationExists)

	b.act([]txnbuild.Operation{a.flags(txnbuild.AuthRequired)}, "issuer")
	b.refuses("with an issuer that wants to allow it, into a new account", b.fresh(2, h, "bob"), stellar.LineForbidden)
	b.refuses("with an issuer that wants to allow it", b.line(2, h, "sponsor"), stellar.LineForbidden)
	b.lands("with one that has allowed it", b.old(2, h, "holder"), "holder", creditAmount, 0)

	b.act([]txnbuild.Operation{&txnbuild.AccountMerge{Destination: LedgerAccount("sender"), SourceAccount: LedgerAccount("issuer")}}, "issuer")
	b.refuses("without its issuer, into a new account", b.fresh(3, h, "bob"), stellar.IssuerMissing)
	b.refuses("without its issuer", b.line(3, h, "sponsor"), stellar.IssuerMissing)
	b.lands("without its issuer, where a trustline is", b.old(3, h, "holder"), "holder", creditAmount, 0)
}
