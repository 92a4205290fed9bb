package main

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
const developmentNetwork = "restante-development-network"

// house is the whole product in one process, on embedded parts: what `up` runs, and what the demonstration and the fault
// tests run privately. Production runs the same parts apart.
type house struct {
	cfg      houseConfig
	log      *slog.Logger
	listener net.Listener
	base     string // http://host:port
	names    names  // what the doors of development may be called by
	rpcURL   string

	net       *devnet.Network // nil when the ledger is elsewhere
	store     *sqlstore.Store
	bus       *jet.Bus
	pump      *jet.Pump
	signer    *signer.Signer
	anchored  *desk.Anchored // the signer as everything else sees it
	made      sqlstore.Made  // what the database knew before anything was opened
	handleKey string         // fingerprint
	port      desk.Ledger
	desk      *desk.Desk
	worker    *worker.Worker
	mail      *post.Mailbox // nil when mail goes out by SMTP

	door     *http.ServeMux // all doors; each joins it when it is opened
	health   *boot.Health
	starting progress
	settled  atomic.Bool   // settleIn is done
	closing  chan struct{} // closed when we stop: long polls are answered at once
	closers  []func() error
}

// houseConfig is what a house is opened with. Zero values are those of `up` without flags.
type houseConfig struct {
	upConfig
	log      *slog.Logger
	muteBus  bool             // nothing is published: the sweep finds all work
	observe  func(n uint64)   // around every commit; fault tests only
	now      func() time.Time // nil: time.Now; tests of directories made at another time
	say      func(string)     // gets whole lines for the operator while the house starts; nil drops them
	identity newIdentity      // of the development app; nil makes one for the welcome alone
}

// newHouse is a house in which nothing is open yet.
func newHouse(cfg houseConfig) *house {
	if cfg.now == nil {
		cfg.now = time.Now
	}
	if cfg.identity == nil {
		cfg.identity = func(relay.AppID) (*age.X25519Identity, error) { return age.GenerateX25519Identity() }
	}
	return &house{cfg: cfg, log: cfg.log, closing: make(chan struct{}), door: http.NewServeMux(), health: boot.NewHealth(cfg.log)}
}

// openHouse builds everything in the order in which each part needs the one before, and listens. On failure, what was
// opened is closed.
func openHouse(ctx context.Context, cfg houseConfig) (h *house, err error) {
	h = newHouse(cfg)
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
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

func (h *house) path(elements ...string) string {
	return filepath.Join(append([]string{h.cfg.Data}, elements...)...)
}

// later has fn called when the house closes, the last opened first.
func (h *house) later(fn func() error) { h.closers = append(h.closers, fn) }

func (h *house) close() error {
	var all error
	for i := len(h.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, h.closers[i]())
	}
	h.closers = nil
	return all
}

