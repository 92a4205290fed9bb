package relay

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every kind of handle says all that is asked of one: its form, what is said of a bad one, what is shown of it, and how it is
// proven, which every policy that asks for a proof has a sentence about.
func TestHandleKinds(t *testing.T) {
	good := map[string]string{"email": "ana@example.com", "tel": "+15550100", "github": "ana-1", "app": "u-1"}
	for _, k := range handleKinds {
		if k.form == nil || k.mask == nil || k.advice == "" || k.proof != ByCode && k.proof != ByVoucher {
			t.Errorf("%s: something is missing in its row", k.kind)
			continue
		}
		h, err := ParseHandle(k.kind + ":" + good[k.kind])
		if err != nil || h.Kind != k.kind {
			t.Errorf("%s: %v, %v: every kind has a good one here", k.kind, h, err)
			continue
		}
		if !strings.HasPrefix(h.Masked(), k.kind+":") || strings.Contains(h.Masked(), h.Value) || !strings.Contains(h.Masked(), "***") {
			t.Errorf("%s is shown as %s", h, h.Masked())
		}
		if _, err := ParseHandle(k.kind + ":"); err == nil || !strings.Contains(err.Error(), k.advice) {
			t.Errorf("%s: an empty one is refused with %v", k.kind, err)
		}
		if _, err := ParseHandle("fax:1"); err == nil || !strings.Contains(err.Error(), k.kind+":") {
			t.Errorf("%s: a kind that is not known is refused with %v", k.kind, err)
		}
		for _, r := range policies {
			if p := (Payment{Policy: r.policy, To: h}); r.holders[p.ProvedBy()] == "" {
				t.Errorf("%s under %s: it is not said who can move the money", k.kind, r.policy)
			}
		}
	}
	if len(good) != len(handleKinds) {
		t.Errorf("%d kinds, %d examples", len(handleKinds), len(good))
	}
	fax := Handle{Kind: "fax", Value: "12345"}
	if fax.Mailed() || fax.Masked() != "fax:***" || (Payment{Policy: Guarded, To: fax}).ProvedBy() != NotKnown {
		t.Errorf("a kind that is not known: mailed %v, shown as %s", fax.Mailed(), fax.Masked())
	}
	if text := (Payment{State: Pending, Policy: Guarded, To: fax}).CustodyText(); !strings.Contains(text, "does not know") {
		t.Errorf("a kind that is not known: %q", text)
	}
}

// Every policy that is declared has a row, every row says all, and what has no row is refused everything.
func TestPolicies(t *testing.T) {
	for _, name := range declared(t, "policy.go", "Policy") {
		if !slices.Contains(Policies(), Policy(name)) {
			t.Errorf("%s is declared, and has no row", name)
		}
	}
	for _, r := range policies {
		if got, err := ParsePolicy(string(r.policy)); got != r.policy || err != nil {
			t.Errorf("%s is read as %s, %v", r.policy, got, err)
		}
		if r.custody == "" || r.custody == NotKnown || len(r.holders) == 0 || r.readdress && !r.asksProof || (r.holders[Unasked] != "") == r.asksProof {
			t.Errorf("%s: its row is not whole", r.policy)
		}
		if _, err := ParsePolicy("quorum"); CodeOf(err) != "policy_unknown" || !strings.Contains(err.Error(), string(r.policy)) {
			t.Errorf("a policy that is not known is refused with %v", err)
		}
	}
	if p, err := ParsePolicy(""); p != Guarded || err != nil {
		t.Errorf("the default is %s, %v", p, err)
	}
	for what, ask := range map[string]func(Policy) (bool, error){"share": Policy.KeepsShare, "proof": Policy.AsksProof, "readdress": Policy.Readdressable} {
		if yes, err := ask("quorum"); yes || CodeOf(err) != "policy_unsupported" {
			t.Errorf("%s of a policy that is not known: %v, %v", what, yes, err)
		}
	}
}

// declared are the values of the constants of a type in a file.
func declared(t *testing.T, file, typ string) (values []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, is := n.(*ast.ValueSpec)
		if id, named := func() (*ast.Ident, bool) {
			if !is {
				return nil, false
			}
			id, ok := v.Type.(*ast.Ident)
			return id, ok
		}(); named && id.Name == typ {
			for _, x := range v.Values {
				if lit, ok := x.(*ast.BasicLit); ok {
					s, _ := strconv.Unquote(lit.Value)
					values = append(values, s)
				}
			}
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("no constant of %s in %s", typ, file)
	}
	return values
}
