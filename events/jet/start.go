package jet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startTime is the longest that a server in this process may take to come up.
const startTime = 20 * time.Second

// Config says where the bus in this process keeps its files.
type Config struct {
	Dir    string       // it owns the folder "jetstream" in there, and throws it away when it is damaged
	Logger *slog.Logger // nil = slog.Default
}

// Start runs a NATS server with JetStream in this process, on no port, and attaches to it. A directory that is absent,
// damaged or from another version makes it start empty. One process per directory.
func Start(c Config) (*Bus, error) {
	if c.Dir == "" {
		return nil, errors.New("jet: no directory")
	}
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	bus, err := start(c.Dir, log)
	if err == nil {
		return bus, nil
	}
	// Whatever was in it was only doorbells: begin anew, once.
	log.Warn("bus directory is damaged; starting empty", "dir", c.Dir, "cause", err)
	if err := os.RemoveAll(filepath.Join(c.Dir, "jetstream")); err != nil {
		return nil, fmt.Errorf("jet: throw away damaged directory: %w", err)
	}
	return start(c.Dir, log)
}

func start(dir string, log *slog.Logger) (*Bus, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("jet: %w", err)
	}
	srv, err := server.NewServer(&server.Options{
		ServerName:             "restante",
		DontListen:             true,
		JetStream:              true,
		StoreDir:               dir,
		JetStreamMaxMemory:     8 << 20,
		JetStreamMaxStore:      256 << 20,
		NoSigs:                 true, // signals belong to the process, not to a part of it
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("jet: %w", err)
	}
	lines := &serverLog{log: log.With("part", "nats")}
	srv.SetLoggerV2(lines, false, false, false)
	stop := func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	}
	srv.Start() // tells of failure by its log alone
	if lines.fatal.Load() || !srv.ReadyForConnections(startTime) || !srv.JetStreamEnabled() {
		stop()
		return nil, errors.New("jet: the server in this process does not come up")
	}
	conn, err := nats.Connect("", append(connOptions(log), nats.InProcessServer(srv))...)
	if err != nil {
		stop()
		return nil, fmt.Errorf("jet: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	bus, err := attach(ctx, conn, log, 1)
	if err != nil {
		stop()
		return nil, err
	}
	bus.server = srv
	lines.up.Store(true)
	return bus, nil
}

// Remote is a NATS cluster outside this process. Secrets come as files.
type Remote struct {
	URL         string       // nats://host:4222 or tls://…, several separated by commas
	Credentials string       // path of a .creds file, "" = none
	RootCA      string       // path of a PEM file, "" = the system's
	Replicas    int          // of each stream, 1 to 5; 0 = 1
	Logger      *slog.Logger // nil = slog.Default
}

// Connect attaches to a cluster and makes both streams there, or brings them into shape. It reconnects for ever.
func Connect(ctx context.Context, r Remote) (*Bus, error) {
	log := r.Logger
	if log == nil {
		log = slog.Default()
	}
	options := connOptions(log)
	if r.Credentials != "" {
		options = append(options, nats.UserCredentials(r.Credentials))
	}
	if r.RootCA != "" {
		options = append(options, nats.RootCAs(r.RootCA))
	}
	conn, err := nats.Connect(r.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("jet: %w", err)
	}
	return attach(ctx, conn, log, max(r.Replicas, 1))
}

func connOptions(log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name("restante"),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1), // a publish while we are away fails at once; the pump tries again
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("bus connection lost", "cause", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("bus connected again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("bus", "cause", err) }),
	}
}

// serverLog passes the server's lines on. What it calls fatal must not end the process: it is remembered for start.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Bool
	up    atomic.Bool // until then it recovers what a kill left behind, and its warnings are about that
}

func (l *serverLog) line(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, "bus server", "line", fmt.Sprintf(format, v...))
}

// Fatalf is called for what the server cannot go on without.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.fatal.Store(true)
	l.line(slog.LevelWarn, format, v)
}

func (l *serverLog) Errorf(format string, v ...any) { l.line(slog.LevelError, format, v) }

// Warnf is no warning while the server recovers: nothing of value is in its directory, and what cannot be recovered is begun
// anew.
func (l *serverLog) Warnf(format string, v ...any) {
	level := slog.LevelWarn
	if !l.up.Load() {
		level = slog.LevelDebug
	}
	l.line(level, format, v)
}

func (l *serverLog) Noticef(format string, v ...any) { l.line(slog.LevelDebug, format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.line(slog.LevelDebug, format, v) }
func (l *serverLog) Tracef(format string, v ...any)  { l.line(slog.LevelDebug, format, v) }
