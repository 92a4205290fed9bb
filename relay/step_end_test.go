package relay

import (
	"reflect"
	"slices"
	"testing"
)

func TestEmptiedElsewhere(t *testing.T) {
	base := Payment{State: Pending, Amount: 5, ReturnTo: "T", Destination: ""}
	for destination, want := range map[string]State{"T": Returned, "X": Settled} {
		p, _, err := Step(base, EmptiedElsewhere{Tx: "t", Ledger: 4, Destination: destination, Arrived: 5}, 1)
		if err != nil || p.State != want || p.SettledTx != "t" {
			t.Errorf("%s: %v %v", destination, p.State, err)
		}
	}
	for _, destination := range []string{"T", "X", "G"} {
		if p, _, _ := Step(base, EmptiedElsewhere{Tx: "t", Destination: destination, Arrived: 4}, 1); p.State != Settled || p.Reason != HoldingShort {
			t.Errorf("a part into %s: %s %s", destination, p.State, p.Reason)
		}
	}
	base.State, base.Claim, base.Destination = Claiming, "c", "G"
	if p, _, _ := Step(base, EmptiedElsewhere{Tx: "t", Destination: "G", Arrived: 5}, 1); p.State != Claimed {
		t.Error(p.State)
	}
}

// What no envelope of ours moved does not count as moved: a return that brings less home, or nothing, is no return.
func TestTheEndSaysHowMuchMoved(t *testing.T) {
	base := Payment{State: Returning, Amount: 25, ReturnTo: "T", ReturnAsked: ByCancel, Reason: ByCancel}
	for name, c := range map[string]struct {
		in     Input
		state  State
		reason Reason
	}{
		"whole":       {ReturnLanded{Tx: "t", Rung: 2, Arrived: 25}, Returned, ByCancel},
		"more":        {ReturnLanded{Tx: "t", Rung: 2, Arrived: 26}, Returned, ByCancel},
		"short":       {ReturnLanded{Tx: "t", Rung: 2, Arrived: 24}, Settled, HoldingShort},
		"empty":       {ReturnLanded{Tx: "t", Rung: 2}, Settled, HoldingShort},
		"last resort": {ReturnLanded{Tx: "t"}, Settled, LeftClaimable},
		"claim":       {ClaimLanded{Tx: "t", Destination: "G", Arrived: 25}, Claimed, ""},
		"claim short": {ClaimLanded{Tx: "t", Destination: "G", Arrived: 1}, Settled, HoldingShort},
	} {
		p, _, err := Step(base, c.in, 1)
		if err != nil || p.State != c.state || p.Reason != c.reason || p.ReturnAsked != "" {
			t.Errorf("%s: %s %s %v", name, p.State, p.Reason, err)
		}
	}
}

func TestAnAccountMadeAnewIsNoneOfOurs(t *testing.T) {
	p := Payment{State: Claimed, SettledTx: "t", SettledAt: 10}
	if next, _, err := Step(p, ReturnLanded{Tx: "other", Ledger: 11}, 1); err != nil || next.State != Claimed {
		t.Fatal("a transaction of others stopped everything", err)
	}
	if _, _, err := Step(p, ReturnLanded{Tx: "other", Ledger: 10}, 1); CodeOf(err) != "contradiction" {
		t.Fatal(err)
	}
}

// The money moved on into another payment: this one has ended, whatever it was about. It is no contradiction that it was
// seen twice, and one that it was claimed as well.
func TestMoved(t *testing.T) {
	in := Moved{Tx: "t", Ledger: 9, Holding: "H2"}
	for _, s := range []State{Funding, Pending, Claiming, Returning, Parked} {
		p, effects, err := Step(Payment{State: s, Holding: "H", Claim: "c", ReturnAsked: ByExpiry, Reason: ByExpiry}, in, 3)
		if err != nil || p.State != Settled || p.Reason != MovedOn || p.Destination != "H2" || p.Claim != "" || p.ReturnAsked != "" ||
			p.SettledTx != "t" || p.SettledAt != 9 || effects[len(effects)-1].Kind != DoExpunge {
			t.Errorf("%s: %+v %v", s, p, err)
		}
		if again, effects, err := Step(p, in, 4); err != nil || effects != nil || again.State != Settled {
			t.Errorf("%s: again: %v", s, err)
		}
	}
	if _, _, err := Step(Payment{State: Created}, in, 3); CodeOf(err) != "contradiction" {
		t.Error("nothing was there to move:", err)
	}
	if _, _, err := Step(Payment{State: Claimed, SettledTx: "other", SettledAt: 9}, in, 3); CodeOf(err) != "contradiction" {
		t.Error("claimed and moved:", err)
	}
}

