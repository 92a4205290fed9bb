package unseal_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/tooltest"
	"github.com/restante/restante/crypto/unseal"
)

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func claimKeys(t testing.TB, s claim.Secret, payment, network string) claim.Keys {
	t.Helper()
	k, err := claim.Derive(s, payment, network)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealed(t testing.TB, c box.Content, claim string, sender ...string) []byte {
	t.Helper()
	file, err := seal.Seal(c, seal.Recipients{Sender: sender, Claim: claim})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// raw encrypts any plaintext, as another program may.
func raw(t testing.TB, plain string, to ...*age.X25519Identity) []byte {
	t.Helper()
	var all []age.Recipient
	for _, id := range to {
		all = append(all, id.Recipient())
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, all...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestEveryRecipientOpens(t *testing.T) {
	c := boxtest.Content()
	s, share := claim.NewSecret(), claim.NewShare()
	guarded, err := claimKeys(t, s, c.Payment, c.Network).GuardedIdentity(share)
	if err != nil {
		t.Fatal(err)
	}
	phone, laptop := identity(t), identity(t)
	file := sealed(t, c, guarded.Recipient(), phone.Recipient().String(), laptop.Recipient().String())
	for _, id := range []age.Identity{phone, laptop, guarded, guarded.Reveal()} {
		got, err := unseal.Open(file, id, boxtest.Expect(c))
		if err != nil || !got.Secret.Equal(c.Secret) || got.Note != c.Note || got.ReturnTo != c.ReturnTo || got.ExpiresAt != c.ExpiresAt {
			t.Errorf("%T: %v", id, err)
		}
	}

	h1, _ := age.GenerateHybridIdentity()
	h2, _ := age.GenerateHybridIdentity()
	file = sealed(t, c, h1.Recipient().String(), h2.Recipient().String())
	for _, id := range []age.Identity{h1, h2} {
		if _, err := unseal.Open(file, id, boxtest.Expect(c)); err != nil {
			t.Error(err)
		}
	}
	own, err := seal.SealToSender(c, []string{phone.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unseal.Open(own, phone, boxtest.Expect(c)); err != nil {
		t.Error(err)
	}
}

// Without one input of the claim identity the box does not open.
func TestNoOtherIdentityOpens(t *testing.T) {
	c := boxtest.Content()
	s, share := claim.NewSecret(), claim.NewShare()
	keys := claimKeys(t, s, c.Payment, c.Network)
	guarded, _ := keys.GuardedIdentity(share)
	file := sealed(t, c, guarded.Recipient(), identity(t).Recipient().String())
	otherShare, _ := keys.GuardedIdentity(claim.NewShare())
	otherSecret, _ := claimKeys(t, claim.NewSecret(), c.Payment, c.Network).GuardedIdentity(share)
	otherPayment, _ := claimKeys(t, s, boxtest.OtherPayment, c.Network).GuardedIdentity(share)
	otherNetwork, _ := claimKeys(t, s, c.Payment, boxtest.Public).GuardedIdentity(share)
	for name, id := range map[string]age.Identity{
		"another identity": identity(t),
		"the link alone":   keys.LinkIdentity(),
		"another share":    otherShare,
		"another secret":   otherSecret,
		"another payment":  otherPayment,
		"another network":  otherNetwork,
		"no identity":      claim.Identity{},
		"nil":              nil,
		"a hybrid one":     mustHybrid(t),
		"a passphrase one": mustScrypt(t),
	} {
		if got, err := unseal.Open(file, id, boxtest.Expect(c)); err != unseal.ErrIdentity || got.Secret.Len() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustHybrid(t *testing.T) age.Identity {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func mustScrypt(t *testing.T) age.Identity {
	id, err := age.NewScryptIdentity("x")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A box of another payment, network or account, sealed to the right recipients, is
// refused: two rows with their boxes swapped, say.
func TestSwappedBoxes(t *testing.T) {
	sender, recipient := identity(t), identity(t)
	mine := boxtest.Content()
	for name, x := range map[string]struct {
		change func(*box.Content)
		want   error
	}{
		"payment": {func(c *box.Content) { c.Payment = boxtest.OtherPayment }, box.ErrPayment},
		"network": {func(c *box.Content) { c.Network = boxtest.Public }, box.ErrNetwork},
		"account": {func(c *box.Content) {
			c.Account, c.Secret = boxtest.Key(5).Address(), secret.NewString(boxtest.Key(5).Seed())
		}, box.ErrAccount},
		"asset":  {func(c *box.Content) { c.Asset = "USD:" + boxtest.Key(4).Address() }, box.ErrAsset},
		"amount": {func(c *box.Content) { c.Amount++ }, box.ErrAmount},
	} {
		other := boxtest.Content()
		x.change(&other)
		file := sealed(t, other, recipient.Recipient().String(), sender.Recipient().String())
		if got, err := unseal.Open(file, recipient, boxtest.Expect(mine)); err != x.want || got.Secret.Len() != 0 {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
}

// Every single byte of the file counts, and so does its end.
func TestTamperedFile(t *testing.T) {
	sender, recipient := identity(t), identity(t)
	c := boxtest.Content()
	file := sealed(t, c, recipient.Recipient().String(), sender.Recipient().String())
	refused := func(what string, at int, file []byte) {
		t.Helper()
		if got, err := unseal.Open(file, recipient, boxtest.Expect(c)); err == nil || got.Secret.Len() != 0 {
			t.Errorf("%s at %d: %v", what, at, err)
		}
	}
	for i := range file {
		changed := bytes.Clone(file)
		changed[i] ^= 1
		refused("changed", i, changed)
		refused("cut", i, file[:i])
	}
	refused("longer", len(file), append(bytes.Clone(file), 0))

	body := bytes.Clone(file)
	body[len(body)-1] ^= 1
	if _, err := unseal.Open(body, recipient, boxtest.Expect(c)); err != unseal.ErrTampered {
		t.Errorf("body: %v", err)
	}
	if _, err := unseal.Open(file[:len(file)-1], recipient, boxtest.Expect(c)); err != unseal.ErrTampered {
		t.Errorf("cut: %v", err)
	}
}

func withStanza(file []byte, stanza string) []byte {
	at := bytes.Index(file, []byte("\n--- "))
	return []byte(string(file[:at+1]) + stanza + string(file[at+1:]))
}

func TestForgedHeaders(t *testing.T) {
	sender, recipient := identity(t), identity(t)
	c := boxtest.Content()
	file := sealed(t, c, recipient.Recipient().String(), sender.Recipient().String())
	b64 := func(n int) string { return base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n)) }

	extra := withStanza(file, "-> X25519 "+b64(32)+"\n"+b64(32)+"\n")
	if _, err := seal.Inspect(extra); err != nil {
		t.Fatalf("not the attack it means to be: %v", err)
	}
	if _, err := unseal.Open(extra, recipient, boxtest.Expect(c)); err != unseal.ErrTampered {
		t.Errorf("extra recipient: %v", err)
	}
	locked := withStanza(file, "-> scrypt "+b64(16)+" 18\n"+b64(32)+"\n")
	if _, err := unseal.Open(locked, recipient, boxtest.Expect(c)); err != seal.ErrStanza {
		t.Errorf("passphrase smuggled in: %v", err)
	}
	// The header of one box on the body of another.
	other := sealed(t, c, recipient.Recipient().String(), sender.Recipient().String())
	mac := func(f []byte) int { return bytes.Index(f, []byte("\n--- ")) + len("\n--- ") + 43 + 1 }
	if _, err := unseal.Open(append(bytes.Clone(file[:mac(file)]), other[mac(other):]...), recipient, boxtest.Expect(c)); err != unseal.ErrTampered {
		t.Errorf("other body: %v", err)
	}
}

func TestForeignContents(t *testing.T) {
	a, b := identity(t), identity(t)
	c := boxtest.Content()
	text, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(text.Reveal())
	for name, x := range map[string]struct {
		plain string
		want  error
	}{
		"as it is":      {good, nil},
		"line end":      {good + "\n", box.ErrMalformed},
		"unknown field": {strings.TrimSuffix(good, "}") + `,"x":1}`, box.ErrMalformed},
		"version":       {strings.Replace(good, `"v":1`, `"v":2`, 1), box.ErrVersion},
		"seed alone":    {boxtest.Key(1).Seed(), box.ErrMalformed},
		"foreign seed":  {strings.Replace(good, boxtest.Key(1).Seed(), boxtest.Key(6).Seed(), 1), box.ErrSeed},
	} {
		if _, err := unseal.Open(raw(t, x.plain, a, b), a, boxtest.Expect(c)); err != x.want {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	if _, err := unseal.Open(raw(t, strings.Repeat("a", seal.MaxFile), a, b), a, boxtest.Expect(c)); err != seal.ErrTooLong {
		t.Errorf("oversized: %v", err)
	}
	if _, err := unseal.Open(raw(t, "", a, b), a, boxtest.Expect(c)); err == nil {
		t.Error("an empty content was taken")
	}
}

// Stock age opens a box with the identity that its owner saved: exit without us.
func TestStockAgeOpens(t *testing.T) {
	bin := tooltest.Path(t, "age")
	c := boxtest.Content()
	link := claimKeys(t, claim.NewSecret(), c.Payment, c.Network).LinkIdentity()
	sender := identity(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "box.age")
	if err := os.WriteFile(path, sealed(t, c, link.Recipient(), sender.Recipient().String()), 0o600); err != nil {
		t.Fatal(err)
	}
	want, _ := c.Encode()
	for name, text := range map[string]string{"sender": sender.String(), "link": link.Reveal().String()} {
		idPath := filepath.Join(dir, name+".txt")
		if err := os.WriteFile(idPath, []byte("# "+name+"\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(bin, "-d", "-i", idPath, path).CombinedOutput()
		if err != nil || !bytes.Equal(out, want.Reveal()) {
			t.Errorf("%s: %v, %d bytes", name, err, len(out))
		}
	}
}
