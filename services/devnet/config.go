package devnet

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/restante/restante/relay/stellar"
)

const (
	newestProtocol   = 28
	oldestProtocol   = 20
	baseFee          = 100       // stroops for each operation
	baseReserve      = 5_000_000 // stroops for each unit
	maxTxSetSize     = 1000      // operations in a ledger
	defaultRetention = 120_960   // ledgers
	queueFactor      = 4         // the queue holds this many ledgers' worth of operations
)

// ErrPublicNetwork is returned for the passphrase of the public network: nothing here may be mistaken for it.
var ErrPublicNetwork = errors.New("devnet: refuses the public network's passphrase")

// Config is what a network is opened with.
type Config struct {
	Passphrase string
	Protocol   uint32           // of the ledger; 0 = the newest known. Kept by a network that is continued.
	Interval   time.Duration    // between ledgers; 0 = they close only on demand
	Path       string           // SQLite file; "" = memory only
	Retention  uint32           // ledgers that can be asked for; 0 = 120960
	Logger     *slog.Logger     // nil = none
	Now        func() time.Time // the clock that close times follow; nil = time.Now
}

func (c *Config) check() error {
	switch {
	case stellar.IsPublic(c.Passphrase):
		return ErrPublicNetwork
	case c.Passphrase == "":
		return errors.New("devnet: a network needs a passphrase")
	case c.Interval < 0:
		return errors.New("devnet: the interval is negative")
	case c.Protocol != 0 && (c.Protocol < oldestProtocol || c.Protocol > newestProtocol):
		return fmt.Errorf("devnet: protocol %d is not between %d and %d", c.Protocol, oldestProtocol, newestProtocol)
	}
	c.Protocol = cmp.Or(c.Protocol, newestProtocol)
	c.Retention = cmp.Or(c.Retention, defaultRetention)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
