package jet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	workStream  = "WORK"
	workPrefix  = "restante.work."
	workDurable = "workers"

	eventStream = "EVENTS"
	eventPrefix = "restante.event."
)

// Bus is a connection to JetStream with both streams in place. All methods may be called from many goroutines.
type Bus struct {
	log    *slog.Logger
	conn   *nats.Conn
	js     jetstream.JetStream
	server *server.Server // nil when the server is elsewhere

	replicas int           // of each stream
	ackWait  time.Duration // how long a handler may be silent before its ring goes to another
	tap      *tap

	gone    <-chan struct{} // closed when the connection is, for good
	closing sync.Once
}

// attach makes the streams and starts to listen to events. The connection is closed when it fails.
func attach(ctx context.Context, conn *nats.Conn, log *slog.Logger, replicas int) (*Bus, error) {
	gone := make(chan struct{})
	conn.SetClosedHandler(func(*nats.Conn) { close(gone) })
	b := &Bus{log: log, conn: conn, replicas: replicas, ackWait: 30 * time.Second, gone: gone}
	err := func() (err error) {
		if b.js, err = jetstream.New(conn, jetstream.WithPublishAsyncTimeout(pumpPatience)); err != nil {
			return err
		}
		if err := b.shape(ctx); err != nil {
			return err
		}
		b.tap, err = newTap(ctx, b.js, log)
		return err
	}()
	if err != nil {
		conn.Close()
		<-gone
		return nil, fmt.Errorf("jet: %w", err)
	}
	return b, nil
}

// shape makes both streams or brings them into shape. It is called again after failures: the cluster's operator may
// have lost them, and nothing of value was in them.
func (b *Bus) shape(ctx context.Context) error {
	for _, c := range streams(b.replicas) {
		if _, err := b.js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("stream %s: %w", c.Name, err)
		}
	}
	return nil
}

// streams is the shape of both streams. Ages are limits on usefulness: an old doorbell is the sweep's business.
func streams(replicas int) []jetstream.StreamConfig {
	return []jetstream.StreamConfig{{
		Name:        workStream,
		Description: "doorbell: rows of work that are due",
		Subjects:    []string{workPrefix + "*"},
		Retention:   jetstream.WorkQueuePolicy,
		Discard:     jetstream.DiscardNew, // full: the pump backs off, rows stay unannounced
		MaxMsgs:     100_000,
		MaxBytes:    32 << 20,
		MaxMsgSize:  1 << 10,
		MaxAge:      10 * time.Minute,
		Duplicates:  2 * time.Minute,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	}, {
		Name:        eventStream,
		Description: "what was announced of payments",
		Subjects:    []string{eventPrefix + ">"},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxMsgs:     100_000,
		MaxBytes:    128 << 20,
		MaxMsgSize:  64 << 10,
		MaxAge:      24 * time.Hour,
		Duplicates:  2 * time.Minute,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	}}
}

// Ready says whether the bus answers. For readiness checks; a bus that is away stops no payment, it only makes them slower.
func (b *Bus) Ready(ctx context.Context) error {
	if !b.conn.IsConnected() {
		return errors.New("jet: not connected")
	}
	for _, c := range streams(b.replicas) { // a server that answers may have lost what it should carry
		if _, err := b.js.Stream(ctx, c.Name); err != nil {
			return fmt.Errorf("jet: stream %s: %w", c.Name, err)
		}
	}
	return nil
}

// Close leaves the bus and, when it is in this process, stops the server and waits until it has stopped. Stop consumers,
// the pump and subscriptions first. Calls after the first do nothing.
func (b *Bus) Close() {
	b.closing.Do(func() {
		b.tap.stop()
		b.conn.Close()
		<-b.gone
		if b.server != nil {
			b.server.Shutdown()
			b.server.WaitForShutdown()
		}
	})
}
