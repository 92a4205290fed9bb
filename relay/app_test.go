package relay

import (
	"math"
	"testing"
)

func TestAvailable(t *testing.T) {
	for name, c := range map[string]struct{ committed, spendable, want Stroops }{
		"nothing is committed":     {0, 10, 10},
		"a part":                   {4, 10, 6},
		"all":                      {10, 10, 0},
		"more than is there":       {11, 10, 0},
		"a treasury that is empty": {math.MaxInt64, 0, 0},
		"the issuer's own":         {math.MaxInt64 - 5, math.MaxInt64, 5},
	} {
		if got := (Usage{Committed: c.committed}).Available(c.spendable); got != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}
