package relay

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// walkFixture is the truth that the walk plays against: fundings that may or may not land, and where the money is. It tells
// Step only what a ledger could tell.
type walkFixture struct {
	ledger   uint32
	fundings []*funding
	money    string // "home", the holding account, "recipient", "elsewhere"
	rungs    int
	n        int
	proved   Handle // who got the share; the zero Handle: not released yet
}

type funding struct {
	hash, holding string
	bound         uint32
	landed, dead  bool
}

func (w *walkFixture) couldLand() int {
	n := 0
	for _, f := range w.fundings {
		if !f.landed && !f.dead {
			n++
		}
	}
	return n
}

func (w *walkFixture) id(prefix string) string { w.n++; return fmt.Sprintf("%s%d", prefix, w.n) }

const expiry = Micros(100_000 * 1e6)

// next is one thing that may happen now: a request, a signature, or something the ledger shows.
func (w *walkFixture) next(p Payment, r *rand.Rand) Input {
	w.ledger += uint32(r.IntN(3))
	head := Head{Sequence: w.ledger, CloseTime: int64(w.ledger) * 40}
	live := w.fundings
	switch r.IntN(15) {
	case 0:
		if r.IntN(4) == 0 {
			return CancelAsked{}
		}
		if !p.IsMove() && !p.IsDirect() && p.Holding != "" && w.money == p.Holding && r.IntN(4) == 0 { // its sender moves it into another payment
			w.money = "elsewhere"
			return Moved{Tx: w.id("tx"), Ledger: w.ledger, Holding: w.id("H")}
		}
	case 1:
		if r.IntN(6) == 0 {
			return DeclineAsked{}
		}
	case 2:
		return LedgerClosed{At: head}
	case 3:
		if p.State == Created && w.couldLand() > 0 {
			panic("a payment is back in created while a funding could land")
		}
		if p.IsDirect() {
			return FundingSigned{Hash: w.id("fund"), Bound: w.ledger + 5}
		}
		return FundingSigned{Hash: w.id("fund"), Holding: w.id("H"), Bound: w.ledger + 5}
	case 4:
		for _, f := range live { // lands in time
			if !f.landed && !f.dead && w.ledger <= f.bound {
				f.landed, w.money, w.rungs = true, f.holding, 2
				if p.IsDirect() {
					w.money = "recipient"
				}
				return FundingLanded{Hash: f.hash, Fee: 1, Tx: w.id("tx"), Ledger: w.ledger}
			}
		}
	case 5:
		for _, f := range live { // proven dead, only past its bound
			if !f.landed && !f.dead && w.ledger > f.bound {
				f.dead = true
				return FundingDead{Hash: f.hash}
			}
		}
	case 6:
		if p.Policy == Guarded && w.proved == (Handle{}) {
			break // no key could have signed one
		}
		return ClaimSubmitted{Hash: w.id("claim"), Destination: "G", At: head}
	case 7:
		if p.Claim != "" && w.money == p.Holding {
			if r.IntN(8) == 0 { // a holder of the key was at it before
				w.money = "elsewhere"
				left := p.Amount - 1
				if !p.IsNative() { // a credit amount is in the envelope: no part of it moves
					w.money, left = "recipient", p.Amount
				}
				return ClaimLanded{Hash: p.Claim, Tx: w.id("tx"), Ledger: w.ledger, Destination: "G", Arrived: left}
			}
			w.money = "recipient"
			return ClaimLanded{Hash: p.Claim, Tx: w.id("tx"), Ledger: w.ledger, Destination: "G", NewAccount: true, Arrived: p.Amount}
		}
	case 8:
		if p.Claim != "" && w.money == p.Holding {
			return ClaimDead{Hash: p.Claim}
		}
	case 9:
		if (p.State == Returning || r.IntN(20) == 0) && p.Holding != "" && w.money == p.Holding {
			if r.IntN(8) == 0 { // not all of it, or not into the account
				w.money = "elsewhere"
				return ReturnLanded{Tx: w.id("tx"), Ledger: w.ledger, Rung: r.IntN(2), Arrived: p.Amount - p.Purse - 1}
			}
			w.money = "home"
			return ReturnLanded{Tx: w.id("tx"), Ledger: w.ledger, Rung: p.Ladder().Rungs() - 1, Arrived: p.Amount + Stroops(r.IntN(2)), Rest: p.Purse - p.FeeHolding}
		}
	case 10:
		if p.State == Returning && w.rungs > 0 && w.money == p.Holding {
			w.rungs--
			return RungSpent{Left: w.rungs}
		}
	case 11:
		if p.Holding != "" && w.money == p.Holding && r.IntN(10) == 0 {
			w.money = "elsewhere"
			return EmptiedElsewhere{Arrived: Stroops(r.IntN(2)) * p.Amount, Tx: w.id("tx"), Ledger: w.ledger, Destination: "X"}
		}
	case 12:
		if p.Holding != "" && r.IntN(5) == 0 {
			return HoldingTroubled{Cause: KeyTakenOver}
		}
	case 13:
		return HoldingWell{}
	case 14:
		return Readdressed{To: Handle{"app", w.id("user")}}
	}
	return LedgerClosed{At: head}
}

