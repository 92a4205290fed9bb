package api_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/network"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/api"
)

func TestWithoutAKeyThereIsNothing(t *testing.T) {
	w := newFixture(t)
	text, _ := api.NewKey("rst_test_")
	for _, rt := range api.Routes() {
		part := strings.Fields(rt)
		if part[2] != "byApp" && part[2] != "bySender" {
			continue
		}
		path := strings.ReplaceAll(part[1], "{id}", string(relay.NewPaymentID(0)))
		w.unchanged(rt, func() {
			a := w.anonymous().do(part[0], path, nil).refused(401, "key_missing")
			if a.header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
			w.anonymous().with("Authorization", w.key).do(part[0], path, nil).refused(401, "key_missing")
			w.as("").do(part[0], path, nil).refused(401, "key_missing")
			w.as(text).do(part[0], path, nil).refused(401, "key_invalid")
			w.as(strings.Replace(w.key, "rst_test_", "rst_live_", 1)).do(part[0], path, nil).refused(401, "key_invalid")
			w.as(strings.ToUpper(w.key)).do(part[0], path, nil).refused(401, "key_invalid")
			w.as(w.key+"a").do(part[0], path, nil).refused(401, "key_invalid")
		})
	}
	w.anonymous().with("Authorization", "bearer "+w.key).do("GET", "/v1/app", nil).want(200)
	two := w.as(w.key)
	two.header.Add("Authorization", "Bearer "+w.key)
	two.do("GET", "/v1/app", nil).refused(401, "key_missing")
	if strings.Contains(w.logs.String(), w.key[9:]) {
		t.Error("the log shows a key")
	}
}

func TestKeys(t *testing.T) {
	w := newFixture(t)
	var k, next wire.Key
	w.as(w.key).do("POST", "/v1/keys", nil).want(201).into(&k)
	w.as(k.Text).do("GET", "/v1/app", nil).want(200)
	if k.Admin || k.RevokedAt != nil {
		t.Errorf("%+v", k)
	}
	w.as(w.key).do("POST", "/v1/keys/"+k.ID+"/rotate", nil).want(201).into(&next)
	w.as(k.Text).do("GET", "/v1/app", nil).refused(401, "key_invalid")
	w.as(next.Text).do("GET", "/v1/app", nil).want(200)
	w.unchanged("rotating a closed key", func() { w.as(w.key).do("POST", "/v1/keys/"+k.ID+"/rotate", nil).refused(404, "not_found") })
	w.unchanged("another app's key", func() {
		w.as(w.admin).do("POST", "/v1/keys/"+next.ID+"/rotate", nil).refused(404, "not_found")
		w.as(w.admin).do("DELETE", "/v1/keys/"+next.ID, nil).refused(404, "not_found")
	})
	var closed wire.Key
	w.as(w.key).do("DELETE", "/v1/keys/"+next.ID, nil).want(200).into(&closed)
	if closed.ID != next.ID || closed.RevokedAt == nil || closed.Text != "" {
		t.Errorf("%+v", closed)
	}
	w.unchanged("revoking again", func() { w.as(w.key).do("DELETE", "/v1/keys/"+next.ID, nil).want(200) })
	w.as(next.Text).do("GET", "/v1/app", nil).refused(401, "key_invalid")
	// What would shut the owner out is done only when it is asked for in as many words.
	var mine wire.KeyList
	w.as(w.admin).do("GET", "/v1/keys", nil).want(200).into(&mine)
	w.unchanged("its last admin key", func() { w.as(w.admin).do("DELETE", "/v1/keys/"+mine.Data[0].ID, nil).refused(409, "last_admin_key") })
	w.unchanged("said unclearly", func() {
		w.as(w.admin).do("DELETE", "/v1/keys/"+mine.Data[0].ID+"?anyway=1", nil).refused(400, "not_one_of")
	})
	var own wire.Key
	w.as(w.key).do("POST", "/v1/keys", nil).want(201).into(&own)
	w.unchanged("its own key", func() { w.as(own.Text).do("DELETE", "/v1/keys/"+own.ID, nil).refused(409, "key_in_use") })
	w.as(own.Text).do("DELETE", "/v1/keys/"+own.ID+"?anyway=true", nil).want(200)
	var list wire.KeyList
	a := w.as(w.key).do("GET", "/v1/keys", nil).want(200)
	a.into(&list)
	if len(list.Data) != 4 || strings.Contains(string(a.body), "rst_") {
		t.Errorf("%s", a.body)
	}
	// A rotated admin key is an admin key, and only by a key that is as strong.
	w.as(w.admin).do("GET", "/v1/keys", nil).want(200).into(&list)
	w.as(w.admin).do("POST", "/v1/keys/"+list.Data[0].ID+"/rotate", nil).want(201).into(&k)
	if !k.Admin {
		t.Errorf("%+v", k)
	}
}

