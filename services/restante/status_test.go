package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
)

// Every end of a run has its status and whole sentences; wrapping changes neither.
func TestOutward(t *testing.T) {
	view := func(state, reason string) client.ClaimView { return client.ClaimView{State: state, Reason: reason} }
	problem := func(status int, code, pointer string, after time.Duration) error {
		return &client.Problem{Status: status, Code: code, Detail: "It says no", Pointer: pointer, RetryAfter: after, RequestID: "req_1"}
	}
	for name, c := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"lost":        {&client.Lost{View: view("returned", "expired")}, 4, "The money went back to the sender because the time ran out."},
		"parked":      {&client.Parked{View: view("parked", "frozen")}, 75, "The money is safe but cannot be moved just now (frozen). Its operator looks at it; try again later."},
		"no answer":   {&client.Unreached{Host: "h", Cause: errors.New("refused")}, 75, "No answer from h: refused. Is the relay running there? Try again in a moment."},
		"unclear":     {&client.Unclear{ID: "pay_x", Cause: &client.Unreached{Host: "h", Cause: errors.New("EOF")}}, 75, "No answer from h: EOF. Is the relay running there? Try again in a moment."},
		"field":       {problem(400, "amount_zero", "/amount", 0), 2, "--amount: It says no."},
		"claimed":     {problem(409, "already_claimed", "", 0), 4, "It says no."},
		"too late":    {problem(409, "expired", "", 0), 4, "It says no."},
		"busy":        {problem(503, "unavailable", "", 0), 75, "It says no. Try again in a moment."},
		"too soon":    {problem(429, "code_too_soon", "", 90*time.Second), 75, "It says no. Try again in 2 minutes."},
		"locked":      {problem(429, "code_locked", "", 30*time.Second), 1, "It says no."},
		"wrong code":  {problem(401, "code_wrong", "", 0), 3, "It says no. Run it again with the code, or without --code to have a new one mailed."},
		"wrong key":   {problem(401, "key_invalid", "", 0), 1, "The relay does not accept this API key: it is unknown there, or revoked."},
		"bare 500":    {problem(500, "internal", "", 0), 1, "It says no. The operator finds it under request req_1."},
		"a lie":       {&stellar.Mismatch{Field: "memo", Want: "none", Got: "one"}, 1, "The relay's answer is not to be trusted: envelope differs in its memo: want none, got one. Nothing was signed. Tell whoever runs the relay."},
		"passphrase":  {keystore.ErrPassphrase, 1, "The passphrase does not open the keystore."},
		"interrupted": {context.Canceled, 1, "Interrupted. What was asked for before goes on; \"restante show\" tells how it stands."},
		"usage":       {usage("Like this."), 2, "Like this."},
		"anything":    {errors.New("odd"), 1, "Odd."},
		"nothing":     {nil, 0, ""},
	} {
		for _, wrapped := range []bool{false, true} {
			err := c.err
			if wrapped && err != nil {
				if name == "anything" {
					continue
				}
				err = fmt.Errorf("wrapped: %w", err)
			}
			got := outward(err)
			text := sentence(got)
			if name == "a lie" && wrapped {
				text = strings.Replace(text, "wrapped: ", "", 1)
			}
			if name == "usage" && wrapped {
				text = strings.TrimPrefix(text, "wrapped: ")
			}
			if statusOf(got) != c.status || text != c.text {
				t.Errorf("%s: status %d, %q", name, statusOf(got), text)
			}
		}
	}
}

// No error of the command line shows a value that may be a secret.
func TestNoSecretInErrors(t *testing.T) {
	const link = "https://relay.example.com/c/pay_agq7t5z6fv3cpfmxvpuq6s5pbi#AXOhpXGA9zKVRnJVlZeu1TCg_rhNSnRGPtdHX6JSX-DW1_kURx"
	const key = "rst_test_5gfo6ju5v56cogsdpuoyqzwxbcybyglo"
	for _, args := range [][]string{
		{link}, {key}, {"send", link}, {"show", link}, {"cancel", link}, {"explain", link}, {"watch", link}, {"claim", link}, {"claim", link, link},
		{"decline", link}, {"list", key}, {"list", "--server", link, "--key", key}, {"list", "--server", "http://127.0.0.1:1", "--limit", "1", "--kee", key},
		{"app", "key", "revoke", key}, {"app", key}, {"claim", "--to", "SBADLYPLACED", link}, {"claim", "--code", key, link},
	} {
		var out, errs bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing is to be reached
		env := func(name string) string {
			return map[string]string{"RESTANTE_SERVER": "http://127.0.0.1:1", "RESTANTE_KEY": key, "RESTANTE_STATE": t.TempDir()}[name]
		}
		err := run(ctx, env, args, strings.NewReader(""), &out, &errs)
		if err == nil {
			t.Errorf("%d: no error", len(args))
			continue
		}
		for _, text := range []string{out.String(), errs.String(), err.Error()} {
			for _, secret := range []string{"AXOhpXGA9", "5gfo6ju5", "SBADLY"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s…: %s", args[0][:3], text)
				}
			}
		}
	}
}
