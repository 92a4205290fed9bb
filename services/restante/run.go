package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/internal/boot"
)

// cli is one run of the command: where it reads and writes, and what was said before the subcommand.
type cli struct {
	env            func(string) string
	args           []string // as they were typed
	stdin          io.Reader
	stdout, stderr io.Writer

	server, key, keyFile, manage, network string
	json                                  bool

	lines       *bufio.Reader // of a terminal on stdin
	mailTrouble string        // why the relay can mail nothing just now, where that was asked
	about       string        // id of the payment that the command is about, as soon as it is known
	sent        sentRequests
}

// run is the whole command but for the exit: args without the program's name. It has written its error, as one or two
// sentences, to stderr when it returns one; [statusOf] is the exit status. When ctx ends, it stops in good order.
func run(ctx context.Context, env func(string) string, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	out := &sticky{to: stdout}
	c := &cli{env: env, args: args, stdin: stdin, stdout: out, stderr: stderr}
	root := c.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = out.err // an answer that was not written is no answer: a link is printed once
	}
	err = outward(c.notHere(c.unclear(cmd, err)))
	c.tellError(err)
	return err
}

// notHere says of which thing the relay knows nothing, where the command is about a payment.
func (c *cli) notHere(err error) error {
	if c.about == "" || !client.IsCode(err, "not_found") {
		return err
	}
	return &failure{status: statusFailed, text: "There is no payment of this id here.", cause: err}
}

// sticky remembers the first error of writing, and writes nothing after it.
type sticky struct {
	to  io.Writer
	err error
}

func (s *sticky) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.to.Write(p)
	if err != nil {
		s.err = failed("The answer could not be written: %v. What was asked for may be done.", err)
	}
	return n, s.err
}

// written says whether everything that was printed so far was taken.
func (c *cli) written() error {
	if s, ok := c.stdout.(*sticky); ok {
		return s.err
	}
	return nil
}

// noJSON are the commands that print for people alone: those that run until they are stopped, and the reference of all settings.
var noJSON = []string{"up", "settings", "devnet", "demo", "simulate"}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "restante",
		Short: "Poste restante for money",
		Long: "Send money to an e-mail address. It waits on the Stellar network until it is claimed, or comes back\n" +
			"when you cancel or the time runs out.",
		SilenceErrors: true, SilenceUsage: true,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
	}
	version := root.Flags().Bool("version", false, "print the version")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *version {
			return c.printVersion()
		}
		return missingCommand(cmd)
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if name := commandName(cmd); c.json && slices.Contains(noJSON, name) {
			return usage("%q has no answer as JSON: leave --json out.", "restante "+name)
		}
		c.aboutPayment(args)
		return nil
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(c.flagError)
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVar(&c.server, "server", "", "address of the relay (default $RESTANTE_SERVER; a link brings its own)")
	flags.StringVar(&c.key, "key", "", "API key of the app (default $RESTANTE_KEY)")
	flags.StringVar(&c.keyFile, "key-file", "", "file that holds the API key")
	flags.StringVar(&c.manage, "manage", "", "receipt of a send --from, in place of the API key: it manages its own payment and no other")
	flags.StringVar(&c.network, "network", "", "passphrase of the Stellar network to insist on (default $RESTANTE_NETWORK, else what the relay says)")
	flags.BoolVar(&c.json, "json", false, "print one JSON object with the API's field names; an error is one too, {\"error\":{\"code\",\"message\",…}}, the last line of standard error")
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run a relay:"},
		&cobra.Group{ID: groupUse, Title: "Send and claim:"},
		&cobra.Group{ID: groupKeys, Title: "Keep your own keys:"},
		&cobra.Group{ID: groupLook, Title: "Look:"},
	)
	root.AddCommand(c.commands()...)
	return root
}

// unknownCommand names the nearest commands there are.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !word(args[0]) {
		return usage("%q wants a command first. %q lists them all; a link goes with claim.", cmd.CommandPath(), cmd.CommandPath()+" --help")
	}
	cmd.SuggestionsMinimumDistance = 2
	near := cmd.SuggestionsFor(args[0])
	if len(near) == 0 {
		return usage("there is no command %q. %q lists them all.", args[0], cmd.CommandPath()+" --help")
	}
	return usage("there is no command %q. Did you mean \"%s\"?", args[0], strings.Join(near, `" or "`))
}

// word says that an argument may be shown in an error: it is no link, no key and no seed.
func word(s string) bool {
	return len(s) <= 20 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// group is a command that only holds others.
func group(use, short, groupID string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, GroupID: groupID, Args: unknownCommand, RunE: func(cmd *cobra.Command, _ []string) error { return missingCommand(cmd) }}
	cmd.AddCommand(commands...)
	return cmd
}

