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

// DevelopmentNetwork is the passphrase of the ledger that `up` brings along.
const DevelopmentNetwork = "restante-development-network"

// Stack is the whole product in one process, on embedded parts: what `up` runs, and what the demonstration and the fault
// tests run privately. Production runs the same parts apart. Fields of parts are nil until [Open] has opened them.
type Stack struct {
	Config   Config
	log      *slog.Logger
	listener net.Listener
	URL      string // http://host:port
	hosts    Hosts  // what the development endpoints may be called by
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

	mux      *http.ServeMux // every endpoint; each joins it when its part is open
	health   *boot.Health
	starting progress
	prepared atomic.Bool   // Prepare is done
	closing  chan struct{} // closed when we stop: long polls are answered at once
	closers  []func() error
}

// Config is what a Stack is opened with.
type Config struct {
	Settings
	Lift     string // the hash of a halt that a person has looked at, or AnyHalt; "" = none
	IKnow    bool   // development endpoints may be open to other machines
	Log      *slog.Logger
	MuteBus  bool             // nothing is published: the sweep finds all work
	Observe  func(n uint64)   // around every commit; fault tests only
	Now      func() time.Time // nil: time.Now; tests of directories made at another time
	Say      func(string)     // gets whole lines for the operator during the start; nil drops them
	Identity NewIdentity      // of the development app; nil makes one that only DevelopmentApp has
}

// newStack opens nothing yet.
func newStack(cfg Config) *Stack {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Identity == nil {
		cfg.Identity = func(relay.AppID) (*age.X25519Identity, error) { return age.GenerateX25519Identity() }
	}
	return &Stack{Config: cfg, log: cfg.Log, closing: make(chan struct{}), mux: http.NewServeMux(), health: boot.NewHealth(cfg.Log)}
}

// Open builds everything in the order in which each part needs the one before, and listens. On failure, what was
// opened is closed.
func Open(ctx context.Context, cfg Config) (s *Stack, err error) {
	s = newStack(cfg)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := writable(cfg.Data); err != nil {
		return s, err
	}
	steps := []func(context.Context) error{s.listen, s.inspect, s.openLedger, s.openSigner, s.openStore, s.openBus, s.openDesk, s.openHandlers}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Path is a file in the data directory.
func (s *Stack) Path(elements ...string) string {
	return filepath.Join(append([]string{s.Config.Data}, elements...)...)
}

// onClose has fn called by [Stack.Close], the last opened first.
func (s *Stack) onClose(fn func() error) { s.closers = append(s.closers, fn) }

// Close closes what was opened, in the reverse order. It may be called again.
func (s *Stack) Close() error {
	var all error
	for i := len(s.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, s.closers[i]())
	}
	s.closers = nil
	return all
}

