package relaytest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

func ledgerKey(name string) *keypair.Full {
	k, err := keypair.FromRawSeed(sha256.Sum256([]byte("restante ledger suite: " + name)))
	if err != nil {
		panic(err) // 32 bytes are always a seed
	}
	return k
}

func ledgerKeys(names ...string) (keys []*keypair.Full) {
	for _, n := range names {
		keys = append(keys, ledgerKey(n))
	}
	return keys
}

// LedgerAccount is the address of an actor of the ledger suite.
func LedgerAccount(name string) string { return ledgerKey(name).Address() }

// signed is a signed transaction, as it is and inside a fee bump of the sponsor's.
type signed struct {
	stellar.Tx
	inner, outer string // base64 XDR
	outerHash    string
}

func (b *ledgerFixture) sign(tx stellar.Tx, names ...string) signed {
	b.Helper()
	inner, err := stellar.Sign(tx.XDR, b.Passphrase(), ledgerKeys(names...)...)
	b.ok(err)
	fb, err := stellar.BuildFeeBump(inner, b.Passphrase(), LedgerAccount("sponsor"), 200)
	b.ok(err)
	outer, err := stellar.Sign(fb.XDR, b.Passphrase(), ledgerKey("sponsor"))
	b.ok(err)
	return signed{Tx: tx, inner: inner, outer: outer, outerHash: fb.Hash}
}

// bare is one that pays its own fee: what is handed in is the transaction itself.
func (s signed) bare() signed {
	s.outer, s.outerHash = s.inner, s.Hash
	return s
}

// raw is what the port takes.
func raw(envelope string) []byte {
	out, err := base64.StdEncoding.DecodeString(envelope)
	if err != nil {
		panic(err)
	}
	return out
}

// byHand signs operations that none of our plans has; seq is the number that it carries, and each operation costs at most
// bid stroops.
func (b *ledgerFixture) byHand(source string, seq, bid int64, ops []txnbuild.Operation, signers ...string) string {
	b.Helper()
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: LedgerAccount(source), Sequence: seq}, BaseFee: bid, Operations: ops,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	b.ok(err)
	tx, err = tx.Sign(b.Passphrase(), ledgerKeys(append([]string{source}, signers...)...)...)
	b.ok(err)
	text, err := tx.Base64()
	b.ok(err)
	return text
}

func pay(to string, amount string) []txnbuild.Operation {
	return []txnbuild.Operation{&txnbuild.Payment{Destination: LedgerAccount(to), Amount: amount, Asset: txnbuild.NativeAsset{}}}
}

// fundingRow is a funding of holding accounts h0, h1, … that may land in the next three ledgers.
type fundingRow struct {
	relay.Envelope
	signed
	plan stellar.FundingPlan
	own  bool // by the sender's own wallet
}

// ownRungFee is what each rung bids of a holding account that pays for itself, in stroops.
const ownRungFee = 1000

// funding is one of n holding accounts with lumens, each with one more than the one before.
func (b *ledgerFixture) funding(n int) fundingRow {
	b.Helper()
	holdings := make([]stellar.Holding, n)
	for i := range holdings {
		holdings[i] = stellar.Holding{Asset: relay.Native, Amount: relay.Stroops(5+i) * 1_0000000}
	}
	return b.fundingOf(false, holdings...)
}

// fundingOf is a funding of the given holding accounts, which it names. When own is true, the sender pays, sponsors and lends
// the number out of his own wallet, and no fee bump is around it.
func (b *ledgerFixture) fundingOf(own bool, holdings ...stellar.Holding) fundingRow {
	b.Helper()
	head := b.head()
	p := stellar.FundingPlan{
		Passphrase: b.Passphrase(), Channel: LedgerAccount("channel"), Sponsor: LedgerAccount("sponsor"), Treasury: LedgerAccount("treasury"),
		Sequence: b.sequence("channel") + 1, MaxTime: head.CloseTime + 10_000, LastLedger: head.Sequence + 3,
	}
	signers := []string{"channel", "sponsor", "treasury"}
	if own {
		sender := LedgerAccount("sender")
		p.Channel, p.Sponsor, p.Treasury, p.Sequence, p.Fee = sender, sender, sender, b.sequence("sender")+1, 100*stellar.MaxOperations
		signers = []string{"sender"}
	}
	for i, h := range holdings {
		h.Account = LedgerAccount(holding(i))
		p.Payments = append(p.Payments, h)
		signers = append(signers, holding(i))
	}
	return b.fundingRow(p, signers...)
}

func (b *ledgerFixture) fundingRow(p stellar.FundingPlan, signers ...string) fundingRow {
	b.Helper()
	tx, err := stellar.BuildFunding(p)
	b.ok(err)
	s := b.sign(tx, signers...)
	if p.Fee > 0 {
		s = s.bare()
	}
	return fundingRow{plan: p, signed: s, own: p.Fee > 0, Envelope: relay.Envelope{
		Hash: tx.Hash, Kind: relay.FundingEnvelope, State: relay.Signed, Source: tx.Source, Sequence: tx.Sequence, SignedAt: b.head().Sequence,
		Bound: p.LastLedger, MaxTime: p.MaxTime, XDR: raw(s.inner), OwnFee: relay.Stroops(p.Fee),
	}}
}

