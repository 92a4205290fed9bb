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
		if got := tries.Spares(); got != want {
			t.Errorf("%+v: %v", tries, got)
		}
	}
}
