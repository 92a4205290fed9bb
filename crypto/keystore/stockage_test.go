package keystore

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// Stock age opens a keystore when its owner types the passphrase. age reads one
// from a terminal only, so the test gives it one.
func TestStockAgeOpens(t *testing.T) {
	bin, err := exec.LookPath("age")
	if err != nil {
		if os.Getenv("RESTANTE_REQUIRE_SERVICES") == "1" {
			t.Fatal("the age command is required")
		}
		t.Skip("the age command is not installed")
	}
	file, err := encrypt(entry(), phrase, 10)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "a.age"), filepath.Join(dir, "a.txt")
	if err := os.WriteFile(in, file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "-d", "-o", out, in)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	// The prompt comes first: what is typed before it may be flushed.
	var shown bytes.Buffer
	one := make([]byte, 1)
	for !strings.Contains(shown.String(), "passphrase") {
		if _, err := io.ReadFull(terminal, one); err != nil {
			t.Fatalf("no prompt: %q, %v", shown.String(), err)
		}
		shown.Write(one)
	}
	if _, err := terminal.Write(append(bytes.Clone(phrase.Reveal()), '\n')); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(&shown, terminal) // ends with an error when age hangs up
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, shown.String())
	}
	got, err := os.ReadFile(out)
	if err != nil || string(got) != plain(t) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
