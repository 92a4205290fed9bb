// Package sqlstore keeps intent in a database: it implements desk.Store, desk.Tx and desk.Queue on database/sql.
//
// It promises that what UpdateMany committed is on disk when it returns, that nothing of a transaction that failed, was
// canceled or panicked stays behind, that a row is saved only over the version that was read, and that handles, notes,
// metadata, shares, codes and remembered answers are encrypted with the id of their row before they reach the database.
// A handle is looked up by its blind index.
//
// It refuses a database that a newer binary has migrated, and it goes no further in a transaction in which the database
// once failed: everything is rolled back even when the caller overlooked the error. Guards that do not depend on this code
// are in the schema (package migrations).
//
// SQLite: one writer connection and a few readers on one file, WAL, synchronous=FULL. The texts are written so that
// PostgreSQL can run them; what differs is in the dialect.
//
// Start at [Open], then update.go: the one way in which anything is written.
package sqlstore
