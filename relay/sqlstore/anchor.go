package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"

	"github.com/restante/restante/internal/sqlite"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Fingerprints implements desk.Tx, in the order in which they were written down.
func (s *session) Fingerprints() ([]desk.Fingerprint, error) {
	return all(s, into(func(f *desk.Fingerprint) []any { return []any{&f.What, &f.Value} }), "SELECT what, value FROM fingerprints ORDER BY id")
}

// AddFingerprint implements desk.Tx. One of the same part is a fault "fingerprint_taken" (Conflict).
func (s *session) AddFingerprint(f desk.Fingerprint, at relay.Micros) error {
	written, err := s.insert("INSERT INTO fingerprints (what, value, at) VALUES ($1, $2, $3)", f.What, f.Value, at)
	if err == nil && !written {
		err = conflict("fingerprint_taken", "This part is written down already.")
	}
	return err
}

func (s *session) LogMark() (relay.LogMark, error) {
	return one(s, into(func(m *relay.LogMark) []any { return []any{&m.Lines, &m.Head} }), "SELECT lines, head FROM signer_log WHERE id = 1")
}

// SaveLogMark implements desk.Tx. A mark that is shorter than the one kept changes nothing.
func (s *session) SaveLogMark(m relay.LogMark) error {
	_, err := s.exec("UPDATE signer_log SET lines = $1, head = $2 WHERE id = 1 AND lines < $1", m.Lines, m.Head)
	return err
}

func (s *session) Used() (bool, error) {
	return one(s, plain[bool], "SELECT EXISTS (SELECT 1 FROM apps) OR EXISTS (SELECT 1 FROM ledgers)")
}

// Made is what a database says of the service that was made with it.
type Made struct {
	Exists       bool // there is a file
	Used         bool // as desk.Origin says
	Fingerprints []desk.Fingerprint
	Log          relay.LogMark
}

// Look reads what the database at path was made with, whatever its schema is, and changes nothing: it is for a start that
// has to know what must be there before it opens, or makes, anything.
func Look(ctx context.Context, path string) (m Made, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return m, nil
	} else if err != nil {
		return m, fmt.Errorf("sqlstore: %w", err)
	}
	db, err := sqlite.Open(path, 1, busyTimeout, url.Values{"_query_only": {"1"}})
	if err != nil {
		return m, fmt.Errorf("sqlstore: %w", err)
	}
	s := newStore(sqliteDialect, db, db, nil, nil)
	defer func() { err = errors.Join(err, db.Close()) }()
	m.Exists = true
	return m, s.read(ctx, func(tx *session) error {
		tables, err := all(tx, plain[string], "SELECT name FROM sqlite_schema WHERE type = 'table'")
		if err == nil && slices.Contains(tables, "apps") && slices.Contains(tables, "ledgers") {
			m.Used, err = tx.Used()
		}
		if err == nil && slices.Contains(tables, "fingerprints") {
			m.Fingerprints, err = tx.Fingerprints()
		}
		if err == nil && slices.Contains(tables, "signer_log") {
			m.Log, err = tx.LogMark()
		}
		return err
	})
}
