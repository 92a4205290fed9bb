package relay

import (
	"math"
	"strings"
	"testing"
)

// TestMint changes one thing at a time of a payment that may be minted: money goes home to the treasury, within the limit, in time, and
// there is someone to open its box.
func TestMint(t *testing.T) {
	head := Head{Sequence: 100, CloseTime: 1000}
	fine := Mint{Amount: 50, ReturnTo: "GTREASURY", ExpiresAt: Seconds(2000), SenderRecipients: []string{"age1s"}, ClaimRecipient: "age1c"}
	for name, c := range map[string]struct {
		code   string
		change func(*Mint)
	}{
		"as it is":             {"", func(*Mint) {}},
		"nothing":              {"amount_zero", func(m *Mint) { m.Amount = 0 }},
		"less than nothing":    {"amount_zero", func(m *Mint) { m.Amount = -1 }},
		"a stroop too much":    {"payment_limit", func(m *Mint) { m.Amount++ }},
		"home to another":      {"foreign_return", func(m *Mint) { m.ReturnTo = "GMALLORY" }},
		"home to no account":   {"foreign_return", func(m *Mint) { m.ReturnTo = "" }},
		"over already":         {"expired", func(m *Mint) { m.ExpiresAt = Seconds(1000) }},
		"over in a year":       {"expiry_out_of_range", func(m *Mint) { m.ExpiresAt = Seconds(365 * 86400) }},
		"a long note":          {"note_too_long", func(m *Mint) { m.Note = strings.Repeat("n", NoteBytes+1) }},
		"no sender's":          {"recipient_missing", func(m *Mint) { m.SenderRecipients = nil }},
		"no claimant's":        {"recipient_missing", func(m *Mint) { m.ClaimRecipient = "" }},
		"paid directly":        {"", func(m *Mint) { m.PayTo, m.SenderRecipients, m.ClaimRecipient = "GFILE", nil, "" }},
		"directly, too much":   {"payment_limit", func(m *Mint) { m.PayTo = "GFILE"; m.Amount++ }},
		"directly, other home": {"foreign_return", func(m *Mint) { m.PayTo, m.ReturnTo = "GFILE", "GFILE" }},
	} {
		m := fine
		c.change(&m)
		code := ""
		if f := m.Check("GTREASURY", 50, head); f != nil {
			code = f.Code
		}
		if code != c.code {
			t.Errorf("%s: %q", name, code)
		}
	}
	for signed, code := range map[Stroops]string{0: "", 50: "", 51: ErrDayLimit.Code, 100: ErrDayLimit.Code} {
		if err := fine.CheckDay(100, signed); CodeOf(err) != code || (err == nil) != (code == "") {
			t.Errorf("50 on a day with %d of 100: %v", signed, err)
		}
	}
	if err := (Mint{Amount: math.MaxInt64}).CheckDay(math.MaxInt64/2, 1); CodeOf(err) != ErrDayLimit.Code {
		t.Errorf("all there is on one day: %v", err)
	}
}

// TestBounds holds how far ahead of a ledger an envelope may end; a client's funding later, and a late one may be over.
func TestBounds(t *testing.T) {
	const seq, closed, kept, late = 100, 5000, 1, 2
	for name, c := range map[string]struct {
		signedAt, bound uint32
		maxTime         int64
		codes           [3]string // signed, kept, kept late
	}{
		"the next ledger":             {100, seq + 1, closed + 1, [3]string{}},
		"the last that is allowed":    {100, seq + 1000, closed + 3600, [3]string{}},
		"signed in a later ledger":    {900, seq + 1, closed + 1, [3]string{}},
		"signed in none":              {0, seq + 1, closed + 1, [3]string{"signed_at_missing", "signed_at_missing", "signed_at_missing"}},
		"its ledger has closed":       {100, seq, closed + 1, [3]string{"bound_past", "bound_past", ""}},
		"its ledger closed before":    {50, seq - 1, closed + 1, [3]string{"bound_past", "bound_past", ""}},
		"its time is over":            {100, seq + 1, closed, [3]string{"bound_past", "bound_past", ""}},
		"it has no end":               {100, 0, 0, [3]string{"bound_past", "bound_past", ""}},
		"a ledger more":               {100, seq + 1001, closed + 1, [3]string{"bound_too_far", "", ""}},
		"a second more":               {100, seq + 1, closed + 3601, [3]string{"bound_too_far", "", ""}},
		"the last of a client's":      {100, seq + 8000, closed + 99_999, [3]string{"bound_too_far", "", ""}},
		"a ledger more of a client's": {100, seq + 8001, closed + 1, [3]string{"bound_too_far", "bound_too_far", "bound_too_far"}},
		"the last ledger ever":        {100, math.MaxUint32, closed + 1, [3]string{"bound_too_far", "bound_too_far", "bound_too_far"}},
		"the last time ever":          {100, seq + 1, math.MaxInt64, [3]string{"bound_too_far", "", ""}},
	} {
		head := Head{Sequence: seq, CloseTime: closed}
		for i, err := range []error{CheckBounds(c.signedAt, c.bound, c.maxTime, head), kept: CheckKeptBounds(c.signedAt, c.bound, c.maxTime, head, false),
			late: CheckKeptBounds(c.signedAt, c.bound, c.maxTime, head, true)} {
			if CodeOf(err) != c.codes[i] || (err == nil) != (c.codes[i] == "") {
				t.Errorf("%s, %d: %v", name, i, err)
			}
		}
	}
	if err := CheckBounds(1, math.MaxUint32, 1, Head{Sequence: math.MaxUint32 - 1}); err != nil {
		t.Errorf("near the last ledger: %v", err)
	}
}
