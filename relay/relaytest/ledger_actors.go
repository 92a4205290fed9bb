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

func (b *ledgerBench) sign(tx stellar.Tx, names ...string) signed {
	b.Helper()
	inner, err := stellar.Sign(tx.XDR, b.Passphrase(), ledgerKeys(names...)...)
	b.ok(err)
	fb, err := stellar.BuildFeeBump(inner, b.Passphrase(), LedgerAccount("sponsor"), 200)
	b.ok(err)
	outer, err := stellar.Sign(fb.XDR, b.Passphrase(), ledgerKey("sponsor"))
	b.ok(err)
	return signed{Tx: tx, inner: inner, outer: outer, outerHash: fb.Hash}
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
func (b *ledgerBench) byHand(source string, seq, bid int64, ops []txnbuild.Operation, signers ...string) string {
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

// fundingRow is a funding of n holding accounts h0, h1, … that may land in the next three ledgers.
type fundingRow struct {
	relay.Envelope
	signed
	plan stellar.FundingPlan
}

func (b *ledgerBench) funding(n int) fundingRow {
	b.Helper()
	head := b.head()
	p := stellar.FundingPlan{
		Passphrase: b.Passphrase(), Channel: LedgerAccount("channel"), Sponsor: LedgerAccount("sponsor"), Treasury: LedgerAccount("treasury"),
		Sequence: b.sequence("channel") + 1, MaxTime: head.CloseTime + 10_000, LastLedger: head.Sequence + 3,
	}
	signers := []string{"channel", "sponsor", "treasury"}
	for i := range n {
		p.Payments = append(p.Payments, stellar.Holding{Account: LedgerAccount(holding(i)), Amount: int64(5+i) * 1_0000000})
		signers = append(signers, holding(i))
	}
	tx, err := stellar.BuildFunding(p)
	b.ok(err)
	s := b.sign(tx, signers...)
	return fundingRow{plan: p, signed: s, Envelope: relay.Envelope{
		Hash: tx.Hash, Kind: relay.FundingEnvelope, State: relay.Signed, Source: tx.Source, Sequence: tx.Sequence, SignedAt: head.Sequence,
		Bound: p.LastLedger, MaxTime: p.MaxTime, XDR: raw(s.inner),
	}}
}

func holding(i int) string { return fmt.Sprint("h", i) }

// funded is a funding that has landed.
func (b *ledgerBench) funded(n int) fundingRow {
	b.Helper()
	f := b.funding(n)
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

func (b *ledgerBench) claim(i int, destination string, fresh bool, memo stellar.Memo) claimRow {
	b.Helper()
	head := b.head()
	p := stellar.ClaimPlan{
		Passphrase: b.Passphrase(), Holding: LedgerAccount(holding(i)), Destination: LedgerAccount(destination), NewAccount: fresh,
		Sequence: b.sequence(holding(i)) + 1, MaxTime: head.CloseTime + 10_000, LastLedger: head.Sequence + 5, Memo: memo,
	}
	signers := []string{holding(i)}
	if fresh {
		p.Sponsor = LedgerAccount("sponsor")
		signers = append(signers, destination, "sponsor")
	}
	tx, err := stellar.BuildClaim(p)
	b.ok(err)
	s := b.sign(tx, signers...)
	return claimRow{signed: s, Envelope: relay.Envelope{
		Hash: tx.Hash, Kind: relay.ClaimEnvelope, State: relay.Signed, Source: tx.Source, Sequence: tx.Sequence, SignedAt: head.Sequence,
		Bound: p.LastLedger, MaxTime: p.MaxTime, XDR: raw(s.inner), Destination: p.Destination, NewAccount: fresh,
	}}
}

// ladderRow is the way home of one holding account: the payment, its rungs in the order of use, and what to hand in of each.
type ladderRow struct {
	relay.Payment
	rungs []relay.Envelope
	out   map[string]signed // by hash
}

func (b *ledgerBench) ladder(f fundingRow, i int, home string) ladderRow {
	b.Helper()
	h := f.plan.Payments[i]
	plan := stellar.ReturnPlan{Passphrase: b.Passphrase(), Holding: h.Account, ReturnTo: LedgerAccount(home), LastLedger: f.plan.LastLedger,
		Sponsor: LedgerAccount("sponsor"), Amount: h.Amount}
	built, err := stellar.BuildLadder(plan)
	b.ok(err)
	out := ladderRow{out: map[string]signed{}, Payment: relay.Payment{ID: relay.PaymentID("pay_" + holding(i)), State: relay.Returning,
		Amount: relay.Stroops(h.Amount), Asset: "native", ReturnTo: plan.ReturnTo, Holding: h.Account, Funding: f.Envelope.Hash, Bound: plan.LastLedger}}
	for _, r := range built {
		signers := []string{holding(i)}
		if r.K == stellar.LastResort {
			signers = append(signers, "sponsor")
		}
		s := b.sign(r.Tx, signers...)
		out.out[r.Hash] = s
		out.rungs = append(out.rungs, relay.Envelope{Hash: r.Hash, Kind: relay.ReturnEnvelope, State: relay.Signed, Source: r.Source,
			Sequence: r.Sequence, SignedAt: f.SignedAt, Rung: r.K, XDR: raw(s.inner), Payments: []relay.PaymentID{out.ID}})
	}
	return out
}
