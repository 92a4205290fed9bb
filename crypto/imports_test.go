package crypto_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/restante/restante/"

// mayImport is every import between our packages that crypto allows. In particular
// nothing outside of crypto, and unseal by none of them.
var mayImport = map[string][]string{
	".":                nil,
	"secret":           nil,
	"internal/bech32":  nil,
	"durable":          nil,
	"internal/boxtest": {"box", "secret"},
	"claim":            {"internal/bech32", "secret"},
	"box":              {"claim", "secret"},
	"seal":             {"box"},
	"tooltest":         nil,
	"unseal":           {"box", "claim", "seal"},
	"keystore":         {"durable", "secret"},
	"mnemonic":         {"secret"},
	"typed":            {"secret"},
	"field":            {"durable", "secret"},
}

// mayOpen are the only packages that ask age to decrypt anything.
var mayOpen = []string{"unseal", "keystore"}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("package %s is not in the table", pkg)
			return nil
		}
		seen[pkg] = true
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			ours, is := strings.CutPrefix(name, module)
			if is && !slices.Contains(allowed, strings.TrimPrefix(ours, "crypto/")) {
				t.Errorf("%s imports %s", path, ours)
			}
		}
		if opens(file) && !slices.Contains(mayOpen, pkg) {
			t.Errorf("%s decrypts", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range mayImport {
		if !seen[pkg] {
			t.Errorf("package %s is gone", pkg)
		}
	}
}

func opens(file *ast.File) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			x, ok := s.X.(*ast.Ident)
			found = found || ok && x.Name == "age" && strings.HasPrefix(s.Sel.Name, "Decrypt")
		}
		return !found
	})
	return found
}
