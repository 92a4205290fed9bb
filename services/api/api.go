// Package api is the HTTP interface of the relay under /v1.
//
// It promises that a refused request has changed nothing and says why by a stable code; that an answer that was lost can
// be had again by the same Idempotency-Key; and that a link's secret, its auth value, codes, keys and proofs are in no log
// and in no row, except as hashes. What may happen to a payment is judged in relay, and
// written by desk.Desk alone.
//
// It refuses calls of apps without a key, calls of senders without that or the token of the one payment, calls of recipients
// without the link's auth value, unknown fields and unknown parameters. A payment of another app does not exist.
//
// Start at the table in routes.go; openapi.yaml says the same to the world, and a test holds the two together.
package api

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/internal/pace"
)

// Config is what an operator may set.
type Config struct {
	PublicURL   string `yaml:"public_url"`  // base of claim links: "https://pay.example.com", no "/" at its end
	Network     string `yaml:"network"`     // passphrase of the Stellar network
	KeyPrefix   string `yaml:"key_prefix"`  // of API keys; default by the network: "rst_live_" on the public one, else "rst_test_"
	Development bool   `yaml:"development"` // allow http in PublicURL also where money is real

	// FundingLedgers is the worker's bound_ledgers, for previews only: a funding lands within so many ledgers or never; default 12.
	FundingLedgers uint32 `yaml:"funding_ledgers"`
}

// Check fills the defaults in and says what is wrong.
func (c *Config) Check() error {
	if c.Network == "" {
		return errors.New("api: network is missing: the passphrase of the Stellar network")
	}
	c.FundingLedgers = cmp.Or(c.FundingLedgers, 12)
	c.KeyPrefix = cmp.Or(c.KeyPrefix, KeyPrefix(c.Network))
	if c.KeyPrefix != KeyPrefix(c.Network) {
		return fmt.Errorf("api: key_prefix %q does not fit the network, whose keys begin with %q", c.KeyPrefix, KeyPrefix(c.Network))
	}
	// A link with any id and secret shows whether links can be built on the base.
	if _, err := claim.NewLink(c.PublicURL, string(relay.NewPaymentID(0)), claim.NewSecret()); err != nil || strings.HasSuffix(c.PublicURL, "/") {
		return errors.New(`api: public_url is like "https://pay.example.com", without "/" at its end`)
	}
	if !strings.HasPrefix(c.PublicURL, "https://") && stellar.IsPublic(c.Network) && !c.Development {
		return errors.New("api: public_url is https where money is real")
	}
	return nil
}

// Codes protects the six-digit codes; *field.Keys of crypto/field is one.
type Codes interface {
	Seal(purpose, row string, plain []byte) ([]byte, error)
	Open(purpose, row string, sealed []byte) (secret.Bytes, error)
	CodeMAC(session, code string) string
	CheckCode(session, code, want string) bool // in constant time
}

// Bus rings when something happened to a payment. Rings may be late, doubled or lost: a waiting caller also polls.
type Bus interface {
	// Watch returns a channel that receives a value soon after the payment changed, until stop is called. It never
	// blocks the ringer.
	Watch(id relay.PaymentID) (rings <-chan struct{}, stop func())
}

// Deps are the ports the API works with.
type Deps struct {
	Desk    *desk.Desk
	Store   desk.Views
	Signer  desk.Signer
	Ledger  desk.Ledger
	Codes   Codes
	Bus     Bus             // nil: a waiting caller only polls
	Closing <-chan struct{} // closed when the server stops: waiting callers are answered at once. nil: never
	Log     *slog.Logger    // nil: slog.Default()
	Now     func() time.Time
	Pace    pace.Pace // nil: pace.Real()
}

// server is what the handlers share; between requests it keeps nothing but a moment's refusals.
type server struct {
	Deps
	cfg   Config
	crowd crowd
}

// New makes the handler of everything under /v1.
func New(cfg Config, deps Deps) (http.Handler, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if deps.Desk == nil || deps.Store == nil || deps.Signer == nil || deps.Ledger == nil || deps.Codes == nil {
		return nil, errors.New("api: Desk, Store, Signer, Ledger and Codes are all needed")
	}
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Pace == nil {
		deps.Pace = pace.Real()
	}
	s := &server{Deps: deps, cfg: cfg}
	return s.handler(), nil
}

func (s *server) now() relay.Micros { return relay.At(s.Now()) }