// listen takes the port first: a second `up` on the same port fails before it touches anything.
func (s *Stack) listen(context.Context) (err error) {
	if s.listener, err = Listen(s.Config.Addr, s.Config.IKnow, s.Config.developmentEndpoints()...); err != nil {
		return err
	}
	s.URL = "http://" + LocalAddress(s.listener)
	s.hosts = HostsOf(s.listener, s.Config.Addr, s.Config.PublicURL)
	s.health.Add(boot.Check{Name: "started", Look: s.starting.look})
	s.mux.Handle("/livez", s.health)
	s.mux.Handle("/readyz", s.health)
	s.mux.Handle("/", problem.Guard(s.log, http.HandlerFunc(s.serveStarting)))
	server := boot.NewServer(s.mux, s.log)
	go func() { _ = server.Serve(boot.Limit(s.listener, s.Config.HTTP)) }()
	s.onClose(func() error {
		close(s.closing)
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
func (s *Stack) openLedger(ctx context.Context) (err error) {
	s.RPC = s.Config.Ledger.URL
	if s.embedded() {
		s.Devnet, err = devnet.Open(devnet.Config{Passphrase: s.Config.Ledger.Passphrase, Interval: s.Config.Ledger.Interval,
			Path: s.Path("ledger.db"), Logger: s.log.With("part", "ledger")})
		if err != nil {
			return s.notOpened("ledger", err)
		}
		s.onClose(s.Devnet.Close)
		s.RPC = s.URL + "/rpc"
		s.Config.Ledger.Friendbot = s.RPC + "/friendbot"
		handler := s.hosts.Only(http.StripPrefix("/rpc", s.Devnet.Handler()))
		s.mux.Handle("/rpc/", handler)
		s.mux.Handle("/rpc", handler)
		s.mux.Handle("/horizon/", s.hosts.Only(http.StripPrefix("/horizon", horizonserver.New(s.Devnet, horizonserver.Config{}))))
	}
	return nil
}

// dial opens a view of the ledger, by the protocol that is configured, as soon as it answers. sponsor is "" for the signer's
// view. A ledger of another network is an error.
func (s *Stack) dial(ctx context.Context, sponsor string) (port desk.Ledger, err error) {
	err = s.await(ctx, "the ledger at "+s.LedgerHost(), func(ctx context.Context) error {
		port, err = s.dialOnce(ctx, sponsor)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return port, nil
}

func (s *Stack) dialOnce(ctx context.Context, sponsor string) (desk.Ledger, error) {
	port, done, err := Dial(ctx, LedgerSettings{URL: s.RPC, Horizon: s.Config.Ledger.Horizon, Passphrase: s.Config.Ledger.Passphrase}, sponsor)
	if err != nil {
		return nil, err
	}
	s.onClose(func() error { done(); return nil })
	return port, nil
}

// openSigner opens the signer with a view of the ledger of its own.
func (s *Stack) openSigner(ctx context.Context) (err error) {
	own, err := s.dial(ctx, "")
	if err != nil {
		return err
	}
	s.Signer, err = signer.Open(ctx, signer.Config{Dir: s.Config.Data, Passphrase: s.Config.Ledger.Passphrase,
		Channels: s.Config.Channels, Ledger: own, Policy: s.Config.Signer.policy(), Known: s.expectedSigner(), Log: s.log.With("part", "signer")})
	if err != nil {
		return s.notOpened("signer", err)
	}
	s.onClose(s.Signer.Close)
	sponsor, _, err := s.Signer.Accounts(ctx)
	if err == nil {
		s.Ledger, err = s.dial(ctx, sponsor)
	}
	return err
}

func (s *Stack) openStore(ctx context.Context) (err error) {
	if err := s.handleKeys(); err != nil {
		return err
	}
	options := []sqlstore.Option{sqlstore.WithCommitHook(func() {
		if s.pump != nil {
			s.pump.Wake()
		}
	})}
	if s.Config.Observe != nil {
		options = append(options, sqlstore.WithCommitObserver(s.Config.Observe))
	}
	if s.Store, err = sqlstore.Open(ctx, s.Path("restante.db"), s.keys, options...); err != nil {
		return err
	}
	s.onClose(s.Store.Close)
	s.anchored = &desk.Anchored{Signer: s.Signer, Store: s.Store}
	return nil
}

func (s *Stack) openBus(context.Context) (err error) {
	if s.bus, err = jet.Start(jet.Config{Dir: s.Path("bus"), Logger: s.log.With("part", "bus")}); err != nil {
		return err
	}
	s.onClose(func() error { s.bus.Close(); return nil })
	s.pump = jet.NewPump(s.Store, s.bus, s.log, s.Config.MuteBus)
	return nil
}

// openDesk makes the one writer, and the worker that does what it asks for.
func (s *Stack) openDesk(ctx context.Context) error {
	id := sha256.Sum256([]byte(s.Config.Ledger.Passphrase))
	s.Desk = &desk.Desk{Store: s.Store, Network: hex.EncodeToString(id[:]), Now: s.Config.Now, Process: rand.Text()}
	if err := s.recognize(ctx); err != nil {
		return err
	}
	if err := s.Desk.Alone(ctx); err != nil { // the signer's lock keeps every other process off this directory
		return err
	}
	var mailer post.Mailer
	if s.Config.Mail.Set() {
		smtp, err := post.NewSMTP(s.Config.Mail)
		if err != nil {
			return err
		}
		mailer = smtp
		s.health.Add(boot.Check{Name: "mail", Look: smtp.Ready})
	} else {
		s.Mailbox = &post.Mailbox{}
		mailer = s.Mailbox
	}
	s.worker = worker.New(s.Config.Worker, worker.Deps{
		Desk: s.Desk, Queue: s.Store, Signer: s.anchored, Ledger: s.Ledger, Log: s.log.With("part", "worker"),
		Announce: announcer{s.bus, s.Config.MuteBus}, Post: &post.Office{Mailer: mailer, Codes: s.keys, Now: s.Config.Now},
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

// openHandlers puts the API, the page, the mailbox and the ledger behind the one port.
func (s *Stack) openHandlers(context.Context) error {
	page, err := web.New(web.Config{Network: s.Config.Ledger.Passphrase})
	if err != nil {
		return err
	}
	handler, err := api.New(api.Config{
		PublicURL: s.publicURL(), Network: s.Config.Ledger.Passphrase, FundingLedgers: s.Config.Worker.BoundLedgers,
	}, api.Deps{
		Desk: s.Desk, Store: s.Store, Signer: fundedTreasuries{s.anchored, s}, Ledger: s.Ledger, Codes: s.keys,
		Bus: paymentEvents{s.bus}, Closing: s.closing, Log: s.log.With("part", "api"), Now: s.Config.Now,
	})
	if err != nil {
		return err
	}
	s.mux.Handle("/v1/", s.oncePrepared(handler))
	s.mux.Handle("/c/", page)
	s.mux.Handle("/static/", page)
	if s.Mailbox != nil {
		s.mux.Handle("/dev/", s.hosts.Only(s.Mailbox.Handler()))
	}
	s.watchHealth()
	return nil
}

// oncePrepared keeps the API shut until Prepare has returned: the database has then taken from the signer's log what it lacks.
func (s *Stack) oncePrepared(next http.Handler) http.Handler {
	starting := problem.Guard(s.log, http.HandlerFunc(s.serveStarting))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.prepared.Load() {
			starting.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Stack) publicURL() string {
	if s.Config.PublicURL != "" {
		return s.Config.PublicURL
	}
	return s.URL
}
