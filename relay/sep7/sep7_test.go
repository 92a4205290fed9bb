package sep7_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stellar/go-stellar-sdk/network"

	"github.com/restante/restante/relay/sep7"
)

// The examples of SEP-7 2.0.0, "Operation tx": a change of trust with a callback, and one with a replacement.
const (
	exampleXDR = "AAAAAP+yw+ZEuNg533pUmwlYxfrq6/BoMJqiJ8vuQhf6rHWmAAAAZAB8NHAAAAABAAAAAAAAAAAAAAABAAAAAAAAAAYAAAABSFVHAAAAAABAH0wIyY3BJBS2qHdRPAV80M8hF7NBpxRjXyjuT9kEbH//////////AAAAAAAAAAA="
	escapedXDR = "AAAAAP%2Byw%2BZEuNg533pUmwlYxfrq6%2FBoMJqiJ8vuQhf6rHWmAAAAZAB8NHAAAAABAAAAAAAAAAAAAAABAAAAAAAAAAYAAAABSFVHAAAAAABAH0wIyY3BJBS2qHdRPAV80M8hF7NBpxRjXyjuT9kEbH%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FAAAAAAAAAAA%3D"
	example1   = "web+stellar:tx?xdr=" + escapedXDR + "&callback=url%3Ahttps%3A%2F%2FsomeSigningService.com%2Fa8f7asdfkjha&pubkey=GAU2ZSYYEYO5S5ZQSMMUENJ2TANY4FPXYGGIMU6GMGKTNVDG5QYFW6JS&msg=order%20number%2024"
	example2   = "web+stellar:tx?xdr=" + escapedXDR + "&replace=sourceAccount%3AX%3BX%3Aaccount%20on%20which%20to%20create%20the%20trustline"
	// "Operation pay", example 1.
	examplePay = "web+stellar:pay?destination=GCALNQQBXAPZ2WIRSDDBMSTAKCUH5SG6U76YBFLQLIXJTF7FE5AX7AOO&amount=120.1234567&memo=skdjfasf&msg=pay%20me%20with%20lumens"
	account    = "GAU2ZSYYEYO5S5ZQSMMUENJ2TANY4FPXYGGIMU6GMGKTNVDG5QYFW6JS"
	minimal    = "web+stellar:tx?xdr=AAAA%2Bw%3D%3D"
)

var full = sep7.Request{
	XDR: exampleXDR, Callback: "https://someSigningService.com/a8f7asdfkjha", PublicKey: account, Message: "order number 24",
	Passphrase: network.PublicNetworkPassphrase,
}

func TestBothWays(t *testing.T) {
	cases := map[string]struct {
		uri string
		r   sep7.Request
	}{
		"example 1 of the SEP": {example1, full},
		"public network":       {minimal, sep7.Request{XDR: "AAAA+w==", Passphrase: "Public Global Stellar Network ; September 2015"}},
		"test network": {
			minimal + "&network_passphrase=Test%20SDF%20Network%20%3B%20September%202015",
			sep7.Request{XDR: "AAAA+w==", Passphrase: network.TestNetworkPassphrase},
		},
		"callback with a query": { // "if there are any query params in the callback then those should be included"
			minimal + "&callback=url%3Ahttps%3A%2F%2Fr.example%2Fc%3Fa%3D1%26b%3D%252B",
			sep7.Request{XDR: "AAAA+w==", Callback: "https://r.example/c?a=1&b=%2B", Passphrase: network.PublicNetworkPassphrase},
		},
		"callback on this machine": {
			minimal + "&callback=url%3Ahttp%3A%2F%2F127.0.0.1%3A8080%2Fc",
			sep7.Request{XDR: "AAAA+w==", Callback: "http://127.0.0.1:8080/c", Passphrase: network.PublicNetworkPassphrase},
		},
		"message of other letters": {
			minimal + "&msg=5%20%E2%82%AC%20%2B%201%25%20%26%20%F0%9F%8D%BA",
			sep7.Request{XDR: "AAAA+w==", Message: "5 € + 1% & 🍺", Passphrase: network.PublicNetworkPassphrase},
		},
		"longest message": {
			minimal + "&msg=" + strings.Repeat("%C3%A9", 300),
			sep7.Request{XDR: "AAAA+w==", Message: strings.Repeat("é", 300), Passphrase: network.PublicNetworkPassphrase},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if uri, err := c.r.URI(); err != nil || uri != c.uri {
				t.Errorf("wrote %q, %v; want %q", uri, err, c.uri)
			}
			if r, err := sep7.Parse(c.uri); err != nil || r != c.r {
				t.Errorf("read %+v, %v; want %+v", r, err, c.r)
			}
		})
	}
}

