package relay

import (
	"slices"
	"strings"
)

// Scopes are what an API key may do, as a set. The zero set is no key's.
type Scopes uint8

// The scopes.
const (
	Send   Scopes = 1 << iota // make, fund, move and readdress payments; the treasury's trustlines; accounts on file
	Read                      // see payments, the treasury, the app and its keys
	Cancel                    // bring money home: cancel, and the receipt, whose rungs do the same
	Vouch                     // prove handles of the app's own users, where the app may
	Admin                     // make apps

	// AppScopes are those of an app's first key; AllScopes has Admin too.
	AppScopes = Send | Read | Cancel | Vouch
	AllScopes = AppScopes | Admin
)

type scopeName struct {
	scope Scopes
	name  string
}

var scopeNames = []scopeName{{Send, "send"}, {Read, "read"}, {Cancel, "cancel"}, {Vouch, "vouch"}, {Admin, "admin"}}

// Has says that every scope of what is in s.
func (s Scopes) Has(what Scopes) bool { return what != 0 && s&what == what }

// Names lists the scopes as the interface spells them, in one order.
func (s Scopes) Names() []string {
	names := []string{}
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// String is the names with a space between, as [ParseScopes] reads them.
func (s Scopes) String() string { return strings.Join(s.Names(), " ") }

// ParseScopes reads names of scopes. An unknown name, a name twice and an empty list are faults of kind [Invalid].
func ParseScopes(names []string) (Scopes, error) {
	var s Scopes
	for _, name := range names {
		i := slices.IndexFunc(scopeNames, func(n scopeName) bool { return n.name == name })
		if i < 0 || s&scopeNames[i].scope != 0 {
			return 0, InvalidFault("scopes_malformed", "/scopes", "a scope is one of "+AllScopes.String()+", each once")
		}
		s |= scopeNames[i].scope
	}
	if s == 0 {
		return 0, InvalidFault("scopes_malformed", "/scopes", "a key has at least one scope of "+AllScopes.String())
	}
	return s, nil
}

// MayGrant refuses what a key without the scopes of another wants to do to it: to make it, to close it, to take its place.
func (k Key) MayGrant(other Scopes) error {
	if k.Scopes.Has(other) {
		return nil
	}
	return NewFault(Forbidden, "key_stronger", "A key makes, rotates and revokes only keys that may do no more than it may itself.", nil)
}
