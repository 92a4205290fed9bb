package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// dataFixture is a data directory with a payment that waits, and copies of it.
type dataFixture struct {
	*testing.T
	data string // as it was left
	old  string // a copy from before the payment
}

func (m *dataFixture) open(data string) (*demo.Instance, func(), error) {
	return demo.Start(m.Context(), io.Discard, func(c *stack.Config) { c.Data, c.Ledger.Interval = data, 50*time.Millisecond })
}

// copyOf is a new copy of a directory.
func (m *dataFixture) copyOf(dir string) string {
	m.Helper()
	to := filepath.Join(m.TempDir(), "data")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		m.Fatal(err)
	}
	for _, pattern := range []string{"keys/*", "signer/*", "signer/keys/*"} {
		files, err := filepath.Glob(filepath.Join(to, pattern))
		if err != nil {
			m.Fatal(err)
		}
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
				m.must(os.Chmod(f, 0o600)) // CopyFS forgets that only the owner may read them
			}
		}
	}
	return to
}

func (m *dataFixture) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// pendingPayment makes the directory.
func pendingPayment(t *testing.T) (m *dataFixture, id string) {
	m = &dataFixture{T: t, data: filepath.Join(t.TempDir(), "data")}
	_, end, err := m.open(m.data)
	m.must(err)
	end()
	m.old = m.copyOf(m.data)
	d, end, err := m.open(m.data)
	m.must(err)
	defer end()
	s, err := d.App.Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25", Policy: "link"})
	m.must(err)
	_, err = d.App.Follow(t.Context(), s.Payment.ID, func(p client.Payment) bool { return p.State == string(relay.Pending) })
	m.must(err)
	return m, s.Payment.ID
}

