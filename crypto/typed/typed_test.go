package typed_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/restante/restante/crypto/typed"
)

func TestLine(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"plain", "letmein please", "letmein please"},
		{"with its end", "letmein please\r\nsecond line\n", "letmein please"},
		{"a mark", "\ufeffletmein please\n", "letmein please"},
		{"UTF-16, little end first", "\xff\xfel\x00e\x00t\x00\r\x00\n\x00", "let"},
		{"UTF-16, big end first", "\xfe\xff\x00l\x00e\x00t", "let"},
		{"UTF-16 beyond 16 bits", "\xff\xfe\x3d\xd8\x00\xde", "😀"},
		{"decomposed", "cafe\u0301", "caf\u00e9"},
		{"composed", "caf\u00e9", "caf\u00e9"},
		{"the longest", strings.Repeat("x", typed.MaxLine) + "\n", strings.Repeat("x", typed.MaxLine)},
	} {
		got, err := typed.Line([]byte(c.file))
		if err != nil || string(got.Reveal()) != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got.Reveal(), err, c.want)
		}
	}
}

func TestLineRefuses(t *testing.T) {
	for _, c := range []struct {
		name, file string
		column     int
		what       string
	}{
		{"zero width", "let\u200bmein", 4, "seen (U+200B)"},
		{"a mark inside", "let\ufeffmein", 4, "seen (U+FEFF)"},
		{"a soft hyphen", "let\u00admein", 4, "seen"},
		{"a writing direction", "\u202eletmein", 1, "seen"},
		{"a selector", "a\ufe0f", 2, "seen"},
		{"a filler", "a\u3164", 2, "seen"},
		{"a no-break space", "let me\u00a0in", 7, "space bar (U+00A0)"},
		{"a tab", "let\tmein", 4, "control"},
		{"a zero", "l\x00e\x00t\x00", 2, "UTF-16 without its mark"},
		{"no text", "let\xff\xfe", 4, "no text in UTF-8"},
		{"half a pair", "\xff\xfe\x3d\xd8a\x00", 1, "no keyboard"},
		{"half a unit", "\xff\xfea", 1, "UTF-16"},
		{"private", "a\ue000", 2, "no keyboard"},
		{"unknown", "a\u0378", 2, "Unicode does not know"},
		{"a space in front", " letmein", 1, "space at the beginning"},
		{"a space behind", "letmein ", 8, "space at the end"},
		{"too long", strings.Repeat("x", typed.MaxLine+1), typed.MaxLine, "more than 4095"},
		{"a file too long", "x\n" + strings.Repeat("y", typed.MaxText), 1, "more than 65536"},
	} {
		_, err := typed.Line([]byte(c.file))
		var place *typed.Error
		if !errors.As(err, &place) || place.Line != 1 || place.Column != c.column || !strings.Contains(place.What, c.what) {
			t.Errorf("%s: %v; want %q at character %d", c.name, err, c.what, c.column)
		}
	}
	for _, empty := range []string{"", "\n", "  \r\nsecond", "\ufeff", "\ufeff\n"} {
		if _, err := typed.Line([]byte(empty)); !errors.Is(err, typed.ErrEmpty) {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestText(t *testing.T) {
	got, err := typed.Text([]byte("\ufeffone\u3000two\r\nthree\tfour\u00a0five\n"))
	if want := "one\u3000two\r\nthree\tfour\u00a0five\n"; err != nil || string(got.Reveal()) != want {
		t.Errorf("%q, %v", got.Reveal(), err)
	}
	_, err = typed.Text([]byte("one\ntwo\u200b three"))
	var place *typed.Error
	if !errors.As(err, &place) || place.Line != 2 || place.Column != 4 {
		t.Errorf("%v, want line 2, character 4", err)
	}
}

// What is taken is text, in its composed form, and is read as itself again.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"letmein", "\ufeffx", "\xff\xfex\x00", "e\u0301", "\u0344", "x\u0f73", "가"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		before := bytes.Clone(file)
		got, err := typed.Line(file)
		if !bytes.Equal(before, file) {
			t.Fatal("the file was changed")
		}
		if err != nil {
			return
		}
		if !utf8.Valid(got.Reveal()) {
			t.Fatalf("%q is no text", got.Reveal())
		}
		if got.Len() > typed.MaxLine {
			return // composed forms of a few characters are longer
		}
		again, err := typed.Line(got.Reveal())
		if err != nil || !again.Equal(got) {
			t.Fatalf("%q is read as %q, %v", got.Reveal(), again.Reveal(), err)
		}
	})
}
