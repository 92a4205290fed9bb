package relay

import (
	"testing"
)

func TestExpiresIn(t *testing.T) {
	const hour, day, now = Micros(3600 * 1e6), 24 * Micros(3600*1e6), Micros(1e15)
	for name, c := range map[string]struct{ wait, want Micros }{ // want 0: refused
		"a day":             {day, day},
		"the least":         {hour, hour + 60*1e6},
		"a little more":     {hour + 30*1e6, hour + 60*1e6},
		"less":              {hour - 1, 0},
		"none":              {0, 0},
		"the most":          {180 * day, 180 * day},
		"more":              {180*day + 1, 0},
		"a million of days": {1e6 * day, 0},
	} {
		at, err := ExpiresIn(c.wait, now)
		if (err == nil) != (c.want > 0) || err == nil && at != now+c.want || err != nil && KindOf(err) != Invalid {
			t.Errorf("%s: %d, %v", name, at-now, err)
		}
	}
}

// When it is funded, a payment may live an hour longer than it may ask for, by the ledger's clock, and only one that was committed
// before may be over.
func TestFundedExpiry(t *testing.T) {
	head := Head{CloseTime: 1000}
	now := Seconds(1000)
	for name, c := range map[string]struct {
		expires    Micros
		code, late string
	}{
		"over":           {now, "expired", ""},
		"not yet":        {now + 1, "", ""},
		"the most":       {now + MostExpiry, "", ""},
		"an hour more":   {now + MostExpiry + 3600*1e6, "", ""},
		"more than that": {now + MostExpiry + 3600*1e6 + 1, "expiry_out_of_range", "expiry_out_of_range"},
	} {
		for late, code := range map[bool]string{false: c.code, true: c.late} {
			f := FundedExpiry(c.expires, head, late)
			if (f != nil) != (code != "") || f != nil && (f.Code != code || f.Kind != Forbidden) {
				t.Errorf("%s, late %v: %v", name, late, f)
			}
		}
	}
}