// listen takes the port first: a second `up` on the same port fails before it touches anything.
func (h *house) listen(context.Context) (err error) {
	if h.listener, err = listenOn(h.cfg.Addr, h.cfg.iKnow, h.cfg.developmentDoors()...); err != nil {
		return err
	}
	h.base = "http://" + localAddress(h.listener)
	h.names = namesOf(h.listener, h.cfg.Addr, h.cfg.PublicURL)
	h.health.Add(boot.Check{Name: "started", Look: h.starting.look})
	h.door.Handle("/livez", h.health)
	h.door.Handle("/readyz", h.health)
	h.door.Handle("/", problem.Guard(h.log, http.HandlerFunc(h.notYet)))
	server := boot.NewServer(h.door, h.log)
	go func() { _ = server.Serve(boot.Limit(h.listener, h.cfg.HTTP)) }()
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
func (h *house) openLedger(ctx context.Context) (err error) {
	h.rpcURL = h.cfg.Ledger.URL
	if h.embedded() {
		h.net, err = devnet.Open(devnet.Config{Passphrase: h.cfg.Ledger.Passphrase, Interval: h.cfg.Ledger.Interval,
			Path: h.path("ledger.db"), Logger: h.log.With("part", "ledger")})
		if err != nil {
			return h.notOpened("ledger", err)
		}
		h.later(h.net.Close)
		h.rpcURL = h.base + "/rpc"
		h.cfg.Ledger.Friendbot = h.rpcURL + "/friendbot"
		door := h.names.only(http.StripPrefix("/rpc", h.net.Handler()))
		h.door.Handle("/rpc/", door)
		h.door.Handle("/rpc", door)
		h.door.Handle("/horizon/", h.names.only(http.StripPrefix("/horizon", horizonserver.New(h.net, horizonserver.Config{}))))
	}
	return nil
}

// dial opens a view of the ledger, by the protocol that is configured, as soon as it answers. sponsor is "" for the signer's
// view. A ledger of another network is an error.
func (h *house) dial(ctx context.Context, sponsor string) (port desk.Ledger, err error) {
	err = h.await(ctx, "the ledger at "+h.ledgerHost(), func(ctx context.Context) error {
		port, err = h.dialOnce(ctx, sponsor)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return port, nil
}

func (h *house) dialOnce(ctx context.Context, sponsor string) (desk.Ledger, error) {
	port, done, err := dialLedger(ctx, ledgerConfig{URL: h.rpcURL, Horizon: h.cfg.Ledger.Horizon, Passphrase: h.cfg.Ledger.Passphrase}, sponsor)
	if err != nil {
		return nil, err
	}
	h.later(func() error { done(); return nil })
	return port, nil
}

// openSigner opens the signer with a view of the ledger of its own.
func (h *house) openSigner(ctx context.Context) (err error) {
	own, err := h.dial(ctx, "")
	if err != nil {
		return err
	}
	h.signer, err = signer.Open(ctx, signer.Config{Dir: h.cfg.Data, Passphrase: h.cfg.Ledger.Passphrase,
		Channels: h.cfg.Channels, Ledger: own, Policy: h.cfg.Signer.policy(), Known: h.knownSigner(), Log: h.log.With("part", "signer")})
	if err != nil {
		return h.notOpened("signer", err)
	}
	h.later(h.signer.Close)
	sponsor, _, err := h.signer.Accounts(ctx)
	if err == nil {
		h.port, err = h.dial(ctx, sponsor)
	}
	return err
}

func (h *house) openStore(ctx context.Context) (err error) {
	if err := h.handleKeys(); err != nil {
		return err
	}
	options := []sqlstore.Option{sqlstore.WithCommitHook(func() {
		if h.pump != nil {
			h.pump.Wake()
		}
	})}
	if h.cfg.observe != nil {
		options = append(options, sqlstore.WithCommitObserver(h.cfg.observe))
	}
	if h.store, err = sqlstore.Open(ctx, h.path("restante.db"), h.cfg.keys, options...); err != nil {
		return err
	}
	h.later(h.store.Close)
	h.anchored = &desk.Anchored{Signer: h.signer, Store: h.store}
	return nil
}

func (h *house) openBus(context.Context) (err error) {
	if h.bus, err = jet.Start(jet.Config{Dir: h.path("bus"), Logger: h.log.With("part", "bus")}); err != nil {
		return err
	}
	h.later(func() error { h.bus.Close(); return nil })
	h.pump = jet.NewPump(h.store, h.bus, h.log, h.cfg.muteBus)
	return nil
}

// openDesk makes the one writer, and the worker that does what it asks for.
func (h *house) openDesk(ctx context.Context) error {
	id := sha256.Sum256([]byte(h.cfg.Ledger.Passphrase))
	h.desk = &desk.Desk{Store: h.store, Network: hex.EncodeToString(id[:]), Now: h.cfg.now, Process: rand.Text()}
	if err := h.recognize(ctx); err != nil {
		return err
	}
	if err := h.desk.Alone(ctx); err != nil { // the signer's lock keeps every other process off this directory
		return err
	}
	var mailer post.Mailer
	if h.cfg.Mail.Set() {
		smtp, err := post.NewSMTP(h.cfg.Mail)
		if err != nil {
			return err
		}
		mailer = smtp
		h.health.Add(boot.Check{Name: "mail", Look: smtp.Ready})
	} else {
		h.mail = &post.Mailbox{}
		mailer = h.mail
	}
	h.worker = worker.New(h.cfg.Worker, worker.Deps{
		Desk: h.desk, Store: h.store, Signer: h.anchored, Ledger: h.port, Log: h.log.With("part", "worker"),
		Announce: announcer{h.bus, h.cfg.muteBus}, Post: &post.Office{Mailer: mailer, Codes: h.cfg.keys, Now: h.cfg.now},
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
func (h *house) openDoors(context.Context) error {
	page, err := web.New(web.Config{Network: h.cfg.Ledger.Passphrase})
	if err != nil {
		return err
	}
	door, err := api.New(api.Config{
		PublicURL: h.publicURL(), Network: h.cfg.Ledger.Passphrase, FundingLedgers: h.cfg.Worker.BoundLedgers,
	}, api.Deps{
		Desk: h.desk, Store: h.store, Signer: fundedTreasuries{h.anchored, h}, Ledger: h.port, Codes: h.cfg.keys,
		Bus: ringer{h.bus}, Closing: h.closing, Log: h.log.With("part", "api"), Now: h.cfg.now,
	})
	if err != nil {
		return err
	}
	h.door.Handle("/v1/", h.onceSettled(door))
	h.door.Handle("/c/", page)
	h.door.Handle("/static/", page)
	if h.mail != nil {
		h.door.Handle("/dev/", h.names.only(h.mail.Handler()))
	}
	h.watchHealth()
	return nil
}

// onceSettled keeps the API shut until the database has heard from the signer's log what it may have forgotten.
func (h *house) onceSettled(next http.Handler) http.Handler {
	starting := problem.Guard(h.log, http.HandlerFunc(h.notYet))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.settled.Load() {
			starting.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *house) publicURL() string {
	if h.cfg.PublicURL != "" {
		return h.cfg.PublicURL
	}
	return h.base
}
