package ledgertest_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/rpc"
	"github.com/restante/restante/services/devnet"
)

const passphrase = "Restante test network"

func key(name string) *keypair.Full {
	k, err := keypair.FromRawSeed(sha256.Sum256([]byte(name)))
	if err != nil {
		panic(err)
	}
	return k
}

func addr(name string) string { return key(name).Address() }

// net is a network that closes ledgers on demand, and a client of it. Sender, sponsor, treasury and channel exist.
type net struct {
	t *testing.T
	n *devnet.Network
	c *rpc.Client
}

func start(t *testing.T) *net {
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	h := httptest.NewServer(n.Handler())
	t.Cleanup(h.Close)
	for _, name := range []string{"sender", "sponsor", "treasury", "channel"} {
		if _, err := n.Fund(t.Context(), addr(name)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := rpc.Dial(t.Context(), access.Config{URL: h.URL, Passphrase: passphrase})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &net{t, n, c}
}

func (n *net) ok(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *net) close() uint32 {
	n.t.Helper()
	seq, err := n.n.CloseLedger()
	n.ok(err)
	return seq
}

func (n *net) snapshot(names ...string) stellar.Snapshot {
	n.t.Helper()
	var ids []string
	for _, name := range names {
		ids = append(ids, addr(name))
	}
	s, err := n.c.Snapshot(n.t.Context(), ids, nil)
	n.ok(err)
	return s
}

// bump signs the transaction and wraps it for the sponsor to pay.
func (n *net) bump(tx stellar.Tx, names ...string) string {
	n.t.Helper()
	var keys []*keypair.Full
	for _, name := range names {
		keys = append(keys, key(name))
	}
	inner, err := stellar.Sign(tx.XDR, passphrase, keys...)
	n.ok(err)
	fb, err := stellar.BuildFeeBump(inner, passphrase, addr("sponsor"), 200)
	n.ok(err)
	outer, err := stellar.Sign(fb.XDR, passphrase, key("sponsor"))
	n.ok(err)
	return outer
}

// land submits, closes a ledger, and wants the transaction in it.
func (n *net) land(tx stellar.Tx, names ...string) *access.Transaction {
	n.t.Helper()
	if a := n.c.Submit(n.t.Context(), n.bump(tx, names...)); a.Word != access.Accepted {
		n.t.Fatalf("submit: %+v", a)
	}
	n.close()
	l, err := n.c.Transaction(n.t.Context(), tx.Hash)
	n.ok(err)
	if l == nil {
		n.t.Fatalf("%s is not in a ledger", tx.Hash)
	}
	return l
}

// plan is a funding of n holding accounts that may land in the next three ledgers.
func (n *net) plan(count int) (stellar.FundingPlan, []string) {
	n.t.Helper()
	s := n.snapshot("channel")
	p := stellar.FundingPlan{
		Passphrase: passphrase, Channel: addr("channel"), Sponsor: addr("sponsor"), Treasury: addr("treasury"),
		Sequence: s.Accounts[addr("channel")].Sequence + 1, MaxTime: s.CloseTime + 10_000, LastLedger: s.Ledger + 3,
	}
	signers := []string{"channel", "sponsor", "treasury"}
	for i := range count {
		name := fmt.Sprint("h", i)
		p.Payments = append(p.Payments, stellar.Holding{Account: addr(name), Asset: relay.Native, Amount: relay.Stroops(1 + i*1_0000000)})
		signers = append(signers, name)
	}
	return p, signers
}

func (n *net) funded(count int) stellar.FundingPlan {
	n.t.Helper()
	p, signers := n.plan(count)
	tx, err := stellar.BuildFunding(p)
	n.ok(err)
	if l := n.land(tx, signers...); !l.Success {
		out, _ := stellar.DecodeResult(l.ResultXDR)
		n.t.Fatalf("funding failed: %+v", out)
	}
	return p
}

func home(p stellar.FundingPlan, i int) stellar.ReturnPlan {
	h := p.Payments[i]
	return stellar.ReturnPlan{
		Passphrase: passphrase, Holding: h.Account, ReturnTo: addr("sender"), LastLedger: p.LastLedger, Sponsor: p.Sponsor, Asset: h.Asset, Amount: h.Amount,
	}
}

func (n *net) claim(i int, dest string, fresh bool) stellar.ClaimPlan {
	n.t.Helper()
	h := fmt.Sprint("h", i)
	s := n.snapshot(h)
	p := stellar.ClaimPlan{
		Passphrase: passphrase, Holding: addr(h), Destination: addr(dest), Asset: relay.Native, NewAccount: fresh,
		Sequence: s.Accounts[addr(h)].Sequence + 1, MaxTime: s.CloseTime + 10_000, LastLedger: s.Ledger + 5,
	}
	if fresh {
		p.Sponsor = addr("sponsor")
	} else {
		p.Keeper, p.Amount = addr("sponsor"), s.Accounts[addr(h)].Balance
	}
	return p
}

func TestFullBatchIsFundedClaimedAndReturned(t *testing.T) {
	n := start(t)
	p := n.funded(17)
	s := n.snapshot("h0", "h16", "ana", "sponsor", "sender")
	for _, i := range []int{0, 16} {
		h := s.Accounts[p.Payments[i].Account]
		made := stellar.Made{Sponsor: p.Sponsor, Asset: relay.Native, Amount: p.Payments[i].Amount, Lowest: home(p, i).Ladder().Sequence(2)}
		if h == nil || h.Balance != p.Payments[i].Amount || len(stellar.Takeover(h, nil, made)) != 0 {
			t.Fatalf("holding account %d: %+v", i, h)
		}
	}

	// Claimed into a new account, 1 stroop and all.
	c := n.claim(0, "ana", true)
	n.ok(stellar.DryRunClaim(s, c))
	tx, err := stellar.BuildClaim(c)
	n.ok(err)
	if l := n.land(tx, "h0", "ana", "sponsor"); !l.Success {
		t.Fatal("claim failed")
	}
	s = n.snapshot("h0", "ana", "h16", "sender", "sponsor")
	if s.Accounts[addr("h0")] != nil || s.Accounts[addr("ana")].Balance != 1 || s.Accounts[addr("ana")].NumSponsored != 2 {
		t.Errorf("after the claim: %+v", s.Accounts[addr("ana")])
	}
	if got := stellar.IsRefusal(stellar.DryRunClaim(s, c)); got != stellar.HoldingMissing {
		t.Errorf("second claim: %q", got)
	}

	// Returned, not before L+1.
	r := home(p, 16)
	if _, err := stellar.Advise(s, r, []int{0, 1, 2}); stellar.IsRefusal(err) != stellar.TooEarly {
		t.Errorf("before L: %v", err)
	}
	for n.close() < p.LastLedger {
	}
	s = n.snapshot("h16", "sender", "sponsor")
	before := s.Accounts[addr("sender")].Balance
	k, err := stellar.Advise(s, r, []int{0, 1, 2})
	n.ok(err)
	rung, err := stellar.BuildReturn(r, k)
	n.ok(err)
	if l := n.land(rung.Tx, "h16"); k != 2 || !l.Success {
		t.Fatalf("return by rung %d: %+v", k, l)
	}
	s = n.snapshot("h16", "sender")
	if s.Accounts[addr("h16")] != nil || s.Accounts[addr("sender")].Balance != before+r.Amount {
		t.Errorf("sender has %d, had %d", s.Accounts[addr("sender")].Balance, before)
	}
}

func TestLastResort(t *testing.T) {
	n := start(t)
	p := n.funded(2)
	for n.close() < p.LastLedger {
	}
	r := home(p, 1)
	r.ReturnTo = addr("absent")
	s := n.snapshot("h1", "absent", "sponsor")
	k, err := stellar.Advise(s, r, []int{0, 1, 2})
	n.ok(err)
	rung, err := stellar.BuildReturn(r, k)
	n.ok(err)
	if l := n.land(rung.Tx, "h1", "sponsor"); k != stellar.LastResort || !l.Success {
		out, _ := stellar.DecodeResult(l.ResultXDR)
		t.Fatalf("rung %d: %+v", k, out)
	}
	if n.snapshot("h1").Accounts[addr("h1")] != nil {
		t.Error("holding account is still there")
	}
}

// Dry runs must tell what the ledger says: a plain rung to an absent account fails, is spent, and leaves the higher ones valid.
func TestSpentRungLeavesTheNext(t *testing.T) {
	n := start(t)
	p := n.funded(2)
	for n.close() < p.LastLedger {
	}
	r := home(p, 1)
	r.ReturnTo = addr("absent")
	rung, err := stellar.BuildReturn(r, 2)
	n.ok(err)
	if l := n.land(rung.Tx, "h1"); l.Success {
		t.Fatal("merged into an absent account")
	}
	if _, err := n.n.Fund(t.Context(), addr("absent")); err != nil {
		t.Fatal(err)
	}
	s := n.snapshot("h1", "absent", "sponsor")
	if got := stellar.IsRefusal(stellar.DryRunReturn(s, r, 2)); got != stellar.SequenceSpent {
		t.Errorf("spent rung: %q", got)
	}
	k, err := stellar.Advise(s, r, []int{0, 1})
	n.ok(err)
	next, err := stellar.BuildReturn(r, k)
	n.ok(err)
	if l := n.land(next.Tx, "h1"); k != 1 || !l.Success {
		t.Fatalf("rung %d: %+v", k, l)
	}
}

// In one ledger, whatever the order, one of claim and return takes the money and the other takes nothing.
func TestRacesHaveOneWinner(t *testing.T) {
	for _, claimFirst := range []bool{true, false} {
		n := start(t)
		p := n.funded(2)
		for n.close() < p.LastLedger {
		}
		claim, err := stellar.BuildClaim(n.claim(1, "sponsor", false))
		n.ok(err)
		rung, err := stellar.BuildReturn(home(p, 1), 2)
		n.ok(err)
		winner, loser := claim, rung.Tx
		if !claimFirst {
			winner, loser = loser, winner
		}
		if _, err := n.n.CloseWith(n.bump(winner, "h1"), n.bump(loser, "h1")); err != nil {
			t.Fatal(err)
		}
		w, err := n.c.Transaction(t.Context(), winner.Hash)
		n.ok(err)
		l, err := n.c.Transaction(t.Context(), loser.Hash)
		n.ok(err)
		if w == nil || !w.Success || l == nil || l.Success {
			t.Fatalf("claim first %v: winner %+v, loser %+v", claimFirst, w, l)
		}
		page, err := n.c.Ledgers(t.Context(), w.Ledger, 1)
		n.ok(err)
		if txs := page[0].Txs; len(txs) != 2 || txs[0].Inner != winner.Hash || txs[1].Inner != loser.Hash {
			t.Errorf("ledger %d: %+v", w.Ledger, page[0])
		}
	}
}

func TestFundingThatWasNeverSentCannotLand(t *testing.T) {
	n := start(t)
	p, signers := n.plan(2)
	tx, err := stellar.BuildFunding(p)
	n.ok(err)
	head, err := n.c.Latest(t.Context())
	n.ok(err)
	var last stellar.Evidence
	for head.Sequence <= p.LastLedger {
		last, _, err = n.c.Evidence(t.Context(), tx, p.LastLedger-3)
		n.ok(err)
		if ok, err := stellar.CannotLand(tx, last); ok || !errors.Is(err, stellar.ErrInconclusive) {
			t.Fatalf("after ledger %d: %v %v", head.Sequence, ok, err)
		}
		n.close()
		head, err = n.c.Latest(t.Context())
		n.ok(err)
	}
	last, _, err = n.c.Evidence(t.Context(), tx, p.LastLedger-3)
	n.ok(err)
	if ok, err := stellar.CannotLand(tx, last); !ok {
		t.Fatal(err)
	}
	// The network agrees.
	if a := n.c.Submit(t.Context(), n.bump(tx, signers...)); a.Word != access.Refused || a.Code != "tx_too_late" {
		t.Errorf("%+v", a)
	}
	n.close()
	if l, err := n.c.Transaction(t.Context(), tx.Hash); err != nil || l != nil {
		t.Errorf("a proven dead envelope landed: %+v %v", l, err)
	}
	if fees, err := n.c.FeeStats(t.Context()); err != nil || fees.Ledger == 0 {
		t.Errorf("%+v %v", fees, err)
	}
}

// A watcher that reads every ledger sees each envelope once, with the accounts that it touches.
func TestWatcherSeesEverything(t *testing.T) {
	n := start(t)
	p := n.funded(3)
	tx, err := stellar.BuildClaim(n.claim(1, "ana", true))
	n.ok(err)
	n.land(tx, "h1", "ana", "sponsor")
	seen, previous := 0, ""
	for next := uint32(1); ; {
		page, err := n.c.Ledgers(t.Context(), next, 3)
		n.ok(err)
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			if previous != "" && l.Previous != previous {
				t.Errorf("ledger %d does not follow", l.Sequence)
			}
			next, previous = l.Sequence+1, l.Hash
			for _, x := range l.Txs {
				touches, err := stellar.Touched(x.EnvelopeXDR)
				n.ok(err)
				if x.Inner == tx.Hash {
					seen++
					if !slices.Contains(touches.Merges, stellar.Merge{Source: addr("h1"), Destination: addr("ana")}) {
						t.Errorf("%+v", touches)
					}
				}
			}
		}
	}
	if seen != 1 || len(p.Payments) != 3 {
		t.Errorf("claim was seen %d times", seen)
	}
}
