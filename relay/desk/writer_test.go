package desk_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOneWriter: payments are written by one function, after a step, and made by one other. No other code of the module does
// either, but for the store itself and the suite that holds stores to their contract.
func TestOneWriter(t *testing.T) {
	want := map[string]string{"SavePayment": "relay/desk/desk.go: save", "InsertPayment": "relay/desk/desk.go: begin"}
	calls, files := map[string][]string{}, 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		rel, _ := filepath.Rel("../..", path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || rel == "relay/sqlstore" || rel == "relay/relaytest" || strings.HasPrefix(entry.Name(), ".") && rel != "."):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		files++
		for _, decl := range file.Decls {
			name := ""
			if f, ok := decl.(*ast.FuncDecl); ok {
				name = f.Name.Name
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && want[s.Sel.Name] != "" {
					calls[s.Sel.Name] = append(calls[s.Sel.Name], filepath.ToSlash(rel)+": "+name)
				}
				return true
			})
		}
		return nil
	})
	if err != nil || files < 200 {
		t.Fatalf("%d files: %v", files, err)
	}
	for what, where := range want {
		if !slices.Equal(calls[what], []string{where}) {
			t.Errorf("%s is called in %q, and only %q may", what, calls[what], where)
		}
	}
}
