package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/signer"
)

func (c *cli) newAudit() *cobra.Command {
	return group("audit", "Check what the signer has written down", groupRun, c.newAuditVerify())
}

func (c *cli) newAuditVerify() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use: "verify", Short: "Check every line of the signer's log", Args: exactly(0, ""),
		Long: "Reads the signer's log of a data directory and checks each line, the chain of their hashes, and that the log has what the\n" +
			"database knows of it. Exits with 0 when all of it holds; else with 1, and names the first line that does not. Nothing is\n" +
			"changed, and \"restante up\" may be running. What needs the signer's key, the HMAC of each line, \"restante up\" checks when it starts.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.auditVerify(cmd.Context(), data) },
	}
	cmd.Flags().StringVar(&data, "data", stack.DefaultSettings().Data, "data directory")
	return cmd
}

// auditJSON is the answer of `restante audit verify`.
type auditJSON struct {
	Log        string `json:"log"`
	Holds      bool   `json:"holds"`
	Lines      int64  `json:"lines"`      // that hold, from the first on
	Head       string `json:"head"`       // SHA-256 of the last of them, in hexadecimal
	Known      int64  `json:"known"`      // lines that the database knows
	Unfinished int64  `json:"unfinished"` // bytes at the end that are no whole line
}

func (c *cli) auditVerify(ctx context.Context, data string) error {
	// The database is read first: the log then has all that it knows, also while a signer appends.
	made, err := sqlstore.Look(ctx, filepath.Join(data, "restante.db"))
	if err != nil {
		return failed("The database in %s cannot be read: %v.", data, err)
	}
	report, fault := signer.VerifyLog(data, made.Log)
	if errors.Is(fault, fs.ErrNotExist) && made.Log.Lines == 0 {
		return failed("There is no signer's log in %s: %v. Name the data directory with --data.", data, fault)
	}
	var unreadable *fs.PathError
	if errors.As(fault, &unreadable) && !errors.Is(fault, fs.ErrNotExist) {
		return failed("The signer's log cannot be read: %v.", fault)
	}
	if c.json {
		err = c.printJSON(auditJSON{report.Path, fault == nil, report.Lines, report.Head, made.Log.Lines, report.Torn})
	} else {
		c.printAudit(report, made.Log)
		err = c.written()
	}
	if fault != nil {
		return failed("%s. Stop \"restante up\", and %s.", capital(strings.TrimSuffix(fault.Error(), ".")), signer.LogRemedy(made.Log.Lines))
	}
	return err
}

func (c *cli) printAudit(r signer.LogReport, known relay.LogMark) {
	unfinished := ""
	if r.Torn > 0 {
		unfinished = fmt.Sprintf("%d bytes at the end; the signer is writing them, or cuts them off when it starts", r.Torn)
	}
	c.table(row{"Log", r.Path}, row{"Lines", fmt.Sprintf("%d hold, %d of them with an HMAC", r.Lines, r.Keyed)}, row{"Head", r.Head},
		row{"Database", fmt.Sprintf("knows %d lines", known.Lines)}, row{"Unfinished", unfinished})
}
