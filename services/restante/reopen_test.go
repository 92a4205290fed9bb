package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/signer"
)

// TestLostKey: an app whose key is gone, with dev.env or by a revocation, is named and is not made a second time. Its operator makes
// a key for it, and it goes on with the same treasury and the same payments.
func TestLostKey(t *testing.T) {
	t.Parallel()
	m, id := pendingPayment(t)
	command := func(args ...string) (string, error) {
		var out, errs bytes.Buffer
		err := run(t.Context(), func(string) string { return "" }, args, strings.NewReader(""), &out, &errs)
		return out.String() + errs.String(), err
	}
	before, err := signer.ReadRoster(m.data)
	m.must(err)
	var app string
	for a := range before.Treasuries {
		app = string(a)
	}
	env := filepath.Join(m.data, "dev.env")
	for name, lose := range map[string]func(){
		"dev.env is gone": func() { m.must(os.Remove(env)) },
		"the key is revoked": func() {
			d, end, err := m.open(m.data)
			m.must(err)
			defer end()
			keys, err := d.App.Keys(t.Context())
			m.must(err)
			for i, k := range keys {
				if k.RevokedAt != nil {
					continue
				}
				if _, err := d.App.RevokeKey(t.Context(), k.ID, false); (err != nil) != (i == len(keys)-1) {
					t.Errorf("key %d of %d is revoked: %v", i+1, len(keys), err)
				} else if err != nil && !client.IsCode(err, "last_admin_key") && !client.IsCode(err, "key_in_use") {
					t.Error(err)
				}
			}
			for _, k := range keys {
				_, err = d.App.RevokeKey(t.Context(), k.ID, true)
			}
			m.must(err)
		},
	} {
		lose()
		_, end, err := m.open(m.data)
		if err == nil {
			end()
			t.Fatalf("%s: it starts with another app", name)
		}
		if !strings.Contains(err.Error(), "restante app key create --data "+m.data+" --app "+app) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := signer.ReadRoster(m.data); err != nil || len(after.Treasuries) != 1 {
			t.Errorf("%s: another treasury was made: %v %v", name, after.Treasuries, err)
		}
		if said, err := command("app", "key", "create", "--data", m.data, "--app", "app_none"); statusOf(err) != statusUsage || !strings.Contains(said, app) {
			t.Errorf("%s: a key for no app: %v %s", name, err, said)
		}
		said, err := command("app", "key", "create", "--data", m.data, "--app", app)
		if err != nil || strings.Contains(said, "rst_test_") {
			t.Fatalf("%s: %v %s", name, err, said)
		}
		if info, err := os.Stat(env); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: dev.env: %v %v", name, info, err)
		}
	}
	d, end, err := m.open(m.data)
	m.must(err)
	defer end()
	if said, err := command("app", "key", "create", "--data", m.data); statusOf(err) != statusTryAgain || !strings.Contains(said, "A restante runs on") {
		t.Errorf("while it runs: %v %s", err, said)
	}
	if string(d.Dev.App.ID) != app || d.Dev.App.Treasury != before.Treasuries[d.Dev.App.ID] {
		t.Errorf("it goes on with %s", d.Dev.App.ID)
	}
	_, err = d.App.Cancel(t.Context(), id)
	m.must(err)
	_, err = d.App.Follow(t.Context(), id, func(p client.Payment) bool { return p.State == string(relay.Returned) })
	m.must(err)
}
