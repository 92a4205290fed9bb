package horizon_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

const scripts = "../testdata/js"

// TestJavaScriptSDK runs the npm package @stellar/stellar-sdk against a network, over RPC and Horizon. The package is installed once, into
// the user's cache.
func TestJavaScriptSDK(t *testing.T) {
	node := tool(t, "node")
	dir := installed(t, tool(t, "npm"))
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase, Interval: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/rpc", http.StripPrefix("/rpc", n.Handler()))
	mux.Handle("/rpc/", http.StripPrefix("/rpc", n.Handler()))
	mux.Handle("/horizon/", http.StripPrefix("/horizon", horizon.New(n, horizon.Config{})))
	server := httptest.NewServer(mux)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(t.Context()) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	cmd := exec.CommandContext(t.Context(), node, "check.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEVNET_RPC="+server.URL+"/rpc", "DEVNET_HORIZON="+server.URL+"/horizon", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte(" passed, 0 failed\n")) {
		t.Errorf("check.mjs: %v", err)
	}
}

// missingTool is a skip, unless the environment says that nothing may be missing.
func missingTool(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("RESTANTE_REQUIRE_SERVICES") == "1" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s: %v", what, err)
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missingTool(t, name, err)
	}
	return path
}

// installed is a directory with the script and its packages, exactly those of the lock file.
func installed(t *testing.T, npm string) string {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(scripts, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	dir := filepath.Join(cache, "restante", "js-"+hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json", "check.mjs"} {
		raw, err := os.ReadFile(filepath.Join(scripts, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// npm writes this file last, when everything is in its place.
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil {
		return dir
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("%s", out)
		missingTool(t, "npm ci", err)
	}
	return dir
}
