package relay_test

import (
	"fmt"
	"testing"

	"github.com/restante/restante/relay"
)

func TestCompany(t *testing.T) {
	of := func(fundings int, change ...func(*relay.Payment)) relay.Payment {
		p := relay.Payment{ID: "x", App: "a", State: relay.Created, Fundings: fundings}
		for _, c := range change {
			c(&p)
		}
		return p
	}
	many := func(n, fundings int) (ps []relay.Payment) {
		for range n {
			ps = append(ps, of(fundings))
		}
		return ps
	}
	direct := func(p *relay.Payment) { p.PayTo = "G" }
	first := of(0)
	first.ID = "first"
	lost, twice, paid := first, first, first
	lost.Fundings, twice.Fundings, paid.PayTo = 1, 2, "G"
	for name, c := range map[string]struct {
		first       relay.Payment
		waiting     []relay.Payment
		along, over string
	}{
		"alone":                  {first, nil, "[]", "[]"},
		"a few":                  {first, many(2, 0), "[0 1]", "[]"},
		"more than one takes":    {first, many(20, 0), "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]", "[]"},
		"after a loss":           {lost, many(9, 0), "[0 1 2]", "[]"},
		"after two":              {twice, many(9, 0), "[]", "[]"},
		"directly":               {paid, many(9, 0), "[]", "[]"},
		"with those that lost":   {first, append(many(2, 0), many(3, 1)...), "[0 1 2]", "[]"},
		"too many for a lost":    {first, append(many(4, 0), of(1), of(0)), "[0 1 2 3 5]", "[]"},
		"with one that is alone": {first, []relay.Payment{of(2), of(0), of(0, direct), of(0)}, "[1 3]", "[]"},
		"with some that are over": {first, []relay.Payment{of(0, func(p *relay.Payment) { p.State = relay.Canceled }),
			of(0, func(p *relay.Payment) { p.From = "G" }), of(0, func(p *relay.Payment) { p.App = "b" }), first, of(0)}, "[4]", "[0 1 2 3]"},
	} {
		along, over := relay.Company(c.first, c.waiting)
		if fmt.Sprint(along) != c.along || fmt.Sprint(over) != c.over {
			t.Errorf("%s: %v along, %v over; want %s, %s", name, along, over, c.along, c.over)
		}
	}
}

func TestYields(t *testing.T) {
	for name, c := range map[string]struct {
		free   int
		turn   uint64
		others []uint64
		want   bool
	}{
		"alone":                     {1, 9, nil, false},
		"nothing free":              {0, 0, nil, true},
		"the others were later":     {1, 3, []uint64{4, 9}, false},
		"one was earlier":           {1, 3, []uint64{2, 9}, true},
		"one was earlier, two free": {2, 3, []uint64{2, 9}, false},
		"never served":              {1, 0, []uint64{0, 0}, false},
		"others never served":       {2, 5, []uint64{0, 0}, true},
	} {
		if got := relay.Yields(c.free, c.turn, c.others); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
