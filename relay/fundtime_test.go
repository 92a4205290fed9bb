package relay

import (
	"strings"
	"testing"
	"time"
)

func TestFundWithin(t *testing.T) {
	head := Head{Sequence: 1000, CloseTime: 100_000}
	ago := func(seconds int64) Head { return Head{Sequence: 950, CloseTime: head.CloseTime - seconds} }
	for name, c := range map[string]struct {
		within  string
		earlier Head
		expires int64
		ledgers uint32 // after head
		until   int64  // after head
		code    string
	}{
		"the least":                       {"", ago(250), 1e6, 12, 60, ""},
		"ten minutes":                     {"10m", ago(250), 1e6, 120, 600, ""},
		"a part of a ledger":              {"601s", ago(250), 1e6, 121, 601, ""},
		"fast ledgers":                    {"10m", ago(50), 1e6, 600, 600, ""},
		"slow ledgers":                    {"1m", ago(500), 1e6, 12, 60, ""},
		"no history":                      {"10m", Head{}, 1e6, 120, 600, ""},
		"a day of slow ledgers":           {"24h", ago(600), 1e6, 7200, 86_400, ""},
		"as many ledgers as there may be": {"2h5m", ago(50), 1e6, MostFundLedgers, 7500, ""},
		"one more":                        {"7501s", ago(50), 1e6, 0, 0, "fund_within_too_long"},
		"the clock stands":                {"10m", ago(0), 1e6, 6000, 600, ""},
		"the clock went back":             {"", Head{Sequence: 950, CloseTime: head.CloseTime + 999}, 1e6, 600, 60, ""},
		"the payment ends before":         {"10m", ago(250), 100_300, 120, 299, ""},
		"59 seconds":                      {"59s", ago(250), 1e6, 0, 0, "fund_within_malformed"},
		"a day and a second":              {"24h1s", ago(600), 1e6, 0, 0, "fund_within_malformed"},
		"no time":                         {"soon", ago(250), 1e6, 0, 0, "fund_within_malformed"},
	} {
		p := Payment{ExpiresAt: Seconds(c.expires)}
		err := p.FundWithin(c.within, head, c.earlier)
		if CodeOf(err) != c.code || err != nil && KindOf(err) != Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if by, until := head.Sequence+c.ledgers, head.CloseTime+c.until; err == nil && (p.FundBy != by || p.FundUntil != until) {
			t.Errorf("%s: %d ledgers and %d seconds", name, p.FundBy-head.Sequence, p.FundUntil-head.CloseTime)
		}
		if err != nil && (p.FundBy != 0 || p.FundUntil != 0) {
			t.Errorf("%s: refused, and set", name)
		}
	}
	p := Payment{ExpiresAt: Seconds(1e6)}
	if err := p.FundWithin("24h", head, ago(300)); err == nil || !strings.Contains(err.Error(), "at most "+(12*time.Hour+30*time.Minute).String()+" just now: 7500 ledgers of 6.0 seconds") {
		t.Errorf("what may be asked for is not said: %v", err)
	}
}

func TestFundable(t *testing.T) {
	for name, c := range map[string]struct {
		state State
		at    Head
		want  bool
	}{
		"in time":               {Created, Head{Sequence: 19, CloseTime: 1000}, true},
		"its last ledger":       {Created, Head{Sequence: 20, CloseTime: 900}, false},
		"after its last second": {Created, Head{Sequence: 9, CloseTime: 1001}, false},
		"funded":                {Funding, Head{Sequence: 9, CloseTime: 900}, false},
		"canceled":              {Canceled, Head{Sequence: 9, CloseTime: 900}, false},
	} {
		err := Payment{State: c.state, FundBy: 20, FundUntil: 1000}.Fundable(c.at)
		if (err == nil) != c.want || err != nil && CodeOf(err) != "funding_over" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
