package relay

import (
	"slices"
	"testing"
)

const l1 = int64(501) << 32 // the number that an account made in ledger 501 is born with

func TestLadderRoles(t *testing.T) {
	credit := "USD:G"
	for name, c := range map[string]struct {
		l    Ladder
		want []Role
		need []bool // the service's signature
	}{
		"absent is the first":    {LadderOf(0, Native, 500, "T", Memo{}, ""), []Role{LastResort, PlainRung, PlainRung}, []bool{true, false, false}},
		"first, credit":          {LadderOf(1, credit, 500, "T", Memo{}, ""), []Role{LastResort, BareRung, PlainRung, PlainRung}, []bool{true, false, false, false}},
		"first knows no other":   {LadderOf(1, Native, 500, "X", Memo{}, "W"), []Role{LastResort, PlainRung, PlainRung}, []bool{true, false, false}},
		"lumens":                 {LadderOf(2, Native, 500, "T", Memo{}, ""), []Role{LastResort, PlainRung, PlainRung}, []bool{true, false, false}},
		"credit":                 {LadderOf(2, credit, 500, "T", Memo{}, ""), []Role{LastResort, BareRung, PlainRung, PlainRung}, []bool{true, true, false, false}},
		"wallet":                 {LadderOf(2, credit, 500, "W", Memo{}, "W"), []Role{LastResort, BareRung, PlainRung, PlainRung}, []bool{true, true, false, false}},
		"another's":              {LadderOf(2, Native, 500, "X", Memo{}, "W"), []Role{LastResort, WalletRung, PlainRung, PlainRung}, []bool{true, true, false, false}},
		"another's, credit":      {LadderOf(2, credit, 500, "X", Memo{}, "W"), []Role{LastResort, BareRung, WalletRung, PlainRung, PlainRung}, []bool{true, true, true, false, false}},
		"a memo makes it others": {LadderOf(2, Native, 500, "W", Memo{Kind: "id", Value: "7"}, "W"), []Role{LastResort, WalletRung, PlainRung, PlainRung}, []bool{true, true, false, false}},
		"unknown":                {LadderOf(3, Native, 500, "T", Memo{}, ""), nil, nil},
	} {
		var need []bool
		for k := range c.l.Rungs() {
			need = append(need, c.l.Cosigned(k))
			if (c.l.StateOf(k) == Planned) != c.l.Cosigned(k) || c.l.StateOf(k) == Planned == (c.l.StateOf(k) == Signed) {
				t.Errorf("rung %d is written down as %s", k, c.l.StateOf(k))
			}
		}
		if !slices.Equal(c.l.Roles(), c.want) || !slices.Equal(need, c.need) || c.l.Role(c.l.Rungs()) != "" || c.l.Role(-1) != "" {
			t.Errorf("%s: %v %v", name, c.l.Roles(), need)
		}
	}
}

// Numbers of the rungs, and which a claim may not carry.
func TestLadderNumbers(t *testing.T) {
	old, now := LadderOf(1, "USD:G", 500, "T", Memo{}, ""), LadderOf(2, "USD:G", 500, "T", Memo{}, "")
	for k := range 4 {
		if old.Sequence(k) != l1-1-int64(k) || now.Sequence(k) != l1-1-int64(k)*65536 {
			t.Errorf("rung %d: %d and %d", k, old.Sequence(k), now.Sequence(k))
		}
	}
	for sequence, c := range map[int64]struct{ old, now bool }{
		490<<32 + 1:          {false, false},
		l1 - 1 - 3*65536 - 1: {false, false}, l1 - 1 - 3*65536: {false, true}, l1 - 1 - 3*65536 + 1: {false, false},
		l1 - 5: {false, false}, l1 - 4: {true, false}, l1 - 2: {true, false}, l1 - 1: {true, true}, l1: {true, false}, l1 + 7: {true, false},
	} {
		if before, after := old.CheckNumber(sequence), now.CheckNumber(sequence); (before != nil) != c.old || (after != nil) != c.now {
			t.Errorf("%d: %v, %v", sequence-l1, before, after)
		}
	}
	if unknown := LadderOf(3, Native, 500, "T", Memo{}, ""); CodeOf(unknown.CheckNumber(5)) != ErrLadderNumber.Code {
		t.Error("a ladder that is not known lets a number pass")
	}
}

// A recipient's client knows no ledger of the funding, and refuses what no claim can carry.
func TestClaimNumber(t *testing.T) {
	for sequence, want := range map[int64]bool{
		490<<32 + 1: true, 490<<32 + MostClaims: true, 490<<32 + MostClaims + 1: false, 5: false, -1: false, 600<<32 + 1: false,
		l1 - 1 - 5*65536 + 1: false, // no ladder has so many rungs
		l1 - 1 - 4*65536:     false, l1 - 1 - 4*65536 + 1: true, l1 - 1 - 3*65536 + MostClaims: true, l1 - 1 - 3*65536 + MostClaims + 1: false,
		l1 - 1: false, l1: false, l1 + 1: true,
	} {
		if got := ClaimNumber(sequence, 600); got != want {
			t.Errorf("%d is %t", sequence-l1, got)
		}
	}
}

func TestRungsAfter(t *testing.T) {
	var all []Envelope
	for i, state := range []EnvelopeState{Dead, Signed, Signed, Planned} {
		all = append(all, Envelope{Kind: ReturnEnvelope, Source: "H", State: state, Sequence: int64(i)})
	}
	for i, want := range []int{3, 2, 1, 0} {
		if got := all[i].RungsAfter(all); got != want {
			t.Errorf("after the one with number %d: %d", i, got)
		}
	}
}

