package post_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/internal/post"
)

func TestNoHeaderCanBeInjected(t *testing.T) {
	good := post.Message{To: "ana@example.com", Subject: "hello", Text: "text\n", ID: "a-1"}
	var box post.Mailbox
	if err := box.Send(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*post.Message){
		"line in subject":       func(m *post.Message) { m.Subject = "hello\r\nBcc: eve@example.com" },
		"bare feed in subject":  func(m *post.Message) { m.Subject = "hello\nBcc: eve@example.com" },
		"unicode line":          func(m *post.Message) { m.Subject = "hello\u2028Bcc: eve" },
		"turned writing":        func(m *post.Message) { m.Subject = "hello \u202eevil" },
		"line in recipient":     func(m *post.Message) { m.To = "ana@example.com\r\nBcc: eve@example.com" },
		"two recipients":        func(m *post.Message) { m.To = "ana@example.com, eve@example.com" },
		"name in recipient":     func(m *post.Message) { m.To = "Ana <ana@example.com>" },
		"line in id":            func(m *post.Message) { m.ID = "a\r\nBcc: eve@example.com" },
		"carriage return":       func(m *post.Message) { m.Text = "a\r\n.\r\n" },
		"empty text":            func(m *post.Message) { m.Text = "" },
		"text that is not UTF8": func(m *post.Message) { m.Text = "\xff" },
	} {
		m := good
		spoil(&m)
		err := box.Send(t.Context(), m)
		if err == nil || !post.IsPermanent(err) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "eve") {
			t.Errorf("%s: the error quotes the message: %v", name, err)
		}
	}
	if n := len(box.List("")); n != 1 {
		t.Errorf("%d messages kept, want 1", n)
	}
}

func TestTexts(t *testing.T) {
	until := time.Date(2030, 5, 6, 7, 8, 9, 0, time.FixedZone("", 3600))
	code, err := post.CodeMail("ana@example.com", "Acme & Söhne <b>", "012345", 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	arrival, err := post.ArrivalMail("ana@example.com", "Acme", "25 XLM", until)
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := post.ClaimedMail("ana@example.com", "Acme", "25 XLM", "GABC", "abcdef")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []post.Message{code, arrival, claimed} {
		if regexp.MustCompile(`(?i)https?:|www\.|/c/|pay_`).MatchString(m.Text + m.Subject) {
			t.Errorf("a link in %q", m.Text)
		}
		if strings.Contains(m.Text, "yours") {
			t.Errorf("money that waits is never called yours: %q", m.Text)
		}
	}
	if got := regexp.MustCompile(`\b\d{6}\b`).FindAllString(code.Text, -1); len(got) != 1 || got[0] != "012345" {
		t.Errorf("codes in the text: %q", got)
	}
	if strings.Contains(code.Subject, "012345") {
		t.Error("the code shows on locked screens")
	}
	if !strings.Contains(code.Text, "Acme & Söhne <b>") || !strings.Contains(code.Text, "10 minutes") {
		t.Errorf("%q", code.Text)
	}
	if !strings.Contains(arrival.Text, "6 May 2030, 06:08 UTC") || !strings.Contains(arrival.Text, "open the link that Acme gave you") {
		t.Errorf("%q", arrival.Text)
	}
	for _, name := range []string{"", "  ", "Acme\nBcc: eve@example.com", "Acme\r", "a\x00b", strings.Repeat("a", 81), "\u202eemcA"} {
		if _, err := post.CodeMail("ana@example.com", name, "012345", 10*time.Minute); !post.IsPermanent(err) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	for _, code := range []string{"", "12345", "1234567", "12345a"} {
		if _, err := post.CodeMail("ana@example.com", "Acme", code, time.Minute); err == nil {
			t.Errorf("code %q was taken", code)
		}
	}
}

// Anybody can issue an asset with any code: each mail about money names the issuer, and no subject a code alone.
func TestEveryMailNamesTheIssuer(t *testing.T) {
	issuer := "G" + strings.Repeat("A", 55)
	for asset, named := range map[string]string{"USDC:" + issuer: "99999 USDC issued by " + issuer, "native": "99999 XLM"} {
		amount := relay.Money("99999", asset)
		for name, write := range map[string]func() (post.Message, error){
			"arrival": func() (post.Message, error) { return post.ArrivalMail("ana@example.com", "Acme", amount, time.Now()) },
			"claimed": func() (post.Message, error) {
				return post.ClaimedMail("ana@example.com", "Acme", amount, "GABC", "abcdef")
			},
			"paid": func() (post.Message, error) {
				return post.PaidMail("ana@example.com", "Acme", amount, "GABC", "abcdef")
			},
			"returned": func() (post.Message, error) { return post.ReturnedMail("ana@example.com", "Acme", amount, true) },
		} {
			m, err := write()
			if err != nil || !strings.Contains(m.Text, named) || strings.Contains(m.Subject, "USDC") || strings.Contains(m.Text, "good for.") == (asset == "native") {
				t.Errorf("%s of %s: %v\n%s\n%s", name, asset, err, m.Subject, m.Text)
			}
			if asset == "native" && !strings.Contains(m.Subject, named) {
				t.Errorf("%s: %s", name, m.Subject)
			}
		}
	}
}

func TestMailbox(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	box := &post.Mailbox{Now: func() time.Time { now = now.Add(time.Second); return now }}
	for i := range post.MailboxSize + 10 {
		to := "ana@example.com"
		if i%2 == 1 {
			to = "Bob@example.com"
		}
		m := post.Message{To: to, Subject: fmt.Sprintf("<i>%d</i>", i), Text: "x", ID: fmt.Sprintf("id-%d", i)}
		for range 2 { // a repeat after a lost answer
			if err := box.Send(context.Background(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := box.List("")
	if len(all) != post.MailboxSize || all[0].Subject != "<i>1009</i>" || all[len(all)-1].Subject != "<i>10</i>" {
		t.Fatalf("%d messages, first %q, last %q", len(all), all[0].Subject, all[len(all)-1].Subject)
	}
	h := box.Handler()
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	var list []wire.Mail
	for _, to := range []string{"bob@example.com", "email:BOB@example.com"} {
		if err := json.Unmarshal(get("/dev/mail.json?to="+to).Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		if len(list) != post.MailboxSize/2 || list[0].To != "Bob@example.com" || !list[0].At.After(list[1].At) {
			t.Errorf("to %s: %d messages", to, len(list))
		}
	}
	if body := strings.TrimSpace(get("/dev/mail.json?to=nobody@example.com").Body.String()); body != "[]" {
		t.Errorf("no mail is %s, want []", body)
	}
	page := get("/dev/mail")
	if strings.Contains(page.Body.String(), "<i>1") || !strings.Contains(page.Body.String(), "&lt;i&gt;1009") {
		t.Error("the page does not escape what mail says")
	}
	if csp := page.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/dev/mail.json", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestSealedCodeOpensInItsSessionOnly(t *testing.T) {
	keys, err := field.Derive(secret.RandomKey())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := post.SealCode(keys, "session-a", "012345")
	if err != nil {
		t.Fatal(err)
	}
	if code, err := post.OpenCode(keys, "session-a", sealed); err != nil || code != "012345" {
		t.Errorf("%q, %v", code, err)
	}
	if _, err := post.OpenCode(keys, "session-b", sealed); err == nil {
		t.Error("a code opened in another session")
	}
}
