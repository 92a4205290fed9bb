package keystore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/secret"
)

func profile(t testing.TB) Profile {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	e := entry()
	return Profile{
		Name: "default", Account: e.Account, Network: e.Network, Recipient: id.Recipient().String(), Created: e.Created,
		Identity: secret.NewString(id.String()), Seed: e.Seed,
	}
}

func profilePlain(t testing.TB, p Profile) string {
	t.Helper()
	b, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b.Reveal())
}

func TestWriteAndOpenProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "default.age")
	p := profile(t)
	if err := WriteProfile(path, p, phrase); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(file), armor.Header+"\n") || bytes.Contains(file, []byte(p.Account)) {
		t.Fatalf("%s, %v", file, err)
	}
	if info, _ := os.Stat(path); info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	got, err := OpenEither(path, phrase)
	if err != nil || got.Name != p.Name || got.Account != p.Account || got.Network != p.Network || got.Recipient != p.Recipient ||
		!got.Identity.Equal(p.Identity) || !got.Seed.Equal(p.Seed) || !got.Created.Equal(p.Created.Truncate(time.Second)) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := WriteProfile(path, profile(t), phrase); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second time: %v", err)
	}
	if again, _ := os.ReadFile(path); !bytes.Equal(again, file) {
		t.Error("the file was overwritten")
	}
	if e, err := Open(path, phrase); err != ErrKind || e.Seed.Len() != 0 {
		t.Errorf("as an account's keystore: %v", err)
	}
}

func TestProfilePlaintextIsAsDocumented(t *testing.T) {
	p := profile(t)
	want := "# Restante profile v1\n# name: default\n# account: " + p.Account + "\n# network: Test SDF Network ; September 2015\n# recipient: " +
		p.Recipient + "\n# created: 2026-01-31T11:00:00Z\n" + string(p.Identity.Reveal()) + "\n# stellar seed: " + boxtest.Key(1).Seed() + "\n"
	if got := profilePlain(t, p); got != want {
		t.Errorf("got %q", got)
	}
}

func TestEitherKindIsTold(t *testing.T) {
	account, err := encrypt(entry(), phrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decryptEither(account, phrase)
	if err != nil || got.Name != "" || got.Recipient != "" || got.Identity.Len() != 0 || !got.Seed.Equal(entry().Seed) {
		t.Errorf("%+v, %v", got, err)
	}
	p := profile(t)
	file, err := encrypt(p, phrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decryptEither(file, phrase); err != nil || got.Name != p.Name || got.Entry().Account != p.Account || !got.Entry().Seed.Equal(p.Seed) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := decryptEither(file, secret.NewString("other")); err != ErrPassphrase {
		t.Error(err)
	}
	altered := strings.Replace(profilePlain(t, p), p.Recipient, profile(t).Recipient, 1)
	if got, err := decryptEither(lock(t, altered, quick), phrase); err != ErrMalformed || got.Seed.Len() != 0 {
		t.Errorf("with another's recipient: %v", err)
	}
}

func TestWriteProfileRefuses(t *testing.T) {
	for name, change := range map[string]func(*Profile){
		"no name":         func(p *Profile) { p.Name = "" },
		"a path":          func(p *Profile) { p.Name = "../a" },
		"no account":      func(p *Profile) { p.Account = "" },
		"other seed":      func(p *Profile) { p.Seed = secret.NewString(boxtest.Key(2).Seed()) },
		"no seed":         func(p *Profile) { p.Seed = secret.Bytes{} },
		"no identity":     func(p *Profile) { p.Identity = secret.Bytes{} },
		"other identity":  func(p *Profile) { p.Identity = profile(t).Identity },
		"small letters":   func(p *Profile) { p.Identity = secret.New(bytes.ToLower(p.Identity.Reveal())) },
		"other recipient": func(p *Profile) { p.Recipient = profile(t).Recipient },
		"no network":      func(p *Profile) { p.Network = "" },
		"two lines":       func(p *Profile) { p.Network = "a\n# b" },
		"no date":         func(p *Profile) { p.Created = time.Time{} },
		"long network":    func(p *Profile) { p.Network = strings.Repeat("a", maxPlain) },
	} {
		p := profile(t)
		change(&p)
		path := filepath.Join(t.TempDir(), "a.age")
		if err := WriteProfile(path, p, phrase); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: left a file", name)
		}
	}
	if err := WriteProfile(filepath.Join(t.TempDir(), "a"), profile(t), secret.Bytes{}); !errors.Is(err, ErrPassphrase) {
		t.Error(err)
	}
}

func TestValidName(t *testing.T) {
	for _, name := range []string{"default", "a", "0", "work-2", "a.b_c", strings.Repeat("a", maxName)} {
		if !ValidName(name) {
			t.Errorf("%q is refused", name)
		}
	}
	for _, name := range []string{"", ".", "..", ".a", "-a", "_a", "a/b", "a\\b", "A", "a b", "a\x00", "ä", strings.Repeat("a", maxName+1)} {
		if ValidName(name) {
			t.Errorf("%q is let through", name)
		}
	}
}

func FuzzDecodeProfile(f *testing.F) {
	good := profilePlain(f, profile(f))
	f.Add([]byte(good))
	f.Add([]byte(strings.Replace(good, "Z\n", "+00:00\n", 1)))
	f.Add([]byte(strings.Replace(good, "00Z", "00.5Z", 1)))
	f.Add([]byte(strings.ReplaceAll(good, "\n", "\r\n")))
	f.Add([]byte(strings.Replace(good, "# account: ", "", 1)))
	f.Add([]byte(strings.Replace(good, lineSeed, "", 1)))
	f.Add([]byte(strings.Replace(good, "AGE-SECRET-KEY-1", "age-secret-key-1", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := decodeProfile(text)
		if err != nil {
			if err != ErrMalformed || p.Seed.Len() != 0 || p.Identity.Len() != 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := p.encode()
		if err != nil || !bytes.Equal(again.Reveal(), text) {
			t.Fatalf("%q came back as %q, %v", text, again.Reveal(), err)
		}
	})
}
