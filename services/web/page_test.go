package web_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/crypto/tooltest"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// reading is what page.js asked for and showed.
type reading struct {
	Asked   []struct{ Path, Method, Authorization string }
	Shown   map[string]string
	Hidden  map[string]bool
	Claim   bool   // the command is on show
	Address string // what the address bar shows
}

// pages runs page.js in node, which takes .js files for modules only below a package.json that says so.
func pages(t *testing.T) func(link string, answers ...string) reading {
	t.Helper()
	node := tooltest.Path(t, "node")
	dir := module(t, "static/link.js", "static/page.js", "testdata/page.mjs")
	return func(link string, answers ...string) reading {
		t.Helper()
		out, err := exec.Command(node, append([]string{filepath.Join(dir, "testdata/page.mjs"), link}, answers...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var r reading
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return r
	}
}

func module(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, raw []byte) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("package.json", []byte(`{"type":"module"}`))
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(name, raw)
	}
	return dir
}

const (
	goodLink = "https://pay.example.com/c/pay_agpzy3u6xjz4bbzuq5kzuxrkfi#AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gJvwoDw"
	goodAuth = "MfZ-B8gg4ir5i-3Ng0f37i89r6-rP7eA1XmVMnGoNLM" // of the vectors
)

const custody = "Only the sender, or the recipient with both the link and her inbox, can move the money. Until it is claimed, the sender can take it back."

func view(state, reason string, change ...func(*wire.ClaimView)) string {
	v := wire.ClaimView{
		ID: "pay_agpzy3u6xjz4bbzuq5kzuxrkfi", State: state, Reason: reason, From: "Acme <b>", To: "email:a***@example.com", Amount: "25",
		Asset: "native", Policy: "guarded", CustodyText: custody, ProvedBy: "code", ExpiresAt: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		Network: "Test SDF Network ; September 2015",
	}
	for _, c := range change {
		c(&v)
	}
	raw, _ := json.Marshal(map[string]any{"status": 200, "body": v})
	return string(raw)
}

func TestPageShowsWhatWaits(t *testing.T) {
	read := pages(t)
	r := read(goodLink, view("pending", ""))
	if len(r.Asked) != 2 || r.Asked[1].Path != "/v1/claims/pay_agpzy3u6xjz4bbzuq5kzuxrkfi?wait=30s&state_not=pending" || r.Asked[0].Path != "/v1/claims/pay_agpzy3u6xjz4bbzuq5kzuxrkfi" || r.Asked[0].Method != "GET" ||
		r.Asked[0].Authorization != "Link "+goodAuth {
		t.Errorf("asked %+v", r.Asked)
	}
	for id, want := range map[string]string{
		"title": "Money is waiting for you", "from": "Acme <b>", "to": "a***@example.com", "amount": "25 XLM (test network, worth nothing)",
		"custody": custody, "mail": "",
	} {
		if r.Shown[id] != want {
			t.Errorf("%s: %q, want %q", id, r.Shown[id], want)
		}
	}
	if !r.Claim || !strings.Contains(r.Shown["lead"], "the sender can take it back") || strings.Contains(r.Shown["lead"], "yours") {
		t.Errorf("%+v", r)
	}
	for state, title := range map[string]string{
		"created": "Money is on its way", "claiming": "The money is being claimed", "claimed": "The money was claimed",
		"returned": "The money went back to the sender", "parked": "The money is safe, but cannot be moved just now",
	} {
		r := read(goodLink, view(state, map[string]string{"returned": "expired"}[state]))
		if r.Shown["title"] != title || r.Claim != (state == "created") {
			t.Errorf("%s: %q, command %v", state, r.Shown["title"], r.Claim)
		}
		if state == "returned" && r.Shown["lead"] != "The time to claim it ran out." {
			t.Errorf("%s: %q", state, r.Shown["lead"])
		}
	}
}

func TestPageHasAHeadlineForEveryState(t *testing.T) {
	script, err := os.ReadFile("static/page.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range relay.States {
		if !strings.Contains(string(script), "\n  "+string(s.State)+": \"") {
			t.Errorf("no headline for %s", s.State)
		}
	}
}

func TestPageSaysWhatIsWrongWithALink(t *testing.T) {
	read := pages(t)
	for link, title := range map[string]string{
		goodLink[:len(goodLink)-3]:                       "The end of this link is missing",
		strings.Split(goodLink, "#")[0]:                  "The end of this link is missing",
		strings.Replace(goodLink, "AQECAw", "AQECBw", 1): "This link was altered",
		strings.Replace(goodLink, "kfi#", "kfq#", 1):     "This link was altered",
		strings.Replace(goodLink, "#AQ", "#Ag", 1):       "This link is of a newer kind",
		"https://pay.example.com/help":                   "This is not a claim link",
	} {
		r := read(link, view("pending", ""))
		if r.Shown["title"] != title || len(r.Asked) != 0 || r.Claim {
			t.Errorf("%s: %q, asked %+v", link, r.Shown["title"], r.Asked)
		}
	}
	for answer, title := range map[string]string{
		`{"status":401,"body":{}}`: "This link opens nothing here",
		`{"status":500,"body":{}}`: "The service answered with an error",
		"down":                     "The service cannot be reached",
	} {
		if r := read(goodLink, answer); r.Shown["title"] != title || r.Claim {
			t.Errorf("%s: %q", answer, r.Shown["title"])
		}
	}
}

