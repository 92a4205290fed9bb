package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Graph is who imports whom: every package of a module and everything it needs, and what the module's own test files import.
type Graph struct {
	module   string
	packages map[string]node
}

type node struct {
	name     string // of the package clause
	imports  []string
	tests    []string // what its test files import
	standard bool
	broken   string // why the go command could not read it, "" = it could
}

// Load asks the go command about the module in dir.
func Load(ctx context.Context, dir string) (*Graph, error) {
	module, err := run(ctx, dir, "list", "-m")
	if err != nil {
		return nil, err
	}
	text, err := run(ctx, dir, "list", "-e", "-deps", "-json=ImportPath,Name,Imports,TestImports,XTestImports,Standard,Error", "./...")
	if err != nil {
		return nil, err
	}
	g := &Graph{module: strings.TrimSpace(module), packages: map[string]node{}}
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var p struct {
			ImportPath, Name                   string
			Imports, TestImports, XTestImports []string
			Standard                           bool
			Error                              *struct{ Err string }
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, fmt.Errorf("imports: read the go command's answer: %v", err)
		}
		n := node{name: p.Name, imports: p.Imports, tests: slices.Concat(p.TestImports, p.XTestImports), standard: p.Standard}
		if p.Error != nil {
			n.broken = p.Error.Err
		}
		g.packages[p.ImportPath] = n
	}
}

func run(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	var told strings.Builder
	cmd.Stderr = &told
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("imports: go %s: %v: %s", args[0], err, told.String())
	}
	return string(out), nil
}

func (g *Graph) isOwn(p string) bool { return p == g.module || strings.HasPrefix(p, g.module+"/") }

func (g *Graph) local(p string) string {
	return strings.TrimPrefix(strings.TrimPrefix(p, g.module), "/")
}

// own lists the module's packages in order.
func (g *Graph) own() []string {
	var out []string
	for p := range g.packages {
		if g.isOwn(p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// reach lists, for each package that from needs, a shortest chain of imports from it to there. It does not look into the
// imports of the standard library.
func (g *Graph) reach(from string) [][]string { return g.walk(from, g.packages[from].imports) }

// reachOfTests is reach of what from and its test files import.
func (g *Graph) reachOfTests(from string) [][]string {
	return g.walk(from, slices.Concat(g.packages[from].imports, g.packages[from].tests))
}

func (g *Graph) walk(from string, imports []string) [][]string {
	before := map[string]string{from: ""}
	var out [][]string
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at != from {
			var chain []string
			for p := at; p != ""; p = before[p] {
				chain = append(chain, p)
			}
			slices.Reverse(chain)
			out = append(out, chain)
		}
		if at != from {
			imports = g.packages[at].imports
		}
		if g.packages[at].standard {
			continue
		}
		for _, next := range imports {
			if _, seen := before[next]; !seen {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return out
}
