package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *cli) newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", GroupID: groupLook, Args: exactly(0, ""),
		RunE: func(*cobra.Command, []string) error { return c.printVersion() },
	}
}

func (c *cli) printVersion() error {
	v := buildVersion()
	if c.json {
		return c.printJSON(map[string]string{"version": v, "go": runtime.Version()})
	}
	_, err := fmt.Fprintf(c.stdout, "restante %s (%s)\n", v, runtime.Version())
	return err
}

// buildVersion is the module's version or the commit, as the Go tool wrote it into the binary.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "devel"
}