// The page tells what it is about: each kind of handle, each policy, and assets by who issued them.
func TestPageTellsTheKinds(t *testing.T) {
	read := pages(t)
	for name, c := range map[string]struct {
		change func(*wire.ClaimView)
		id     string
		want   string
	}{
		"a code":       {func(v *wire.ClaimView) {}, "how", "the code that we mail"},
		"a voucher":    {func(v *wire.ClaimView) { v.To, v.ProvedBy = "tel:***00", "voucher" }, "how", "a voucher: the sender's app gives it"},
		"a voucher, 2": {func(v *wire.ClaimView) { v.To, v.ProvedBy = "tel:***00", "voucher" }, "command", "restante claim --voucher VOUCHER -"},
		"a link":       {func(v *wire.ClaimView) { v.Policy, v.ProvedBy = "link", "none" }, "how", "the link is enough. Then it makes an account"},
		"an asset":     {func(v *wire.ClaimView) { v.Asset = "USD:GISSUER" }, "amount", "25 USD issued by GISSUER"},
		"held up":      {func(v *wire.ClaimView) { v.Held = &wire.Refusal{Detail: "The service is short of lumens."} }, "held", "The service is short of lumens. It goes on by itself"},
		"an asset, 2":  {func(v *wire.ClaimView) { v.Asset = "USD:GISSUER" }, "lead", "25 USD issued by GISSUER"},
	} {
		r := read(goodLink, view("pending", "", c.change))
		if !strings.Contains(r.Shown[c.id], c.want) {
			t.Errorf("%s: %s is %q, want %q", name, c.id, r.Shown[c.id], c.want)
		}
		if strings.Contains(name, "voucher") && strings.Contains(r.Shown["how"], "mail") {
			t.Errorf("%s: %q", name, r.Shown["how"])
		}
	}
}

// A payment that a halt stops is not said to wait, and no page says to claim it.
func TestPageOfAHalt(t *testing.T) {
	halted := func(v *wire.ClaimView) { v.Held = &wire.Refusal{Code: "halted", Detail: "This payment is stopped."} }
	for _, state := range []string{"created", "pending", "claiming"} {
		r := pages(t)(goodLink, view(state, "", halted))
		if r.Shown["title"] != "This payment is stopped for now" || strings.Contains(r.Shown["lead"], "waiting") || r.Claim || r.Shown["held"] != "This payment is stopped." {
			t.Errorf("%s: %+v", state, r)
		}
	}
}

// When the service does not answer an open page any more, the page says so, goes on by itself, and takes it back.
func TestPageLosesTheService(t *testing.T) {
	read := pages(t)
	if r := read(goodLink, view("pending", ""), "down"); r.Shown["lost"] != "" {
		t.Errorf("after one failure: %q", r.Shown["lost"])
	}
	failing := []string{view("pending", "")}
	for range 12 {
		failing = append(failing, "down", `{"status":502,"body":{}}`)
	}
	if r := read(goodLink, failing...); !strings.Contains(r.Shown["lost"], "connection to the service is lost") || !r.Claim {
		t.Errorf("after many: %+v", r)
	}
	if r := read(goodLink, append(failing, view("claimed", ""))...); r.Shown["title"] != "The money was claimed" || r.Hidden["lost"] != true {
		t.Errorf("once it is back: %+v", r)
	}
}

// What became of money that went another way is said in full, and by the service: the page knows no reason of its own.
func TestPageTellsTheEnd(t *testing.T) {
	const said = "The sender has given this money to somebody else: it waits under another link."
	r := pages(t)(goodLink, view("settled", "readdressed", func(v *wire.ClaimView) { v.Ending = said }))
	if r.Shown["lead"] != said || r.Claim {
		t.Errorf("%+v", r.Shown)
	}
}

// A cancel is noticed while the page is open, and nothing that is over is said to wait.
func TestPageNoticesACancel(t *testing.T) {
	over := func(v *wire.ClaimView) { v.CustodyText = "" }
	r := pages(t)(goodLink, view("pending", ""), view("pending", ""), view("returned", "canceled", over))
	if r.Shown["title"] != "The money went back to the sender" || r.Shown["lead"] != "The sender took it back." || r.Claim || r.Shown["custody"] != "" {
		t.Errorf("%+v", r)
	}
	if len(r.Asked) != 3 { // it has ended: the API is not asked any more
		t.Errorf("asked %d times", len(r.Asked))
	}
}

// Whatever a mail program made of the link, the page opens it and shows it in the address bar as it was made.
func TestPageFindsTheLink(t *testing.T) {
	read := pages(t)
	address, fragment, _ := strings.Cut(goodLink, "#")
	for _, text := range []string{address + "?fbclid=x#" + fragment, goodLink + ".", goodLink + "%20", address + "%23" + fragment, goodLink + "AAAA"} {
		r := read(text, view("pending", ""))
		if r.Shown["title"] != "Money is waiting for you" || r.Address != goodLink {
			t.Errorf("%s: %q at %s", text, r.Shown["title"], r.Address)
		}
	}
	if r := read(goodLink[:len(goodLink)-3]); !strings.Contains(r.Shown["lead"], "47 of its 50 characters") {
		t.Errorf("%q", r.Shown["lead"])
	}
}
