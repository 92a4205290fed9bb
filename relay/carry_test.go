package relay_test

import (
	"math"
	"testing"

	"github.com/restante/restante/relay"
)

var prices = relay.Prices{Reserve: relay.One / 2, Gift: relay.One / 20}

// What a load needs: reserves once, fees for each envelope that it may take to bring all money where it belongs.
func TestLoad(t *testing.T) {
	fees := func(operations relay.Stroops) relay.Stroops { return operations * relay.FeeReservePerOperation }
	for name, c := range map[string]struct {
		load relay.Load
		want relay.Stroops
	}{
		"nothing":       {relay.Load{}, 0},
		"one to fund":   {relay.Load{Unmade: 1, UnmadeUnits: 2}, 3*relay.One + fees(28)},
		"one that goes": {relay.Load{Unmade: 1}, 2*relay.One + fees(28)},
		"one waits":     {relay.Load{Waiting: 1}, 2*relay.One + fees(20)},
		"of a credit":   {relay.Load{Waiting: 1, Credit: 1}, 2*relay.One + fees(20) + relay.One/20},
		"a thousand":    {relay.Load{Unmade: 500, UnmadeUnits: 1000, Waiting: 500}, 502*relay.One + fees(24_000)},
	} {
		if got := c.load.Need(prices); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		p    relay.Payment
		want relay.Load
	}{
		"lumens":           {relay.Payment{Asset: relay.Native}, relay.Load{Unmade: 1, UnmadeUnits: 2}},
		"credit":           {relay.Payment{Asset: "USD:G"}, relay.Load{Unmade: 1, UnmadeUnits: 3, Credit: 1}},
		"a wallet's":       {relay.Payment{Asset: relay.Native, Route: relay.Route{From: "G", Sponsor: "G"}}, relay.Load{}},
		"a move of ours":   {relay.Payment{Asset: relay.Native, Route: relay.Route{From: "G", Replaces: "p"}}, relay.Load{Unmade: 1}},
		"directly":         {relay.Payment{Asset: relay.Native, Route: relay.Route{PayTo: "G"}}, relay.Load{Unmade: 1}},
		"directly, credit": {relay.Payment{Asset: "USD:G", Route: relay.Route{PayTo: "G"}}, relay.Load{Unmade: 1, Credit: 1}},
	} {
		if got := relay.LoadOf(c.p); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	a, b := relay.Load{Unmade: 1, UnmadeUnits: 9, Waiting: 2, Credit: 5}, relay.Load{Unmade: 3, UnmadeUnits: 4, Waiting: 2, Credit: 7}
	if a.Plus(b) != (relay.Load{Unmade: 4, UnmadeUnits: 13, Waiting: 4, Credit: 12}) || a.Most(b) != (relay.Load{Unmade: 3, UnmadeUnits: 9, Waiting: 2, Credit: 7}) {
		t.Errorf("%+v %+v", a.Plus(b), a.Most(b))
	}
}

// The sponsor carries what is in flight first; what is new it takes to the stroop, and not one beyond.
func TestSponsor(t *testing.T) {
	one := relay.Load{Unmade: 1, UnmadeUnits: 2}
	for name, load := range map[string]relay.Load{
		"nothing in flight": {}, "some wait": {Waiting: 40}, "some are on their way": {Unmade: 9, UnmadeUnits: 20, Waiting: 3, Credit: 2},
	} {
		enough := load.Plus(one).Need(prices)
		for free, code := range map[relay.Stroops]string{enough: "", enough + 1: "", enough - 1: relay.ErrSponsorShort.Code, 0: relay.ErrSponsorShort.Code, math.MaxInt64: ""} {
			s := relay.Sponsor{Free: free, Load: load, Prices: prices}
			if err := s.Short(one); relay.CodeOf(err) != code || err != nil && relay.KindOf(err) != relay.Exhausted {
				t.Errorf("%s, %s free of %s: %v", name, free, enough, err)
			}
			if err := s.Short(relay.Load{}); err != nil {
				t.Errorf("%s: what asks for nothing is refused: %v", name, err)
			}
		}
	}
}

func TestTreasured(t *testing.T) {
	for _, c := range []struct {
		spendable, signed, more relay.Stroops
		short                   bool
	}{
		{10, 0, 10, false}, {10, 0, 11, true}, {10, 4, 6, false}, {10, 4, 7, true}, {10, 11, 0, true}, {0, 0, 0, false},
		{math.MaxInt64, 5, math.MaxInt64 - 5, false}, {10, math.MaxInt64, math.MaxInt64, true}, {10, -1, 5, true}, {10, 0, -1, true},
	} {
		if err := relay.Treasured(c.spendable, c.signed, c.more); (err != nil) != c.short || err != nil && relay.CodeOf(err) != relay.ErrTreasuryShort.Code {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestWhosePause(t *testing.T) {
	for code, want := range map[string]struct {
		whose  relay.AppID
		pauses bool
	}{
		relay.ErrSponsorShort.Code: {"", true}, relay.ErrTreasuryShort.Code: {"a", true}, relay.ErrDayLimit.Code: {"a", true},
		"budget_empty": {"a", true}, "budgets_empty": {"a", true}, "payment_limit": {"", false}, "ledger_unavailable": {"", false}, "": {"", false},
	} {
		if whose, pauses := relay.Pauses(relay.NewFault(relay.Exhausted, code, "", nil), "a"); whose != want.whose || pauses != want.pauses {
			t.Errorf("%s: %q %v", code, whose, pauses)
		}
	}
	if _, pauses := relay.Pauses(nil, "a"); pauses {
		t.Error("nothing pauses")
	}
	waits := relay.Payment{App: "a", State: relay.Created}
	funded, own, other := waits, waits, waits
	funded.State, own.From, other.App = relay.Funding, "G", "b"
	of, all := relay.Pause{App: "a", Until: 10}, relay.Pause{Until: 10}
	for name, c := range map[string]struct {
		p    relay.Pause
		of   relay.Payment
		now  relay.Micros
		want bool
	}{
		"its app's": {of, waits, 9, true}, "of all apps": {all, other, 9, true}, "another app's": {of, other, 9, false},
		"it is funded": {all, funded, 9, false}, "its wallet funds it": {all, own, 9, false},
		"about to be tried": {of, waits, 10 + relay.PauseShown - 1, true}, "long over": {of, waits, 10 + relay.PauseShown, false},
	} {
		if got := c.p.Shows(c.of, c.now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatAccountsNeedAtFirst(t *testing.T) {
	for channels, want := range map[int]relay.Stroops{0: 6 * relay.One, 1: 7 * relay.One, 4: 10 * relay.One} {
		if got := prices.SponsorNeeds(channels); got != want {
			t.Errorf("%d channels: %s", channels, got)
		}
	}
	if got := prices.TreasuryNeeds(); got != relay.One {
		t.Errorf("a treasury: %s", got)
	}
}
