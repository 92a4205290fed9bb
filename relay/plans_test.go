package relay

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// Plans of one payment are its own up to a number; beyond it they are counted with those of its app. So a flood of plans for some
// payments stops, and leaves a claimant of another payment hers.
func TestPlansCount(t *testing.T) {
	head := Head{Sequence: 1000, CloseTime: 1_800_000_000}
	most, l := PlanLimits{Payment: 6, App: 5}, Ladder{Version: LadderVersion}
	plan := func(of PaymentID, ago int64) PlanMade { // lands for 300 seconds
		return PlanMade{Payment: of, Bound: 1060 - uint32(ago/5), MaxTime: head.CloseTime - ago + 300, At: head.CloseTime - ago}
	}
	times := func(n int, ms ...PlanMade) (all []PlanMade) {
		for range n {
			all = append(all, ms...)
		}
		return all
	}
	flood := append(times(6, plan("a", 10), plan("b", 20)), plan("c", 200), plan("c", 200), plan("c", 200), plan("c", 200), plan("c", 200))
	var past []PlanMade // they cannot land, and are within the hour
	for i := range 10 {
		past = append(past, times(6, plan(PaymentID(fmt.Sprint("p", i)), 1000))...)
	}
	for name, c := range map[string]struct {
		made  []PlanMade
		of    PaymentID
		code  string
		after int64 // seconds, of the refusal
	}{
		"none":                              {nil, "a", "", 0},
		"the last of a payment":             {times(5, plan("a", 10)), "a", "", 0},
		"one too many of a payment":         {times(6, plan("a", 10)), "a", ErrTooManyPlans.Code, 291},
		"in the last second of a payment's": {times(6, PlanMade{"a", 1060, head.CloseTime, head.CloseTime - 300}), "a", ErrTooManyPlans.Code, 1},
		"after it":                          {times(6, PlanMade{"a", 1060, head.CloseTime - 1, head.CloseTime - 300}), "a", "", 0},
		"of the payment, not of others":     {append(times(6, plan("a", 200)), plan("b", 290)), "a", ErrTooManyPlans.Code, 101},
		"a payment's own, in a flood":       {append(flood, times(3, plan("d", 10))...), "d", "", 0},
		"beyond them, in a flood":           {append(flood, times(4, plan("d", 10))...), "d", ErrTooManyAppPlans.Code, 101},
		"beyond them, before it is one":     {append(times(6, plan("a", 10), plan("b", 20)), times(4, plan("d", 10))...), "d", "", 0},
		"as many in an hour, of one":        {times(24, plan("a", 1000)), "a", ErrTooManyPlans.Code, 2601},
		"fewer in an hour, of one":          {times(23, plan("a", 1000)), "a", "", 0},
		"as many in an hour, of an app":     {append(past, times(4, plan("d", 1000))...), "d", ErrTooManyAppPlans.Code, 2601},
		"a payment's own, in such an hour":  {append(past, times(3, plan("d", 1000))...), "d", "", 0},
		"long ago":                          {times(100, plan("a", 3600)), "a", "", 0},
		"when is not known":                 {times(100, PlanMade{Payment: "a", Bound: 900, MaxTime: head.CloseTime - 9}), "a", "", 0},
	} {
		counted, err := l.AllowPlan(600<<32+1, c.made, c.of, head, most)
		var f *Fault
		if errors.As(err, &f); CodeOf(err) != c.code || f != nil && (f.Kind != Exhausted || f.RetryAt != Seconds(head.CloseTime+c.after)) {
			t.Errorf("%s: %v", name, err)
		}
		for _, m := range counted {
			if !m.Counts(head) {
				t.Errorf("%s: counted %+v", name, m)
			}
		}
	}
	if _, err := l.AllowPlan(600<<32+1, append(flood, times(4, plan("d", 10))...), "d", head, PlanLimits{Payment: 6}); err != nil {
		t.Errorf("no limit of an app: %v", err)
	}
}

