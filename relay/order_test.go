package relay

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The reading order names every file of the package, and no other.
func TestReadingOrder(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, order, _ := strings.Cut(string(text), "# Where to start")
	order, _, _ = strings.Cut(order, "# Words")
	named := map[string]bool{"doc.go": true}
	for _, name := range regexp.MustCompile(`\w+\.go`).FindAllString(order, -1) {
		named[name] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") && !named[name] {
			t.Errorf("it leaves %s out", name)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("it names %s, which there is not", name)
	}
}
