package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/restante/restante/services/devnet/verify"
	"github.com/restante/restante/services/restante/internal/stack"
)

func command(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, told bytes.Buffer
	err := run(t.Context(), os.Getenv, args, nil, &out, &told)
	return out.String(), told.String(), statusOf(err)
}

// TestDevnetVerify replays a recording, and the same with one stroop changed in one result.
func TestDevnetVerify(t *testing.T) {
	path := filepath.Join("..", "devnet", "testdata", "recordings", "coverage-a.xdr.gz")
	refusals := strings.Replace(path, ".xdr.gz", ".rejected.jsonl.gz", 1)
	out, told, status := command(t, "devnet", "verify", path, refusals)
	want := "coverage-a results identical 934 of 934, entries identical 2705 of 2705\ncoverage-a rejections identical 215 of 215\n"
	if out != want || told != "" || status != statusDone {
		t.Errorf("%d %q %q", status, out, told)
	}
	changed := filepath.Join(t.TempDir(), "changed.xdr")
	if err := os.WriteFile(changed, changeOneResult(t, path), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, status = command(t, "devnet", "verify", "-v", changed, path)
	if status != statusFailed || !strings.Contains(out, "changed results identical 933 of 934") || !strings.Contains(out, "recorded  FeeCharged") ||
		!strings.Contains(out, "coverage-a results identical 934 of 934") {
		t.Errorf("%d %s", status, out)
	}
	if out, _, status = command(t, "devnet", "verify", filepath.Join(t.TempDir(), "absent.xdr.gz")); status != statusFailed {
		t.Errorf("a file that is not there: %d %s", status, out)
	}
	for _, name := range []string{"nothing.xdr", "coverage-a.rejected.jsonl"} { // 0 of 0 is no success
		dir := t.TempDir()
		copyFile(t, path, filepath.Join(dir, "coverage-a.xdr.gz"))
		empty := filepath.Join(dir, name)
		if err := os.WriteFile(empty, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, _, status = command(t, "devnet", "verify", empty); status != statusFailed || !strings.Contains(out, "identical 0 of 0") {
			t.Errorf("%s, empty: %d %s", name, status, out)
		}
	}
	if _, _, status = command(t, "devnet", "verify"); status != statusUsage {
		t.Errorf("without a file: %d", status)
	}
}

// changeOneResult is a recording whose first transaction was charged one stroop more.
func changeOneResult(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for done := false; ; {
		lcm, err := verify.ReadFrame(z)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if all := lcm.V0.TxProcessing; !done && len(all) > 0 {
			all[0].Result.Result.FeeCharged++
			done = true
		}
		raw, err := lcm.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(raw))|1<<31), raw...)
	}
}

func TestDevnetRefusesThePublicNetwork(t *testing.T) {
	_, told, status := command(t, "devnet", "--passphrase", "Public Global Stellar Network ; September 2015")
	if status != statusFailed || !strings.Contains(told, "public network") {
		t.Errorf("%d %q", status, told)
	}
	if _, _, status := command(t, "devnet", "--interval", "soon"); status != statusUsage {
		t.Errorf("an interval that is none: %d", status)
	}
}

// TestDevnetAlone starts the network, and asks on each of its addresses.
func TestDevnetAlone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	told, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, os.Getenv, []string{"devnet", "--addr", "127.0.0.1:0", "--control", "127.0.0.1:0", "--interval", "manual",
			"--data", t.TempDir(), "--protocol", "22"}, nil, stdout, io.Discard)
		_ = stdout.Close()
		ended <- err
	}()
	endpoints := map[string]string{}
	for lines := bufio.NewScanner(told); len(endpoints) < 4 && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		endpoints[name] = value
	}
	ask := func(method, url, body, want string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if got, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s %s: %v %s", method, url, err, got)
		}
	}
	ask("POST", endpoints["rpc"], `{"jsonrpc":"2.0","id":1,"method":"getNetwork"}`, `"protocolVersion":22`)
	ask("GET", endpoints["horizon"]+"/", "", `"current_protocol_version":22`)
	ask("POST", endpoints["control"]+"/close?n=3", "", `{"ledger":5}`)
	if endpoints["network"] != stack.DevelopmentNetwork {
		t.Errorf("endpoints: %v", endpoints)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
