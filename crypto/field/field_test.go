package field_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
)

func keys(t testing.TB, fill byte) *field.Keys {
	t.Helper()
	root, err := secret.NewKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	k, err := field.Derive(root)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealAndOpen(t *testing.T) {
	k := keys(t, 1)
	for _, plain := range []string{"", "email:ana@example.com", strings.Repeat("a", 1<<16)} {
		a, err := k.Seal("payment.handle", "pay_1", []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := k.Seal("payment.handle", "pay_1", []byte(plain))
		if bytes.Equal(a, b) {
			t.Error("the same value is sealed to the same bytes")
		}
		if len(a) != len(plain)+field.Overhead || a[0] != 1 {
			t.Errorf("%d bytes, version %d", len(a), a[0])
		}
		got, err := k.Open("payment.handle", "pay_1", a)
		if err != nil || string(got.Reveal()) != plain {
			t.Errorf("%v", err)
		}
	}
}

func TestValuesStayInTheirPlace(t *testing.T) {
	k := keys(t, 1)
	sealed, err := k.Seal("payment.handle", "pay_1", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range [][2]string{
		{"payment.handle", "pay_2"}, {"payment.share", "pay_1"}, {"payment.handl", "epay_1"}, {"payment.handlep", "ay_1"},
		{"pay_1", "payment.handle"}, {"payment.handle", "pay_1\x00"}, {"payment.handlepay_1", "p"},
	} {
		if got, err := k.Open(place[0], place[1], sealed); err != field.ErrOpen || got.Len() != 0 {
			t.Errorf("opened at %q: %v", place, err)
		}
	}
	if _, err := keys(t, 2).Open("payment.handle", "pay_1", sealed); err != field.ErrOpen {
		t.Errorf("another root: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		want := field.ErrOpen
		if i == 0 {
			want = field.ErrVersion
		}
		if _, err := k.Open("payment.handle", "pay_1", changed); err != want {
			t.Errorf("changed at %d: %v", i, err)
		}
		if _, err := k.Open("payment.handle", "pay_1", sealed[:i]); err != field.ErrOpen {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	for _, place := range [][2]string{{"", "row"}, {"purpose", ""}} {
		if _, err := k.Seal(place[0], place[1], nil); err != field.ErrPlace {
			t.Error(err)
		}
		if _, err := k.Open(place[0], place[1], sealed); err != field.ErrPlace {
			t.Error(err)
		}
	}
}

func TestHashesAreApart(t *testing.T) {
	k := keys(t, 1)
	seen := map[string]string{}
	for what, hash := range map[string]string{
		"index":          k.BlindIndex("a", "bc"),
		"moved":          k.BlindIndex("ab", "c"),
		"other value":    k.BlindIndex("a", "bd"),
		"code":           k.CodeMAC("a", "bc"),
		"moved code":     k.CodeMAC("ab", "c"),
		"other root":     keys(t, 2).BlindIndex("a", "bc"),
		"other code key": keys(t, 2).CodeMAC("a", "bc"),
	} {
		if len(hash) != 64 || strings.ToLower(hash) != hash {
			t.Errorf("%s: %s", what, hash)
		}
		if was, ok := seen[hash]; ok {
			t.Errorf("%s equals %s", what, was)
		}
		seen[hash] = what
	}
	if k.BlindIndex("a", "bc") != keys(t, 1).BlindIndex("a", "bc") {
		t.Error("the index is not the same twice")
	}
}

func TestCheckCode(t *testing.T) {
	k := keys(t, 1)
	mac := k.CodeMAC("session", "012345")
	if !k.CheckCode("session", "012345", mac) {
		t.Error("the right code is refused")
	}
	if k.CheckCode("session", "000000", mac) || k.CheckCode("other", "012345", mac) || k.CheckCode("session", "012345", "") || keys(t, 2).CheckCode("session", "012345", mac) {
		t.Error("a wrong code is taken")
	}
}

func TestDeriveNeedsARoot(t *testing.T) {
	if _, err := field.Derive(secret.Key{}); err != field.ErrNoRoot {
		t.Error(err)
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	k := keys(t, 'k')
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%A"} {
		if out := fmt.Sprintf(format, k) + fmt.Sprintf(format, *k); strings.ReplaceAll(out, secret.Mark, "") != "" {
			t.Errorf("%s: %s", format, out)
		}
	}
}

func TestLoadRoot(t *testing.T) {
	dir := t.TempDir()
	hexKey := strings.Repeat("0f", 32)
	write := func(content string, mode fs.FileMode) string {
		path := filepath.Join(dir, "key")
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o440, 0o640} {
		for _, end := range []string{"", "\n"} {
			k, err := field.LoadRoot(write(hexKey+end, mode))
			if err != nil || !bytes.Equal(k.Reveal(), bytes.Repeat([]byte{0x0f}, 32)) {
				t.Errorf("%o: %v", mode, err)
			}
		}
	}
	for _, mode := range []fs.FileMode{0o644, 0o604, 0o660, 0o601, 0o777, 0o620} {
		if _, err := field.LoadRoot(write(hexKey, mode)); !errors.Is(err, field.ErrKeyMode) {
			t.Errorf("%o: %v", mode, err)
		}
	}
	for name, content := range map[string]string{
		"empty": "", "short": hexKey[:62], "odd": hexKey[:63], "long": hexKey + "0f", "upper": strings.ToUpper(hexKey), "two lines": hexKey + "\n\n",
		"CRLF": hexKey + "\r\n", "space": " " + hexKey, "not hex": strings.Repeat("xy", 32), "zeros": strings.Repeat("0", 64), "huge": strings.Repeat(hexKey, 100),
	} {
		if _, err := field.LoadRoot(write(content, 0o600)); err != field.ErrKeyFile {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := field.LoadRoot(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := field.LoadRoot(dir); !errors.Is(err, field.ErrKeyFile) {
		t.Errorf("a folder: %v", err)
	}
}

func TestCreateRoot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	a, err := field.CreateRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := field.CreateRoot(path)
	if err != nil || !a.Equal(b) {
		t.Errorf("second time: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := field.CreateRoot(path); !errors.Is(err, field.ErrKeyMode) {
		t.Errorf("open to others: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := field.CreateRoot(path); !errors.Is(err, field.ErrKeyFile) {
		t.Errorf("an empty file is not replaced: %v", err)
	}
}
