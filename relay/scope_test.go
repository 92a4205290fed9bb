package relay

import (
	"slices"
	"testing"
)

// Of all pairs of keys one may touch the other exactly where it has each of its scopes.
func TestStrength(t *testing.T) {
	for by := Scopes(0); by <= AllScopes; by++ {
		for other := Scopes(0); other <= AllScopes; other++ {
			want := other != 0
			for _, n := range other.Names() {
				want = want && slices.Contains(by.Names(), n)
			}
			if got := (Key{Scopes: by}).MayGrant(other) == nil; got != want {
				t.Errorf("%q over %q: %v", by, other, got)
			}
		}
	}
}

func TestScopesHaveOneText(t *testing.T) {
	for s := Scopes(1); s <= AllScopes; s++ {
		if got, err := ParseScopes(s.Names()); got != s || err != nil {
			t.Errorf("%v is read as %v, %v", s, got, err)
		}
	}
	for _, bad := range [][]string{nil, {}, {""}, {"root"}, {"read", "read"}, {"read "}, {"READ"}, {"send read"}} {
		if s, err := ParseScopes(bad); CodeOf(err) != "scopes_malformed" || s != 0 {
			t.Errorf("%q: %v, %v", bad, s, err)
		}
	}
}
