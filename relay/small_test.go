package relay

import (
	"strings"
	"testing"
)

func TestParseAmount(t *testing.T) {
	good := map[string]Stroops{"25": 25 * One, "0.5": One / 2, "0.0000001": 1, "922337203685.4775807": 1<<63 - 1, "007": 7 * One}
	for s, want := range good {
		if got, err := ParseAmount(s); err != nil || got != want {
			t.Errorf("%s: %d, %v", s, got, err)
		}
	}
	bad := map[string]string{
		"": "amount_malformed", "-1": "amount_malformed", "+1": "amount_malformed", "1e3": "amount_malformed", " 1": "amount_malformed",
		"1.": "amount_malformed", ".5": "amount_malformed", "1,5": "amount_malformed", "0": "amount_zero", "0.0000000": "amount_zero",
		"1.00000000": "amount_too_precise", "922337203685.4775808": "amount_too_large", "99999999999999999999": "amount_too_large", "NaN": "amount_malformed",
	}
	for s, code := range bad {
		if _, err := ParseAmount(s); CodeOf(err) != code {
			t.Errorf("%q: %v, not %s", s, err, code)
		}
	}
}

func FuzzAmount(f *testing.F) {
	f.Add("25.1")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseAmount(s)
		if err != nil {
			return
		}
		if again, err := ParseAmount(n.String()); err != nil || again != n || n <= 0 {
			t.Fatalf("%q is %d is %q", s, n, n.String())
		}
	})
}

func FuzzHandle(f *testing.F) {
	f.Add("email:ana@example.com")
	f.Add("tel:+15550100")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHandle(s)
		if err != nil {
			return
		}
		if again, err := ParseHandle(h.String()); err != nil || again != h {
			t.Fatalf("%q is %v is %v, %v", s, h, again, err)
		}
		if strings.ContainsAny(h.Value, "\r\n\x00 ") {
			t.Fatalf("%q", h.Value)
		}
		_ = h.Masked()
	})
}

func TestParseHandle(t *testing.T) {
	for in, want := range map[string]string{"Ana@Example.com": "email:ana@example.com", "tel:+15550100": "tel:+15550100", "github:Ana": "github:ana", "app:u-1": "app:u-1"} {
		if h, err := ParseHandle(in); err != nil || h.String() != want {
			t.Errorf("%s: %v %v", in, h, err)
		}
	}
	for _, in := range []string{"", "ana", "ana@", "@example.com", "ana@localhost", "a b@example.com", "Ana <ana@example.com>", "ana@example.com\r\nBcc: x@example.com",
		"tel:15550100", "tel:+0", "github:", "github:-a", "fax:1", "email:", "ana@ex_ample.com", "\"a b\"@example.com", "ana@[127.0.0.1]", "app:a b"} {
		if h, err := ParseHandle(in); CodeOf(err) != "handle_malformed" {
			t.Errorf("%q is taken as %v (%v)", in, h, err)
		}
	}
}

func TestPaymentID(t *testing.T) {
	a, b := NewPaymentID(1_700_000_000_000_000), NewPaymentID(1_700_000_000_000_000)
	if a == b || len(a) != 30 {
		t.Fatal(a, b)
	}
	if _, err := ParsePaymentID(string(a)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", "pay_", string(a[:29]), string(a) + "a", strings.ToUpper(string(a)), "app_" + string(a[4:]), "pay_" + strings.Repeat("a", 26)} {
		if _, err := ParsePaymentID(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestCodesRunOut(t *testing.T) {
	var b CodeBook
	now := Micros(1)
	if b, _ = b.Ask(now); b.NextAt != now+FirstPause {
		t.Fatal(b)
	}
	if _, err := b.Ask(now + FirstPause - 1); CodeOf(err) != "code_too_soon" {
		t.Fatal(err)
	}
	pauses := []Micros{}
	for range 14 {
		now = b.NextAt
		b, _ = b.Ask(now)
		pauses = append(pauses, b.NextAt-now)
	}
	if pauses[0] != 2*FirstPause || pauses[13] != LongestPause {
		t.Fatal(pauses)
	}
	c := Code{IssuedAt: now}
	var err error
	for range TriesPerCode {
		if b, c, err = b.Try(c, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err = b.Try(c, now); CodeOf(err) != "code_spent" {
		t.Fatal(err)
	}
	if _, _, err = b.Try(Code{IssuedAt: now}, now+CodeLife); CodeOf(err) != "code_expired" {
		t.Fatal(err)
	}
	if _, _, err = b.Try(Code{IssuedAt: now, UsedAt: 1}, now); CodeOf(err) != "code_used" {
		t.Fatal(err)
	}
	b.Tries = TriesPerLife
	if _, _, err = b.Try(Code{IssuedAt: now}, now); CodeOf(err) != "code_locked" {
		t.Fatal(err)
	}
	if _, err = b.Ask(now + LongestPause*2); CodeOf(err) != "code_locked" {
		t.Fatal(err)
	}
}
