// Package devnet is a classic Stellar network in one process, for development and tests: a ledger that closes at an
// interval or on demand, the JSON-RPC interface of Stellar RPC, and a friendbot. Rules are the engine's (see
// services/devnet/engine), which are stellar-core's.
//
// Promised: a ledger is on disk before a client sees it, and a restart continues it. Close times are strictly
// increasing whole seconds, so with intervals below a second ledger time runs ahead of the clock. The queue of transactions
// that wait for a ledger is in memory only: a crash may lose it, as in life. An answer to sendTransaction proves nothing
// here either. The network is calm until Faults, Freeze, Reset or an Endpoint make it as unfriendly as a real one can be; what is drawn
// there comes from a seed. README.md shows how to use all that.
//
// Refused: the public network's passphrase; contracts, offers, pools.
//
// Unlike stellar-core: transactions that left the queue are not banned for some ledgers, but judged again; a full queue
// answers TRY_AGAIN_LATER instead of asking for more fee; ledgers carry no bucket list, SCP messages or events.
//
// Size: an account that was used costs some 500 bytes of memory, so a million of them half a gigabyte, and starting from a file with
// a million takes 3 seconds on two cores (go test -run Million -million -v measures both).
//
// Start at Open, then CloseLedger, then submit in queue.go. Tests start at package devnettest.
package devnet
