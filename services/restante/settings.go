package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

// settingsText is the reference of every key that `up --config FILE` reads. A golden test writes it from the structs.
//
//go:embed SETTINGS.md
var settingsText string

func (c *cli) newSettings() *cobra.Command {
	return &cobra.Command{
		Use: "settings", Short: "Print every setting of the file that \"up --config\" reads", GroupID: groupRun, Args: exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			c.printf("%s", settingsText)
			return c.written()
		},
	}
}
