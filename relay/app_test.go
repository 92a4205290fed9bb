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

func TestPays(t *testing.T) {
	for name, c := range map[string]struct {
		p                         Payment
		committed, before, spends Stroops
		code                      string
	}{
		"all that is left":              {Payment{Amount: 6}, 4, 0, 10, ""},
		"a stroop more":                 {Payment{Amount: 7}, 4, 0, 10, "treasury_empty"},
		"what was committed before":     {Payment{Amount: 6}, 4, 5, 10, "treasury_empty"},
		"more is committed than it has": {Payment{Amount: 1}, 11, 0, 10, "treasury_empty"},
		"out of a wallet":               {Payment{Amount: 7, Route: Route{From: "G"}}, 4, 0, 0, ""},
	} {
		if err := (Usage{Committed: c.committed}).Pays(c.p, c.before, c.spends); CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
