package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/services/restante/internal/stack"
)

var update = flag.Bool("update", false, "write golden files anew")

// The reference has every key of the structs, with the comment that stands beside it there.
func TestSettings(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Settings\n\nEvery key of the YAML file that `restante up --config FILE` reads; unknown keys are refused. The flags of `up` of the same names go\n" +
		"before. `restante settings` prints this page.\n\n| key | kind | meaning |\n|---|---|---|\n")
	describe(t, &b, reflect.TypeFor[stack.Settings](), "")
	if *update {
		if err := os.WriteFile("SETTINGS.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if b.String() != settingsText {
		t.Errorf("SETTINGS.md is not what the structs say; go test ./services/restante -run TestSettings -update writes it. Wanted:\n%s", b.String())
	}
}

func describe(t *testing.T, b *strings.Builder, of reflect.Type, at string) {
	t.Helper()
	comments := commentsOf(t, of)
	for f := range of.Fields() {
		key, how, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if how == "inline" {
			describe(t, b, f.Type, at)
			continue
		}
		if !f.IsExported() || key == "-" {
			continue
		}
		if key == "" {
			t.Fatalf("%s.%s has no key", of, f.Name)
		}
		if f.Type.Kind() == reflect.Struct {
			describe(t, b, f.Type, at+key+".")
			continue
		}
		kind := f.Type.Kind().String()
		switch {
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Struct:
			describe(t, b, f.Type.Elem(), at+key+".NAME.")
			kind = "map of NAME to these"
		case f.Type == reflect.TypeFor[stack.Lumens]():
			kind = "amount (`25`, `0.5`)"
		case f.Type == reflect.TypeFor[time.Duration]():
			kind = "duration (`500ms`, `2m`)"
		case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
			kind = "number"
		}
		if comments[f.Name] == "" {
			t.Errorf("%s.%s has no comment beside it", of, f.Name)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", at+key, kind, strings.ReplaceAll(comments[f.Name], "|", "\\|"))
	}
}

// commentsOf reads the comments beside the fields of a struct of ours from its source.
func commentsOf(t *testing.T, of reflect.Type) map[string]string {
	t.Helper()
	const module = "github.com/restante/restante/"
	dir := "."
	if path, ours := strings.CutPrefix(of.PkgPath(), module); ours && path != "services/restante" {
		dir = filepath.Join("../..", path)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, is := n.(*ast.TypeSpec)
			if !is || s.Name.Name != of.Name() {
				return true
			}
			if st, is := s.Type.(*ast.StructType); is {
				for _, f := range st.Fields.List {
					for _, name := range f.Names {
						out[name.Name] = strings.TrimSpace(strings.ReplaceAll(f.Comment.Text(), "\n", " "))
					}
				}
			}
			return false
		})
	}
	return out
}
