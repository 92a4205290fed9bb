package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/restante/restante/internal/sqlite"
	"github.com/restante/restante/migrations"
)

// readers is how many reads may run at a time; each connection has a cache of its own.
const readers = 4

// busyTimeout is how long a statement waits for another process to let the database go.
const busyTimeout = 10 * time.Second

// ErrNewer says that a newer binary has migrated the database; this one does not touch it.
var ErrNewer = errors.New("sqlstore: the database is newer than this program")

// Open opens the SQLite database at path, a file name, and brings its schema up to date. The file is made when there is
// none, readable by its owner only; its folder must exist. The errors are [ErrNewer] and what the database says.
func Open(ctx context.Context, path string, keys Keys, opts ...Option) (*Store, error) {
	// SQLite gives its -wal and -shm files the mode of the database: so it is made here, before SQLite makes it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	writer, err := sqlite.Open(path, 1, busyTimeout, url.Values{"_txlock": {"immediate"}, "_pragma": {
		"journal_mode(WAL)",
		"synchronous(FULL)",     // a commit that returned survives a power cut
		"secure_delete(ON)",     // what is expunged is overwritten
		"journal_size_limit(0)", // and does not linger behind the end of the WAL
		"foreign_keys(ON)",
		"cache_size(-4000)",
	}})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	if err := whileBusy(ctx, func() error { return migrate(ctx, writer) }); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader, err := sqlite.Open(path, readers, busyTimeout, url.Values{"_query_only": {"1"}, "_pragma": {"cache_size(-1000)"}})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlstore: %w", err), writer.Close())
	}
	s := newStore(sqliteDialect, writer, reader, keys, opts)
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// migrate takes the numbered steps that the database has not seen, each in a transaction. Another process may be about the
// same: then one of the two fails at a step that is there already, and looks again.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite(), goose.WithDisableGlobalRegistry(true),
		goose.WithAllowOutofOrder(true)) // a step with a lower number may come later: none builds on a higher one
	if err != nil {
		return fmt.Errorf("sqlstore: migrations: %w", err)
	}
	for {
		have, want, err := p.GetVersions(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("sqlstore: migrations: %w", err)
		case have > want:
			return fmt.Errorf("%w: its schema is %d, ours %d", ErrNewer, have, want)
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		now, _, again := p.GetVersions(ctx)
		left, unknown := p.HasPending(ctx)
		if again != nil || unknown != nil || now == have && left {
			return fmt.Errorf("sqlstore: migrations: %w", err)
		}
	}
}

// whileBusy does again what found the database held by another process, for as long as a statement waits for that. The switch to
// WAL, which the first statement of a connection makes, does not wait by itself: SQLite answers at once.
func whileBusy(ctx context.Context, do func() error) error {
	for end := time.Now().Add(busyTimeout); ; {
		err := do()
		if !sqlite.Busy(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}