func (w *walkFixture) accepted(in Input) {
	if f, ok := in.(FundingSigned); ok {
		w.fundings = append(w.fundings, &funding{hash: f.Hash, holding: f.Holding, bound: f.Bound})
	}
}

// where says where the money must be for a payment in this state.
func (w *walkFixture) agrees(p Payment) error {
	if p.ShareReleasedAt != 0 && p.To != w.proved {
		return fmt.Errorf("%s has the share of a payment to %s", w.proved, p.To)
	}
	if p.Policy != Guarded && p.To != ana {
		return fmt.Errorf("a payment under %s went over to %s", p.Policy, p.To)
	}
	if p.State == Claimed && p.Policy == Guarded && p.ShareReleasedAt == 0 && !p.IsDirect() {
		return errors.New("claimed without the share")
	}
	if p.IsDirect() && (p.Holding != "" || p.State.Holds() && p.State != Funding) {
		return fmt.Errorf("a direct payment is %s in %q", p.State, p.Holding)
	}
	if p.ByClient() && p.Fundings > 1 {
		return errors.New("the sender's wallet was asked twice")
	}
	holding := w.money != "home" && w.money != "recipient" && w.money != "elsewhere"
	switch p.State {
	case Created, Canceled, Failed:
		if w.money != "home" || w.couldLand() != 0 {
			return fmt.Errorf("money at %q, %d fundings could land", w.money, w.couldLand())
		}
	case Funding:
		if w.couldLand() > 1 {
			return errors.New("two fundings could land")
		}
	case Pending, Claiming, Returning, Parked:
		if !holding || w.money != p.Holding {
			return fmt.Errorf("money at %q", w.money)
		}
	case Claimed:
		if p.SettledTx == "" || p.Destination == "" || p.IsDirect() && p.Destination != p.PayTo || w.money != "recipient" {
			return fmt.Errorf("money at %q", w.money)
		}
	case Returned:
		if w.money != "home" {
			return fmt.Errorf("money at %q", w.money)
		}
	case Settled:
		if w.money != "elsewhere" {
			return fmt.Errorf("money at %q", w.money)
		}
	}
	return nil
}

// TestWalk plays thousands of lives. Money is where the state says, every move is an edge, repeats are no-ops, and no
// second funding is accepted while the first could land.
func TestWalk(t *testing.T) {
	ends, readdressed, reasons := map[State]int{}, 0, map[Reason]int{}
	for seed := range uint64(20_000) {
		p, err := walk(rand.New(rand.NewPCG(seed, 7)))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		ends[p.State]++
		reasons[p.Reason]++
		if p.State == Claimed && p.To != ana {
			readdressed++
		}
	}
	if readdressed == 0 {
		t.Error("no payment was claimed after it was readdressed")
	}
	for _, why := range []Reason{NotFunded, FundingFailed, MovedOn, ClawedBack, LeftClaimable, HoldingShort} {
		if reasons[why] == 0 {
			t.Errorf("no life ended because of %s", why)
		}
	}
	for _, s := range States {
		if s.State.Ended() && ends[s.State] == 0 {
			t.Errorf("no life ended %s", s.State)
		}
	}
}

func (m Micros) seconds() int64 { return int64(m / 1e6) }

var ana = Handle{"email", "ana@example.com"}

