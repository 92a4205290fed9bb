package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/internal/post"
	"github.com/restante/restante/services/worker"
)

// upConfig is the config file of `up` (YAML, --config), and its defaults. Flags win over it.
type upConfig struct {
	Data      string           `yaml:"data"`       // data directory; default ./restante-data
	Addr      string           `yaml:"addr"`       // host:port to listen on; default 127.0.0.1:8080
	PublicURL string           `yaml:"public_url"` // what links begin with; default http://ADDR
	Channels  int              `yaml:"channels"`   // channel accounts; default 4
	HTTP      boot.ServeConfig `yaml:"http"`
	Ledger    ledgerConfig     `yaml:"ledger"`
	Mail      post.Config      `yaml:"mail"` // SMTP; default: the development mailbox
	Worker    worker.Config    `yaml:"worker"`
	Signer    policyConfig     `yaml:"signer"` // what apps may send a day, and cost the service

	liftHalt bool // a person has looked at what stopped everything
	keys     *field.Keys
}

// ledgerConfig says which ledger: the embedded one, or a Stellar RPC server elsewhere.
type ledgerConfig struct {
	Interval   time.Duration `yaml:"interval"`   // of the embedded ledger; default 1 s, 0 = closed on demand only
	URL        string        `yaml:"url"`        // Stellar RPC server; preferred
	Horizon    string        `yaml:"horizon"`    // Horizon server, where there is no Stellar RPC; without either, the embedded ledger
	Passphrase string        `yaml:"passphrase"` // of the network
	Friendbot  string        `yaml:"friendbot"`  // where new accounts get their first lumens; development networks only
}

// defaultUp is `up` without flags.
func defaultUp() upConfig {
	return upConfig{Data: "restante-data", Addr: "127.0.0.1:8080",
		Ledger: ledgerConfig{Interval: time.Second, Passphrase: developmentNetwork},
		Worker: worker.Config{SweepEvery: 250 * time.Millisecond}}
}

func (c *cli) newUp() *cobra.Command {
	cfg := defaultUp()
	var file, level string
	var interval time.Duration
	cmd := &cobra.Command{
		Use: "up", Short: "Run everything on this machine, with no other program", GroupID: groupRun, Args: cobra.NoArgs,
		Long: "Runs the whole product in one process: API, workers, signer, database, bus, a development mailbox and a Stellar\n" +
			"ledger of its own. All of it is kept in the data directory; a restart goes on from there.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := configure(cmd, file, &cfg); err != nil {
				return usage("%v", err)
			}
			log, err := boot.Logger(c.stderr, level, "text")
			if err != nil {
				return usage("%v", err)
			}
			return c.up(cmd.Context(), houseConfig{upConfig: cfg, log: log})
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
	f.BoolVar(&cfg.liftHalt, "lift-halt", false, "go on after a halt, once a person has looked at why everything that moves money was stopped")
	f.StringVar(&file, "config", "", "YAML file with all settings")
	f.StringVar(&level, "log-level", "warn", "debug, info, warn or error")
	return cmd
}

// configure reads the file, then lays the flags that were given over it.
func configure(cmd *cobra.Command, file string, cfg *upConfig) error {
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
	if cfg.Ledger.Interval <= 0 {
		return fmt.Errorf("--ledger-interval is more than 0: nobody could close a ledger by hand here (`restante devnet --interval manual` has a control port for that)")
	}
	if cfg.Ledger.URL != "" && cfg.Ledger.Horizon != "" {
		return fmt.Errorf("--rpc and --horizon are two ways to one ledger: give one of them")
	}
	if cfg.Ledger.Passphrase == publicNetwork {
		return fmt.Errorf("`up` is for development: it does not run on the public network")
	}
	return nil
}

const publicNetwork = "Public Global Stellar Network ; September 2015"

// up opens the house, says where everything is, and runs until ctx ends.
func (c *cli) up(ctx context.Context, cfg houseConfig) error {
	began := time.Now()
	h, err := openHouse(ctx, cfg)
	if err != nil {
		return failed("%v", err)
	}
	w, err := h.settleIn(ctx)
	if err != nil {
		_ = h.close()
		return failed("%v", err)
	}
	fmt.Fprint(c.stdout, h.greeting(w, time.Since(began)))
	if why, err := h.desk.Halted(ctx); err == nil && why != "" {
		fmt.Fprintf(c.stdout, "HALTED: nothing that moves money is done, because %s\nFind out why, then start with --lift-halt.\n\n", why)
	}
	if err := h.run(ctx); err != nil {
		return failed("%v", err)
	}
	fmt.Fprintln(c.stdout, "stopped; everything is kept in "+cfg.Data)
	return nil
}

// run runs the parts until ctx ends or one of them fails, then closes everything.
func (h *house) run(ctx context.Context) error {
	return errors.Join(boot.Run(ctx, h.log, 10*time.Second, h.parts()...), h.close())
}

// greeting is what a developer reads first.
func (h *house) greeting(w welcome, took time.Duration) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "  %-10s %s\n", name, value) }
	fmt.Fprintf(&b, "restante is up (ready in %d ms)\n\n", took.Milliseconds())
	line("API", h.base+"/v1   (described at /v1/openapi.yaml)")
	line("ledger", cmp.Or(h.rpcURL, h.cfg.Ledger.Horizon)+"   \""+h.cfg.Ledger.Passphrase+"\"")
	if h.mail != nil {
		line("mailbox", h.base+"/dev/mail")
	}
	line("data", h.cfg.Data)
	line("key", w.key+"   (also in "+h.path("dev.env")+")")
	line("treasury", w.app.Treasury)
	if w.identity != "" {
		line("identity", w.identity)
		b.WriteString("             This opens every box that your app sends, without us. It is shown once and stored nowhere.\n")
	}
	fmt.Fprintf(&b, "\nTry:\n\n  curl -s %s/v1/payments -H 'Authorization: Bearer %s' \\\n    -H 'Content-Type: application/json' -d '{\"to\":\"ana@example.com\",\"amount\":\"25\"}'\n\n", h.base, w.key)
	return b.String()
}