// seen is what a ledger says of a funding that landed: what each new account was given, and what was paid into it.
func (f fundingRow) seen(ledger uint32) relay.Sighting {
	s := relay.Sighting{Hash: f.Envelope.Hash, Tx: f.outerHash, Ledger: ledger, Success: true, Fee: 700, Payer: f.plan.Sponsor, Service: true}
	for _, h := range f.plan.Payments {
		s.Paid = append(s.Paid, relay.Paid{From: f.plan.Treasury, To: h.Account, Asset: h.Asset, Amount: relay.Stroops(h.Amount)})
	}
	return s
}

func holding(i int) string { return fmt.Sprint("h", i) }

// funded is a funding that has landed.
func (b *ledgerFixture) funded(n int) fundingRow {
	b.Helper()
	return b.landed(b.funding(n))
}

// landed hands a funding in.
func (b *ledgerFixture) landed(f fundingRow) fundingRow {
	b.Helper()
	b.CloseWith(b.T, f.outer)
	if s := b.sight(f.Envelope.Hash); s == nil || !s.Success {
		b.Fatalf("funding: %+v", s)
	}
	return f
}

// claimRow is a claim of a holding account.
type claimRow struct {
	relay.Envelope
	signed
}

// claim is one of lumens.
func (b *ledgerFixture) claim(i int, destination string, fresh bool, memo stellar.Memo) claimRow {
	b.Helper()
	p := stellar.ClaimPlan{Destination: LedgerAccount(destination), NewAccount: fresh, Memo: memo}
	signers := []string{}
	if fresh {
		p.Sponsor = LedgerAccount("sponsor")
		signers = append(signers, destination, "sponsor")
	}
	return b.claimOf(i, stellar.Holding{Asset: relay.Native, Amount: relay.Stroops(5+i) * 1_0000000}, p, signers...) // as funding makes it
}

// claimOf is a claim of what h holds, the i-th holding account. The plan says where to and how; signers are those besides the
// holding account. One that bids a fee is handed in without a fee bump.
func (b *ledgerFixture) claimOf(i int, h stellar.Holding, p stellar.ClaimPlan, signers ...string) claimRow {
	b.Helper()
	head := b.head()
	p.Passphrase, p.Holding, p.Asset, p.Amount = b.Passphrase(), LedgerAccount(holding(i)), h.Asset, h.Amount
	p.Sequence, p.MaxTime, p.LastLedger = b.sequence(holding(i))+1, head.CloseTime+10_000, head.Sequence+5
	if !p.NewAccount && p.Keeper == "" {
		p.Keeper = LedgerAccount("sponsor")
	}
	tx, err := stellar.BuildClaim(p)
	b.ok(err)
	s := b.sign(tx, append(signers, holding(i))...)
	if p.Fee > 0 {
		s = s.bare()
	}
	return claimRow{signed: s, Envelope: relay.Envelope{
		Hash: tx.Hash, Kind: relay.ClaimEnvelope, State: relay.Signed, Source: tx.Source, Sequence: tx.Sequence, SignedAt: head.Sequence,
		Bound: p.LastLedger, MaxTime: p.MaxTime, XDR: raw(s.inner), Destination: p.Destination, NewAccount: p.NewAccount, NewLine: p.NewLine,
		Asset: h.Asset, Amount: relay.Stroops(h.Amount), OwnFee: relay.Stroops(p.Fee),
	}}
}

// ladderRow is the way home of one holding account: the payment, its rungs in the order of use, and what to hand in of each.
type ladderRow struct {
	relay.Payment
	rungs []relay.Envelope
	out   map[string]signed // by hash
}

func (b *ledgerFixture) ladder(f fundingRow, i int, home string) ladderRow {
	b.Helper()
	return b.ladderOf(relay.LadderVersion, f, i, LedgerAccount(home), relay.Memo{})
}

// ladderOf is a ladder of the version, to an address and with a memo.
func (b *ledgerFixture) ladderOf(version int, f fundingRow, i int, home string, memo relay.Memo) ladderRow {
	b.Helper()
	h := f.plan.Payments[i]
	plan := stellar.ReturnPlan{Passphrase: b.Passphrase(), Version: version, Holding: h.Account, ReturnTo: home, Memo: memo,
		LastLedger: f.plan.LastLedger, Sponsor: LedgerAccount("sponsor"), Asset: h.Asset, Amount: h.Amount}
	if f.own {
		plan.Fee, plan.Wallet = ownRungFee, f.plan.Sponsor
	}
	built, err := stellar.BuildLadder(plan)
	b.ok(err)
	out := ladderRow{out: map[string]signed{}, Payment: relay.Payment{ID: relay.PaymentID("pay_" + holding(i)), State: relay.Returning,
		Amount: relay.Stroops(h.Amount), Asset: h.Asset, ReturnTo: plan.ReturnTo, ReturnMemo: memo, LadderVersion: version,
		Holding: h.Account, Funding: f.Envelope.Hash, Bound: plan.LastLedger}}
	if f.own {
		out.Sponsor, out.Purse, out.RungFee = f.plan.Sponsor, relay.Stroops(h.Purse), ownRungFee
	}
	for _, r := range built {
		signers := []string{holding(i)}
		if plan.Ladder().Cosigned(r.K) {
			signers = append(signers, "sponsor")
		}
		s := b.sign(r.Tx, signers...)
		if f.own {
			s = s.bare()
		}
		out.out[r.Hash] = s
		out.rungs = append(out.rungs, relay.Envelope{Hash: r.Hash, Kind: relay.ReturnEnvelope, State: relay.Signed, Source: r.Source,
			Sequence: r.Sequence, SignedAt: f.SignedAt, Rung: r.K, XDR: raw(s.inner), Payments: []relay.PaymentID{out.ID}, OwnFee: out.RungFee})
	}
	return out
}
