package keystore

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/creack/pty"

	"github.com/restante/restante/crypto/internal/boxtest"
	seals "github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/tooltest"
)

// atTerminal runs a command whose user types the passphrase. age reads one from a
// terminal only, so the test gives it one.
func atTerminal(t *testing.T, bin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, args...)
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
}

// Stock age opens a keystore when its owner types the passphrase.
func TestStockAgeOpens(t *testing.T) {
	bin := tooltest.Path(t, "age")
	file, err := encrypt(entry(), phrase, 10)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "a.age"), filepath.Join(dir, "a.txt")
	if err := os.WriteFile(in, file, 0o600); err != nil {
		t.Fatal(err)
	}
	atTerminal(t, bin, "-d", "-o", out, in)
	got, err := os.ReadFile(out)
	if err != nil || string(got) != plain(t) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Stock age opens a profile, takes what it opened as a file of identities, and takes the
// profile itself as one too.
func TestStockAgeTakesAProfile(t *testing.T) {
	bin := tooltest.Path(t, "age")
	p := profile(t)
	file, err := encrypt(p, phrase, 10)
	if err != nil {
		t.Fatal(err)
	}
	c := boxtest.Content()
	claimant, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seals.Seal(c, seals.Recipients{Sender: []string{p.Recipient}, Claim: claimant.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	want, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string][]byte{"p.age": file, "box": sealed} {
		if err := os.WriteFile(at(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	atTerminal(t, bin, "-d", "-o", at("p.txt"), at("p.age"))
	if got, err := os.ReadFile(at("p.txt")); err != nil || string(got) != profilePlain(t, p) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	got, err := exec.CommandContext(t.Context(), bin, "-d", "-i", at("p.txt"), at("box")).Output()
	if err != nil || !bytes.Equal(got, want.Reveal()) {
		t.Errorf("with the decrypted file: %d bytes, %v", len(got), err)
	}
	atTerminal(t, bin, "-d", "-i", at("p.age"), "-o", at("content"), at("box"))
	if got, err := os.ReadFile(at("content")); err != nil || !bytes.Equal(got, want.Reveal()) {
		t.Errorf("with the profile: %d bytes, %v", len(got), err)
	}
}
