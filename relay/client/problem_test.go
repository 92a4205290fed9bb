package client

import (
	"net/http"
	"testing"
	"time"
)

// Whatever answers in the relay's place, a problem has a text and no odd pause.
func FuzzReadProblem(f *testing.F) {
	f.Add(400, []byte(`{"code":"amount_zero","detail":"No.","errors":[{"pointer":"/amount","detail":"is zero"}]}`), "2")
	f.Add(502, []byte(`<html>`), "Wed, 21 Oct 2015 07:28:00 GMT")
	f.Add(429, []byte(`{"errors":[{},{}],"detail":7}`), "-1")
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		p := readProblem(status, http.Header{"Retry-After": {after}}, body)
		if p.Error() == "" || p.RetryAfter < 0 || p.Status != status {
			t.Errorf("%#v", p)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "-3": 0, "x": 0, "7": 7 * time.Second, "99999999999999999999": 0, "Wed, 21 Oct 2015 07:28:00 GMT": 0,
	} {
		if got := retryAfter(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
