package idn_test

import (
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/idn"
)

func TestParseHandle(t *testing.T) {
	for text, want := range map[string]string{
		"ana@example.com":              "email:ana@example.com",
		"Ana@EXAMPLE.com":              "email:ana@example.com",
		"ana@bücher.example":           "email:ana@xn--bcher-kva.example",
		"email:ana@Bücher.example":     "email:ana@xn--bcher-kva.example",
		"ana@bu\u0308cher.example":     "email:ana@xn--bcher-kva.example",
		"ana@xn--bcher-kva.example":    "email:ana@xn--bcher-kva.example",
		"ana@XN--BCHER-KVA.example":    "email:ana@xn--bcher-kva.example",
		"ana@straße.example":           "email:ana@xn--strae-oqa.example", // IDNA 2008: another domain than strasse
		"ana@пример.example":           "email:ana@xn--e1afmkfd.example",
		"ana@例え.example":               "email:ana@xn--r8jz45g.example",
		"ana@日本語カナabc.example":         "email:ana@xn--abc-jj4b4fs673ao4bc84j.example",
		"ana@한국.example":               "email:ana@xn--3e0b707e.example",
		"ana@EXAMPLE\uff0ecom":         "email:ana@example.com", // the full stop of East Asian keyboards (UTS 46)
		"tel:+15550100":                "tel:+15550100",
		"github:Ana":                   "github:ana",
		"app:user-1":                   "app:user-1",
		"ana@xn--80ak6aa92e.xn--p1ai1": "",
	} {
		got, err := idn.ParseHandle(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s is taken as %s", text, got)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
}

// What is refused is refused in both forms, with a word that helps.
func TestParseHandleRefuses(t *testing.T) {
	for text, word := range map[string]string{
		"ana@exаmple.com":        "passes for another", // a Cyrillic а
		"ana@xn--exmple-4nf.com": "passes for another",
		"ana@аррӏе.com":          "passes for another", // Cyrillic alone
		"ana@xn--80ak6aa92e.com": "passes for another",
		"ana@eχample.com":        "passes for another", // a Greek chi
		"ana@example.com\u200b":  "cannot be seen (U+200B) at place 16",
		"\ufeffana@example.com":  "cannot be seen (U+FEFF) at place 1",
		"ana@exam\u00adple.com":  "cannot be seen (U+00AD) at place 9",
		"ana@example.com\n":      "cannot be seen (U+000A)",
		"анна@example.com":       "before the @",
		"ana@xn--a.example":      "IDNA 2008",
		"ana@xn--bücher.example": "IDNA 2008",
		"ana@-bücher.example":    "IDNA 2008",
		"ana@ex_ämple.com":       "IDNA 2008",
		"mailto:ana@example.com": "",
		"ana@bücher":             "looks like",
		"Ana <ana@example.com>":  "looks like",
		"ana@@bücher.example":    "",
		"fax:+15550100":          "begins with",
	} {
		got, err := idn.ParseHandle(text)
		if relay.CodeOf(err) != "handle_malformed" || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, %v; want %q", text, got, err, word)
		}
	}
}

// What is taken is in one form: read again it is the same.
func FuzzParseHandle(f *testing.F) {
	for _, s := range []string{"ana@bücher.example", "ana@xn--bcher-kva.example", "ana@例え.example", "tel:+15550100", "a@ß.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := idn.ParseHandle(s)
		if err != nil {
			return
		}
		if again, err := idn.ParseHandle(h.String()); err != nil || again != h {
			t.Fatalf("%q is %v, and that is %v, %v", s, h, again, err)
		}
		if strict, err := relay.ParseHandle(h.String()); err != nil || strict != h {
			t.Fatalf("%q is %v, and to package relay %v, %v", s, h, strict, err)
		}
	})
}
