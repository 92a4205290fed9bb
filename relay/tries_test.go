package relay

import "testing"

func TestTriesSpareAFunding(t *testing.T) {
	for tries, want := range map[Tries]bool{
		{}:                                        true, // never handed in
		{Gone: 3}:                                 true,
		{HandedIn: 1}:                             false,
		{HandedIn: 1, Refusal: RefusedLate}:       true,
		{HandedIn: 2, Refusal: RefusedLate}:       false, // it was in time before
		{HandedIn: 1, Refusal: RefusedShort}:      true,
		{HandedIn: 7, Refusal: RefusedShort}:      true,
		{HandedIn: 1, Refusal: RefusedFrozen}:     false,
		{HandedIn: 2, Refusal: Refusal("others")}: false,
	} {
		if got := tries.NoTry(); got != want {
			t.Errorf("%+v: %v", tries, got)
		}
	}
}

func TestTriesMissABalance(t *testing.T) {
	for tries, want := range map[Tries]struct {
		next      Tries
		elsewhere bool
	}{
		{}:                      {Tries{Gone: 1}, false},
		{HandedIn: 3, Gone: 18}: {Tries{HandedIn: 3, Gone: 19}, false},
		{Gone: 19}:              {Tries{Gone: 20}, false},
		{Gone: 20}:              {Tries{Gone: 20}, true},
		{Gone: 21}:              {Tries{Gone: 21}, true},
	} {
		if next, elsewhere := tries.Missed(); next != want.next || elsewhere != want.elsewhere {
			t.Errorf("%+v: %+v, %v", tries, next, elsewhere)
		}
	}
}

func TestARefusalTroublesAPayment(t *testing.T) {
	for why, want := range map[Refusal]Input{
		"": nil, RefusedShort: nil, RefusedLate: nil, "others": nil,
		RefusedFrozen: HoldingTroubled{Cause: Frozen},
	} {
		if got := why.Trouble(); got != want {
			t.Errorf("%q: %+v", why, got)
		}
	}
}
