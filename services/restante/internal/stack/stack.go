package stack

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"filippo.io/age"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/events"
	"github.com/restante/restante/events/jet"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/services/api"
	"github.com/restante/restante/services/devnet"
	horizonserver "github.com/restante/restante/services/devnet/horizon"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/internal/post"
	"github.com/restante/restante/services/internal/problem"
	"github.com/restante/restante/services/signer"
	"github.com/restante/restante/services/web"
	"github.com/restante/restante/services/worker"
)

// developmentNetwork is the passphrase of the ledger that `up` brings along.
const DevelopmentNetwork = "restante-development-network"

// house is the whole product in one process, on embedded parts: what `up` runs, and what the demonstration and the fault
// tests run privately. Production runs the same parts apart.
type Stack struct {
	Config   Config
	log      *slog.Logger
	listener net.Listener
	URL      string // http://host:port
	names    names  // what the doors of development may be called by
	RPC      string

	Devnet    *devnet.Network // nil when the ledger is elsewhere
	Store     *sqlstore.Store
	bus       *jet.Bus
	pump      *jet.Pump
	Signer    *signer.Signer
	anchored  *desk.Anchored // the signer as everything else sees it
	made      sqlstore.Made  // what the database knew before anything was opened
	keys      *field.Keys
	handleKey string // fingerprint of keys
	Ledger    desk.Ledger
	Desk      *desk.Desk
	worker    *worker.Worker
	Mailbox   *post.Mailbox // nil when mail goes out by SMTP

	door     *http.ServeMux // all doors; each joins it when it is opened
	health   *boot.Health
	starting progress
	settled  atomic.Bool   // settleIn is done
	closing  chan struct{} // closed when we stop: long polls are answered at once
	closers  []func() error
}

// houseConfig is what a house is opened with. Zero values are those of `up` without flags.
type Config struct {
	Settings
	Lift     string // the hash of a halt that a person has looked at, or AnyHalt; "" = none
	IKnow    bool   // doors of development may be open to other machines
	Log      *slog.Logger
	MuteBus  bool             // nothing is published: the sweep finds all work
	Observe  func(n uint64)   // around every commit; fault tests only
	Now      func() time.Time // nil: time.Now; tests of directories made at another time
	Say      func(string)     // gets whole lines for the operator while the house starts; nil drops them
	Identity NewIdentity      // of the development app; nil makes one for the welcome alone
}

// newHouse is a house in which nothing is open yet.
func newHouse(cfg Config) *Stack {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Identity == nil {
		cfg.Identity = func(relay.AppID) (*age.X25519Identity, error) { return age.GenerateX25519Identity() }
	}
	return &Stack{Config: cfg, log: cfg.Log, closing: make(chan struct{}), door: http.NewServeMux(), health: boot.NewHealth(cfg.Log)}
}

// openHouse builds everything in the order in which each part needs the one before, and listens. On failure, what was
// opened is closed.
func Open(ctx context.Context, cfg Config) (h *Stack, err error) {
	h = newHouse(cfg)
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if err := writable(cfg.Data); err != nil {
		return h, err
	}
	steps := []func(context.Context) error{h.listen, h.lookAround, h.openLedger, h.openSigner, h.openStore, h.openBus, h.openDesk, h.openDoors}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *Stack) Path(elements ...string) string {
	return filepath.Join(append([]string{h.Config.Data}, elements...)...)
}

// later has fn called when the house closes, the last opened first.
func (h *Stack) later(fn func() error) { h.closers = append(h.closers, fn) }

func (h *Stack) Close() error {
	var all error
	for i := len(h.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, h.closers[i]())
	}
	h.closers = nil
	return all
}

