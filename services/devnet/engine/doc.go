// Package engine is the classic Stellar ledger as a pure function: a state, a set of transactions in apply order and a
// close time give results, entry changes and the next header. It reads no clock, no file and no network, and starts
// nothing. The same inputs give the same bytes.
//
// Promised: the rules of protocol 19 as stellar-core applies them, for every classic operation that touches neither
// offers nor liquidity pools: fees of the whole set first, every operation's signatures before the first operation runs,
// preconditions (CAP-21), fee bumps (CAP-15), sponsorship (CAP-33), clawback (CAP-35), sequence rules, and what the
// network refuses at submission. The rules are checked against ledgers recorded from stellar-core.
//
// Refused: offers, pools, contracts and inflation, all as opNOT_SUPPORTED.
//
// Simplified: BucketListHash is not stellar-core's bucket list but a running hash over the changed entries, SkipList stays
// empty, and the rules of protocols before 19 are not known: their ledgers may hold no transactions. Of later protocols: frozen
// keys (CAP-77, since 26; without transactions that may pass all the same) and dropped sets (CAP-83, since 28). What else they changed
// in these operations is the price of a full set, which is always protocol 19's (see BaseFee).
//
// Start at State, then Close (one ledger) and Check (one submission); tx.go holds the frame of a transaction, validity
// in valid.go, and the operations in op_*.go.
package engine