// The sponsor carries a new account's reserves, more with a trustline; a purse carries them itself.
func TestSpentUnits(t *testing.T) {
	for name, c := range map[string]struct {
		p    Payment
		want int
	}{
		"lumens": {Payment{Asset: Native}, 2}, "credit": {Payment{Asset: "USD:G"}, 3}, "own": {Payment{Asset: "USD:G", Route: Route{Sponsor: "S"}}, 0},
	} {
		c.p.State, c.p.Holding = Pending, "H"
		if locked, own := c.p.LockedUnits(), c.p.WalletUnits(); locked != c.want || own != AssetUnits(c.p.Asset)-c.want {
			t.Errorf("%s: %d locked, %d its own", name, locked, own)
		}
		p, _, err := Step(c.p, ClaimLanded{Tx: "t", Destination: "G", NewAccount: true}, 1)
		if err != nil || p.SpentUnits != c.want || p.LockedUnits() != 0 || p.WalletUnits() != 0 {
			t.Errorf("%s: %d spent, %v", name, p.SpentUnits, err)
		}
	}
}

// An account of the same name that was made anew ends in a later ledger, and that may be seen first. The earlier end is the one of the
// payment, and says what it would have said at once; the fee that the later account paid is no fee of the payment's.
func TestTheEarlierEndIsTheEnd(t *testing.T) {
	ends := map[string]func(tx string, ledger uint32) Input{
		"claimed": func(tx string, l uint32) Input {
			return ClaimLanded{Hash: "c", Tx: tx, Ledger: l, Destination: "G", Arrived: 25 * One, Rest: One, Fee: 3, Payer: PayerHolding}
		},
		"returned": func(tx string, l uint32) Input {
			return ReturnLanded{Tx: tx, Ledger: l, Rung: 2, Arrived: 26 * One, Fee: 5, Payer: PayerHolding}
		},
		"stolen": func(tx string, l uint32) Input {
			return EmptiedElsewhere{Tx: tx, Ledger: l, Destination: "X", Arrived: 25 * One, Rest: One, Fee: 7, Holding: true}
		},
		"moved": func(tx string, l uint32) Input {
			return Moved{Tx: tx, Ledger: l, Holding: "I", Arrived: 25 * One, Rest: One}
		},
	}
	base := Payment{State: Pending, Route: Route{From: "S", Sponsor: "S", Purse: One, RungFee: 100}, ReturnTo: "S", Funding: "f", Holding: "H", Bound: 9, LadderVersion: LadderVersion, Amount: 25 * One, FeePaid: 10, FeeHolding: 2, ExpiresAt: expiry}
	for a, first := range ends {
		for b, second := range ends {
			want, _, err := Step(base, first("a", 20), 1)
			if err != nil || !want.State.Ended() {
				t.Fatal(a, want.State, err)
			}
			p, _, err := Step(base, second("b", 21), 1)
			if err != nil {
				t.Fatal(b, err)
			}
			if _, _, err := Step(p, first("a", 21), 2); CodeOf(err) != "contradiction" {
				t.Errorf("%s and %s in one ledger: %v", a, b, err)
			}
			got, effects, err := Step(p, first("a", 20), 1)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s seen after %s: %v\n%+v\n%+v", a, b, err, got, want)
			}
			if !slices.ContainsFunc(effects, func(e Effect) bool { return e.Kind == DoPublish }) {
				t.Errorf("%s seen after %s is not published", a, b)
			}
			if again, effects, err := Step(got, second("b", 21), 3); err != nil || len(effects) > 0 || !reflect.DeepEqual(again, got) {
				t.Errorf("%s, and %s again: %v", a, b, err)
			}
		}
	}
}
