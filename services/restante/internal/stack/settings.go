package stack

import (
	"time"

	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/internal/post"
	"github.com/restante/restante/services/worker"
)

// Settings are the config file of `up` (YAML, --config), and its defaults. Flags win over it.
type Settings struct {
	Data      string           `yaml:"data"`       // data directory; default ./restante-data
	Addr      string           `yaml:"addr"`       // host:port to listen on; default 127.0.0.1:8080
	PublicURL string           `yaml:"public_url"` // what links begin with; default http://ADDR
	Channels  int              `yaml:"channels"`   // channel accounts; default 4
	HTTP      boot.ServeConfig `yaml:"http"`
	Ledger    LedgerSettings   `yaml:"ledger"`
	Mail      post.Config      `yaml:"mail"` // SMTP; default: the development mailbox
	Worker    worker.Config    `yaml:"worker"`
	Signer    Policy           `yaml:"signer"` // what apps may send a day, and cost the service
}

// LedgerSettings say which ledger: the embedded one, or a Stellar RPC server elsewhere.
type LedgerSettings struct {
	Interval   time.Duration `yaml:"interval"`   // of the embedded ledger; more than 0, default 1 s
	URL        string        `yaml:"url"`        // Stellar RPC server; preferred
	Horizon    string        `yaml:"horizon"`    // Horizon server, where there is no Stellar RPC; without either, the embedded ledger
	Passphrase string        `yaml:"passphrase"` // of the network
	Friendbot  string        `yaml:"friendbot"`  // where new accounts get their first lumens; development networks only
}

// DefaultSettings are those of `up` without flags.
func DefaultSettings() Settings {
	return Settings{Data: "restante-data", Addr: "127.0.0.1:8080",
		Ledger: LedgerSettings{Interval: time.Second, Passphrase: DevelopmentNetwork}}
}
