package client_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
)

func TestReaddress(t *testing.T) {
	for _, first := range []fault{fine, busy, slow, lost, broken} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			s, err := f.sender().Send(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			f.fault = func(route string, nth int) fault {
				if strings.HasSuffix(route, "/readdress") && nth == 1 {
					return first
				}
				return fine
			}
			p, err := f.sender().Readdress(t.Context(), s.Payment.ID, "Eva@example.org")
			if err != nil || p.To != "email:eva@example.org" || f.payments[s.Payment.ID].To != p.To {
				t.Errorf("%v: %v %v", first, p.To, err)
			}
			f.payments[s.Payment.ID].State = "claimed"
			if _, err := f.sender().Readdress(t.Context(), s.Payment.ID, "max@example.org"); !client.IsCode(err, "already_claimed") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestReaddressDistrustsTheAnswer(t *testing.T) {
	for name, lie := range map[string]func(*wire.Payment){
		"another payment": func(p *wire.Payment) { p.ID = "pay_" + strings.Repeat("a", 26) },
		"the old handle":  func(p *wire.Payment) { p.To = "email:ana@example.com" },
	} {
		f := newFake(t)
		s, err := f.sender().Send(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		f.lie = func(_ string, answer any) {
			if p, ok := answer.(*wire.Payment); ok {
				lie(p)
			}
		}
		if _, err := f.sender().Readdress(t.Context(), s.Payment.ID, "eva@example.org"); !client.Untrusted(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := newFake(t).sender().Readdress(t.Context(), "pay_x/../..", "eva@example.org"); err == nil {
		t.Error("an id that is none went into a path")
	}
}
