package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/signer"
)

// accountRow is one account of the service, for `restante accounts`.
type accountRow struct {
	Role    string `json:"role"` // sponsor, channel or treasury
	App     string `json:"app,omitempty"`
	Account string `json:"account"`
	Exists  bool   `json:"exists"`
	Balance string `json:"balance"` // lumens
	Free    string `json:"free"`    // lumens that could be paid out now
	PayIn   string `json:"pay_in"`  // lumens that are missing for a start; "0" when none are
}

func (c *cli) newAccounts() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use: "accounts", Short: "Show the service's own accounts, and what to pay in", GroupID: groupRun, Args: exactly(0, ""),
		Long: "Shows sponsor, channels and treasuries of a data directory, what they hold on the ledger, and what has to be paid in.\n" +
			"\"restante up\" may be running on it, or waiting for these accounts; on the embedded ledger it has to run. The directory\n" +
			"is the one of --data, whatever RESTANTE_SERVER says.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.accounts(cmd.Context(), data) },
	}
	cmd.Flags().StringVar(&data, "data", stack.DefaultSettings().Data, "data directory")
	return cmd
}

func (c *cli) accounts(ctx context.Context, data string) error {
	if whole, err := filepath.Abs(data); err == nil {
		data = whole
	}
	roster, ledger, err := stack.ReadDirectory(data)
	if err != nil {
		return failed("%v.", err)
	}
	port, done, err := stack.Dial(ctx, ledger, roster.Sponsor)
	if err != nil {
		return failed("The ledger at %s does not answer: %v. The embedded one runs inside \"restante up\".", stack.HostOf(ledger), err)
	}
	defer done()
	rows, err := accountRows(ctx, port, roster)
	if err != nil {
		return failed("The ledger at %s does not answer: %v.", stack.HostOf(ledger), err)
	}
	if c.json {
		return c.printJSON(map[string]any{"directory": data, "network": ledger.Passphrase, "data": rows})
	}
	c.printf("Of the data directory %s, on the ledger at %s (%q):\n\n", data, stack.HostOf(ledger), ledger.Passphrase)
	for _, r := range rows {
		holds := "not on the ledger yet"
		if r.Exists {
			holds = r.Balance + " XLM, " + r.Free + " free"
		}
		if r.PayIn != "0" {
			holds += "   pay in at least " + r.PayIn + " XLM"
		}
		c.printf("%-9s %s   %s%s\n", r.Role, r.Account, holds, plain(" "+r.App))
	}
	return c.written()
}

func accountRows(ctx context.Context, port desk.Ledger, roster signer.Roster) (rows []accountRow, err error) {
	rows = append(rows, accountRow{Role: "sponsor", Account: roster.Sponsor})
	for _, a := range roster.Channels {
		rows = append(rows, accountRow{Role: "channel", Account: a})
	}
	for app, a := range roster.Treasuries {
		rows = append(rows, accountRow{Role: "treasury", Account: a, App: string(app)})
	}
	slices.SortStableFunc(rows, func(a, b accountRow) int {
		return cmp.Or(strings.Compare(a.Role, b.Role), strings.Compare(a.App, b.App))
	})
	slices.SortStableFunc(rows, func(a, b accountRow) int { return places[a.Role] - places[b.Role] })
	var first *accountRow
	unmade := false
	for i := range rows {
		r := &rows[i]
		facts, _, err := port.Look(ctx, relay.Native, r.Account)
		if err != nil {
			return nil, err
		}
		f := facts[r.Account]
		r.Exists, r.Balance, r.Free, r.PayIn = f.Exists, f.Balance.String(), f.Free.String(), "0"
		switch {
		case r.Role == "sponsor":
			first = r
		case r.Role == "channel" && !f.Exists:
			unmade = true
		case r.Role == "treasury" && !f.Exists:
			r.PayIn = stellar.Prices.TreasuryNeeds().String()
		}
	}
	if held, _ := relay.ParseAmount(first.Balance); !first.Exists || unmade {
		first.PayIn = max(stellar.Prices.SponsorNeeds(len(roster.Channels))-held, 0).String()
	}
	return rows, nil
}

var places = map[string]int{"sponsor": 0, "treasury": 1, "channel": 2}
