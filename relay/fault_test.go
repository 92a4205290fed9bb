package relay

import (
	"errors"
	"fmt"
	"testing"
)

func TestRefusesOne(t *testing.T) {
	at := func(kind Kind, pointer string) error {
		return &Fault{Kind: kind, Code: "payment_limit", Pointer: pointer}
	}
	for _, c := range []struct {
		err error
		i   int
		ok  bool
	}{
		{at(Forbidden, "/mints/0"), 0, true},
		{at(Invalid, "/mints/2"), 2, true},
		{fmt.Errorf("fund: %w", at(Forbidden, "/mints/1")), 1, true},
		{at(Forbidden, "/mints/3"), 0, false}, // there are three
		{at(Forbidden, "/mints/-1"), 0, false},
		{at(Forbidden, "/mints/"), 0, false},
		{at(Forbidden, "/mints/1/amount"), 0, false},
		{at(Forbidden, "1"), 0, false},
		{at(Forbidden, ""), 0, false},
		{at(Conflict, "/mints/1"), 0, false}, // another try may pass
		{at(Exhausted, "/mints/1"), 0, false},
		{at(Unavailable, "/mints/1"), 0, false},
		{at(Denied, "/mints/1"), 0, false},
		{at(NotFound, "/mints/1"), 0, false},
		{at(Internal, "/mints/1"), 0, false},
		{errors.New("/mints/1"), 0, false},
		{nil, 0, false},
	} {
		if i, ok := RefusesOne(c.err, 3); ok != c.ok || ok && i != c.i {
			t.Errorf("%v: %d, %v", c.err, i, ok)
		}
	}
}
