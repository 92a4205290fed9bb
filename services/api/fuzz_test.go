package api

import (
	"net/http/httptest"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// Whatever is asked for, an expiry that is accepted is in range, also when the work on it takes as long as it may.
func FuzzExpiry(f *testing.F) {
	for _, s := range []string{"30d", "12h", "90m", "60m", "0d", "-1d", "1", "d", "18446744073709551616m", "180d", "181d", "٣d", "1 d"} {
		f.Add(s)
	}
	const now = relay.Micros(1_900_000_000_000_000)
	f.Fuzz(func(t *testing.T, s string) {
		at, err := expiry(wire.PaymentRequest{ExpiresIn: s}, now)
		if err == nil && relay.CheckExpiry(now+relay.Micros(patience.Microseconds()), at) != nil {
			t.Errorf("%q became %d", s, at-now)
		}
		if err != nil && relay.KindOf(err) != relay.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	})
}

// What passes for a key is exactly one prefix and 32 characters.
func FuzzKey(f *testing.F) {
	text, _ := NewKey("rst_test_")
	f.Add(text)
	f.Add("rst_test_")
	f.Add("rst_live_" + text[9:])
	f.Fuzz(func(t *testing.T, s string) {
		hash, ok := HashKey("rst_test_", s)
		if ok != (hash != "") || ok && (len(s) != len(text) || s[:9] != "rst_test_" || hash != hashOf(s)) {
			t.Errorf("%q: %v", s, ok)
		}
	})
}

// A credential never has more than the header had, and needs its scheme.
func FuzzAuthorization(f *testing.F) {
	f.Add("Bearer x")
	f.Add("bearer  x y")
	f.Add("Link")
	f.Fuzz(func(t *testing.T, s string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{s}
		rest, ok := authorization(r, "Bearer")
		if ok && s[len(s)-len(rest):] != rest {
			t.Errorf("%q became %q", s, rest)
		}
	})
}
