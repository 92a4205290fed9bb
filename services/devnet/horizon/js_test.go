package horizon_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/restante/restante/crypto/tooltest"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// TestJavaScriptSDK runs the npm package @stellar/stellar-sdk against a network, over RPC and Horizon. The package is installed once, into
// the user's cache.
func TestJavaScriptSDK(t *testing.T) {
	node, dir := tooltest.Path(t, "node"), tooltest.Scripts(t, "../testdata/js", "check.mjs")
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
