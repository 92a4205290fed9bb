package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/desk"
)

// Keys encrypts columns and makes blind indexes; *field.Keys of crypto/field is one. A value opens only under the purpose
// and the row that it was sealed for. Methods may be called concurrently.
type Keys interface {
	Seal(purpose, row string, plain []byte) ([]byte, error)
	Open(purpose, row string, sealed []byte) (secret.Bytes, error)
	BlindIndex(purpose, value string) string
}

// Store is a desk.Store and its desk.Queue. It is safe for concurrent use.
type Store struct {
	writer, reader *sql.DB
	dialect        dialect
	keys           Keys
	commits        atomic.Uint64
	observe        func(n uint64)
	rung           func()
	now            func() time.Time
	turns          turns
	writes, reads  map[string]*sql.Stmt // prepared, by their texts
}

var (
	_ desk.Store = (*Store)(nil)
	_ desk.Queue = (*Store)(nil)
	_ desk.Tx    = (*session)(nil)
)

// Option changes how a Store behaves.
type Option func(*Store)

// WithCommitHook has fn called after every commit that added work or moved it to an earlier moment. fn must not block
// and must not use the store: it rings a bell.
func WithCommitHook(fn func()) Option { return func(s *Store) { s.rung = fn } }

// WithCommitObserver has fn called right before and right after every COMMIT, with 2k-1 before the k-th and 2k after it,
// whether it succeeded or not. A panic of fn before a COMMIT rolls back; after it, the answer is lost and the commit stands.
func WithCommitObserver(fn func(n uint64)) Option { return func(s *Store) { s.observe = fn } }

// WithClock has fn say what time it is, in place of time.Now. Nothing is decided by it.
func WithClock(fn func() time.Time) Option { return func(s *Store) { s.now = fn } }

func newStore(d dialect, writer, reader *sql.DB, keys Keys, opts []Option) *Store {
	s := &Store{writer: writer, reader: reader, dialect: d, keys: keys, observe: func(uint64) {}, rung: func() {}, now: time.Now}
	for _, o := range opts {
		o(s)
	}
	return s
}

// prepare has the database parse, once, what each step of a payment runs and what each look for work runs: to parse a statement
// takes as long as to run it, and the looks for work, which are many, far longer.
func (s *Store) prepare(ctx context.Context) (err error) {
	if s.writes, err = prepared(ctx, s.writer, selectPayment+s.dialect.lock, savePayment, appendHistory, addWork); err == nil {
		s.reads, err = prepared(ctx, s.reader, selectPayment, candidates, waitingApps)
	}
	return err
}

func prepared(ctx context.Context, db *sql.DB, texts ...string) (all map[string]*sql.Stmt, err error) {
	all = map[string]*sql.Stmt{}
	for _, text := range texts {
		if all[text], err = db.PrepareContext(ctx, text); err != nil {
			return nil, fmt.Errorf("sqlstore: %w", err)
		}
	}
	return all, nil
}

// Close ends the store. Transactions that are running fail.
func (s *Store) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.reader.PingContext(ctx) }
