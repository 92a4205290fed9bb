package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSavedClaimSurvives(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	c := &cli{env: func(name string) string { return map[string]string{"RESTANTE_STATE": dir}[name] }}
	b, err := c.savedClaim("pay_x")
	if err != nil || b.Session != "" {
		t.Fatalf("%+v, %v", b, err)
	}
	b.Session, b.SessionEnds, b.Account, b.Passphrase = "session", time.Now().Add(time.Minute).UTC(), "GANA", "pass"
	if err := b.save(); err != nil {
		t.Fatal(err)
	}
	b.Keystore = "ana.age"
	if err := b.save(); err != nil { // in place of the former one
		t.Fatal(err)
	}
	again, err := c.savedClaim("pay_x")
	if err != nil || *again != *b || !again.usable(time.Now()) || again.usable(time.Now().Add(time.Hour)) {
		t.Errorf("%+v, %v", again, err)
	}
	for path, mode := range map[string]os.FileMode{b.path: 0o600, filepath.Dir(b.path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(b.path)); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
	if err := os.WriteFile(b.path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.savedClaim("pay_x"); err == nil {
		t.Error("a damaged file was taken for none")
	}
	c.forget(b)
	if _, err := os.Stat(b.path); !os.IsNotExist(err) {
		t.Error("not forgotten")
	}
	c.forget(b) // twice is once
}

func TestStateDir(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"RESTANTE_STATE": "/a", "XDG_STATE_HOME": "/b"}, "/a"},
		{map[string]string{"XDG_STATE_HOME": "/b"}, "/b/restante"},
	} {
		got, err := (&cli{env: func(n string) string { return c.env[n] }}).stateDir()
		if err != nil || got != c.want {
			t.Errorf("%v: %s, %v", c.env, got, err)
		}
	}
}
