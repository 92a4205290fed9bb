package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/services/restante/internal/simulate"
)

func (c *cli) newSimulate() *cobra.Command {
	var o simulate.Options
	var child, brief bool
	var trace string
	cmd := &cobra.Command{
		Use: "simulate", Short: "Look for a history in which a payment is made twice, or lost", GroupID: groupRun, Args: cobra.NoArgs,
		Long: "Plays histories of the whole service in virtual time: people, processes, ledger and database, with faults at every boundary.\n" +
			"After every ledger and at the end the money is accounted for by code that shares no judgement with the service. The same seed\n" +
			"gives the same history to the byte. It ends at the first violation, and says the one line that repeats it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if child {
				return o.Serve(cmd.Context(), os.Stdin, c.stdout)
			}
			if o.Histories == 0 && o.Faults == 0 {
				o.Histories = 20
			}
			if err := o.Check(); err != nil {
				return usage("%v", err)
			}
			if trace != "" {
				return c.traced(cmd.Context(), o, trace)
			}
			return c.simulate(cmd.Context(), o, brief)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the first history; the next ones follow")
	f.IntVar(&o.Histories, "histories", 0, "how many histories; 20 when no --faults are asked for")
	f.IntVar(&o.Faults, "faults", 0, "go on until so many faults have happened")
	f.StringVar(&o.Only, "only", "", "a kind of fault; the others do not happen")
	f.StringSliceVar(&o.Without, "without", nil, "kinds of faults that do not happen")
	f.IntVar(&o.Payments, "payments", 0, "people who send in each history; what its seed chooses, when 0")
	f.IntVar(&o.Most, "most", 0, "faults of each history at most; 400 when 0")
	f.StringVar(&trace, "trace", "", "file that every step of the first history is written to")
	f.IntVar(&o.Jobs, "jobs", runtime.NumCPU(), "histories that are played at a time")
	f.BoolVar(&brief, "brief", false, "of a violation only say what it is, and do not look for the shortest history")
	f.BoolVar(&child, "child", false, "play the histories of the seeds that come in")
	_ = f.MarkHidden("child")
	return cmd
}

func (c *cli) simulate(ctx context.Context, o simulate.Options, brief bool) error {
	self, err := os.Executable()
	if err != nil {
		return failed("%v", err)
	}
	o.Out, o.Child = c.stdout, []string{self, "simulate", "--child", "--only=" + o.Only, "--without=" + strings.Join(o.Without, ","),
		"--payments=" + strconv.Itoa(o.Payments), "--most=" + strconv.Itoa(o.Most)}
	s, found, err := simulate.Run(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			s.Report(c.stdout)
			c.printf("%s\n", s.Line())
			return ctx.Err()
		}
		return failed("%v", err)
	}
	s.Report(c.stdout)
	if found != nil && brief {
		c.printf("seed %d: %s\n", found.Seed, found.Trouble[0])
	}
	if found != nil && !brief {
		if err := o.Explain(ctx, c.stdout, *found); err != nil {
			return failed("%v", err)
		}
	}
	c.printf("%s\n", s.Line())
	if s.Violations > 0 {
		return &failure{status: statusFailed}
	}
	return nil
}

// traced plays one history and writes every step of it down.
func (c *cli) traced(ctx context.Context, o simulate.Options, path string) error {
	out, err := os.Create(path)
	if err != nil {
		return failed("%v", err)
	}
	h, err := o.One(ctx, out)
	if err = errors.Join(err, out.Close()); err != nil {
		return failed("%v", err)
	}
	for _, t := range h.Trouble {
		c.printf("violation: %s\n", t)
	}
	c.printf("simulate: seed %d, %d steps, %d violations, trace %s\n", h.Seed, h.Steps, len(h.Trouble), h.Hash)
	if len(h.Trouble) > 0 {
		return &failure{status: statusFailed}
	}
	return nil
}
