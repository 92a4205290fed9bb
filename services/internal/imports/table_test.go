// Package imports is the import table of the module, as a check over transitive dependencies.
//
// It promises that a package reaches, by any path, only what [table] and the rules beside it let it reach; the test runs it
// over the whole module. A package that does not exist yet finds its rule waiting. Test files, and packages for tests (their
// name ends in "test"), are held to one rule only: outside services/ they do not reach a service. Nothing shipped may reach a
// package for tests.
//
// It does not judge taste: a new arrow between packages is a new line of the table, with its reason, in the same commit.
// Start with [table].
package imports

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A line says which packages of this module some packages may reach. Paths are relative to the module; "x/..." is x and all
// below it. The first line that names a package is its line.
type line struct {
	who     string
	may     []string
	stdOnly bool // and of others nothing but the standard library
}

var table = []line{
	// The domain is in the middle and knows no technology.
	{who: "relay", stdOnly: true},
	{who: "relay/desk", may: []string{"relay"}, stdOnly: true}, // the one writer, and the ports that adapters implement
	{who: "relay/wire", stdOnly: true},                         // the API's spelling, shared by server and SDK
	// Adapters import the domain and never each other. The ledger's language is spoken by a few of them.
	{who: "relay/stellar", may: []string{"relay"}},
	{who: "relay/stellar/access", may: []string{"relay", "relay/desk", "relay/stellar"}},
	{who: "relay/stellar/...", may: []string{"relay", "relay/desk", "relay/stellar", "relay/stellar/access"}},
	{who: "relay/idn", may: []string{"relay"}},
	{who: "relay/sep7"}, // a wallet's words: text alone, so that any package that asks for a signature may speak them
	{who: "relay/mint", may: []string{"relay", "relay/stellar", "crypto/..."}},
	{who: "relay/redeem", may: []string{"relay", "relay/wire", "relay/stellar", "crypto/..."}},
	{who: "relay/client", may: []string{"relay", "relay/wire", "relay/stellar", "relay/redeem", "relay/mint", "relay/idn", "relay/sep7", "crypto/..."}}, // a sender mints on his own machine
	{who: "relay/sqlstore/...", may: []string{"relay", "relay/desk", "migrations", "crypto/...", "internal/sqlite"}},
	{who: "relay/...", may: []string{"relay", "crypto/..."}},
	// What is announced is words; how it travels is an adapter.
	{who: "events", may: []string{"relay"}, stdOnly: true},
	{who: "events/...", may: []string{"relay", "relay/desk", "events", "crypto/..."}},
	// Keys know nothing of payments.
	{who: "crypto/...", may: []string{"crypto/..."}},
	{who: "migrations/...", may: []string{"migrations/..."}},
	{who: "internal/..."}, // how a file is opened, and nothing of what is in it
	// What services share knows no service.
	{who: "services/internal/...", may: []string{"relay", "relay/desk", "relay/wire", "events", "crypto/...", "services/internal/..."}},
	// What `up` is put together from knows no client and no command. Only the command and its demonstration may import it: it is
	// internal to services/restante, and the compiler sees to that.
	{who: "services/restante/internal/stack", may: []string{"relay", "relay/desk", "relay/wire", "relay/stellar/...", "relay/idn", "relay/sep7", "relay/mint", "relay/sqlstore/...",
		"migrations", "events/...", "crypto/...", "services/api", "services/worker", "services/signer", "services/web", "services/devnet/...", "services/internal/...", "internal/sqlite"}},
	{who: "...", may: []string{"..."}},
}

// Opening boxes is for the signer and for the claimant's side.
var (
	mayReachUnseal  = []string{"crypto/unseal", "services/signer", "relay/redeem", "relay/client", "services/restante/..."}
	mayImportUnseal = []string{"services/signer", "relay/redeem"}
)

const unseal = "crypto/unseal"

// Names that say nothing of what a package promises.
var emptyNames = []string{"utils", "common", "helpers", "models", "types"}

// Violation is one broken rule.
type Violation struct {
	Rule    string
	Package string
	Chain   []string // the path of imports that breaks it, from Package on; nil when it is not about one
}

func (v Violation) String() string {
	if len(v.Chain) == 0 {
		return v.Package + ": " + v.Rule
	}
	return fmt.Sprintf("%s: %s: %s", v.Package, v.Rule, strings.Join(v.Chain, " → "))
}

// Check runs every rule over every package of the module.
func (g *Graph) Check() []Violation {
	var out []Violation
	for _, from := range g.own() {
		name := g.local(from)
		if why := g.packages[from].broken; why != "" {
			out = append(out, Violation{Rule: "cannot be read: " + why, Package: name})
		}
		if slices.Contains(emptyNames, path.Base(name)) || slices.Contains(emptyNames, g.packages[from].name) {
			out = append(out, Violation{Rule: "its name says nothing", Package: name})
		}
		if !match("services/...", name) {
			for _, chain := range g.reachOfTests(from) {
				if to := chain[len(chain)-1]; g.isOwn(to) && match("services/...", g.local(to)) {
					out = append(out, Violation{Rule: "or its test may not reach a service", Package: name, Chain: chain})
				}
			}
		}
		if forTests(name) {
			continue
		}
		rule := lineOf(name)
		for _, chain := range g.reach(from) {
			if why := g.judge(name, rule, chain); why != "" {
				out = append(out, Violation{Rule: why, Package: name, Chain: chain})
			}
		}
	}
	return out
}

// judge says what is wrong with a package reaching the end of chain, or "".
func (g *Graph) judge(name string, rule line, chain []string) string {
	end := chain[len(chain)-1]
	switch p := g.packages[end]; {
	case p.standard:
		if end == "testing" || strings.HasPrefix(end, "testing/") {
			return "is shipped and reaches testing"
		}
		return ""
	case !g.isOwn(end):
		if rule.stdOnly {
			return "may reach the standard library only"
		}
		return ""
	}
	to := g.local(end)
	switch {
	case forTests(to):
		return "is shipped and reaches a package for tests"
	case !matchAny(rule.may, to):
		return "may not reach " + to
	case to == unseal && !matchAny(mayReachUnseal, name):
		return "may not open boxes"
	case to == unseal && len(chain) == 2 && !matchAny(mayImportUnseal, name):
		return "may not import " + unseal + " itself"
	}
	return ""
}

func lineOf(name string) line {
	for _, l := range table {
		if match(l.who, name) {
			return l
		}
	}
	return line{} // not reached: the last line names all
}

// match: "x" is x, "x/..." is x and all below it, "..." is all.
func match(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == root || strings.HasPrefix(name, root+"/")
	}
	return name == pattern
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, name) })
}

// forTests says whether a package exists for tests: relaytest, devnettest.
func forTests(name string) bool { return strings.HasSuffix(path.Base(name), "test") }
