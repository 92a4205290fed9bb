// Package sqlite opens SQLite databases: the one place that knows the driver, how a file is named to it, and its errors.
//
// It does not judge what a database must promise: each caller names its pragmas.
package sqlite

import (
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Open opens the file at path, or a database in memory when it is "", with at most conns connections, which live as long
// as the database. busy is how long a statement waits for another process to let the file go. options are those of the driver
// (_txlock, _query_only, _pragma). Nothing is read or made before the first statement.
func Open(path string, conns int, busy time.Duration, options url.Values) (*sql.DB, error) {
	name := ":memory:"
	if path != "" {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		options.Set("_busy_timeout", strconv.FormatInt(busy.Milliseconds(), 10))
		name = (&url.URL{Scheme: "file", Path: abs, RawQuery: options.Encode()}).String()
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Busy says that another process, or another connection, held the database for longer than the time-out. Nothing was done then.
func Busy(err error) bool { return is(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) }

// Refused says that a row was refused by a rule: CHECK, UNIQUE, a foreign key, or a trigger. SQLite takes back that statement alone.
func Refused(err error) bool { return is(err, sqlite3.SQLITE_CONSTRAINT) }

// Full says that the disk has no room.
func Full(err error) bool { return is(err, sqlite3.SQLITE_FULL) }

// Unwritable says that the file could not be opened, read or written.
func Unwritable(err error) bool {
	return is(err, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
}

// is compares primary codes: the low byte of an extended one.
func is(err error, codes ...int) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code()&0xff == code {
			return true
		}
	}
	return false
}