func walk(r *rand.Rand) (Payment, error) {
	p := Payment{ID: "pay_1", State: Created, Amount: 25 * One, ExpiresAt: expiry, ReturnTo: "home", To: ana, Policy: Link}
	if r.IntN(2) == 0 {
		p.Policy = Guarded
	}
	switch r.IntN(4) {
	case 0:
		p.Asset = "USD:GISSUER"
	case 1:
		p.PayTo = "GANA"
	}
	if !p.IsDirect() && r.IntN(2) == 0 {
		p.From, p.Sponsor, p.Purse, p.RungFee, p.FundBy, p.FundUntil = "S", "S", One, 1000, uint32(12+r.IntN(12)), expiry.seconds()
	}
	w := &walkFixture{money: "home", ledger: 10}
	for range 400 {
		if p.State.Ended() {
			return p, nil
		}
		if p.Policy == Guarded && p.ShareReleasedAt == 0 && (p.State == Pending || p.State == Claiming) && r.IntN(4) == 0 {
			next, _, err := Step(p, ShareReleased{}, 1)
			if err != nil {
				return p, err
			}
			p, w.proved = next, p.To
		}
		in := w.next(p, r)
		for {
			next, effects, err := Step(p, in, 1)
			if err != nil {
				if KindOf(err) != Conflict {
					return p, fmt.Errorf("%s on %s: %w", InputName(in), p.State, err)
				}
				break
			}
			if err := sound(p, next, in, effects); err != nil {
				return p, fmt.Errorf("%s on %s: %w", InputName(in), p.State, err)
			}
			w.accepted(in)
			p = next
			if !p.ReturnDue() {
				break
			}
			in = ReturnDue{}
		}
		if err := w.agrees(p); err != nil {
			return p, fmt.Errorf("after %s in %s: %w", InputName(in), p.State, err)
		}
	}
	return p, nil
}

// sound checks one step: an edge or none, ends with expunging, the same input again changes nothing.
func sound(p, next Payment, in Input, effects []Effect) error {
	if _, edge := Edges[p.State][next.State]; !edge && p.State != next.State {
		return fmt.Errorf("%s is no edge", next.State)
	}
	expunge := 0
	for _, e := range effects {
		if e.Kind == DoExpunge {
			expunge++
		}
	}
	if next.State.Ended() != (expunge == 1) {
		return fmt.Errorf("%d times expunged on the way to %s", expunge, next.State)
	}
	if _, due := in.(ReturnDue); due || next.ReturnDue() {
		return nil // the return is started first
	}
	again, effects, err := Step(next, in, 2)
	if err != nil && KindOf(err) == Internal {
		return fmt.Errorf("again: %w", err)
	}
	if _, spent := in.(RungSpent); spent || err != nil {
		return nil
	}
	if len(effects) != 0 || !reflect.DeepEqual(again, next) {
		return fmt.Errorf("not a no-op the second time: %s, %v", again.State, effects)
	}
	return nil
}

func TestASecondFundingIsRefusedWhileTheFirstCouldLand(t *testing.T) {
	p := Payment{State: Created, ExpiresAt: expiry}
	p, _, err := Step(p, FundingSigned{Hash: "a", Holding: "H", Bound: 9}, 1)
	if err != nil || p.State != Funding {
		t.Fatal(p.State, err)
	}
	if _, _, err := Step(p, FundingSigned{Hash: "b", Holding: "I", Bound: 19}, 1); KindOf(err) != Conflict {
		t.Fatalf("a second funding: %v", err)
	}
	if _, _, err := Step(p, FundingDead{Hash: "other"}, 1); err != nil {
		t.Fatal(err)
	}
	p, _, _ = Step(p, FundingDead{Hash: "a"}, 1)
	p, _, err = Step(p, FundingSigned{Hash: "b", Holding: "I", Bound: 19}, 1)
	if err != nil || p.Holding != "I" {
		t.Fatal(err)
	}
	if _, _, err := Step(p, FundingLanded{Hash: "a"}, 1); !errors.Is(err, ErrContradiction) {
		t.Fatalf("a funding that was proven dead landed: %v", err)
	}
}

func TestTheSecondEndIsAContradiction(t *testing.T) {
	p := Payment{State: Pending, Funding: "f", Holding: "H", ReturnTo: "T", ExpiresAt: expiry}
	p, _, err := Step(p, ClaimLanded{Hash: "c", Tx: "t1", Destination: "G"}, 1)
	if err != nil || p.State != Claimed {
		t.Fatal(err)
	}
	if _, _, err := Step(p, ReturnLanded{Tx: "t2"}, 1); !errors.Is(err, ErrContradiction) {
		t.Fatalf("paid twice without an error: %v", err)
	}
	if again, effects, err := Step(p, ClaimLanded{Hash: "c", Tx: "t1", Destination: "G"}, 2); err != nil || effects != nil || again.EndedAt != p.EndedAt {
		t.Fatal("a repeat is not a no-op", err)
	}
}
