package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/restante/internal/stack"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"restante": main})
}

// TestScript runs the real binary as people type it; testdata/script holds the sessions.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("RESTANTE_STATE", filepath.Join(e.WorkDir, "state"))
			e.Setenv("RESTANTE_HOME", filepath.Join(e.WorkDir, "home"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"up": scriptUp, "status": scriptStatus, "field": scriptField, "code": scriptCode, "link": scriptLink, "lossy": scriptLossy, "unfinished": scriptUnfinished, "reroute": scriptReroute, "mode": scriptMode,
			"voucher": scriptVoucher, "friend": scriptFriend, "issuer": scriptIssuer, "issue": scriptIssue, "trust": scriptTrust, "sign": scriptSign, "entrust": scriptEntrust,
		},
	})
}

// scriptUp starts a relay of the script's own and sets what its dev.env says. The development app's age identity
// goes into the file identity.txt: up
func scriptUp(ts *testscript.TestScript, _ bool, _ []string) {
	cmd := exec.Command("restante", "up", "--data", ts.MkAbs("data"), "--addr", "127.0.0.1:0", "--ledger-interval", "100ms",
		"--identity", ts.MkAbs("identity.txt"))
	cmd.Env = append(os.Environ(), "HOME="+ts.MkAbs("."))
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Try:") {
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	env, err := stack.ReadEnv(ts.MkAbs("data/dev.env"))
	ts.Check(err)
	for name, value := range env {
		ts.Setenv(name, value)
	}
}

// scriptStatus runs a command line and wants its exit status: status N restante ARGS…
func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("status %d, want %s", got, args[0])
	}
}

// scriptField takes a field of the last answer's JSON, by its dotted path, into a variable: field NAME path
func scriptField(ts *testscript.TestScript, _ bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, name := range strings.Split(args[1], ".") {
		m, ok := v.(map[string]any)
		if !ok || m[name] == nil {
			ts.Fatalf("no field %s in %s", args[1], ts.ReadFile("stdout"))
		}
		v = m[name]
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// scriptLink takes the link, alone on its line, out of the last answer: link NAME
func scriptLink(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(`(?m)^http\S+/c/pay_\S+#\S{50}$`).FindString(ts.ReadFile("stdout"))
	if found == "" {
		ts.Fatalf("no link alone on a line")
	}
	ts.Setenv(args[0], found)
}

// scriptCode waits for the nth code that was mailed to an address: code NAME ADDRESS n
func scriptCode(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, ts.Getenv("RESTANTE_SERVER")+"/dev/mail.json?to="+url.QueryEscape(args[1]), nil)
		ts.Check(err)
		res, err := http.DefaultClient.Do(req)
		ts.Check(err)
		var mail []wire.Mail
		err = json.NewDecoder(res.Body).Decode(&mail)
		_ = res.Body.Close()
		ts.Check(err)
		var codes []string
		for _, m := range mail {
			if code := regexp.MustCompile(`\b[0-9]{6}\b`).FindString(m.Text); code != "" {
				codes = append(codes, code)
			}
		}
		if fmt.Sprint(len(codes)) == args[2] {
			ts.Setenv(args[0], codes[0]) // newest first
			return
		}
	}
	ts.Fatalf("no mail to %s", args[1])
}

// scriptLossy puts a proxy before the relay whose address is in $LOSSY. From the first request on that ends in the suffix
// all answers are lost; the second word says whether
// such a request reaches the relay at all, or is answered with a 503: lossy SUFFIX done|undone|503
func scriptLossy(ts *testscript.TestScript, _ bool, args []string) {
	relay, err := url.Parse(ts.Getenv("RESTANTE_SERVER"))
	ts.Check(err)
	forward := httputil.NewSingleHostReverseProxy(relay)
	var losing atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, args[0]) {
			losing.Store(true)
		}
		if !losing.Load() {
			forward.ServeHTTP(w, r)
			return
		}
		switch args[1] {
		case "done":
			forward.ServeHTTP(httptest.NewRecorder(), r)
		case "503":
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		panic(http.ErrAbortHandler)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	ts.Defer(s.Close)
	ts.Setenv("LOSSY", s.URL)
}

// scriptUnfinished wants so many kept sends, and takes the id of the first into a variable: unfinished NAME|- n
func scriptUnfinished(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs("state/sends/*.json"))
	ts.Check(err)
	if fmt.Sprint(len(found)) != args[1] {
		ts.Fatalf("%d unfinished sends, want %s", len(found), args[1])
	}
	if args[0] != "-" {
		ts.Setenv(args[0], strings.TrimSuffix(filepath.Base(found[0]), ".json"))
	}
}

// scriptReroute gives the relay of a kept send its address behind the lossy proxy: reroute ID SERVER
func scriptReroute(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs("state/sends/" + args[0] + ".json")
	var k keptAttempt
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(path)), &k))
	k.Server = args[1]
	text, err := json.Marshal(k)
	ts.Check(err)
	ts.Check(os.WriteFile(path, text, 0o600))
}

// scriptMode wants the permissions of a file, in octal: mode 600 FILE
func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("mode %s, want %s", got, args[0])
	}
}

// scriptVoucher has the app vouch for its user: voucher NAME PAYMENT
func scriptVoucher(ts *testscript.TestScript, _ bool, args []string) {
	c, err := client.New(ts.Getenv("RESTANTE_SERVER"), client.Options{Key: secret.NewString(ts.Getenv("RESTANTE_KEY"))})
	ts.Check(err)
	v, err := c.Vouch(context.Background(), args[1])
	ts.Check(err)
	ts.Setenv(args[0], v.Voucher)
}
