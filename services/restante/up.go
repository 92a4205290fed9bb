package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/stack"
)

func (c *cli) newUp() *cobra.Command {
	return c.newUpWith(&stack.Config{Settings: stack.DefaultSettings()})
}

// newUpWith is the command that reads its flags into cfg.
func (c *cli) newUpWith(cfg *stack.Config) *cobra.Command {
	var file, level, identity string
	var interval time.Duration
	cmd := &cobra.Command{
		Use: "up", Short: "Run everything on this machine, with no other program", GroupID: groupRun, Args: haltArgument(cfg),
		Long: "Runs the whole product in one process: API, workers, signer, database, bus, a development mailbox and a Stellar\n" +
			"ledger of its own. All of it is kept in the data directory; a restart goes on from there.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := configure(cmd, file, &cfg.Settings); err != nil {
				return usage("%v", err)
			}
			var err error
			if cfg.Log, err = boot.Logger(c.stderr, level, "text"); err != nil {
				return usage("%v", err)
			}
			return c.up(cmd.Context(), *cfg, identity)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.String("data", cfg.Data, "data directory")
	f.String("addr", cfg.Addr, "host:port to listen on; port 0 takes a free one")
	f.DurationVar(&interval, "ledger-interval", cfg.Ledger.Interval, "time between ledgers of the embedded network")
	f.String("rpc", "", "use the Stellar RPC server at this address instead of the embedded ledger")
	f.String("horizon", "", "use the Horizon server at this address, where there is no Stellar RPC")
	f.String("passphrase", cfg.Ledger.Passphrase, "passphrase of the network")
	f.String("friendbot", "", "address that funds new accounts, on development networks")
	f.StringVar(&identity, "identity", "", "file for the age identity of the development app's sender; one that is there is used (default: shown on a terminal, else ./restante-APP.identity)")
	f.BoolVar(&cfg.IKnow, "i-know", false, "let other machines reach what belongs to development: the mailbox with all codes, the friendbot")
	f.StringVar(&cfg.Lift, "lift-halt", "", "go on after a halt, once a person has looked at why it stands: the one about this `hash` and no other; without a hash, the one that stops everything, or the only one")
	f.Lookup("lift-halt").NoOptDefVal = stack.AnyHalt
	f.StringVar(&file, "config", "", "YAML file with all settings")
	f.StringVar(&level, "log-level", "warn", "debug, info, warn or error")
	return cmd
}

// configure reads the file, then lays the flags that were given over it.
func configure(cmd *cobra.Command, file string, cfg *stack.Settings) error {
	if file != "" {
		if err := boot.Load(file, cfg); err != nil {
			return err
		}
	}
	f := cmd.Flags()
	for name, field := range map[string]*string{"data": &cfg.Data, "addr": &cfg.Addr, "rpc": &cfg.Ledger.URL, "horizon": &cfg.Ledger.Horizon,
		"passphrase": &cfg.Ledger.Passphrase, "friendbot": &cfg.Ledger.Friendbot} {
		if f.Changed(name) {
			*field, _ = f.GetString(name)
		}
	}
	if f.Changed("ledger-interval") {
		cfg.Ledger.Interval, _ = f.GetDuration("ledger-interval")
	}
	if _, _, err := net.SplitHostPort(cfg.Addr); err != nil {
		return fmt.Errorf("--addr is host:port, like 127.0.0.1:8080, and not %q", cfg.Addr)
	}
	if cfg.Mail.Set() {
		if err := cfg.Mail.Check(); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if cfg.Ledger.Interval <= 0 {
		return fmt.Errorf("--ledger-interval is more than 0: nobody could close a ledger by hand here (`restante devnet --interval manual` has a control port for that)")
	}
	if cfg.Ledger.URL != "" && cfg.Ledger.Horizon != "" {
		return fmt.Errorf("--rpc and --horizon are two ways to one ledger: give one of them")
	}
	for flag, address := range map[string]string{"--rpc": cfg.Ledger.URL, "--horizon": cfg.Ledger.Horizon, "--friendbot": cfg.Ledger.Friendbot} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("%s is an address that begins with https:// or http://", flag) // not shown: it may hold a credential
		}
	}
	if stellar.IsPublic(cfg.Ledger.Passphrase) {
		return fmt.Errorf("`up` is for development: it does not run on the public network")
	}
	return nil
}

