package imports

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTable holds the whole module to the table.
func TestTable(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	look(t, root)
	g, err := Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.own()) < 3 || !slices.Contains(g.own(), g.module+"/relay") {
		t.Fatalf("this is not the module: %v", g.own())
	}
	for _, v := range g.Check() {
		t.Error(v)
	}
}

// look makes the go command's test cache notice every source file: what a subprocess reads, it does not see.
func look(t *testing.T, root string) {
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // came and went
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".go":
			_, _ = os.Stat(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// planted is a module that keeps every rule, on which the violations below are planted one by one.
var planted = map[string][]string{
	"relay":                  {"context"},
	"relay/wire":             {"time"},
	"relay/stellar":          {"relay", "third.example/party"},
	"relay/stellar/rpc":      {"relay", "relay/stellar"},
	"relay/stellar/horizon":  {"relay", "relay/stellar"},
	"relay/idn":              {"relay", "third.example/party"},
	"relay/sep7":             {"third.example/party"},
	"relay/mint":             {"relay", "relay/stellar", "crypto/seal"},
	"relay/redeem":           {"relay", "relay/wire", "relay/stellar", "crypto/unseal"},
	"relay/client":           {"relay", "relay/wire", "relay/redeem"},
	"relay/sqlstore":         {"relay", "migrations", "third.example/party"},
	"relay/limits":           {"relay", "third.example/party"},
	"relay/relaytest":        {"relay", "testing"},
	"events":                 {"relay", "encoding/json"},
	"events/jet":             {"relay", "events", "third.example/party"},
	"events/webhook":         {"relay", "events"},
	"crypto/seal":            {"third.example/party"},
	"crypto/unseal":          {"crypto/seal"},
	"migrations":             {"embed"},
	"services/internal/boot": {"relay"},
	"services/signer":        {"relay", "relay/mint", "crypto/unseal"},
	"services/api":           {"relay", "relay/wire", "services/internal/boot"},
	"services/worker":        {"relay", "events"},
	"services/restante":      {"relay/client", "relay/sqlstore", "services/api", "services/worker", "services/signer", "events/jet"},
}

// ofTest marks an import of the package's test file.
const ofTest = "test: "

func TestEachPlantedViolationIsCaught(t *testing.T) {
	cases := map[string]struct {
		in, imports string
		want        []string // how the violations begin; no others may be, but those of packages that import the offender
	}{
		"nothing planted":            {},
		"domain with technology":     {"relay", "third.example/party", []string{"relay: may reach the standard library only: ", "events: may reach the standard library only: "}},
		"domain with an adapter":     {"relay", "migrations", []string{"relay: may not reach migrations"}},
		"domain with a service":      {"relay", "services/internal/quiet", []string{"relay: may not reach services/internal/quiet", "relay: or its test may not reach a service", "relay: cannot be read: use of internal package"}},
		"adapter with an adapter":    {"relay/sqlstore", "relay/limits", []string{"relay/sqlstore: may not reach relay/limits"}},
		"network with a network":     {"relay/stellar/rpc", "relay/stellar/horizon", []string{"relay/stellar/rpc: may not reach relay/stellar/horizon"}},
		"wallet's words with keys":   {"relay/sep7", "crypto/seal", []string{"relay/sep7: may not reach crypto/seal"}},
		"new adapter":                {"relay/cache", "relay/limits", []string{"relay/cache: may not reach relay/limits"}},
		"new adapter with the chain": {"relay/cache", "relay/stellar", []string{"relay/cache: may not reach relay/stellar"}},
		"store that opens boxes":     {"relay/sqlstore", "crypto/unseal", []string{"relay/sqlstore: may not open boxes"}},
		"mint that opens boxes":      {"relay/mint", "crypto/unseal", []string{"relay/mint: may not open boxes"}},
		"api that opens boxes":       {"services/api", "crypto/unseal", []string{"services/api: may not open boxes"}},
		"worker, by the way of SDK":  {"services/worker", "relay/client", []string{"services/worker: may not open boxes: m/services/worker → m/relay/client → m/relay/redeem → m/crypto/unseal"}},
		"command past the client":    {"services/restante", "crypto/unseal", []string{"services/restante: may not import crypto/unseal itself"}},
		"client past redeem":         {"relay/client", "crypto/unseal", []string{"relay/client: may not import crypto/unseal itself"}},
		"keys with payments":         {"crypto/seal", "relay", []string{"crypto/seal: may not reach relay", "crypto/unseal: may not reach relay: m/crypto/unseal → m/crypto/seal → m/relay"}},
		"events with technology":     {"events", "third.example/party", []string{"events: may reach the standard library only"}},
		"events with keys":           {"events/webhook", "crypto/unseal", []string{"events/webhook: may not open boxes"}},
		"bus with a bus":             {"events/webhook", "events/jet", []string{"events/webhook: may not reach events/jet"}},
		"boot with a service":        {"services/internal/boot", "relay/stellar", []string{"services/internal/boot: may not reach relay/stellar"}},
		"stack that is a client":     {"services/restante/internal/stack", "relay/client", []string{"services/restante/internal/stack: may not reach relay/client", "services/restante/internal/stack: may not reach relay/redeem"}},
		"shipped with testing":       {"services/api", "testing", []string{"services/api: is shipped and reaches testing", "services/restante: is shipped and reaches testing"}},
		"shipped with synctest":      {"services/restante", "testing/synctest", []string{"services/restante: is shipped and reaches testing"}},
		"shipped with test package":  {"services/restante", "relay/relaytest", []string{"services/restante: is shipped and reaches a package for tests", "services/restante: is shipped and reaches testing"}},
		"empty name":                 {"services/internal/helpers", "relay", []string{"services/internal/helpers: its name says nothing"}},
		"empty name deep":            {"crypto/models", "embed", []string{"crypto/models: its name says nothing"}},
		"test with a service":        {"relay/stellar/rpc", ofTest + "services/signer", []string{"relay/stellar/rpc: or its test may not reach a service: "}},
		"test of keys, with one":     {"crypto/seal", ofTest + "services/internal/boot", []string{"crypto/seal: or its test may not reach a service: "}},
		"test of a bus, with one":    {"events/jet", ofTest + "services/worker", []string{"events/jet: or its test may not reach a service: "}},
		"test package with one":      {"relay/relaytest", "services/signer", []string{"relay/relaytest: or its test may not reach a service: "}},
		"test of a service":          {"services/api", ofTest + "services/worker", nil},
		"nothing there":              {"services/api", "relay/absent", []string{"relay/absent: cannot be read"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tree := maps.Clone(planted)
			tree["services/internal/quiet"] = nil
			if c.in != "" {
				tree[c.in] = append(slices.Clone(tree[c.in]), c.imports)
			}
			found := check(t, tree)
			for _, want := range c.want {
				if !slices.ContainsFunc(found, func(v Violation) bool { return strings.HasPrefix(v.String(), want) }) {
					t.Errorf("not caught: %s", want)
				}
			}
			for _, v := range found {
				wanted := slices.ContainsFunc(c.want, func(want string) bool { return strings.HasPrefix(v.String(), want) })
				through := strings.Contains(v.String(), " → m/"+c.in+" → ") // what imports the offender reaches it too
				if !wanted && !through {
					t.Errorf("caught besides: %s", v)
				}
			}
		})
	}
}

// check writes tree as a module "m" and runs the rules over it.
func check(t *testing.T, tree map[string][]string) []Violation {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module m\n\ngo 1.26\n\nrequire third.example/party v0.0.0\n\nreplace third.example/party => ./third\n")
	write("third/go.mod", "module third.example/party\n\ngo 1.26\n")
	write("third/third.go", "package party\n")
	for name, needs := range tree {
		text := "package " + filepath.Base(name) + "\n"
		test := "package " + filepath.Base(name) + "_test\nimport _ \"testing\"\nimport _ \"third.example/party\"\n"
		for _, need := range needs {
			need, tested := strings.CutPrefix(need, ofTest)
			if _, own := tree[need]; own || need == "relay/absent" {
				need = "m/" + need
			}
			line := "import _ \"" + need + "\"\n"
			if tested {
				test += line
			} else {
				text += line
			}
		}
		write(name+"/x.go", text)
		write(name+"/x_test.go", test)
	}
	g, err := Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return g.Check()
}
