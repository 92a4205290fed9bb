package claim_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
)

func derive(t testing.TB, s claim.Secret, id, network string) claim.Keys {
	t.Helper()
	k, err := claim.Derive(s, id, network)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func guarded(t testing.TB, k claim.Keys, share claim.Share) claim.Identity {
	t.Helper()
	id, err := k.GuardedIdentity(share)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Everything derived differs from everything else derived, over uses, payments,
// networks, secrets and shares; and the same input gives the same output.
func TestDerivedValuesAreApart(t *testing.T) {
	share, _ := claim.ShareFromBytes(bytes.Repeat([]byte{9}, 32))
	share2, _ := claim.ShareFromBytes(bytes.Repeat([]byte{8}, 32))
	seen := map[string]string{}
	put := func(what, value string) {
		if was, ok := seen[value]; ok {
			t.Errorf("%s equals %s", what, was)
		}
		seen[value] = what
	}
	for _, s := range []claim.Secret{testSecret(t, 1), testSecret(t, 2)} {
		for _, id := range []string{payment, other} {
			for _, net := range []string{network, "Public Global Stellar Network ; September 2015"} {
				k := derive(t, s, id, net)
				at := fmt.Sprint(s.Reveal()[0], id, net)
				put("auth "+at, string(k.Auth().Reveal()))
				put("auth hash "+at, k.Auth().Hash())
				put("box key "+at, string(k.BoxKey().Reveal()))
				put("link "+at, k.LinkIdentity().Recipient())
				put("guarded "+at, guarded(t, k, share).Recipient())
				put("guarded 2 "+at, guarded(t, k, share2).Recipient())
				again := derive(t, s, id, net)
				if !again.Auth().Equal(k.Auth().Key) || again.LinkIdentity().Recipient() != k.LinkIdentity().Recipient() {
					t.Error("not the same twice")
				}
			}
		}
	}
	if len(seen) != 8*6 {
		t.Errorf("%d values", len(seen))
	}
}

// secret ‖ share with the boundary moved: neither half can be of another length,
// and swapping the halves gives another identity.
func TestBoundaryBetweenSecretAndShareIsFixed(t *testing.T) {
	all := make([]byte, 64)
	for i := range all {
		all[i] = byte(i)
	}
	for _, at := range []int{0, 1, 31, 33, 63, 64} {
		_, errA := claim.SecretFromBytes(all[:at])
		_, errB := claim.ShareFromBytes(all[at:])
		if !errors.Is(errA, secret.ErrLength) || !errors.Is(errB, secret.ErrLength) {
			t.Errorf("boundary at %d: %v, %v", at, errA, errB)
		}
	}
	a, _ := claim.SecretFromBytes(all[:32])
	b, _ := claim.ShareFromBytes(all[32:])
	swappedA, _ := claim.SecretFromBytes(all[32:])
	swappedB, _ := claim.ShareFromBytes(all[:32])
	one := guarded(t, derive(t, a, payment, network), b)
	two := guarded(t, derive(t, swappedA, payment, network), swappedB)
	if one.Recipient() == two.Recipient() {
		t.Error("halves can be swapped")
	}
}

func TestDeriveRefuses(t *testing.T) {
	s := testSecret(t, 1)
	for name, c := range map[string]struct {
		s       claim.Secret
		id, net string
		want    error
	}{
		"id":      {s, "pay_", network, claim.ErrPaymentID},
		"network": {s, payment, "", claim.ErrNetwork},
		"secret":  {claim.Secret{}, payment, network, claim.ErrNoSecret},
	} {
		if _, err := claim.Derive(c.s, c.id, c.net); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := derive(t, s, payment, network).GuardedIdentity(claim.Share{}); !errors.Is(err, claim.ErrNoSecret) {
		t.Error(err)
	}
	if _, err := (claim.Keys{}).GuardedIdentity(claim.NewShare()); !errors.Is(err, claim.ErrNoSecret) {
		t.Error(err)
	}
	if _, err := (claim.Identity{}).Unwrap(nil); !errors.Is(err, claim.ErrNoSecret) {
		t.Error(err)
	}
}

func TestAuth(t *testing.T) {
	a := derive(t, testSecret(t, 1), payment, network).Auth()
	b := derive(t, testSecret(t, 2), payment, network).Auth()
	if !a.Matches(a.Hash()) || a.Matches(b.Hash()) || a.Matches("") || a.Matches(a.Hash()[:63]) || (claim.Auth{}).Matches(a.Hash()) {
		t.Error("Matches is wrong")
	}
	back, err := claim.ParseAuth(a.RevealText())
	if err != nil || !back.Equal(a.Key) {
		t.Errorf("came back %v", err)
	}
	share := claim.NewShare()
	if back, err := claim.ParseShare(share.RevealText()); err != nil || !back.Equal(share.Key) {
		t.Errorf("share came back %v", err)
	}
	text := a.RevealText()
	for _, bad := range []string{"", text[:42], text + "A", text + "=", " " + text[1:], text[:20] + "\n" + text[21:], text[:42] + "B", text + "\n", "\n" + text, text[:40] + "\nAA", text[:39] + "\n\nA\n", strings.Repeat("+", 43)} {
		if _, err := claim.ParseAuth(bad); !errors.Is(err, claim.ErrText) {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := claim.ParseShare(bad); !errors.Is(err, claim.ErrText) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestIdentityIsOneOfAge(t *testing.T) {
	id := derive(t, testSecret(t, 1), payment, network).LinkIdentity()
	text := id.Reveal().String()
	parsed, err := age.ParseX25519Identity(text)
	if err != nil || parsed.Recipient().String() != id.Recipient() {
		t.Errorf("%v", err)
	}
	k := derive(t, testSecret(t, 1), payment, network)
	auth := k.Auth().RevealText()
	for _, v := range []any{id, &id, k, &k, struct{ k claim.Keys }{k}, struct{ i claim.Identity }{id}} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%A", "%p"} {
			out := fmt.Sprintf(format, v)
			if strings.Contains(out, "AGE-SECRET") || strings.Contains(out, auth) || strings.Contains(out, "[1 2 3") {
				t.Errorf("%s of %T: %s", format, v, out)
			}
		}
	}
}