// up opens the stack, says where everything is, and runs until ctx ends.
func (c *cli) up(ctx context.Context, cfg stack.Config, identityFile string) error {
	began := time.Now()
	cfg.Say = func(line string) { fmt.Fprintln(c.stderr, line) }
	cfg.Identity = c.identityOf(&identityFile)
	s, err := stack.Open(ctx, cfg)
	var dev stack.DevelopmentApp
	if err == nil {
		if dev, err = s.Prepare(ctx); err != nil {
			_ = s.Close()
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintln(c.stdout, "stopped while it started; everything is kept in "+cfg.Data)
		return nil
	case err != nil && errors.Is(s.CheckSpace(ctx), stack.ErrFull): // whichever part met it first, and in its own words
		return failed("The data directory %s is full, so it does not start. Make room on that disk, then start again. (%v)", cfg.Data, err)
	case err != nil:
		return failed("%v", err)
	}
	fmt.Fprint(c.stdout, greeting(s, dev, time.Since(began), c.stdoutIsTerminal(), identityFile))
	if all, err := s.Desk.Halts(ctx); err == nil {
		c.printHalts(all)
	}
	if err := s.Run(ctx); err != nil {
		return failed("%v", err)
	}
	fmt.Fprintln(c.stdout, "stopped; everything is kept in "+cfg.Data)
	return nil
}

// identityOf makes the development app's identity: in the file named, or in one of its own where there is no terminal to show it
// on, or on the terminal. A file that is there is used: a start that did not come to its end left it.
func (c *cli) identityOf(file *string) stack.NewIdentity {
	return func(app relay.AppID) (*age.X25519Identity, error) {
		if *file == "" && !c.stdoutIsTerminal() {
			*file = "restante-" + string(app) + ".identity"
		}
		if *file != "" {
			return identityIn(*file)
		}
		id, err := age.GenerateX25519Identity()
		if err == nil {
			c.printf("The sender's identity of the development app:\n\n  %s\n\nIt opens every box that the app sends, without us. "+
				"It is shown once and stored nowhere: keep it.\n\n", id)
			err = c.written()
		}
		return id, err
	}
}

// greeting is what a developer reads first. The key is in it only for a terminal.
func greeting(s *stack.Stack, dev stack.DevelopmentApp, took time.Duration, terminal bool, identityFile string) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "  %-10s %s\n", name, value) }
	fmt.Fprintf(&b, "restante is up (ready in %d ms)\n\n", took.Milliseconds())
	line("API", s.URL+"/v1   (described at /v1/openapi.yaml)")
	ledger := s.LedgerHost()
	if s.Devnet != nil {
		ledger = s.RPC
	}
	line("ledger", ledger+"   \""+s.Config.Ledger.Passphrase+"\"")
	if s.Mailbox != nil {
		line("mailbox", s.URL+"/dev/mail")
	}
	line("data", s.Config.Data)
	if dev.Identity != "" {
		line("new", "there was no relay in this data directory, so one was made")
	}
	key, env := dev.Key, s.Path("dev.env")
	if terminal {
		line("key", key+"   (also in "+env+")")
	} else {
		key = "'\"$RESTANTE_KEY\"'"
		line("key", "in "+env+", which a shell can source")
	}
	line("treasury", dev.App.Treasury)
	if dev.Identity != "" && identityFile != "" {
		line("identity", "in "+identityFile+": it opens every box that the app sends, without us; keep it elsewhere")
	}
	fmt.Fprintf(&b, "\nTry:\n\n  curl -s %s/v1/payments -H 'Authorization: Bearer %s' \\\n    -H 'Content-Type: application/json' -d '{\"to\":\"ana@example.com\",\"amount\":\"25\"}'\n\n", s.URL, key)
	return b.String()
}