// A rung that reached a ledger takes all lower numbers with it, whatever was seen of those.
func TestRungsLeft(t *testing.T) {
	rung := func(k int, state EnvelopeState) Envelope {
		return Envelope{Hash: string(rune('a' + k)), Kind: ReturnEnvelope, Source: "H", Rung: k, State: state, Sequence: l1 - 1 - int64(k)*65536}
	}
	claim := Envelope{Hash: "claim", Kind: ClaimEnvelope, Source: "H", State: Spent, Sequence: 490<<32 + 1}
	for name, c := range map[string]struct {
		all  []Envelope
		want []int
	}{
		"all":                    {[]Envelope{rung(0, Planned), rung(1, Planned), rung(2, Signed), rung(3, Signed), claim}, []int{3, 2, 1, 0}},
		"the first is spent":     {[]Envelope{rung(3, Spent), rung(2, Signed), rung(1, Planned), rung(0, Planned)}, []int{2, 1, 0}},
		"a higher one was burnt": {[]Envelope{rung(3, Signed), rung(2, Signed), rung(1, Spent), rung(0, Planned)}, []int{0}},
		"the last is spent":      {[]Envelope{rung(3, Signed), rung(0, Spent)}, nil},
		"of another account":     {[]Envelope{{Kind: ReturnEnvelope, Source: "X", State: Signed, Sequence: 9}}, nil},
	} {
		var got []int
		left := RungsLeft(c.all, "H")
		for _, e := range left {
			got = append(got, e.Rung)
		}
		q := Payment{Holding: "H"}.QueryWith(left)
		if !slices.Equal(got, c.want) || len(left) > 0 && q.Lowest != left[0].Sequence || len(left) == 0 && q.Lowest != 0 {
			t.Errorf("%s: %v, asks with %d", name, got, q.Lowest)
		}
	}
}

// Where the money went decides between returned and settled: home, the sender's own wallet, or a claimable balance.
func TestReturnsToAnotherAccount(t *testing.T) {
	p := Payment{State: Returning, Amount: 25, Asset: Native, ReturnTo: "X", Route: Route{Sponsor: "W", Purse: 9}, LadderVersion: 2, ReturnAsked: ByCancel, Reason: ByCancel}
	credit, noted := p, p
	credit.Asset = "USD:G"
	noted.ReturnMemo = Memo{Kind: "id", Value: "7"}
	for name, c := range map[string]struct {
		p     Payment
		in    Input
		state State
		why   Reason
		where string
	}{
		"home":                      {p, ReturnLanded{Tx: "t", Rung: 3, Arrived: 34}, Returned, ByCancel, ""},
		"home, credit":              {credit, ReturnLanded{Tx: "t", Rung: 4, Arrived: 25, Rest: 9}, Returned, ByCancel, ""},
		"into the wallet":           {p, ReturnLanded{Tx: "t", Rung: 1, Arrived: 34}, Returned, ByCancel, "W"},
		"a part into the wallet":    {p, ReturnLanded{Tx: "t", Rung: 1, Arrived: 3}, Settled, HoldingShort, "W"},
		"into the wallet, credit":   {credit, ReturnLanded{Tx: "t", Rung: 2, Arrived: 25, Rest: 9}, Returned, ByCancel, "W"},
		"bare":                      {credit, ReturnLanded{Tx: "t", Rung: 1, Rest: 9}, Settled, ClawedBack, "W"},
		"last resort":               {p, ReturnLanded{Tx: "t", Rung: 0, Arrived: 34}, Settled, LeftClaimable, "W"},
		"by hand":                   {p, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25, Kept: 9}, Returned, ByCancel, ""},
		"by hand, less a fee":       {p, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25, Kept: 7, Fee: 2, Holding: true}, Returned, ByCancel, ""},
		"by hand, credit":           {credit, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25, Kept: 9}, Returned, ByCancel, ""},
		"by hand, no purse":         {p, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25}, Settled, HoldingShort, "X"},
		"by hand, all to one":       {p, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 34}, Settled, HoldingShort, "X"},
		"by hand, a stroop less":    {p, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25, Kept: 8}, Settled, HoldingShort, "X"},
		"by hand, credit, no purse": {credit, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25, Rest: 9}, Settled, HoldingShort, "X"},
		"by hand, perhaps no memo":  {noted, EmptiedElsewhere{Tx: "t", Destination: "X", Arrived: 25, Kept: 9}, Settled, "", "X"},
		"by hand into the wallet":   {noted, EmptiedElsewhere{Tx: "t", Destination: "W", Arrived: 34}, Returned, ByCancel, "W"},
		"by hand, a part":           {p, EmptiedElsewhere{Tx: "t", Destination: "W", Arrived: 2}, Settled, HoldingShort, "W"},
		"by hand to somewhere else": {p, EmptiedElsewhere{Tx: "t", Destination: "Y", Arrived: 25}, Settled, "", "Y"},
	} {
		got, _, err := Step(c.p, c.in, 1)
		if err != nil || got.State != c.state || got.Reason != c.why || got.Destination != c.where {
			t.Errorf("%s: %s %q to %q, %v", name, got.State, got.Reason, got.Destination, err)
		}
	}
	if _, _, err := Step(p, ReturnLanded{Tx: "t", Rung: 4}, 1); err == nil {
		t.Error("a rung that the ladder does not have is taken in")
	}
}
