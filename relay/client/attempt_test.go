package client_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/restante/restante/relay/client"
)

// An answer that is lost and a relay that is gone afterwards: the last error alone says that nothing was sent, and the payment is there.
func TestSendLostThenSilenced(t *testing.T) {
	gone := func() (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	for name, after := range map[string]func() (*http.Response, error){
		"connection refused": gone,
		"too many requests": func() (*http.Response, error) {
			return answer(429, strings.NewReader(`{"code":"too_many_requests"}`)), nil
		},
		"key revoked":    func() (*http.Response, error) { return answer(401, strings.NewReader(`{"code":"key_invalid"}`)), nil },
		"a page between": func() (*http.Response, error) { return answer(404, strings.NewReader("<html>")), nil },
		"time-out":       func() (*http.Response, error) { return answer(408, strings.NewReader("")), nil },
		"another body":   func() (*http.Response, error) { return answer(200, strings.NewReader("<html>")), nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				posts := 0
				c := f.client(client.Options{Key: f.keyOf(), HTTPClient: &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
					if r.Method != http.MethodPost {
						return f.RoundTrip(r)
					}
					if posts++; posts > 1 {
						return after()
					}
					if _, err := f.RoundTrip(r); err != nil {
						return nil, err
					}
					return nil, io.ErrUnexpectedEOF
				})}})
				a, err := c.Prepare(t.Context(), request)
				if err != nil {
					t.Fatal(err)
				}
				s, err := c.SendAttempt(t.Context(), a)
				var unclear *client.Unclear
				if !errors.As(err, &unclear) || unclear.ID != a.ID || s.Payment.ID != a.ID || !sameLink(s.Link, a.Link) || len(f.payments) != 1 {
					t.Fatalf("%v, payment %q, %d payments", err, s.Payment.ID, len(f.payments))
				}
				leaks(t, a.Link, err.Error(), fmt.Sprintf("%+v %#v", a, a))

				// Another process finds the same payment.
				text, err := a.Reveal()
				if err != nil {
					t.Fatal(err)
				}
				again, err := client.ParseAttempt(text)
				if err != nil {
					t.Fatal(err)
				}
				got, err := f.sender().ResumeAttempt(t.Context(), again)
				if err != nil || got.Payment.ID != a.ID || !sameLink(got.Link, a.Link) || len(f.payments) != 1 {
					t.Errorf("%v, %+v, %d payments", err, got.Payment, len(f.payments))
				}
			})
		})
	}
}

func sameLink(a, b client.Link) bool {
	x, err := a.Reveal()
	y, err2 := b.Reveal()
	return err == nil && err2 == nil && x == y
}

// What never arrived is sent by the resumption, under the id and the link that it had.
func TestResumeSendsWhatNeverArrived(t *testing.T) {
	f := newFake(t)
	a, err := f.sender().Prepare(t.Context(), request)
	if err != nil || len(f.payments) != 0 {
		t.Fatalf("%v, %d payments", err, len(f.payments))
	}
	for range 2 {
		s, err := f.sender().ResumeAttempt(t.Context(), a)
		if err != nil || s.Payment.ID != a.ID || len(f.payments) != 1 {
			t.Errorf("%v, %+v, %d payments", err, s.Payment, len(f.payments))
		}
	}
}

// A relay that cannot be reached at all was sent nothing, and that is no unknown outcome.
func TestSendNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.client(client.Options{Key: f.keyOf(), HTTPClient: &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
			}
			return f.RoundTrip(r)
		})}})
		_, err := c.Send(t.Context(), request)
		var unclear *client.Unclear
		var never *client.Unreached
		if errors.As(err, &unclear) || !errors.As(err, &never) || !never.NeverSent {
			t.Errorf("%v", err)
		}
	})
}

func TestParseAttempt(t *testing.T) {
	f := newFake(t)
	a, err := f.sender().Prepare(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := a.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "another file": `{"format":"restante-receipt-1"}`, "a newer one": strings.Replace(string(text), "send-1", "send-2", 1),
		"another id": strings.Replace(string(text), `"id":"`+a.ID, `"id":"pay_`+strings.Repeat("a", 26), 1), "cut": string(text[:len(text)-3]),
	} {
		if _, err := client.ParseAttempt([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			leaks(t, a.Link, err.Error())
		}
	}
}
