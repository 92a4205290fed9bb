// Package tooltest finds the programs of others that tests hold our formats against: age, node, packages of npm. It stands below
// everything, so that every test can use it.
package tooltest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Path is the path of a program. A test without it is skipped, or fails where RESTANTE_REQUIRE_SERVICES=1 says that nothing is missing.
func Path(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, program, err)
	}
	return path
}

func missing(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("RESTANTE_REQUIRE_SERVICES") == "1" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s: %v", what, err)
}

// Scripts is a new folder with these scripts of the folder dir, as modules, and the packages of its lock file.
func Scripts(t *testing.T, dir string, scripts ...string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Symlink(Packages(t, dir), filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	copyFiles(t, dir, folder, append(scripts, "package.json"))
	return folder
}

// Packages is a node_modules with exactly what package-lock.json in dir names. It is installed once, into the user's cache.
func Packages(t *testing.T, dir string) string {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	sum := sha256.Sum256(lock)
	kept := filepath.Join(cache, "restante", "npm-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(kept); err == nil {
		return filepath.Join(kept, "node_modules")
	}
	// Made beside it and then renamed, as a whole: tests of another package may be making the same.
	err = os.MkdirAll(filepath.Dir(kept), 0o700)
	made, errTemp := os.MkdirTemp(filepath.Dir(kept), "npm-*")
	if err := errors.Join(err, errTemp); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(made)
	copyFiles(t, dir, made, []string{"package.json", "package-lock.json"})
	cmd := exec.CommandContext(t.Context(), Path(t, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = made
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("%s", out)
		missing(t, "npm ci", err)
	}
	if err := os.Rename(made, kept); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	return filepath.Join(kept, "node_modules")
}

func copyFiles(t *testing.T, from, to string, names []string) {
	t.Helper()
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
