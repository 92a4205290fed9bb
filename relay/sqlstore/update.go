package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// mostAttempts is how often a transaction is run that loses to another process; each waits for its time-out first.
const mostAttempts = 5

// UpdateMany implements desk.Store. The payments are locked in the order of their ids, so that two callers never wait for
// each other, and handed to fn in the order in which they were asked for, each once. An unknown id is relay.ErrNotFound
// and fn does not run. fn must use tx only: the store's own writing methods would wait for the transaction to end.
func (s *Store) UpdateMany(ctx context.Context, ids []relay.PaymentID, fn func(desk.Tx, []relay.Payment) error) error {
	return s.write(ctx, func(tx *session) error {
		payments, err := tx.lockPayments(ids)
		if err != nil {
			return err
		}
		return fn(tx, payments)
	})
}

func (s *session) lockPayments(ids []relay.PaymentID) ([]relay.Payment, error) {
	found := map[relay.PaymentID]relay.Payment{}
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if _, ok := found[id]; ok {
			continue
		}
		p, err := s.Payment(id)
		if err != nil {
			return nil, err
		}
		found[id] = p
	}
	var out []relay.Payment
	for _, id := range ids {
		if p, ok := found[id]; ok {
			out = append(out, p)
			delete(found, id)
		}
	}
	return out, nil
}

// View implements desk.Store. Writing in fn is an error.
func (s *Store) View(ctx context.Context, fn func(desk.Tx) error) error {
	return s.read(ctx, func(tx *session) error { return fn(tx) })
}

// read runs fn on one committed snapshot.
func (s *Store) read(ctx context.Context, fn func(*session) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	defer tx.Rollback() // there is nothing to commit
	view := &session{prepared: s.reads, ctx: ctx, db: tx, keys: s.keys, dialect: s.dialect, now: s.now, reading: true}
	if err := fn(view); err != nil {
		return err
	}
	return view.failed
}

// write runs fn in a transaction, again when the database asks for it, and commits it. Everything is written through here.
func (s *Store) write(ctx context.Context, fn func(*session) error) error {
	var err error
	for range mostAttempts {
		if err = s.once(ctx, fn); err == nil || ctx.Err() != nil || !s.dialect.retry(err) {
			return s.unwritten(err)
		}
	}
	return relay.NewFault(relay.Unavailable, "store_busy", "The database is busy; try again.", err)
}

func (s *Store) once(ctx context.Context, fn func(*session) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	defer tx.Rollback() // does nothing after a commit; also runs when fn panics
	work := &session{prepared: s.writes, ctx: ctx, db: tx, keys: s.keys, dialect: s.dialect, now: s.now}
	err = fn(work)
	if work.failed != nil && (err == nil || s.dialect.retry(work.failed)) {
		return work.failed // whatever fn made of it
	}
	if err != nil {
		return err
	}
	if err := s.commit(tx); err != nil {
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
			err = ctx.Err() // database/sql rolled back when the context ended, a moment before
		}
		return fmt.Errorf("sqlstore: commit: %w", err)
	}
	if work.rang {
		s.rung()
	}
	return nil
}

func (s *Store) commit(tx *sql.Tx) error {
	n := s.commits.Add(2)
	s.observe(n - 1)
	err := tx.Commit()
	s.observe(n)
	return err
}
