// Command mutants puts deliberate bugs into the code, one at a time, and wants the tests to find each.
//
//	mutants FILE [NAME…]
//	mutants --check FILE
//	mutants --quick FILE
//
// FILE is a list of bugs; with names, only those whose name contains one. A bug is a name, a file, the text that stands there exactly once
// and the text put in its place, and what to give `go test`:
//
//	== a voucher is taken from any app
//	relay/desk_proof.go
//	- if ps[0].App != app.ID {
//	+ if false {
//	: ./relay -run TestTenants
//
// ": simulate 200" in place of that plays so many histories ("restante simulate"), one of which has to show the bug; ": simulate 200
// quick" marks one that the first few show, and --quick tries only those.
//
// Lines that begin with # are comments. Nothing in the working tree is written to: the changed file is laid over it (go test -overlay).
// With --check nothing is tried, and the list alone is held to the code. The exit status is 0 when every bug was found; one that cannot be put in any more (STALE) wants its line in the list mended.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

type bug struct {
	name, file, from, to string
	test                 []string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	check := len(args) > 0 && args[0] == "--check"
	quick := len(args) > 0 && args[0] == "--quick"
	if check || quick {
		args = args[1:]
	}
	if len(args) == 0 {
		return fmt.Errorf("it takes a list of bugs")
	}
	bugs, err := read(args[0])
	if err != nil {
		return err
	}
	if check {
		var stale []error
		for _, b := range bugs {
			if _, err := b.place(); err != nil {
				stale = append(stale, fmt.Errorf("%s: %w", b.name, err))
			}
		}
		return errors.Join(stale...)
	}
	var alive []string
	tried := 0
	for _, b := range bugs {
		if !chosen(b.name, args[1:]) || quick && !slices.Contains(b.test, "quick") {
			continue
		}
		tried++
		began := time.Now()
		verdict, err := b.put()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			verdict = "STALE"
		}
		fmt.Printf("%-6s %5.1f s  %s\n", verdict, time.Since(began).Seconds(), b.name)
		if verdict != "found" {
			alive = append(alive, b.name)
		}
	}
	fmt.Printf("%d of %d bugs were found\n", tried-len(alive), tried)
	if len(alive) > 0 || tried == 0 {
		return fmt.Errorf("these live, or are stale: %s", strings.Join(alive, "; "))
	}
	return nil
}

func chosen(name string, words []string) bool {
	for _, w := range words {
		if strings.Contains(name, w) {
			return true
		}
	}
	return len(words) == 0
}

// place is the text of the file into which the bug goes.
func (b bug) place() (string, error) {
	text, err := os.ReadFile(b.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), b.from); n != 1 {
		return "", fmt.Errorf("its text stands %d times in %s: mend the list", n, b.file)
	}
	return string(text), nil
}

// put puts the bug in and says whether the tests found it. A bug that does not compile is an error: it would be found by anything.
func (b bug) put() (string, error) {
	text, err := b.place()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	path, err := filepath.Abs(b.file)
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(text, b.from, b.to, 1)), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return "", err
	}
	if b.test[0] == "simulate" && len(b.test) > 1 {
		return simulated(dir, overlay, b.test[1])
	}
	out, err := exec.Command("go", append([]string{"test", "-overlay", overlay, "-vet=off", "-count=1", "-failfast", "-timeout=5m"}, b.test...)...).CombinedOutput()
	switch {
	case err == nil && bytes.Contains(out, []byte("no tests to run")):
		return "", fmt.Errorf("its line names no test that there is: mend the list")
	case err == nil:
		return "LIVES", nil
	case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")), bytes.Contains(out, []byte("no test files")):
		return "", fmt.Errorf("it does not compile:\n%s", out)
	case !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("panic:")):
		return "", fmt.Errorf("the tests did not run:\n%s", out)
	}
	return "found", nil
}

// simulated plays histories of the product with the bug in it.
func simulated(dir, overlay, histories string) (string, error) {
	binary := filepath.Join(dir, "restante")
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "./services/restante").CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not compile:\n%s", out)
	}
	out, err := exec.Command(binary, "simulate", "--brief", "--histories", histories).CombinedOutput()
	switch {
	case err == nil:
		return "LIVES", nil
	case !bytes.Contains(out, []byte(" 1 violations,")):
		return "", fmt.Errorf("the histories were not played:\n%s", out)
	}
	return "found", nil
}

func read(path string) (bugs []bug, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "== "); ok {
			bugs = append(bugs, bug{name: name})
			continue
		}
		if len(bugs) == 0 {
			return nil, fmt.Errorf("%s:%d: a bug begins with its name", path, n+1)
		}
		b := &bugs[len(bugs)-1]
		add := func(to *string, text string) {
			if *to != "" {
				*to += "\n"
			}
			*to += text
		}
		switch {
		case strings.HasPrefix(line, "- "):
			add(&b.from, line[2:])
		case strings.HasPrefix(line, "+ "):
			add(&b.to, line[2:])
		case strings.HasPrefix(line, ": "):
			b.test = strings.Fields(line[2:])
		case b.file == "":
			b.file = line
		default:
			return nil, fmt.Errorf("%s:%d: a line of no kind", path, n+1)
		}
	}
	for _, b := range bugs {
		if b.file == "" || b.from == "" || len(b.test) == 0 {
			return nil, fmt.Errorf("%s: %q is not whole", path, b.name)
		}
	}
	return bugs, nil
}
