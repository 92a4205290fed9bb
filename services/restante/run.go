package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// cli is one run of the command: where it reads and writes, and what was said before the subcommand.
type cli struct {
	env            func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer

	server, key, keyFile, manage, network string
	json                                  bool

	lines *bufio.Reader // of a terminal on stdin
}

// run is the whole command but for the exit: args without the program's name. It has written its error, as one or two
// sentences, to stderr when it returns one; [statusOf] is the exit status. When ctx ends, it stops in good order.
func run(ctx context.Context, env func(string) string, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	out := &sticky{to: stdout}
	c := &cli{env: env, stdin: stdin, stdout: out, stderr: stderr}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err // an answer that nobody got is no answer: a link is printed once
	}
	err = outward(err)
	if text := sentence(err); text != "" {
		fmt.Fprintln(stderr, "restante: "+text)
	}
	return err
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

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "restante",
		Short: "Poste restante for money",
		Long: "Send money to an e-mail address. It waits on the Stellar network until it is claimed, or comes back\n" +
			"when you cancel or the time runs out.",
		SilenceErrors: true, SilenceUsage: true,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: func(cmd *cobra.Command, _ []string) error { return missingCommand(cmd) },
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVar(&c.server, "server", "", "address of the relay (default $RESTANTE_SERVER; a link brings its own)")
	flags.StringVar(&c.key, "key", "", "API key of the app (default $RESTANTE_KEY)")
	flags.StringVar(&c.keyFile, "key-file", "", "file that holds the API key")
	flags.StringVar(&c.manage, "manage", "", "receipt of a send --from, in place of the API key: it manages its own payment and no other")
	flags.StringVar(&c.network, "network", "", "passphrase of the Stellar network to insist on (default $RESTANTE_NETWORK, else what the relay says)")
	flags.BoolVar(&c.json, "json", false, "print one JSON object with the API's field names")
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

// flagError turns pflag's errors into usage errors and names the nearest flag there is.
func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return usage("%v. See %q.", err, cmd.CommandPath()+" --help")
	}
	name := missing.GetSpecifiedName()
	best, distance := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := editDistance(name, f.Name); d < distance && !f.Hidden {
			best, distance = f.Name, d
		}
	})
	if best == "" {
		return usage("%q has no flag %q. See %q.", cmd.CommandPath(), "--"+name, cmd.CommandPath()+" --help")
	}
	return usage("%q has no flag %q. Did you mean %q?", cmd.CommandPath(), "--"+name, "--"+best)
}

// editDistance counts the letters to change, add or drop between a and b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