func TestAllowPlan(t *testing.T) {
	head := Head{Sequence: 600, CloseTime: 10_000}
	l := LadderOf(LadderVersion, Native, 500, "T", Memo{}, "")
	most := PlanLimits{Payment: 2}
	made := []PlanMade{{Payment: "a", Bound: 700, MaxTime: 11_000}, {Payment: "a", Bound: 700, MaxTime: 11_000}}
	for name, c := range map[string]struct {
		sequence int64
		made     []PlanMade
		code     string
	}{
		"the account's next number": {600<<32 + 1, nil, ""},
		"a rung's":                  {l.Sequence(1), nil, ErrLadderNumber.Code},
		"below a rung's":            {l.Sequence(1) - 1, nil, ""},
		"one beside one":            {600<<32 + 1, made[:1], ""},
		"one too many":              {600<<32 + 1, made, ErrTooManyPlans.Code},
		"a rung's, and too many":    {l.Sequence(0), made, ErrLadderNumber.Code},
	} {
		if _, err := l.AllowPlan(c.sequence, c.made, "a", head, most); CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A plan may land for 60 ledgers and 300 seconds, and never beyond the payment's end.
func TestPlanClaim(t *testing.T) {
	head := Head{Sequence: 1000, CloseTime: 10_000}
	there, to := AccountFacts{Exists: true, Sequence: 7}, Destination{Address: "M", Account: "G", Memo: Memo{"text", "m"}, NewLine: true}
	for name, c := range map[string]struct {
		expires          Micros
		holding, account AccountFacts
		want             error
		maxTime          int64
		newAccount       bool
	}{
		"long before the end":               {Seconds(99_000), there, there, nil, 10_300, false},
		"into a new account":                {Seconds(99_000), there, AccountFacts{}, nil, 10_300, true},
		"the end is as far":                 {Seconds(10_301), there, there, nil, 10_300, false},
		"the end is nearer":                 {Seconds(10_300), there, there, nil, 10_299, false},
		"the end is in between two seconds": {Seconds(10_200) + 1, there, there, nil, 10_200, false},
		"one second is left":                {Seconds(10_002), there, there, nil, 10_001, false},
		"none is left":                      {Seconds(10_001), there, there, ErrExpired, 10_000, false},
		"the money has left":                {Seconds(99_000), AccountFacts{Sequence: 7}, there, ErrMoneyLeft, 10_300, false},
		"it has left, and the time is over": {Seconds(10_000), AccountFacts{Sequence: 7}, there, ErrExpired, 9_999, false},
	} {
		p := Payment{ID: "p", Holding: "H", ExpiresAt: c.expires}
		got, err := p.PlanClaim(to, head, c.holding, c.account)
		want := ClaimIntent{Payment: "p", Holding: "H", Destination: "M", NewAccount: c.newAccount, NewLine: true, Memo: Memo{"text", "m"},
			Sequence: 8, SignedAt: 1000, Bound: 1060, MaxTime: c.maxTime}
		if !errors.Is(err, c.want) || got != want {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
}

func TestRepeats(t *testing.T) {
	head := Head{Sequence: 1000, CloseTime: 10_000}
	in := ClaimIntent{Holding: "H", Destination: "G", NewAccount: true, Sequence: 8, Bound: 1060, MaxTime: 10_300}
	for name, c := range map[string]struct {
		change func(*ClaimIntent, *Envelope)
		want   bool
	}{
		"the same":                          {nil, true},
		"half of its ledgers and one":       {func(_ *ClaimIntent, e *Envelope) { e.Bound = 1031 }, true},
		"half of its ledgers":               {func(_ *ClaimIntent, e *Envelope) { e.Bound = 1030 }, false},
		"half of its time and one":          {func(_ *ClaimIntent, e *Envelope) { e.MaxTime = 10_151 }, true},
		"half of its time":                  {func(_ *ClaimIntent, e *Envelope) { e.MaxTime = 10_150 }, false},
		"less, and the payment has no more": {func(in *ClaimIntent, e *Envelope) { in.MaxTime, e.MaxTime = 10_020, 10_020 }, true},
		"less than the payment has":         {func(in *ClaimIntent, e *Envelope) { in.MaxTime, e.MaxTime = 10_020, 10_019 }, false},
		"signed":                            {func(_ *ClaimIntent, e *Envelope) { e.State = Signed }, false},
		"proven dead":                       {func(_ *ClaimIntent, e *Envelope) { e.State = Dead }, false},
		"a rung":                            {func(_ *ClaimIntent, e *Envelope) { e.Kind = ReturnEnvelope }, false},
		"of an earlier holding account":     {func(_ *ClaimIntent, e *Envelope) { e.Source = "H1" }, false},
		"its number is used":                {func(in *ClaimIntent, _ *Envelope) { in.Sequence++ }, false},
		"into another account":              {func(in *ClaimIntent, _ *Envelope) { in.Destination = "G1" }, false},
		"the account was made meanwhile":    {func(in *ClaimIntent, _ *Envelope) { in.NewAccount = false }, false},
		"with a trustline":                  {func(in *ClaimIntent, _ *Envelope) { in.NewLine = true }, false},
	} {
		in, e := in, Envelope{Kind: ClaimEnvelope, State: Planned, Source: "H", Sequence: 8, Bound: 1060, MaxTime: 10_300, Destination: "G", NewAccount: true}
		if c.change != nil {
			c.change(&in, &e)
		}
		if in.Repeats(e, head) != c.want {
			t.Errorf("%s: not %v", name, c.want)
		}
	}
}

// A claim out of the purse is counted by the payment's own envelopes, and what is left of the purse goes along into a new account, or
// to the wallet that keeps the reserve.
func TestPurseClaim(t *testing.T) {
	head := Head{Sequence: 600, CloseTime: 10_000}
	p := Payment{ID: "p", Holding: "H", Amount: 5, Asset: Native, Bound: 500, ReturnTo: "W", Route: Route{From: "W", Sponsor: "W"}, LadderVersion: LadderVersion}
	plan := Envelope{Kind: ClaimEnvelope, Payments: []PaymentID{"p"}, Bound: 650, MaxTime: 10_200, PlannedAt: 9_900}
	rung := Envelope{Kind: ReturnEnvelope, Payments: []PaymentID{"p"}, Bound: 650, MaxTime: 10_200}
	old := plan
	old.Bound, old.MaxTime, old.PlannedAt = 100, 5_000, 4_700
	for name, c := range map[string]struct {
		sequence int64
		made     []Envelope
		code     string
	}{
		"the first":          {600<<32 + 1, nil, ""},
		"a rung's number":    {p.Ladder().Sequence(0), nil, ErrLadderNumber.Code},
		"the last":           {600<<32 + 1, slices.Repeat([]Envelope{plan}, MostPlans-1), ""},
		"one too many":       {600<<32 + 1, slices.Repeat([]Envelope{plan}, MostPlans), ErrTooManyPlans.Code},
		"rungs do not count": {600<<32 + 1, slices.Repeat([]Envelope{rung}, MostPlans), ""},
		"old ones do not":    {600<<32 + 1, slices.Repeat([]Envelope{old}, plansPerHour*MostPlans), ""},
	} {
		if err := p.AllowPurseClaim(c.sequence, c.made, head); CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	late := plan // shortly before the payment expired, long before its end
	late.MaxTime, late.PlannedAt = 10_010, 9_999
	past := late // and it can land no more
	past.Bound = 600
	for name, c := range map[string]struct {
		made  Envelope
		n     int
		after int64
	}{
		"live ones":            {plan, MostPlans, 10_201},
		"live, cut short":      {late, MostPlans, 10_011},
		"an hour's, cut short": {past, plansPerHour * MostPlans, 9_999 + planHour + 1},
	} {
		var f *Fault
		if errors.As(p.AllowPurseClaim(8, slices.Repeat([]Envelope{c.made}, c.n), head), &f); f == nil || f.RetryAt != Seconds(c.after) {
			t.Errorf("%s: %v", name, f)
		}
	}
	for n, want := range map[int]bool{0: true, PlansPerPayment - 1: true, PlansPerPayment: false} {
		if got := OwnPlansLeft(append(slices.Repeat([]Envelope{plan}, n), rung, old), head); got != want {
			t.Errorf("%d plans: own ones left: %v", n, got)
		}
	}
	price := Prices{Fees: One}
	in := ClaimIntent{Payment: "p", Holding: "H", Destination: "G", NewLine: true, Sequence: 8, SignedAt: 600, Bound: 660, MaxTime: 10_300}
	want := Envelope{Kind: ClaimEnvelope, State: Planned, Source: "H", Sequence: 8, SignedAt: 600, Bound: 660, MaxTime: 10_300,
		PlannedAt: 10_000, Payments: []PaymentID{"p"}, Destination: "G", NewLine: true, Asset: Native, Amount: 5, OwnFee: p.PurseClaimBid(100, price)}
	if e, keeper := p.PurseClaim(in, head, 100, price); !reflect.DeepEqual(e, want) || keeper != "W" || e.OwnFee == 0 {
		t.Errorf("into an account that exists: %+v, the rest to %q", e, keeper)
	}
	in.NewAccount, want.NewAccount = true, true
	if e, keeper := p.PurseClaim(in, head, 100, price); !reflect.DeepEqual(e, want) || keeper != "" {
		t.Errorf("into a new account: %+v, the rest to %q", e, keeper)
	}
}