func TestApps(t *testing.T) {
	w := newFixture(t)
	good := wire.AppRequest{Name: "Bmce", Recipient: w.identity.Recipient().String()}
	w.unchanged("by an app", func() { w.as(w.key).do("POST", "/v1/apps", good).refused(403, "admin_key_needed") })
	for name, c := range map[string]struct {
		body string
		code string
		at   []string
	}{
		"no name":        {`{"name":"  ","recipient":"` + good.Recipient + `"}`, "name_malformed", []string{"/name"}},
		"line in name":   {`{"name":"a\nb","recipient":"` + good.Recipient + `"}`, "name_malformed", []string{"/name"}},
		"no recipient":   {`{"name":"a"}`, "required", []string{"/recipient"}},
		"a secret":       {`{"name":"a","recipient":"AGE-SECRET-KEY-1"}`, "malformed", []string{"/recipient"}},
		"bad recipient":  {`{"name":"a","recipient":"age1x"}`, "recipient_malformed", []string{"/recipient"}},
		"both malformed": {`{"name":"\n","recipient":"age1x"}`, "invalid_request", []string{"/name", "/recipient"}},
	} {
		w.unchanged(name, func() { w.as(w.admin).do("POST", "/v1/apps", c.body).refused(400, c.code, c.at...) })
	}
	no := false
	good.Notify = &no
	var a wire.App
	w.as(w.admin).do("POST", "/v1/apps", good).want(201).into(&a)
	if a.Notify || a.MayVouch || a.Key == nil || a.Key.Admin || !strings.HasPrefix(a.Key.Text, "rst_test_") {
		t.Errorf("%+v", a)
	}
	var own wire.App
	w.as(a.Key.Text).do("GET", "/v1/app", nil).want(200).into(&own)
	if a.Key = nil; !reflect.DeepEqual(own, a) {
		t.Errorf("%+v, %+v", own, a)
	}
}

func TestKeysAreOfOneNetwork(t *testing.T) {
	if api.KeyPrefix(network.PublicNetworkPassphrase) != "rst_live_" || api.KeyPrefix(passphrase) != "rst_test_" {
		t.Error("prefixes are wrong")
	}
	for _, prefix := range []string{"rst_test_", "rst_live_"} {
		text, row := api.NewKey(prefix)
		if hash, ok := api.HashKey(prefix, text); !ok || hash != row.Hash || strings.Contains(row.Hash, text[9:]) {
			t.Errorf("%s: %v", prefix, ok)
		}
	}
	for name, c := range map[string]api.Config{
		"test keys where money is real": {PublicURL: "https://a.example", Network: network.PublicNetworkPassphrase, KeyPrefix: "rst_test_"},
		"live keys in a test":           {PublicURL: "https://a.example", Network: passphrase, KeyPrefix: "rst_live_"},
		"no network":                    {PublicURL: "https://a.example"},
		"no url":                        {Network: passphrase},
		"slash at the end":              {PublicURL: "https://a.example/", Network: passphrase},
		"not http":                      {PublicURL: "ftp://a.example", Network: passphrase},
		"http where money is real":      {PublicURL: "http://a.example", Network: network.PublicNetworkPassphrase},
	} {
		if err := c.Check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := api.New(api.Config{PublicURL: "https://a.example", Network: passphrase}, api.Deps{}); err == nil {
		t.Error("an API without ports")
	}
}

func TestPathsAndMethods(t *testing.T) {
	w := newFixture(t)
	w.as(w.key).do("GET", "/v1/nothing", nil).refused(404, "no_such_path")
	w.anonymous().do("GET", "/v2/payments", nil).refused(404, "no_such_path")
	a := w.as(w.key).do("PUT", "/v1/payments", nil).refused(405, "method_not_allowed")
	if allow := a.header.Get("Allow"); !strings.Contains(allow, "POST") || !strings.Contains(allow, "GET") {
		t.Errorf("Allow: %q", allow)
	}
	a = w.anonymous().do("GET", "/v1/openapi.yaml", nil).want(200)
	if string(a.body) != string(api.OpenAPI) || a.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("document as %q", a.header.Get("Content-Type"))
	}
	var n wire.Network
	w.anonymous().do("GET", "/v1/network", nil).want(200).into(&n)
	if n.Network != passphrase {
		t.Errorf("%+v", n)
	}
	for _, a := range []answer{w.anonymous().do("GET", "/v1/network", nil), w.anonymous().with("Origin", "https://evil.example").do("OPTIONS", "/v1/claims/x", nil)} {
		for h := range a.header {
			if strings.HasPrefix(h, "Access-Control-") {
				t.Errorf("%s: header %s", a.what, h)
			}
		}
	}
	if c := a.header.Get("X-Content-Type-Options"); c != "nosniff" {
		t.Errorf("X-Content-Type-Options: %q", c)
	}
}

