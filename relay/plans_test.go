package relay

import (
	"errors"
	"fmt"
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
		"none":                             {nil, "a", "", 0},
		"the last of a payment":            {times(5, plan("a", 10)), "a", "", 0},
		"one too many of a payment":        {times(6, plan("a", 10)), "a", TooManyPlans, 291},
		"of the payment, not of others":    {append(times(6, plan("a", 200)), plan("b", 290)), "a", TooManyPlans, 101},
		"a payment's own, in a flood":      {append(flood, times(3, plan("d", 10))...), "d", "", 0},
		"beyond them, in a flood":          {append(flood, times(4, plan("d", 10))...), "d", TooManyAppPlans, 101},
		"beyond them, before it is one":    {append(times(6, plan("a", 10), plan("b", 20)), times(4, plan("d", 10))...), "d", "", 0},
		"as many in an hour, of one":       {times(24, plan("a", 1000)), "a", TooManyPlans, 2601},
		"fewer in an hour, of one":         {times(23, plan("a", 1000)), "a", "", 0},
		"as many in an hour, of an app":    {append(past, times(4, plan("d", 1000))...), "d", TooManyAppPlans, 2601},
		"a payment's own, in such an hour": {append(past, times(3, plan("d", 1000))...), "d", "", 0},
		"long ago":                         {times(100, plan("a", 3600)), "a", "", 0},
		"when is not known":                {times(100, PlanMade{Payment: "a", Bound: 900, MaxTime: head.CloseTime - 9}), "a", "", 0},
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
		"one too many":              {600<<32 + 1, made, TooManyPlans},
		"a rung's, and too many":    {l.Sequence(0), made, ErrLadderNumber.Code},
	} {
		if _, err := l.AllowPlan(c.sequence, c.made, "a", head, most); CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
