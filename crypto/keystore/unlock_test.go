package keystore

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/restante/restante/crypto/secret"
)

// bareOf takes the armor off.
func bareOf(t *testing.T, file []byte) []byte {
	t.Helper()
	out, err := io.ReadAll(armor.NewReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What stock age makes of the same text opens, however it writes it.
func TestOpensAsAgeWritesIt(t *testing.T) {
	text := plain(t)
	armored := lock(t, text, quick)
	for name, file := range map[string][]byte{
		"armored":            armored,
		"binary":             bareOf(t, armored),
		"armored, CRLF":      bytes.ReplaceAll(armored, []byte("\n"), []byte("\r\n")),
		"armored, a mark":    append([]byte("\ufeff"), armored...),
		"armored, space":     append([]byte("\n\n"), append(bytes.Clone(armored), "\n\n"...)...),
		"text with CRLF":     lock(t, strings.ReplaceAll(text, "\n", "\r\n"), quick),
		"text with a mark":   lock(t, "\ufeff"+text, quick),
		"a work factor of 1": lock(t, text, 1),
	} {
		if e, err := decrypt(file, phrase); err != nil || !e.Seed.Equal(entry().Seed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file that takes too much memory is called that, before any is spent; it is not called altered.
func TestWorkFactorIsTold(t *testing.T) {
	file := bareOf(t, lock(t, plain(t), 9))
	header, rest, _ := bytes.Cut(file, []byte("\n"))
	stanza, rest, _ := bytes.Cut(rest, []byte("\n"))
	with := func(factor string) []byte {
		return bytes.Join([][]byte{header, append(bytes.Clone(bytes.TrimSuffix(stanza, []byte("9"))), factor...), rest}, []byte("\n"))
	}
	for _, factor := range []string{"1", "18", "21", "22"} { // judged by the header alone: to open it takes gigabytes
		if err := underPassphrase(with(factor)); err != nil {
			t.Errorf("2^%s: %v", factor, err)
		}
	}
	for _, factor := range []string{"23", "30", "63"} {
		_, err := decrypt(with(factor), phrase)
		var work *WorkFactorError
		if !errors.As(err, &work) || !errors.Is(err, ErrMalformed) || errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), factor) {
			t.Errorf("2^%s: %v", factor, err)
		}
	}
}

func TestOpenIdentities(t *testing.T) {
	one, two := identity(t), identity(t)
	text := "# created: 2026-01-31\r\n" + one.String() + "\r\n\n# public key: x\n" + two.String() + "\n"
	want := []string{one.String(), two.String()}
	for name, file := range map[string][]byte{"text": []byte(text), "under a passphrase": lock(t, text, quick), "binary": bareOf(t, lock(t, text, quick))} {
		got, err := OpenIdentities(file, phrase)
		if err != nil || len(got) != 2 || string(got[0].Reveal()) != want[0] || string(got[1].Reveal()) != want[1] {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
		if Sealed(file) != (name != "text") {
			t.Errorf("%s: sealed is %v", name, Sealed(file))
		}
	}
	for name, c := range map[string]struct {
		file []byte
		pass secret.Bytes
		want error
	}{
		"none":             {[]byte("# nothing\n"), phrase, ErrNoIdentity},
		"a public key":     {[]byte(one.Recipient().String() + "\n"), phrase, ErrNoIdentity},
		"wrong passphrase": {lock(t, text, quick), secret.NewString("x"), ErrPassphrase},
		"no passphrase":    {lock(t, text, quick), secret.Bytes{}, ErrPassphrase},
		"for a key":        {lockToKey(t), phrase, ErrNoPassphrase},
	} {
		if _, err := OpenIdentities(c.file, c.pass); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
