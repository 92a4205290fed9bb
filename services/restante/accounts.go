package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/horizon"
	"github.com/restante/restante/relay/stellar/rpc"
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
	cmd.Flags().StringVar(&data, "data", defaultUp().Data, "data directory")
	return cmd
}

func (c *cli) accounts(ctx context.Context, data string) error {
	if whole, err := filepath.Abs(data); err == nil {
		data = whole
	}
	roster, ledger, err := directory(data)
	if err != nil {
		return err
	}
	port, done, err := dialLedger(ctx, ledger, roster.Sponsor)
	if err != nil {
		return failed("The ledger at %s does not answer: %v. The embedded one runs inside \"restante up\".", hostOf(ledger), err)
	}
	defer done()
	rows, err := accountRows(ctx, port, roster)
	if err != nil {
		return failed("The ledger at %s does not answer: %v.", hostOf(ledger), err)
	}
	if c.json {
		return c.printJSON(map[string]any{"directory": data, "network": ledger.Passphrase, "data": rows})
	}
	c.printf("Of the data directory %s, on the ledger at %s (%q):\n\n", data, hostOf(ledger), ledger.Passphrase)
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

// directory is what a data directory says of its accounts and of its ledger.
func directory(data string) (signer.Roster, ledgerConfig, error) {
	env, err := readEnv(filepath.Join(data, "dev.env"))
	var roster signer.Roster
	if err == nil {
		roster, err = signer.ReadRoster(data)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return roster, ledgerConfig{}, failed("%s is no data directory in which \"restante up\" has made its accounts: %v. Name it with --data.", data, err)
	}
	if err != nil {
		return roster, ledgerConfig{}, failed("%v.", err)
	}
	l := ledgerConfig{URL: env["RESTANTE_RPC"], Horizon: env["RESTANTE_HORIZON"], Passphrase: env["RESTANTE_NETWORK"]}
	if l.URL != "" {
		l.Horizon = ""
	}
	return roster, l, nil
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
			r.PayIn = relay.Stroops(treasuryNeeds).String()
		}
	}
	if held, _ := relay.ParseAmount(first.Balance); !first.Exists || unmade {
		first.PayIn = max(sponsorNeeds(len(roster.Channels))-held, 0).String()
	}
	return rows, nil
}

var places = map[string]int{"sponsor": 0, "treasury": 1, "channel": 2}

var errIsHorizon = errors.New("this is a Horizon server, no Stellar RPC: give its address to --horizon")

// horizonAt says whether an address that speaks no Stellar RPC is that of a Horizon server, by what it says of itself.
func horizonAt(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var root struct {
		Version string `json:"horizon_version"`
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&root) == nil && root.Version != ""
}

// dialLedger opens a view of a ledger, by the protocol that is configured.
func dialLedger(ctx context.Context, l ledgerConfig, sponsor string) (desk.Ledger, func(), error) {
	if l.Horizon != "" {
		client, err := horizon.Dial(ctx, access.Config{URL: l.Horizon, Passphrase: l.Passphrase})
		if err != nil {
			return nil, nil, err
		}
		return &access.Port{Source: client, Sponsor: sponsor}, client.Close, nil
	}
	client, err := rpc.Dial(ctx, access.Config{URL: l.URL, Passphrase: l.Passphrase})
	if err != nil {
		if horizonAt(ctx, l.URL) {
			err = errIsHorizon
		}
		return nil, nil, err
	}
	return &access.Port{Source: client, Sponsor: sponsor}, client.Close, nil
}
