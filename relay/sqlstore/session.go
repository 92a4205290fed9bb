package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/restante/restante/relay"
)

// session is one transaction, or one read, under one context. It implements desk.Tx, which says what its methods promise; a method's
// own comment says only what is particular here.
//
// The first error of the database ends it, but for a rule's inside [session.Try]: every later call gets the same error and nothing is
// committed. Some errors (a full disk, an interrupt) roll a transaction back by themselves, and later statements would be committed
// on their own.
type session struct {
	ctx      context.Context
	db       *sql.Tx
	prepared map[string]*sql.Stmt // by its text; see [Store.prepare]
	keys     Keys
	dialect  dialect
	now      func() time.Time
	reading  bool  // nothing may be written
	rang     bool  // work was added or moved
	failed   error // first error of the database
}

var errReading = errors.New("sqlstore: a view only reads")

func (s *session) fail(err error) error {
	if s.failed == nil {
		s.failed = fmt.Errorf("sqlstore: %w", err)
	}
	return s.failed
}

// exec runs a statement and says how many rows it wrote.
func (s *session) exec(text string, args ...any) (int64, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	if s.reading {
		return 0, s.fail(errReading)
	}
	run := func() (sql.Result, error) { return s.db.ExecContext(s.ctx, text, args...) }
	if st := s.prepared[text]; st != nil {
		run = func() (sql.Result, error) { return s.db.StmtContext(s.ctx, st).ExecContext(s.ctx, args...) }
	}
	res, err := run()
	if err != nil {
		return 0, s.fail(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, s.fail(err)
	}
	return n, nil
}

// execOne is exec of a statement that must write a row; none is relay.ErrNotFound.
func (s *session) execOne(text string, args ...any) error {
	n, err := s.exec(text, args...)
	if err == nil && n == 0 {
		return relay.ErrNotFound
	}
	return err
}

// insert is exec of an INSERT … ON CONFLICT DO NOTHING; written says whether the row is new. A conflict is no error of the
// database, so the transaction lives on.
func (s *session) insert(text string, args ...any) (written bool, err error) {
	n, err := s.exec(text+" ON CONFLICT DO NOTHING", args...)
	return n > 0, err
}

// insertNew is insert of a row whose id must be new, else the fault "id_taken" (Conflict).
func (s *session) insertNew(text string, args ...any) error {
	written, err := s.insert(text, args...)
	if err == nil && !written {
		return conflict("id_taken", "There is such a thing already.")
	}
	return err
}

// Try implements desk.Tx, by a savepoint.
func (s *session) Try(fn func() error) error {
	if _, err := s.exec("SAVEPOINT part"); err != nil {
		return err
	}
	err := fn()
	if s.failed != nil && s.dialect.rule(s.failed) {
		err, s.failed = relay.NewFault(relay.Internal, "row_refused", "", s.failed), nil
	}
	if err != nil {
		if _, failed := s.exec("ROLLBACK TO part"); failed != nil {
			return failed
		}
	}
	if _, failed := s.exec("RELEASE part"); failed != nil {
		return failed
	}
	return err
}

func conflict(code, public string) error { return relay.NewFault(relay.Conflict, code, public, nil) }

// lock ends a SELECT of a row that this transaction means to change.
func (s *session) lock() string {
	if s.reading {
		return ""
	}
	return s.dialect.lock
}

type row interface{ Scan(...any) error }

// all reads every row of a query.
func all[T any](s *session, scan func(*session, row) (T, error), text string, args ...any) ([]T, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	query := func() (*sql.Rows, error) { return s.db.QueryContext(s.ctx, text, args...) }
	if st := s.prepared[text]; st != nil {
		query = func() (*sql.Rows, error) { return s.db.StmtContext(s.ctx, st).QueryContext(s.ctx, args...) }
	}
	rows, err := query()
	if err != nil {
		return nil, s.fail(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(s, rows)
		if err != nil {
			return nil, s.fail(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, s.fail(err)
	}
	return out, nil
}

// one reads the row of a query; none is relay.ErrNotFound.
func one[T any](s *session, scan func(*session, row) (T, error), text string, args ...any) (T, error) {
	rows, err := all(s, scan, text, args...)
	if err == nil && len(rows) == 0 {
		err = relay.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return rows[0], nil
}

// plain scans a row of one column.
func plain[T any](_ *session, r row) (v T, err error) {
	err = r.Scan(&v)
	return v, err
}

// chunk is how many values one IN list takes; databases bound the number of parameters.
const chunk = 500

// in runs a query for chunks of values. text has one %s where the list of placeholders goes.
func in[T any, V any](s *session, scan func(*session, row) (T, error), text string, values []V) ([]T, error) {
	var out []T
	for some := range slices.Chunk(values, chunk) {
		part, err := all(s, scan, fmt.Sprintf(text, slots(1, len(some))), anys(some)...)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// anys are the arguments of a statement: first, and then values for a list of placeholders.
func anys[T any](values []T, first ...any) []any {
	for _, v := range values {
		first = append(first, v)
	}
	return first
}

// slots is a list of n placeholders from a number on: "$3, $4, $5".
func slots(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i))
	}
	return b.String()
}

// seal encrypts a column of a row. Nothing stays nothing, so that an empty column can be told from a lost one.
func (s *session) seal(purpose, row string, plain []byte) ([]byte, error) {
	if len(plain) == 0 {
		return []byte{}, nil
	}
	sealed, err := s.keys.Seal(purpose, row, plain)
	if err != nil {
		return nil, s.fail(err)
	}
	return sealed, nil
}

// open decrypts what seal made.
func (s *session) open(purpose, row string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := s.keys.Open(purpose, row, sealed)
	if err != nil {
		return nil, s.fail(fmt.Errorf("%s of %s: %w", purpose, row, err))
	}
	return plain.Reveal(), nil
}
