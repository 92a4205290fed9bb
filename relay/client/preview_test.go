package client_test

import (
	"testing"
	"testing/synctest"

	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
)

const previewRoute = "POST /v1/payments/preview"

func TestPreview(t *testing.T) {
	for _, first := range []fault{fine, busy, slow, lost, broken} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.fault = func(route string, nth int) fault {
				if route == previewRoute && nth == 1 {
					return first
				}
				return fine
			}
			v, err := f.sender().Preview(t.Context(), request)
			if err != nil || !v.Accepted || v.Amount != "25" || v.To != "email:ana@example.com" || v.Policy != "guarded" {
				t.Errorf("%v: %+v %v", first, v, err)
			}
			if len(f.payments) != 0 || len(f.answers) != 0 || f.count("POST /v1/payments") != 0 {
				t.Error("a preview made a payment")
			}
		})
	}
	f := newFake(t)
	r := request
	r.Amount = "0"
	if _, err := f.sender().Preview(t.Context(), r); !client.IsCode(err, "amount_zero") {
		t.Errorf("%v", err)
	}
}

func TestPreviewDistrustsTheAnswer(t *testing.T) {
	for name, lie := range map[string]func(*wire.Preview){
		"another amount": func(v *wire.Preview) { v.Amount = "26" },
		"another handle": func(v *wire.Preview) { v.To = "email:eve@example.com" },
		"another policy": func(v *wire.Preview) { v.Policy = "link" },
		"both":           func(v *wire.Preview) { v.Refusal = &wire.Refusal{Code: "treasury_empty"} },
		"neither":        func(v *wire.Preview) { v.Accepted = false },
	} {
		f := newFake(t)
		f.lie = func(_ string, answer any) {
			if v, ok := answer.(*wire.Preview); ok {
				lie(v)
			}
		}
		if _, err := f.sender().Preview(t.Context(), request); !client.Untrusted(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