// missingCommand shows the help where errors go: nothing was done.
func missingCommand(cmd *cobra.Command) error {
	cmd.SetOut(cmd.ErrOrStderr())
	_ = cmd.Help()
	return &failure{status: statusUsage}
}

// exactly wants n arguments, which args names for the error text.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		if n == 0 {
			return usage("%q takes no argument beside its flags. See %q.", cmd.CommandPath(), cmd.CommandPath()+" --help")
		}
		return usage("%q takes %s. Like this: %s", cmd.CommandPath(), what, cmd.UseLine())
	}
}

// flagError turns pflag's errors into usage errors. A command that does not exist is the error before its flags are; else the
// nearest flag there is, or what the flag takes, is named.
func (c *cli) flagError(cmd *cobra.Command, err error) error {
	if name := c.firstWord(cmd); cmd.HasSubCommands() && name != "" {
		return unknownCommand(cmd, []string{name})
	}
	var missing *pflag.NotExistError
	var wrong *pflag.InvalidValueError
	switch {
	case errors.As(err, &wrong):
		f := wrong.GetFlag()
		kind := map[string]string{"int": "a whole number", "bool": "true or false", "duration": "a time like 30s"}[f.Value.Type()]
		kind = cmp.Or(kind, "another value")
		return usage("--%s takes %s: %s. See %q.", f.Name, kind, f.Usage, cmd.CommandPath()+" --help")
	case !errors.As(err, &missing):
		return usage("%v. See %q.", err, cmd.CommandPath()+" --help")
	}
	name := missing.GetSpecifiedName()
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	best := boot.Nearest(name, known)
	switch {
	case best == "" && !word(name): // it could be a secret that was pasted in a wrong place
		return usage("%q has no such flag. See %q.", cmd.CommandPath(), cmd.CommandPath()+" --help")
	case best == "":
		return usage("%q has no flag %q. See %q.", cmd.CommandPath(), "--"+name, cmd.CommandPath()+" --help")
	}
	return usage("%q has no flag %q. Did you mean %q?", cmd.CommandPath(), "--"+name, "--"+best)
}

// firstWord is the first argument behind the command's own name that is neither a flag nor a flag's value.
func (c *cli) firstWord(cmd *cobra.Command) string {
	skip := strings.Count(cmd.CommandPath(), " ")
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		if name, is := strings.CutPrefix(a, "--"); is {
			f := cmd.Flag(name)
			if f == nil && !strings.Contains(name, "=") {
				return "" // of which the value is unknown, too
			}
			if f != nil && f.NoOptDefVal == "" {
				i++
			}
			continue
		}
		if skip--; skip < 0 {
			return a
		}
	}
	return ""
}

// errorJSON is how a failure is printed with --json: one line, the last of standard error.
type errorJSON struct {
	Error struct {
		Code      string `json:"code"`                 // the relay's code, or: usage, failed, no_answer, network_mismatch, outcome_unknown, interrupted, other_side_won, try_again, code_needed
		Message   string `json:"message"`              // whole sentences
		Status    int    `json:"status"`               // exit status
		Flag      string `json:"flag,omitempty"`       // whose value is wrong
		RequestID string `json:"request_id,omitempty"` // to tell the operator
		ID        string `json:"id,omitempty"`         // of a payment whose outcome is unknown
		Next      string `json:"next,omitempty"`       // the command that is safe now
	} `json:"error"`
}

// tellError writes the error, as sentences or as JSON.
func (c *cli) tellError(err error) {
	text := sentence(err)
	if text == "" {
		return
	}
	if !c.json && !slices.Contains(c.args, "--json") { // the flag may stand behind the one that is wrong
		fmt.Fprintln(c.stderr, "restante: "+text)
		return
	}
	var out errorJSON
	e := &out.Error
	e.Message, e.Status, e.Code = text, statusOf(err), codeOf(err)
	var p *client.Problem
	if errors.As(err, &p) {
		e.Flag, e.RequestID = flagOf[p.Pointer], p.RequestID
	}
	var f *failure
	if errors.As(err, &f) {
		e.ID, e.Next = f.id, f.next
	}
	enc := json.NewEncoder(c.stderr)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(out)
}

// codeOf is the stable word for an error.
func codeOf(err error) string {
	var unclear *client.Unclear
	var p *client.Problem
	var lost *client.Unreached
	switch {
	case errors.As(err, &unclear):
		return "outcome_unknown"
	case errors.As(err, &p) && p.Code != "":
		return p.Code
	case errors.Is(err, client.ErrNetwork):
		return "network_mismatch"
	case errors.As(err, &lost) && !lost.NotTLS():
		return "no_answer"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	switch statusOf(err) {
	case statusUsage:
		return "usage"
	case statusCode:
		return "code_needed"
	case statusLost:
		return "other_side_won"
	case statusTryAgain:
		return "try_again"
	}
	return "failed"
}
