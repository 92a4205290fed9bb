package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/restante/restante/crypto/tooltest"
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/internal/boot"
)

// exitFixture is the folder of a sender or a recipient after the service has gone, and a ledger that goes on.
type exitFixture struct {
	t       *testing.T
	dir     string
	page    map[string]string // blocks of the page by name
	network *devnettest.Network
	ledger  bareledger.Reader
	hands   foreign
}

// blocks are the pieces of the page that have a name: ```sh NAME and ```js NAME.
func blocks(t *testing.T) map[string]string {
	page, err := os.ReadFile("OUT-WITHOUT-US.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(?:sh|js) (\\S+)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		out[m[1]] = m[2]
	}
	return out
}

// tools puts the page's scripts, and the SDK that it names, into the folder.
func (x *exitFixture) tools() {
	for _, name := range []string{"age", "node", "npm"} {
		tooltest.Path(x.t, name)
	}
	modules := tooltest.Packages(x.t, "../devnet/testdata/js")
	pinned, err := os.ReadFile(filepath.Join(modules, "@stellar", "stellar-sdk", "package.json"))
	var sdk struct{ Name, Version string }
	if err == nil {
		err = json.Unmarshal(pinned, &sdk)
	}
	if err != nil || !strings.Contains(x.page["tools"], sdk.Name+"@"+sdk.Version+"\n") {
		x.t.Fatalf("the page installs another SDK than %s@%s: %v", sdk.Name, sdk.Version, err)
	}
	if err := errors.Join(os.Symlink(modules, filepath.Join(x.dir, "node_modules")), os.Mkdir(filepath.Join(x.dir, "kept"), 0o700)); err != nil {
		x.t.Fatal(err)
	}
	for name, text := range x.page {
		if strings.HasSuffix(name, ".mjs") {
			x.write(name, text)
		}
	}
}

// closeWhenAsked closes a ledger whenever something waits for one. A rhythm faster than the clock would have the ledger's time
// run away from that of the scripts, which end their transactions by the clock.
func (x *exitFixture) closeWhenAsked() {
	ctx, cancel := context.WithCancel(x.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for boot.Pause(ctx, 10*time.Millisecond) == nil {
			if x.network.Net.Waiting() == 0 {
				continue
			}
			if _, err := x.network.Net.CloseLedger(); err != nil {
				return // what waits for the ledger says so
			}
		}
	}()
	x.t.Cleanup(func() { cancel(); <-done })
}

func (x *exitFixture) write(name, text string) {
	if err := os.WriteFile(filepath.Join(x.dir, name), []byte(text), 0o600); err != nil {
		x.t.Fatal(err)
	}
}

func (x *exitFixture) read(name string) string {
	text, err := os.ReadFile(filepath.Join(x.dir, name))
	if err != nil {
		x.t.Fatal(err)
	}
	return string(text)
}

func (x *exitFixture) copy(from, name string) { copyFile(x.t, from, filepath.Join(x.dir, name)) }

// block is a piece of the page as it stands there.
func (x *exitFixture) block(name string) string {
	if x.page[name] == "" {
		x.t.Fatalf("the page has no block %q", name)
	}
	return x.page[name]
}

func (x *exitFixture) sh(text string) (string, error) {
	out, err := x.shell(text).CombinedOutput()
	return string(out), err
}

func (x *exitFixture) shell(text string) *exec.Cmd {
	cmd := exec.CommandContext(x.t.Context(), "sh", "-e", "-c", text)
	cmd.Dir = x.dir
	cmd.Env = append(os.Environ(), "HOME="+x.home(), "HORIZON="+x.network.Horizon, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	return cmd
}

// home is a home directory with nothing in it.
func (x *exitFixture) home() string { return x.t.TempDir() }

// tryAtTerminal runs a block where age can ask for a passphrase, which it reads from a terminal only.
func (x *exitFixture) tryAtTerminal(name, passphrase string) (string, error) {
	cmd := x.shell(x.block(name))
	terminal, err := pty.Start(cmd)
	if err != nil {
		x.t.Fatal(err)
	}
	defer terminal.Close()
	// The prompt comes first: what is typed before it may be flushed.
	var shown bytes.Buffer
	one := make([]byte, 1)
	for !strings.Contains(shown.String(), "passphrase") {
		if _, err := io.ReadFull(terminal, one); err != nil {
			x.t.Fatalf("no prompt: %q, %v", shown.String(), err)
		}
		shown.Write(one)
	}
	if _, err := terminal.WriteString(passphrase + "\n"); err != nil {
		x.t.Fatal(err)
	}
	_, _ = io.Copy(&shown, terminal) // ends with an error when the shell hangs up
	return shown.String(), cmd.Wait()
}