// listen takes the port first: a second `up` on the same port fails before it touches anything.
func (h *Stack) listen(context.Context) (err error) {
	if h.listener, err = Listen(h.Config.Addr, h.Config.IKnow, h.Config.developmentDoors()...); err != nil {
		return err
	}
	h.URL = "http://" + LocalAddress(h.listener)
	h.names = HostsOf(h.listener, h.Config.Addr, h.Config.PublicURL)
	h.health.Add(boot.Check{Name: "started", Look: h.starting.look})
	h.door.Handle("/livez", h.health)
	h.door.Handle("/readyz", h.health)
	h.door.Handle("/", problem.Guard(h.log, http.HandlerFunc(h.notYet)))
	server := boot.NewServer(h.door, h.log)
	go func() { _ = server.Serve(boot.Limit(h.listener, h.Config.HTTP)) }()
	h.later(func() error {
		close(h.closing)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return server.Close()
		}
		return nil
	})
	return nil
}

// openLedger opens the embedded ledger, or finds the one configured.
func (h *Stack) openLedger(ctx context.Context) (err error) {
	h.RPC = h.Config.Ledger.URL
	if h.embedded() {
		h.Devnet, err = devnet.Open(devnet.Config{Passphrase: h.Config.Ledger.Passphrase, Interval: h.Config.Ledger.Interval,
			Path: h.Path("ledger.db"), Logger: h.log.With("part", "ledger")})
		if err != nil {
			return h.notOpened("ledger", err)
		}
		h.later(h.Devnet.Close)
		h.RPC = h.URL + "/rpc"
		h.Config.Ledger.Friendbot = h.RPC + "/friendbot"
		door := h.names.Only(http.StripPrefix("/rpc", h.Devnet.Handler()))
		h.door.Handle("/rpc/", door)
		h.door.Handle("/rpc", door)
		h.door.Handle("/horizon/", h.names.Only(http.StripPrefix("/horizon", horizonserver.New(h.Devnet, horizonserver.Config{}))))
	}
	return nil
}

