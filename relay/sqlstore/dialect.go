package sqlstore

import "github.com/restante/restante/internal/sqlite"

// dialect is what differs between databases, but for how they are opened. Statements are written for all of them.
type dialect struct {
	lock       string           // ends a SELECT whose rows are held until the commit
	retry      func(error) bool // the transaction lost to another one, is not done, and may run again
	rule       func(error) bool // a rule about a row refused it; the transaction lives on
	full       func(error) bool // the disk has no room; nothing was committed
	unwritable func(error) bool // the disk did not take a write; nothing was committed
}

// sqliteDialect needs no locks: there is one writer at a time.
var sqliteDialect = dialect{retry: sqlite.Busy, rule: sqlite.Refused, full: sqlite.Full, unwritable: sqlite.Unwritable}