// What is missing, older, or another's beside a database is named, the start is refused, and nothing is made in its place.
// The directory as it was goes on.
func TestWhatIsMissingIsNotMadeAnew(t *testing.T) {
	t.Parallel()
	m, id := pendingPayment(t)
	log := func(dir string) string { return filepath.Join(dir, "signer", "log.jsonl") }
	cut := func(lines int) func(string) error {
		return func(dir string) error {
			text, err := os.ReadFile(log(dir))
			if err != nil {
				return err
			}
			all := bytes.SplitAfter(text, []byte("\n"))
			return os.WriteFile(log(dir), bytes.Join(all[:len(all)-1-lines], nil), 0o600)
		}
	}
	remove := func(names ...string) func(string) error {
		return func(dir string) error {
			for _, n := range names {
				if err := os.RemoveAll(filepath.Join(dir, n)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	older := func(name string) func(string) error {
		return func(dir string) error {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
			return os.Rename(filepath.Join(m.copyOf(m.old), name), filepath.Join(dir, name))
		}
	}
	anotherKey := func(path string) func(string) error {
		return func(dir string) error {
			return os.WriteFile(filepath.Join(dir, path), []byte(strings.Repeat("1f", 32)+"\n"), 0o600)
		}
	}
	for _, c := range []struct {
		name, says, gone string
		change           func(dir string) error
	}{
		{"no keys", "the handle key is missing", "keys", remove("keys")},
		{"another handle key", "handle_key is ", "", anotherKey("keys/field")},
		{"no signer", "the signer's directory is missing", "signer", remove("signer")},
		{"no keys of the signer", "the signer's directory of keys is missing", "signer/keys", remove("signer/keys")},
		{"no key-encryption key", "the signer's key-encryption key is missing", "signer/kek", remove("signer/kek")},
		{"another key-encryption key", "its fingerprint is", "", anotherKey("signer/kek")},
		{"no log", "the signer's log is missing", "signer/log.jsonl", remove("signer/log.jsonl")},
		{"empty log", "it was cut", "", func(dir string) error { return os.Truncate(log(dir), 0) }},
		{"the last line cut off", "it was cut", "", cut(1)},
		{"three lines cut off", "it was cut", "", cut(3)},
		{"an older log", "is an older copy", "", older("signer/log.jsonl")},
		{"an older signer", "is an older copy", "", older("signer")},
		{"an older signer, and what it contradicts", "The database contradicts the signer's log.", "", older("signer")},
		{"an older signer, and what to do", "Put the newer signer directory back", "", older("signer")},
		{"a line that was altered, and what to do", "it was altered. To go on, keep a copy of the whole directory as it is. A signer does not start on " +
			"this log. Put the newer signer directory back", "", func(dir string) error {
			text, err := os.ReadFile(log(dir))
			if err != nil {
				return err
			}
			return os.WriteFile(log(dir), bytes.Replace(text, []byte(`"at":1`), []byte(`"at":2`), 1), 0o600)
		}},
		{"no ledger", "the ledger is missing", "ledger.db", remove("ledger.db")},
		{"an older ledger", "ledger.db ends with ledger", "", func(dir string) error {
			return errors.Join(remove("ledger.db-wal", "ledger.db-shm")(dir), older("ledger.db")(dir))
		}},
		{"no database", "restante.db is missing", "restante.db", remove("restante.db", "restante.db-wal", "restante.db-shm")},
		{"an empty database", "restante.db knows nothing", "", func(dir string) error {
			return errors.Join(remove("restante.db-wal", "restante.db-shm")(dir), os.Truncate(filepath.Join(dir, "restante.db"), 0))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := m.copyOf(m.data)
			m.must(c.change(dir))
			_, end, err := m.open(dir)
			if err == nil {
				end()
				t.Fatal("it starts")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q is not named: %v", c.says, err)
			}
			if c.gone != "" {
				if _, err := os.Stat(filepath.Join(dir, c.gone)); err == nil {
					t.Errorf("another %s was made", c.gone)
				}
			}
		})
	}
	d, end, err := m.open(m.data)
	m.must(err)
	defer end()
	_, err = d.App.Cancel(t.Context(), id)
	m.must(err)
	_, err = d.App.Follow(t.Context(), id, func(p client.Payment) bool { return p.State == string(relay.Returned) })
	m.must(err)
}

// A signer of another directory is told apart, whole as it is.
func TestAnotherSigner(t *testing.T) {
	t.Parallel()
	m, _ := pendingPayment(t)
	other, _ := pendingPayment(t)
	m.must(os.RemoveAll(filepath.Join(m.data, "signer")))
	m.must(os.Rename(filepath.Join(other.copyOf(other.data), "signer"), filepath.Join(m.data, "signer")))
	if _, end, err := m.open(m.data); err == nil {
		end()
		t.Fatal("it starts")
	} else if !strings.Contains(err.Error(), "fingerprint") {
		t.Error(err)
	}
}

// A backup of database and signer together has forgotten what was signed since. The ledger has not: everything halts.
func TestOlderBackupOfEverything(t *testing.T) {
	t.Parallel()
	m, _ := pendingPayment(t)
	m.must(os.Rename(filepath.Join(m.copyOf(m.data), "ledger.db"), filepath.Join(m.old, "ledger.db")))
	d, end, err := m.open(m.old)
	m.must(err)
	defer end()
	halt, err := d.Stack.Desk.Halted(t.Context())
	if err != nil || !strings.Contains(halt.Why, "beyond") {
		t.Errorf("halted because %q: %v", halt.Why, err)
	}
	resp, err := http.Get(d.Stack.URL + "/readyz")
	m.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("ready: %s", resp.Status)
	}
	for _, which := range []string{stack.AnyHalt, halt.Hash} { // what is still so is not lifted: what is signed then forks the log
		d.Stack.Config.Lift = which
		if err := d.Stack.LiftHalt(t.Context()); err == nil || !strings.Contains(err.Error(), "Put the newer signer/ back") {
			t.Errorf("lifted: %v", err)
		}
	}
	if now, err := d.Stack.Desk.Halted(t.Context()); err != nil || now.Hash != halt.Hash {
		t.Errorf("halted: %+v %v", now, err)
	}
}

// A first start that was cut off after any part was made goes on.
func TestFirstStartThatWasCutOff(t *testing.T) {
	t.Parallel()
	m := &dataFixture{T: t, data: filepath.Join(t.TempDir(), "data")}
	_, end, err := m.open(m.data)
	m.must(err)
	end()
	for _, left := range [][]string{{}, {"ledger.db"}, {"ledger.db", "signer/kek"}, {"ledger.db", "signer/kek", "keys"}} {
		dir := filepath.Join(t.TempDir(), "data")
		m.must(os.MkdirAll(filepath.Join(dir, "signer"), 0o700))
		m.must(os.WriteFile(filepath.Join(dir, "restante.db"), nil, 0o600))
		for _, name := range left {
			m.must(os.Rename(filepath.Join(m.copyOf(m.data), name), filepath.Join(dir, name)))
		}
		_, end, err := m.open(dir)
		if err != nil {
			t.Fatalf("%v were left: %v", left, err)
		}
		end()
	}
}

// The network began anew while the service was down. The start halts, asks for lumens on no ledger, and the payment says that it is
// not known to wait.
func TestANetworkThatBeganAnew(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	on := func(network *devnettest.Network, friendbot string) (*demo.Instance, func()) {
		t.Helper()
		d, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
			c.Data, c.Ledger.URL, c.Ledger.Friendbot, c.Ledger.Passphrase = dir, network.RPC, friendbot, devnettest.Passphrase
		})
		if err != nil {
			t.Fatal(err)
		}
		return d, end
	}
	first := devnettest.Start(t, devnettest.Interval(50*time.Millisecond))
	d, end := on(first, first.RPC+"/friendbot")
	s, err := d.App.Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25", Policy: "link"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = d.App.Follow(t.Context(), s.Payment.ID, inState(relay.Pending)); err != nil {
		t.Fatal(err)
	}
	cursor, err := d.Stack.Desk.Cursor(t.Context())
	end()
	if err != nil {
		t.Fatal(err)
	}
	second := devnettest.Start(t)
	for second.CloseLedger() < cursor {
	}
	d, end = on(second, "")
	defer end()
	halt, err := d.Stack.Desk.Halted(t.Context())
	if err != nil || !strings.Contains(halt.Why, "another history") {
		t.Errorf("halted because %q: %v", halt.Why, err)
	}
	if status, ready := readiness(t, d.Stack.URL); status != http.StatusServiceUnavailable || ready.Checks["halted"] != "failing" {
		t.Errorf("%d %+v", status, ready)
	}
}
