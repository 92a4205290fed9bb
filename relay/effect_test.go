package relay

import (
	"slices"
	"testing"
)

// Every kind of work that is declared has a row that says whose clock it is due by; what has no row is due by none, and rests.
func TestEffects(t *testing.T) {
	names := declared(t, "effect.go", "EffectKind")
	for _, name := range names {
		if c := EffectKind(name).Clock(); c != ServiceClock && c != LedgerClock {
			t.Errorf("%s is declared, and its row says %q of its clock", name, c)
		}
	}
	kinds, byClocks := EffectKinds(), append(KindsDueBy(ServiceClock), KindsDueBy(LedgerClock)...)
	slices.Sort(byClocks)
	if len(kinds) != len(names) || !slices.Equal(kinds, byClocks) {
		t.Errorf("%d are declared; all are %v, by either clock %v", len(names), kinds, byClocks)
	}
	unknown := EffectKind("gift")
	if unknown.Clock() != "" || !unknown.MovesMoney() || slices.Contains(KindsOfLive(), unknown) {
		t.Errorf("an unknown kind: clock %q, moves money %v", unknown.Clock(), unknown.MovesMoney())
	}
}

// What halts and what ends with its payment, kind by kind.
func TestEffectRules(t *testing.T) {
	for kind, want := range map[EffectKind]effectRules{
		"fund": {"service", true, true}, "submit": {"service", true, false}, "keep": {"service", false, true},
		"return": {"service", true, true}, "expire": {"ledger", true, true}, "audit": {"service", true, true},
		"publish": {"service", false, false}, "notify": {"service", false, false}, "mail_code": {"service", false, false},
		"expunge": {"service", false, false}, "reclaim": {"service", true, false}, "collect": {"service", true, false},
	} {
		if got := (effectRules{kind.Clock(), kind.MovesMoney(), slices.Contains(KindsOfLive(), kind)}); got != want {
			t.Errorf("%s: %+v, want %+v", kind, got, want)
		}
	}
}
