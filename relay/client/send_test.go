package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
)

var request = client.SendRequest{To: "ana@example.com", Amount: "25", Note: "for the concert", Reference: "invoice 7"}

func TestSend(t *testing.T) {
	f := newFake(t)
	s, err := f.sender().Send(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if s.Payment.ID != s.Link.PaymentID || s.Payment.Policy != "guarded" || s.Link.Base != "https://relay.example.com" {
		t.Errorf("%+v, link base %s", s.Payment, s.Link.Base)
	}
	p := f.payments[s.Payment.ID]
	keys, err := claim.Derive(s.Link.Secret, s.Payment.ID, testnet)
	if err != nil {
		t.Fatal(err)
	}
	if !keys.Auth().Matches(p.auth) || p.recipient == keys.LinkIdentity().Recipient() || p.share == "" {
		t.Error("the relay did not get hash, guarded recipient and share")
	}
	for _, body := range f.answers {
		leaks(t, s.Link, body)
	}
}

// Whatever fails on the way, there is one payment, and its link comes back.
func TestSendOnceThroughFaults(t *testing.T) {
	for _, first := range []fault{busy, slow, lost, broken} {
		for _, second := range []fault{fine, busy, slow, lost, broken} {
			t.Run(fmt.Sprint(first, second), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t)
					f.fault = func(route string, nth int) fault {
						if route == "POST /v1/payments" && nth <= 2 {
							return []fault{first, second}[nth-1]
						}
						return fine
					}
					s, err := f.sender().Send(t.Context(), request)
					if err != nil {
						t.Fatal(err)
					}
					if len(f.payments) != 1 || f.payments[s.Link.PaymentID] == nil {
						t.Errorf("%d payments", len(f.payments))
					}
				})
			})
		}
	}
}

func TestSendUnclear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.fault = func(route string, _ int) fault {
			if route == "POST /v1/payments" {
				return lost
			}
			return fine
		}
		s, err := f.sender().Send(t.Context(), request)
		var unclear *client.Unclear
		if !errors.As(err, &unclear) || unclear.ID != s.Payment.ID || f.payments[unclear.ID] == nil {
			t.Fatalf("%v", err)
		}
		leaks(t, s.Link, err.Error(), fmt.Sprintf("%+v %#v", s, s))
		if _, err := s.Link.Reveal(); err != nil {
			t.Error("the link is lost")
		}
		if got, err := f.sender().Get(t.Context(), unclear.ID, 0); err != nil || got.ID != unclear.ID {
			t.Errorf("%v", err)
		}
	})
}

func TestSendRefused(t *testing.T) {
	f := newFake(t)
	r := request
	r.Amount = "0"
	_, err := f.sender().Send(t.Context(), r)
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "amount_zero" || p.Status != 400 || p.Pointer != "/amount" || p.RequestID != "req_1" {
		t.Errorf("%#v", err)
	}
	if f.count("POST /v1/payments") != 1 {
		t.Error("a refusal was repeated")
	}
	r = request
	r.Policy = "escrow"
	if _, err := f.sender().Send(t.Context(), r); !client.IsCode(err, "policy_unknown") {
		t.Errorf("%v", err)
	}
}

