package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/restante/restante/relay"
)

// Writable says whether the database takes writes now, by one that changes nothing. The error is the fault "storage_full" or
// "storage_failed" (Unavailable), or what else the database says.
func (s *Store) Writable(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, "UPDATE watch SET halted = halted WHERE id = 1")
	if err != nil {
		return unwritten(fmt.Errorf("sqlstore: %w", err))
	}
	return nil
}

// unwritten makes a fault of an error that says that the disk did not take a write. Nothing was committed then; the same
// call succeeds when the operator has made room.
func unwritten(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the low byte is the primary code
	case sqlite3.SQLITE_FULL:
		return relay.NewFault(relay.Unavailable, "storage_full", "The service cannot write to its database: the disk is full.", err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return relay.NewFault(relay.Unavailable, "storage_failed", "The service cannot write to its database.", err)
	}
	return err
}
