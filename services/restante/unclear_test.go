package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay/client"
)

// looking are the commands that change nothing at a relay: they look, keep files, or run one.
var looking = []string{"up", "accounts", "audit verify", "settings", "devnet", "devnet verify", "demo", "app limits", "app key list", "receipt", "init",
	"keystore show", "keystore import", "keystore export", "show", "list", "watch", "explain", "agreed show", "reserves", "version", "simulate",
	"treasury withdraw"} // which works on the service's own machine, without the relay

// TestEveryCommandKnowsLostAnswers: each command either looks, or says what may have been done when its answer is lost; and each of
// those loses an answer in a script.
func TestEveryCommandKnowsLostAnswers(t *testing.T) {
	var scripts bytes.Buffer
	files, err := filepath.Glob("testdata/script/lost_*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(text)
	}
	var walk func(cmd *cobra.Command)
	found := map[string]bool{}
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		name := commandName(cmd)
		if name == "" || name == "help" || strings.HasPrefix(name, "completion") || cmd.HasSubCommands() && !strings.Contains("treasury reserves devnet", name) {
			return
		}
		found[name] = true
		_, changes := changing[name]
		looks := false
		for _, l := range looking {
			looks = looks || l == name
		}
		if changes == looks {
			t.Errorf("restante %s: put it in one of the tables, changing or looking", name)
		}
		if changes && !regexp.MustCompile(`(?m)^status 75 restante `+name+` `).Match(scripts.Bytes()) {
			t.Errorf("no script loses an answer of restante %s", name)
		}
	}
	walk((&cli{env: func(string) string { return "" }}).root())
	for name, c := range changing {
		if !found[name] || len(c.maybes) == 0 {
			t.Errorf("restante %s is no command, or says nothing", name)
		}
	}
}

// TestAgain: the command that is safe shows no secret, and a shell reads it as it was typed.
func TestAgain(t *testing.T) {
	link := "https://relay.example.com/c/pay_ag4obfeyrbzp7orwzgks3nl4ai#"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"cancel", "pay_x", "--json"}, "restante cancel pay_x --json"},
		{[]string{"--key", "rst_test_secret", "cancel", "pay_x"}, "restante --key KEY cancel pay_x"},
		{[]string{"cancel", "pay_x", "--key=rst_test_secret"}, "restante cancel pay_x --key KEY"},
		{[]string{"claim", "-", "--code", "123456", "--voucher", "word", "--to", "G"}, "restante claim - --voucher VOUCHER --to G"},
		{[]string{"app", "create", "--name", "Ana's shop", "--identity=a b"}, `restante app create --name 'Ana'\''s shop' --identity='a b'`},
		{[]string{"claim", link}, "restante claim '" + link + "'"}, // no whole link, so no secret
	} {
		if got := (&cli{args: c.args}).again(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestUnclear: what is an answer stays one, and the rest is told with the payment and the next command.
func TestUnclear(t *testing.T) {
	lost := &client.Unreached{Host: "h", Cause: errors.New("EOF")}
	refused := &client.Problem{Status: 409, Code: "already_claimed", Detail: "no"}
	for name, c := range map[string]struct {
		command string
		sent    string
		err     error
		unclear bool
	}{
		"nothing":                         {"cancel", "POST cancel", nil, false},
		"a refusal":                       {"cancel", "POST cancel", refused, false},
		"a refusal after a doubt":         {"cancel", "POST cancel", &client.Unclear{ID: "pay_x", Cause: refused}, true},
		"a lost answer":                   {"cancel", "POST cancel", &client.Unclear{ID: "pay_x", Cause: lost}, true},
		"a lost look after the wish":      {"cancel", "POST cancel", lost, true},
		"a refused connection after that": {"cancel", "POST cancel", &client.Unreached{Host: "h", NeverSent: true, Cause: errors.New("refused")}, true},
		"nothing was sent":                {"cancel", "", &client.Unreached{Host: "h", NeverSent: true, Cause: errors.New("refused")}, false},
		"a bare 500":                      {"cancel", "POST cancel", &client.Problem{Status: 500}, true},
		"interrupted":                     {"cancel", "POST cancel", context.Canceled, true},
		"interrupted before":              {"cancel", "", context.Canceled, false},
		"said already":                    {"cancel", "POST cancel", failed("No."), false},
		"a look":                          {"show", "", lost, false},
	} {
		c0 := &cli{about: "pay_x", args: []string{c.command, "pay_x"}}
		if c.sent != "" {
			c0.sent.all = map[string]bool{c.sent: true}
		}
		cmd, _, err := c0.root().Find([]string{c.command})
		if err != nil {
			t.Fatal(err)
		}
		got := c0.unclear(cmd, c.err)
		var f *failure
		switch {
		case !c.unclear:
			if !errors.Is(got, c.err) {
				t.Errorf("%s: %v", name, got)
			}
		case !errors.As(got, &f) || f.status != statusTryAgain || f.id != "pay_x" || f.next != "restante cancel pay_x" || codeOf(got) != "outcome_unknown" ||
			!strings.Contains(f.text, "may have been asked back") || !strings.Contains(f.text, f.next) || !strings.Contains(f.text, f.id):
			t.Errorf("%s: %v", name, got)
		}
	}
}
