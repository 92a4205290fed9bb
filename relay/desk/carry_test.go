package desk_test

import (
	"testing"

	"github.com/restante/restante/relay"
)

// A payment that the sponsor cannot carry besides what was accepted before is refused, and a preview says the same; what asks
// nothing of the sponsor is accepted.
func TestAcceptsWhatTheSponsorCarries(t *testing.T) {
	prices := relay.Prices{Reserve: relay.One / 2, Gift: relay.One / 20}
	r := newFixture(t)
	one := relay.Load{Unmade: 1, UnmadeUnits: 2}
	try := func(free relay.Stroops, change func(*relay.Payment)) error {
		o := r.opening(change)
		o.Sponsor = &relay.Sponsor{Free: free, Prices: prices}
		seen := r.Preview(t.Context(), o)
		_, err := r.Create(t.Context(), o, func(relay.Payment) ([]byte, error) { return nil, nil })
		if relay.CodeOf(seen) != relay.CodeOf(err) {
			t.Errorf("the preview says %v, and then %v", seen, err)
		}
		return err
	}
	r.code("a stroop less", try(one.Need(prices)-1, nil), relay.ErrSponsorShort.Code)
	r.ok(try(one.Need(prices), nil))
	r.code("the first is not funded yet", try(one.Need(prices), nil), relay.ErrSponsorShort.Code)
	r.ok(try(0, own)) // it pays for itself
	r.ok(try(one.Plus(one).Need(prices), nil))
}
