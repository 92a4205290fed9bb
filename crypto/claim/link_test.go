package claim_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
)

const (
	payment = "pay_agpzy3u6xjz4bbzuq5kzuxrkfi"
	other   = "pay_agpzy3u6xjz4bbzuq5kzuxrkfq"
	network = "Test SDF Network ; September 2015"
)

func testSecret(t testing.TB, first byte) claim.Secret {
	t.Helper()
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = first + byte(i)
	}
	s, err := claim.SecretFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testLink(t testing.TB) string {
	t.Helper()
	l, err := claim.NewLink("https://pay.example.com/app", payment, testSecret(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	text, err := l.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLinkRoundTrip(t *testing.T) {
	for _, base := range []string{"https://example.com", "http://127.0.0.1:8080", "http://[::1]:80/a/c/b", "https://example.com/a/"} {
		l, err := claim.NewLink(base, payment, testSecret(t, 7))
		if err != nil {
			t.Fatal(base, err)
		}
		text, err := l.Reveal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := claim.Parse(" \n" + text + "\r\n\t")
		if err != nil {
			t.Fatal(text, err)
		}
		if back.Base != strings.TrimSuffix(base, "/") || back.PaymentID != payment || !back.Secret.Equal(l.Secret.Key) {
			t.Errorf("came back as %+v", back)
		}
	}
}

func TestLinkRefuses(t *testing.T) {
	good := testLink(t)
	address, fragment, _ := strings.Cut(good, "#")
	raw, err := base64.RawURLEncoding.DecodeString(fragment)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func([]byte) []byte) string {
		return address + "#" + base64.RawURLEncoding.EncodeToString(change(bytes.Clone(raw)))
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":              {"", claim.ErrMalformed},
		"words":              {"the link is below", claim.ErrMalformed},
		"no fragment":        {address, claim.ErrTruncated},
		"empty fragment":     {address + "#", claim.ErrTruncated},
		"cut in the id":      {address[:len(address)-3], claim.ErrTruncated},
		"cut before the id":  {address[:strings.Index(address, "pay_")], claim.ErrTruncated},
		"cut by one":         {good[:len(good)-1], claim.ErrTruncated},
		"one character":      {address + "#A", claim.ErrTruncated},
		"a character more":   {good + "A", claim.ErrMalformed},
		"a byte more":        {with(func(b []byte) []byte { return append(b, 0) }), claim.ErrMalformed},
		"version 0":          {with(func(b []byte) []byte { b[0] = 0; return b }), claim.ErrVersion},
		"version 2":          {with(func(b []byte) []byte { b[0] = 2; return b }), claim.ErrVersion},
		"version 2, longer":  {with(func(b []byte) []byte { b[0] = 2; return append(b, 1, 2, 3) }), claim.ErrVersion},
		"secret changed":     {with(func(b []byte) []byte { b[9] ^= 1; return b }), claim.ErrChecksum},
		"checksum changed":   {with(func(b []byte) []byte { b[36] ^= 1; return b }), claim.ErrChecksum},
		"other payment":      {strings.Replace(good, payment, other, 1), claim.ErrChecksum},
		"trailing bits":      {good[:len(good)-1] + string(good[len(good)-1]+1), claim.ErrMalformed},
		"padding":            {good + "=", claim.ErrMalformed},
		"other alphabet":     {address + "#" + base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 37)), claim.ErrMalformed},
		"space inside":       {good[:len(good)-8] + " " + good[len(good)-8:], claim.ErrMalformed},
		"line break inside":  {good[:len(good)-8] + "\n" + good[len(good)-8:], claim.ErrMalformed},
		"line break in id":   {strings.Replace(good, "pay_agp", "pay_\nagp", 1), claim.ErrMalformed},
		"second fragment":    {good + "#" + fragment, claim.ErrMalformed},
		"id in upper case":   {strings.Replace(good, payment, "pay_"+strings.ToUpper(payment[4:]), 1), claim.ErrMalformed},
		"id with other end":  {strings.Replace(good, payment, payment[:29]+"j", 1), claim.ErrMalformed},
		"id with prefix":     {strings.Replace(good, "pay_", "pax_", 1), claim.ErrMalformed},
		"query":              {strings.Replace(good, "#", "?a=b#", 1), claim.ErrMalformed},
		"slash at the end":   {strings.Replace(good, "#", "/#", 1), claim.ErrMalformed},
		"user":               {strings.Replace(good, "https://", "https://a:b@", 1), claim.ErrMalformed},
		"script":             {strings.Replace(good, "https://pay.example.com", "javascript://x", 1), claim.ErrMalformed},
		"no host":            {strings.Replace(good, "https://pay.example.com", "https://", 1), claim.ErrMalformed},
		"double slash":       {strings.Replace(good, "/app/", "/app//", 1), claim.ErrMalformed},
		"upper-case scheme":  {strings.Replace(good, "https", "HTTPS", 1), claim.ErrMalformed},
		"query in the base":  {strings.Replace(good, "/app/", "/app?x/", 1), claim.ErrMalformed},
		"longer than a link": {strings.Replace(good, "/app/", "/"+strings.Repeat("a", 2048)+"/", 1), claim.ErrMalformed},
	} {
		_, err := claim.Parse(c.text)
		if err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Any one character changed, lost or doubled is noticed.
func TestLinkNoticesEverySlip(t *testing.T) {
	good := testLink(t)
	start := strings.Index(good, "pay_")
	for i := start; i < len(good); i++ {
		for _, slip := range []string{good[:i] + good[i+1:], good[:i], good[:i] + "A" + good[i:], good[:i] + "b" + good[i+1:], good[:i] + "2" + good[i+1:]} {
			if slip == good {
				continue
			}
			if _, err := claim.Parse(slip); err == nil {
				t.Errorf("accepted with a slip at %d", i)
			}
		}
	}
}

func TestNewLinkRefuses(t *testing.T) {
	s := testSecret(t, 1)
	for _, base := range []string{"", "example.com", "ftp://example.com", "https://", "https://u@example.com", "https://example.com?a", "https://example.com/#", "https://example.com//", "https://exa mple.com"} {
		if _, err := claim.NewLink(base, payment, s); !errors.Is(err, claim.ErrBase) {
			t.Errorf("%q: %v", base, err)
		}
	}
	if _, err := claim.NewLink("https://example.com", "pay_x", s); !errors.Is(err, claim.ErrPaymentID) {
		t.Error(err)
	}
	if _, err := claim.NewLink("https://example.com", payment, claim.Secret{}); !errors.Is(err, claim.ErrNoSecret) {
		t.Error(err)
	}
	if _, err := (claim.Link{Base: "https://example.com", PaymentID: payment}).Reveal(); !errors.Is(err, claim.ErrNoSecret) {
		t.Error(err)
	}
}

func TestLinkPrintsWithoutSecret(t *testing.T) {
	l, _ := claim.NewLink("https://example.com", payment, testSecret(t, 65)) // "ABC…"
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%A"} {
		out := fmt.Sprintf(format, l) + fmt.Sprintf(format, &l)
		if strings.Contains(out, "ABCD") || strings.Contains(out, "414243") || strings.Contains(out, "65 66") || !strings.Contains(out, secret.Mark) {
			t.Errorf("%s: %s", format, out)
		}
	}
}

func FuzzParse(f *testing.F) {
	good := testLink(f)
	f.Add(good)
	f.Add(good[:len(good)-5])
	f.Add("https://example.com/c/" + payment)
	f.Add(strings.Replace(good, "#", "?#", 1))
	f.Fuzz(func(t *testing.T, text string) {
		l, err := claim.Parse(text)
		if err != nil {
			for _, known := range []error{claim.ErrMalformed, claim.ErrTruncated, claim.ErrVersion, claim.ErrChecksum} {
				if err == known {
					return
				}
			}
			t.Fatalf("unknown error %v", err)
		}
		back, err := l.Reveal()
		if err != nil || back != strings.TrimSpace(text) {
			t.Fatalf("%q came back as %q, %v", text, back, err)
		}
	})
}