func TestSendDistrustsTheAnswer(t *testing.T) {
	lies := map[string]func(*wire.Payment){
		"another payment":   func(p *wire.Payment) { p.ID = "pay_" + strings.Repeat("a", 26) },
		"another amount":    func(p *wire.Payment) { p.Amount = "26" },
		"another handle":    func(p *wire.Payment) { p.To = "email:eve@example.com" },
		"another policy":    func(p *wire.Payment) { p.Policy = "link" },
		"another reference": func(p *wire.Payment) { p.Reference = "invoice 8" },
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.lie = func(_ string, answer any) {
				if p, ok := answer.(*wire.Payment); ok {
					lie(p)
				}
			}
			if _, err := f.sender().Send(t.Context(), request); !client.Untrusted(err) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNew(t *testing.T) {
	for server, good := range map[string]bool{
		"https://relay.example.com":      true,
		"https://relay.example.com/":     true,
		"https://relay.example.com/r":    true,
		"http://127.0.0.1:8080":          true,
		"http://[::1]:8080":              true,
		"http://localhost:8080":          true,
		"http://relay.localhost":         true,
		"http://relay.example.com":       false,
		"http://localhost.example.com":   false,
		"http://192.168.1.2":             false,
		"http://127.0.0.1.example.com":   false,
		"https://ana:pw@example.com":     false,
		"https://relay.example.com?a=b":  false,
		"https://relay.example.com#link": false,
		"ftp://relay.example.com":        false,
		"relay.example.com":              false,
		"https://":                       false,
		"":                               false,
	} {
		_, err := client.New(server, client.Options{})
		if (err == nil) != good {
			t.Errorf("%q: %v", server, err)
		}
	}
	if _, err := client.New("http://192.168.1.2", client.Options{AllowHTTP: true}); err != nil {
		t.Error(err)
	}
}

// answers is a transport that gives one answer.
type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func answer(status int, body io.Reader, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(body)}
}

// Credentials never follow a redirect out of the relay's own address.
func TestRedirects(t *testing.T) {
	for to, follows := range map[string]bool{
		"https://relay.example.com/v1/other":      true,
		"https://evil.example.com/v1/treasury":    false,
		"http://relay.example.com/v1/treasury":    false,
		"https://relay.example.com:81/v1/nothing": false,
	} {
		reached := false
		f := newFake(t)
		c := f.client(client.Options{Key: f.keyOf(), Attempts: 3, HTTPClient: &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/v1/treasury" && r.URL.Host == "relay.example.com" && r.URL.Scheme == "https" {
				return answer(307, strings.NewReader(""), "Location", to), nil
			}
			reached = true
			return answer(200, strings.NewReader("{}")), nil
		})}})
		_, err := c.Treasury(t.Context(), "")
		if reached != follows || (err == nil) != follows {
			t.Errorf("%s: reached %v, %v", to, reached, err)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	read := int64(0)
	f := newFake(t)
	c := f.client(client.Options{HTTPClient: &http.Client{Transport: answers(func(*http.Request) (*http.Response, error) {
		return answer(200, &endless{&read}), nil
	})}})
	if _, err := c.Treasury(t.Context(), ""); !errors.Is(err, client.ErrAnswer) {
		t.Errorf("%v", err)
	}
	if read > 64<<20 {
		t.Errorf("read %d bytes", read)
	}
}

type endless struct{ n *int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	*e.n += int64(len(p))
	return len(p), nil
}

// What answers between us and the relay is no relay, and says nothing that could be quoted.
func TestOddAnswers(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		check  func(error) bool
	}{
		"a page":     {200, "<html>", func(err error) bool { return errors.Is(err, client.ErrAnswer) }},
		"other JSON": {200, `["rst_test_sesame"]`, func(err error) bool { return errors.Is(err, client.ErrAnswer) }},
		"bare 500": {500, "oops", func(err error) bool {
			return !client.Temporary(err) && err.Error() == "the relay answered 500 Internal Server Error"
		}},
		"gateway":       {502, "<html>", client.Temporary},
		"locked codes":  {429, `{"code":"code_locked"}`, func(err error) bool { return !client.Temporary(err) }},
		"several wrong": {400, `{"code":"invalid_request","detail":"Several.","errors":[{"pointer":"/to","detail":"is x"},{"pointer":"/amount","detail":"is y"}]}`, func(err error) bool { return strings.Contains(err.Error(), "to is x; amount is y") }},
	}
	for name, odd := range cases {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(client.Options{Attempts: 2, HTTPClient: &http.Client{Transport: answers(func(*http.Request) (*http.Response, error) {
				return answer(odd.status, strings.NewReader(odd.body)), nil
			})}})
			_, err := c.Treasury(t.Context(), "")
			if err == nil || !odd.check(err) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// A context ends everything: the pause between two tries, and a wait for the ledger.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, cancel := context.WithCancel(t.Context())
		f.fault = func(_ string, nth int) fault {
			if nth == 2 {
				cancel()
			}
			return busy
		}
		if _, err := f.sender().Treasury(ctx, ""); err == nil || f.count("GET /v1/treasury") != 2 {
			t.Errorf("%v after %d calls", err, f.count("GET /v1/treasury"))
		}
	})
}
