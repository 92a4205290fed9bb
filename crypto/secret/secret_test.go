package secret_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/secret"
)

// plain is printable, so that it would show in text, hex, quoted or decimal.
var plain = []byte("correct-horse-battery-staple-32b")

// Each form is longer than what an address may hold by chance.
func leaks(out string) bool {
	decimal := strings.Trim(fmt.Sprint(plain[:4]), "[]")
	for _, form := range []string{
		"correct", hex.EncodeToString(plain[:4]), strings.ToUpper(hex.EncodeToString(plain[:4])),
		decimal, "0x63, 0x6f", "63 6f 72", "Y29ycmVjdC1ob3Jz", "143 157", "1100011 1101111", "99 111", "99, 111",
	} {
		if strings.Contains(out, form) {
			return true
		}
	}
	return false
}

type role struct{ secret.Key }

// methodless loses the methods of Key: only the closure inside still hides it.
type methodless secret.Key

type holder struct {
	Shown  secret.Key
	hidden secret.Key
	text   secret.Bytes
	Ptr    *secret.Key
	List   []secret.Bytes
	Map    map[string]role
}

func values(t *testing.T) (all []any, direct int) {
	t.Helper()
	k, err := secret.NewKey(plain)
	if err != nil {
		t.Fatal(err)
	}
	b := secret.New(plain)
	all = []any{k, &k, b, &b, role{k}, &role{k}}
	direct = len(all)
	h := holder{k, k, b, &k, []secret.Bytes{b}, map[string]role{"a": {k}}}
	return append(all, h, &h, []any{h}, methodless(k), []secret.Key{k}, [1]role{{k}},
		struct{ k methodless }{methodless(k)}, errorWith{k}), direct
}

type errorWith struct{ k secret.Key }

func (e errorWith) Error() string { return fmt.Sprintf("refused %v", e.k) }

func TestNoVerbReveals(t *testing.T) {
	all, direct := values(t)
	for i, v := range all {
		for verb := 'A'; verb <= 'z'; verb++ {
			for _, flags := range []string{"", "+", "#", " ", "0", "-", "+#", "# ", "40", ".3"} {
				out := fmt.Sprintf("%"+flags+string(verb), v)
				if leaks(out) {
					t.Fatalf("%%%s%c of %T shows the secret: %s", flags, verb, v, out)
				}
				if i < direct && !strings.ContainsRune("Tpw[\\]^_`", verb) && out != secret.Mark {
					t.Errorf("%%%s%c of %T: got %q", flags, verb, v, out)
				}
			}
		}
		//lint:ignore SA5009 a verb that does not exist is one of the ways in which a secret gets printed
		if out := fmt.Sprint(v) + fmt.Sprintln(v) + fmt.Sprintf("%!", v); leaks(out) {
			t.Errorf("print of %T shows the secret: %s", v, out)
		}
	}
}

func TestNoEncoderReveals(t *testing.T) {
	all, direct := values(t)
	for i, v := range all {
		out, err := json.Marshal(v)
		if err == nil && leaks(string(out)) {
			t.Errorf("JSON of %T shows the secret: %s", v, out)
		}
		if got := slog.AnyValue(v).Resolve(); i < direct && (got.Kind() != slog.KindString || got.String() != secret.Mark) {
			t.Errorf("%T resolves to %v", v, got)
		}
		if i < direct && string(out) != `"REDACTED"` {
			t.Errorf("JSON of %T: %s, %v", v, out, err)
		}
		if out, err := xml.Marshal(v); err == nil && leaks(string(out)) {
			t.Errorf("XML of %T shows the secret: %s", v, out)
		}
		for _, handler := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		} {
			var buf bytes.Buffer
			slog.New(handler(&buf)).Info("shown", "value", v, slog.Group("g", "value", v))
			if leaks(buf.String()) {
				t.Errorf("slog of %T shows the secret: %s", v, buf.String())
			}
			if i < direct && strings.Count(buf.String(), secret.Mark) != 2 {
				t.Errorf("slog of %T: %s", v, buf.String())
			}
		}
		err = errors.Join(fmt.Errorf("wrapped: %v, %+v, %#v", v, v, v))
		if leaks(err.Error()) {
			t.Errorf("error with %T shows the secret: %v", v, err)
		}
	}
}

func TestKey(t *testing.T) {
	for _, n := range []int{0, 31, 33} {
		if _, err := secret.NewKey(make([]byte, n)); !errors.Is(err, secret.ErrLength) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	src := bytes.Clone(plain)
	k, _ := secret.NewKey(src)
	src[0] ^= 1
	if !bytes.Equal(k.Reveal(), plain) {
		t.Error("the key shares the bytes it was made from")
	}
	same, _ := secret.NewKey(plain)
	other, _ := secret.NewKey(src)
	if !k.Equal(same) || k.Equal(other) || k.Equal(secret.Key{}) || (secret.Key{}).Equal(secret.Key{}) {
		t.Error("Equal is wrong")
	}
	if secret.RandomKey().Equal(secret.RandomKey()) || secret.RandomKey().IsZero() {
		t.Error("random keys are not random")
	}
	twin := k
	view := k.Reveal()
	k.Wipe()
	if !twin.IsZero() || !bytes.Equal(view, make([]byte, secret.KeySize)) {
		t.Error("Wipe left a copy")
	}
	defer func() {
		if recover() == nil {
			t.Error("a wiped key was revealed")
		}
	}()
	twin.Reveal()
}

func TestBytes(t *testing.T) {
	src := bytes.Clone(plain)
	b := secret.New(src)
	src[0] ^= 1
	if !bytes.Equal(b.Reveal(), plain) || b.Len() != len(plain) {
		t.Error("the secret shares the bytes it was made from")
	}
	if !b.Equal(secret.NewString(string(plain))) || b.Equal(secret.New(src)) || b.Equal(secret.New(plain[:31])) {
		t.Error("Equal is wrong")
	}
	twin, view := b, b.Reveal()
	b.Wipe()
	if twin.Len() != 0 || twin.Reveal() != nil || !bytes.Equal(view, make([]byte, len(plain))) {
		t.Error("Wipe left a copy")
	}
	var empty secret.Bytes
	empty.Wipe()
	if empty.Reveal() != nil || empty.Len() != 0 {
		t.Error("the zero value is not empty")
	}
}
