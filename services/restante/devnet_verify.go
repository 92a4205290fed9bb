package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/restante/restante/services/devnet/verify"
)

// shownDifferences is how many differences of a file -v prints.
const shownDifferences = 20

// newDevnetVerify holds the embedded ledger against recordings of a real one.
func (c *cli) newDevnetVerify() *cobra.Command {
	var verbose bool
	var o verify.Options
	cmd := &cobra.Command{
		Use: "verify FILE…", Short: "Replay ledgers recorded from stellar-core and compare",
		Args: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				return usage("%q takes files. Like this: %s", cmd.CommandPath(), cmd.UseLine())
			}
			return nil
		},
		Long: "Replays each recording from genesis and prints how many transaction results and how many entries, after each ledger, are\n" +
			"the recorded bytes; for a file NAME.rejected.jsonl.gz, how many refusals at submission (the ledgers are those of NAME.xdr.gz\n" +
			"beside it). Exits with 0 only when all of all files are identical.",
		RunE: func(cmd *cobra.Command, files []string) error {
			if verbose {
				o.Differences = shownDifferences
			}
			identical := true
			for _, file := range files {
				report, err := verify.File(cmd.Context(), file, o)
				if err != nil {
					fmt.Fprintf(c.stderr, "%s: %v\n", report.Name, err)
				}
				fmt.Fprintln(c.stdout, report)
				for _, d := range report.Differences {
					fmt.Fprintln(c.stdout, d)
				}
				if verbose && !report.OfRefusals {
					fmt.Fprintf(c.stdout, "  %d ledgers; besides, lists of changes identical %d of %d, apply orders %d of %d, headers %d of %d\n", report.Ledgers,
						report.Changes.Same, report.Changes.All, report.Orders.Same, report.Orders.All, report.Headers.Same, report.Headers.All)
				}
				identical = identical && err == nil && report.Identical()
			}
			if !identical {
				return failed("not all is identical")
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "print the first differences")
	cmd.Flags().StringVar(&o.Passphrase, "passphrase", verify.Passphrase, "passphrase of the recorded network")
	return cmd
}
