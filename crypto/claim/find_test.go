package claim_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/claim"
)

// Whatever a program puts around a link or makes of it, the same link is found.
func TestFind(t *testing.T) {
	good := testLink(t)
	address, fragment, _ := strings.Cut(good, "#")
	for name, text := range map[string]string{
		"as it is":               good,
		"a query":                address + "?fbclid=x#" + fragment,
		"a query with an id":     address + "?a=/c/" + other + "#" + fragment,
		"a full stop":            good + ".",
		"a comma":                good + ",",
		"angle brackets":         "<" + good + ">",
		"round brackets":         "(" + good + ")",
		"quotes":                 `"` + good + `"`,
		"Markdown":               "[your money](" + good + ")",
		"HTML":                   `<a href="` + good + `">claim</a>`,
		"an escaped mark":        address + "%23" + fragment,
		"an escaped mark, query": address + "%23" + fragment + "?utm_source=mail",
		"a space behind, coded":  good + "%20",
		"a word behind":          good + "andthen",
		"a tracker behind":       good + "&utm_source=mail",
		"two lines":              good[:len(good)-20] + "\n" + good[len(good)-20:],
		"two lines, CRLF":        good[:40] + "\r\n" + good[40:],
		"quoted-printable":       good[:60] + "=\r\n" + good[60:],
		"a reply":                "On Monday:\n> " + good[:50] + "\n> " + good[50:] + "\n> bye",
		"a soft hyphen":          good[:len(good)-9] + "\u00ad" + good[len(good)-9:],
		"a space of no width":    good[:len(good)-9] + "\u200b" + good[len(good)-9:],
		"in a mail":              "Hello Ana,\n\nhere it is: " + good + "\n\nRegards",
		"inside another address": "https://safe.example/?url=" + url.QueryEscape(good) + "&data=1",
		"escaped twice":          "https://safe.example/?url=" + url.QueryEscape(url.QueryEscape(good)),
		"a slash behind the id":  address + "/#" + fragment,
		"the same again":         good + "#" + fragment,
	} {
		got, err := claim.Find(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if back, err := got.Reveal(); err != nil || back != good {
			t.Errorf("%s: found another link", name)
		}
	}
}

// What is not there is not found, and what is missing is said.
func TestFindRefuses(t *testing.T) {
	good := testLink(t)
	address, fragment, _ := strings.Cut(good, "#")
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":              {"", claim.ErrMalformed},
		"words":              {"the link is below", claim.ErrMalformed},
		"cut":                {"(" + good[:len(good)-3] + ")", claim.ErrTruncated},
		"cut before":         {"see " + address + " there", claim.ErrTruncated},
		"cut in the id":      {"see " + address[:len(address)-4] + " there", claim.ErrTruncated},
		"altered":            {"<" + strings.Replace(good, payment, other, 1) + ">", claim.ErrChecksum},
		"another secret":     {address + "#B" + fragment[1:] + ".", claim.ErrVersion},
		"no base":            {"pay.example.com/c/" + payment + "#" + fragment, claim.ErrMalformed},
		"a script's base":    {"javascript://x/c/" + payment + "#" + fragment, claim.ErrMalformed},
		"a base with a user": {"https://a:b@pay.example.com/c/" + payment + "#" + fragment, claim.ErrMalformed},
		"too long":           {strings.Repeat("x", 64<<10) + " " + good, claim.ErrMalformed},
	} {
		if _, err := claim.Find(c.text); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzFind(f *testing.F) {
	good := testLink(f)
	f.Add(good)
	f.Add("<" + good + ">.")
	f.Add(url.QueryEscape(good))
	f.Fuzz(func(t *testing.T, text string) {
		l, err := claim.Find(text)
		if err != nil {
			return
		}
		back, err := l.Reveal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := claim.Parse(back); err != nil {
			t.Fatalf("found what is no link: %v", err)
		}
	})
}