// dial opens a view of the ledger, by the protocol that is configured, as soon as it answers. sponsor is "" for the signer's
// view. A ledger of another network is an error.
func (h *Stack) dial(ctx context.Context, sponsor string) (port desk.Ledger, err error) {
	err = h.await(ctx, "the ledger at "+h.LedgerHost(), func(ctx context.Context) error {
		port, err = h.dialOnce(ctx, sponsor)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return port, nil
}

func (h *Stack) dialOnce(ctx context.Context, sponsor string) (desk.Ledger, error) {
	port, done, err := Dial(ctx, ledgerConfig{URL: h.RPC, Horizon: h.Config.Ledger.Horizon, Passphrase: h.Config.Ledger.Passphrase}, sponsor)
	if err != nil {
		return nil, err
	}
	h.later(func() error { done(); return nil })
	return port, nil
}

// openSigner opens the signer with a view of the ledger of its own.
func (h *Stack) openSigner(ctx context.Context) (err error) {
	own, err := h.dial(ctx, "")
	if err != nil {
		return err
	}
	h.Signer, err = signer.Open(ctx, signer.Config{Dir: h.Config.Data, Passphrase: h.Config.Ledger.Passphrase,
		Channels: h.Config.Channels, Ledger: own, Policy: h.Config.Signer.policy(), Known: h.knownSigner(), Log: h.log.With("part", "signer")})
	if err != nil {
		return h.notOpened("signer", err)
	}
	h.later(h.Signer.Close)
	sponsor, _, err := h.Signer.Accounts(ctx)
	if err == nil {
		h.Ledger, err = h.dial(ctx, sponsor)
	}
	return err
}

func (h *Stack) openStore(ctx context.Context) (err error) {
	if err := h.handleKeys(); err != nil {
		return err
	}
	options := []sqlstore.Option{sqlstore.WithCommitHook(func() {
		if h.pump != nil {
			h.pump.Wake()
		}
	})}
	if h.Config.Observe != nil {
		options = append(options, sqlstore.WithCommitObserver(h.Config.Observe))
	}
	if h.Store, err = sqlstore.Open(ctx, h.Path("restante.db"), h.keys, options...); err != nil {
		return err
	}
	h.later(h.Store.Close)
	h.anchored = &desk.Anchored{Signer: h.Signer, Store: h.Store}
	return nil
}

func (h *Stack) openBus(context.Context) (err error) {
	if h.bus, err = jet.Start(jet.Config{Dir: h.Path("bus"), Logger: h.log.With("part", "bus")}); err != nil {
		return err
	}
	h.later(func() error { h.bus.Close(); return nil })
	h.pump = jet.NewPump(h.Store, h.bus, h.log, h.Config.MuteBus)
	return nil
}

// openDesk makes the one writer, and the worker that does what it asks for.
func (h *Stack) openDesk(ctx context.Context) error {
	id := sha256.Sum256([]byte(h.Config.Ledger.Passphrase))
	h.Desk = &desk.Desk{Store: h.Store, Network: hex.EncodeToString(id[:]), Now: h.Config.Now, Process: rand.Text()}
	if err := h.recognize(ctx); err != nil {
		return err
	}
	if err := h.Desk.Alone(ctx); err != nil { // the signer's lock keeps every other process off this directory
		return err
	}
	var mailer post.Mailer
	if h.Config.Mail.Set() {
		smtp, err := post.NewSMTP(h.Config.Mail)
		if err != nil {
			return err
		}
		mailer = smtp
		h.health.Add(boot.Check{Name: "mail", Look: smtp.Ready})
	} else {
		h.Mailbox = &post.Mailbox{}
		mailer = h.Mailbox
	}
	h.worker = worker.New(h.Config.Worker, worker.Deps{
		Desk: h.Desk, Store: h.Store, Signer: h.anchored, Ledger: h.Ledger, Log: h.log.With("part", "worker"),
		Announce: announcer{h.bus, h.Config.MuteBus}, Post: &post.Office{Mailer: mailer, Codes: h.keys, Now: h.Config.Now},
	})
	return nil
}

// announcer publishes a payment's new state.
type announcer struct {
	bus  *jet.Bus
	mute bool
}

// Announce implements worker.Announcer.
func (a announcer) Announce(ctx context.Context, row desk.Work, p relay.Payment) error {
	if a.mute {
		return nil
	}
	e, err := events.OfPayment(row.ID, row.Subject, row.Due, p)
	if err != nil {
		return err
	}
	return a.bus.PublishEvent(ctx, e)
}

// openDoors puts the API, the page, the mailbox and the ledger behind the one port.
func (h *Stack) openDoors(context.Context) error {
	page, err := web.New(web.Config{Network: h.Config.Ledger.Passphrase})
	if err != nil {
		return err
	}
	door, err := api.New(api.Config{
		PublicURL: h.publicURL(), Network: h.Config.Ledger.Passphrase, FundingLedgers: h.Config.Worker.BoundLedgers,
	}, api.Deps{
		Desk: h.Desk, Store: h.Store, Signer: fundedTreasuries{h.anchored, h}, Ledger: h.Ledger, Codes: h.keys,
		Bus: ringer{h.bus}, Closing: h.closing, Log: h.log.With("part", "api"), Now: h.Config.Now,
	})
	if err != nil {
		return err
	}
	h.door.Handle("/v1/", h.onceSettled(door))
	h.door.Handle("/c/", page)
	h.door.Handle("/static/", page)
	if h.Mailbox != nil {
		h.door.Handle("/dev/", h.names.Only(h.Mailbox.Handler()))
	}
	h.watchHealth()
	return nil
}

// onceSettled keeps the API shut until the database has heard from the signer's log what it may have forgotten.
func (h *Stack) onceSettled(next http.Handler) http.Handler {
	starting := problem.Guard(h.log, http.HandlerFunc(h.notYet))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.settled.Load() {
			starting.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *Stack) publicURL() string {
	if h.Config.PublicURL != "" {
		return h.Config.PublicURL
	}
	return h.URL
}