// A key with one scope may make the calls of that scope and no others. What they answer is another matter.
func TestScopeOfEachRoute(t *testing.T) {
	w := newFixture(t)
	keys := map[string]string{}
	for _, name := range relay.AllScopes.Names() {
		var k wire.Key
		w.as(w.admin).do("POST", "/v1/keys", wire.KeyRequest{Scopes: []string{name}}).want(201).into(&k)
		if !slices.Equal(k.Scopes, []string{name}) || k.Admin != (name == "admin") {
			t.Errorf("%s: %+v", name, k)
		}
		keys[name] = k.Text
	}
	for _, rt := range api.Routes() {
		part := strings.Fields(rt)
		needs := api.ScopeOf(part[0], part[1])
		if by := part[2]; (by == "byApp" || by == "bySender") == (needs == "") {
			t.Errorf("%s needs %q", rt, needs)
		}
		if needs == "" || needs == "any" {
			continue
		}
		path := strings.ReplaceAll(part[1], "{id}", string(relay.NewPaymentID(0)))
		for name, text := range keys {
			a := w.as(text).do(part[0], path, nil)
			missing := a.status == 403 && (strings.Contains(string(a.body), `"scope_missing"`) || strings.Contains(string(a.body), `"admin_key_needed"`))
			if missing == (name == needs) {
				t.Errorf("%s with %s: %d %s, it needs %s", rt, name, a.status, a.body, needs)
			}
		}
	}
}

// A plain key makes, rotates and revokes nothing that is stronger than itself: not the admin's, not its own with more.
func TestNoKeyMakesAStrongerOne(t *testing.T) {
	w := newFixture(t)
	var list wire.KeyList
	w.as(w.admin).do("GET", "/v1/keys", nil).want(200).into(&list)
	admin := list.Data[0].ID
	var plain, reads wire.Key
	w.as(w.admin).do("POST", "/v1/keys", nil).want(201).into(&plain)
	if plain.Admin || !slices.Equal(plain.Scopes, []string{"send", "read", "cancel", "vouch"}) {
		t.Fatalf("%+v", plain)
	}
	w.as(plain.Text).do("POST", "/v1/keys", wire.KeyRequest{Scopes: []string{"read"}}).want(201).into(&reads)
	for _, c := range []struct{ name, by, id string }{{"the admin's, by an app's", plain.Text, admin}, {"an app's, by a reader's", reads.Text, plain.ID}} {
		w.unchanged("rotating "+c.name, func() { w.as(c.by).do("POST", "/v1/keys/"+c.id+"/rotate", nil).refused(403, "key_stronger") })
		w.unchanged("revoking "+c.name, func() { w.as(c.by).do("DELETE", "/v1/keys/"+c.id, nil).refused(403, "key_stronger") })
	}
	for name, c := range map[string]struct {
		by     string
		scopes []string
		status int
		code   string
	}{
		"admin by an app's":  {plain.Text, []string{"admin"}, 403, "key_stronger"},
		"more by an app's":   {plain.Text, []string{"send", "read", "cancel", "vouch", "admin"}, 403, "key_stronger"},
		"send by a reader's": {reads.Text, []string{"send"}, 403, "key_stronger"},
		"more by a reader's": {reads.Text, []string{"read", "cancel"}, 403, "key_stronger"},
		"an unknown one":     {w.admin, []string{"root"}, 400, "scopes_malformed"},
		"twice":              {w.admin, []string{"read", "read"}, 400, "scopes_malformed"},
		"none":               {w.admin, []string{}, 400, "scopes_malformed"},
		"two in one":         {w.admin, []string{"send read"}, 400, "scopes_malformed"},
		"in another case":    {w.admin, []string{"Read"}, 400, "scopes_malformed"},
	} {
		w.unchanged(name, func() {
			body := `{"scopes":["` + strings.Join(c.scopes, `","`) + `"]}`
			if len(c.scopes) == 0 {
				body = `{"scopes":[]}`
			}
			w.as(c.by).do("POST", "/v1/keys", body).refused(c.status, c.code)
		})
	}
	w.as(w.admin).do("GET", "/v1/app", nil).want(200)
	// What is as strong, or weaker, may be touched.
	var next wire.Key
	w.as(plain.Text).do("POST", "/v1/keys/"+reads.ID+"/rotate", nil).want(201).into(&next)
	if !slices.Equal(next.Scopes, []string{"read"}) {
		t.Errorf("%+v", next)
	}
	w.as(plain.Text).do("DELETE", "/v1/keys/"+next.ID, nil).want(200)
	w.as(next.Text).do("POST", "/v1/keys", nil).refused(401, "key_invalid")
}
