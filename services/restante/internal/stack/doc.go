// Package stack puts the product together: the embedded ledger or a view of one elsewhere, the signer, the database, the bus, the
// desk, the worker, the API and the page, each opened in the order in which it needs the others.
//
// It promises that it does not start on a data directory in which something is missing or of another history, that the API stays
// closed until the database has taken from the signer's log what it lacks, and that a part that cannot be opened closes
// those that are open.
//
// [Open] opens, [Stack.Prepare] gets accounts and the development app ready, [Stack.Run] runs until its context ends.
package stack
