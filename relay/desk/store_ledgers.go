package desk

import "github.com/restante/restante/relay"

// Ledgers are what was seen of the ledger: the cursor, which is the ledger taken in last, and the newest
// [relay.RememberedLedgers]. They are written in the commit that takes in what a ledger says, so that none is skipped or taken in
// twice.
type Ledgers interface {
	Cursor() (seq uint32, err error)            // 0 when none
	LedgerHash(seq uint32) (string, error)      // "" when it is not remembered
	Passed() (relay.Head, error)                // the ledger at the cursor; the zero Head when none is remembered
	LedgerAfter(seq uint32) (relay.Head, error) // the first that is remembered with a higher number; the zero Head when none is
	RememberLedger(h relay.Head) error          // moves the cursor; ErrContradiction when it is remembered with another hash
	ForgetLedgers() error                       // all hashes that are remembered; the cursor stays
	// Awaiting is work that ledger h wakes and nothing else does: of planned fundings that cannot land after h, to be judged,
	// unless their row is open; of returns whose first ledger is the next one.
	Awaiting(h relay.Head) ([]Work, error)
}
