package signer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/restante/restante/relay"
)

// Ledger is the signer's own view of the ledger, not the caller's: what it proves decides whether a payment is funded
// twice, what it shows of the sponsor and of holding accounts, what an app may still cost, and which rung of a
// way back is due, which one is completed. All methods are as in [desk.Ledger]; an error is no evidence.
type Ledger interface {
	Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error)
	Head(ctx context.Context) (relay.Head, error)
	Sequence(ctx context.Context, account string) (int64, error)
	Sight(ctx context.Context, hash string) (*relay.Sighting, error)
	Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error)
	Balance(ctx context.Context, id string) (relay.BalanceFacts, error)
	Advise(ctx context.Context, p relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error)
	Gather(ctx context.Context, envelope []byte, given ...[]byte) (relay.Gathered, error)
}

// Config is how a signer is set up. Zero values become defaults where one is named.
type Config struct {
	Dir        string // data directory; the signer keeps to Dir/signer
	Passphrase string // of the network; a directory belongs to one network for good
	Channels   int    // at least so many channel accounts; default 4, at most 100
	Ledger     Ledger
	// KEKFile holds the key-encryption key, 64 hex digits. When it is "", the key is Dir/signer/kek and made at the first
	// start: for development. A file that is named here must exist.
	KEKFile string
	// Known is what the caller, who has it in a database, knows of the signer in Dir. Only a signer that nothing is known of
	// is made anew.
	Known  Known
	Policy Policy
	Log    *slog.Logger     // default slog.Default; never sees a secret
	Now    func() time.Time // for the lines of the log; nothing is judged by it; default time.Now
	// OpenLog opens the file of the log, and makes it, for its owner only, when there is none; default is a file of the system.
	OpenLog func(path string) (LogFile, error)
}

// Known is what a signer that was opened before has to be.
type Known struct {
	Exists bool          // it was opened before
	KEK    string        // fingerprint of its key-encryption key; "" = not known
	Log    relay.LogMark // is in its log
}

// Policy is what the signer allows any caller. Amounts are stroops; 0 takes the default.
type Policy struct {
	Limits                        // of every app that Apps does not name
	Apps   map[relay.AppID]Limits // whole replacements, zero fields take the default
	MaxFee relay.Stroops          // most that one fee bump may bid; default 5 lumens
	Plans  int                    // claims of one payment that may be able to land at a time; default 50

	AppPlans int // claims of all payments of an app that may, beyond relay.PlansPerPayment of each within an hour; default 200
	// Deposits of own wallets that are kept and not funded: their lines are written before their senders have paid anything.
	WalletDeposits int // of one wallet; default 20
	AppDeposits    int // of one app; default 1,000

	Lines int // assets that one treasury is given trustlines for, each a reserve of the sponsor's; default 100

	// An app that was just made has a share of what the sponsor has free, like any other.
	Treasuries int // treasuries made on one UTC day by ledger close time; default 100
	Together   int // percent of the sponsor's lumens that all apps on a share may have out and use up on a day together; default 50
}

// Limits bound what one app can lose when its worker is taken over. They count whole units of each asset by itself, lumens or
// others: an operator who sends what is worth more sets limits of the app's own.
type Limits struct {
	MaxPayment relay.Stroops // one payment; default 100,000 lumens
	MaxDay     relay.Stroops // all fundings of one UTC day by ledger close time, less those found dead; default 1,000,000 lumens
	// Budget is how many of the sponsor's lumens the app may have out: what its payments under way have locked and set aside,
	// and what it used up on the UTC day by ledger close time. 0 is a share of what the sponsor has free just then.
	Budget relay.Stroops
	Share  int // percent, where Budget is 0; default relay.BudgetShare
}

// The defaults: generous, but finite.
const (
	DefaultChannels   = 4
	DefaultMaxPayment = 100_000 * relay.One
	DefaultMaxDay     = 1_000_000 * relay.One
	DefaultMaxFee     = 5 * relay.One
	DefaultPlans      = relay.MostPlans
	DefaultAppPlans   = 200
	DefaultLines      = 100
	DefaultTreasuries = 100
	DefaultTogether   = 50

	DefaultWalletDeposits = 20
	DefaultAppDeposits    = 1000
)

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Dir == "":
		return c, errors.New("signer: no data directory")
	case c.Passphrase == "":
		return c, errors.New("signer: no network passphrase")
	case c.Ledger == nil:
		return c, errors.New("signer: no ledger to look at")
	case c.Channels < 0 || c.Channels > 100:
		return c, fmt.Errorf("signer: %d channels, 1 to 100 allowed", c.Channels)
	case c.Policy.Treasuries < 0 || c.Policy.Together < 0 || c.Policy.Together > 100:
		return c, errors.New("signer: a limit of all apps is out of range")
	case c.Policy.MaxFee < 0 || c.Policy.Plans < 0 || c.Policy.AppPlans < 0 || c.Policy.Lines < 0 || c.Policy.WalletDeposits < 0 || c.Policy.AppDeposits < 0:
		return c, errors.New("signer: a limit is negative")
	}
	c.Channels = or(c.Channels, DefaultChannels)
	c.Policy.MaxFee = or(c.Policy.MaxFee, DefaultMaxFee)
	c.Policy.Plans = or(c.Policy.Plans, DefaultPlans)
	c.Policy.AppPlans = or(c.Policy.AppPlans, DefaultAppPlans)
	c.Policy.Lines = or(c.Policy.Lines, DefaultLines)
	c.Policy.Treasuries = or(c.Policy.Treasuries, DefaultTreasuries)
	c.Policy.Together = or(c.Policy.Together, DefaultTogether)
	c.Policy.WalletDeposits = or(c.Policy.WalletDeposits, DefaultWalletDeposits)
	c.Policy.AppDeposits = or(c.Policy.AppDeposits, DefaultAppDeposits)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OpenLog == nil {
		c.OpenLog = func(path string) (LogFile, error) { return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) }
	}
	var err error
	if c.Policy.Limits, err = c.Policy.Limits.withDefaults(); err != nil {
		return c, err
	}
	apps := make(map[relay.AppID]Limits, len(c.Policy.Apps))
	for app, l := range c.Policy.Apps {
		if apps[app], err = l.withDefaults(); err != nil {
			return c, fmt.Errorf("app %s: %w", app, err)
		}
	}
	c.Policy.Apps = apps
	return c, nil
}

func (l Limits) withDefaults() (Limits, error) {
	if l.MaxPayment < 0 || l.MaxDay < 0 || l.MaxDay > math.MaxInt64/2 || l.Budget < 0 || l.Budget > math.MaxInt64/2 ||
		l.Share < 0 || l.Share > 100 {
		return l, errors.New("signer: a limit is out of range")
	}
	l.Share = or(l.Share, relay.BudgetShare)
	l.MaxPayment = or(l.MaxPayment, DefaultMaxPayment)
	l.MaxDay = or(l.MaxDay, DefaultMaxDay)
	return l, nil
}

func (p Policy) limits(app relay.AppID) Limits {
	if l, ok := p.Apps[app]; ok {
		return l
	}
	return p.Limits
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (c Config) home() string    { return filepath.Join(c.Dir, "signer") }
func (c Config) logPath() string { return filepath.Join(c.home(), "log.jsonl") }
func (c Config) keyDir() string  { return filepath.Join(c.home(), "keys") }
func (c Config) ownKEK() string  { return filepath.Join(c.home(), "kek") }
