package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/tooltest"
	"github.com/restante/restante/services/web"
)

func get(t *testing.T, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := web.New(web.Config{Network: `Test <"net"> ; 2015`})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestPage(t *testing.T) {
	w := get(t, "GET", "/c/pay_agpzy3u6xjz4bbzuq5kzuxrkfi")
	page := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(page, `data-network="Test &lt;&#34;net&#34;&gt; ; 2015"`) {
		t.Fatalf("%d\n%s", w.Code, page)
	}
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
		"X-Content-Type-Options":  "nosniff",
	} {
		if got := w.Header().Get(header); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", header, got)
		}
	}
	if strings.Contains(w.Header().Get("Content-Security-Policy"), "unsafe") {
		t.Error("the policy lets inline code run")
	}
	// What the policy would refuse must not be there, and what the page asks for must be.
	if m := regexp.MustCompile(`(?i)<style|\son\w+=|\sstyle=|<script[^>]*>[^<]`).FindString(page); m != "" {
		t.Errorf("inline code: %q", m)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "/static/") || get(t, "GET", m[1]).Code != http.StatusOK {
			t.Errorf("%s is not served here", m[1])
		}
	}
	if !strings.Contains(page, "<noscript>") {
		t.Error("nothing is said to readers without JavaScript")
	}
	if regexp.MustCompile(`(?i)\byours\b`).MatchString(page) {
		t.Error("money that waits is never called yours")
	}
	js := get(t, "GET", "/static/page.js")
	if ct := js.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/javascript") {
		t.Errorf("script is %q", ct)
	}
	// Every id that page.js writes to is on the page.
	for _, m := range regexp.MustCompile(`(?:\$|show)\("([a-z-]+)"`).FindAllStringSubmatch(js.Body.String(), -1) {
		if !strings.Contains(page, `id="`+m[1]+`"`) {
			t.Errorf("the page has no element %q", m[1])
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for path, want := range map[string]int{
		"/c/": 404, "/c/a/b": 404, "/static/": 404, "/static/../web.go": 404, "/static/page.html": 404, "/": 404, "/static/none.js": 404,
	} {
		if w := get(t, "GET", path); w.Code != want && w.Code != http.StatusTemporaryRedirect && w.Code != http.StatusMovedPermanently {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := get(t, "POST", "/c/pay_agpzy3u6xjz4bbzuq5kzuxrkfi"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if _, err := web.New(web.Config{}); err == nil {
		t.Error("a page without a network cannot derive anything")
	}
}

func TestLinkScriptDerivesAsTheVectorsSay(t *testing.T) {
	node := tooltest.Path(t, "node")
	dir := module(t, "static/link.js", "testdata/vectors.mjs")
	vectors, err := os.ReadFile("../../crypto/testdata/vectors/claim.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/claim.json", vectors, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(node, dir+"/testdata/vectors.mjs", dir+"/claim.json").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