// TestParseTolerates: spellings of others that mean the same request.
func TestParseTolerates(t *testing.T) {
	want, err := sep7.Parse(minimal + "&msg=a%20b")
	if err != nil {
		t.Fatal(err)
	}
	for name, uri := range map[string]string{
		"unknown parameters":       minimal + "&colour=red&colour=%zz&%zz=1&flag&&msg=a%20b",
		"chain":                    minimal + "&msg=a%20b&chain=web%2Bstellar%3Atx%3Fxdr%3DAAAA",
		"another order":            "web+stellar:tx?msg=a%20b&xdr=AAAA%2Bw%3D%3D",
		"space as in a form":       minimal + "&msg=a+b",
		"scheme in capitals":       "WEB+STELLAR:tx?xdr=AAAA%2Bw%3D%3D&msg=a%20b",
		"small hexadecimal digits": "web+stellar:tx?xdr=AAAA%2bw%3d%3d&msg=a%20b",
		"bare equals signs":        "web+stellar:tx?xdr=AAAA%2Bw==&msg=a%20b",
		"public network, said":     minimal + "&msg=a%20b&network_passphrase=Public+Global+Stellar+Network+%3B+September+2015",
	} {
		if r, err := sep7.Parse(uri); err != nil || r != want {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ uri, why string }{
		"nothing":                   {"", "does not begin with web+stellar:"},
		"slashes":                   {"web+stellar://tx?xdr=AAAAAA%3D%3D", "not for the operation tx"},
		"another scheme":            {"https://x.example/?xdr=AAAA", "does not begin with web+stellar:"},
		"example of pay":            {examplePay, "not for the operation tx"},
		"example 2 of the SEP":      {example2, "(replace)"},
		"replace, escaped name":     {minimal + "&%72eplace=a", "(replace)"},
		"origin":                    {minimal + "&origin_domain=x.example&signature=AA%3D%3D", "(origin_domain)"},
		"signature alone":           {minimal + "&signature=AA%3D%3D", "(signature)"},
		"no query":                  {"web+stellar:tx", "(xdr) is missing"},
		"no xdr":                    {"web+stellar:tx?msg=hello", "(xdr) is missing"},
		"empty xdr":                 {"web+stellar:tx?xdr=", "xdr is empty"},
		"xdr twice":                 {minimal + "&xdr=AAAA%2Bw%3D%3D", "xdr is there twice"},
		"xdr of bad escapes":        {"web+stellar:tx?xdr=AA%2", "xdr is not URL-encoded"},
		"xdr with a bare plus":      {"web+stellar:tx?xdr=AAAA+w%3D%3D", "a plus sign was not escaped"},
		"xdr in hexadecimal":        {"web+stellar:tx?xdr=0x00", "not XDR"},
		"xdr without padding":       {"web+stellar:tx?xdr=AAAA%2Bw", "not base64"},
		"xdr with loose bits":       {"web+stellar:tx?xdr=AAAA%2Bx%3D%3D", "not base64"},
		"xdr with a line end":       {"web+stellar:tx?xdr=AAAA%0A%2Bw%3D%3D", "not base64"},
		"xdr of 3 bytes":            {"web+stellar:tx?xdr=AAAA", "3 bytes are no multiple of four"},
		"callback of another kind":  {minimal + "&callback=tel%3A123", "not of the kind url:"},
		"callback without kind":     {minimal + "&callback=https%3A%2F%2Fx.example", "not of the kind url:"},
		"callback of nothing":       {minimal + "&callback=url%3A", "not of the kind url:"},
		"callback in the clear":     {minimal + "&callback=url%3Ahttp%3A%2F%2Fx.example", "not an https URL"},
		"callback of a script":      {minimal + "&callback=url%3Ajavascript%3Aalert(1)", "not an absolute URL"},
		"callback with a password":  {minimal + "&callback=url%3Ahttps%3A%2F%2Fa%3Ab%40x.example", "user name or password"},
		"callback with a fragment":  {minimal + "&callback=url%3Ahttps%3A%2F%2Fx.example%23a", "has a fragment"},
		"callback with a space":     {minimal + "&callback=url%3Ahttps%3A%2F%2Fx.example%2Fa%20b", "has to escape"},
		"pubkey with a typo":        {minimal + "&pubkey=GAU2ZSYYEYO5S5ZQSMMUENJ2TANY4FPXYGGIMU6GMGKTNVDG5QYFW6JT", "not an account address"},
		"message of 301":            {minimal + "&msg=" + strings.Repeat("a", 301), "301 characters, 300 are allowed"},
		"message of 151 pairs":      {minimal + "&msg=" + strings.Repeat("%F0%9F%8D%BA", 151), "302 characters, 300 are allowed"},
		"message that steers":       {minimal + "&msg=a%1B%5B31m", "cannot be shown"},
		"message turned around":     {minimal + "&msg=a%E2%80%AEb", "cannot be shown"},
		"message of two lines":      {minimal + "&msg=a%0Ab", "more than one line"},
		"message that is no UTF-8":  {minimal + "&msg=%FF", "cannot be shown"},
		"empty passphrase":          {minimal + "&network_passphrase=", "network_passphrase is empty"},
		"a fragment":                {minimal + "#a", "has to escape"},
		"letters that need escapes": {minimal + "&msg=ü", "has to escape"},
		"too long":                  {minimal + "&x=" + strings.Repeat("a", 1<<18), "more than the 262144"},
		"too large an envelope":     {"web+stellar:tx?xdr=" + strings.Repeat("AAAA", 1<<14) + "AAAA", "65540 bytes, more than the 65536"},
	} {
		r, err := sep7.Parse(c.uri)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v; want %q", name, err, c.why)
		}
		if r != (sep7.Request{}) {
			t.Errorf("%s: half a request came with the error: %+v", name, r)
		}
	}
}

func TestURIRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*sep7.Request)
		why    string
	}{
		"no envelope":       {func(r *sep7.Request) { r.XDR = "" }, "(xdr) is missing"},
		"no network":        {func(r *sep7.Request) { r.Passphrase = "" }, "passphrase is missing"},
		"callback's prefix": {func(r *sep7.Request) { r.Callback = "url:https://x.example" }, "not an absolute URL"},
		"a long message":    {func(r *sep7.Request) { r.Message = strings.Repeat("é", 301) }, "301 characters"},
		"a seed":            {func(r *sep7.Request) { r.PublicKey = "SBPOVRVKTTV7W3IOX2FJPSMPCJ5L2WU2YKTP3HCLYPXNI5MDIGREVNYC" }, "not an account address"},
		"a long passphrase": {func(r *sep7.Request) { r.Passphrase = strings.Repeat("a", 1<<18) }, "more than the 262144"},
	} {
		r := full
		c.change(&r)
		uri, err := r.URI()
		if err == nil || uri != "" || !strings.Contains(err.Error(), c.why) || strings.Contains(err.Error(), "SBPO") {
			t.Errorf("%s: %q, %v; want %q", name, uri, err, c.why)
		}
	}
}

func TestReadForm(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	largest := base64.StdEncoding.EncodeToString(make([]byte, sep7.MaxEnvelope/4*3)) // a multiple of four
	for name, c := range map[string]struct{ kind, body, want, why string }{
		"as the SEP says":       {form, "xdr=" + escapedXDR, exampleXDR, ""},
		"with a charset":        {form + "; charset=UTF-8", "xdr=" + escapedXDR, exampleXDR, ""},
		"plus not escaped":      {form, "xdr=" + exampleXDR, exampleXDR, ""},
		"fields beside it":      {form, "network=x&xdr=AAAA%2Bw%3D%3D&id=%20", "AAAA+w==", ""},
		"the largest, escaped":  {form, "xdr=" + strings.ReplaceAll(largest, "A", "%41"), largest, ""},
		"JSON":                  {"application/json", `{"xdr":"AAAA"}`, "", "type is not " + form},
		"no type":               {"", "xdr=AAAAAA%3D%3D", "", "type is not " + form},
		"nothing":               {form, "", "", "0 fields xdr"},
		"two":                   {form, "xdr=AAAAAA%3D%3D&xdr=AAAAAA%3D%3D", "", "2 fields xdr"},
		"bad escapes":           {form, "xdr=%zz", "", "not a form"},
		"empty":                 {form, "xdr=", "", "(xdr) is missing"},
		"not base64":            {form, "xdr=hello%21", "", "not base64"},
		"escaped twice":         {form, "xdr=AAAA%252Bw%253D%253D", "", "not base64"},
		"an envelope too large": {form, "xdr=" + largest + "AAAA", "", "too large"},
		"a body too large":      {form, "a=" + strings.Repeat("a", 1<<18), "", "too large"},
		"a body without an end": {form, "endless", "", "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			var body io.Reader = strings.NewReader(c.body)
			if c.body == "endless" {
				body = endless{}
			}
			got, err := sep7.ReadForm(c.kind, body)
			if got != c.want || (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
				t.Errorf("%.200q, %v; want %.200q, %q", got, err, c.want, c.why)
			}
			if errors.Is(err, sep7.ErrTooLarge) != (c.why == "too large") {
				t.Errorf("%v is of the wrong kind", err)
			}
		})
	}
	broken := errors.New("line cut")
	if _, err := sep7.ReadForm(form, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("%v hides the reader's error", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// FuzzParse: no text makes a reader panic, and what Parse accepts has one URI, which reads back as the same request.
func FuzzParse(f *testing.F) {
	for _, uri := range []string{
		example1, example2, examplePay, minimal, minimal + "&network_passphrase=a&colour=%zz&msg=%F0%9F%8D%BA+%25",
		minimal + "&callback=url%3Ahttp%3A%2F%2F%5B%3A%3A1%5D%2F%3Fa%3D%252B",
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		r, err := sep7.Parse(uri)
		if err != nil {
			return
		}
		built, err := r.URI()
		if err != nil && strings.Contains(err.Error(), "of any URI") {
			return // it fits only unescaped
		}
		if err != nil {
			t.Fatalf("read %q as what cannot be written: %v", uri, err)
		}
		again, err := sep7.Parse(built)
		if err != nil || again != r {
			t.Errorf("%q reads as %+v, and written anew as %+v, %v", uri, r, again, err)
		}
		if twice, err := again.URI(); err != nil || twice != built {
			t.Errorf("two URIs for one request: %q, %q, %v", built, twice, err)
		}
		// The standard library reads the same out of it.
		u, err := url.Parse(built)
		if err != nil || u.Scheme != "web+stellar" || u.Opaque != "tx" || u.Query().Get("xdr") != r.XDR || u.Query().Get("msg") != r.Message {
			t.Errorf("%q is not the URI of %+v: %v", built, r, err)
		}
	})
}

// FuzzReadForm: no body makes the reader panic, and what it accepts can be asked for and sent again.
func FuzzReadForm(f *testing.F) {
	f.Add("xdr=" + escapedXDR)
	f.Add("xdr=" + exampleXDR + "&a=b")
	f.Fuzz(func(t *testing.T, body string) {
		const form = "application/x-www-form-urlencoded"
		got, err := sep7.ReadForm(form, strings.NewReader(body))
		if err != nil {
			return
		}
		if again, err := sep7.ReadForm(form, strings.NewReader(url.Values{"xdr": {got}}.Encode())); err != nil || again != got {
			t.Errorf("%q, then %q, %v", got, again, err)
		}
		if _, err := (sep7.Request{XDR: got, Passphrase: "x"}).URI(); err != nil {
			t.Errorf("took what cannot be sent: %v", err)
		}
	})
}
