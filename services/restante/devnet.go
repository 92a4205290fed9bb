package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/stack"
)

// newDevnet runs the embedded ledger alone, for tests that kill everything else and for tools that want a network.
func (c *cli) newDevnet() *cobra.Command {
	var addr, control, data, interval, level string
	var iKnow bool
	cfg := devnet.Config{Passphrase: stack.DevelopmentNetwork}
	cmd := &cobra.Command{
		Use: "devnet", Short: "Run a Stellar network in one process", GroupID: groupRun, Args: cobra.NoArgs,
		Long: "Runs a classic Stellar network of one process: Stellar RPC on one port, with a friendbot at /friendbot and Horizon at\n" +
			"/horizon, and, where asked for, a control port on which ledgers are closed by hand, time is moved and faults are switched on.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := boot.Logger(c.stderr, level, "text")
			if err != nil {
				return usage("%v", err)
			}
			cfg.Logger = log
			if cfg.Interval, err = intervalOf(interval); err != nil {
				return usage("%v", err)
			}
			if data != "" {
				if err := os.MkdirAll(data, 0o700); err != nil {
					return failed("%v", err)
				}
				cfg.Path = filepath.Join(data, "ledger.db")
			}
			return c.devnet(cmd.Context(), cfg, addr, control, iKnow)
		},
	}
	cmd.AddCommand(c.newDevnetVerify())
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&addr, "addr", "127.0.0.1:8000", "host:port of Stellar RPC, the friendbot and Horizon; port 0 takes a free one")
	f.StringVar(&control, "control", "", "host:port of the control port; none when empty")
	f.StringVar(&data, "data", "", "directory that the ledger is kept in; in memory when empty")
	f.StringVar(&interval, "interval", "1s", "time between ledgers; \"manual\" or 0 closes them on demand only")
	f.StringVar(&cfg.Passphrase, "passphrase", cfg.Passphrase, "passphrase of the network")
	f.Uint32Var(&cfg.Protocol, "protocol", 0, "protocol version; 0 is the newest known")
	f.BoolVar(&iKnow, "i-know", false, "let other machines reach the friendbot, and the control port where there is one")
	f.StringVar(&level, "log-level", "warn", "debug, info, warn or error")
	return cmd
}

// intervalOf reads the time between ledgers; 0 is on demand.
func intervalOf(text string) (time.Duration, error) {
	if text == "manual" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("an interval is \"manual\" or a time like 1s, not %q", text)
	}
	return d, nil
}

// devnet serves the network until ctx ends.
func (c *cli) devnet(ctx context.Context, cfg devnet.Config, addr, control string, iKnow bool) error {
	network, err := devnet.Open(cfg)
	if err != nil {
		return failed("%v", err)
	}
	defer network.Close()
	mux := http.NewServeMux()
	mux.Handle("/", network.Handler())
	mux.Handle("/horizon/", http.StripPrefix("/horizon", network.Unfriendly(horizon.New(network, horizon.Config{Logger: cfg.Logger}))))
	endpoints := []struct {
		name, addr string
		handler    http.Handler
		what       string
	}{{"rpc", addr, mux, "a friendbot that gives lumens to every caller"}, {"control", control, network.Control(), "the control port of the ledger"}}
	for _, d := range endpoints {
		if d.addr == "" {
			continue
		}
		l, err := stack.Listen(d.addr, iKnow, d.what)
		if err != nil {
			return failed("%v.", err)
		}
		server := boot.NewServer(stack.HostsOf(l, d.addr, "").Only(d.handler), slog.New(slog.DiscardHandler))
		go func() { _ = server.Serve(boot.Limit(l, boot.ServeConfig{MaxPerAddress: 2000})) }() // tools and tests run many clients from here
		defer server.Close()
		fmt.Fprintf(c.stdout, "%s http://%s\n", d.name, stack.LocalAddress(l))
		if d.name == "rpc" {
			fmt.Fprintf(c.stdout, "horizon http://%s/horizon\n", stack.LocalAddress(l))
		}
	}
	fmt.Fprintf(c.stdout, "network %s\n", cfg.Passphrase)
	if err := network.Run(ctx); err != nil {
		return failed("%v", err)
	}
	return nil
}
