package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// Views shows committed data. It is all of the store that a service which only reads is given.
type Views interface {
	// View runs fn on one committed snapshot, which no writer delays or changes. A write in fn is an error. It may be called
	// concurrently, but not in the fn of UpdateMany, which may hold what it needs.
	View(ctx context.Context, fn func(tx Tx) error) error
}

// Store keeps intent. The Desk alone writes through it; the one exception is [Queue], which keeps no intent. One conformance suite
// (relaytest) runs on every implementation.
type Store interface {
	Views

	// UpdateMany loads the payments named (each once, locked against other writers, in the order of ids), runs fn, and
	// commits what it wrote through tx. It is durable when nil is returned. A failing fn rolls everything back and its error is
	// returned as it is. fn may run again when the database asks for it, so it touches nothing but tx. It may be called
	// concurrently: writers come one after the other. A fault of kind [relay.Unavailable] says that nothing was written.
	UpdateMany(ctx context.Context, ids []relay.PaymentID, fn func(tx Tx, payments []relay.Payment) error) error
}

// Tx is one transaction of the store, or one snapshot of it. Everything in it is committed together or not at all, and durable
// when the function that got it has returned without error and UpdateMany returns nil. It is used by one goroutine, and not after
// that function has returned. Of the methods that read one row, those that say nothing else answer ErrNotFound when there is none.
//
// Its parts are named for the rows that they are about, each in a file store_*.go of its own.
type Tx interface {
	// Try runs fn, and takes back what it wrote when it fails, without ending the transaction. What a rule of the database about
	// a row refuses is the fault "row_refused" (Internal); any other failure of the database ends the transaction all the same.
	Try(fn func() error) error

	Payments
	Envelopes
	WorkRows
	Secrets
	Proofs
	Apps
	OnFile
	Pauses
	Answers
	Ledgers
	Halts
	Origin
}
