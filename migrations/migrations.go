// Package migrations holds the schema as numbered SQL files, one folder per dialect, embedded in the binary.
//
// It promises that a number, once released, never changes its text, that every step is safe for money while the previous
// version of the code still runs (00008 says what such code cannot do any more), and that there is no way down: a database is repaired by a further step or restored. The schema
// repeats what the domain promises about money: state words and the columns that go with them, one reference per app, one
// funding per sequence number, a history that is never rewritten.
//
// Start at sqlite/00002_payments.sql. Running the steps is the store's business (relay/sqlstore).
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql
var files embed.FS

// SQLite is the schema for SQLite 3.38 and newer.
func SQLite() fs.FS {
	sub, err := fs.Sub(files, "sqlite")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
