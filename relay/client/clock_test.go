package client_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
)

// TestClaimWithAnotherClock: the end of a plan is judged by the ledger's time. A clock that differs is said to differ, and by
// how much; it is no attack, and the claim goes on unless the difference is more than a day.
func TestClaimWithAnotherClock(t *testing.T) {
	for name, c := range map[string]struct {
		off   time.Duration // of this machine's clock
		told  string
		fails string
	}{
		"right":                {0, "", ""},
		"an hour behind":       {-62 * time.Minute, "1 h 2 min ahead of", ""},
		"two hours ahead":      {2 * time.Hour, "2 h 0 min behind", ""},
		"a day behind":         {-25 * time.Hour, "25 h 0 min ahead of", ""},
		"400 days behind":      {-400*24*time.Hour - time.Minute, "", "the ledger's is 400 days ahead of this machine's"},
		"400 days in the lead": {400*24*time.Hour + time.Minute, "", "the ledger's is 400 days behind this machine's"},
	} {
		f := newFake(t)
		ledger := time.Now()
		f.lie = func(_ string, answer any) {
			if p, ok := answer.(*wire.Plan); ok {
				p.LedgerTime = ledger
			}
		}
		told := ""
		r := claimInto(f.sent("link").Link, "ana")
		r.ClockOff = func(by time.Duration) { told = client.Apart(by) }
		_, err := f.client(client.Options{Now: func() time.Time { return ledger.Add(c.off) }}).Claim(t.Context(), r)
		var apart *client.ClocksApart
		switch {
		case c.fails == "" && (err != nil || told != c.told):
			t.Errorf("%s: told %q, %v", name, told, err)
		case c.fails != "" && (!errors.As(err, &apart) || !strings.Contains(err.Error(), c.fails) || client.Untrusted(err) || len(f.signed) > 0):
			t.Errorf("%s: %v, %d signed", name, err, len(f.signed))
		}
	}
}

// TestPlanThatEndsTooLate: by the ledger's own time it is the relay that asks for too much.
func TestPlanThatEndsTooLate(t *testing.T) {
	f := newFake(t)
	f.lie = func(_ string, answer any) {
		if p, ok := answer.(*wire.Plan); ok {
			p.LedgerTime = time.Now().Add(-2 * time.Hour)
		}
	}
	if _, err := f.client(client.Options{}).Claim(t.Context(), claimInto(f.sent("link").Link, "ana")); !client.Untrusted(err) {
		t.Errorf("%v", err)
	}
}
