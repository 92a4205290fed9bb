package desk

import "github.com/restante/restante/relay"

// Halts are what stops because ledger and records contradict each other, until a person has looked.
//
// Halt takes none whose hash a person has looked at; of everything it keeps the first that stands, of an app or a payment one for
// each hash, as it was first. A scope that is not known is one of everything. Lift ends all of a hash and remembers it: Lifted says
// so from then on.
type Halts interface {
	Halts() ([]relay.Halt, error)                                          // all that stand: that of everything, then the oldest
	HaltsOf(app relay.AppID, ids ...relay.PaymentID) ([]relay.Halt, error) // those that stop one of these payments of an app, in the same order
	Halt(h relay.Halt) error
	Lift(hash string) error
	Lifted(hash string) (bool, error)
}
